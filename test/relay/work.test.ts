/** What it costs a relay to take in what a connection sends, and what becomes of one that costs too much. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { docOf, openRelay, quiet, Visitor } from '../support/relay-visitor.ts'
import { disk } from '../support/waiting-disk.ts'

/** A clock that goes on by this whenever it is looked at: once while updates are taken in. */
function costly(): MemoryRuntime & { costMs: number } {
  const runtime = memoryRuntime()
  let spentMs = 0
  return Object.assign(Object.create(runtime) as MemoryRuntime, {
    costMs: 0,
    now(this: { readonly costMs: number }): number {
      spentMs += this.costMs
      return runtime.now() + spentMs
    },
  })
}

describe('work for a connection', () => {
  it('[U58] more work than allowed ends a connection with 4529, after what it sent is settled', async () => {
    const runtime = costly()
    await using place = await openRelay({ runtime, limits: { workMsAtOnce: 10_000, workMsPerSecond: 0 } })
    const visitor = new Visitor(place.relay).ask()
    await quiet()
    runtime.costMs = 3_000
    for (let client = 1; client <= 4; client++) {
      expect(visitor.ending).toBeUndefined()
      visitor.write(docOf(client, 'a text'), client)
      await quiet()
    }
    expect([visitor.last('settled')?.number, visitor.ending?.status]).toEqual([4, 4529])
    expect(place.relay.counters.closedBudget).toBe(1)
    const next = new Visitor(place.relay).ask()
    await quiet()
    expect([...Y.decodeStateVector(Y.encodeStateVector(next.document())).keys()]).toEqual([4, 3, 2, 1])
  })

  it('[U58] those who wrote at once pay by their share of the bytes', async () => {
    const runtime = costly()
    const { disk: slow, hold, letGo } = disk()
    const limits = { workMsAtOnce: 10_000, workMsPerSecond: 0 }
    await using place = await openRelay({ disk: slow, runtime, limits })
    const [first, large, small] = [1, 2, 3].map(() => new Visitor(place.relay).ask()) as [Visitor, Visitor, Visitor]
    await quiet()
    hold()
    first.write(docOf(1, 'on its way to the disk'), 1)
    await quiet()
    large.write(docOf(2, 'x'.repeat(3_000)), 1)
    small.write(docOf(3, 'x'), 1)
    runtime.costMs = 9_000
    letGo()
    await quiet()
    runtime.costMs = 0
    large.write(docOf(4, 'y'), 2)
    await quiet()
    expect([large.ending, small.ending]).toEqual([undefined, undefined])
    runtime.costMs = 2_000
    for (const visitor of [large, small]) {
      visitor.write(docOf(visitor === large ? 5 : 6, 'z'), 3)
      await quiet()
    }
    expect([large.ending?.status, small.ending?.status]).toEqual([4529, undefined])
  })

  it('[U58] nothing more is taken of one that is to go, and it does not believe so', async () => {
    const runtime = costly()
    const { disk: slow, hold, letGo } = disk()
    await using place = await openRelay({ disk: slow, runtime, limits: { workMsAtOnce: 10, workMsPerSecond: 0 } })
    const visitor = new Visitor(place.relay).ask()
    await quiet()
    hold()
    runtime.costMs = 11
    visitor.write(docOf(1, 'taken'), 1)
    await quiet()
    visitor.write(docOf(2, 'not taken'), 2)
    await quiet()
    letGo()
    await quiet()
    // By now or before: after `refused` nothing counts as saved until it is offered again.
    expect(visitor.all('settled').map(({ number }) => number)).toEqual([1, 2])
    expect(visitor.all('settled').map(({ status }) => status)).toContain('refused')
    expect(visitor.last('refused')?.code).toBe('work')
    expect(visitor.ending?.status).toBe(4529)
    const next = new Visitor(place.relay).ask()
    await quiet()
    expect(next.document().getText('text').toJSON()).toBe('taken')
    next.write(docOf(2, 'not taken'), 1)
    await quiet()
    expect(next.last('settled')?.status).toBe('committed')
  })

  it('[U58] time gives more', async () => {
    const runtime = costly()
    await using place = await openRelay({ runtime, limits: { workMsAtOnce: 100, workMsPerSecond: 1 } })
    const visitor = new Visitor(place.relay).ask()
    await quiet()
    runtime.costMs = 90
    const write = async (client: number): Promise<number | undefined> => {
      visitor.write(docOf(client, 'a text'), client)
      await quiet()
      return visitor.ending?.status
    }
    expect(await write(1)).toBeUndefined()
    await runtime.advance(90_000)
    expect([await write(2), await write(3)]).toEqual([undefined, 4529])
  })
})
