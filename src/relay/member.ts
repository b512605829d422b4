/** One connection in a room: what it may, how much it may, and what became of what it sent. */
import * as Y from 'yjs'
import { TaskError } from '../errors.ts'
import type { Connection } from '../ports.ts'
import { CLOSE, writeDenied, writeRefused, type Settlement } from '../sync/protocol.ts'
import { Allowance, type RelayLimits } from './limits.ts'

export type Rights = 'read' | 'write' | 'admin'

/** How much was not taken of a member by then. */
export interface Mark {
  readonly refusals: number
  readonly writings: number
}

/** A client with gaps would be asked for ever, one after the other. */
const ASK_AGAIN_MS = 1_000

export class Member {
  readonly connection: Connection
  readonly rights: Rights
  /** It asked for what it lacks, and hears what is new from then on. */
  hasAsked = false
  /** It has sent a message beyond y-websocket's: it understands ours. */
  isOurs = false
  /** Told by it alone: one that says the same is the same client, come back. */
  name: string | undefined
  /** It has taken more of the relay's time than it may. */
  isSpent = false
  /** What it had when it came: of what it wrote until then others may bring what is lost here. */
  vector: Uint8Array | undefined
  /** How often something it sent was not taken, and how often because it may only read. */
  #refusals = 0
  #writings = 0
  /** As they were when its last barrier came. */
  #mark: Mark = { refusals: 0, writings: 0 }
  /** When it was asked last, or will be. */
  #askAt = -Infinity
  #isTold = false
  #clocks: ReadonlyMap<number, number> | undefined
  #over: AbortController | undefined
  #ended: string | undefined
  readonly #limits: RelayLimits
  readonly #messages: Allowance
  readonly #bytes: Allowance
  readonly #work: Allowance

  constructor(connection: Connection, rights: Rights, limits: RelayLimits, now: number) {
    this.connection = connection
    this.rights = rights
    this.#limits = limits
    this.#messages = new Allowance(limits.messagesPerSecond, limits.messagesAtOnce, now)
    this.#bytes = new Allowance(limits.bytesPerSecond, limits.bytesAtOnce, now)
    this.#work = new Allowance(limits.workMsPerSecond, limits.workMsAtOnce, now)
  }

  /** False when it is not sent because the other side reads too slowly; then the connection is over. */
  send(frame: Uint8Array): boolean {
    if (this.connection.waitingBytes > this.#limits.waitingBytes) {
      this.connection.close('you read too slowly: come back and take what you missed', CLOSE.tryLater)
      return false
    }
    this.connection.send(frame)
    return true
  }

  /** Ends with its connection. Made for who waits for that: most never ask for anything that waits. */
  get signal(): AbortSignal {
    this.#over ??= new AbortController()
    if (this.#ended !== undefined) this.end(this.#ended)
    return this.#over.signal
  }

  /** Nobody is there any more who could be answered. */
  end(reason: string): void {
    this.#ended = reason
    this.#over?.abort(new TaskError('CONNECTION_CLOSED', { reason, executed: 'unknown' }))
  }

  /** Up to where it had written as a client when it came. */
  clockOf(client: number): number {
    if (this.#clocks === undefined && this.vector !== undefined) this.#clocks = readClocks(this.vector)
    return this.#clocks?.get(client) ?? 0
  }

  isWithinBudget(bytes: number, now: number): boolean {
    return this.#messages.take(1, now) && this.#bytes.take(bytes, now)
  }

  /** For time that is spent already. False once, when it cannot: from then on nothing more is taken from it. */
  pay(workMs: number, now: number): boolean {
    if (this.#work.take(workMs, now) || this.isSpent) return true
    this.isSpent = true
    return false
  }

  /** Something it sent was not taken; a client of ours is told why. */
  refuse(code: string, reason: string): void {
    this.#refusals++
    if (this.isOurs) this.send(writeRefused(code, reason))
  }

  /** Something it sent changes nothing: it may only read. */
  refuseWriting(): void {
    this.#writings++
    if (this.#isTold) return
    this.#isTold = true
    this.send(writeDenied('this token may read only: nothing of what you change is saved'))
  }

  /** A barrier came: what it asks for begins where the one before came, not where that was answered. */
  marked(): Mark {
    const before = this.#mark
    this.#mark = { refusals: this.#refusals, writings: this.#writings }
    return before
  }

  /**
   * What became of all that came since. Also something that came later may count, and makes the answer worse than it is: what
   * is judged when it comes is told when its turn is, and none of it may be left out.
   */
  settlement({ refusals, writings }: Mark): Settlement {
    if (this.#refusals > refusals) return 'refused'
    return this.#writings > writings ? 'read-only' : 'committed'
  }

  /** How long to wait before it is asked what the relay lacks; undefined where that is on its way. */
  waitBeforeAsking(now: number): number | undefined {
    if (this.#askAt > now) return undefined
    const wait = Math.max(0, this.#askAt + ASK_AGAIN_MS - now)
    this.#askAt = now + wait
    return wait
  }
}

function readClocks(vector: Uint8Array): ReadonlyMap<number, number> {
  try {
    return Y.decodeStateVector(vector)
  } catch {
    return new Map() // its sender is sent away in its turn
  }
}
