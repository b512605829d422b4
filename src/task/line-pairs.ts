/** Which lines of a changed stretch are the same line, reworded. Knows nothing of where the stretch stands. */

import { numbersOf, wordsOf } from './word-difference.ts'

/** Line `before` of the one side became line `after` of the other. */
interface LinePair {
  readonly before: number
  readonly after: number
}

/** Below this share of common words two lines are strangers: one goes, the other comes. */
const leastLikeness = 0.45

/** Comparing every line with every other is for stretches a person could have edited by hand. */
const mostComparisons = 20_000

/** The same for stretches of few, very long lines. */
const mostComparedWords = 10_000_000

/**
 * Rising pairs with the greatest sum of likeness. In a stretch too large to compare, lines are paired place by place
 * when there are equally many (a word replaced everywhere), and not at all otherwise.
 */
export function pairLines(before: readonly string[], after: readonly string[]): LinePair[] {
  const known = new Map<string, number>()
  if (before.length * after.length > mostComparisons) return pairsInPlace(before, after, known)
  const beforeWords = before.map((line) => sortedWords(line, known))
  const afterWords = after.map((line) => sortedWords(line, known))
  const comparedWords = before.length * countWords(afterWords) + after.length * countWords(beforeWords)
  if (comparedWords > mostComparedWords) return pairsInPlace(before, after, known)
  return likeliestPairs(beforeWords, afterWords)
}

function pairsInPlace(before: readonly string[], after: readonly string[], known: Map<string, number>): LinePair[] {
  if (before.length !== after.length) return []
  const pairs = before.map((_, index) => ({ before: index, after: index }))
  return pairs.filter(({ before: index }) => {
    const [line, other] = [before[index] ?? '', after[index] ?? '']
    return line === other || likeness(sortedWords(line, known), sortedWords(other, known)) > 0
  })
}

function sortedWords(line: string, known: Map<string, number>): Int32Array {
  return numbersOf(wordsOf(line), known).sort()
}

function countWords(lines: readonly Int32Array[]): number {
  return lines.reduce((count, words) => count + words.length, 0)
}

/** The share of common words (Dice), or 0 below the limit. Two blank lines are alike. */
function likeness(before: Int32Array | undefined, after: Int32Array | undefined): number {
  if (before === undefined || after === undefined) return 0
  const total = before.length + after.length
  if (total === 0) return 1
  if ((2 * Math.min(before.length, after.length)) / total < leastLikeness) return 0
  let common = 0
  let place = 0
  for (const word of before) {
    while (place < after.length && (after[place] ?? 0) < word) place++
    if (after[place] === word) {
      common++
      place++
    }
  }
  const share = (2 * common) / total
  return share < leastLikeness ? 0 : share
}

function likeliestPairs(before: readonly Int32Array[], after: readonly Int32Array[]): LinePair[] {
  const width = after.length + 1
  // best[i * width + j]: the greatest sum for the lines from i and from j on.
  const best = new Float64Array((before.length + 1) * width)
  const alike = new Float64Array(before.length * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const place = i * width + j
      const share = likeness(before[i], after[j])
      alike[place] = share
      const skipped = Math.max(best[place + 1] ?? 0, best[place + width] ?? 0)
      best[place] = share > 0 ? Math.max(skipped, share + (best[place + width + 1] ?? 0)) : skipped
    }
  }
  const pairs: LinePair[] = []
  for (let i = 0, j = 0; i < before.length && j < after.length;) {
    const place = i * width + j
    const share = alike[place] ?? 0
    if (share > 0 && best[place] === share + (best[place + width + 1] ?? 0)) pairs.push({ before: i++, after: j++ })
    else if (best[place] === best[place + width]) i++
    else j++
  }
  return pairs
}
