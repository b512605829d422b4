/** How wide a line of text stands in a terminal, and text that cannot do anything there but stand. Knows no colours. */

import { printable } from '../../src/internal.ts'

export { printable }

/** Columns that `printable(text)` takes. Terminals differ on new emoji; this is what Unicode says. */
export function textWidth(text: string): number {
  const shown = printable(text)
  if (plain.test(shown)) return shown.length
  return clustersOf(shown).reduce((width, cluster) => width + clusterWidth(cluster), 0)
}

/** The printable text, cut between characters and ended with `…` when it is wider than `width`; never wider than that. */
export function truncateToWidth(text: string, width: number): string {
  const shown = printable(text)
  if (textWidth(shown) <= width) return shown
  if (width < 1) return ''
  if (plain.test(shown)) return `${shown.slice(0, width - 1)}…`
  let kept = ''
  let left = width - 1
  for (const cluster of clustersOf(shown)) {
    left -= clusterWidth(cluster)
    if (left < 0) break
    kept += cluster
  }
  return `${kept}…`
}

/** The printable text, filled up with blanks to `width` columns; `align` is its side. Wider text stays as it is. */
export function padToWidth(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = printable(text)
  const blanks = ' '.repeat(Math.max(0, width - textWidth(shown)))
  return align === 'left' ? shown + blanks : blanks + shown
}

/**
 * Letters, dashes, quotes, arrows and box lines of European scripts: one unit, one character, one column. The first use
 * of Intl.Segmenter costs a process 12 ms, and most titles never need it.
 */
const plain =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0556\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2190-\u21ff\u2500-\u257f\ufffd]*$/

/** What a person sees as one character may be many code points (a family, a flag, a letter with its accents). */
function clustersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment)
}

/** Shown as a picture: a flag, a picture by default or by U+FE0F, a keycap, pictures joined into one. */
const picture =
  /\p{RI}{2}|\p{Emoji_Presentation}|\p{ExtPict}\ufe0f|[\d#*]\ufe0f?\u20e3|\p{ExtPict}\p{EMod}|\p{ExtPict}\u200d\p{ExtPict}/u

function clusterWidth(cluster: string): number {
  if (picture.test(cluster)) return 2
  return Array.from(cluster).reduce((width, character) => width + characterWidth(character), 0)
}

/** Marks, invisible characters and the inner parts of Hangul syllables. Soft hyphen and Hangul fillers do take room. */
const zeroWidth = /(?![\u00ad\u115f\u3164])[\p{M}\p{DI}\u1160-\u11ff\ud7b0-\ud7fb]/u

function characterWidth(character: string): number {
  if (zeroWidth.test(character)) return 0
  const code = character.codePointAt(0) ?? 0
  return wideRanges.some(([first, last]) => code >= first && code <= last) ? 2 : 1
}

/** East Asian Width W and F but for pictures; gaps that Unicode has not assigned are closed. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]
