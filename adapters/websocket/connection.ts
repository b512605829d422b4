/** One connection over a WebSocket, at either end: whole binary frames, an end with its reason, no peer that harms the process. */
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { CLOSE, TaskError, type Connection, type Ending, type Runtime } from '../../src/internal.ts'
import type { LookedAt, Looks } from './looks.ts'
import type { Outgoing } from './outgoing.ts'

export interface ConnectionOptions {
  readonly runtime: Runtime
  readonly outgoing: Outgoing
  /** Larger frames are refused where they are sent. */
  readonly maxSentBytes: number
  /** What may wait for a peer that reads slowly, before it is cut off. */
  readonly maxBufferedBytes: number
  /** Look whether the other side lives. */
  readonly looks: Looks
  /** With how many looks in a row at a silent peer it is given up. */
  readonly silentLooks: number
  /** Whether each look asks the other side for a sign of life. */
  readonly asks: boolean
}

/** How long an end waits for the peer to take its last bytes and to agree. */
const FAREWELL_MS = 2_000
/** While bytes leave no answer can be expected: the question waits behind them. A peer that takes nothing is given this many looks. */
const LOOKS_WHILE_SENDING = 10
const MAX_REASON_BYTES = 123

/** Two numbers that say only that it ended: without a number, and the ordinary one. */
const WITHOUT_STATUS = 1005
const ORDINARY = 1000
const ABNORMAL = 1006

/** What `ws` ends a connection with when the other side broke the rules of WebSockets. */
const STATUS_OF: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: CLOSE.tooLarge,
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
}
const PROTOCOL_ERROR = 1002

/**
 * `closed` tells how it ended: `closed` (either side, in order), `lost` (it broke, or fell silent), `refused` (the other side broke
 * the rules, or reads too slowly), `fault` (the listener threw). The WebSocket must be open, and be given to nobody else.
 */
export class WebSocketConnection implements Connection, LookedAt {
  readonly closed: Promise<Ending>
  /** Why it ends; set once, before the socket is gone. */
  #ending: Ending | undefined
  #listener: ((frame: Uint8Array) => void) | undefined
  #unheard: Uint8Array[] = []
  /** This side ended it: nothing is heard any more. What came before the other side ended it still is. */
  #isDeaf = false
  #farewell: AbortController | undefined
  /** Looks in a row at a silent peer. */
  #silent: number
  #bytesRead: number
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #options: ConnectionOptions

  private constructor(webSocket: WebSocket, socket: Socket, options: ConnectionOptions) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#options = options
    this.#bytesRead = socket.bytesRead
    // Who asks has not asked before the first look.
    this.#silent = options.asks ? -1 : 0
    this.closed = new Promise((resolve) => {
      webSocket.once('close', (status: number, reason: Buffer) => {
        options.outgoing.drop()
        options.looks.delete(this)
        // With a reason of ours: the usual one is an error with a stack.
        this.#farewell?.abort('gone')
        resolve((this.#ending ??= endingOf(status, reason)))
      })
    })
    webSocket.on('message', (data: Uint8Array, isBinary: boolean) => {
      // Not the Buffer of `ws`: its `slice` would share bytes where every other frame's copies them.
      if (isBinary) this.#hear(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      else this.#end({ code: 'refused', reason: 'a text frame came', status: CLOSE.malformed }, 'send binary frames')
    })
    webSocket.on('error', (cause) => this.#fail(cause))
  }

  /** The connection, with an eye on whether its other side lives. */
  static over(webSocket: WebSocket, socket: Socket, options: ConnectionOptions): WebSocketConnection {
    const connection = new WebSocketConnection(webSocket, socket, options)
    options.looks.add(connection)
    return connection
  }

  send(frame: Uint8Array): void {
    const { outgoing, maxSentBytes, maxBufferedBytes } = this.#options
    if (frame.byteLength > maxSentBytes) {
      throw new TaskError('TOO_LARGE', { field: 'a frame', size: frame.byteLength, limit: maxSentBytes })
    }
    if (this.#ending !== undefined || this.#webSocket.readyState !== this.#webSocket.OPEN) return
    // Looked at before this frame is added: one frame may be larger than all that may wait.
    if (outgoing.waitingBytes > maxBufferedBytes) {
      const ending = { code: 'refused', reason: 'the other side reads too slowly', status: CLOSE.tryLater }
      return this.#end(ending, 'reads too slowly')
    }
    outgoing.send(frame)
  }

  get waitingBytes(): number {
    return this.#options.outgoing.waitingBytes
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener
    const unheard = this.#unheard
    this.#unheard = []
    for (const frame of unheard) this.#hear(frame)
    this.#webSocket.resume()
  }

  close(reason: string, status?: number): void {
    this.#end({ code: 'closed', reason, ...(status === undefined ? {} : { status }) }, reason)
  }

  /** Any byte is a sign of life: a large frame on a slow line comes for minutes, and what answers a ping behind it. */
  look(): void {
    const { outgoing, silentLooks, asks } = this.#options
    if (this.#ending !== undefined) return
    const { bytesRead } = this.#socket
    const isSilent = bytesRead === this.#bytesRead && !this.#webSocket.isPaused
    this.#bytesRead = bytesRead
    this.#silent = isSilent ? this.#silent + 1 : 0
    const isSending = outgoing.waitingBytes > 0
    if (this.#silent >= (isSending ? LOOKS_WHILE_SENDING : silentLooks)) {
      this.#ending = { code: 'lost', reason: 'the other side fell silent' }
      this.#webSocket.terminate()
    } else if (asks && this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping()
  }

  /** A listener that throws ends its connection, never the process. */
  guard(action: () => void): void {
    try {
      action()
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.#end({ code: 'fault', reason, status: CLOSE.fault }, 'the other side failed')
    }
  }

  #hear(frame: Uint8Array): void {
    if (this.#isDeaf) return
    const listener = this.#listener
    if (listener !== undefined) return this.guard(() => listener(frame))
    this.#unheard.push(frame)
    // Nobody listens yet: the rest waits with the sender.
    this.#webSocket.pause()
  }

  /** `ws` has told the other side already, where it can still be told. */
  #fail(cause: Error): void {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    const isBreach = code.startsWith('WS_ERR_')
    this.#ending ??= isBreach
      ? { code: 'refused', reason: cause.message, status: STATUS_OF[code] ?? PROTOCOL_ERROR }
      : { code: 'lost', reason: cause.message }
    this.#isDeaf = true
    this.#options.outgoing.drop()
    this.#leave()
  }

  /** Tells the other side why, and is gone when it agreed, or after a while if it never does. */
  #end(ending: Ending, told: string): void {
    this.#isDeaf = true
    if (this.#ending !== undefined || this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#ending = ending
    const { outgoing, maxBufferedBytes } = this.#options
    // Who reads too slowly for what waits already would hold it for the whole farewell.
    if (outgoing.waitingBytes > maxBufferedBytes) outgoing.drop()
    else outgoing.finish()
    this.#webSocket.close(ending.status ?? ORDINARY, cut(told))
    this.#leave()
  }

  #leave(): void {
    // What it still sends is thrown away, and must flow: its own end stands behind it.
    this.#webSocket.resume()
    if (this.#farewell !== undefined) return
    this.#farewell = new AbortController()
    void this.#options.runtime.sleep(FAREWELL_MS, { signal: this.#farewell.signal }).then(
      () => this.#webSocket.terminate(),
      () => undefined,
    )
  }
}

function endingOf(status: number, reason: Buffer): Ending {
  if (status === ABNORMAL) return { code: 'lost', reason: 'the other side went away' }
  const ending = { code: 'closed', reason: reason.toString() }
  return status === WITHOUT_STATUS || status === ORDINARY ? ending : { ...ending, status }
}

/** Of a long reason as much as a frame takes, never half a character. */
function cut(reason: string): Buffer {
  const bytes = Buffer.alloc(MAX_REASON_BYTES)
  return bytes.subarray(0, new TextEncoder().encodeInto(reason, bytes).written)
}
