/** Rooms of a relay: who comes, what is told to whom and when, limits, disks that fail. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { writePresences } from '../../src/sync/awareness.ts'
import {
  writeAwareness,
  writeBarrier,
  writeMissing,
  writeQuestion,
  writeUpdate,
  writeVector,
} from '../../src/sync/protocol.ts'
import { docOf, openRelay, PROJECT, quiet, Visitor } from '../support/relay-visitor.ts'
import { disk } from '../support/waiting-disk.ts'

const named = (number: number, name: string): Uint8Array =>
  writeQuestion(number, JSON.stringify({ method: 'connection.name', params: { name } }))
const present = (client: number, clock: number, state = '{"a":1}'): Uint8Array =>
  writeAwareness(writePresences([{ client, clock, state }]))

describe('a room', () => {
  it('[U40] what is written is answered and told to others when it is on the disk, not before', async () => {
    const slow = disk()
    await using place = await openRelay({ disk: slow.disk })
    const [writer, other] = [new Visitor(place.relay).ask(), new Visitor(place.relay).ask()]
    await quiet()
    slow.hold()
    writer.write(docOf(7, 'hello'), 1)
    await quiet()
    expect([writer.all('settled'), other.all('update')]).toEqual([[], []])
    const late = new Visitor(place.relay)
    await quiet()
    expect(late.heard, 'no vector that is ahead of the disk').toEqual([])
    slow.letGo()
    await quiet()
    expect(writer.last('settled')).toMatchObject({ number: 1, status: 'committed', epoch: place.relay.epoch })
    expect(other.document().getText('text').toJSON()).toBe('hello')
    expect(writer.all('update'), 'not to the one who said it').toEqual([])
    expect(Y.decodeStateVector(late.last('vector')?.vector ?? Uint8Array.of(0)).get(7)).toBe(5)
  })

  it('[U61] a barrier tells of what was refused before it, also where earlier ones are not answered yet', async () => {
    const slow = disk()
    await using place = await openRelay({ disk: slow.disk })
    const [other, writer] = [new Visitor(place.relay).ask(), new Visitor(place.relay).ask()]
    await quiet()
    other.send(present(9, 1))
    await quiet()
    slow.hold()
    writer.write(docOf(7, 'mine'), 1)
    writer.send(writeBarrier(2))
    // Of a client that somebody else is: refused at once, while the first barriers wait for the disk.
    writer.write(docOf(9, 'not mine'), 3)
    writer.send(writeBarrier(4))
    await quiet()
    slow.letGo()
    await quiet()
    const told = new Map(writer.all('settled').map(({ number, status }) => [number, status]))
    expect([told.get(3), told.get(4)]).toEqual(['refused', 'committed'])
    expect(other.document().getText('text').toJSON()).toBe('mine')
  })

  it('[U40] what comes while the disk works is one commit, and barriers are answered in their order', async () => {
    const slow = disk()
    await using place = await openRelay({ disk: slow.disk })
    const writer = new Visitor(place.relay).ask()
    await quiet()
    slow.hold()
    const doc = docOf(7, 'a')
    writer.write(doc, 1)
    await quiet()
    for (let number = 2; number < 50; number++) {
      const before = Y.encodeStateVector(doc)
      doc.getText('text').insert(0, String(number))
      writer.send(writeUpdate(Y.encodeStateAsUpdate(doc, before)), writeBarrier(number))
    }
    await quiet()
    slow.letGo()
    await quiet()
    expect(writer.all('settled').map(({ number }) => number)).toEqual(Array.from({ length: 49 }, (_, at) => at + 1))
    expect(place.relay.counters.commits).toBe(2)
  })

  it('[U41] who comes while a room loads is welcomed when it has loaded', async () => {
    await using place = await openRelay()
    const visitors = Array.from({ length: 5 }, () => new Visitor(place.relay).ask())
    await quiet()
    expect(visitors.map((one) => one.heard.map(({ kind }) => kind))).toEqual(visitors.map(() => ['vector', 'missing']))
    expect(place.relay.counters.roomsOpened).toBe(1)
  })

  it('[U41] it leaves memory when nobody was there for a while, also one that nobody stayed to see loaded', async () => {
    await using place = await openRelay({ limits: { idleMs: 1_000 } })
    const visitor = new Visitor(place.relay)
    visitor.connection.close('gone at once')
    await quiet()
    expect(place.relay.rooms().length).toBe(1)
    await place.runtime.advance(999)
    const second = new Visitor(place.relay)
    await quiet()
    second.connection.close('gone')
    await place.runtime.advance(999)
    expect(place.relay.rooms().length).toBe(1)
    await place.runtime.advance(1)
    expect(place.relay.rooms()).toEqual([])
  })

  it('[U41] who comes while it is being unloaded brings it back with all that it has', async () => {
    const slow = disk()
    await using place = await openRelay({ disk: slow.disk, limits: { idleMs: 1_000 } })
    const writer = new Visitor(place.relay).ask()
    const doc = docOf(7, '')
    for (let number = 1; number <= 70; number++) {
      const before = Y.encodeStateVector(doc)
      doc.getText('text').insert(0, 'x')
      writer.send(writeUpdate(Y.encodeStateAsUpdate(doc, before)), writeBarrier(number))
      await quiet(2)
    }
    writer.connection.close('gone')
    await quiet()
    slow.hold()
    await place.runtime.advance(1_000)
    const back = new Visitor(place.relay).ask()
    await quiet()
    expect(back.document().getText('text').length).toBe(70)
    slow.letGo()
    await quiet()
    back.send(writeBarrier(1))
    await quiet()
    expect(back.last('settled')?.status).toBe('committed')
    expect(place.relay.counters.roomsOpened).toBe(1)
    expect((await place.store.size(`room/${PROJECT}`)).rows, 'it was put together meanwhile').toBe(0)
  })

  it('[U42] a commit that fails ends every connection with 1011; who comes back gets what the disk has', async () => {
    const full = disk()
    await using place = await openRelay({ disk: full.disk })
    const [writer, other] = [new Visitor(place.relay).ask(), new Visitor(place.relay).ask()]
    writer.write(docOf(7, 'kept'), 1)
    await quiet()
    full.fill()
    writer.write(docOf(8, 'lost'), 2)
    await quiet()
    expect([writer.ending?.status, other.ending?.status]).toEqual([1011, 1011])
    expect(writer.all('settled').map(({ number }) => number)).toEqual([1])
    expect(Y.decodeStateVector(Y.encodeStateVector(other.document())).has(8)).toBe(false)
    full.empty()
    const back = new Visitor(place.relay).ask()
    await quiet()
    expect(back.document().getText('text').toJSON()).toBe('kept')
    back.write(docOf(8, 'lost'), 1)
    await quiet()
    expect(back.last('settled')?.status).toBe('committed')
  })

  it('[U42] a room that cannot be loaded ends every connection with 1011, and the next tries again', async () => {
    await using place = await openRelay()
    await place.store.commit([{ append: `keys/${PROJECT}`, bytes: new TextEncoder().encode('no json') }])
    const visitor = new Visitor(place.relay)
    await quiet()
    expect(visitor.ending?.status).toBe(1011)
    expect(place.relay.rooms()).toEqual([])
    await place.store.commit([{ remove: `keys/${PROJECT}` }])
    const next = new Visitor(place.relay).ask()
    await quiet()
    expect(next.last('missing')).toBeDefined()
  })

  it('[U45] more messages or bytes than allowed end a connection with 4529; time gives more', async () => {
    await using place = await openRelay({ limits: { messagesAtOnce: 5, messagesPerSecond: 1 } })
    const visitor = new Visitor(place.relay)
    await quiet()
    for (let number = 1; number <= 5; number++) visitor.send(writeBarrier(number))
    await quiet()
    expect(visitor.all('settled').length).toBe(5)
    await place.runtime.advance(2_000)
    for (let number = 6; number <= 8; number++) {
      visitor.send(writeBarrier(number))
      await quiet()
    }
    expect([visitor.all('settled').length, visitor.ending?.status]).toEqual([7, 4529])
    await using small = await openRelay({ limits: { bytesAtOnce: 100, bytesPerSecond: 1 } })
    const large = new Visitor(small.relay)
    await quiet()
    large.send(writeVector(new Uint8Array(200)))
    await quiet()
    expect(large.ending?.status).toBe(4529)
  })

  it('[U46] who reads too slowly is sent away with 1013 and misses nothing when it comes back', async () => {
    await using place = await openRelay({ limits: { waitingBytes: 300 } })
    const slow = new Visitor(place.relay, { byHand: true }).ask()
    slow.directions[0]?.deliver()
    await quiet()
    const writer = new Visitor(place.relay).ask()
    for (let client = 1; client <= 10; client++) {
      writer.write(docOf(client, 'a text of some length'.repeat(2)), client)
      await quiet(2)
    }
    slow.directions[1]?.deliver()
    await quiet()
    expect(slow.ending?.status).toBe(1013)
    expect(place.relay.counters.closedSlow).toBe(1)
    const back = new Visitor(place.relay).ask()
    await quiet()
    expect(Y.decodeStateVector(Y.encodeStateVector(back.document())).size).toBe(10)
  })

  it('[U47] a client is its connection’s: nobody else says it is here, is gone, or writes under it', async () => {
    await using place = await openRelay()
    const [owner, other] = [new Visitor(place.relay).ask(), new Visitor(place.relay).ask()]
    await quiet()
    owner.send(present(7, 1))
    await quiet()
    other.send(present(7, 9, '{"b":2}'), present(7, 10, 'null'), writeBarrier(1)).write(docOf(7, 'stolen'), 2)
    await quiet()
    expect(place.relay.presences(PROJECT)).toEqual(['{"a":1}'])
    expect(other.all('settled').map(({ status }) => status)).toEqual(['committed', 'refused'])
    expect(other.last('refused')?.code).toBe('bound')
    owner.write(docOf(7, 'own'), 1)
    await quiet()
    expect(owner.last('settled')?.status).toBe('committed')
    owner.connection.close('gone')
    await place.runtime.advance(100)
    expect(place.relay.presences(PROJECT)).toEqual([])
    other.send(present(7, 1))
    await quiet()
    expect(place.relay.presences(PROJECT), 'what it repeats of one who left makes nobody its owner').toEqual([])
  })

  it('[U47] a client that says its secret name again ends its older connection', async () => {
    await using place = await openRelay()
    const old = new Visitor(place.relay).send(named(1, 'secret'), present(7, 1))
    await quiet()
    const back = new Visitor(place.relay).send(named(1, 'secret'), present(7, 2)).write(docOf(7, 'mine'), 1)
    await quiet()
    expect(old.ending?.status).toBe(1001)
    expect(back.last('settled')?.status).toBe('committed')
    expect(place.relay.presences(PROJECT).length).toBe(1)
  })

  it('[U48] one who may only read changes nothing, is told so, and is not told so for repeating what is deleted', async () => {
    await using place = await openRelay()
    const doc = docOf(7, 'text')
    doc.getText('text').delete(0, 2)
    new Visitor(place.relay).write(doc, 1)
    await quiet()
    const { token } = await place.relay.tokens.create(PROJECT, 'read')
    const reader = new Visitor(place.relay, { token }).ask().write(doc, 1)
    await quiet()
    expect(reader.last('settled')?.status).toBe('committed')
    reader.write(docOf(9, 'mine'), 2)
    const deletes = docOf(7, '')
    Y.applyUpdate(deletes, Y.encodeStateAsUpdate(doc))
    deletes.getText('text').delete(0, 1)
    await quiet()
    expect([reader.last('settled')?.status, reader.all('denied').length]).toEqual(['read-only', 1])
    reader.write(deletes, 3)
    await quiet()
    expect([reader.last('settled')?.status, reader.all('denied').length]).toEqual(['read-only', 1])
    reader.send(writeQuestion(1, JSON.stringify({ method: 'keys.confirm', params: { keys: [] } })))
    await quiet()
    expect(reader.last('answer')?.json).toContain('RELAY_DENIED')
    expect(place.relay.counters.commits).toBe(1)
  })

  it('[U53] two who each have the other’s part give it back to a relay that lost it', async () => {
    await using place = await openRelay()
    const both = docOf(7, 'seven')
    Y.applyUpdate(both, Y.encodeStateAsUpdate(docOf(8, 'eight')))
    const vector = writeVector(Y.encodeStateVector(both))
    const visitors = [7, 8].map((client) => new Visitor(place.relay).send(vector, present(client, 1)))
    await quiet()
    for (const visitor of visitors) visitor.send(writeMissing(Y.encodeStateAsUpdate(both)), writeBarrier(1))
    await quiet()
    expect(visitors.map((one) => one.last('settled')?.status)).toEqual(['committed', 'committed'])
    visitors[1]?.write(docOf(7, 'seven and more'), 2)
    await quiet()
    expect(visitors[1]?.last('settled')?.status, 'not what comes later').toBe('refused')
  })

  it('[U54] what cannot be read ends the connection with 4400 and harms nobody else', async () => {
    await using place = await openRelay()
    const other = new Visitor(place.relay).ask()
    for (const frame of [
      Uint8Array.of(),
      Uint8Array.of(0),
      Uint8Array.of(0, 9, 0),
      writeUpdate(Uint8Array.of(1, 2, 3)),
      writeVector(Uint8Array.of(200)),
      writeAwareness(Uint8Array.of(9)),
      Uint8Array.of(102, 0, 0),
    ]) {
      const hostile = new Visitor(place.relay).send(frame)
      await quiet()
      expect([String(frame), hostile.ending?.status]).toEqual([String(frame), 4400])
    }
    new Visitor(place.relay).send(Uint8Array.of(99, 1, 2))
    other.send(writeBarrier(1))
    await quiet()
    expect(other.last('settled')?.status).toBe('committed')
  })
})
