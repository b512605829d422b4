/**
 * Two ways to one relay: live connections, and requests where those are blocked. Chosen by itself, and back again. Knows no
 * network: only which way failed without having reached anyone, and which works.
 *
 *   live ──(N times in a row not reached, or lost at once; and the other way works)──▶ poll
 *     ◀──────────(looked every so often beside the polling: live stays and speaks)──────┘
 */
import { TaskError } from '../errors.ts'
import type { Connection, Ending, Runtime, Transport } from '../ports.ts'
import { CLOSE } from './protocol.ts'

export interface FallbackOptions {
  /** How often in a row the live way fails before the other is tried. @default 2 */
  readonly failures?: number
  /** A live connection that is lost sooner than this did not work. @default 5 s */
  readonly steadyMs?: number
  /** A live connection over which nothing comes for this long did not work: a relay speaks first. @default 10 s */
  readonly silentMs?: number
  /** How often it is looked, while polling, whether the live way works again. @default 60 s */
  readonly lookMs?: number
}

type Way = 'live' | 'poll'

/** Connects live where that works, else by `poll`; while both fail nothing is chosen anew. */
export function withFallback(
  live: Transport,
  poll: Transport,
  runtime: Runtime,
  options: FallbackOptions = {},
): Transport {
  const ways = new Ways(live, poll, runtime, options)
  return {
    connect: ({ signal } = {}) => ways.connect(signal),
    listen: (accept) => live.listen(accept),
  }
}

class Ways {
  #way: Way = 'live'
  /** Of the live way, in a row. */
  #failed = 0
  readonly #live: Transport
  readonly #poll: Transport
  readonly #runtime: Runtime
  readonly #failures: number
  readonly #steadyMs: number
  readonly #silentMs: number
  readonly #lookMs: number

  constructor(
    live: Transport,
    poll: Transport,
    runtime: Runtime,
    { failures = 2, steadyMs = 5_000, silentMs = 10_000, lookMs = 60_000 }: FallbackOptions,
  ) {
    this.#live = live
    this.#poll = poll
    this.#runtime = runtime
    this.#failures = failures
    this.#steadyMs = steadyMs
    this.#silentMs = silentMs
    this.#lookMs = lookMs
  }

  async connect(signal: AbortSignal | undefined): Promise<Connection> {
    const isPollFirst = this.#way === 'poll' || this.#failed >= this.#failures
    return isPollFirst ? this.#connectPollFirst(signal) : this.#connectLiveFirst(signal)
  }

  async #connectLiveFirst(signal: AbortSignal | undefined): Promise<Connection> {
    try {
      return await this.#connectLive(signal)
    } catch (cause) {
      signal?.throwIfAborted()
      // A denial before anything was opened may be of something between here and the relay. After it nobody would come back.
      const isDenial = isDenied(cause)
      if (!isDenial && this.#failed < this.#failures) throw cause
      const polling = await this.#connectPoll(signal).catch((denial: unknown) => {
        if (!isDenial && isDenied(denial)) throw denial
      })
      if (polling !== undefined) return polling
      // Nobody is there: that says nothing of the ways.
      this.#failed = 0
      throw cause
    }
  }

  async #connectPollFirst(signal: AbortSignal | undefined): Promise<Connection> {
    try {
      return await this.#connectPoll(signal)
    } catch (cause) {
      signal?.throwIfAborted()
      if (isDenied(cause)) throw cause
      this.#failed = 0
      const connection = await this.#connectLive(signal).catch(() => undefined)
      signal?.throwIfAborted()
      if (connection === undefined) throw cause
      this.#choose('live')
      return connection
    }
  }

  async #connectPoll(signal: AbortSignal | undefined): Promise<Connection> {
    const connection = await this.#poll.connect(signal === undefined ? {} : { signal })
    this.#choose('poll')
    void this.#lookForLive(connection)
    return connection
  }

  async #connectLive(signal: AbortSignal | undefined): Promise<Connection> {
    try {
      const connection = await this.#live.connect(signal === undefined ? {} : { signal })
      const openedAt = this.#runtime.now()
      return new Watched(connection, this.#runtime, this.#silentMs, (ending, hasHeard) => {
        const isShort = ending.code === 'lost' && this.#runtime.now() - openedAt < this.#steadyMs
        this.#failed = isShort || !hasHeard ? this.#failed + 1 : 0
      })
    } catch (cause) {
      if (signal?.aborted !== true) this.#failed++
      throw cause
    }
  }

  /** Beside the polling, until that ends: in order, as soon as the other way works. */
  async #lookForLive(polling: Connection): Promise<void> {
    const over = new AbortController()
    void polling.closed.then(() => over.abort())
    try {
      while (!(await this.#isLiveSteady(over.signal))) await this.#runtime.sleep(this.#lookMs, { signal: over.signal })
    } catch (cause) {
      if (over.signal.aborted) return
      throw cause
    }
    if (over.signal.aborted) return
    this.#failed = 0
    this.#choose('live')
    polling.close('live connections work again', CLOSE.goingAway)
  }

  async #isLiveSteady(signal: AbortSignal): Promise<boolean> {
    const connection = await this.#live.connect({ signal }).catch(() => undefined)
    if (connection === undefined) return false
    let hasHeard = false
    connection.onFrame(() => (hasHeard = true))
    const over = new AbortController()
    void connection.closed.then(() => over.abort())
    const isSteady = await this.#runtime.sleep(this.#steadyMs, { signal: AbortSignal.any([signal, over.signal]) }).then(
      () => hasHeard,
      () => false, // it ended, or nobody needs to know any more
    )
    connection.close('only looked whether this works', CLOSE.goingAway)
    return isSteady
  }

  #choose(way: Way): void {
    if (way !== this.#way) this.#runtime.log({ level: 'info', event: 'transport.chosen', way })
    this.#way = way
  }
}

/** Tells how it ended, unless this side ended it, and whether anything came over it. */
class Watched implements Connection {
  readonly closed: Promise<Ending>
  #hasHeard = false
  #isOurs = false
  readonly #over = new AbortController()
  readonly #inner: Connection
  readonly #runtime: Runtime
  readonly #silentMs: number

  constructor(
    inner: Connection,
    runtime: Runtime,
    silentMs: number,
    ended: (ending: Ending, hasHeard: boolean) => void,
  ) {
    this.#inner = inner
    this.#runtime = runtime
    this.#silentMs = silentMs
    this.closed = inner.closed.then((ending) => {
      this.#over.abort()
      // A relay that gives a number for its reason was reached.
      const isReached = this.#hasHeard || (ending.code === 'closed' && ending.status !== undefined)
      if (!this.#isOurs) ended(ending, isReached)
      return ending
    })
  }

  get waitingBytes(): number {
    return this.#inner.waitingBytes
  }

  send(frame: Uint8Array): void {
    this.#inner.send(frame)
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    // From here on: who does not listen cannot hear.
    void this.#endIfSilent()
    this.#inner.onFrame((frame) => {
      this.#hasHeard = true
      listener(frame)
    })
  }

  close(reason: string, status?: number): void {
    this.#isOurs = true
    this.#inner.close(reason, status)
  }

  async #endIfSilent(): Promise<void> {
    try {
      await this.#runtime.sleep(this.#silentMs, { signal: this.#over.signal })
    } catch {
      return // it ended before
    }
    if (!this.#hasHeard) this.#inner.close('nothing comes over this connection')
  }
}

function isDenied(cause: unknown): boolean {
  return cause instanceof TaskError && cause.code === 'RELAY_DENIED'
}
