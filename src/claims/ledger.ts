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

interface Entry {
  /** The greatest token that was ever granted. */
  token: number
  holding: Holding | undefined
}

interface Remembered {
  readonly print: string
  readonly granted: readonly Granted[]
}

/** Requests that are remembered, and the grants in them: the oldest are forgotten first. */
const MOST_REMEMBERED = 10_000
const MOST_REMEMBERED_GRANTS = 50_000

export class Ledger {
  readonly #entries = new Map<Uid, Entry>()
  readonly #remembered = new Map<string, Remembered>()
  #rememberedGrants = 0

  /** Of this task, whoever holds it now; a lease that ran out is none. */
  holding(uid: Uid, now: number): Holding | undefined {
    const holding = this.#entries.get(uid)?.holding
    return holding !== undefined && holding.expiresAt > now ? holding : undefined
  }

  /** The last lease, also one that ran out, unless it was ended. */
  last(uid: Uid): Holding | undefined {
    return this.#entries.get(uid)?.holding
  }

  holdings(now: number): readonly Holding[] {
    const found: Holding[] = []
    for (const { holding } of this.#entries.values())
      if (holding !== undefined && holding.expiresAt > now) found.push(holding)
    return found.sort((a, b) => a.token - b.token || (a.uid < b.uid ? -1 : 1))
  }

  /** The greatest token ever granted for a task; 0 before the first. */
  token(uid: Uid): number {
    return this.#entries.get(uid)?.token ?? 0
  }

  /** All that was ever granted, for another arbiter to learn. */
  tokens(): readonly Granted[] {
    return [...this.#entries].map(([uid, { token }]): Granted => [uid, token])
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
    for (const [uid, { token, holding }] of this.#entries) {
      if (holding !== undefined) changes.push({ do: 'grant', ...holding })
      if (holding?.token !== token) changes.push({ do: 'learn', uid, token })
    }
    for (const [request, { print, granted }] of this.#remembered)
      changes.push({ do: 'remember', request, print, granted })
    return changes
  }

  #apply(change: LedgerChange): void {
    if (change.do === 'remember') return this.#remember(change)
    const entry = this.#entry(change.uid)
    switch (change.do) {
      case 'grant': {
        const { do: _verb, ...holding } = change
        entry.token = Math.max(entry.token, holding.token)
        entry.holding = holding
        return
      }
      case 'renew': {
        const { leaseMs, expiresAt } = change
        if (entry.holding !== undefined) entry.holding = { ...entry.holding, leaseMs, expiresAt }
        return
      }
      case 'end':
        entry.holding = undefined
        return
      case 'learn':
        entry.token = Math.max(entry.token, change.token)
        return
    }
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

  #entry(uid: Uid): Entry {
    const found = this.#entries.get(uid)
    if (found !== undefined) return found
    const entry: Entry = { token: 0, holding: undefined }
    this.#entries.set(uid, entry)
    return entry
  }
}
