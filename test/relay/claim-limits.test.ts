/** What claims may cost a relay, what is told of them when, and what becomes of a clock that jumps. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { Listing } from '../../src/claims/listing.ts'
import type { TimedAnswer } from '../../src/claims/request.ts'
import { defaultLimits } from '../../src/relay/limits.ts'
import { writePresences } from '../../src/sync/awareness.ts'
import { CLOSE, writeAwareness, writeQuestion } from '../../src/sync/protocol.ts'
import {
  TASK,
  CLAIMS,
  holder,
  question,
  claim,
  release,
  answersOf,
  jumping,
  uids,
  visit,
  signal,
  shownTo,
} from '../support/claim-questions.ts'
import { openRelay, quiet, Visitor } from '../support/relay-visitor.ts'

describe('a question', () => {
  it('[C59] that is too long is answered so under its number, and the connection goes on', async () => {
    await using place = await openRelay()
    const visitor = new Visitor(place.relay)
    await quiet()
    const long = claim('agent-1', { reason: 'x'.repeat(defaultLimits.questionLength) })
    visitor.send(writeQuestion(7, long), writeQuestion(8, claim('agent-1')))
    await quiet()
    expect(visitor.all('answer').map(({ number }) => number)).toEqual(expect.arrayContaining([7, 8]))
    expect(answersOf(visitor)).toMatchObject([{ error: { code: 'TOO_LARGE' } }, { result: { outcome: 'granted' } }])
    expect(visitor.ending).toBeUndefined()
    await expect(place.relay.ask(visit, long, signal)).rejects.toMatchObject({ code: 'TOO_LARGE' })
  })

  it('[C57] is work of its connection: who asks for more than it may is ended, and nobody else is', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime, limits: { workMsAtOnce: 1_000, workMsPerSecond: 0 } })
    const [busy, other] = [new Visitor(place.relay), new Visitor(place.relay)]
    await quiet()
    busy.send(writeQuestion(1, claim('agent-1')))
    await quiet()
    runtime.costMs = 400
    busy.send(writeQuestion(2, question('list', {})))
    await quiet()
    runtime.costMs = 0
    other.send(writeQuestion(1, claim('agent-2')))
    await quiet()
    expect(answersOf(busy)).toMatchObject([{ result: { outcome: 'granted' } }])
    expect([busy.ending?.status, other.ending?.status]).toEqual([CLOSE.tooMany, undefined])
    expect(answersOf(other)).toMatchObject([{ result: { outcome: 'held' } }])
    expect(place.relay.counters.closedBudget).toBe(1)
  })

  it('[C58] with a version that is known is answered with what changed since', async () => {
    await using place = await openRelay()
    const ask = async (kind: string, params: object): Promise<object & { readonly version?: string }> =>
      (JSON.parse(await place.relay.ask(visit, question(kind, params), signal)) as { result: object }).result
    const OTHER = '5fq7k2m9x3'
    const first = await ask('list', {})
    expect(first).toMatchObject({ outcome: 'listed', holdings: [] })
    const since = first.version
    const unchanged = { outcome: 'changed', changed: [], ended: [], version: since }
    expect(await ask('list', { since })).toMatchObject(unchanged)
    await ask('verify', { tasks: [[TASK, 1]] })
    await ask('learn', { tokens: [[TASK, 5]] })
    expect(await ask('list', { since })).toMatchObject(unchanged)
    await place.relay.ask(visit, claim('agent-1', { tasks: [TASK, OTHER] }), signal)
    const second = await ask('list', { since })
    expect(second).toMatchObject({ outcome: 'changed', changed: [{ by: 'agent-1' }, { by: 'agent-1' }], ended: [] })
    await ask('renew', { tasks: [[TASK, null]], holder: holder('agent-1'), leaseMs: 3_600_000 })
    await ask('release', { tasks: [[OTHER, null]], holder: holder('agent-1') })
    expect(await ask('watch', { since: second.version })).toMatchObject({
      outcome: 'changed',
      changed: [{ uid: TASK, leaseMs: 3_600_000 }],
      ended: [OTHER],
    })
    for (const unknown of ['nothing', `${since}9`, 'other-1', '-', `${since?.split('-')[0]}--1`])
      expect(await ask('list', { since: unknown })).toMatchObject({ outcome: 'listed', holdings: [{ uid: TASK }] })
  })

  it('[C58] that follows what changes knows the same as one that asks for all, also when leases run out', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime })
    const ask = async (kind: string, params: object): Promise<TimedAnswer> =>
      (JSON.parse(await place.relay.ask(visit, question(kind, params), signal)) as { result: TimedAnswer }).result
    const { random } = memoryRuntime({ seed: 7 })
    const dice = (sides: number): number => (random(1)[0] ?? 0) % sides
    const listing = new Listing()
    const seen = new Set<string>()
    for (let turn = 0; turn < 400; turn++) {
      const tasks = Array.from({ length: 1 + dice(3) }, () => `${dice(10)}fq7k2m9x3`)
      const [who, leaseMs] = [holder(`agent-${dice(3)}`), 1_000 + dice(5) * 1_000]
      const held = tasks.map((uid) => [uid, null])
      const acts: readonly (() => Promise<unknown>)[] = [
        () => ask('claim', { request: `r${turn}`, tasks, holder: who, leaseMs }),
        () => ask('renew', { tasks: held, holder: who, leaseMs }),
        () => ask('release', { tasks: held, holder: who }),
        () => runtime.advance(dice(10) * 300),
      ]
      await acts[dice(acts.length)]?.()
      if (dice(50) === 0) runtime.setByMs -= 1_500
      if (dice(3) === 0) continue
      const answer = await ask('list', listing.params)
      seen.add(answer.outcome)
      const all = await ask('list', {})
      expect(listing.take(answer)).toEqual(all.outcome === 'listed' ? all.holdings : 'nothing')
    }
    expect([...seen]).toEqual(['listed', 'changed'])
  })

  it('[C58] with a version from too long ago is answered with all of it', async () => {
    await using place = await openRelay({ limits: { questionLength: 1_000_000 } })
    const ask = async (kind: string, params: object): Promise<TimedAnswer & { readonly version?: string }> =>
      (JSON.parse(await place.relay.ask(visit, question(kind, params), signal)) as { result: TimedAnswer }).result
    const versions = [(await ask('list', {})).version]
    for (let round = 0; round < 6; round++) {
      const tasks = uids(2_000, round * 2_000)
      await ask('claim', { request: `r${round}`, tasks, holder: holder('a'), leaseMs: 60_000 })
      versions.push((await ask('list', { since: versions.at(-1) })).version)
    }
    const outcomes = await Promise.all(versions.map(async (since) => (await ask('list', { since })).outcome))
    expect(outcomes).toEqual(['listed', ...Array.from({ length: 6 }, () => 'changed')])
  })
})

describe('a clock that jumps', () => {
  it('[C55] keeps nobody from hearing that something is held', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime })
    const visitor = new Visitor(place.relay)
    await quiet()
    visitor.send(writeQuestion(1, question('watch', {})))
    await quiet()
    visitor.send(writeQuestion(2, claim('agent-1')))
    await quiet()
    expect(visitor.all('claims')).toHaveLength(1)
    runtime.setByMs = -3_600_000
    visitor.send(writeQuestion(3, release('agent-1')))
    await runtime.advance(defaultLimits.presenceMs)
    expect(visitor.all('claims')).toHaveLength(2)
    await runtime.advance(1_000)
    visitor.send(writeQuestion(4, claim('agent-2')))
    await quiet()
    expect(visitor.all('claims')).toHaveLength(3)
  })

  it('[C55] keeps nobody from hearing who is there', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime })
    const [first, second] = [new Visitor(place.relay), new Visitor(place.relay)]
    const say = (clock: number): Uint8Array => writeAwareness(writePresences([{ client: 7, clock, state: '{}' }]))
    await quiet()
    first.send(say(1))
    await quiet()
    runtime.setByMs = -3_600_000
    first.send(say(2))
    await runtime.advance(defaultLimits.presenceMs)
    expect(second.all('awareness')).toHaveLength(2)
  })

  it('[C55] does not hide for long that a lease ran out', async () => {
    const runtime = jumping()
    await using place = await openRelay({ runtime })
    const viewer = new Visitor(place.relay, { project: CLAIMS }).ask()
    await place.relay.ask(visit, claim('agent-1', { leaseMs: 3_600_000 }), signal)
    await quiet(20)
    expect(shownTo(viewer)).toMatchObject({ [TASK]: { by: 'agent-1' } })
    runtime.setByMs = 3_600_000
    await runtime.advance(10_000)
    await quiet(20)
    expect(shownTo(viewer)).toEqual({})
  })
})
