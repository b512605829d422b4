/** One connection over a socket: whole frames, an end with its reason, and no peer that breaks the process. */
import type { Socket } from 'node:net'
import { TaskError, type Connection, type Ending, type Runtime } from '../../src/internal.ts'
import { FrameReader, writeEnd, writeFrame } from './frames.ts'

export interface SocketOptions {
  /** @default 64 MiB */
  readonly maxFrameBytes?: number
  /** What may wait for a peer that reads slowly, before it is cut off. @default 256 MiB */
  readonly maxBufferedBytes?: number
}

/** How long an end waits for the peer to take its last bytes. */
const FAREWELL_MS = 2_000

/**
 * `closed` tells how it ended: `closed` (either side, in order), `lost` (it broke), `refused` (the other side broke the rules),
 * `fault` (the listener threw). It settles when the last bytes are with the system, so that a process may end after it.
 */
export class SocketConnection implements Connection {
  readonly closed: Promise<Ending>
  /** Why it ends; set once, before the socket is gone. */
  #ending: Ending | undefined
  #listener: ((frame: Uint8Array) => void) | undefined
  #unheard: Uint8Array[] = []
  /** This side ended it: nothing is heard any more. What came before the other side ended it still is. */
  #isDeaf = false
  readonly #reader: FrameReader
  readonly #socket: Socket
  readonly #runtime: Runtime
  readonly #maxFrameBytes: number
  readonly #maxBufferedBytes: number

  constructor(
    socket: Socket,
    runtime: Runtime,
    { maxFrameBytes = 64 * 1024 * 1024, maxBufferedBytes = 256 * 1024 * 1024 }: SocketOptions,
  ) {
    this.#socket = socket
    this.#runtime = runtime
    this.#reader = new FrameReader(maxFrameBytes)
    this.#maxFrameBytes = maxFrameBytes
    this.#maxBufferedBytes = maxBufferedBytes
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve(this.#ending ?? { code: 'lost', reason: 'the other side went away' }))
    })
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (cause) => this.#note('lost', cause.message))
    socket.on('end', () => {
      const where = this.#reader.isWhole ? '' : ' inside a frame'
      this.#note('lost', `the other side went away${where}`)
      socket.destroy()
    })
  }

  send(frame: Uint8Array): void {
    if (frame.byteLength > this.#maxFrameBytes) {
      throw new TaskError('TOO_LARGE', { field: 'a frame', size: frame.byteLength, limit: this.#maxFrameBytes })
    }
    if (this.#ending !== undefined || this.#socket.destroyed) return
    this.#socket.cork()
    for (const part of writeFrame(frame)) this.#socket.write(part)
    this.#socket.uncork()
    if (this.#socket.writableLength > this.#maxBufferedBytes) {
      this.#note('refused', 'the other side reads too slowly')
      this.#socket.destroy()
    }
  }

  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener
    const unheard = this.#unheard
    this.#unheard = []
    for (const frame of unheard) this.#hear(frame)
    this.#socket.resume()
  }

  close(reason: string): void {
    this.#end('closed', reason, reason)
  }

  /** A listener that throws ends its connection, never the process. */
  guard(action: () => void): void {
    try {
      action()
    } catch (thrown) {
      this.#end('fault', thrown instanceof Error ? thrown.message : String(thrown), 'the other side failed')
    }
  }

  #take(chunk: Buffer): void {
    if (this.#ending !== undefined) return
    for (const piece of this.#reader.read(chunk)) {
      switch (piece.kind) {
        case 'frame':
          this.#hear(piece.frame)
          break
        case 'end':
          this.#note('closed', piece.reason)
          this.#socket.destroy()
          break
        case 'broken':
          this.#end('refused', piece.problem, piece.problem)
          break
      }
      if (this.#ending !== undefined) return
    }
  }

  #hear(frame: Uint8Array): void {
    if (this.#isDeaf) return
    const listener = this.#listener
    if (listener !== undefined) return this.guard(() => listener(frame))
    this.#unheard.push(frame)
    // Nobody listens yet: the rest waits with the sender.
    this.#socket.pause()
  }

  #note(code: string, reason: string): void {
    this.#ending ??= { code, reason }
  }

  /** Tells the other side why, and is gone when it took that, or after a while if it never does. */
  #end(code: string, reason: string, told: string): void {
    this.#isDeaf = true
    if (this.#ending !== undefined || this.#socket.destroyed) return
    this.#note(code, reason)
    const gone = new AbortController()
    void this.closed.then(() => gone.abort())
    void this.#runtime.sleep(FAREWELL_MS, { signal: gone.signal }).then(
      () => this.#socket.destroy(),
      () => undefined,
    )
    // What it still sends is thrown away, and must flow: unread bytes would turn our end into a reset.
    this.#socket.resume()
    this.#socket.end(writeEnd(told), () => this.#socket.destroy())
  }
}
