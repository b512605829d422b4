/** Claims at a relay: asked over a connection or without one, durable before they are told, seen by everyone. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { ClaimDesks, type ClaimDesk } from '../../src/relay/claim-desk.ts'
import { CLOSE, writeBarrier, writeQuestion, writeUpdate } from '../../src/sync/protocol.ts'
import {
  TASK,
  CLAIMS,
  holder,
  jumping,
  question,
  claim,
  release,
  type Said,
  answersOf,
  visit,
  signal,
  shownTo,
} from '../support/claim-questions.ts'
import { openRelay, PROJECT, quiet, Visitor } from '../support/relay-visitor.ts'

describe('claims at a relay', () => {
  it('[C30] are granted to one over its connection, and the next is told who holds the task', async () => {
    await using place = await openRelay()
    const [first, second] = [new Visitor(place.relay), new Visitor(place.relay)]
    await quiet()
    first.send(writeQuestion(1, claim('agent-1')))
    second.send(writeQuestion(1, claim('agent-2')))
    await quiet()
    expect(answersOf(first)).toMatchObject([{ result: { outcome: 'granted', granted: [{ by: 'agent-1' }] } }])
    expect(answersOf(second)).toMatchObject([{ result: { outcome: 'held', held: [{ by: 'agent-1' }] } }])
  })

  it('[C30] are asked for without a connection too, by the same arbiter', async () => {
    await using place = await openRelay()
    const visitor = new Visitor(place.relay)
    await quiet()
    visitor.send(writeQuestion(1, claim('agent-1')))
    await quiet()
    const said = JSON.parse(await place.relay.ask(visit, claim('agent-2'), signal)) as Said
    expect(said.result).toMatchObject({ outcome: 'held', held: [{ by: 'agent-1' }] })
  })

  it('[C31] nothing is answered before the disk has it, neither the grant nor that it is held', async () => {
    let open = (): void => undefined
    let gate: Promise<void> | undefined
    await using place = await openRelay({ disk: createMemoryDisk({ sync: () => gate ?? Promise.resolve() }) })
    const [first, second] = [new Visitor(place.relay), new Visitor(place.relay)]
    await quiet()
    gate = new Promise((resolve) => (open = resolve))
    first.send(writeQuestion(1, claim('agent-1')))
    second.send(writeQuestion(1, claim('agent-2')), writeQuestion(2, question('list', {})))
    await quiet()
    expect([...answersOf(first), ...answersOf(second)]).toEqual([])
    gate = undefined
    open()
    await quiet()
    expect(answersOf(first)).toMatchObject([{ result: { outcome: 'granted' } }])
    expect(answersOf(second)).toMatchObject([{ result: { outcome: 'held' } }, { result: { outcome: 'listed' } }])
  })

  it('[C31] a disk that does not take a claim grants nothing, and what is asked next rests on what the disk has', async () => {
    let isFull = false
    const sync = (): Promise<void> => (isFull ? Promise.reject(new Error('full')) : Promise.resolve())
    await using place = await openRelay({ disk: createMemoryDisk({ sync }) })
    const visitor = new Visitor(place.relay)
    await quiet()
    isFull = true
    visitor.send(writeQuestion(1, claim('agent-1')))
    await quiet()
    isFull = false
    visitor.send(writeQuestion(2, claim('agent-2')))
    await quiet()
    const [refused, granted] = answersOf(visitor)
    expect(refused?.error?.code).toBeDefined()
    expect(granted).toMatchObject({ result: { outcome: 'granted', granted: [{ by: 'agent-2' }] } })
  })

  it('[C32] who may only read may look and not claim', async () => {
    await using place = await openRelay({ masters: ['m'.repeat(40)] })
    const { token: secret } = await place.relay.tokens.create(PROJECT, 'read', 'a reader')
    const reader = new Visitor(place.relay, { token: secret })
    await quiet()
    reader.send(writeQuestion(1, claim('agent-1')), writeQuestion(2, release('agent-1')))
    reader.send(writeQuestion(3, question('list', {})), writeQuestion(4, question('verify', { tasks: [[TASK, 1]] })))
    await quiet()
    expect(answersOf(reader)).toMatchObject([
      { error: { code: 'RELAY_DENIED' } },
      { error: { code: 'RELAY_DENIED' } },
      { result: { outcome: 'listed' } },
      { result: { outcome: 'free' } },
    ])
  })

  it('[C32] what cannot be read is refused and changes nothing', async () => {
    await using place = await openRelay()
    const bad = [
      question('claim', {}),
      question('claim', { request: 'r', tasks: ['no uid'], holder: holder('a') }),
      question('claim', { request: 'r', tasks: [TASK], holder: { by: 'a', type: 'robot' } }),
      question('claim', { request: 'r', tasks: [TASK], holder: holder('a'), leaseMs: 1e15 }),
      question('claim', { request: 'r', tasks: [TASK], holder: holder('a'), waitMs: -1 }),
      question('renew', { tasks: [[TASK, 'x']], holder: holder('a') }),
      question('steal', {}),
    ]
    for (const json of bad) {
      const said = JSON.parse(await place.relay.ask(visit, json, signal)) as Said
      expect([json, said.error?.code]).toEqual([json, expect.stringMatching(/^(INVALID_INPUT|METHOD_NOT_FOUND)$/)])
    }
    const said = JSON.parse(await place.relay.ask(visit, question('list', {}), signal)) as Said
    expect(said.result).toMatchObject({ outcome: 'listed', holdings: [] })
  })

  it('[C33] who waits gets the task when it is released, and whose connection ended waits no more', async () => {
    await using place = await openRelay()
    const [first, second, third] = [new Visitor(place.relay), new Visitor(place.relay), new Visitor(place.relay)]
    await quiet()
    first.send(writeQuestion(1, claim('agent-1')))
    second.send(writeQuestion(1, claim('agent-2', { waitMs: 30_000 })))
    await quiet()
    third.send(writeQuestion(1, claim('agent-3', { waitMs: 30_000 })))
    await quiet()
    second.connection.close('gone')
    await quiet()
    first.send(writeQuestion(2, release('agent-1')))
    await quiet()
    expect(answersOf(second)).toEqual([])
    expect(answersOf(third)).toMatchObject([{ result: { outcome: 'granted', granted: [{ by: 'agent-3' }] } }])
  })

  it('[C33] who waits without a connection keeps the project open, and is told when the time is over', async () => {
    const runtime = memoryRuntime()
    await using place = await openRelay({ runtime, limits: { idleMs: 1_000 } })
    await place.relay.ask(visit, claim('agent-1'), signal)
    const waiting = place.relay.ask(visit, claim('agent-2', { waitMs: 20_000 }), signal)
    await quiet()
    await runtime.advance(10_000)
    expect(place.relay.rooms()).toHaveLength(1)
    await runtime.advance(10_000)
    expect((JSON.parse(await waiting) as Said).result).toMatchObject({ outcome: 'timeout', held: [{ by: 'agent-1' }] })
  })

  it('[C34] a relay that comes back knows what was granted, and who holds it', async () => {
    const disk = createMemoryDisk()
    let token = 0
    {
      await using place = await openRelay({ disk })
      const said = JSON.parse(await place.relay.ask(visit, claim('agent-1'), signal)) as Said
      if (said.result?.outcome === 'granted') token = said.result.granted[0]?.token ?? 0
    }
    await using place = await openRelay({ disk })
    const said = JSON.parse(await place.relay.ask(visit, claim('agent-2'), signal)) as Said
    expect(said.result).toMatchObject({ outcome: 'held', held: [{ by: 'agent-1', token }] })
    const again = JSON.parse(await place.relay.ask(visit, claim('agent-1'), signal)) as Said
    expect(again.result, 'the same request').toMatchObject({ outcome: 'granted', granted: [{ token }] })
  })
})

describe('a desk', () => {
  it('[C34] that was not used stands in no way: the next reads what the one before it has on its way to the disk', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const store = await openMemoryStore(createMemoryDisk({ sync: () => gate }))
    const desks = new ClaimDesks({ runtime: memoryRuntime(), store })
    const ask = async (desk: ClaimDesk, by: string): Promise<unknown> => {
      const { params } = JSON.parse(claim(by)) as { params: unknown }
      return JSON.parse(await desk.answer('claims.claim', params, { rights: 'write', signal, work: (does) => does() }))
    }
    const [first, unused] = [desks.take('p'), desks.take('p')]
    const granted = ask(first.desk, 'agent-1')
    await quiet()
    const leaving = [first[Symbol.asyncDispose](), unused[Symbol.asyncDispose]()]
    const another = desks.take('p')
    leaving.push(another[Symbol.asyncDispose]())
    const last = desks.take('p')
    const refused = ask(last.desk, 'agent-2')
    await quiet()
    open()
    expect(await granted).toMatchObject({ outcome: 'granted' })
    expect(await refused).toMatchObject({ outcome: 'held', held: [{ by: 'agent-1' }] })
    await Promise.all([...leaving, last[Symbol.asyncDispose]()])
  })
})

describe('the room of claims', () => {
  it('[C35] shows what is held to whoever comes, at once when it changes, and nothing when a lease is renewed', async () => {
    await using place = await openRelay()
    await place.relay.ask(visit, claim('agent-1'), signal)
    const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
    await quiet(20)
    expect(shownTo(viewer)).toMatchObject({ [TASK]: { by: 'agent-1', type: 'agent', workspace: 'w1' } })
    const heard = viewer.heard.length
    await place.relay.ask(visit, question('renew', { tasks: [[TASK, null]], holder: holder('agent-1') }), signal)
    await quiet(20)
    expect(viewer.heard, 'a renewal').toHaveLength(heard)
    await place.relay.ask(visit, release('agent-1'), signal)
    await quiet(20)
    expect(shownTo(viewer)).toEqual({})
    await place.relay.ask(visit, claim('agent-2'), signal)
    await quiet(20)
    expect(shownTo(viewer)).toMatchObject({ [TASK]: { by: 'agent-2' } })
  })

  it('[C35] shows nothing any more when a lease ran out', async () => {
    const runtime = memoryRuntime()
    await using place = await openRelay({ runtime })
    const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
    await place.relay.ask(visit, claim('agent-1', { leaseMs: 5_000 }), signal)
    await quiet(20)
    expect(shownTo(viewer)).toMatchObject({ [TASK]: { by: 'agent-1' } })
    await runtime.advance(5_001)
    await quiet(20)
    expect(shownTo(viewer)).toEqual({})
  })

  it('[C35] shows again what is renewed after it ran out, and what is held again since the clock was set back', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime })
    const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
    const renewing = question('renew', { tasks: [[TASK, null]], holder: holder('agent-1'), leaseMs: 60_000 })
    await place.relay.ask(visit, claim('agent-1', { leaseMs: 5_000 }), signal)
    await runtime.advance(5_001)
    await quiet(20)
    expect(shownTo(viewer)).toEqual({})
    await place.relay.ask(visit, renewing, signal)
    await quiet(20)
    expect(shownTo(viewer)).toMatchObject({ [TASK]: { by: 'agent-1' } })
    const other = claim('agent-2', { tasks: ['5fq7k2m9x3'], leaseMs: 3_600_000 })
    await place.relay.ask(visit, other, signal)
    runtime.setByMs = 60_000
    await runtime.advance(10_000)
    await quiet(20)
    expect(Object.keys(shownTo(viewer))).toEqual(['5fq7k2m9x3'])
    runtime.setByMs = 0
    await runtime.advance(10_000)
    await quiet(20)
    expect(Object.keys(shownTo(viewer)).sort()).toEqual([TASK, '5fq7k2m9x3'])
  })

  it('[C36] nobody but the relay writes there, whatever their rights', async () => {
    await using place = await openRelay()
    const [writer, viewer] = [
      new Visitor(place.relay, { project: CLAIMS }),
      new Visitor(place.relay, { project: CLAIMS }),
    ]
    viewer.ask()
    await quiet(20)
    const doc = new Y.Doc()
    doc.getMap('claims').set(TASK, { by: 'nobody' })
    writer.send(writeUpdate(Y.encodeStateAsUpdate(doc)), writeBarrier(1))
    await quiet(20)
    expect(writer.last('settled')).toMatchObject({ status: 'read-only' })
    expect(shownTo(viewer)).toEqual({})
  })

  it('[C35] goes on after a restart: what a client saw before is taken away', async () => {
    const disk = createMemoryDisk()
    let before = new Y.Doc()
    {
      await using place = await openRelay({ disk })
      const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
      await place.relay.ask(visit, claim('agent-1'), signal)
      await quiet(20)
      before = viewer.document()
    }
    await using place = await openRelay({ disk })
    await place.relay.ask(visit, release('agent-1'), signal)
    const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
    await quiet(20)
    Y.applyUpdate(before, Y.encodeStateAsUpdate(viewer.document()))
    expect(before.getMap('claims').toJSON()).toEqual({})
  })

  it('[C36] asks for the same token as the project', async () => {
    await using place = await openRelay({ needsTokens: true })
    const { token: secret } = await place.relay.tokens.create(PROJECT, 'write', 'a writer')
    const [stranger, friend] = [
      new Visitor(place.relay, { project: CLAIMS }),
      new Visitor(place.relay, { project: CLAIMS, token: secret }),
    ]
    await quiet()
    expect(stranger.ending?.status).toBe(CLOSE.denied)
    expect(friend.ending).toBeUndefined()
    const other = new Visitor(place.relay, { project: 'project-of-others/claims', token: secret })
    await quiet()
    expect(other.ending?.status).toBe(CLOSE.denied)
  })
})
