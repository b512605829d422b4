/** The owner's end of a connection: greets, answers calls, survives whatever is sent. What methods do is the caller's matter. */
import { asTaskError, TaskError } from '../errors.ts'
import type { Connection, Runtime } from '../ports.ts'
import type { Caller } from './methods.ts'
import {
  LEAVING,
  MAX_IN_FLIGHT,
  MAX_REQUEST_BYTES,
  mismatchOf,
  readCallerMessage,
  readHello,
  writeHello,
  writeMessage,
  type Hello,
  type Request,
} from './wire.ts'

export interface ServeOptions {
  /** @default 64 MiB */
  readonly maxRequestBytes?: number
  /** How long a peer may stay silent before it greets. @default 5 s */
  readonly helloMs?: number
}

/**
 * Answers calls until either side ends the connection. Disposing takes no new calls, answers those that run, then closes.
 * Params arrive as they were sent: `caller` checks them.
 */
export function serveCalls(
  connection: Connection,
  caller: Caller,
  hello: Hello,
  runtime: Runtime,
  { maxRequestBytes = MAX_REQUEST_BYTES, helloMs = 5_000 }: ServeOptions = {},
): AsyncDisposable {
  const server = new Server(connection, caller, hello, runtime, maxRequestBytes)
  server.start(helloMs)
  return server
}

class Server implements AsyncDisposable {
  #phase: 'greeting' | 'serving' | 'leaving' = 'greeting'
  readonly #calls = new Map<number, Promise<void>>()
  readonly #greeted = new AbortController()
  readonly #gone = new AbortController()
  #silence: Promise<void> = Promise.resolve()
  #left: Promise<void> | undefined
  readonly #connection: Connection
  readonly #caller: Caller
  readonly #hello: Hello
  readonly #runtime: Runtime
  readonly #maxRequestBytes: number

  constructor(connection: Connection, caller: Caller, hello: Hello, runtime: Runtime, maxRequestBytes: number) {
    this.#connection = connection
    this.#caller = caller
    this.#hello = hello
    this.#runtime = runtime
    this.#maxRequestBytes = maxRequestBytes
  }

  start(helloMs: number): void {
    this.#silence = this.#endSilence(helloMs)
    void this.#connection.closed.then(({ reason }) => {
      this.#greeted.abort()
      this.#gone.abort(new TaskError('CONNECTION_CLOSED', { reason, executed: 'unknown' }))
    })
    this.#connection.onFrame((frame) => this.#take(frame))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#left ??= this.#leave()
    return this.#left
  }

  async #leave(): Promise<void> {
    this.#phase = 'leaving'
    this.#greeted.abort()
    // A claim that waits may wait elsewhere.
    this.#gone.abort(new TaskError('CONNECTION_CLOSED', { reason: LEAVING, executed: 'no' }))
    await Promise.all([...this.#calls.values(), this.#silence])
    this.#connection.close(LEAVING)
    await this.#connection.closed
  }

  /** A peer that connects and says nothing would hold its place for ever. */
  async #endSilence(helloMs: number): Promise<void> {
    const { signal } = this.#greeted
    await this.#runtime.sleep(helloMs, { signal }).then(
      () => this.#connection.close(`no greeting within ${helloMs} ms`),
      () => undefined,
    )
  }

  #take(frame: Uint8Array): void {
    switch (this.#phase) {
      case 'greeting':
        return this.#greet(frame)
      case 'serving':
      case 'leaving':
        return this.#read(frame)
    }
  }

  #greet(frame: Uint8Array): void {
    try {
      const theirs = readHello(frame)
      // Sent before the two are compared: the other side finds the difference by itself and can name it.
      this.#connection.send(writeHello(this.#hello))
      const mismatch = mismatchOf(this.#hello, theirs)
      if (mismatch === undefined) this.#phase = 'serving'
      else this.#connection.close(mismatch.message)
    } catch (thrown) {
      const error = asTaskError(thrown)
      this.#answerError(null, error)
      this.#connection.close(error.message)
    }
    this.#greeted.abort()
  }

  #read(frame: Uint8Array): void {
    const message = readCallerMessage(frame, this.#maxRequestBytes)
    switch (message.kind) {
      case 'ping':
        return this.#connection.send(writeMessage({ pong: message.ping }))
      case 'invalid':
        return this.#answerError(message.id, message.error)
      case 'request':
        return this.#begin(message.request)
    }
  }

  #begin(request: Request): void {
    const { id } = request
    if (this.#phase === 'leaving') {
      return this.#answerError(id, new TaskError('CONNECTION_CLOSED', { reason: LEAVING, executed: 'no' }))
    }
    if (this.#calls.has(id)) {
      // Without the id: under it the first call would be taken for answered.
      return this.#answerError(null, new TaskError('FRAME_INVALID', { problem: `request ${id} is not answered yet` }))
    }
    if (this.#calls.size >= MAX_IN_FLIGHT) {
      const problem = `more than ${MAX_IN_FLIGHT} requests at once`
      this.#answerError(null, new TaskError('FRAME_INVALID', { problem }))
      return this.#connection.close(problem)
    }
    this.#calls.set(
      id,
      this.#answer(request).finally(() => this.#calls.delete(id)),
    )
  }

  async #answer({ id, method, params, actor, until }: Request): Promise<void> {
    try {
      // A process that was stopped finds old requests when it wakes: their callers have long been told "not done".
      if (until !== undefined && this.#runtime.now() > until) {
        throw new TaskError('TIMED_OUT', { what: 'reaching the owner', limit: 'the caller waits', executed: 'no' })
      }
      const { signal } = this.#gone
      const result = await this.#caller.call(method, params, { signal, ...(actor === undefined ? {} : { actor }) })
      this.#connection.send(writeMessage({ id, result: result ?? null }))
    } catch (thrown) {
      const error = asTaskError(thrown)
      if (error.code === 'FAULT') {
        const problem = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
        this.#runtime.log({ level: 'error', event: 'call.failed', method, problem })
      }
      this.#answerError(id, error)
    }
  }

  #answerError(id: number | null, error: TaskError): void {
    let frame: Uint8Array
    try {
      frame = writeMessage({ id, error })
    } catch {
      // Details without JSON must not turn an error into silence.
      frame = writeMessage({ id, error: new TaskError('FAULT', { problem: error.message }) })
    }
    this.#connection.send(frame)
  }
}
