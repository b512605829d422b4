/**
 * Edits a body as it was when someone last saw it: splices at the characters of that text, wherever these stand by now.
 * The same edit of the same characters makes the same update in every workspace, so that two who both pulled a commit
 * said it once.
 */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { Uid } from '../ids.ts'
import { bodySeed, clientOf, findText, plant, seedCharacters, type Characters, type EditedBody } from './body.ts'
import { difference, type Splice } from './difference.ts'
import { nameOfBody, nameOfText } from './body-values.ts'
import type { Replica } from './replica.ts'
import { removeTwins } from './twins.ts'
import { writeRemoved } from './update.ts'
import type { Json } from './types.ts'

/** A text that was shown, and what it consisted of. */
export interface BodyBase {
  readonly text: string
  /** Name of the text in the document; absent: the text itself is the first one. */
  readonly name?: string
  readonly characters?: readonly Characters[]
}

interface Place {
  readonly client: number
  readonly clock: number
}

/** Whose the characters of a text are that the document never had: nothing holds on to them, and nothing takes them away. */
const NOBODY = 0
const CONTENT_STRING = 4
const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
/** Part of what an update follows from: a version that compares otherwise must not make other bytes under one id. */
const COMPARISON = 1

/** The edit made, and what the text consists of now; `base` when nothing differs; undefined when its characters are not here. */
export function editBodyAt(
  replica: Replica,
  uid: Uid,
  base: BodyBase,
  next: string,
  writer: { readonly client: number; readonly hasMade: (client: number) => boolean },
): { readonly edited?: EditedBody; readonly now: Required<BodyBase> } | undefined {
  const { doc } = replica
  const name = base.name ?? nameOfText(uid, base.text)
  const characters = base.characters ?? seedCharacters(uid, base.text)
  const splices = difference(base.text, next)
  if (splices.length === 0) return { now: { text: base.text, name, characters } }
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  let letIn = (): void => undefined
  doc.on('update', keep)
  try {
    if (findText(replica, name) === undefined && base.name === undefined) letIn = plant(doc, bodySeed(uid, base.text))
    const text = findText(replica, name)
    if (text === undefined || !areHere(doc, characters)) return undefined
    const units = new Units(characters)
    const client = clientFor(replica, text, { name, characters, next }, writer)
    const from = client.isTwin ? 0 : Y.getState(doc.store, client.id)
    const made = encode(splices, units, { client: client.id, clock: from, parent: idOf(text) })
    doc.transact(() => Y.applyUpdate(doc, made.update, 'local'), 'local')
    removeTwins(doc, text)
    const edit = {
      text: name,
      client: client.id,
      from,
      to: made.to,
      removed: splices.flatMap(({ at, remove }) =>
        remove === 0
          ? []
          : [
              {
                piece: base.text.slice(at, at + remove),
                place: placeJson(text, units.before(at)),
                characters: units.slice(at, at + remove).filter(isSomeones),
              },
            ],
      ),
      returned: [],
      splices: splices.map(({ at, remove, insert }) => ({
        removed: base.text.slice(at, at + remove),
        inserted: insert,
      })),
    }
    return {
      edited: { updates, edit, reference: { text: name.slice(uid.length + 1) } },
      now: { text: next, name, characters: charactersAfter(units, splices, client.id, from) },
    }
  } finally {
    letIn()
    doc.off('update', keep)
  }
}

/** What another text consists of, as far as it is the same: the rest of it the document never had. */
export function charactersIn({ text, characters }: Required<BodyBase>, other: string): readonly Characters[] {
  if (text === other) return characters
  const units = new Units(characters)
  const found: Characters[] = []
  let at = 0
  for (const splice of difference(text, other)) {
    for (const run of units.slice(at, splice.at)) push(found, run)
    if (splice.insert !== '') found.push({ client: NOBODY, clock: 0, length: splice.insert.length })
    at = splice.at + splice.remove
  }
  for (const run of units.slice(at, units.length)) push(found, run)
  return found
}

/** What a text in the document consists of now. */
function charactersNow(text: Y.Text): readonly Characters[] {
  const found: Characters[] = []
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue
    push(found, { client: item.id.client, clock: item.id.clock, length: item.length })
  }
  return found
}

/**
 * The id that follows from the edit, unless this workspace has made the same edit from the same characters before and it
 * was taken back since: then it is a new one, of the writer's own.
 */
function clientFor(
  { doc }: Replica,
  text: Y.Text,
  edit: { readonly name: string; readonly characters: readonly Characters[]; readonly next: string },
  writer: { readonly client: number; readonly hasMade: (client: number) => boolean },
): { readonly id: number; readonly isTwin: boolean } {
  const from = edit.characters.map(({ client, clock, length }) => `${client}.${clock}.${length}`).join()
  const id = clientOf(`${COMPARISON}\n${edit.name}\n${from}\n${edit.next}`, 5)
  if (Y.getState(doc.store, id) === 0) return { id, isTwin: false }
  const stands = charactersNow(text).some(({ client }) => client === id)
  return writer.hasMade(id) || !stands ? { id: writer.client, isTwin: false } : { id, isTwin: true }
}

function encode(
  splices: readonly Splice[],
  units: Units,
  writer: { readonly client: number; readonly clock: number; readonly parent: Place },
): { readonly update: Uint8Array; readonly to: number } {
  const encoder = encoding.createEncoder()
  const inserts = splices.filter(({ insert }) => insert !== '')
  let clock = writer.clock
  encoding.writeVarUint(encoder, inserts.length === 0 ? 0 : 1)
  if (inserts.length > 0) {
    encoding.writeVarUint(encoder, inserts.length)
    encoding.writeVarUint(encoder, writer.client)
    encoding.writeVarUint(encoder, clock)
  }
  for (const { at, insert } of inserts) {
    const [left, right] = [units.before(at), units.from(at)]
    const marks = (left === undefined ? 0 : HAS_ORIGIN) | (right === undefined ? 0 : HAS_RIGHT_ORIGIN)
    encoding.writeUint8(encoder, CONTENT_STRING | marks)
    if (left !== undefined) writePlace(encoder, left)
    if (right !== undefined) writePlace(encoder, right)
    if (marks === 0) {
      encoding.writeVarUint(encoder, 0) // the parent is no root: its own place comes next
      writePlace(encoder, writer.parent)
    }
    encoding.writeVarString(encoder, insert)
    clock += insert.length
  }
  writeRemoved(
    encoder,
    splices.flatMap(({ at, remove }) => stampsOf(units.slice(at, at + remove).filter(isSomeones))),
  )
  return { update: encoding.toUint8Array(encoder), to: clock }
}

function writePlace(encoder: encoding.Encoder, { client, clock }: Place): void {
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, clock)
}

function charactersAfter(
  units: Units,
  splices: readonly Splice[],
  client: number,
  from: number,
): readonly Characters[] {
  const found: Characters[] = []
  let at = 0
  let clock = from
  for (const splice of splices) {
    for (const run of units.slice(at, splice.at)) push(found, run)
    if (splice.insert !== '') push(found, { client, clock, length: splice.insert.length })
    clock += splice.insert.length
    at = splice.at + splice.remove
  }
  for (const run of units.slice(at, units.length)) push(found, run)
  return found
}

/** Characters that were lost, or have not arrived, are no base: what holds on to them would wait for ever. */
function areHere(doc: Y.Doc, characters: readonly Characters[]): boolean {
  return characters
    .filter(isSomeones)
    .every(({ client, clock, length }) => Y.getState(doc.store, client) >= clock + length)
}

function isSomeones({ client }: Characters): boolean {
  return client !== NOBODY
}

/** Runs of characters, found by their place in the text. */
class Units {
  readonly length: number
  readonly #runs: readonly Characters[]
  readonly #starts: readonly number[]

  constructor(runs: readonly Characters[]) {
    let length = 0
    this.#runs = runs
    this.#starts = runs.map((run) => (length += run.length) - run.length)
    this.length = length
  }

  /** The last character before a place, of those that the document has. */
  before(place: number): Place | undefined {
    const run = this.slice(0, place).findLast(isSomeones)
    return run === undefined ? undefined : { client: run.client, clock: run.clock + run.length - 1 }
  }

  /** The first one from there on. */
  from(place: number): Place | undefined {
    return this.slice(place, this.length).find(isSomeones)
  }

  slice(from: number, to: number): readonly Characters[] {
    const found: Characters[] = []
    if (from < 0) return found
    for (let index = this.#runAt(from); index < this.#runs.length; index++) {
      const run = this.#runs[index]
      const start = this.#starts[index] ?? 0
      if (run === undefined || start >= to) break
      const [first, end] = [Math.max(from, start), Math.min(to, start + run.length)]
      if (first < end) found.push({ client: run.client, clock: run.clock + first - start, length: end - first })
    }
    return found
  }

  /** The last run that begins at or before a place. */
  #runAt(place: number): number {
    let [low, high] = [0, this.#starts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) <= place) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

function stampsOf(runs: readonly Characters[]): readonly Place[] {
  return runs.flatMap(({ client, clock, length }) =>
    Array.from({ length }, (_, offset) => ({ client, clock: clock + offset })),
  )
}

function push(runs: Characters[], run: Characters): void {
  const last = runs.at(-1)
  if (last?.client === run.client && last.clock + last.length === run.clock)
    runs[runs.length - 1] = { ...last, length: last.length + run.length }
  else runs.push(run)
}

function idOf(text: Y.Text): Place {
  const { client, clock } = text._item?.id ?? { client: 0, clock: 0 }
  return { client, clock }
}

/** As a place that holds on to the character before it; at the start, on to the text. */
function placeJson(text: Y.Text, before: Place | undefined): Json {
  return before === undefined
    ? { type: { ...idOf(text) }, assoc: -1 }
    : { item: { client: before.client, clock: before.clock }, assoc: -1 }
}

/** What a body consists of now; undefined while it is its first text itself. */
export function charactersOfBody(
  replica: Replica,
  uid: Uid,
  value: Json,
): { readonly name: string; readonly characters: readonly Characters[] } | undefined {
  const name = nameOfBody(uid, value)
  const text = name === undefined ? undefined : findText(replica, name)
  return name === undefined || text === undefined ? undefined : { name, characters: charactersNow(text) }
}
