/** A difference between two texts, carried over to a third one: for a text whose own characters nobody remembers. */
import { applySplices, difference, type Splice } from '../task/difference.ts'
import { wordsOf } from '../task/word-difference.ts'
import type { ShownTask } from './explain.ts'
import type { BaseTask } from './base.ts'
import { differing, sameValue } from './said.ts'
import type { Field } from '../task/fields.ts'
import type { Json } from '../task/types.ts'

/** What `onto` would say had it been edited as `before` was edited to become `after`. */
export function carried(
  before: readonly ShownTask[],
  after: readonly ShownTask[],
  onto: readonly ShownTask[],
): readonly ShownTask[] {
  return after.map((task) => {
    const old = before.find(({ uid }) => uid === task.uid)
    const base = onto.find(({ uid }) => uid === task.uid)
    if (old === undefined || base === undefined) return task
    const said = new Map<Field, Json>(base.said)
    for (const field of differing(old.said, task.said)) {
      const value = task.said.get(field)
      if (value === undefined) said.delete(field)
      else said.set(field, value)
    }
    return { ...task, said, body: carriedText(old.body, task.body, base.body) }
  })
}

/** Whether a text was made from the newest one: it has changes that only that one had, and takes none of them back. */
export function goesOnFrom(
  newest: readonly ShownTask[],
  texts: {
    readonly before: readonly ShownTask[]
    readonly shown: readonly ShownTask[]
    readonly after: readonly ShownTask[]
  },
): boolean {
  let has = false
  for (const now of newest) {
    const [old, shown, after] = [texts.before, texts.shown, texts.after].map((tasks) =>
      tasks.find(({ uid }) => uid === now.uid),
    )
    if (old === undefined || shown === undefined || after === undefined) return false
    for (const field of differing(old.said, now.said)) {
      if (sameValue(shown.said.get(field), old.said.get(field))) return false
      if (sameValue(shown.said.get(field), now.said.get(field))) has = true
    }
    if (old.body === now.body) continue
    if (after.body !== shown.body && !hasChangesOf(now.body, old.body, shown.body)) return false
    has = true
  }
  return has
}

/**
 * Whether a third text can be an edit of the one, and not of the other: a whole line says so that only the one has, or nothing
 * is missing of what the one says beside the other, so that nothing is lost by it.
 */
export function keepsOwn(
  one: readonly ShownTask[],
  other: readonly ShownTask[],
  shown: readonly ShownTask[],
  { fields }: { readonly fields: boolean },
): boolean {
  return one.every((task) => {
    const [old, now] = [other, shown].map((tasks) => tasks.find(({ uid }) => uid === task.uid))
    if (old === undefined || now === undefined) return false
    const [before, after] = [new Set(linesOf(old)), new Set(linesOf(now))]
    if (linesOf(task).some((line) => !before.has(line) && after.has(line))) return true
    const isBack = (field: Field): boolean => sameValue(old.said.get(field), now.said.get(field))
    if (fields && differing(old.said, task.said).some(isBack)) return false
    const [had, has] = [new Set(wordsOf(old.body ?? '')), new Set(wordsOf(now.body ?? ''))]
    return wordsOf(task.body ?? '').every((word) => had.has(word) || has.has(word))
  })
}

function linesOf({ body = '' }: ShownTask): readonly string[] {
  return body.split('\n')
}

/** Whether some of what one text changed is there. */
export function sharesChangesOf(now: string, old: string, shown: string): boolean {
  const [is, was, there] = [new Set(wordsOf(now)), new Set(wordsOf(old)), new Set(wordsOf(shown))]
  return (
    [...is].some((word) => !was.has(word) && there.has(word)) ||
    [...was].some((word) => !is.has(word) && !there.has(word))
  )
}

/** Every word that came is there, wherever it stands by now, and none that went. */
function hasChangesOf(now: string | undefined, old: string | undefined, shown: string | undefined): boolean {
  const [came, went, there] = [now, old, shown].map((text) => new Set(wordsOf(text ?? '')))
  if (came === undefined || went === undefined || there === undefined) return false
  const isKept = [...came].every((word) => went.has(word) || there.has(word))
  return isKept && ![...went].some((word) => !came.has(word) && there.has(word))
}

/** What differs from the commit's text was changed beside it: who changed that text has not seen it. */
export function withoutSeen(task: BaseTask, before: readonly ShownTask[], now: readonly ShownTask[]): BaseTask {
  const [old, shown] = [before, now].map((tasks) => tasks.find(({ uid }) => uid === task.uid)?.said)
  if (old === undefined || shown === undefined) return task
  const seen = new Map(task.seen)
  for (const field of differing(old, shown)) seen.set(field, [])
  return { ...task, seen }
}

/** What both changed alike counts once; where both put something into one place, both stand there. */
function carriedText(
  before: string | undefined,
  after: string | undefined,
  onto: string | undefined,
): string | undefined {
  if (before === undefined || after === undefined || onto === undefined) return after
  if (before === onto) return after
  const theirs = difference(before, onto)
  const place = placesIn(theirs)
  const known = saidByBoth(onto, after, theirs)
  const splices: Splice[] = []
  const add = (splice: Splice): void => {
    const last = splices.at(-1)
    const at = last === undefined ? splice.at : Math.max(splice.at, last.at + last.remove)
    splices.push({ at, remove: Math.max(0, splice.at + splice.remove - at), insert: splice.insert })
  }
  const ours = difference(before, after)
  const movedAlong = movedWith(ours, theirs, known)
  let shift = 0
  for (const splice of ours) {
    const { at, remove, insert } = splice
    const rival = theirs.find((other) => other.at === at && other.remove === remove)
    if (rival === undefined) {
      const pieces = newPieces(insert, at + shift, place(at), known)
      const ranges = [...commonIn(at, at + remove, theirs), ...movedAlong(splice)].sort((a, b) => a.at - b.at)
      const gone = keepingLineEnd(ranges, onto).map((range) => ({ ...range, insert: '' }))
      for (const one of [...pieces, ...gone].sort((a, b) => a.at - b.at))
        add(ownLine(one, splice, { before, onto, theirs }))
    } else {
      const start = startOf(rival, theirs)
      for (const inner of difference(rival.insert, insert))
        if (inner.insert !== '') add({ at: start + inner.at + inner.remove, remove: 0, insert: inner.insert })
    }
    shift += insert.length - remove
  }
  return applySplices(onto, splices)
}

/** The same words, put there by both: where they stand in the one text and in the other. */
interface Both {
  readonly at: number
  readonly end: number
  readonly from: number
}

/** What `theirs` brought into `onto`, and stands in `after` too. */
function saidByBoth(onto: string, after: string, theirs: readonly Splice[]): readonly Both[] {
  const found: Both[] = []
  let [at, from] = [0, 0]
  const add = (end: number): void => {
    for (const splice of theirs) {
      const start = startOf(splice, theirs)
      const [first, last] = [Math.max(at, start), Math.min(end, start + splice.insert.length)]
      if (first < last && /[\p{L}\p{N}]/u.test(onto.slice(first, last)))
        found.push({ at: first, end: last, from: from + first - at })
    }
  }
  for (const splice of difference(onto, after)) {
    add(splice.at)
    from += splice.at - at + splice.insert.length
    at = splice.at + splice.remove
  }
  add(onto.length)
  return found
}

/** Words that came into a text here, and stand elsewhere there: who moved the text had them before their eyes. */
function movedWith(
  ours: readonly Splice[],
  theirs: readonly Splice[],
  known: readonly Both[],
): (splice: Splice) => readonly Omit<Splice, 'insert'>[] {
  const came = new Set(ours.flatMap(({ insert }) => wordsOf(insert)))
  return ({ at, remove }) =>
    theirs.flatMap((one) => {
      const start = startOf(one, theirs)
      const isInside = at < one.at && one.at + one.remove < at + remove && one.insert !== ''
      const isBoth = known.some((both) => both.at < start + one.insert.length && start < both.end)
      if (!isInside || isBoth || !wordsOf(one.insert).every((word) => came.has(word))) return []
      return [{ at: start, remove: one.insert.length }]
    })
}

/** Of a text that came, what the other has not: before, between and behind what it has. */
function newPieces(insert: string, from: number, place: number, known: readonly Both[]): readonly Splice[] {
  const pieces: Splice[] = []
  let [done, at] = [0, place]
  const add = (end: number): void => {
    if (end > done) pieces.push({ at, remove: 0, insert: insert.slice(done, end) })
  }
  for (const both of known) {
    const [start, end] = [both.from - from, both.from - from + both.end - both.at]
    if (end <= done || start >= insert.length) continue
    at = Math.min(at, both.at)
    add(Math.max(0, start))
    done = Math.min(end, insert.length)
    at = both.at + done - start
  }
  add(insert.length)
  return pieces
}

/** What stays between the ranges that go keeps the end of its line, or it would be written to the words of the next. */
function keepingLineEnd(ranges: readonly Omit<Splice, 'insert'>[], onto: string): readonly Omit<Splice, 'insert'>[] {
  const [last, before] = [ranges.at(-1), ranges.at(-2)]
  if (last === undefined || before === undefined || !onto.slice(last.at, last.at + last.remove).endsWith('\n'))
    return ranges
  const stays = onto.slice(before.at + before.remove, last.at)
  if (stays.trim() === '' || stays.endsWith('\n')) return ranges
  return [...ranges.slice(0, -1), { at: last.at, remove: last.remove - 1 }]
}

/** Words that came into a line which the other has taken away stand in a line of their own, not in front of the next. */
function ownLine(
  piece: Splice,
  { at }: Splice,
  { before, onto, theirs }: { readonly before: string; readonly onto: string; readonly theirs: readonly Splice[] },
): Splice {
  const isInLine = before.charAt(at - 1) !== '\n' && at > 0
  const isGone = theirs.some((one) => one.at <= at && at <= one.at + one.remove && one.remove > 0)
  const isAtStart = piece.at === 0 || onto.charAt(piece.at - 1) === '\n'
  const isBeforeText = piece.at < onto.length && onto.charAt(piece.at) !== '\n'
  const isLeft = piece.remove === 0 && isInLine && isGone && isAtStart && isBeforeText && !piece.insert.endsWith('\n')
  return isLeft ? { ...piece, insert: `${piece.insert.trim()}\n` } : piece
}

/** What stands of a stretch in the other text: without what went there, and without what came into it. */
function commonIn(at: number, end: number, splices: readonly Splice[]): readonly Omit<Splice, 'insert'>[] {
  const found: Omit<Splice, 'insert'>[] = []
  let [from, shift] = [at, 0]
  for (const splice of splices) {
    if (splice.at >= end) break
    if (splice.at > from) found.push({ at: from + shift, remove: splice.at - from })
    from = Math.max(from, splice.at + splice.remove)
    shift += splice.insert.length - splice.remove
  }
  if (from < end) found.push({ at: from + shift, remove: end - from })
  return found
}

/** Where the text that a splice put in begins afterwards. */
function startOf(splice: Splice, splices: readonly Splice[]): number {
  let shift = 0
  for (const other of splices) {
    if (other === splice) break
    shift += other.insert.length - other.remove
  }
  return splice.at + shift
}

/** Where an offset of one text stands in the other; inside of what went, where that was. */
function placesIn(splices: readonly Splice[]): (offset: number) => number {
  return (offset) => {
    let shift = 0
    for (const { at, remove, insert } of splices) {
      if (at + remove <= offset && (remove > 0 || at < offset)) shift += insert.length - remove
      else if (at < offset) return at + shift
      else break
    }
    return offset + shift
  }
}
