/**
 * One connection of a workspace with a relay, from the first byte to the last: what is exchanged when, and what is known
 * to be on the relay's disk. Knows frames, no socket; asks its host for everything about the document.
 *
 *   ─▶ vector, presence          both at once, each way
 *   ◀─ vector, presences
 *   ─▶ missing, barrier          what the relay lacks; from here on every write follows as it is made
 *   ◀─ missing                   from here on the workspace has everything
 *   ◀─ settled                   everything up to the barrier is on the relay's disk
 */
import { TaskError } from '../errors.ts'
import type { Connection, Ending } from '../ports.ts'
import { GONE, readPresences, writePresences, type Presence } from './awareness.ts'
import {
  CLOSE,
  PROTOCOL_VERSION,
  readRelayMessage,
  writeAwareness,
  writeBarrier,
  writeMissing,
  writeQuestion,
  writeUpdate,
  writeVector,
  type Message,
  type Settled,
  type Settlement,
} from './protocol.ts'

export interface Missing {
  readonly update: Uint8Array
  /** How many writes were made here so far, ever. */
  readonly written: number
}

/** The workspace, as a session needs it. */
export interface SessionHost {
  /** What it has. */
  vector(): Promise<Uint8Array>
  /** What someone lacks who has this, and how many writes that covers. Throws for a vector that cannot be read. */
  missing(vector: Uint8Array): Promise<Missing>
  /** Takes updates in; settles when they are durable here. */
  hear(updates: readonly Uint8Array[]): Promise<void>
  /** Everything up to `written` is on the relay's disk, or was not taken. */
  settled(event: Omit<Settled, 'kind' | 'number'> & { readonly written: number }): void
  /** What the relay said of something it did not take. */
  refused(event: { readonly code: string; readonly reason: string }): void
  /** Tasks are held by others than before. */
  claimsChanged?(): void
  /** Who else is there changed. */
  metOthers(states: readonly string[]): void
  /** The Yjs client that writes here, and what it says of itself, as JSON. */
  presence(): { readonly client: number; readonly state: string }
  /** Greater each time, also in the sessions that follow: others pass over what is no newer than what they know. */
  nextPresenceClock(): number
  /** Nobody else knows it: whoever says it again has come back, and its older connection is over. */
  readonly name: string
}

/** Sent, and to be answered for. */
interface Barrier {
  readonly written: number
  /** The last offer before it. */
  readonly offer: number
}

/** States in one message. */
const MOST_PRESENCES = 10_000
/** What others may call themselves, in all, before the rest is passed over. */
const MOST_OTHERS = 10_000

export class Session {
  /** Settles when the workspace has everything of the relay and the relay everything of the workspace. */
  readonly synced: Promise<void>
  readonly ended: Promise<Ending>
  #synced: () => void = () => undefined
  #hasAll = false
  #isOffered = false
  /** Written while what the relay lacks was being put together: part of it or not. */
  #meanwhile: Missing[] | undefined
  /** How many writes the relay was sent: never one of which it was not. */
  #said = 0
  #offers = 0
  /** Of this offer, or after it, something was not taken: only a later offer brings it again. */
  #spoilt = 0
  #spoiltBy: Settlement = 'committed'
  #fault: unknown
  readonly #inbox: Message[] = []
  #working: Promise<void> | undefined
  readonly #barriers = new Map<number, Barrier>()
  #lastBarrier = 0
  readonly #trips = new Map<number, (status: Settlement | undefined) => void>()
  /** Something was sent since the last barrier. */
  #isUncovered = false
  #questions = new Map<
    number,
    { readonly resolve: (json: string) => void; readonly reject: (cause: unknown) => void }
  >()
  #lastQuestion = 0
  #presentAs: number | undefined
  readonly #others = new Map<number, Presence>()
  #isOver = false
  readonly #connection: Connection
  readonly #host: SessionHost

  constructor(connection: Connection, host: SessionHost) {
    this.#connection = connection
    this.#host = host
    this.synced = new Promise((resolve) => (this.#synced = resolve))
    this.ended = connection.closed.then((closed) => {
      const ending = this.#fault === undefined ? closed : { code: 'fault', reason: reasonOf(this.#fault) }
      this.#over(ending)
      return ending
    })
  }

  /** Says what this workspace has, and listens. */
  async start(): Promise<void> {
    const vector = await this.#host.vector()
    // A relay that still has the last connection believes that someone else writes under this client.
    void this.#sayName()
    this.#connection.send(writeVector(vector))
    this.sayPresence()
    this.#connection.onFrame((frame) => this.#take(frame))
  }

  async #sayName(): Promise<void> {
    const params = { name: this.#host.name, protocol: PROTOCOL_VERSION }
    const answer = await this.ask(JSON.stringify({ method: 'connection.name', params })).catch(() => '{}')
    const { error } = JSON.parse(answer) as { readonly error?: { readonly code: string; readonly message: string } }
    // A relay that cannot close (a page) says it this way only.
    if (error?.code === 'PROTOCOL_TOO_OLD') this.#connection.close(error.message, CLOSE.tooOld)
  }

  get isSynced(): boolean {
    const isSaying = this.#meanwhile !== undefined || this.#barriers.size > 0 || this.#isUncovered
    return this.#hasAll && this.#isOffered && !isSaying && this.#spoilt < this.#offers
  }

  /** Both sides have said what they had when this connection began. */
  get isExchanged(): boolean {
    return this.#hasAll && this.#isOffered && this.#meanwhile === undefined
  }

  /** What became of all that was sent; then everything that the relay has told by now is here. Undefined where it ends first. */
  roundTrip(): Promise<Settlement | undefined> {
    if (this.#isOver) return Promise.resolve(undefined)
    this.#barrier()
    return new Promise((resolve) => this.#trips.set(this.#lastBarrier, resolve))
  }

  /** A write that is durable here; `written` counts it too. */
  say(update: Uint8Array, written: number): void {
    if (this.#meanwhile !== undefined) this.#meanwhile.push({ update, written })
    // Before the relay said what it has, all that is written is part of what it lacks.
    else if (this.#isOffered) this.#send(update, written)
  }

  /** Again, also where nothing changed: stock clients forget who was silent for half a minute. */
  sayPresence(): void {
    const { client, state } = this.#host.presence()
    const before = this.#presentAs
    const clock = this.#host.nextPresenceClock()
    const left = before === undefined || before === client ? [] : [{ client: before, clock, state: GONE }]
    this.#presentAs = client
    this.#connection.send(writeAwareness(writePresences([...left, { client, clock, state }])))
  }

  /** A question beyond the document; rejects with what the relay answered, or CONNECTION_CLOSED. */
  ask(json: string): Promise<string> {
    if (this.#isOver) return Promise.reject(connectionOver('it is closed'))
    const number = ++this.#lastQuestion
    this.#connection.send(writeQuestion(number, json))
    return new Promise((resolve, reject) => this.#questions.set(number, { resolve, reject }))
  }

  close(reason: string): void {
    this.#connection.close(reason, CLOSE.goingAway)
  }

  /** Settles when what was heard so far is taken in. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  #take(frame: Uint8Array): void {
    const message = readRelayMessage(frame)
    if (message === undefined) {
      this.#connection.close('a message of the relay cannot be read', CLOSE.malformed)
      return
    }
    switch (message.kind) {
      case 'awareness':
        return this.#meet(message.update)
      case 'query awareness':
        return this.sayPresence()
      case 'answer': {
        const asked = this.#questions.get(message.number)
        this.#questions.delete(message.number)
        return asked?.resolve(message.json)
      }
      case 'refused':
        return this.#host.refused(message)
      case 'denied':
        return this.#host.refused({ code: 'RELAY_DENIED', reason: message.reason })
      case 'claims':
        return this.#host.claimsChanged?.()
      case 'vector':
      case 'missing':
      case 'update':
      case 'settled':
        this.#inbox.push(message)
        return this.#begin()
      case 'barrier':
      case 'question':
      case 'unknown':
        return // of a later version
    }
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      // It came between the end of the work and here.
      if (this.#inbox.length > 0 && !this.#isOver && this.#fault === undefined) this.#begin()
    })
  }

  /** In order; updates that came together are taken in together. */
  async #work(): Promise<void> {
    try {
      for (let message = this.#inbox.shift(); message !== undefined && !this.#isOver; message = this.#inbox.shift()) {
        if (message.kind === 'vector') await this.#offer(message.vector)
        else if (message.kind === 'update' || message.kind === 'missing') await this.#hear(message)
        else if (message.kind === 'settled') this.#settle(message)
      }
    } catch (cause) {
      // The workspace could not read or keep something: this connection is over, the next one begins anew.
      this.#fault = cause
      this.#connection.close('this workspace could not go on', CLOSE.fault)
    }
  }

  async #hear(first: Message & { readonly update: Uint8Array }): Promise<void> {
    const updates = [first.update]
    let isAll = first.kind === 'missing'
    for (let next = this.#inbox[0]; next?.kind === 'update' || next?.kind === 'missing'; next = this.#inbox[0]) {
      updates.push(next.update)
      isAll ||= next.kind === 'missing'
      this.#inbox.shift()
    }
    await this.#host.hear(updates)
    if (isAll) this.#hasAll = true
    this.#tellSynced()
  }

  async #offer(vector: Uint8Array): Promise<void> {
    this.#meanwhile = []
    const { update, written } = await this.#host.missing(vector)
    if (this.#isOver) return
    const meanwhile = this.#meanwhile
    this.#meanwhile = undefined
    this.#isOffered = true
    // What became of earlier ones is theirs alone: this one may bring what was not taken.
    if (this.#isUncovered) this.#barrier()
    this.#offers++
    this.#said = Math.max(this.#said, written)
    this.#connection.send(writeMissing(update))
    this.#barrier()
    for (const one of meanwhile) this.#send(one.update, one.written)
  }

  #send(update: Uint8Array, written: number): void {
    if (written > this.#said + 1) {
      // Another process wrote while this one had let go of the store: a new connection begins with all of it.
      this.#connection.close('something was written here that this connection has not heard of', CLOSE.goingAway)
      return
    }
    this.#said = Math.max(this.#said, written)
    this.#connection.send(writeUpdate(update))
    // One at a time: its answer brings the next, which covers all that was sent meanwhile.
    if (this.#barriers.size === 0) this.#barrier()
    else this.#isUncovered = true
  }

  #barrier(): void {
    this.#isUncovered = false
    this.#barriers.set(++this.#lastBarrier, { written: this.#said, offer: this.#offers })
    this.#connection.send(writeBarrier(this.#lastBarrier))
  }

  #settle({ number, status, epoch, time }: Settled): void {
    const barrier = this.#barriers.get(number)
    if (barrier === undefined) return
    const { written, offer } = barrier
    this.#barriers.delete(number)
    if (status !== 'committed') [this.#spoilt, this.#spoiltBy] = [offer, status]
    if (this.#isUncovered) this.#barrier()
    // What came after something that was not taken may be there; that it is, only the next offer shows.
    const outcome = offer > this.#spoilt ? status : this.#spoiltBy
    this.#host.settled({ status: outcome, epoch, time, written })
    this.#trips.get(number)?.(outcome)
    this.#trips.delete(number)
    this.#tellSynced()
  }

  #tellSynced(): void {
    if (this.isSynced) this.#synced()
  }

  #meet(bytes: Uint8Array): void {
    const own = this.#host.presence().client
    for (const presence of readPresences(bytes, MOST_PRESENCES) ?? []) {
      if (presence.client === own) continue
      if (presence.state === GONE) this.#others.delete(presence.client)
      else if (this.#others.size < MOST_OTHERS) this.#others.set(presence.client, presence)
    }
    this.#host.metOthers([...this.#others.values()].map(({ state }) => state))
  }

  #over(ending: Ending): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const question of this.#questions.values()) question.reject(connectionOver(ending.reason))
    this.#questions.clear()
    for (const resolve of this.#trips.values()) resolve(undefined)
    this.#trips.clear()
    this.#host.metOthers([])
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function connectionOver(reason: string): TaskError {
  return new TaskError('CONNECTION_CLOSED', { reason, executed: 'unknown' })
}
