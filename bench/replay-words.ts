/** What a merge did to words: lost ones, ones that nobody wrote, lines that stand there twice. Counts; knows nothing of how it was merged. */

export interface Versions {
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** Written on the way from the base to one of them. */
  readonly between?: string
}

export interface Harm {
  /** Words that one of the two put in, missing from the result. */
  readonly lost: number
  /** Words of the result that stand in no version. */
  readonly mixed: number
  /** Lines of three words or more that both have, more often than either has them. */
  readonly doubled: number
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu
const LEAST_WORDS = 3

/** `clean` may say a line more often than either: it was put in twice, at two places. */
export function harmOf({ base, ours, theirs, between = '' }: Versions, result: string, clean = ''): Harm {
  const [b, o, t, r] = [base, ours, theirs, result].map((text) => counted(wordsOf(text)))
  const [mine, other, all, git] = [ours, theirs, result, clean].map((text) => counted(linesOf(text)))
  const known = new Set([base, ours, theirs, between].flatMap(wordsOf))
  let [lost, mixed, doubled] = [0, 0, 0]
  for (const word of new Set([...(o?.keys() ?? []), ...(t?.keys() ?? [])]))
    lost += Math.max(0, least(b?.get(word) ?? 0, o?.get(word) ?? 0, t?.get(word) ?? 0) - (r?.get(word) ?? 0))
  for (const [word, count] of r ?? []) if (!known.has(word)) mixed += count
  for (const [line, count] of all ?? []) {
    const most = Math.max(mine?.get(line) ?? 0, other?.get(line) ?? 0, git?.get(line) ?? 0)
    if (mine?.has(line) && other?.has(line)) doubled += Math.max(0, count - most)
  }
  return { lost, mixed, doubled }
}

/** How often a word must stand there: what both put in may be one, what one put in and the other took away is both. */
function least(base: number, ours: number, theirs: number): number {
  if (ours > base && theirs > base) return Math.max(ours, theirs)
  return ours > base || theirs > base ? ours + theirs - base : 0
}

function wordsOf(text: string): readonly string[] {
  return text.match(WORD) ?? []
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => wordsOf(line).length >= LEAST_WORDS)
}

function counted(parts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1)
  return counts
}
