/** Two ways to one relay in one process, time turned by hand: which is taken, when the other is, and when it is taken back. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryTransport } from '../../adapters/memory/transport.ts'
import { TaskError, type Connection, type Ending, type Transport } from '../../src/internal.ts'
import { withFallback, type FallbackOptions } from '../../src/sync/fallback.ts'

type State = 'works' | 'unreachable' | 'denied' | 'cut' | 'mute' | 'closed'

interface Way extends Transport {
  state: State
  /** How often it was tried. */
  tried: number
  readonly open: Set<Connection>
  /** The relay's ends of those that are open. */
  readonly relayEnds: Set<Connection>
  cut(): void
}

/** One way to a relay that says something first, as relays do. */
async function way(name: number): Promise<Way> {
  const inner = memoryTransport()
  const relayEnds = new Set<Connection>()
  await inner.listen((end) => {
    relayEnds.add(end)
    void end.closed.then(() => relayEnds.delete(end))
    if (one.state === 'closed') end.close('the relay is full', 1013)
    if (one.state !== 'mute' && one.state !== 'closed') end.send(Uint8Array.of(name))
  })
  const open = new Set<Connection>()
  const cut = (): void => inner.directions.forEach((direction) => direction.cut())
  const one: Way = {
    state: 'works',
    tried: 0,
    open,
    relayEnds,
    cut,
    listen: (accept) => inner.listen(accept),
    connect: async (options) => {
      one.tried++
      if (one.state === 'unreachable') throw new TaskError('RELAY_UNREACHABLE', { url: 'memory', reason: 'nobody' })
      if (one.state === 'denied') throw new TaskError('RELAY_DENIED', { url: 'memory', reason: 'no' })
      const connection = await inner.connect(options)
      open.add(connection)
      void connection.closed.then(() => open.delete(connection))
      if (one.state === 'cut') queueMicrotask(() => queueMicrotask(cut))
      return connection
    },
  }
  return one
}

interface World {
  readonly runtime: MemoryRuntime
  readonly live: Way
  readonly poll: Way
  /** Connects once: which way it took, or what was thrown. */
  connect(signal?: AbortSignal): Promise<Taken>
}

interface Taken {
  /** `live`, `poll`, or what was thrown. */
  readonly by: string
  readonly connection: Connection | undefined
  ending: Ending | undefined
}

async function world(options?: FallbackOptions): Promise<World> {
  const runtime = memoryRuntime()
  const [live, poll] = [await way(1), await way(2)]
  const transport = withFallback(live, poll, runtime, options)
  return {
    runtime,
    live,
    poll,
    connect: async (signal) => {
      const polls = new Set(poll.open)
      let connection: Connection
      try {
        connection = await transport.connect(signal === undefined ? {} : { signal })
      } catch (cause) {
        return { by: cause instanceof TaskError ? cause.code : String(cause), connection: undefined, ending: undefined }
      }
      const isPoll = [...poll.open].some((one) => !polls.has(one))
      const taken: Taken = { by: isPoll ? 'poll' : 'live', connection, ending: undefined }
      void connection.closed.then((ending) => (taken.ending = ending))
      connection.onFrame(() => undefined)
      await runtime.advance(0)
      return taken
    },
  }
}

const ways = async (of: World, count: number): Promise<readonly string[]> => {
  const taken: string[] = []
  for (let index = 0; index < count; index++) {
    const { by, connection } = await of.connect()
    taken.push(by)
    if (index < count - 1) connection?.close('on to the next')
    await of.runtime.advance(100)
  }
  return taken
}

describe('the other way', () => {
  it('[B35] is taken when the live one is not reached two times in a row', async () => {
    const both = await world()
    both.live.state = 'unreachable'
    expect(await ways(both, 2)).toEqual(['RELAY_UNREACHABLE', 'poll'])
    const three = await world({ failures: 3 })
    three.live.state = 'unreachable'
    expect(await ways(three, 3)).toEqual(['RELAY_UNREACHABLE', 'RELAY_UNREACHABLE', 'poll'])
  })

  it('[B35] is taken when live connections are lost at once two times in a row', async () => {
    const both = await world()
    both.live.state = 'cut'
    const taken = [await both.connect(), await both.connect(), await both.connect()]
    expect(taken.map(({ by }) => by)).toEqual(['live', 'live', 'poll'])
    expect(taken.map(({ ending }) => ending?.code)).toEqual(['lost', 'lost', undefined])
  })

  it('[B35] is taken when live connections that spoke are lost soon two times in a row', async () => {
    const both = await world()
    for (let time = 0; time < 2; time++) {
      const { by } = await both.connect()
      await both.runtime.advance(4_999)
      both.live.cut()
      await both.runtime.advance(0)
      expect(by).toBe('live')
    }
    expect((await both.connect()).by).toBe('poll')
  })

  it('[B35] is taken when nothing comes over live connections; they are ended', async () => {
    const both = await world()
    both.live.state = 'mute'
    for (let time = 0; time < 2; time++) {
      const taken = await both.connect()
      await both.runtime.advance(9_999)
      expect([taken.by, taken.ending]).toEqual(['live', undefined])
      await both.runtime.advance(1)
      expect(taken.ending?.reason).toBe('nothing comes over this connection')
    }
    expect((await both.connect()).by).toBe('poll')
  })

  it('[B35] is taken at once where the live one is denied before anything was opened, and the other is not', async () => {
    const both = await world()
    both.live.state = 'denied'
    expect((await both.connect()).by).toBe('poll')
    for (const state of ['denied', 'unreachable'] as const) {
      const none = await world()
      none.live.state = 'denied'
      none.poll.state = state
      expect(await ways(none, 2)).toEqual(['RELAY_DENIED', 'RELAY_DENIED'])
    }
  })

  it('[B35] is not taken for one failure among others that work, nor for what the relay says or this side does', async () => {
    const both = await world()
    for (let time = 0; time < 3; time++) {
      both.live.state = 'cut'
      expect((await both.connect()).by).toBe('live')
      both.live.state = 'works'
      const steady = await both.connect()
      await both.runtime.advance(5_000)
      both.live.cut()
      await both.runtime.advance(0)
      expect([steady.by, steady.ending?.code]).toEqual(['live', 'lost'])
    }
    both.live.state = 'closed'
    expect(await ways(both, 4)).toEqual(['live', 'live', 'live', 'live'])
    both.live.state = 'works'
    expect(await ways(both, 4)).toEqual(['live', 'live', 'live', 'live'])
    expect(both.poll.tried).toBe(0)
  })

  it('[B35] says no where the relay is met there and says no', async () => {
    const both = await world()
    both.live.state = 'unreachable'
    both.poll.state = 'denied'
    expect(await ways(both, 2)).toEqual(['RELAY_UNREACHABLE', 'RELAY_DENIED'])
  })

  it('[B35] is left to itself when a signal ends the attempt', async () => {
    const both = await world()
    const stop = new AbortController()
    stop.abort('enough')
    expect([(await both.connect(stop.signal)).by, both.poll.tried]).toEqual(['enough', 0])
  })
})

describe('back again', () => {
  const polling = async (): Promise<World & { readonly taken: Taken }> => {
    const both = await world()
    both.live.state = 'unreachable'
    await both.connect()
    return { ...both, taken: await both.connect() }
  }

  it('[B36] it is looked at once and then every minute; what stays and speaks is taken, in order', async () => {
    const both = await polling()
    const { tried } = both.live
    await both.runtime.advance(179_999)
    expect(both.live.tried - tried).toBe(2)
    both.live.state = 'works'
    await both.runtime.advance(1 + 4_999)
    expect([both.taken.ending, both.live.relayEnds.size]).toEqual([undefined, 1])
    await both.runtime.advance(1)
    expect(both.taken.ending).toEqual({ code: 'closed', reason: 'live connections work again', status: 1001 })
    expect([both.live.relayEnds.size, (await both.connect()).by]).toEqual([0, 'live'])
    await both.runtime.advance(600_000)
    expect([both.runtime.sleeping, both.live.relayEnds.size]).toEqual([0, 1])
  })

  it.each(['cut', 'mute', 'closed', 'denied'] as const)('[B36] a live way that is %s does not work', async (state) => {
    const both = await polling()
    both.live.state = state
    await both.runtime.advance(300_000)
    expect([both.taken.ending, both.live.relayEnds.size]).toEqual([undefined, 0])
  })

  it('[B36] nobody looks when the polling is over', async () => {
    const both = await polling()
    both.live.state = 'mute'
    await both.runtime.advance(61_000)
    both.taken.connection?.close('done')
    await both.runtime.advance(0)
    const { tried } = both.live
    await both.runtime.advance(600_000)
    expect([both.live.tried - tried, both.runtime.sleeping, both.live.relayEnds.size]).toEqual([0, 0, 0])
  })

  it('[B36] where polling fails and live connections work they are taken at once', async () => {
    const both = await polling()
    both.poll.state = 'unreachable'
    both.poll.cut()
    both.live.state = 'works'
    await both.runtime.advance(0)
    expect(await ways(both, 2)).toEqual(['live', 'live'])
  })
})

describe('a relay that is down', () => {
  it.each([1, 2, 3, 4, 5, 20])('[B37] changes nothing: %i times both ways fail, then it is met live', async (times) => {
    const both = await world()
    both.live.state = 'unreachable'
    both.poll.state = 'unreachable'
    expect(new Set(await ways(both, times))).toEqual(new Set(['RELAY_UNREACHABLE']))
    both.live.state = 'works'
    both.poll.state = 'works'
    expect(await ways(both, 2)).toEqual(['live', 'live'])
    expect(both.runtime.entries).toEqual([])
  })

  it('[B37] nor for one who polls', async () => {
    const both = await world()
    both.live.state = 'unreachable'
    expect(await ways(both, 2)).toEqual(['RELAY_UNREACHABLE', 'poll'])
    both.poll.state = 'unreachable'
    both.poll.cut()
    expect(new Set(await ways(both, 10))).toEqual(new Set(['RELAY_UNREACHABLE']))
    both.poll.state = 'works'
    expect((await both.connect()).by).toBe('poll')
    expect(both.runtime.entries.map(({ way: chosen }) => chosen)).toEqual(['poll'])
  })
})
