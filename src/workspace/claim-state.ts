/**
 * What one workspace knows of claims: who holds what as far as it heard, what it asked for that nobody has answered yet, what it
 * lost. Values and their JSON; decides nothing.
 *
 *   cell `claims`             what only this workspace knows: durable
 *   file `claims`             all of it, for readers without the store
 */
import type { Params } from '../api/methods.ts'
import type { Held, Holder, Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'

/** Asked for while the arbiter could not be reached: said again, under the same id, when it can. */
export type Pending =
  | {
      readonly kind: 'claim'
      readonly request: string
      readonly tasks: readonly Uid[]
      readonly holder: Holder
      readonly leaseMs: number
      readonly at: number
      /** By this machine's clock: who asked is gone then. */
      readonly until: number
    }
  | {
      readonly kind: 'release'
      readonly request: string
      readonly tasks: readonly Held[]
      readonly holder: Holder
      /** What it ends is over by itself then. */
      readonly until: number
    }
  /** Written with a token that nobody could confirm: shown when it is confirmed, else listed. */
  | {
      readonly kind: 'write'
      readonly request: string
      readonly tasks: readonly Uid[]
      readonly token: number
      readonly changes: Params<'tasks.update'>['changes']
      readonly by: string | null
      readonly at: number
    }

/** A claim that was tentative, or a write with a token, that came too late. */
export interface Lost {
  readonly uid: Uid
  readonly holder: Holder
  readonly at: number
  /** Who holds it instead; null where nobody does any more. */
  readonly to: Holding | null
}

/** What only this workspace knows. */
export interface OwnClaims {
  /** In the order in which it was asked for. */
  readonly outbox: readonly Pending[]
  readonly lost: readonly Lost[]
}

export interface ClaimState extends OwnClaims {
  readonly known: readonly Holding[]
}

export const NO_CLAIMS: ClaimState = { known: [], outbox: [], lost: [] }
export const CLAIMS = 'claims'
/** What was lost is told for so long. */
const TOLD_MS = 7 * 24 * 3_600_000
const MOST_TOLD = 200
const LONG_OVER_MS = 24 * 3_600_000

export function writeOwn({ outbox, lost }: OwnClaims): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ outbox, lost }))
}

export function readOwn(bytes: Uint8Array): OwnClaims {
  const { outbox = [], lost = [] } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<OwnClaims>
  return { outbox, lost }
}

export function writeState(state: ClaimState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state))
}

/** Undefined for a file that was not finished. */
export function readState(text: string): ClaimState | undefined {
  try {
    return { ...NO_CLAIMS, ...(JSON.parse(text) as Partial<ClaimState>) }
  } catch {
    return undefined // torn: it is made again by whoever holds the store
  }
}

export function isSameOwn(a: OwnClaims, b: OwnClaims): boolean {
  return a.outbox === b.outbox && a.lost === b.lost
}

/** What is held now, in the place of what was known; a lost claim that was granted after all is lost no more. */
export function knowing(state: ClaimState, known: readonly Holding[]): ClaimState {
  const lost = state.lost.filter(
    ({ uid, holder }) => !known.some((holding) => holding.uid === uid && isHeldBy(holding, holder)),
  )
  return { ...state, known, ...(lost.length === state.lost.length ? {} : { lost }) }
}

/** Some of it is held now, or no longer. */
export function learning(state: ClaimState, granted: readonly Holding[], ended: readonly Uid[] = []): ClaimState {
  const news = new Set<Uid>([...granted.map(({ uid }) => uid), ...ended])
  return knowing(state, [...state.known.filter(({ uid }) => !news.has(uid)), ...granted])
}

/** Where no relay ever comes what is long over does not pile up. */
export function asking(state: ClaimState, pending: Pending, now: number): ClaimState {
  const outbox = state.outbox.filter((other) => other.kind === 'write' || now - other.until < LONG_OVER_MS)
  return { ...state, outbox: [...outbox, pending] }
}

export function answered(state: ClaimState, request: string): ClaimState {
  return { ...state, outbox: state.outbox.filter((pending) => pending.request !== request) }
}

export function losing(state: ClaimState, lost: readonly Lost[], now: number): ClaimState {
  const news = new Set(lost.map(({ uid }) => uid))
  const kept = state.lost.filter(({ uid, at }) => !news.has(uid) && now - at < TOLD_MS)
  return { ...state, lost: [...kept, ...lost].slice(-MOST_TOLD) }
}

/** Somebody has looked at it. */
export function forgetting(state: ClaimState, uids: readonly Uid[]): ClaimState {
  const lost = state.lost.filter(({ uid }) => !uids.includes(uid))
  return lost.length === state.lost.length ? state : { ...state, lost }
}

/** The tentative claim of a task, the first that was asked for. */
export function tentativeOf(
  state: OwnClaims,
  uid: Uid,
  now: number,
): (Pending & { readonly kind: 'claim' }) | undefined {
  // What was released after it was asked for is nobody's.
  const released = state.outbox.findLastIndex(
    (pending) => pending.kind === 'release' && pending.tasks.some(([one]) => one === uid),
  )
  return state.outbox
    .slice(released + 1)
    .find(
      (pending): pending is Pending & { readonly kind: 'claim' } =>
        pending.kind === 'claim' && pending.until > now && pending.tasks.includes(uid),
    )
}

export function knownHolding({ known }: ClaimState, uid: Uid, now: number): Holding | undefined {
  return known.find((holding) => holding.uid === uid && holding.expiresAt > now)
}

/** A lease that was given to a name, from elsewhere, is that name's in every workspace. */
export function isHeldBy(holding: Holder, who: Holder): boolean {
  const isHere = holding.workspace === '' || holding.workspace === who.workspace
  return isHere && holding.by === who.by && holding.type === who.type
}
