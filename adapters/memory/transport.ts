/** Transport inside one process: frames wait until they are delivered, by themselves or turned by hand. */
import { TaskError, type Connection, type Ending, type Transport } from '../../src/internal.ts'

export interface MemoryTransportOptions {
  /** @default 64 MiB */
  readonly maxFrameBytes?: number
  /** Frames and ends wait for `deliver`. @default false */
  readonly byHand?: boolean
}

/** One way of one connection. */
export interface Direction {
  readonly toward: 'listener' | 'caller'
  /** Frames and the end that wait to be delivered. */
  readonly waiting: number
  /** Hands over the oldest that wait; says how many there were. @default all */
  deliver(count?: number): number
  /** Breaks the connection: what waits in either direction never arrives. */
  cut(): void
}

export interface MemoryTransport extends Transport {
  /** Two per connection that was ever opened, in the order of opening: toward the listener, toward the caller. */
  readonly directions: readonly Direction[]
  /** Delivers everything, also what is sent because of it; says how many there were. */
  deliver(): number
}

export function memoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  const directions: Direction[] = []
  let listening: ((connection: Connection) => void) | undefined
  return {
    directions,
    deliver: () => {
      let total = 0
      for (let count = -1; count !== 0; total += count) {
        count = directions.reduce((sum, direction) => sum + direction.deliver(), 0)
      }
      return total
    },
    connect: async ({ signal } = {}) => {
      signal?.throwIfAborted()
      if (listening === undefined) throw new TaskError('CONNECTION_CLOSED', { reason: 'nobody listens there' })
      const { ends, ways } = openPair(options)
      directions.push(...ways)
      const accept = listening
      ends[1].guard(() => accept(ends[1]))
      return ends[0]
    },
    listen: async (accept) => {
      if (listening !== undefined) throw new TaskError('STORE_LOCKED', { holder: 'another listener' })
      listening = accept
      return {
        [Symbol.asyncDispose]: async () => {
          if (listening === accept) listening = undefined
        },
      }
    },
  }
}

/** Two connected ends without a place: what one sends the other hears. */
export function memoryPair(options: MemoryTransportOptions = {}): {
  readonly ends: readonly [Connection, Connection]
  readonly directions: readonly [Direction, Direction]
} {
  const { ends, ways } = openPair(options)
  return { ends, directions: ways }
}

type Packet = { readonly frame: Uint8Array } | { readonly end: Ending }

function openPair({ maxFrameBytes = 64 * 1024 * 1024, byHand = false }: MemoryTransportOptions): {
  readonly ends: readonly [End, End]
  readonly ways: readonly [Direction, Direction]
} {
  const caller = new End(maxFrameBytes, byHand)
  const listener = new End(maxFrameBytes, byHand)
  caller.other = listener
  listener.other = caller
  const cut = (): void => {
    for (const end of [caller, listener]) end.finish({ code: 'lost', reason: 'the connection broke' })
  }
  return {
    ends: [caller, listener],
    ways: [
      {
        toward: 'listener',
        deliver: (count) => listener.deliver(count),
        cut,
        get waiting() {
          return listener.waiting
        },
      },
      {
        toward: 'caller',
        deliver: (count) => caller.deliver(count),
        cut,
        get waiting() {
          return caller.waiting
        },
      },
    ],
  }
}

class End implements Connection {
  other: End | undefined
  readonly closed: Promise<Ending>
  #settle: (ending: Ending) => void = () => undefined
  #isEnded = false
  /** This side ended it: nothing is heard any more. What came before the other side ended it still is. */
  #isDeaf = false
  /** Sent by the other end, not delivered yet. */
  #packets: Packet[] = []
  /** Delivered before anyone listened. */
  #unheard: Uint8Array[] = []
  #listener: ((frame: Uint8Array) => void) | undefined
  readonly #maxFrameBytes: number
  readonly #byHand: boolean

  constructor(maxFrameBytes: number, byHand: boolean) {
    this.#maxFrameBytes = maxFrameBytes
    this.#byHand = byHand
    this.closed = new Promise((resolve) => (this.#settle = resolve))
  }

  get waiting(): number {
    return this.#packets.length
  }

  get waitingBytes(): number {
    return this.other?.unheardBytes ?? 0
  }

  /** Sent by the other end and not handed over yet. */
  get unheardBytes(): number {
    return this.#packets.reduce((sum, packet) => sum + ('frame' in packet ? packet.frame.byteLength : 0), 0)
  }

  send(frame: Uint8Array): void {
    if (frame.byteLength > this.#maxFrameBytes) {
      throw new TaskError('TOO_LARGE', { field: 'a frame', size: frame.byteLength, limit: this.#maxFrameBytes })
    }
    // A copy: two processes never share bytes either.
    if (!this.#isEnded) this.other?.take({ frame: frame.slice() })
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener
    const unheard = this.#unheard
    this.#unheard = []
    for (const frame of unheard) this.#hear(frame)
  }

  close(reason: string, status?: number): void {
    this.#isDeaf = true
    if (this.#isEnded) return
    const end: Ending = { code: 'closed', reason, ...(status === undefined ? {} : { status }) }
    this.other?.take({ end })
    this.finish(end)
  }

  take(packet: Packet): void {
    if (this.#isEnded) return
    this.#packets.push(packet)
    if (!this.#byHand) queueMicrotask(() => this.deliver(1))
  }

  deliver(count: number = this.#packets.length): number {
    const due = this.#packets.splice(0, count)
    for (const packet of due) {
      if ('end' in packet) this.finish(packet.end)
      else this.#hear(packet.frame)
    }
    return due.length
  }

  finish(ending: Ending): void {
    this.#isEnded = true
    this.#packets = []
    this.#settle(ending)
  }

  #hear(frame: Uint8Array): void {
    if (this.#isDeaf) return
    const listener = this.#listener
    if (listener === undefined) this.#unheard.push(frame)
    else this.guard(() => listener(frame))
  }

  /** A listener that throws ends its connection, never the process. */
  guard(action: () => void): void {
    try {
      action()
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.#isDeaf = true
      if (this.#isEnded) return
      this.other?.take({ end: { code: 'closed', reason: 'the other side failed' } })
      this.finish({ code: 'fault', reason })
    }
  }
}
