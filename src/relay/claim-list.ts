/**
 * What is held, for many who ask: put into words once as long as it stays the same, and for who knows an earlier version only
 * what is another lease since. That a lease ran out is no change: when it would was told.
 */
import type { Holding } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'

/** The leases as they are on the disk. */
export interface Leases {
  holdings(): readonly Holding[]
  last(uid: Uid): Holding | undefined
}

/** Words that are true from a moment to another. */
interface Words {
  readonly json: string
  readonly from: number
  readonly until: number
}

interface Move {
  readonly version: number
  readonly uids: readonly Uid[]
}

/** Tasks in all the changes that are kept. */
const MOST_MOVED = 10_000
/** Answers that are kept for whoever asks the same. */
const MOST_WORDS = 8

export class ClaimList {
  /** Of this list: versions of another say nothing here. */
  readonly #name: string
  readonly #leases: Leases
  /** When something was said last. */
  #saidAt = -Infinity
  #life = 0
  #version = 0
  #moves: Move[] = []
  #moved = 0
  /** What is said to who knows this version; -1 for who knows nothing. */
  readonly #words = new Map<number, Words>()

  constructor(name: string, leases: Leases) {
    this.#name = name
    this.#leases = leases
  }

  /** These have another lease than before, or none. */
  move(uids: readonly Uid[]): void {
    this.#moves.push({ version: ++this.#version, uids })
    this.#moved += uids.length
    this.#words.clear()
    let forgotten = 0
    for (; this.#moved > MOST_MOVED; forgotten++) this.#moved -= this.#moves[forgotten]?.uids.length ?? 0
    if (forgotten > 0) this.#moves = this.#moves.slice(forgotten)
  }

  /** The answer as JSON; all of it where nothing is known of `since`. */
  answer(since: unknown, now: number): string {
    if (now < this.#saidAt) this.#forget()
    this.#saidAt = now
    const known = this.#parse(since)
    const kept = this.#words.get(known)
    const words = kept !== undefined && kept.from <= now && now < kept.until ? kept : this.#say(known, now)
    if (words !== kept) {
      if (this.#words.size >= MOST_WORDS) this.#words.clear()
      this.#words.set(known, words)
    }
    return `${words.json},"version":"${this.#name}.${this.#life}-${this.#version}","at":${now}}`
  }

  /** The clock was set back: leases that ran out are held again, and nothing was told of that. */
  #forget(): void {
    this.#life++
    this.#moves = []
    this.#moved = 0
    this.#words.clear()
  }

  /** Its number, where everything that moved since is known; else -1. */
  #parse(since: unknown): number {
    if (since === undefined) return -1
    if (typeof since !== 'string')
      throw new TaskError('INVALID_INPUT', { field: 'since', problem: 'it is no text', fix: 'give a version, or none' })
    const [name, number = ''] = since.split('-')
    if (name !== `${this.#name}.${this.#life}` || !/^\d{1,15}$/.test(number)) return -1
    const oldest = this.#moves[0]?.version ?? this.#version + 1
    return Number(number) >= oldest - 1 && Number(number) <= this.#version ? Number(number) : -1
  }

  #say(known: number, now: number): Words {
    if (known < 0) {
      const holdings = this.#leases.holdings()
      return words(`{"outcome":"listed","holdings":${JSON.stringify(holdings)}`, holdings, now)
    }
    const changed: Holding[] = []
    const ended: Uid[] = []
    for (const uid of this.#movedSince(known)) {
      const lease = this.#leases.last(uid)
      if (lease !== undefined && lease.expiresAt > now) changed.push(lease)
      else ended.push(uid)
    }
    const json = `{"outcome":"changed","changed":${JSON.stringify(changed)},"ended":${JSON.stringify(ended)}`
    return words(json, changed, now)
  }

  #movedSince(known: number): ReadonlySet<Uid> {
    const first = this.#moves.length - (this.#version - known)
    return new Set(this.#moves.slice(first).flatMap(({ uids }) => uids))
  }
}

function words(json: string, holdings: readonly Holding[], from: number): Words {
  let until = Infinity
  for (const { expiresAt } of holdings) until = Math.min(until, expiresAt)
  return { json, from, until }
}
