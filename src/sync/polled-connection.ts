/**
 * A connection whose frames travel in requests: what is sent is gathered and goes as one exchange at a time, in order, and
 * what others commit is waited for. Knows what is asked, not how it travels. Nobody's presence travels: who is here by
 * requests is not seen by others and sees nobody.
 *
 *   send ─▶ outbox ─▶ exchange ─▶ vector (once), missing, settled      one at a time; the rest gathers
 *                     changes  ─▶ update …                             always one open, from the first exchange on
 */
import { asTaskError, TaskError, type ErrorCode } from '../errors.ts'
import type { Connection, Ending, Runtime } from '../ports.ts'
import {
  grownVector,
  oneUpdate,
  type Changes,
  type ExchangeAnswer,
  type ExchangeRequest,
  type Known,
} from './exchange.ts'
import {
  CLOSE,
  readClientMessage,
  writeClaimsNews,
  writeMissing,
  writeQuestion,
  writeSettled,
  writeUpdate,
  writeVector,
  type Settlement,
} from './protocol.ts'

/** What a relay can be asked without a connection. A signal ends each. */
export interface Requests {
  exchange(request: ExchangeRequest, signal: AbortSignal): Promise<ExchangeAnswer>
  /** Settles when something was committed since, or after a while. */
  changes(known: Known, signal: AbortSignal): Promise<Changes>
  ask(json: string, signal: AbortSignal): Promise<string>
}

export interface PolledOptions {
  /** Larger frames are refused where they are sent. @default 31 MiB: with what goes along, what a relay takes */
  readonly maxSentBytes?: number
  /** What may wait for a relay that takes too long, before the connection is ended. @default 64 MiB */
  readonly maxBufferedBytes?: number
}

type Sent =
  | { readonly kind: 'vector'; readonly vector: Uint8Array }
  | { readonly kind: 'update'; readonly update: Uint8Array }
  | { readonly kind: 'barrier'; readonly number: number }
  | { readonly kind: 'question'; readonly number: number; readonly json: string }

const MIB = 1024 * 1024
/** Of small updates no more than this goes in one exchange. */
const GATHERED_BYTES = 4 * MIB
/** An answer without news that comes sooner than this came by mistake: whoever answers so is not asked without a pause. */
const SOON_MS = 1_000
/** What was not taken is offered again, but not without a pause. */
const OFFER_AGAIN_MS = 1_000
/** Of Yjs: nothing at all. */
const NOTHING_BYTES = 2

export class PolledConnection implements Connection {
  readonly closed: Promise<Ending>
  #end: (ending: Ending) => void = () => undefined
  #outbox: Sent[] = []
  #waitingBytes = 0
  #isSending = false
  #listener: ((frame: Uint8Array) => void) | undefined
  #unheard: Uint8Array[] = []
  /** What the client has: what it said, was handed, and sent. */
  #vector: Uint8Array = Uint8Array.of(0)
  /** Up to where it was handed everything. */
  #known: Known | undefined
  /** Of everything since the last barrier. */
  #status: Settlement = 'committed'
  /** What the relay had when it did not take something, until that is offered again. */
  #lacking: Uint8Array | undefined
  readonly #over = new AbortController()
  readonly #requests: Requests
  readonly #runtime: Runtime
  readonly #maxSentBytes: number
  readonly #maxBufferedBytes: number

  constructor(
    requests: Requests,
    runtime: Runtime,
    { maxSentBytes = 31 * MIB, maxBufferedBytes = 64 * MIB }: PolledOptions = {},
  ) {
    this.#requests = requests
    this.#runtime = runtime
    this.#maxSentBytes = maxSentBytes
    this.#maxBufferedBytes = maxBufferedBytes
    this.closed = new Promise((resolve) => (this.#end = resolve))
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  send(frame: Uint8Array): void {
    const size = frame.byteLength
    if (size > this.#maxSentBytes)
      throw new TaskError('TOO_LARGE', { field: 'a frame', size, limit: this.#maxSentBytes })
    const sent = this.#over.signal.aborted ? undefined : readSent(frame)
    if (sent === undefined) return
    // Looked at before this frame is added: one frame may be larger than all that may wait.
    if (this.#waitingBytes > this.#maxBufferedBytes)
      return this.#finish({ code: 'refused', reason: 'the relay takes too long', status: CLOSE.tryLater })
    this.#outbox.push(sent)
    this.#waitingBytes += sizeOf(sent)
    if (!this.#isSending) void this.#carry()
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener
    for (const frame of this.#unheard.splice(0)) this.#hand(frame)
  }

  /** What waits to be sent is not sent, and what is asked is not waited for. */
  close(reason: string, status?: number): void {
    this.#finish({ code: 'closed', reason, ...(status === undefined ? {} : { status }) })
  }

  #finish(ending: Ending): void {
    if (this.#over.signal.aborted) return
    this.#outbox = []
    this.#waitingBytes = 0
    this.#end(ending)
    this.#over.abort()
  }

  /** In the order of the frames; what is sent in one moment goes together. */
  async #carry(): Promise<void> {
    this.#isSending = true
    await Promise.resolve()
    try {
      for (let next = this.#outbox[0]; next !== undefined; next = this.#outbox[0])
        // A claim may wait for a long time: what is written meanwhile does not.
        if (next.kind === 'question') void this.#ask(next)
        else await this.#exchange(this.#gather())
    } catch (cause) {
      this.#finish(endingOf(cause))
    } finally {
      // Here, and not when the promise has settled: what is sent in between would wait for ever.
      this.#isSending = false
    }
  }

  async #ask({ number, json }: Sent & { readonly kind: 'question' }): Promise<void> {
    this.#forget(1)
    try {
      this.#hand(writeQuestion(number, await this.#requests.ask(json, this.#over.signal)))
    } catch (cause) {
      this.#finish(endingOf(cause))
    }
  }

  /** As much as goes in one exchange: up to the next question. */
  #gather(): readonly Sent[] {
    let bytes = 0
    const rest = this.#outbox.findIndex((sent) => {
      const isTooMuch = bytes > 0 && bytes + sizeOf(sent) > GATHERED_BYTES
      bytes += sizeOf(sent)
      return isTooMuch || sent.kind === 'question'
    })
    return this.#forget(rest === -1 ? this.#outbox.length : rest)
  }

  #forget(count: number): readonly Sent[] {
    const gone = this.#outbox.splice(0, count)
    for (const sent of gone) this.#waitingBytes -= sizeOf(sent)
    return gone
  }

  async #exchange(sent: readonly Sent[]): Promise<void> {
    const updates: Uint8Array[] = []
    for (const one of sent) {
      if (one.kind === 'vector') this.#vector = one.vector
      if (one.kind === 'update') updates.push(one.update)
    }
    this.#vector = grownVector(this.#vector, updates)
    const answer = await this.#requests.exchange(
      { vector: this.#vector, update: oneUpdate(updates) },
      this.#over.signal,
    )
    const isFirst = this.#known === undefined
    if (!this.#learn(answer)) return
    if (isFirst) this.#hand(writeVector(answer.vector))
    if (answer.missing.length > NOTHING_BYTES || sent.some(({ kind }) => kind === 'vector')) {
      this.#vector = grownVector(this.#vector, [answer.missing])
      this.#hand(writeMissing(answer.missing))
    }
    this.#settle(sent, answer)
    if (isFirst) void this.#listen()
  }

  #settle(sent: readonly Sent[], { status, epoch, time, vector }: ExchangeAnswer): void {
    // What went before its barrier, in an exchange of its own, is part of what the barrier asks for.
    if (this.#status === 'committed') this.#status = status
    for (const one of sent)
      if (one.kind === 'barrier') this.#hand(writeSettled({ number: one.number, status: this.#status, epoch, time }))
    if (sent.some(({ kind }) => kind === 'barrier')) this.#status = 'committed'
    if (status !== 'refused') return
    const isAsking = this.#lacking !== undefined
    this.#lacking = vector
    if (!isAsking) void this.#askAgain()
  }

  /** As a relay does over a connection: it asks for what it lacks. */
  async #askAgain(): Promise<void> {
    await this.#pause(OFFER_AGAIN_MS)
    const vector = this.#lacking
    this.#lacking = undefined
    if (vector !== undefined) this.#hand(writeVector(vector))
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const asked = this.#runtime.now()
        const known = this.#known
        if (known === undefined) return
        const changes = await this.#requests.changes(known, this.#over.signal)
        if (changes.updates === undefined)
          return this.#finish({ code: 'lost', reason: 'the relay does not know what was new since' })
        if (!this.#learn(changes)) return
        this.#vector = grownVector(this.#vector, changes.updates)
        for (const update of changes.updates) this.#hand(writeUpdate(update))
        // Pages tell nothing of claims: who holds what is asked whenever something may have changed.
        this.#hand(writeClaimsNews())
        const isSoon = changes.updates.length === 0 && this.#runtime.now() - asked < SOON_MS
        if (isSoon && !(await this.#pause(SOON_MS))) return
      }
    } catch (cause) {
      this.#finish(endingOf(cause))
    }
  }

  /** False where the connection is over: also where the relay has other data now, of which nothing here is true. */
  #learn({ epoch, seq }: Known): boolean {
    if (this.#over.signal.aborted) return false
    if (this.#known !== undefined && this.#known.epoch !== epoch) {
      this.#finish({ code: 'lost', reason: 'the relay has other data now' })
      return false
    }
    this.#known = { epoch, seq: Math.max(seq, this.#known?.seq ?? 0) }
    return true
  }

  async #pause(ms: number): Promise<boolean> {
    try {
      await this.#runtime.sleep(ms, { signal: this.#over.signal })
      return true
    } catch {
      return false // the connection is over
    }
  }

  #hand(frame: Uint8Array): void {
    if (this.#over.signal.aborted) return
    const listener = this.#listener
    if (listener === undefined) return void this.#unheard.push(frame)
    try {
      listener(frame)
    } catch (thrown) {
      this.#finish({ code: 'fault', reason: thrown instanceof Error ? thrown.message : String(thrown) })
    }
  }
}

function readSent(frame: Uint8Array): Sent | undefined {
  const message = readClientMessage(frame)
  switch (message?.kind) {
    case 'vector':
    case 'barrier':
    case 'question':
      return message
    case 'missing':
    case 'update':
      return { kind: 'update', update: message.update }
    case 'awareness':
    case 'query awareness':
      return undefined
    case 'answer':
    case 'claims':
    case 'denied':
    case 'refused':
    case 'settled':
    case 'unknown':
    case undefined:
      return undefined // no client says that
  }
}

function sizeOf(sent: Sent): number {
  switch (sent.kind) {
    case 'update':
      return sent.update.length
    case 'vector':
      return sent.vector.length
    case 'question':
      return sent.json.length
    case 'barrier':
      return 0
  }
}

/** The numbers with which a relay ends a connection for the same reasons. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  RELAY_DENIED: CLOSE.denied,
  PATH_NOT_FOUND: CLOSE.unknownProject,
  FRAME_INVALID: CLOSE.malformed,
  TOO_LARGE: CLOSE.tooLarge,
  CONNECTION_CLOSED: CLOSE.tryLater,
}

function endingOf(cause: unknown): Ending {
  const { code, message, details } = asTaskError(cause)
  const said = details['reason'] ?? details['problem']
  const reason = typeof said === 'string' ? said : message
  const status = STATUS_OF[code]
  if (status === undefined) return { code: code === 'FAULT' ? 'fault' : 'lost', reason }
  return { code: code === 'CONNECTION_CLOSED' ? 'closed' : 'refused', reason, status }
}
