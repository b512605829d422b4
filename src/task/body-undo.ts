/**
 * Taking one edit of a text back: its characters go, what it took out returns. What was taken out and returned has new
 * characters, so edits that came later and were taken back themselves are followed: whichever characters stand now for
 * those of the edit.
 */
import * as Y from 'yjs'
import type { BodyEdit, Characters, Removed, Touched } from './body.ts'
import type { Json } from './types.ts'

/** Characters that returned, and what stands for them since. */
interface Return {
  readonly of: readonly Characters[]
  readonly client: number
  readonly from: number
}

/** `later`: edits of the same text since, oldest first. The document writes as the one who takes back. */
export function takeBack(doc: Y.Doc, text: Y.Text, edit: BodyEdit, later: readonly BodyEdit[]): Touched {
  const returns: Return[] = later.flatMap(({ client, returned }) =>
    returned.map(({ of, from }) => ({ of, client, from })),
  )
  const own = { client: edit.client, clock: edit.from, length: edit.to - edit.from }
  const removed: Removed[] = []
  const returned: { of: readonly Characters[]; from: number }[] = []
  const splices: { removed: string; inserted: string }[] = []
  const before = text.toJSON()
  for (const { at, length } of [...livingRuns(text, sinceReturned([own], returns))].reverse()) {
    const piece = before.slice(at, at + length)
    removed.unshift({ piece, place: placeBefore(text, at), characters: charactersIn(text, at, length) })
    splices.unshift({ removed: piece, inserted: '' })
    text.delete(at, length)
  }
  // From the start: a piece may hold on to the one before it, which has to be there again first.
  for (const { piece, place, characters } of edit.removed) {
    const relative = Y.createRelativePositionFromJSON(placeNow(place, returns))
    const position = Y.createAbsolutePositionFromRelativePosition(relative, doc)
    const from = Y.getState(doc.store, doc.clientID)
    text.insert(position === null ? text.length : position.index, piece)
    returns.push({ of: characters, client: doc.clientID, from })
    returned.push({ of: characters, from })
    splices.push({ removed: '', inserted: piece })
  }
  return { removed, returned, splices }
}

/** A place that holds on to the character before it. */
export function placeBefore(text: Y.Text, at: number): Json {
  return JSON.parse(
    JSON.stringify(Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, at, -1))),
  ) as Json
}

/** The characters that stand there now. */
export function charactersIn(text: Y.Text, at: number, length: number): readonly Characters[] {
  const found: Characters[] = []
  for (const { id, start, end } of standing(text)) {
    const [from, to] = [Math.max(at, start), Math.min(at + length, end)]
    if (from < to) found.push({ client: id.client, clock: id.clock + from - start, length: to - from })
  }
  return found
}

/** Where any of these characters stand now. */
function* livingRuns(text: Y.Text, runs: readonly Characters[]): Iterable<{ at: number; length: number }> {
  for (const { id, start, end } of standing(text)) {
    const here = { client: id.client, clock: id.clock, length: end - start }
    for (const { clock, length } of runs.flatMap((run) => common(run, here)))
      yield { at: start + clock - id.clock, length }
  }
}

function* standing(text: Y.Text): Iterable<{ readonly id: Y.ID; readonly start: number; readonly end: number }> {
  let at = 0
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue
    yield { id: item.id, start: at, end: at + item.length }
    at += item.length
  }
}

/** These characters, and all that stood for them afterwards. */
function sinceReturned(own: readonly Characters[], returns: readonly Return[]): readonly Characters[] {
  const found = [...own]
  for (const { of, client, from } of returns) {
    let clock = from
    for (const run of of) {
      for (const part of found.flatMap((known) => common(known, run)))
        found.push({ client, clock: clock + part.clock - run.clock, length: part.length })
      clock += run.length
    }
  }
  return found
}

function placeNow(place: Json, returns: readonly Return[]): Json {
  if (typeof place !== 'object' || place === null) return place
  const item: unknown = Reflect.get(place, 'item')
  if (typeof item !== 'object' || item === null) return place
  const [client, clock] = [Number(Reflect.get(item, 'client')), Number(Reflect.get(item, 'clock'))]
  const last = sinceReturned([{ client, clock, length: 1 }], returns).at(-1)
  return last === undefined ? place : { assoc: -1, item: { client: last.client, clock: last.clock } }
}

function common(a: Characters, b: Characters): readonly Characters[] {
  const clock = Math.max(a.clock, b.clock)
  const length = Math.min(a.clock + a.length, b.clock + b.length) - clock
  return a.client === b.client && length > 0 ? [{ client: a.client, clock, length }] : []
}
