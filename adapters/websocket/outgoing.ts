/** The way out of one connection. Knows nothing of what comes in. */
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { FrameBytes, type ReadyFrame } from './frame-bytes.ts'

export interface Outgoing {
  /** Bytes sent and not taken by the system yet. */
  readonly waitingBytes: number
  send(frame: Uint8Array): void
  /** Gives everything to the socket now: what is written after this comes after it. */
  finish(): void
  /** Forgets what the socket does not have yet, and takes nothing more. */
  drop(): void
}

/** As a client sends: every frame is masked for itself. */
export function maskedOutgoing(socket: WebSocket): Outgoing {
  return {
    get waitingBytes() {
      return socket.bufferedAmount
    },
    send: (frame) => socket.send(frame, { binary: true }),
    finish: () => undefined,
    drop: () => undefined,
  }
}

/** What is given to the socket at once; it takes the next when these are with the system. */
const BATCH_BYTES = 256 * 1024

/**
 * The connections of one server: the frames of one turn of the event loop leave each of them in one write.
 * That is worth 8 to 23 times the deliveries of one write for each frame.
 */
export class FanOut {
  readonly #bytes = new FrameBytes()
  #due: FanOutSocket[] = []

  /** Over `socket`, that `webSocket` reads from and writes its own frames to; it is corked until the end of this turn. */
  outgoing(webSocket: WebSocket, socket: Duplex): Outgoing {
    return new FanOutSocket(webSocket, socket, this.#bytes, (one) => this.#atEndOfTurn(one))
  }

  #atEndOfTurn(socket: FanOutSocket): void {
    if (this.#due.push(socket) > 1) return
    setImmediate(() => {
      const due = this.#due
      this.#due = []
      for (const one of due) one.flush()
      this.#bytes.forget()
    })
  }
}

class FanOutSocket implements Outgoing {
  #waiting: ReadyFrame[] = []
  /** How many of these are with the socket already. */
  #taken = 0
  #waitingBytes = 0
  #isDue: boolean
  #isCorked = true
  #isDropped = false
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #bytes: FrameBytes
  readonly #schedule: (socket: FanOutSocket) => void

  constructor(webSocket: WebSocket, socket: Duplex, bytes: FrameBytes, schedule: (socket: FanOutSocket) => void) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#bytes = bytes
    this.#schedule = schedule
    socket.on('drain', () => this.flush())
    this.#isDue = true
    schedule(this)
  }

  get waitingBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength
  }

  send(frame: Uint8Array): void {
    if (this.#isDropped) return
    const ready = this.#bytes.frame(frame)
    this.#waiting.push(ready)
    this.#waitingBytes += ready.byteLength
    // While the system does not take more, frames wait here and not in the socket: here they can be dropped.
    if (this.#isDue || this.#socket.writableNeedDrain) return
    this.#isDue = true
    this.#schedule(this)
  }

  flush(): void {
    this.#isDue = false
    while (this.#hasMore && !this.#socket.writableNeedDrain) this.#write(this.#takeBatch())
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#socket.uncork()
  }

  finish(): void {
    while (this.#hasMore) this.#write(this.#takeBatch())
  }

  drop(): void {
    this.#isDropped = true
    this.#waiting = []
    this.#taken = 0
    this.#waitingBytes = 0
  }

  /** Nothing may follow the frame that ends the connection, also when `ws` wrote it by itself. */
  get #hasMore(): boolean {
    const isOpen = this.#webSocket.readyState === WebSocket.OPEN && this.#socket.writable
    return isOpen && this.#taken < this.#waiting.length
  }

  #takeBatch(): readonly ReadyFrame[] {
    let end = this.#taken
    for (let bytes = 0; end < this.#waiting.length && bytes < BATCH_BYTES; end++) {
      bytes += this.#waiting[end]?.byteLength ?? 0
    }
    const batch = this.#waiting.slice(this.#taken, end)
    for (const { byteLength } of batch) this.#waitingBytes -= byteLength
    this.#taken = end
    // Now and then, as taking from the front of a long list each time would be quadratic.
    if (this.#taken * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken)
      this.#taken = 0
    }
    return batch
  }

  /** Whole frames only, in one turn: what `ws` itself writes (ping, pong, end) cannot come to stand inside of one. */
  #write(batch: readonly ReadyFrame[]): void {
    const [first, ...more] = batch
    if (first !== undefined && more.length === 0 && first.pieces.length === 1) {
      for (const piece of first.pieces) this.#socket.write(piece)
    } else if (batch.every(({ pieces }) => pieces.length === 1)) {
      this.#socket.write(this.#bytes.join(batch))
    } else {
      this.#socket.cork()
      for (const { pieces } of batch) for (const piece of pieces) this.#socket.write(piece)
      this.#socket.uncork()
    }
  }
}
