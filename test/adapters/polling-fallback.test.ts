/** A relay behind something that blocks WebSockets, with real sockets: requests instead, by themselves, and back again. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { relayTransport } from '../../bin/relay-transport.ts'
import type { SyncMode } from '../../src/internal.ts'
import { openPollingPlace, openProxy, passing, PROJECT, SmallClient, turns, type Proxy } from './polling-place.ts'

const fallback = { steadyMs: 2_000, silentMs: 2_000, lookMs: 10_000 }

function client(proxy: Pick<Proxy, 'url'>, { mode = 'live' as SyncMode, seed = 1 } = {}): SmallClient {
  const runtime = memoryRuntime({ seed })
  const url = proxy.url.replace('http', 'ws')
  return new SmallClient(relayTransport({ url, project: PROJECT, token: null, mode, runtime, fallback }), runtime)
}
const chosen = ({ runtime }: SmallClient): readonly unknown[] =>
  runtime.entries.filter(({ event }) => event === 'transport.chosen').map(({ way }) => way)
const synced = (one: SmallClient): Promise<void> => passing(one.runtime, () => one.peer.state.phase === 'synced')

describe('a place where WebSockets are blocked', () => {
  it.each(['refused', 'forbidden', 'hanging', 'cut', 'mute'] as const)(
    '[B35][B36] where they are %s requests are used, and live connections once they are let through again',
    async (blocking) => {
      await using place = await openPollingPlace()
      await using proxy = await openProxy(() => place.port)
      proxy.blocking = blocking
      await using away = client(proxy)
      await using near = client(place, { seed: 2 })
      for (const one of [away, near]) one.peer.start()
      away.write('from behind')
      near.write('from near')
      await synced(away)
      await synced(near)
      await passing(near.runtime, () => near.log.length === 2 && away.log.length === 2)
      expect([chosen(away), chosen(near)]).toEqual([['poll'], []])

      proxy.blocking = 'open'
      const { length } = place.requests
      await passing(away.runtime, () => chosen(away).length === 2)
      await synced(away)
      away.write('live again')
      await passing(near.runtime, () => near.log.includes('live again'))
      await synced(away)
      const after = place.requests.slice(length).filter((request) => request.startsWith('POST'))
      expect([chosen(away), after, place.relay.rooms()[0]?.connections]).toEqual([['poll', 'live'], [], 2])
      await place.runtime.advance(30_000)
      expect([away.log, near.peer.state.phase]).toEqual([near.log, 'synced'])
    },
  )

  it('[B37] a relay that is down is no such place: nothing is chosen, and when it is back it is met live', async () => {
    await using place = await openPollingPlace()
    await using proxy = await openProxy(() => place.port)
    proxy.isDown = true
    await using away = client(proxy)
    away.peer.start()
    away.write('meanwhile')
    await passing(away.runtime, () => away.runtime.now() > Date.UTC(2025, 0, 1, 0, 1))
    expect([chosen(away), away.peer.state.phase]).toEqual([[], 'unreachable'])
    proxy.isDown = false
    away.peer.wake()
    await synced(away)
    expect([chosen(away), place.requests]).toEqual([[], []])
    await away.runtime.advance(fallback.steadyMs)
    proxy.cut()
    await passing(away.runtime, () => away.peer.state.phase !== 'synced')
    await synced(away)
    expect(chosen(away)).toEqual([])
  })

  it('[B37] while polling, a relay that goes and comes back is polled again', async () => {
    await using place = await openPollingPlace()
    await using proxy = await openProxy(() => place.port)
    proxy.blocking = 'refused'
    await using away = client(proxy)
    away.peer.start()
    await synced(away)
    proxy.isDown = true
    proxy.cut()
    await passing(away.runtime, () => away.peer.state.phase === 'unreachable')
    away.write('meanwhile')
    await passing(away.runtime, () => away.runtime.now() > Date.UTC(2025, 0, 1, 0, 1))
    proxy.isDown = false
    await synced(away)
    expect([chosen(away), away.settled.at(-1)]).toEqual([['poll'], 'committed'])
  })

  it('[B38] polling may be all that is wanted: then no WebSocket is asked for', async () => {
    await using place = await openPollingPlace()
    await using proxy = await openProxy(() => place.port)
    await using away = client(proxy, { mode: 'poll' })
    away.peer.start()
    away.write('by requests')
    await synced(away)
    await turns(50)
    await passing(away.runtime, () => away.runtime.now() > Date.UTC(2025, 0, 1, 0, 1))
    expect([proxy.upgrades(), chosen(away), away.settled.at(-1)]).toEqual([0, [], 'committed'])
    await using asked = client(proxy, { mode: 'manual', seed: 3 })
    asked.peer.start()
    await synced(asked)
    expect([proxy.upgrades(), asked.log]).toEqual([1, ['by requests']])
  })
})
