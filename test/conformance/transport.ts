/** What every Transport promises: whole frames in order, an end with its reason, and no peer that harms the process. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, Transport } from '../../src/internal.ts'

export interface TransportUnderTest extends AsyncDisposable {
  /** Takes frames of at most `maxFrameBytes`. Every call is another program at the same place. */
  transport(): Transport
  /** What connecting fails with where nobody listens. @default CONNECTION_CLOSED */
  readonly unreachable?: string
  /** Whether the number of an end reaches the other side. @default false */
  readonly carriesStatus?: boolean
}

export const maxFrameBytes: number = 2 * 1024 * 1024

export function transportConformance(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`transport: ${name}`, () => {
    let world: TransportUnderTest
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world[Symbol.asyncDispose]())

    frames(() => world)
    waiting(() => world)
    endings(() => world)
    numbers(() => world)
    places(() => world)
  })
}

interface Pair extends AsyncDisposable {
  readonly caller: Connection
  readonly listener: Connection
}

async function openPair(world: TransportUnderTest): Promise<Pair> {
  let accept: (connection: Connection) => void = () => undefined
  const accepted = new Promise<Connection>((resolve) => (accept = resolve))
  const listening = await world.transport().listen((connection) => accept(connection))
  const caller = await world.transport().connect()
  const listener = await accepted
  return {
    caller,
    listener,
    [Symbol.asyncDispose]: async () => {
      caller.close('test over')
      await Promise.all([caller.closed, listener.closed, listening[Symbol.asyncDispose]()])
    },
  }
}

/** The next `count` frames; later ones go on being collected. */
function collect(connection: Connection, count: number): Promise<readonly Uint8Array[]> {
  const heard: Uint8Array[] = []
  return new Promise((resolve) => {
    connection.onFrame((frame) => {
      heard.push(frame)
      if (heard.length === count) resolve(heard)
    })
  })
}

/** Nothing tells that unheard frames have come; after some turns of the event loop they have, by any means. */
async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const some = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff)

function frames(world: () => TransportUnderTest): void {
  it('[P12] frames arrive whole and in order, both ways, whatever their size', async () => {
    await using pair = await openPair(world())
    const sent = [1, 0, 3, 65_531, 65_532, 65_536, 4, 1_000_000, 0, 5, maxFrameBytes, 6].map(some)
    for (const [from, to] of [
      [pair.caller, pair.listener],
      [pair.listener, pair.caller],
    ] as const) {
      const heard = collect(to, sent.length)
      for (const frame of sent) from.send(frame)
      expect((await heard).map((frame, index) => Buffer.compare(frame, sent[index] ?? some(9)))).toEqual(
        sent.map(() => 0),
      )
    }
  })

  it('[P12] a thousand frames at once stay a thousand frames', async () => {
    await using pair = await openPair(world())
    const heard = collect(pair.listener, 1_000)
    for (let index = 0; index < 1_000; index++) pair.caller.send(Uint8Array.of(index >> 8, index & 0xff))
    expect((await heard).map(([high = 0, low = 0]) => high * 256 + low)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index),
    )
  })

  it('[P13] frames that came before anyone listened are handed over first', async () => {
    await using pair = await openPair(world())
    const answers = collect(pair.caller, 1)
    for (const number of [1, 2, 3]) pair.caller.send(Uint8Array.of(number))
    pair.listener.send(Uint8Array.of(0))
    await answers
    await manyTurns()
    const heard = collect(pair.listener, 4)
    pair.caller.send(Uint8Array.of(4))
    expect(await heard).toEqual([1, 2, 3, 4].map((number) => Uint8Array.of(number)))
  })

  it('[P14] a frame that is too large is refused where it is sent; the connection lives on', async () => {
    await using pair = await openPair(world())
    expect(() => pair.caller.send(some(maxFrameBytes + 1))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    const heard = collect(pair.listener, 1)
    pair.caller.send(some(3))
    expect(await heard).toEqual([some(3)])
  })
}

function waiting(world: () => TransportUnderTest): void {
  it('[P62] what was sent and has not left is counted, and is nothing once the other side has it', async () => {
    await using pair = await openPair(world())
    const frame = some(maxFrameBytes)
    expect([pair.caller.waitingBytes, pair.listener.waitingBytes]).toEqual([0, 0])
    for (const [from, to] of [
      [pair.caller, pair.listener],
      [pair.listener, pair.caller],
    ] as const) {
      const heard = collect(to, 20)
      for (let count = 0; count < 20; count++) from.send(frame)
      // The system takes some at once; what is written around a frame counts with it.
      expect(from.waitingBytes).toBeGreaterThan(maxFrameBytes)
      expect(from.waitingBytes).toBeLessThan(20 * (maxFrameBytes + 100))
      await heard
      while (from.waitingBytes > 0) await new Promise((resolve) => setImmediate(resolve))
    }
  })
}

function numbers(world: () => TransportUnderTest): void {
  it('[P63] the number of an end is known where it was given, and on the other side where it is carried', async () => {
    for (const side of ['caller', 'listener'] as const) {
      const pair = await openPair(world())
      pair[side].close('not with this token', 4401)
      const other = side === 'caller' ? pair.listener : pair.caller
      const ending = { code: 'closed', reason: 'not with this token' }
      expect(await pair[side].closed).toMatchObject(ending)
      const carried = world().carriesStatus === true ? { ...ending, status: 4401 } : ending
      expect(await other.closed).toEqual(carried)
      await pair[Symbol.asyncDispose]()
    }
  })
}

function endings(world: () => TransportUnderTest): void {
  it('[P15] what was sent before the end arrives, then both sides know the reason', async () => {
    const pair = await openPair(world())
    const heard = collect(pair.listener, 2)
    pair.caller.send(some(1_000_000))
    pair.caller.send(some(2))
    pair.caller.close('work done: \u{1f30a}')
    pair.caller.close('again')
    expect((await heard).map((frame) => frame.byteLength)).toEqual([1_000_000, 2])
    const ending = { code: 'closed', reason: 'work done: \u{1f30a}' }
    expect(await Promise.all([pair.caller.closed, pair.listener.closed])).toEqual([ending, ending])
    await pair[Symbol.asyncDispose]()
  })

  it('[P15] after the end nothing is sent and nothing is heard, and that is no error', async () => {
    const pair = await openPair(world())
    const heard: Uint8Array[] = []
    pair.caller.onFrame((frame) => heard.push(frame))
    pair.caller.close('done')
    pair.listener.send(some(1))
    await Promise.all([pair.caller.closed, pair.listener.closed])
    pair.caller.send(some(1))
    pair.listener.send(some(1))
    pair.listener.close('again')
    await pair[Symbol.asyncDispose]()
    expect(heard).toEqual([])
  })

  it('[P15] who ended it hears nothing more, also of what came before and was not heard yet', async () => {
    const pair = await openPair(world())
    for (const size of [1, 2, 3]) pair.listener.send(some(size))
    await manyTurns()
    pair.caller.close('done')
    const heard: Uint8Array[] = []
    pair.caller.onFrame((frame) => heard.push(frame))
    await pair[Symbol.asyncDispose]()
    expect(heard).toEqual([])
  })

  it('[P16] a listener that throws ends its own connection and no other', async () => {
    await using pair = await openPair(world())
    const other = await world().transport().connect()
    pair.listener.onFrame(() => {
      throw new Error('cannot take that')
    })
    pair.caller.send(some(1))
    pair.caller.send(some(1))
    expect(await pair.listener.closed).toMatchObject({ code: 'fault', reason: 'cannot take that' })
    expect(await pair.caller.closed).toMatchObject({ code: 'closed', reason: 'the other side failed' })
    other.close('still here')
    expect(await other.closed).toEqual({ code: 'closed', reason: 'still here' })
  })

  it('[P16] whoever accepts and throws ends that connection; the next is taken', async () => {
    let isFirst = true
    await using listening = await world()
      .transport()
      .listen((connection) => {
        if (!isFirst) return connection.onFrame((frame) => connection.send(frame))
        isFirst = false
        throw new Error('not ready')
      })
    const refused = await world().transport().connect()
    expect(await refused.closed).toMatchObject({ code: 'closed', reason: 'the other side failed' })
    const taken = await world().transport().connect()
    const heard = collect(taken, 1)
    taken.send(some(3))
    expect(await heard).toEqual([some(3)])
    taken.close('done')
    await taken.closed
    expect(listening).toBeDefined()
  })
}

function places(world: () => TransportUnderTest): void {
  it('[P17] where nobody listens nobody is reached, and a signal ends the attempt with its reason', async () => {
    const nobody = { code: world().unreachable ?? 'CONNECTION_CLOSED', details: { reason: 'nobody listens there' } }
    await expect(world().transport().connect()).rejects.toMatchObject(nobody)
    const reason = new Error('enough')
    await expect(
      world()
        .transport()
        .connect({ signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
  })

  it('[P18] one place has one listener: the second is refused, the first goes on', async () => {
    await using pair = await openPair(world())
    const second = world()
      .transport()
      .listen(() => undefined)
    await expect(second).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    const heard = collect(pair.listener, 1)
    pair.caller.send(some(3))
    expect(await heard).toEqual([some(3)])
    const next = await world().transport().connect()
    next.close('done')
    await next.closed
  })

  it('[P18] a closed listener takes nobody, leaves open connections alone, and its place is free', async () => {
    const accepted: Connection[] = []
    const first = await world()
      .transport()
      .listen((connection) => accepted.push(connection))
    const caller = await world().transport().connect()
    caller.send(some(1))
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([first[Symbol.asyncDispose](), first[Symbol.asyncDispose]()])
    const unreachable = { code: world().unreachable ?? 'CONNECTION_CLOSED' }
    await expect(world().transport().connect()).rejects.toMatchObject(unreachable)
    await using second = await world()
      .transport()
      .listen(() => undefined)
    await first[Symbol.asyncDispose]()
    const heard = collect(caller, 1)
    for (const connection of accepted) connection.send(some(5))
    expect(await heard).toEqual([some(5)])
    const next = await world().transport().connect()
    for (const connection of [caller, next]) connection.close('done')
    await Promise.all([caller.closed, next.closed])
    expect(second).toBeDefined()
  })
}
