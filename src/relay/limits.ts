/** What a relay takes from a client, and what it keeps for one. All are options; `docs/protocol.md` lists them. */

export interface RelayLimits {
  /** Messages of one connection, on average and at once. @default 20,000 a second, 200,000 at once */
  readonly messagesPerSecond: number
  readonly messagesAtOnce: number
  /** Bytes of one connection, on average and at once. @default 64 MiB a second, 512 MiB at once */
  readonly bytesPerSecond: number
  readonly bytesAtOnce: number
  /** How long what one connection sends may take to be taken in, and what it asks to be answered. @default 500 ms a second, 10 s at once */
  readonly workMsPerSecond: number
  readonly workMsAtOnce: number
  /** What may wait for a client that reads slowly before it is sent away. @default 64 MiB */
  readonly waitingBytes: number
  /** Projects that are open at once. @default 1,000 */
  readonly rooms: number
  /** Connections to one project. @default 5,000 */
  readonly members: number
  /** Clients that one connection may speak for, and the length of what each says. @default 8 and 16 KiB */
  readonly presences: number
  readonly presenceLength: number
  /** How long a project without connections stays in memory. @default 30 s */
  readonly idleMs: number
  /** How often others hear of presence at most. @default every 50 ms */
  readonly presenceMs: number
  /** Characters of a question; a longer one is answered with TOO_LARGE. @default 64 KiB of JSON */
  readonly questionLength: number
}

export const defaultLimits: RelayLimits = {
  messagesPerSecond: 20_000,
  messagesAtOnce: 200_000,
  bytesPerSecond: 64 * 1024 * 1024,
  bytesAtOnce: 512 * 1024 * 1024,
  workMsPerSecond: 500,
  workMsAtOnce: 10_000,
  waitingBytes: 64 * 1024 * 1024,
  rooms: 1_000,
  members: 5_000,
  presences: 8,
  presenceLength: 16 * 1024,
  idleMs: 30_000,
  presenceMs: 50,
  questionLength: 64 * 1024,
}

/** An allowance that fills again with time. */
export class Allowance {
  #left: number
  #at: number
  readonly #perMs: number
  readonly #most: number

  constructor(perSecond: number, most: number, now: number) {
    this.#perMs = perSecond / 1_000
    this.#most = most
    this.#left = most
    this.#at = now
  }

  /** Whether there was enough for it. */
  take(amount: number, now: number): boolean {
    // A clock that was set back gives nothing, and takes nothing.
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
    this.#left -= amount
    return this.#left >= 0
  }
}
