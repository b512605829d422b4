/** Connections over WebSockets, with real sockets: sending to many, slow and broken peers, ends, signs of life. */
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { webSocketTransport } from '../../adapters/websocket/client.ts'
import type { Connection } from '../../src/internal.ts'
import { clientFrame, openPlace, rawPeer, serverFrames, turn, until, type Place } from './websocket-place.ts'

const KIB = 1024

/** Everything that a connection hears, as text. */
function heardBy(connection: Connection): readonly string[] {
  const heard: string[] = []
  connection.onFrame((frame) => heard.push(Buffer.from(frame).toString()))
  return heard
}

async function callers(place: Place, count: number): Promise<readonly Connection[]> {
  const transport = webSocketTransport(place.url, nodeRuntime())
  const connections = await Promise.all(Array.from({ length: count }, () => transport.connect()))
  await until(() => place.visitors.length === count)
  return connections
}

/** Notes what is written to each socket from now on; the bytes go their way. */
function writesTo(place: Place): readonly (readonly Uint8Array[])[] {
  return place.sockets.map((socket) => {
    const writes: Uint8Array[] = []
    const write = socket.write.bind(socket) as (chunk: Uint8Array, ...rest: never[]) => boolean
    socket.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      writes.push(bytes)
      return write(bytes, ...rest)
    }
    return writes
  })
}

const endOf = (payload: Buffer): readonly [number, string] => [payload.readUInt16BE(0), payload.toString('utf8', 2)]

describe('sending to many', () => {
  it('[B1] a frame to fifty is made ready once, and arrives once at each', async () => {
    await using place = await openPlace()
    const heard = (await callers(place, 50)).map(heardBy)
    const writes = writesTo(place)
    const frame = Buffer.from('a change')
    for (const { connection } of place.visitors) connection.send(frame)
    await until(() => heard.every((one) => one.length > 0))
    expect(heard).toEqual(heard.map(() => ['a change']))
    expect(writes.map((one) => one.length)).toEqual(writes.map(() => 1))
    expect(new Set(writes.flat()).size, 'all write the very same bytes').toBe(1)
  })

  it('[B1] the frames of one turn leave in one write, joined once for all who are sent the same', async () => {
    await using place = await openPlace()
    const heard = (await callers(place, 20)).map(heardBy)
    const writes = writesTo(place)
    const words = Array.from({ length: 300 }, (_, index) => `frame ${index}`)
    const frames = words.map((word) => Buffer.from(word))
    for (const frame of frames) for (const { connection } of place.visitors) connection.send(frame)
    await until(() => heard.every((one) => one.length === 300))
    expect(heard).toEqual(heard.map(() => words))
    expect([writes.flat().length, new Set(writes.flat()).size]).toEqual([20, 1])
  })

  it('[B1] the answer to the request waits for what is said at once, and leaves with it', async () => {
    const waiting: number[] = []
    const word = Buffer.from('welcome')
    await using place = await openPlace({
      accept: (connection) => {
        waiting.push(place.sockets[0]?.writableLength ?? 0)
        connection.send(word)
        queueMicrotask(() => connection.send(word))
      },
    })
    const peer = await rawPeer(place.port)
    await until(() => serverFrames(peer.received()).length === 2)
    expect(waiting).toEqual([expect.any(Number)])
    expect(waiting[0]).toBeGreaterThan(100)
    expect(place.sockets[0]).toMatchObject({ writableCorked: 0, writableLength: 0 })
    peer.socket.destroy()
  })

  it('[B1] frames of all sizes keep their order, also with pings, pongs and the end between them', async () => {
    await using place = await openPlace()
    const socket = new WebSocket(place.url)
    const heard: (number | string)[] = []
    socket.on('message', (data: Buffer) => heard.push(data.byteLength))
    socket.on('pong', (data) => heard.push(data.toString()))
    const ended = new Promise((resolve) => socket.on('close', (...end) => resolve(end)))
    const { connection } = await place.visitor(0)
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 3, 300_000, 2, 1_000_000, 7]
    const asked = new Promise<void>((resolve) => {
      connection.onFrame(() => {
        // In one turn: our frames wait for its end, the answer to the ping is written at once.
        for (const size of sizes) connection.send(Buffer.alloc(size, size))
        resolve()
      })
    })
    await new Promise((resolve) => socket.once('open', resolve))
    for (let count = 0; count < 3; count++) {
      socket.send(Buffer.of(1))
      socket.ping(`ping ${count}`)
    }
    await asked
    await until(() => heard.filter((one) => typeof one === 'number').length === sizes.length * 3)
    connection.send(Buffer.alloc(9))
    connection.close('that is all', 4001)
    expect(await ended).toEqual([4001, Buffer.from('that is all')])
    expect(heard.filter((one) => typeof one === 'number')).toEqual([...sizes, ...sizes, ...sizes, 9])
    expect(heard.filter((one) => typeof one === 'string')).toEqual(['ping 0', 'ping 1', 'ping 2'])
  })
})

describe('slow peers', () => {
  it('[B2] who stops reading is ended with 1013; what waits is bounded, and given back at once', async () => {
    const maxBufferedBytes = 16_384 * KIB
    const runtime = memoryRuntime()
    await using place = await openPlace({ maxBufferedBytes, runtime })
    const peer = await rawPeer(place.port)
    peer.socket.pause()
    const { connection } = await place.visitor(0)
    connection.onFrame(() => undefined)
    let isOver = false
    void connection.closed.then(() => (isOver = true))
    const frame = Buffer.alloc(32 * KIB)
    let most = 0
    for (let count = 0; count < 5_000 && connection.waitingBytes <= maxBufferedBytes; count++) {
      connection.send(frame)
      most = Math.max(most, connection.waitingBytes)
      if (count % 400 === 399) await turn()
    }
    connection.send(frame)
    // What the socket has cannot be taken back; it never has more than a batch and what the write before left.
    const left = connection.waitingBytes
    for (let count = 0; count < 1_000; count++) connection.send(frame)
    expect([most <= maxBufferedBytes + 33 * KIB, left < 400 * KIB, connection.waitingBytes, isOver]).toEqual([
      true,
      true,
      left,
      false,
    ])
    const isEnd = ({ opcode }: { readonly opcode: number }): boolean => opcode === 8
    peer.socket.resume()
    await until(() => serverFrames(peer.received()).some(isEnd))
    const last = serverFrames(peer.received()).at(-1)
    expect([last?.opcode, endOf(last?.payload ?? Buffer.alloc(2))]).toEqual([8, [1013, 'reads too slowly']])
    await runtime.advance(2_000)
    await peer.ended
    const ending = { code: 'refused', reason: 'the other side reads too slowly', status: 1013 }
    expect(await connection.closed).toEqual(ending)
    expect(connection.waitingBytes).toBe(0)
  })

  it('[B2] who never reads again is gone after a farewell, and its bytes with it', async () => {
    const runtime = memoryRuntime()
    await using place = await openPlace({ maxBufferedBytes: 64 * KIB, runtime })
    const peer = await rawPeer(place.port)
    peer.socket.pause()
    const { connection } = await place.visitor(0)
    for (let count = 0; count < 1_000; count++) connection.send(Buffer.alloc(32 * KIB))
    await runtime.advance(2_000)
    expect(await connection.closed).toMatchObject({ code: 'refused', status: 1013 })
    expect(connection.waitingBytes).toBe(0)
    peer.socket.destroy()
  })

  it('[B2] a single frame may be larger than all that may wait', async () => {
    await using place = await openPlace({ maxBufferedBytes: KIB })
    const [caller] = await callers(place, 1)
    const heard = new Promise<number>((resolve) => caller?.onFrame((frame) => resolve(frame.byteLength)))
    place.visitors[0]?.connection.send(Buffer.alloc(5_000 * KIB))
    expect(await heard).toBe(5_000 * KIB)
  })
})

describe('peers that break the rules', () => {
  const cases: readonly [string, Buffer, number][] = [
    ['a text frame', clientFrame(1, Buffer.from('hello')), 4400],
    ['a frame that is too large', clientFrame(2, Buffer.alloc(0), { claims: 40_000_000 }), 1009],
    ['a frame without a mask', Buffer.from([0x82, 1, 1]), 1002],
    ['a kind that does not exist', clientFrame(3, Buffer.alloc(0)), 1002],
    ['reserved bits', Buffer.from([0xc2, 0x80, 0, 0, 0, 0]), 1002],
  ]
  it.each(cases)('[B3] %s ends its own connection, and says why', async (_, bytes, status) => {
    await using place = await openPlace()
    const [other] = await callers(place, 1)
    const peer = await rawPeer(place.port)
    const { connection } = await place.visitor(1)
    const heard = heardBy(connection)
    peer.socket.write(Buffer.concat([clientFrame(2, Buffer.from('before')), bytes]))
    await until(() => peer.received().length > 0)
    const [frame] = serverFrames(peer.received())
    expect([frame?.opcode, frame?.payload.readUInt16BE(0)]).toEqual([8, status])
    peer.socket.end()
    expect(await connection.closed).toMatchObject({ code: 'refused', status })
    expect(heard).toEqual(['before'])
    const answers = heardBy(place.visitors[0]?.connection ?? connection)
    other?.send(Buffer.from('still here'))
    await until(() => answers.length === 1)
  })

  it('[B3] a frame that breaks off is no frame: the connection is lost', async () => {
    await using place = await openPlace()
    const peer = await rawPeer(place.port)
    const { connection } = await place.visitor(0)
    const heard = heardBy(connection)
    peer.socket.end(clientFrame(2, Buffer.from('half'), { claims: 100 }))
    expect(await connection.closed).toEqual({ code: 'lost', reason: 'the other side went away' })
    expect(heard).toEqual([])
  })

  it('[B3] a relay that sends text, or too much, is refused by the client', async () => {
    const server = createServer()
    await using place = await openPlace({ server, maxSentBytes: 10_000 })
    const connection = await webSocketTransport(place.url, nodeRuntime(), { maxFrameBytes: 5_000 }).connect()
    place.visitors[0]?.connection.send(Buffer.alloc(5_001))
    expect(await connection.closed).toMatchObject({ code: 'refused', status: 1009 })
    const second = await webSocketTransport(place.url, nodeRuntime()).connect()
    await place.visitor(1)
    place.sockets[1]?.write(Buffer.from([0x81, 2, 0x68, 0x69]))
    expect(await second.closed).toMatchObject({ code: 'refused', status: 4400 })
    expect(await place.visitors[1]?.connection.closed).toEqual({
      code: 'closed',
      reason: 'send binary frames',
      status: 4400,
    })
  })
})

describe('ends', () => {
  it.each([4401, 1001, 1013, 4529])('[B4] the number %i and the reason arrive, both ways', async (status) => {
    await using place = await openPlace()
    const [first, second] = await callers(place, 2)
    const ending = { code: 'closed', reason: 'because', status }
    first?.close('because', status)
    place.visitors[1]?.connection.close('because', status)
    const visitors = place.visitors.map(({ connection }) => connection.closed)
    expect(await Promise.all([first?.closed, second?.closed, ...visitors])).toEqual([ending, ending, ending, ending])
  })

  it('[B4] of a long reason as much arrives as a frame takes, never half a character', async () => {
    await using place = await openPlace()
    const [caller] = await callers(place, 1)
    place.visitors[0]?.connection.close(`ab${'\u{1f30a}'.repeat(40)}`, 4000)
    expect(await caller?.closed).toEqual({ code: 'closed', reason: `ab${'\u{1f30a}'.repeat(30)}`, status: 4000 })
  })

  it('[B4] a stock client that ends without a number ends it in order; one that is cut off is lost', async () => {
    await using place = await openPlace()
    const [polite, rude] = [new WebSocket(place.url), new WebSocket(place.url)]
    for (const socket of [polite, rude]) await new Promise((resolve) => socket.once('open', resolve))
    await until(() => place.visitors.length === 2)
    polite.close()
    rude.terminate()
    const endings = await Promise.all(place.visitors.map(({ connection }) => connection.closed))
    expect(endings.map(({ code, status }) => `${code} ${status}`).toSorted()).toEqual([
      'closed undefined',
      'lost undefined',
    ])
  })
})

describe('signs of life', () => {
  it('[B5] who answers pings stays, who does not is lost at the next', async () => {
    const runtime = memoryRuntime()
    await using place = await openPlace({ runtime, pingMs: 30_000 })
    const client = new WebSocket(place.url)
    const pings: unknown[] = []
    client.on('ping', (data) => pings.push(data))
    await place.visitor(0)
    const peer = await rawPeer(place.port)
    const { connection } = await place.visitor(1)
    const before = place.sockets[0]?.bytesRead ?? 0
    await runtime.advance(30_000)
    await until(() => pings.length === 1 && (place.sockets[0]?.bytesRead ?? 0) > before)
    await until(() => serverFrames(peer.received()).some(({ opcode }) => opcode === 9))
    await runtime.advance(29_999)
    expect(client.readyState).toBe(WebSocket.OPEN)
    await runtime.advance(1)
    expect(await connection.closed).toEqual({ code: 'lost', reason: 'the other side fell silent' })
    await peer.ended
    expect(client.readyState).toBe(WebSocket.OPEN)
    client.terminate()
  })

  it('[B5] one timer looks at all, at each when its time has come, and none is left with the last', async () => {
    const runtime = memoryRuntime()
    await using place = await openPlace({ runtime, pingMs: 30_000 })
    const pings: string[] = []
    const sockets: WebSocket[] = []
    for (const [index, name] of ['first', 'second', 'third'].entries()) {
      const socket = new WebSocket(place.url)
      socket.on('ping', () => pings.push(name))
      sockets.push(socket)
      await place.visitor(index)
      await runtime.advance(10_000)
    }
    expect(runtime.sleeping).toBe(1)
    await until(() => pings.length === 1)
    await runtime.advance(9_999)
    expect(pings).toEqual(['first'])
    await runtime.advance(10_001)
    await until(() => pings.length === 3)
    expect(pings).toEqual(['first', 'second', 'third'])
    for (const socket of sockets) socket.terminate()
    await Promise.all(place.visitors.map(({ connection }) => connection.closed))
    expect(runtime.sleeping).toBe(0)
  })

  it('[B5] a large frame that comes slowly is a sign of life; so is, for ten looks, one that leaves slowly', async () => {
    const runtime = memoryRuntime()
    await using place = await openPlace({ runtime, pingMs: 1_000 })
    const [slow, stuck] = [await rawPeer(place.port), await rawPeer(place.port)]
    const [giver, taker] = place.visitors
    let isOver = false
    void taker?.connection.closed.then(() => (isOver = true))
    const heard = heardBy(giver?.connection ?? (await place.visitor(0)).connection)
    stuck.socket.pause()
    await until(() => {
      taker?.connection.send(Buffer.alloc(100 * KIB))
      return (taker?.connection.waitingBytes ?? 0) > 1_000 * KIB
    })
    const frame = clientFrame(2, Buffer.from('a frame of many pieces'))
    for (let count = 0; count < 10; count++) {
      const before = place.sockets[0]?.bytesRead ?? 0
      slow.socket.write(frame.subarray(count * 2, count * 2 + 2))
      await until(() => (place.sockets[0]?.bytesRead ?? 0) > before)
      await runtime.advance(1_000)
    }
    expect(isOver).toBe(false)
    slow.socket.write(frame.subarray(20))
    await until(() => heard.length === 1)
    await runtime.advance(1_000)
    expect(await taker?.connection.closed).toEqual({ code: 'lost', reason: 'the other side fell silent' })
    for (const { socket } of [slow, stuck]) socket.destroy()
  })

  it('[B5] a client takes pings for life, and gives a silent relay up after two and a half of them', async () => {
    const runtime = memoryRuntime()
    await using place = await openPlace()
    const connection = await webSocketTransport(place.url, runtime, { pingMs: 30_000 }).connect()
    let isOver = false
    void connection.closed.then(() => (isOver = true))
    const { connection: relay } = await place.visitor(0)
    connection.onFrame(() => undefined)
    for (let count = 0; count < 5; count++) {
      await runtime.advance(60_000)
      const pongs = place.sockets[0]?.bytesRead ?? 0
      place.sockets[0]?.write(Buffer.from([0x89, 0]))
      await until(() => (place.sockets[0]?.bytesRead ?? 0) > pongs)
    }
    await runtime.advance(75_000)
    expect(isOver).toBe(false)
    await runtime.advance(15_000)
    expect(await connection.closed).toEqual({ code: 'lost', reason: 'the other side fell silent' })
    expect(await relay.closed).toMatchObject({ code: 'lost' })
  })
})
