/**
 * Bytes that no client of ours sends, over real sockets against one relay process: it lives on, in bounded memory, and those
 * beside them notice nothing. Longer: RELAY_FRAMES=200000.
 */
import { connect } from 'node:net'
import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { writePresences } from '../../src/sync/awareness.ts'
import {
  readRelayMessage,
  writeAwareness,
  writeBarrier,
  writeMissing,
  writeQuestion,
  writeUpdate,
  writeVector,
  type Settlement,
} from '../../src/sync/protocol.ts'
import { clientFrame, rawPeer, serverFrames } from '../adapters/websocket-place.ts'
import { bytesOf, gc, mutate, Play, skip, updateOf } from '../relay/hostile.ts'
import { createDice, type Dice } from '../support/dice.ts'
import { RelayClient } from './relay-client.ts'
import { forgetPeak, memoryOf, openRelayPlace, until, within, type RelayProcess } from './relay-place.ts'
import { inParallel } from './support.ts'

const FRAMES = Number(process.env['RELAY_FRAMES'] ?? 20_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
/** As long as it may take beside other tests. */
const TIMEOUT_MS = Math.max(60_000, FRAMES * 3)
const PROJECT = 'k3v9x0c2m4n6p8q1'
const MIB = 1024 * 1024
const LAST_BARRIER = 7_654_321

async function counters(relay: RelayProcess): Promise<Readonly<Record<string, number>>> {
  const answer = (await (await fetch(`${relay.http}/api/server`)).json()) as { counters: Record<string, number> }
  return answer.counters
}

/** Writes and reads beside what else goes on, each time with a barrier; what it counts was all committed, and read by another. */
async function witness(
  url: string,
  isOver: () => boolean,
): Promise<{ readonly written: number; readonly slowestMs: number }> {
  const [writer, reader] = [await RelayClient.join(url), await RelayClient.join(url)]
  let [written, slowestMs] = [0, 0]
  while (!isOver()) {
    const [key, value] = [`witness-${written % 50}`, written]
    const began = performance.now()
    expect(await writer.write(key, value), `write ${written}`).toBe(true)
    expect((await reader.barrier())?.status, `reading ${written}`).toBe('committed')
    slowestMs = Math.max(slowestMs, performance.now() - began)
    expect(reader.values.get(key)).toBe(value)
    written++
  }
  await Promise.all([writer.leave(), reader.leave()])
  return { written, slowestMs }
}

/** What a client says in its life, in an order that could be. */
function framesOf(dice: Dice): readonly Uint8Array[] {
  const play = new Play(dice)
  for (let step = 0; step < 25; step++) play.step()
  const [doc = new Y.Doc()] = play.docs
  const state = JSON.stringify({ user: { name: 'someone' } })
  return [
    writeVector(Y.encodeStateVector(doc)),
    writeAwareness(writePresences([{ client: 1 + dice.below(2 ** 31), clock: 1, state }])),
    writeQuestion(1, JSON.stringify({ method: 'keys.confirm', params: { keys: [['0123456789', 1]] } })),
    ...play.updates.map(writeUpdate),
    writeMissing(Y.encodeStateAsUpdate(doc)),
    writeBarrier(3),
  ]
}

/** One connection, until the relay ends it or has answered for everything: the number of the end, or the answer. */
async function attack(url: string, frames: readonly Uint8Array[]): Promise<number | Settlement> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('error', () => undefined)
  socket.once('open', () => {
    for (const frame of [...frames, writeBarrier(LAST_BARRIER)]) socket.send(frame)
  })
  return within(
    'an answer or an end',
    new Promise((resolve) => {
      socket.once('close', (status: number) => resolve(status))
      socket.on('message', (data: Buffer) => {
        const message = readRelayMessage(new Uint8Array(data))
        if (message?.kind !== 'settled' || message.number !== LAST_BARRIER) return
        socket.removeAllListeners('close')
        socket.terminate()
        resolve(message.status)
      })
    }),
  )
}

/** As `attack`, with everything in one go: nothing is faster. 0 where it lived. */
async function barrage(port: number, frames: readonly Uint8Array[]): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const bytes: Buffer[] = []
  const handshake = [
    `GET /sync/${PROJECT} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ]
  const said = [...frames, writeBarrier(LAST_BARRIER)].map((frame) => clientFrame(2, frame))
  socket.write(Buffer.concat([Buffer.from(`${handshake.join('\r\n')}\r\n\r\n`), ...said]))
  return within(
    'an answer or an end',
    new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        bytes.push(chunk)
        const received = Buffer.concat(bytes)
        for (const { opcode, payload } of serverFrames(received.subarray(received.indexOf('\r\n\r\n') + 4))) {
          if (opcode !== 8 && payload.indexOf(writeBarrier(LAST_BARRIER)) !== 0) continue
          socket.destroy()
          resolve(opcode === 8 ? payload.readUInt16BE() : 0)
        }
      })
      socket.once('close', () => resolve(-1))
    }),
  )
}

const count =
  (most: number): ((encoder: encoding.Encoder) => void) =>
  (encoder) =>
    encoding.writeVarUint(encoder, most)
/** A few bytes each that speak of very much. */
const bombs: Readonly<Record<string, Uint8Array>> = {
  structs: writeUpdate(bytesOf((encoder) => [1, 2 ** 28, 1, 0].forEach((one) => encoding.writeVarUint(encoder, one)))),
  writers: writeUpdate(bytesOf(count(2 ** 31))),
  'deleted ranges': writeUpdate(Uint8Array.of(0, 0xff, 0xff, 0xff, 0x7f)),
  'values in a list': writeUpdate(
    updateOf([{ client: 1, clock: 0, structs: [{ info: 8, parent: 'r', content: count(2 ** 30) }] }]),
  ),
  'a gap': writeUpdate(updateOf([{ client: 1, clock: 0, structs: [skip(2 ** 50), gc(1)] }])),
  'a hole': writeUpdate(updateOf([{ client: 1, clock: 0, structs: [gc(2 ** 53 - 1)] }])),
  'a text': writeUpdate(
    updateOf([{ client: 1, clock: 0, structs: [{ info: 4, parent: 'r', content: count(2 ** 31) }] }]),
  ),
  'a vector': writeVector(bytesOf(count(2 ** 31))),
  presences: writeAwareness(bytesOf(count(2 ** 31))),
  'a frame in a frame': Uint8Array.of(0, 2, 0xff, 0xff, 0xff, 0x7f),
}

describe('a relay among hostile clients', { timeout: TIMEOUT_MS }, () => {
  it(`[G57] hears ${FRAMES} turned, cut and spliced frames, lives on in bounded memory, and disturbs nobody (seed ${SEED})`, async () => {
    await using place = await openRelayPlace()
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    const port = Number(new URL(url).port)
    const dice = createDice(SEED)
    const lives = Array.from({ length: 40 }, () => framesOf(dice))
    const before = memoryOf(relay.pid).now
    let isOver = false
    const witnessed = witness(url, () => isOver)
    void witnessed.catch(() => undefined)
    const ends = new Map<number, number>()
    let [heard, connections] = [0, 0]
    const attackOn = async (): Promise<void> => {
      while (heard < FRAMES) {
        const [frames = [], others = []] = [dice.pick(lives), dice.pick(lives)]
        // What follows a frame that ends the connection is not heard: most are as they should be.
        const turned = frames.map((frame) =>
          dice.chance(0.3) ? mutate(dice, frame, dice.pick(others) ?? frame) : frame,
        )
        const end = await barrage(port, turned)
        ends.set(end, (ends.get(end) ?? 0) + 1)
        if (++connections % 100 === 0) heard = (await counters(relay))['messages'] ?? 0
      }
    }
    await Promise.all(Array.from({ length: 16 }, attackOn))
    isOver = true
    const { written, slowestMs } = await witnessed
    const { now, peak } = memoryOf(relay.pid)
    const { messages = 0, refused = 0, updates = 0 } = await counters(relay)
    process.stdout.write(
      `${messages} frames heard, ${updates} updates taken, ${refused} refused, ${connections} connections: ${JSON.stringify([...ends])}; ` +
        `witness ${written}, slowest ${Math.round(slowestMs)} ms; ${Math.round(before)} MB, at most ${Math.round(peak)}, now ${Math.round(now)}\n`,
    )
    expect(relay.exit()).toBe(undefined)
    expect([...ends.keys()].filter((end) => end !== 0 && end !== 4400)).toEqual([])
    expect(ends.get(4400)).toBeGreaterThan(FRAMES / 200)
    expect(refused).toBeGreaterThan(FRAMES / 1_000)
    expect(written).toBeGreaterThan(20)
    expect(peak - before).toBeLessThan(250)
  })

  it('[G58] ends what breaks a rule with the number of that rule, and gives memory to nothing that was only announced', async () => {
    await using place = await openRelayPlace()
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    let isOver = false
    const witnessed = witness(url, () => isOver)
    void witnessed.catch(() => undefined)
    let clock = 0
    const presences = (states: readonly string[]): Uint8Array => {
      clock++
      return writeAwareness(writePresences(states.map((state, index) => ({ client: index + 1, clock, state }))))
    }
    forgetPeak(relay.pid)
    const { now: before } = memoryOf(relay.pid)
    for (const [name, bomb] of Object.entries(bombs)) {
      expect(bomb.length, `${name}`).toBeLessThan(30)
      const ends = await Promise.all(Array.from({ length: 5 }, () => attack(url, [bomb])))
      // What an honest client may have sent for want of something else is asked for anew.
      expect(new Set(ends), `${name}`).toEqual(new Set([name === 'a gap' ? 'refused' : 4400]))
    }
    expect(memoryOf(relay.pid).peak - before).toBeLessThan(60)

    expect(await attack(url, [presences(['"'.padEnd(17_000, 'x')])])).toBe(4400)
    expect(await attack(url, [presences(Array.from({ length: 9 }, () => '{}'))])).toBe(4400)
    const text = await RelayClient.join(url)
    text.socket.send('words')
    expect(await text.ended).toMatchObject({ status: 4400 })
    const large = await RelayClient.join(url)
    large.socket.send(new Uint8Array(32 * MIB + 1))
    expect(await large.ended).toMatchObject({ status: 1009 })
    // A kind of message that nobody knows costs nothing but is counted.
    const many = await rawPeer(Number(new URL(url).port), `/sync/${PROJECT}`)
    many.socket.write(Buffer.concat(Array.from({ length: 210_000 }, () => clientFrame(2, Uint8Array.of(120)))))
    await within('the flood is ended', many.ended)
    expect(many.received().includes(Buffer.from([4529 >> 8, 4529 & 255]))).toBe(true)

    // One byte asks for all that everyone says: who asks without end and does not listen is sent away.
    const state = JSON.stringify('x'.repeat(16_000))
    const asking = await RelayClient.join(url)
    asking.send(presences(Array.from({ length: 8 }, () => state)))
    expect((await asking.barrier())?.status).toBe('committed')
    const { now: calm } = memoryOf(relay.pid)
    forgetPeak(relay.pid)
    asking.socket.pause()
    for (let asked = 0; asked < 3_000; asked++) asking.send(Uint8Array.of(3))
    await until('it is counted as slow', async () => ((await counters(relay))['closedSlow'] ?? 0) > 0)
    asking.socket.resume()
    expect(await asking.ended).toMatchObject({ status: 1013 })
    process.stdout.write(
      `a flood of questions: ${Math.round(calm)} MB, at most ${Math.round(memoryOf(relay.pid).peak)}\n`,
    )
    expect(memoryOf(relay.pid).peak - calm).toBeLessThan(200)
    isOver = true
    expect((await witnessed).written).toBeGreaterThan(5)
    expect(relay.exit()).toBe(undefined)
  })

  it('[G59] sends readers away that stand still while 100 MB come, grows by less than that, and they resume without loss', async () => {
    await using place = await openRelayPlace()
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    const writer = await RelayClient.join(url)
    const large = (turn: number): Uint8Array => new Uint8Array(MIB).fill(turn)
    // What it takes for the writer alone is measured first.
    for (let turn = 0; turn < 20; turn++) expect(await writer.write('large', large(turn))).toBe(true)
    const stalled = await Promise.all(Array.from({ length: 4 }, () => RelayClient.join(url)))
    for (const { socket } of stalled) socket.pause()
    const before = memoryOf(relay.pid).peak
    forgetPeak(relay.pid)
    // They listen again once they were sent away, while there is still someone to tell them why.
    const told = until('all are sent away', async () => (await counters(relay))['closedSlow'] === stalled.length).then(
      () => {
        for (const { socket } of stalled) socket.resume()
      },
    )
    for (let turn = 0; turn < 100; turn++) {
      expect(await writer.write('large', large(turn))).toBe(true)
      expect(await writer.write(`small-${turn}`, turn)).toBe(true)
    }
    await told
    expect((await counters(relay))['closedSlow']).toBe(stalled.length)
    const { peak } = memoryOf(relay.pid)
    const ends = await Promise.all(stalled.map(({ ended }) => ended))
    process.stdout.write(`four readers stand still: ${Math.round(before)} MB, at most ${Math.round(peak)}\n`)
    expect(ends.map(({ status }) => status)).toEqual([1013, 1013, 1013, 1013])
    expect(peak - before).toBeLessThan(100)
    await inParallel(stalled, 2, async ({ doc }) => {
      const again = await RelayClient.join(url, { doc })
      for (let turn = 0; turn < 100; turn++) expect(again.values.get(`small-${turn}`)).toBe(turn)
      expect(Buffer.compare(again.values.get('large') as Uint8Array, large(99))).toBe(0)
      await again.leave()
    })
    expect(await writer.write('after', true)).toBe(true)
    await writer.leave()
  })
})
