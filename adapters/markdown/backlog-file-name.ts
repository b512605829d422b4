/** Names for new files as Backlog.md makes them: the id in lower case, a dash between blanks, the title without what paths dislike. */

/** Of the whole name in UTF-8: encrypted disks stop at 143. Backlog.md never cuts, and fails where the disk does. */
const MOST_BYTES = 143
const EXTENSION = '.md'

/** `id` as the file writes it; `prefix` is what names of this folder begin with. */
export function backlogFileName(
  { id, title, prefix }: { readonly id: string; readonly title: string; readonly prefix: string },
  isTaken: (name: string) => boolean,
): string {
  const stem = `${idInName(id.toLowerCase(), prefix)} - `
  const words = wordsOf(title)
  for (let number = 1; ; number++) {
    const ending = (number === 1 ? '' : `-${number}`) + EXTENSION
    const name = stem + cutTo(words === '' ? 'untitled' : words, MOST_BYTES - bytesIn(stem) - bytesIn(ending)) + ending
    if (!isTaken(name)) return name
  }
}

/** A key may come from anywhere; the folder lists only names that begin with its prefix. */
function idInName(id: string, prefix: string): string {
  const safe = id.replace(/[^a-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
  return safe.startsWith(`${prefix}-`) ? safe : `${prefix}-${safe === '' ? 'x' : safe}`.slice(0, 60)
}

function wordsOf(title: string): string {
  return title
    .replace(/[<>:"/\\|?*]/g, '-')
    .replace(/['(),!@#$%^&+=[\]{};]/g, '')
    .replace(/\s+/g, '-')
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '')
}

function cutTo(words: string, room: number): string {
  if (bytesIn(words) <= room) return words
  let cut = ''
  let left = room
  for (const char of words) {
    left -= bytesIn(char)
    if (left < 0) break
    cut += char
  }
  return cut.replace(/-+$/, '')
}

function bytesIn(text: string): number {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
