/** What to splice into one text to get another, so that edits made elsewhere keep their words. Pure: no clock, no chance. */

import { pairLines } from './line-pairs.ts'
import { changedHunks, type Hunk } from './sequence-difference.ts'
import type { Work } from './shortest-script.ts'
import { blankHunks, numbersOf, wordHunks } from './word-difference.ts'

/** At offset `at` of the old text `remove` UTF-16 units go and `insert` comes in their place. */
export interface Splice {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

/**
 * Lines first, then similar lines paired, then words inside paired lines. Splices ascend, never touch one another and
 * never cut a surrogate pair; equal arguments give equal splices everywhere. Not promised: the fewest characters. A
 * difference by characters mixes the words of two people who edit one paragraph.
 */
export function difference(before: string, after: string): Splice[] {
  if (before === after) return []
  const work = { left: mostSteps }
  const numbers = new Map<string, number>()
  const window = changedWindow(before, after)
  const old = linesOf(before, window.beforeFrom, window.beforeTo, numbers)
  const now = linesOf(after, window.afterFrom, window.afterTo, numbers)
  const hunks = changedHunks(old.numbers, now.numbers, work).flatMap((hunk) => textHunks(hunk, old, now, work))
  return joined(hunks).map((hunk) => ({
    at: hunk.beforeFrom,
    remove: hunk.beforeTo - hunk.beforeFrom,
    insert: after.slice(hunk.afterFrom, hunk.afterTo),
  }))
}

/** The text after the splices, which must ascend and not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const parts: string[] = []
  let from = 0
  for (const { at, remove, insert } of splices) {
    parts.push(text.slice(from, at), insert)
    from = at + remove
  }
  parts.push(text.slice(from))
  return parts.join('')
}

/** About 0.1 s of comparing: two unrelated texts of megabytes are replaced rather than compared to the end. */
const mostSteps = 10_000_000

interface Lines {
  readonly texts: readonly string[]
  readonly numbers: Int32Array
  /** Where each line starts in the whole text, and at the end where the last one ends. */
  readonly starts: readonly number[]
}

/** All but the whole lines that are equal at the head and at the tail. */
function changedWindow(before: string, after: string): Hunk {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before.charCodeAt(head) === after.charCodeAt(head)) head++
  const from = before.slice(0, head).lastIndexOf('\n') + 1
  let tail = 0
  while (
    tail < shorter - from &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  )
    tail++
  const lineEnd = before.indexOf('\n', before.length - tail)
  const kept = lineEnd < 0 ? 0 : before.length - lineEnd - 1
  return { beforeFrom: from, beforeTo: before.length - kept, afterFrom: from, afterTo: after.length - kept }
}

/** A line ends with its line feed; the last one may lack it. */
function linesOf(text: string, from: number, to: number, known: Map<string, number>): Lines {
  const texts: string[] = []
  const starts = [from]
  for (let start = from; start < to;) {
    const lineFeed = text.indexOf('\n', start)
    const end = lineFeed < 0 || lineFeed >= to ? to : lineFeed + 1
    texts.push(text.slice(start, end))
    starts.push(end)
    start = end
  }
  return { texts, numbers: numbersOf(texts, known), starts }
}

/** Turns a hunk of lines into hunks of text. */
function textHunks(hunk: Hunk, old: Lines, now: Lines, work: Work): Hunk[] {
  const before = old.texts.slice(hunk.beforeFrom, hunk.beforeTo).join('')
  const after = now.texts.slice(hunk.afterFrom, hunk.afterTo).join('')
  const blanks = blankHunks(before, after)
  if (blanks === undefined) return pairedHunks(hunk, old, now, work)
  const beforeStart = old.starts[hunk.beforeFrom] ?? 0
  const afterStart = now.starts[hunk.afterFrom] ?? 0
  return blanks.map((inner) => shifted(inner, beforeStart, afterStart))
}

/** Paired lines by words, what stands between them as whole lines. */
function pairedHunks(hunk: Hunk, old: Lines, now: Lines, work: Work): Hunk[] {
  const oldTexts = old.texts.slice(hunk.beforeFrom, hunk.beforeTo)
  const nowTexts = now.texts.slice(hunk.afterFrom, hunk.afterTo)
  const hunks: Hunk[] = []
  let { beforeFrom, afterFrom } = hunk
  for (const pair of pairLines(oldTexts, nowTexts)) {
    const beforeTo = hunk.beforeFrom + pair.before
    const afterTo = hunk.afterFrom + pair.after
    hunks.push(wholeLines({ beforeFrom, beforeTo, afterFrom, afterTo }, old, now))
    for (const inner of wordHunks(oldTexts[pair.before] ?? '', nowTexts[pair.after] ?? '', work)) {
      hunks.push(shifted(inner, old.starts[beforeTo] ?? 0, now.starts[afterTo] ?? 0))
    }
    beforeFrom = beforeTo + 1
    afterFrom = afterTo + 1
  }
  hunks.push(wholeLines({ ...hunk, beforeFrom, afterFrom }, old, now))
  return hunks
}

/** A replaced last line without line end takes the one before it along, so that two rival lines stay two lines. */
function wholeLines(hunk: Hunk, old: Lines, now: Lines): Hunk {
  const beforeFrom = old.starts[hunk.beforeFrom] ?? 0
  const beforeTo = old.starts[hunk.beforeTo] ?? 0
  const afterFrom = now.starts[hunk.afterFrom] ?? 0
  const afterTo = now.starts[hunk.afterTo] ?? 0
  const replaces = beforeFrom < beforeTo && afterFrom < afterTo
  const taken = replaces && afterFrom > 0 && now.texts[hunk.afterTo - 1]?.endsWith('\n') === false ? 1 : 0
  return { beforeFrom: beforeFrom - taken, beforeTo, afterFrom: afterFrom - taken, afterTo }
}

function shifted(hunk: Hunk, before: number, after: number): Hunk {
  return {
    beforeFrom: hunk.beforeFrom + before,
    beforeTo: hunk.beforeTo + before,
    afterFrom: hunk.afterFrom + after,
    afterTo: hunk.afterTo + after,
  }
}

/** Leaves out what is empty and joins what touches. */
function joined(hunks: readonly Hunk[]): Hunk[] {
  const result: Hunk[] = []
  for (const hunk of hunks) {
    if (hunk.beforeFrom === hunk.beforeTo && hunk.afterFrom === hunk.afterTo) continue
    const last = result.at(-1)
    if (last?.beforeTo !== hunk.beforeFrom) result.push(hunk)
    else result[result.length - 1] = { ...hunk, beforeFrom: last.beforeFrom, afterFrom: last.afterFrom }
  }
  return result
}
