/** A relay by ordinary requests, with real sockets: what is sent, what is heard, what is on the disk, and how it ends. */
import { describe, expect, it } from 'vitest'
import { pollingTransport } from '../../adapters/http/polling.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import { webSocketTransport } from '../../adapters/websocket/client.ts'
import { openPollingPlace, passing, PROJECT, SmallClient, turns, type PollingPlace } from './polling-place.ts'
import { newUid, parseProjectId, readChanges, type Changes, type Connection } from '../../src/internal.ts'
import { readRelayMessage, writeQuestion } from '../../src/sync/protocol.ts'
import { turn, until } from './websocket-place.ts'

const polls = (place: PollingPlace, token?: string): SmallClient => {
  const runtime = memoryRuntime()
  const options = token === undefined ? {} : { token }
  return new SmallClient(pollingTransport(place.url, PROJECT, runtime, options), runtime)
}
const lives = (place: PollingPlace): SmallClient => {
  const runtime = memoryRuntime({ seed: 2 })
  return new SmallClient(webSocketTransport(`${place.url.replace('http', 'ws')}/sync/${PROJECT}`, runtime), runtime)
}
const synced = (...clients: readonly SmallClient[]): Promise<void> =>
  until(() => clients.every(({ peer }) => peer.state.phase === 'synced'))

const count = (place: PollingPlace, method: string): number =>
  place.requests.filter((request) => request.startsWith(method)).length

describe('a client by requests', () => {
  it('[B30][B31] it and a live one have what the other writes, both ways', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    await using live = lives(place)
    polling.write('before, by requests')
    live.write('before, live')
    for (const client of [polling, live]) client.peer.start()
    await synced(polling, live)
    await until(() => polling.log.length === 2 && live.log.length === 2)
    polling.write('by requests')
    await until(() => live.log.includes('by requests'))
    live.write('live')
    await until(() => polling.log.includes('live'))
    expect(polling.log).toEqual(live.log)
    await synced(polling, live)
    expect(new Set([...polling.settled, ...live.settled])).toEqual(new Set(['committed']))
  })

  it('[B30] what is written in one moment goes in few exchanges, in order', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    await using live = lives(place)
    for (const client of [polling, live]) client.peer.start()
    await synced(polling, live)
    const before = count(place, 'POST')
    for (let number = 0; number < 1_000; number++) polling.write(`${number}`)
    await until(() => live.log.length === 1_000)
    await synced(polling)
    expect(live.heard).toEqual(Array.from({ length: 1_000 }, (_, number) => `${number}`))
    expect(count(place, 'POST') - before).toBeLessThanOrEqual(4)
  })

  it('[B31] a thousand changes of others arrive, commit by commit, in order, each once', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    await using live = lives(place)
    for (const client of [polling, live]) client.peer.start()
    await synced(polling, live)
    for (let number = 0; number < 1_000; number++) {
      live.write(`${number}`)
      if (number % 8 === 0) await turn()
    }
    await until(() => polling.log.length === 1_000)
    expect(polling.heard).toEqual(Array.from({ length: 1_000 }, (_, number) => `${number}`))
    expect(place.relay.counters.commits).toBeGreaterThan(50)
    expect(polling.peer.state).toEqual({ phase: 'synced' })
  })

  it('[B31] while nothing happens one request is open, and the next comes when that is answered', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    polling.peer.start()
    await synced(polling)
    await turns(200)
    const before = place.requests.length
    for (let minute = 0; minute < 5; minute++)
      for (let part = 0; part < 4; part++) {
        await polling.runtime.advance(15_000)
        await place.runtime.advance(15_000)
        await turns(50)
      }
    expect(place.requests.slice(before)).toEqual(place.requests.slice(before).map(() => `GET /api/sync/${PROJECT}`))
    expect(place.requests.length - before).toBeGreaterThanOrEqual(8)
    expect(place.requests.length - before).toBeLessThanOrEqual(12)
    expect(polling.peer.state).toEqual({ phase: 'synced' })
  })

  it('[B31] whoever answers at once that nothing is new is not asked again without a pause', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    polling.peer.start()
    await synced(polling)
    await turns(100)
    const before = place.requests.length
    // The relay's clock runs ahead: every poll is over at once.
    for (let step = 0; step < 50; step++) {
      await place.runtime.advance(25_000)
      await polling.runtime.advance(100)
      await turns(10)
    }
    expect(place.requests.length - before).toBeLessThanOrEqual(7)
  })

  it('[B30] nothing is said to be saved, and nobody hears of it, before it is on the disk', async () => {
    let isHeld = false
    const held: (() => void)[] = []
    const disk = createMemoryDisk({
      sync: () => (isHeld ? new Promise((resolve) => held.push(resolve)) : Promise.resolve()),
    })
    await using place = await openPollingPlace({ disk })
    await using polling = polls(place)
    await using live = lives(place)
    for (const client of [polling, live]) client.peer.start()
    await synced(polling, live)
    const before = polling.settled.length
    isHeld = true
    polling.write('on its way')
    await turns(300)
    const seen = [polling.settled.length - before, polling.peer.state.phase, live.log]
    isHeld = false
    for (const release of held) release()
    expect(seen).toEqual([0, 'syncing', []])
    await until(() => live.log.length === 1)
    await synced(polling)
    expect(polling.settled.slice(before)).toContain('committed')
  })

  it('[B30] a disk that fails is no answer: the client comes back with everything', async () => {
    let fails = 0
    const disk = createMemoryDisk({
      sync: () => (fails-- > 0 ? Promise.reject(new Error('no space left')) : Promise.resolve()),
    })
    await using place = await openPollingPlace({ disk })
    await using polling = polls(place)
    polling.peer.start()
    await synced(polling)
    const before = polling.settled.length
    fails = 2
    polling.write('once more')
    await until(() => polling.peer.state.phase === 'unreachable')
    expect(polling.settled.length).toBe(before)
    await passing(polling.runtime, () => polling.peer.state.phase === 'synced')
    await using other = polls(place)
    other.peer.start()
    await until(() => other.log.length === 1)
  })

  it('[B34] questions are answered; whoever says its name ends its older connection', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    polling.peer.start()
    await synced(polling)
    const uid = newUid(polling.runtime.random)
    const keys = [[uid, 1]]
    const confirmed = await polling.peer.ask('keys.confirm', { keys })
    await expect(polling.peer.ask('keys.confirm', { keys: 'all' })).rejects.toThrow('keys: it is not a list')
    const live = await webSocketTransport(
      `${place.url.replace('http', 'ws')}/sync/${PROJECT}`,
      polling.runtime,
    ).connect()
    const { answer } = await named(place, live)
    const reason = 'this client came back over another connection'
    expect([confirmed, answer, (await live.closed).reason]).toEqual([{ keys }, { result: {} }, reason])
    expect(place.requests).toContain(`POST /api/sync/${PROJECT}/ask`)
  })

  it('[B34] presence does not travel: nobody sees who is here by requests', async () => {
    await using place = await openPollingPlace()
    await using polling = polls(place)
    await using live = lives(place)
    for (const client of [polling, live]) client.peer.start()
    await synced(polling, live)
    await place.runtime.advance(100)
    await turns(50)
    expect([place.relay.presences(PROJECT).length, live.peer.others, polling.peer.others]).toEqual([1, [], []])
  })
})

describe('who may', () => {
  it('[B32] a token that may read only hears everything, and what it writes is known not to be saved', async () => {
    await using place = await openPollingPlace({ masters: ['master-token-1'] })
    const { token } = await place.relay.tokens.create(parseProjectId(PROJECT), 'read', '')
    await using reading = polls(place, token)
    await using writing = polls(place, 'master-token-1')
    for (const client of [reading, writing]) client.peer.start()
    await synced(reading, writing)
    writing.write('for all')
    await until(() => reading.log.length === 1)
    reading.write('for nobody')
    await until(() => reading.settled.includes('read-only'))
    await turns(100)
    expect([reading.peer.refusal, writing.log]).toEqual(['the token may read only', ['for all']])
  })

  it('[B32] a token that is taken away ends the request that waits; the client does not come back', async () => {
    await using place = await openPollingPlace()
    const { token, id } = await place.relay.tokens.create(parseProjectId(PROJECT), 'write', '')
    await using polling = polls(place, token)
    polling.peer.start()
    await synced(polling)
    await turns(100)
    await place.relay.revoke(id, PROJECT)
    await until(() => polling.peer.state.phase === 'denied')
    const { length } = place.requests
    await polling.runtime.advance(600_000)
    await turns(50)
    expect([polling.peer.state, place.requests.length]).toEqual([
      { phase: 'denied', reason: 'this token does not open this project', status: 4401 },
      length,
    ])
  })
})

describe('a relay that knows nothing of what was', () => {
  it.each([
    ['starts again', 'here', true],
    ['starts again with other data', 'elsewhere', false],
  ])('[B33] one that %s: the client comes back with everything, and nothing is lost', async (_, where, isSame) => {
    const first = await openPollingPlace()
    const runtime = memoryRuntime()
    await using polling = new SmallClient(pollingTransport(first.url, PROJECT, runtime), runtime)
    polling.peer.start()
    await synced(polling)
    polling.write('before')
    await synced(polling)
    await first[Symbol.asyncDispose]()
    await until(() => polling.peer.state.phase === 'unreachable')
    polling.write('meanwhile')
    await using second = await openPollingPlace({
      port: first.port,
      place: where,
      ...(isSame ? { disk: first.disk } : {}),
    })
    await passing(runtime, () => polling.peer.state.phase === 'synced')
    await using other = polls(second)
    other.peer.start()
    await until(() => other.log.length === 2)
    expect([other.log, second.relay.epoch === first.relay.epoch]).toEqual([['before', 'meanwhile'], isSame])
  })

  it('[B33] it says so at once: of other data, of what never was, of what it keeps no longer', async () => {
    await using place = await openPollingPlace()
    await using live = lives(place)
    live.peer.start()
    await synced(live)
    for (let number = 0; number < 60; number++) {
      live.write(`${number}`.repeat(10_000))
      await synced(live)
    }
    const { epoch } = place.relay
    const since = async (query: string): Promise<Changes | undefined> => {
      const answer = await fetch(`${place.url}/api/sync/${PROJECT}?${query}`)
      return readChanges(new Uint8Array(await answer.arrayBuffer()))
    }
    const { seq = 0 } = (await since('')) ?? {}
    expect(seq).toBeGreaterThanOrEqual(60)
    for (const query of ['', `epoch=other&since=${seq}`, `epoch=${epoch}&since=${seq + 1}`, `epoch=${epoch}&since=1`])
      expect([query, await since(query)]).toEqual([query, { epoch, seq, updates: undefined }])
    expect((await since(`epoch=${epoch}&since=${seq - 5}`))?.updates?.length).toBe(5)
  })
})

/** A live connection says its name, then a request says the same. */
async function named(place: PollingPlace, live: Connection): Promise<{ readonly answer: unknown }> {
  const json = JSON.stringify({ method: 'connection.name', params: { name: 'nobody else knows this' } })
  let isAnswered = false
  live.onFrame((frame) => (isAnswered ||= readRelayMessage(frame)?.kind === 'answer'))
  live.send(writeQuestion(1, json))
  await until(() => isAnswered)
  const answer = await fetch(`${place.url}/api/sync/${PROJECT}/ask`, { method: 'POST', body: json })
  return { answer: await answer.json() }
}
