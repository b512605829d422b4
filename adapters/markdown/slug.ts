/** Names for new files: short, readable, and good on every file system, those that ignore case or reserve names included. */

/** Of the whole name in UTF-8; leaves room for the path and for encrypted disks, which stop at 143. */
const MOST_BYTES = 80
const EXTENSION = '.md'
/** What Windows keeps for devices, with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?:\.|$)/i
/** Apostrophes, and what only changes how the character before it is drawn. */
const DROPPED = /['’`´]|\u20e3|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu
const WORDS = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu

/** `Fix the login!` is `fix-the-login`. Letters and digits of all scripts stay, composed and in lower case. */
function slugOf(title: string): string {
  const plain = title.toLowerCase().normalize('NFC').replace(DROPPED, '')
  return (plain.match(WORDS) ?? []).join('-')
}

/** `<key>-<slug>.md`, with a number behind it while the name is taken. The key is never cut. */
export function newFileName(key: string, title: string, isTaken: (name: string) => boolean): string {
  const stem = safeKey(key)
  const slug = slugOf(title)
  for (let number = 1; ; number++) {
    const ending = (number === 1 ? '' : `-${number}`) + EXTENSION
    const room = MOST_BYTES - bytesIn(stem) - 1 - bytesIn(ending)
    const cut = cutTo(slug, room)
    const name = stem + (cut === '' ? '' : `-${cut}`) + ending
    if (!isTaken(name)) return name
  }
}

/** A key may come from anywhere: what cannot stand in a name becomes a dash. */
function safeKey(key: string): string {
  const safe = key
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}\p{M}._-]+/gu, '-')
    .replace(/^[-.\p{M}]+|[-.]+$/gu, '')
  return safe === '' || RESERVED.test(safe + EXTENSION) ? `task-${safe}`.replace(/-$/, '') : safe
}

/** At a dash if one is near the end, else between letters. */
function cutTo(slug: string, room: number): string {
  if (bytesIn(slug) <= room) return slug
  let cut = ''
  let left = room
  for (const char of slug.match(/.\p{M}*/gu) ?? []) {
    left -= bytesIn(char)
    if (left < 0) break
    cut += char
  }
  const dash = cut.lastIndexOf('-')
  const isWhole = slug.charAt(cut.length) === '-'
  return (dash > cut.length / 2 && !isWhole ? cut.slice(0, dash) : cut).replace(/-+$/, '')
}

function bytesIn(text: string): number {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
