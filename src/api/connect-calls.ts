/** A caller's end of a connection: methods asked of another process as if it were here, and never for ever. */
import { TaskError } from '../errors.ts'
import type { Connection, Runtime } from '../ports.ts'
import type { Caller, MethodName, Params, Result } from './methods.ts'
import {
  LEAVING,
  MAX_IN_FLIGHT,
  MAX_REQUEST_BYTES,
  mismatchOf,
  readHello,
  readOwnerMessage,
  withUntil,
  writeHello,
  writeMessage,
  type Hello,
  type PeerHello,
} from './wire.ts'

export interface ConnectOptions {
  /** Ends the connection and every call with its reason. */
  readonly signal?: AbortSignal
  /** How long the owner may be silent while something is asked of it; a long call is fine while it answers pings. @default 5 s */
  readonly answerMs?: number
  /** Who is named when it does not answer; asked only then. @default 'another process' */
  readonly holder?: () => string
  /** @default 64 MiB */
  readonly maxRequestBytes?: number
}

/** An owner behind a connection. Errors come back with their code and details; disposing ends the connection. */
export interface RemoteCaller extends Caller, Disposable {
  readonly peer: PeerHello
}

/**
 * Greets the owner and resolves when both agree. Rejects with OWNER_MISMATCH, OWNER_UNREACHABLE, CONNECTION_CLOSED.
 * The details of a call that failed for the connection say `executed: 'no'` or `'unknown'`: only 'no' may be asked again blindly.
 */
export async function connectCalls(
  connection: Connection,
  hello: Hello,
  runtime: Runtime,
  {
    signal,
    answerMs = 5_000,
    holder = () => 'another process',
    maxRequestBytes = MAX_REQUEST_BYTES,
  }: ConnectOptions = {},
): Promise<RemoteCaller> {
  if (signal?.aborted === true) connection.close('given up')
  signal?.throwIfAborted()
  const line = new Line(connection, runtime, answerMs, holder)
  const stop = (): void => line.end(() => signal?.reason, 'given up')
  signal?.addEventListener('abort', stop, { once: true })
  void connection.closed.then(({ reason }) => {
    signal?.removeEventListener('abort', stop)
    line.lose(reason)
  })
  connection.onFrame((frame) => line.take(frame))
  const peer = await line.greet(hello)
  return {
    peer,
    call: (method, params, { actor } = {}) => line.call(method, params, actor, maxRequestBytes),
    [Symbol.dispose]: () =>
      line.end((executed) => new TaskError('CONNECTION_CLOSED', { reason: 'it was given up', executed }), 'done'),
  }
}

/** Whether a call that got no answer can have been carried out. */
type Executed = 'no' | 'unknown'

interface Waiting {
  /** Written when it was asked, so that what the asker changes later does not count. */
  readonly frame: Uint8Array
  readonly resolve: (result: unknown) => void
  readonly reject: (reason: unknown) => void
}

type Phase =
  | {
      readonly phase: 'greeting'
      readonly hello: Hello
      readonly resolve: (peer: PeerHello) => void
      readonly reject: (reason: unknown) => void
    }
  | { readonly phase: 'open' }
  | { readonly phase: 'ended'; readonly reason: (executed: Executed) => unknown }

class Line {
  #state: Phase = { phase: 'open' }
  #nextId = 0
  #hasPinged = false
  #heard = 0
  readonly #sent = new Map<number, Waiting>()
  /** Kept back while the owner has as many as it takes. */
  readonly #held = new Map<number, Waiting>()
  #watching: AbortController | undefined
  readonly #connection: Connection
  readonly #runtime: Runtime
  readonly #answerMs: number
  readonly #holder: () => string

  constructor(connection: Connection, runtime: Runtime, answerMs: number, holder: () => string) {
    this.#connection = connection
    this.#runtime = runtime
    this.#answerMs = answerMs
    this.#holder = holder
  }

  greet(hello: Hello): Promise<PeerHello> {
    return new Promise((resolve, reject) => {
      this.#state = { phase: 'greeting', hello, resolve, reject }
      this.#connection.send(writeHello(hello))
      this.#watch()
    })
  }

  async call<Name extends MethodName>(
    method: Name,
    params: Params<Name>,
    actor: string | undefined,
    maxRequestBytes: number,
  ): Promise<Result<Name>> {
    if (this.#state.phase === 'ended') throw this.#state.reason('no')
    const id = this.#nextId++
    const frame = writeMessage({ id, method, params, actor })
    if (frame.byteLength > maxRequestBytes) {
      throw new TaskError('TOO_LARGE', { field: 'the request', size: frame.byteLength, limit: maxRequestBytes })
    }
    const result = await new Promise((resolve, reject) => {
      this.#held.set(id, { frame, resolve, reject })
      this.#sendHeld()
    })
    // The owner speaks the same protocol (greeting): its result has the shape of the method table.
    return result as Result<Name>
  }

  take(frame: Uint8Array): void {
    this.#heard++
    const state = this.#state
    try {
      switch (state.phase) {
        case 'greeting':
          return this.#agree(readHelloOrError(frame), state.hello)
        case 'open':
          return this.#settle(frame)
        case 'ended':
          return
      }
    } catch (error) {
      this.end(() => error, 'a message cannot be read')
    }
  }

  /** An owner that left in order began none of the calls it did not answer; a request that could not be written never came. */
  lose(reason: string): void {
    const unsent = reason.includes('EPIPE') && this.#sent.size === 1 && !this.#hasPinged
    const surely = reason === LEAVING || unsent
    this.end((executed) => new TaskError('CONNECTION_CLOSED', { reason, executed: surely ? 'no' : executed }), reason)
  }

  /** Idempotent; whatever waits is rejected with what `reason` makes of it. */
  end(reason: (executed: Executed) => unknown, words: string): void {
    const state = this.#state
    if (state.phase === 'ended') return
    this.#state = { phase: 'ended', reason }
    this.#watching?.abort()
    if (state.phase === 'greeting') state.reject(reason('no'))
    for (const { reject } of this.#held.values()) reject(reason('no'))
    for (const { reject } of this.#sent.values()) reject(reason('unknown'))
    this.#held.clear()
    this.#sent.clear()
    this.#connection.close(words)
  }

  #agree(peer: PeerHello, hello: Hello): void {
    const state = this.#state
    if (state.phase !== 'greeting') return
    const mismatch = mismatchOf(hello, peer)
    if (mismatch !== undefined) return this.end(() => mismatch, mismatch.message)
    this.#state = { phase: 'open' }
    this.#rest()
    state.resolve(peer)
  }

  #settle(frame: Uint8Array): void {
    const message = readOwnerMessage(frame)
    if (message.kind === 'pong') return
    // What the owner could not read may have been any of our requests: nothing more can be trusted.
    if (message.kind === 'refusal') throw message.error
    const waiting = this.#sent.get(message.id)
    this.#sent.delete(message.id)
    if (message.kind === 'error') waiting?.reject(message.error)
    else waiting?.resolve(message.result)
    this.#sendHeld()
    this.#rest()
  }

  #sendHeld(): void {
    for (const [id, waiting] of this.#held) {
      if (this.#sent.size >= MAX_IN_FLIGHT) return
      this.#held.delete(id)
      try {
        this.#connection.send(withUntil(waiting.frame, this.#runtime.now() + this.#answerMs))
        this.#sent.set(id, waiting)
        this.#watch()
      } catch (error) {
        waiting.reject(error)
      }
    }
  }

  /** Stops watching when nothing is awaited: a timer left behind would keep the process alive. */
  #rest(): void {
    if (this.#sent.size > 0) return
    this.#watching?.abort()
    this.#watching = undefined
  }

  #watch(): void {
    if (this.#watching !== undefined) return
    this.#watching = new AbortController()
    void this.#endSilence(this.#watching.signal).catch(() => undefined)
  }

  /** Silent for half the time: asked whether it lives. Silent for the other half too: given up. */
  async #endSilence(signal: AbortSignal): Promise<void> {
    let quiet = 0
    while (quiet < 2) {
      const before = this.#heard
      await this.#runtime.sleep(this.#answerMs / 2, { signal })
      if (this.#heard !== before) quiet = 0
      else quiet++
      if (quiet !== 1 || this.#state.phase !== 'open') continue
      this.#hasPinged = true
      this.#connection.send(writeMessage({ ping: this.#heard }))
    }
    const holder = this.#holder()
    this.end((executed) => new TaskError('OWNER_UNREACHABLE', { holder, executed }), 'no answer')
  }
}

function readHelloOrError(frame: Uint8Array): PeerHello {
  try {
    return readHello(frame)
  } catch (error) {
    const message = readOwnerMessage(frame)
    throw message.kind === 'refusal' ? message.error : error
  }
}
