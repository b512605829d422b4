/**
 * What one workspace knows of claims: who holds what as far as it heard, what it asked for that nobody has answered yet, what it
 * lost. Values and their JSON; decides nothing.
 *
 *   cell `claims`             what only this workspace knows: durable
 *   file `claims`             all of it, for readers without the store
 */
import type { Params } from '../api/methods.ts'
import { isSameHolder } from '../claims/decide.ts'
import type { Held, Holder, Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'

/** Asked for while the arbiter could not be reached: said again, under the same id, when it can. By this machine's clock. */
export type Pending =
  | {
      readonly kind: 'claim'
      readonly request: string
      readonly tasks: readonly Uid[]
      readonly holder: Holder
      readonly leaseMs: number
      readonly at: number
      /** Who asked is gone then. */
      readonly until: number
      /** Not all or none: whichever of them nobody holds, as many as were asked for. */
      readonly next?: Next
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

export type PendingClaim = Pending & { readonly kind: 'claim' }

export interface Next {
  readonly each: number
  /** What the holder has already counts. */
  readonly countsHeld: boolean
}

/** Of all that waits: nobody could be asked, or the one who was does not take it now. */
export type Settled = 'done' | 'away' | 'denied'

/** A claim that was tentative, or a write with a token, that came too late. */
export interface Lost {
  readonly uid: Uid
  readonly holder: Holder
  readonly at: number
  /** Who holds it instead; null where nobody does any more. */
  readonly to: Holding | null
  /** What was written with it and could not be listed beside what is shown: the task is gone, or what it named. */
  readonly unwritten?: Params<'tasks.update'>['changes']
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
/** An answer takes no longer to come. */
const ON_ITS_WAY_MS = 60_000

/** `count`: of the commits that changed what is known of claims. A file with another count is older. */
export function writeOwn({ outbox, lost }: OwnClaims, count: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ outbox, lost, count }))
}

export function readOwn(bytes: Uint8Array): OwnClaims & Counted {
  const {
    outbox = [],
    lost = [],
    count = 0,
  } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<OwnClaims & Counted>
  return { outbox, lost, count }
}

export function writeState({ known, outbox, lost }: ClaimState, count: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ known, outbox, lost, count }))
}

/** Undefined for a file that was not finished. */
export function readState(text: string): (ClaimState & Counted) | undefined {
  try {
    return { ...NO_CLAIMS, count: 0, ...(JSON.parse(text) as Partial<ClaimState & Counted>) }
  } catch {
    return undefined // torn: it is made again by whoever holds the store
  }
}

interface Counted {
  readonly count: number
}

export function isSameOwn(a: OwnClaims, b: OwnClaims): boolean {
  return a.outbox === b.outbox && a.lost === b.lost
}

/** What is held now, in the place of what was known; a lost claim that was granted after all is lost no more. */
export function knowing(state: ClaimState, known: readonly Holding[]): ClaimState {
  const held = new Map(known.map((holding) => [holding.uid, holding]))
  const lost = state.lost.filter(({ uid, holder, unwritten }) => {
    const holding = held.get(uid)
    return unwritten !== undefined || holding === undefined || !isSameHolder(holding, holder)
  })
  return { ...state, known, ...(lost.length === state.lost.length ? {} : { lost }) }
}

/** A list that was on its way while something was granted does not take that back. */
export function listing(state: ClaimState, holdings: readonly Holding[], at: number): ClaimState {
  const listed = new Map(holdings.map((holding) => [holding.uid, holding]))
  for (const known of state.known) {
    const isNewer = known.grantedAt > at && known.grantedAt - at < ON_ITS_WAY_MS
    if (isNewer && known.token > (listed.get(known.uid)?.token ?? 0)) listed.set(known.uid, known)
  }
  return knowing(state, [...listed.values()])
}

/** Some of it is held now, or no longer. */
export function learning(state: ClaimState, granted: readonly Holding[], ended: readonly Uid[] = []): ClaimState {
  const news = new Set<Uid>([...granted.map(({ uid }) => uid), ...ended])
  return knowing(state, [...state.known.filter(({ uid }) => !news.has(uid)), ...granted])
}

/** The same again is the same, said last. Where no relay ever comes what is long over does not pile up. */
export function asking(state: ClaimState, pending: Pending, now: number): ClaimState {
  const outbox = answered(state, pending.request).outbox.filter(
    (other) => other.kind === 'write' || now - other.until < LONG_OVER_MS,
  )
  return { ...state, outbox: [...outbox, pending] }
}

/** Whether something else waits under the id of a claim. */
export function isReusedIn({ outbox }: OwnClaims, { request, tasks, holder, next }: PendingClaim): boolean {
  const other = outbox.find((pending) => pending.request === request)
  if (other === undefined) return false
  if (other.kind !== 'claim' || !isSame(other.holder, holder)) return true
  // Which tasks are the next may have changed meanwhile.
  if (next !== undefined || other.next !== undefined)
    return next?.each !== other.next?.each || next?.countsHeld !== other.next?.countsHeld
  return other.tasks.length !== tasks.length || other.tasks.some((uid, at) => uid !== tasks[at])
}

export function answered(state: ClaimState, request: string): ClaimState {
  return { ...state, outbox: state.outbox.filter((pending) => pending.request !== request) }
}

/** A claim was granted: what was released by its holder since ends this one, and none that comes later; it was over before. */
export function settledAs(state: ClaimState, request: string, granted: readonly Holding[]): ClaimState {
  const held = new Map(granted.map((holding) => [holding.uid, holding]))
  const over = new Set<Uid>()
  const ending = ([uid, token]: Held, holder: Holder): Held => {
    const holding = held.get(uid)
    const isItsOwn =
      holding !== undefined && isSameHolder(holding, holder) && (token ?? holding.token) === holding.token
    // The first only: the next ends a claim that was made in between.
    if (!isItsOwn || over.has(uid)) return [uid, token]
    over.add(uid)
    return [uid, holding.token]
  }
  const outbox = answered(state, request).outbox.map((pending): Pending => {
    if (pending.kind !== 'release') return pending
    return { ...pending, tasks: pending.tasks.map((one) => ending(one, pending.holder)) }
  })
  return learning(
    { ...state, outbox },
    granted.filter(({ uid }) => !over.has(uid)),
  )
}

/** What the holder of a claim that waits has let go of since, while it waited. */
export function releasedSince({ outbox }: OwnClaims, { request, holder }: PendingClaim): ReadonlySet<Uid> {
  const since = outbox.slice(outbox.findIndex((pending) => pending.request === request) + 1)
  return new Set(
    since.flatMap((pending) =>
      pending.kind === 'release' && isSameHolder(holder, pending.holder) ? pending.tasks.map(([uid]) => uid) : [],
    ),
  )
}

/** Renewed before anybody has decided: what this holder asked for and still has; nothing that ran out, was let go, or is another's. */
export function prolonged(
  state: ClaimState,
  uids: readonly Uid[],
  holder: Holder,
  { now, until }: { readonly now: number; readonly until: number },
): ClaimState {
  const own = new Set(
    uids.flatMap((uid) =>
      (claimsBehind(state.outbox).get(uid) ?? []).filter(
        (pending) => pending.until > now && isSameHolder(pending.holder, holder),
      ),
    ),
  )
  const outbox = state.outbox.map((pending) =>
    pending.kind === 'claim' && own.has(pending) ? { ...pending, until: Math.max(pending.until, until) } : pending,
  )
  return { ...state, outbox }
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

/** The tentative claim of a task, the first that was asked for; by this machine's clock. */
export function tentativeOf({ outbox }: Pick<OwnClaims, 'outbox'>, uid: Uid, now: number): PendingClaim | undefined {
  if (outbox.length === 0) return undefined
  return claimsBehind(outbox)
    .get(uid)
    ?.find(({ until }) => until > now)
}

/** By the arbiter's clock. */
export function knownHolding({ known }: Pick<ClaimState, 'known'>, uid: Uid, now: number): Holding | undefined {
  const holding = holdingsOf(known).get(uid)
  return holding !== undefined && holding.expiresAt > now ? holding : undefined
}

function isSame(a: Holder, b: Holder): boolean {
  return a.by === b.by && a.type === b.type && a.workspace === b.workspace
}

/** Looked at once for each task of a list: made once for each state. */
const holdingsOf = once((known: readonly Holding[]) => new Map(known.map((holding) => [holding.uid, holding])))

/** By task, the claims that wait; what was released after it was asked for is nobody's. */
const claimsBehind = once((outbox: readonly Pending[]) => {
  const found = new Map<Uid, PendingClaim[]>()
  for (const pending of outbox) {
    if (pending.kind === 'release') for (const [uid] of pending.tasks) found.delete(uid)
    if (pending.kind !== 'claim') continue
    for (const uid of pending.tasks) {
      const claims = found.get(uid)
      if (claims === undefined) found.set(uid, [pending])
      else claims.push(pending)
    }
  }
  return found
})

/** Of values that never change. */
function once<Value extends object, Result>(make: (value: Value) => Result): (value: Value) => Result {
  const made = new WeakMap<Value, Result>()
  return (value) => {
    const before = made.get(value)
    if (before !== undefined) return before
    const result = make(value)
    made.set(value, result)
    return result
  }
}
