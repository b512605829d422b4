/** Which stretches of two number sequences differ. Knows neither text nor what a number stands for. */

import { matchShortest, type Work } from './shortest-script.ts'

/** A stretch of `before` that stands as another stretch in `after`; one of the two may be empty. */
export interface Hunk {
  readonly beforeFrom: number
  readonly beforeTo: number
  readonly afterFrom: number
  readonly afterTo: number
}

interface Alignment {
  readonly before: Int32Array
  readonly after: Int32Array
  /** For every element of `before` the place of its partner in `after`, or -1. Partners never cross. */
  readonly partner: Int32Array
  readonly work: Work
}

/**
 * Anchors are the elements that occur once on each side; the longest rising chain of them stays. For lines that reads
 * best, because a unique line says more than a brace. For words the shortest script is better, and anchors only the way
 * out when it would be too long.
 */
export function changedHunks(
  before: Int32Array,
  after: Int32Array,
  work: Work,
  anchors: 'first' | 'fallback' = 'first',
): Hunk[] {
  const alignment = { before, after, partner: new Int32Array(before.length).fill(-1), work }
  const window = trimmed(alignment, { beforeFrom: 0, beforeTo: before.length, afterFrom: 0, afterTo: after.length })
  if (anchors === 'first' || !matchWindow(alignment, window)) {
    alignment.partner.fill(-1, window.beforeFrom, window.beforeTo)
    for (const gap of gapsBetweenAnchors(alignment, window)) matchWindow(alignment, trimmed(alignment, gap))
  }
  return hunksOf(alignment)
}

/** Pairs what is equal at the head and at the tail, and returns the rest. */
function trimmed({ before, after, partner }: Alignment, window: Hunk): Hunk {
  let { beforeFrom, beforeTo, afterFrom, afterTo } = window
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeFrom] === after[afterFrom]) {
    partner[beforeFrom++] = afterFrom++
  }
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeTo - 1] === after[afterTo - 1]) {
    partner[--beforeTo] = --afterTo
  }
  return { beforeFrom, beforeTo, afterFrom, afterTo }
}

/** Elements without an equal on the other side cannot stay: they are left out first, or they would cost distance. */
function matchWindow({ before, after, partner, work }: Alignment, window: Hunk): boolean {
  const { beforeFrom, beforeTo, afterFrom, afterTo } = window
  if (beforeFrom === beforeTo || afterFrom === afterTo) return true
  const beforePlaces = placesShared(before, beforeFrom, beforeTo, new Set(after.subarray(afterFrom, afterTo)))
  const afterPlaces = placesShared(after, afterFrom, afterTo, new Set(before.subarray(beforeFrom, beforeTo)))
  const shortBefore = beforePlaces.map((place) => before[place] ?? 0)
  const shortAfter = afterPlaces.map((place) => after[place] ?? 0)
  return matchShortest(shortBefore, shortAfter, work, (beforeIndex, afterIndex) => {
    partner[beforePlaces[beforeIndex] ?? 0] = afterPlaces[afterIndex] ?? 0
  })
}

function placesShared(sequence: Int32Array, from: number, to: number, others: ReadonlySet<number>): Int32Array {
  const places = new Int32Array(to - from)
  let count = 0
  for (let place = from; place < to; place++) {
    if (others.has(sequence[place] ?? 0)) places[count++] = place
  }
  return places.subarray(0, count)
}

/** Pairs the anchors and returns the windows before, between and after them. */
function gapsBetweenAnchors({ before, after, partner }: Alignment, window: Hunk): Hunk[] {
  const beforeOnce = placesOnce(before, window.beforeFrom, window.beforeTo)
  const afterOnce = placesOnce(after, window.afterFrom, window.afterTo)
  const places: number[] = []
  const partners: number[] = []
  for (const [element, place] of beforeOnce) {
    const partnerPlace = afterOnce.get(element) ?? -1
    if (place < 0 || partnerPlace < 0) continue
    places.push(place)
    partners.push(partnerPlace)
  }
  const gaps: Hunk[] = []
  let { beforeFrom, afterFrom } = window
  for (const index of longestRise(partners)) {
    const beforeTo = places[index] ?? 0
    const afterTo = partners[index] ?? 0
    partner[beforeTo] = afterTo
    gaps.push({ beforeFrom, beforeTo, afterFrom, afterTo })
    beforeFrom = beforeTo + 1
    afterFrom = afterTo + 1
  }
  gaps.push({ beforeFrom, beforeTo: window.beforeTo, afterFrom, afterTo: window.afterTo })
  return gaps
}

/** Every element's place in the stretch, or -1 when it occurs again; in order of first occurrence, thus of place. */
function placesOnce(sequence: Int32Array, from: number, to: number): Map<number, number> {
  const places = new Map<number, number>()
  for (let place = from; place < to; place++) {
    const element = sequence[place] ?? 0
    places.set(element, places.has(element) ? -1 : place)
  }
  return places
}

/** Indexes of a longest rising subsequence of distinct numbers (patience sorting). */
function longestRise(values: readonly number[]): number[] {
  const tops: number[] = []
  const previous: number[] = []
  values.forEach((value, index) => {
    let low = 0
    let high = tops.length
    while (low < high) {
      const half = (low + high) >> 1
      if ((values[tops[half] ?? 0] ?? 0) < value) low = half + 1
      else high = half
    }
    previous.push(low === 0 ? -1 : (tops[low - 1] ?? -1))
    tops[low] = index
  })
  const rise: number[] = []
  for (let index = tops.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) rise.push(index)
  return rise.toReversed()
}

function hunksOf({ before, after, partner }: Alignment): Hunk[] {
  const hunks: Hunk[] = []
  let beforeFrom = 0
  let afterFrom = 0
  for (let place = 0; place <= before.length; place++) {
    const partnerPlace = place < before.length ? (partner[place] ?? -1) : after.length
    if (partnerPlace < 0) continue
    if (place > beforeFrom || partnerPlace > afterFrom) {
      hunks.push({ beforeFrom, beforeTo: place, afterFrom, afterTo: partnerPlace })
    }
    beforeFrom = place + 1
    afterFrom = partnerPlace + 1
  }
  return hunks
}
