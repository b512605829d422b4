/** A project's document at the relay after rows of its log were lost, and what is new in an update. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import type { Store } from '../../src/internal.ts'
import { RoomDocument, roomLog } from '../../src/relay/room-document.ts'
import { writeBarrier, writeMissing, writeUpdate } from '../../src/sync/protocol.ts'
import { docOf, openRelay, PROJECT, quiet, Visitor } from '../support/relay-visitor.ts'

/** Rows of a text that grew by a letter at a time. */
function rows(doc: Y.Doc, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => {
    const before = Y.encodeStateVector(doc)
    doc.getText('text').insert(doc.getText('text').length, 'x')
    return Y.encodeStateAsUpdate(doc, before)
  })
}

async function storeWith(updates: readonly Uint8Array[], disk = createMemoryDisk()): Promise<Store> {
  const store = await openMemoryStore(disk)
  await store.commit(updates.map((bytes) => ({ append: roomLog(PROJECT), bytes })))
  return store
}

describe('a document with lost rows', () => {
  it('[U53] a part brought by one makes the rest come in, and its writer goes on', async () => {
    const disk = createMemoryDisk()
    const doc = docOf(7, '')
    const all = rows(doc, 10)
    const half = new Y.Doc()
    for (const row of all.slice(0, 5)) Y.applyUpdate(half, row)
    const store = await storeWith([...all.slice(0, 3), ...all.slice(4)], disk)
    await store[Symbol.asyncDispose]()
    await using place = await openRelay({ disk })
    const other = new Visitor(place.relay).ask()
    await quiet()
    other.send(writeMissing(Y.encodeStateAsUpdate(half, other.last('vector')?.vector)), writeBarrier(1))
    await quiet()
    const writer = new Visitor(place.relay)
    await quiet()
    const has = writer.last('vector')?.vector ?? Uint8Array.of(0)
    expect(Y.decodeStateVector(has).get(7)).toBe(10)
    rows(doc, 1)
    writer.send(writeMissing(Y.encodeStateAsUpdate(doc, has)), writeBarrier(1))
    await quiet()
    expect(writer.last('settled')?.status).toBe('committed')
  })

  it('[U42] a row that Yjs cannot read is left out and reported', async () => {
    const doc = docOf(7, '')
    const [first, second] = rows(doc, 2)
    const events: string[] = []
    const store = await storeWith([first ?? nothing, Uint8Array.of(1, 2, 3), second ?? nothing])
    const document = await RoomDocument.load(store, PROJECT, ({ event }) => void events.push(event))
    expect([events, Y.decodeStateVector(document.vector).get(7)]).toEqual([['room.row.unreadable'], 2])
  })

  it('[U3] what several clients wrote at once reaches whoever comes later, whoever of them was first', async () => {
    await using place = await openRelay()
    new Visitor(place.relay).ask()
    await quiet()
    const clients = [5, 900, 30, 7_000]
    const [first, ...rest] = clients.map((client) => new Visitor(place.relay).ask().write(docOf(client, 'text'), 1))
    await quiet()
    first?.send(writeUpdate(Y.encodeStateAsUpdate(docOf(80_000, 'more'))))
    rest[0]?.send(writeUpdate(Y.encodeStateAsUpdate(docOf(1, 'more'))))
    await quiet()
    const late = new Visitor(place.relay).ask()
    await quiet()
    expect(new Set(Y.decodeStateVector(Y.encodeStateVector(late.document())).keys())).toEqual(
      new Set([...clients, 80_000, 1]),
    )
  })

  it('[U48] deletions that are there already are nothing new', async () => {
    const doc = docOf(7, '')
    const store = await storeWith(rows(doc, 6))
    const document = await RoomDocument.load(store, PROJECT, () => undefined)
    const before = Y.encodeStateAsUpdate(doc)
    doc.getText('text').delete(1, 3)
    const after = Y.encodeStateAsUpdate(doc)
    expect([document.lacksRemovalOf(before), document.lacksRemovalOf(after)]).toEqual([false, true])
    Y.applyUpdate(doc, before)
    const same = await storeWith([after])
    const whole = await RoomDocument.load(same, PROJECT, () => undefined)
    expect(whole.lacksRemovalOf(after)).toBe(false)
  })
})

const nothing = Uint8Array.of(0, 0)
