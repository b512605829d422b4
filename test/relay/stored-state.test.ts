/** What a relay tells from its rows before it has made a document of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import type { Store } from '../../src/internal.ts'
import { RoomDocument, roomLog } from '../../src/relay/room-document.ts'
import { noteCell, noteOf, StoredState } from '../../src/relay/stored-state.ts'
import { writeMissing } from '../../src/sync/protocol.ts'
import { openRelay, PROJECT, quiet, Visitor } from '../support/relay-visitor.ts'

const NOTHING = Uint8Array.of(0)

/** What was written, one update for each change. */
class Written {
  readonly doc = new Y.Doc()
  readonly updates: Uint8Array[] = []

  constructor(changes: readonly number[]) {
    this.doc.on('update', (update: Uint8Array) => this.updates.push(update))
    for (const change of changes) this.change(change)
  }

  change(number: number): void {
    this.doc.clientID = 1 + (number % 3)
    const text = this.doc.getText('text')
    if (number % 4 === 0 && text.length > 2) text.delete(number % (text.length - 1), 1)
    else if (number % 4 === 1) this.doc.getMap('map').set(`key ${number % 5}`, number)
    else text.insert(number % (text.length + 1), `${number}`)
  }
}

async function load(store: Store): Promise<RoomDocument> {
  return await RoomDocument.load(store, PROJECT, () => undefined)
}

/** A log whose snapshot has the first changes, with a row for each of the others. */
async function stored(before: Written, after: readonly number[]): Promise<Store> {
  const store = await openMemoryStore()
  await store.commit(before.updates.map((bytes) => ({ append: roomLog(PROJECT), bytes })))
  await (await load(store)).compact()
  const from = before.updates.length
  for (const change of after) before.change(change)
  await store.commit(before.updates.slice(from).map((bytes) => ({ append: roomLog(PROJECT), bytes })))
  return store
}

async function stateOf(store: Store): Promise<StoredState | undefined> {
  return StoredState.of(await store.read(roomLog(PROJECT)), await store.cell(noteCell(PROJECT)))
}

function plus(doc: Y.Doc, parts: readonly Uint8Array[] | undefined): unknown {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  for (const part of parts ?? []) Y.applyUpdate(copy, part)
  return shown(copy)
}

const shown = (doc: Y.Doc): unknown => [
  doc.getText('text').toJSON(),
  doc.getMap('map').toJSON(),
  [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b),
]

const changes = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 })

describe('what stands in the rows', () => {
  it('[U60] is what a document of them would tell: who has nothing, everything, or a part', async () => {
    await fc.assert(
      fc.asyncProperty(changes, fc.array(fc.nat(1_000), { maxLength: 10 }), fc.nat(30), async (first, rest, some) => {
        const written = new Written(first)
        const part = new Y.Doc()
        for (const update of written.updates.slice(0, some)) Y.applyUpdate(part, update)
        const store = await stored(written, rest)
        const state = await stateOf(store)
        expect(Y.decodeStateVector(state?.vector ?? NOTHING)).toEqual(
          Y.decodeStateVector(Y.encodeStateVector(written.doc)),
        )
        for (const doc of [new Y.Doc(), part, written.doc]) {
          const document = await load(store)
          expect(plus(doc, document.missing(Y.encodeStateVector(doc)))).toEqual(shown(written.doc))
          expect(new Map(document.known)).toEqual(Y.decodeStateVector(document.vector))
        }
        expect(plus(new Y.Doc(), state?.missing(NOTHING))).toEqual(shown(written.doc))
        expect(plus(written.doc, state?.missing(Y.encodeStateVector(written.doc)))).toEqual(shown(written.doc))
      }),
      { numRuns: 100 },
    )
  })

  it('[U60] tells one who has everything what was deleted, and nothing else of the snapshot', async () => {
    const written = new Written([2, 6, 10, 14])
    const store = await stored(written, [])
    const lacking = new Y.Doc()
    Y.applyUpdate(lacking, Y.encodeStateAsUpdate(written.doc))
    written.doc.getText('text').delete(0, 2)
    await store.commit([{ append: roomLog(PROJECT), bytes: Y.encodeStateAsUpdate(written.doc) }])
    await (await load(store)).compact()
    const parts = (await stateOf(store))?.missing(Y.encodeStateVector(lacking)) ?? []
    expect(parts.map((part) => Y.decodeUpdate(part).structs)).toEqual([[]])
    expect(plus(lacking, parts)).toEqual(shown(written.doc))
  })

  it('[U60] is told before a document is made; the first write finds one, and all who follow', async () => {
    const disk = createMemoryDisk()
    const written = new Written(Array.from({ length: 40 }, (_, index) => index * 7))
    const snapshot = Y.mergeUpdates(written.updates)
    {
      const store = await openMemoryStore(disk)
      await store.commit(written.updates.map((bytes) => ({ append: roomLog(PROJECT), bytes })))
      // The same in other bytes than a document would write.
      const note = { put: noteCell(PROJECT), bytes: noteOf(written.doc, snapshot, written.updates.length) }
      await store.commit([{ compact: roomLog(PROJECT), through: written.updates.length, snapshot }, note])
      await store[Symbol.asyncDispose]()
    }
    await using place = await openRelay({ disk })
    const first = new Visitor(place.relay).ask()
    await quiet()
    expect(first.last('missing')?.update).toEqual(snapshot)
    written.doc.clientID = 9
    written.doc.getText('text').insert(3, 'written after it began again')
    const has = first.last('vector')?.vector ?? NOTHING
    first.send(writeMissing(Y.encodeStateAsUpdate(written.doc, has)))
    const second = new Visitor(place.relay).ask()
    await quiet()
    for (const visitor of [second, new Visitor(place.relay).ask()]) {
      await quiet()
      expect(shown(visitor.document())).toEqual(shown(written.doc))
    }
  })

  it('[U60] is not believed of other rows: a note that lies, is damaged or older, a row that is not there', async () => {
    const written = new Written([2, 6, 10, 3, 7])
    const store = await stored(written, [11, 15, 19])
    const note = await store.cell(noteCell(PROJECT))
    const rows = await store.read(roomLog(PROJECT))
    expect(StoredState.of(rows, note)).toBeDefined()
    const [first, second, ...others] = rows
    if (first === undefined || second === undefined || note === undefined) throw new Error('nothing is there')
    const shorter = { seq: first.seq, bytes: first.bytes.subarray(1) }
    const other = { seq: second.seq, bytes: others[0]?.bytes ?? NOTHING }
    for (const [some, bytes] of [
      [rows, undefined],
      [rows, new Uint8Array()],
      [rows, note.subarray(0, 4)],
      [rows.slice(1), note],
      [[shorter, second, ...others], note],
      [[first, ...others], note],
      [[first, other, ...others], note],
      [[], note],
    ] as const)
      expect(StoredState.of(some, bytes)).toBeUndefined()
    await store.commit([{ put: noteCell(PROJECT), bytes: Uint8Array.of(1, 2, 3) }])
    const document = await load(store)
    expect(plus(new Y.Doc(), document.missing(NOTHING))).toEqual(shown(written.doc))
  })

  it('[U60] nothing is noted of a document in which something waits for what is not there', async () => {
    const { updates } = new Written([2, 6, 10])
    const store = await openMemoryStore()
    const [first, , third] = updates
    for (const bytes of [first, third])
      if (bytes !== undefined) await store.commit([{ append: roomLog(PROJECT), bytes }])
    await (await load(store)).compact()
    expect([await store.cell(noteCell(PROJECT)), await stateOf(store)]).toEqual([new Uint8Array(), undefined])
  })
})
