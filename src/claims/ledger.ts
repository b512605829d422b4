/** Who holds which task until when, and every token that was granted: what its changes, in order, make of it. Decides nothing. */
import type { Uid } from '../ids.ts'
import type { Holding } from './request.ts'

/** What becomes durable. A ledger is what its changes, in order, make of an empty one. */
export type LedgerChange =
  | ({ readonly do: 'grant' } & Holding)
  | ({ readonly do: 'renew'; readonly uid: Uid } & Lease)
  | { readonly do: 'end'; readonly uid: Uid }
  /** Tokens to come are greater. */
  | { readonly do: 'learn'; readonly uid: Uid; readonly token: number }
  /** What a request was granted: asked again, it is answered the same. */
  | { readonly do: 'remember'; readonly request: string; readonly print: string; readonly granted: readonly Granted[] }

type Lease = Pick<Holding, 'leaseMs' | 'expiresAt'>
type Granted = readonly [uid: Uid, token: number]

interface Remembered {
  readonly print: string
  readonly granted: readonly Granted[]
}

/** Requests that are remembered, and the grants in them: the oldest are forgotten first. */
const MOST_REMEMBERED = 10_000
const MOST_REMEMBERED_GRANTS = 50_000

export class Ledger {
  /** The greatest token that was ever granted, of each task. */
  readonly #tokens = new Map<Uid, number>()
  /** Leases that were not ended; also those that ran out. */
  readonly #leases = new Map<Uid, Holding>()
  readonly #remembered = new Map<string, Remembered>()
  #rememberedGrants = 0

  /** Of this task, whoever holds it now; a lease that ran out is none. */
  holding(uid: Uid, now: number): Holding | undefined {
    const holding = this.#leases.get(uid)
    return holding !== undefined && holding.expiresAt > now ? holding : undefined
  }

  /** The last lease, also one that ran out, unless it was ended. */
  last(uid: Uid): Holding | undefined {
    return this.#leases.get(uid)
  }

  holdings(now: number): readonly Holding[] {
    const found: Holding[] = []
    for (const holding of this.#leases.values()) if (holding.expiresAt > now) found.push(holding)
    return found.sort((a, b) => a.token - b.token || (a.uid < b.uid ? -1 : 1))
  }

  /** Those that were not ended, also those that ran out, in no order. */
  leases(): Iterable<Holding> {
    return this.#leases.values()
  }

  /** How many leases there are that were not ended, and of how many tasks a token is known. */
  get size(): { readonly leases: number; readonly tokens: number } {
    return { leases: this.#leases.size, tokens: this.#tokens.size }
  }

  /** The greatest token ever granted for a task; 0 before the first. */
  token(uid: Uid): number {
    return this.#tokens.get(uid) ?? 0
  }

  /** All that was ever granted, for another arbiter to learn. */
  tokens(): readonly Granted[] {
    return [...this.#tokens]
  }

  remembered(request: string): Remembered | undefined {
    return this.#remembered.get(request)
  }

  apply(changes: readonly LedgerChange[]): void {
    for (const change of changes) this.#apply(change)
  }

  /** The changes that make this ledger of an empty one. */
  whole(): readonly LedgerChange[] {
    const changes: LedgerChange[] = []
    for (const [uid, token] of this.#tokens) {
      const holding = this.#leases.get(uid)
      if (holding !== undefined) changes.push({ do: 'grant', ...holding })
      if (holding?.token !== token) changes.push({ do: 'learn', uid, token })
    }
    for (const [request, { print, granted }] of this.#remembered)
      changes.push({ do: 'remember', request, print, granted })
    return changes
  }

  #apply(change: LedgerChange): void {
    if (change.do === 'remember') return this.#remember(change)
    const { uid } = change
    switch (change.do) {
      case 'grant': {
        const { do: _verb, ...holding } = change
        this.#learn(uid, holding.token)
        this.#leases.set(uid, holding)
        return
      }
      case 'renew': {
        const { leaseMs, expiresAt } = change
        const holding = this.#leases.get(uid)
        if (holding !== undefined) this.#leases.set(uid, { ...holding, leaseMs, expiresAt })
        return
      }
      case 'end':
        this.#leases.delete(uid)
        return
      case 'learn':
        return this.#learn(uid, change.token)
    }
  }

  #learn(uid: Uid, token: number): void {
    this.#tokens.set(uid, Math.max(this.token(uid), token))
  }

  #remember({ request, print, granted }: LedgerChange & { readonly do: 'remember' }): void {
    this.#forget(request)
    this.#remembered.set(request, { print, granted })
    this.#rememberedGrants += granted.length
    for (const [oldest] of this.#remembered) {
      if (this.#remembered.size <= MOST_REMEMBERED && this.#rememberedGrants <= MOST_REMEMBERED_GRANTS) return
      this.#forget(oldest)
    }
  }

  #forget(request: string): void {
    this.#rememberedGrants -= this.#remembered.get(request)?.granted.length ?? 0
    this.#remembered.delete(request)
  }
}
