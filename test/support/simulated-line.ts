/**
 * The way from one client to the relay, turned by hand: nobody there, frames that wait, a connection that breaks for both
 * or for the client alone (the relay learns of it much later).
 */
import { memoryTransport, type MemoryTransport } from '../../adapters/memory/transport.ts'
import { TaskError, type Connection, type Ending, type Transport } from '../../src/internal.ts'
import { readRelayMessage } from '../../src/sync/protocol.ts'
import type { Dice } from './dice.ts'

export interface LineOptions {
  /** Who takes connections at the other end; undefined while nobody does. */
  readonly relay: () => ((connection: Connection) => void) | undefined
  /** Sees, drops and changes frames: for controls, and for what is told. */
  readonly toRelay?: (frame: Uint8Array, answer: (frame: Uint8Array) => void) => Uint8Array | undefined
  readonly toClient?: (frame: Uint8Array) => Uint8Array | undefined
  readonly connected?: () => void
}

interface Open {
  readonly lose: () => void
  isLost: boolean
}

export class SimulatedLine implements Transport {
  isUp = true
  readonly #inner: MemoryTransport = memoryTransport({ byHand: true })
  readonly #open: Open[] = []
  readonly #options: LineOptions

  constructor(options: LineOptions) {
    this.#options = options
  }

  async begin(): Promise<this> {
    await this.#inner.listen((connection) => {
      const accept = this.#options.relay()
      if (accept === undefined) connection.close('nobody is there')
      else accept(connection)
    })
    return this
  }

  async connect(options: { readonly signal?: AbortSignal } = {}): Promise<Connection> {
    if (!this.isUp || this.#options.relay() === undefined)
      throw new TaskError('RELAY_UNREACHABLE', { url: 'memory', reason: 'nobody is there' })
    const { connected, toClient = same, toRelay = same } = this.#options
    const inner = await this.#inner.connect(options)
    connected?.()
    let lose: (ending: Ending) => void = () => undefined
    const lost = new Promise<Ending>((resolve) => (lose = resolve))
    const open: Open = {
      isLost: false,
      lose: () => {
        open.isLost = true
        lose({ code: 'lost', reason: 'the network is gone' })
      },
    }
    this.#open.push(open)
    let hear: (frame: Uint8Array) => void = () => undefined
    return {
      closed: Promise.race([inner.closed, lost]),
      get waitingBytes() {
        return inner.waitingBytes
      },
      send: (frame) => {
        const sent = open.isLost ? undefined : toRelay(frame, (answer) => queueMicrotask(() => hear(answer)))
        if (sent !== undefined) inner.send(sent)
      },
      onFrame: (listener) => {
        hear = (frame) => {
          const heard = open.isLost ? undefined : toClient(frame)
          if (heard !== undefined) listener(heard)
        }
        inner.onFrame((frame) => hear(frame))
      },
      close: (reason, status) => {
        if (!open.isLost) inner.close(reason, status)
      },
    }
  }

  listen(): Promise<AsyncDisposable> {
    return Promise.reject(new Error('the relay listens'))
  }

  /** Some of what waits, in either direction. */
  deliver(dice: Dice): void {
    if (!this.isUp) return
    for (const direction of this.#inner.directions) if (dice.chance(0.7)) direction.deliver(1 + dice.below(4))
  }

  deliverAll(): number {
    return this.isUp ? this.#inner.deliver() : 0
  }

  /** Both sides know at once; what waits never arrives. */
  cut(): void {
    for (const direction of this.#inner.directions) direction.cut()
  }

  /** The client knows; the relay believes that it is there still. */
  lose(): void {
    for (const open of this.#open.splice(0)) open.lose()
  }
}

function same(frame: Uint8Array): Uint8Array {
  return frame
}

/** Hears what the relay says of the document. */
export function told(connection: Connection, hear: (update: Uint8Array) => void): Connection {
  return {
    closed: connection.closed,
    get waitingBytes() {
      return connection.waitingBytes
    },
    onFrame: (listener) => connection.onFrame(listener),
    close: (reason, status) => connection.close(reason, status),
    send: (frame) => {
      const message = readRelayMessage(frame)
      if (message?.kind === 'update' || message?.kind === 'missing') hear(message.update)
      connection.send(frame)
    },
  }
}
