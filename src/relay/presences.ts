/**
 * Who is in a room: what each connection says of its clients, for as long as it lasts. A client belongs to the first
 * connection that speaks for it; what others say of it is passed over (stock clients repeat what they heard).
 */
import { GONE, readPresences, writePresences, type Presence } from '../sync/awareness.ts'
import type { RelayLimits } from './limits.ts'

interface Known<Owner> {
  readonly owner: Owner
  readonly presence: Presence
}

/** One message may repeat what everyone in the room says. */
const MOST_IN_A_MESSAGE = 10_000
/** Of clients that left. */
const MOST_REMEMBERED = 10_000

export class Presences<Owner extends object> {
  readonly #known = new Map<number, Known<Owner>>()
  /** What clients that left said last: a stock client that repeats it later must not become their owner. */
  readonly #left = new Map<number, number>()
  /** Said since the room was told last. */
  readonly #news = new Map<number, Presence>()
  readonly #limits: RelayLimits

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  /** Takes a message of one connection; says what is wrong with it, if something is. */
  hear(owner: Owner, bytes: Uint8Array): string | undefined {
    const presences = readPresences(bytes, MOST_IN_A_MESSAGE)
    if (presences === undefined) return 'an awareness message cannot be read'
    for (const presence of presences) {
      const known = this.#known.get(presence.client)
      if (known !== undefined && known.owner !== owner) continue
      if (known !== undefined && presence.clock <= known.presence.clock && presence.state !== GONE) continue
      if (presence.state === GONE) {
        if (known !== undefined) this.#leave(presence, known.presence.clock)
        continue
      }
      if (known === undefined && presence.clock <= (this.#left.get(presence.client) ?? -1)) continue
      if (presence.state.length > this.#limits.presenceLength)
        return `what a client says of itself is longer than ${this.#limits.presenceLength}`
      if (known === undefined && this.clientsOf(owner).length >= this.#limits.presences)
        return `one connection speaks for more than ${this.#limits.presences} clients`
      this.#known.set(presence.client, { owner, presence })
      this.#news.set(presence.client, presence)
    }
    return undefined
  }

  /** The connection ended: what it said of its clients is over. */
  forget(owner: Owner): void {
    for (const [client, known] of this.#known) {
      if (known.owner === owner) {
        const { clock } = known.presence
        this.#leave({ client, clock: clock + 1, state: GONE }, clock)
      }
    }
  }

  ownerOf(client: number): Owner | undefined {
    return this.#known.get(client)?.owner
  }

  /** Whether a client belongs to another connection than this. */
  isOthers(client: number, owner: Owner): boolean {
    const known = this.#known.get(client)
    return known !== undefined && known.owner !== owner
  }

  clientsOf(owner: Owner): readonly number[] {
    return [...this.#known].flatMap(([client, known]) => (known.owner === owner ? [client] : []))
  }

  /** What the room has not been told yet; undefined when that is nothing. */
  takeNews(): Uint8Array | undefined {
    if (this.#news.size === 0) return undefined
    const news = writePresences([...this.#news.values()])
    this.#news.clear()
    return news
  }

  /** Everyone, for one who comes; undefined when nobody is there. */
  everyone(): Uint8Array | undefined {
    if (this.#known.size === 0) return undefined
    return writePresences([...this.#known.values()].map(({ presence }) => presence))
  }

  /** What each client says of itself, as JSON. */
  states(): readonly string[] {
    return [...this.#known.values()].map(({ presence }) => presence.state)
  }

  #leave(presence: Presence, last: number): void {
    this.#known.delete(presence.client)
    this.#left.delete(presence.client)
    this.#left.set(presence.client, last)
    for (const oldest of this.#left.size > MOST_REMEMBERED ? this.#left.keys() : []) {
      this.#left.delete(oldest)
      break
    }
    this.#news.set(presence.client, presence)
  }
}
