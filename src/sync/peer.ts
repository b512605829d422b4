/**
 * Keeps one workspace together with its relay for as long as it lives: connects, comes back after every loss, later each
 * time, and stops only where coming back would change nothing. What is not sent yet is in the document: it waits there.
 */
import { TaskError, taskErrorFrom } from '../errors.ts'
import { createEmitter, type Emitter } from '../events.ts'
import type { Connection, Ending, Runtime, Transport } from '../ports.ts'
import { CLOSE, isFinal, type Settlement } from './protocol.ts'
import { Session, type SessionHost } from './session.ts'

export type PeerState =
  /** Trying, or waiting to try again. */
  | { readonly phase: 'unreachable'; readonly reason: string }
  | { readonly phase: 'connecting' }
  /** Connected; not everything is exchanged yet. */
  | { readonly phase: 'syncing' }
  | { readonly phase: 'synced' }
  /** The relay does not want this workspace, and trying again changes nothing. */
  | { readonly phase: 'denied'; readonly reason: string; readonly status: number | undefined }
  | { readonly phase: 'closed' }

export interface PeerEvents {
  changed: { readonly state: PeerState }
  /** Everything written here is on the relay's disk. */
  saved: { readonly written: number; readonly time: number }
  /** Something written here is not known to be on the relay's disk. */
  unsynced: { readonly reason: string }
  met: { readonly states: readonly string[] }
}

export interface PeerHost extends Pick<
  SessionHost,
  'vector' | 'missing' | 'hear' | 'presence' | 'settled' | 'claimsChanged'
> {
  /** How many writes were made here so far, ever; undefined where that is not known now. */
  written(): number | undefined
  /** Told each time both sides have everything. */
  synced?(session: Session): void
}

export interface PeerOptions {
  /** The wait after the first loss; it doubles with each that follows. @default 250 ms */
  readonly firstWaitMs?: number
  /** @default 30 s */
  readonly longestWaitMs?: number
  /** How often presence is said again. @default 15 s */
  readonly presenceMs?: number
}

const NAME_BYTES = 16

export class Peer implements AsyncDisposable {
  readonly on: Emitter<PeerEvents>['on']
  readonly #emitter: Emitter<PeerEvents>
  #state: PeerState = { phase: 'connecting' }
  #session: Session | undefined
  #others: readonly string[] = []
  #refusal: { readonly reason: string; readonly isForGood: boolean } | undefined
  #losses = 0
  #nap: AbortController | undefined
  #isWoken = false
  #presenceClock = 0
  readonly #name: string
  readonly #ended = new AbortController()
  #living: Promise<void> | undefined
  readonly #transport: Transport
  readonly #host: PeerHost
  readonly #runtime: Runtime
  readonly #firstWaitMs: number
  readonly #longestWaitMs: number
  readonly #presenceMs: number

  constructor(
    transport: Transport,
    host: PeerHost,
    runtime: Runtime,
    { firstWaitMs = 250, longestWaitMs = 30_000, presenceMs = 15_000 }: PeerOptions = {},
  ) {
    this.#emitter = createEmitter<PeerEvents>(runtime.log)
    this.on = this.#emitter.on
    this.#transport = transport
    this.#host = host
    this.#runtime = runtime
    this.#name = hex(runtime.random(NAME_BYTES))
    this.#firstWaitMs = firstWaitMs
    this.#longestWaitMs = longestWaitMs
    this.#presenceMs = presenceMs
  }

  get state(): PeerState {
    return this.#state
  }

  /** What others who are connected say of themselves, as JSON. */
  get others(): readonly string[] {
    return this.#others
  }

  /** Why the relay did not take something, until it takes everything again. */
  get refusal(): string | undefined {
    return this.#refusal?.reason
  }

  /** From now on, until it is disposed. Idempotent. */
  start(): void {
    this.#living ??= this.#live()
  }

  /** A write that is durable here; `written` counts it too. */
  say(update: Uint8Array, written: number): void {
    this.#session?.say(update, written)
    if (this.#state.phase === 'synced') this.#become({ phase: 'syncing' })
  }

  /** Tries now instead of later; also after the relay said no. */
  wake(): void {
    this.#losses = 0
    this.#isWoken = true
    this.#nap?.abort()
  }

  /**
   * Settles when everything that was written before is on the relay's disk and everything of the relay is here.
   * Rejects with why that will not be: the relay says no, or the signal ended.
   */
  async settle({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#state.phase === 'denied')
        throw new TaskError('RELAY_DENIED', { url: 'this address', reason: this.#state.reason })
      if (this.#state.phase === 'closed')
        throw new TaskError('CONNECTION_CLOSED', { reason: 'the workspace was closed' })
      await this.#session?.idle()
      if (this.#session?.isExchanged === true && (await ended(this.#session.roundTrip(), signal)) === 'committed')
        return
      if (this.#session !== undefined && this.#refusal?.isForGood === true)
        throw new TaskError('RELAY_DENIED', { url: 'this address', reason: this.#refusal.reason })
      await this.#nextChange(signal)
    }
  }

  /** A question to the relay; rejects while there is no connection, with what the relay says is wrong, and with the signal's reason. */
  async ask(method: string, params: unknown, { signal }: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    if (this.#session === undefined)
      throw new TaskError('CONNECTION_CLOSED', { reason: 'the relay is not connected', executed: 'no' })
    const answer = JSON.parse(await ended(this.#session.ask(JSON.stringify({ method, params })), signal)) as {
      readonly result?: unknown
      readonly error?: unknown
    }
    if (answer.error !== undefined) throw taskErrorFrom(answer.error)
    return answer.result
  }

  /** Settles once there is a connection, or when it is known that there is none now. */
  async reached({ signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    while (this.#session === undefined && this.#state.phase === 'connecting') await this.#nextChange(signal)
    return this.#session !== undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.#nap?.abort()
    this.#session?.close('the workspace was closed')
    await this.#living
    this.#become({ phase: 'closed' })
  }

  async #live(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const ending = await this.#connectOnce()
      if (this.#ended.signal.aborted) return
      if (isFinal(ending.status)) {
        this.#become({ phase: 'denied', reason: ending.reason, status: ending.status })
        await this.#sleep(undefined)
        continue
      }
      this.#become({ phase: 'unreachable', reason: ending.reason })
      await this.#sleep(this.#waitMs(this.#losses++))
    }
  }

  async #connectOnce(): Promise<Omit<Ending, 'code'>> {
    this.#become({ phase: 'connecting' })
    let connection: Connection
    try {
      connection = await this.#transport.connect({ signal: this.#ended.signal })
    } catch (cause) {
      if (cause instanceof TaskError && cause.code === 'RELAY_DENIED') {
        const { reason } = cause.details
        return { reason: typeof reason === 'string' ? reason : cause.message, status: CLOSE.denied }
      }
      return { reason: reasonOf(cause) }
    }
    if (this.#ended.signal.aborted) {
      connection.close('the workspace was closed', CLOSE.goingAway)
      return { reason: 'the workspace was closed' }
    }
    // Others were told one more than was said when the last connection ended.
    this.#presenceClock++
    const session = new Session(
      connection,
      this.#sessionHost(() => session),
    )
    this.#session = session
    this.#become({ phase: 'syncing' })
    const over = new AbortController()
    try {
      await session.start()
      void this.#renewPresence(session, over.signal)
      void session.synced.then(() => this.#host.synced?.(session))
      return await session.ended
    } catch (cause) {
      session.close('the workspace could not go on')
      return { reason: reasonOf(cause) }
    } finally {
      over.abort()
      await session.idle()
      this.#session = undefined
    }
  }

  #sessionHost(session: () => Session): SessionHost {
    const host = this.#host
    return {
      vector: () => host.vector(),
      missing: (vector) => host.missing(vector),
      hear: async (updates) => {
        await host.hear(updates)
        queueMicrotask(() => this.#look(session()))
      },
      presence: () => host.presence(),
      nextPresenceClock: () => ++this.#presenceClock,
      name: this.#name,
      settled: (event) => {
        const { status, written, time } = event
        this.#losses = 0
        this.#judge(status)
        host.settled(event)
        if (status === 'committed' && written === host.written()) this.#emitter.emit('saved', { written, time })
        queueMicrotask(() => this.#look(session()))
      },
      refused: ({ code, reason }) => {
        this.#refusal = { reason, isForGood: this.#refusal?.isForGood ?? false }
        this.#runtime.log({ level: 'warn', event: 'peer.refused', code, reason })
      },
      claimsChanged: () => host.claimsChanged?.(),
      metOthers: (states) => {
        this.#others = states
        this.#emitter.emit('met', { states })
      },
    }
  }

  #judge(status: Settlement): void {
    if (status === 'committed') this.#refusal = undefined
    else {
      const isForGood = status === 'read-only'
      const usual = isForGood ? 'the token may read only' : 'the relay did not take what was sent'
      const reason = this.#refusal?.reason ?? usual
      this.#refusal = { reason, isForGood }
      this.#emitter.emit('unsynced', { reason })
    }
  }

  #look(session: Session): void {
    if (session !== this.#session) return
    if (session.isSynced) this.#become({ phase: 'synced' })
  }

  async #renewPresence(session: Session, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#runtime.sleep(this.#presenceMs, { signal })
        session.sayPresence()
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
  }

  #become(state: PeerState): void {
    const isSame = state.phase === this.#state.phase && !('reason' in state)
    this.#state = state
    if (isSame) return
    if (state.phase === 'unreachable' || state.phase === 'denied')
      this.#emitter.emit('unsynced', { reason: state.reason })
    this.#emitter.emit('changed', { state })
  }

  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const stop = (): void => {
        subscriptions.forEach((one) => one[Symbol.dispose]())
        reject(signal?.reason)
      }
      const done = (): void => {
        subscriptions.forEach((one) => one[Symbol.dispose]())
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const subscriptions = [this.on('changed', done), this.on('saved', done), this.on('unsynced', done)]
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  /** For ever where no time is given: until it is woken. */
  async #sleep(ms: number | undefined): Promise<void> {
    if (this.#ended.signal.aborted) return
    if (this.#isWoken) {
      this.#isWoken = false
      return
    }
    const nap = new AbortController()
    this.#nap = nap
    try {
      if (ms === undefined) await aborted(nap.signal)
      else await this.#runtime.sleep(ms, { signal: nap.signal })
    } catch {
      // woken, or over
    }
    this.#nap = undefined
    this.#isWoken = false
  }

  /** Half of it by chance, so that those whom one relay lost do not all come back in one moment. */
  #waitMs(losses: number): number {
    const whole = Math.min(this.#longestWaitMs, this.#firstWaitMs * 2 ** Math.min(losses, 20))
    const [byte = 0] = this.#runtime.random(1)
    return whole / 2 + (whole / 2) * (byte / 255)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Or rejects when the signal ends first. */
function ended<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
