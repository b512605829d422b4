/** What was asked for while the arbiter was away is said to it, in order, once it is there: granted, or lost and told. */
import { isSameHolder } from '../claims/decide.ts'
import type { RequestKind } from '../claims/parse.ts'
import type { Grant, Holding, TimedAnswer } from '../claims/request.ts'
import { TaskError, type ErrorCode } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { askArbiter } from './arbiter.ts'
import { grantedClaim } from './claim-outcome.ts'
import { assign } from './claim-recording.ts'
import {
  answered,
  learning,
  listing,
  losing,
  releasedSince,
  settledAs,
  type Lost,
  type Pending,
  type PendingClaim,
  type Settled,
} from './claim-state.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

const MANY_HELD = 200

/** What these say is of the relay, and not of what it was asked: the next connection may bring another answer. */
const NOT_NOW = new Set<ErrorCode>([
  'RELAY_DENIED',
  'METHOD_NOT_FOUND',
  'PROTOCOL_TOO_OLD',
  'STORE_LOCKED',
  'STORE_TOO_NEW',
  'STORE_UNREADABLE',
  'STORE_UNWRITABLE',
])

/** One meeting with the relay: it learns what it may have forgotten, is asked what waits, and says who holds what. */
export async function meetClaims(
  project: Project,
  relay: Relaying,
  { isOther, signal }: { readonly isOther: boolean; readonly signal?: AbortSignal },
): Promise<void> {
  const relaying = signal === undefined ? relay : within(relay, signal)
  if (isOther && !(await teachTokens(project, relaying))) return
  const settled = settleOutbox(project, relaying)
  // Who holds what is heard also where something that waits could not be settled.
  if (await settled.catch(() => true))
    await hearHoldings(project, relaying, () => askArbiter(project, relaying, 'list', {}))
  await settled
}

/**
 * Tokens to come are greater than all that are known here, and what is held is held on where nobody was granted it since. False
 * where nobody could be told; who may only read tells nothing, and a relay of an earlier version hears nothing.
 */
export async function teachTokens(project: Project, relaying: Relaying): Promise<boolean> {
  const { known } = project.claims.state
  for (let at = 0; at < known.length; at += MANY_HELD) {
    const held = known.slice(at, at + MANY_HELD)
    const tokens = held.map(({ uid, token }) => [uid, token])
    if ((await say(project, relaying, 'learn', { tokens, held })) === 'away') return false
  }
  return true
}

/** Who holds what, as the arbiter lists it; undefined where it is away. */
export async function hearHoldings(
  project: Project,
  relaying: Relaying | undefined,
  list: () => Promise<TimedAnswer | undefined>,
): Promise<readonly Holding[] | undefined> {
  let answer = await list()
  if (answer?.outcome === 'listed' && relaying !== undefined && hasForgotten(project, answer.holdings)) {
    await teachTokens(project, relaying)
    answer = await list()
  }
  if (answer?.outcome !== 'listed') return undefined
  const { holdings, at } = answer
  const before = JSON.stringify(project.claims.state.known)
  if (before !== JSON.stringify(holdings)) await project.claims.change((state) => listing(state, holdings, at))
  return holdings
}

/** A relay that was put back from an older copy may look like the one it was. Or the list is older than what was heard since. */
function hasForgotten({ claims }: Project, holdings: readonly Holding[]): boolean {
  const known = new Map(claims.state.known.map(({ uid, token }) => [uid, token]))
  return holdings.some(({ uid, token }) => token < (known.get(uid) ?? 0))
}

/** False where nobody could be asked. One after the other, also where several ask for it. */
export async function settleOutbox(project: Project, relaying: Relaying | undefined): Promise<boolean> {
  const settled = await project.claims.settling(async () => {
    const handed = await handOver(project, relaying)
    if (handed !== 'done') return handed
    for (;;) {
      const [first] = project.claims.state.outbox
      if (first === undefined) return 'done'
      const settling = await settle(project, first, relaying)
      if (settling !== 'done') return settling
    }
  })
  return settled !== 'away'
}

/** A project without a relay got one: it learns all tokens that were granted here, and what is held. */
async function handOver(project: Project, relaying: Relaying | undefined): Promise<Settled> {
  const book = await project.claims.formerBook()
  if (book === undefined) return 'done'
  const [tokens, holdings] = [book.tokens(), book.holdings()]
  for (let at = 0; at < tokens.length; at += MANY_HELD) {
    const some = tokens.slice(at, at + MANY_HELD)
    const held = holdings.filter(({ uid }) => some.some(([one]) => one === uid))
    const said = await say(project, relaying, 'learn', { tokens: some, held })
    if (typeof said === 'string') return said
    // What this one says no to is asked again with the next meeting; what waits behind it does not wait for that.
    if ('refused' in said) return 'done'
  }
  await project.claims.forgetBook()
  return 'done'
}

/** Away, and one that may not be asked now, stop the line; whatever else is said of it, nothing waits behind it for ever. */
async function settle(project: Project, pending: Pending, relaying: Relaying | undefined): Promise<Settled> {
  switch (pending.kind) {
    case 'claim':
      return settleClaim(project, pending, relaying)
    case 'release':
      return settleRelease(project, pending, relaying)
    case 'write': {
      const { tasks, token } = pending
      const said = await say(project, relaying, 'verify', { tasks: tasks.map((uid) => [uid, token]) })
      if (typeof said === 'string') return said
      const { settleWrite } = await import('./fenced-writes.ts')
      await settleWrite(project, pending, 'answer' in said && said.answer.outcome === 'free')
      return 'done'
    }
  }
}

async function settleClaim(project: Project, pending: PendingClaim, relaying: Relaying | undefined): Promise<Settled> {
  const { request, tasks, holder, leaseMs, until, next } = pending
  // Who asked has long stopped saying that it works on it.
  if (until <= project.world.runtime.now()) {
    await conclude(project, pending, [], [])
    return 'done'
  }
  const said =
    next === undefined
      ? await say(project, relaying, 'claim', { request, tasks, holder, leaseMs })
      : await say(project, relaying, 'take', { request, candidates: tasks, holders: [holder], ...next, leaseMs })
  if (typeof said === 'string') return said
  const answer = 'answer' in said ? said.answer : undefined
  if (answer?.outcome === 'granted') await conclude(project, pending, answer.granted, answer.skipped)
  else await conclude(project, pending, [], answer !== undefined && 'held' in answer ? answer.held : [])
  return 'done'
}

/**
 * First the assignee: where this process ends before the rest, it is granted the same again, and is one already. Of what was let
 * go of meanwhile nobody becomes the assignee, and nobody is told that it was lost.
 */
async function conclude(
  project: Project,
  pending: PendingClaim,
  granted: readonly Grant[],
  held: readonly Holding[],
): Promise<void> {
  const { request, tasks, holder } = pending
  const { claims } = project
  const letGo = releasedSince(claims.state, pending)
  const named = { keyOf: (uid: Uid): string => uid, scope: claims.scope }
  const kept = granted.filter(({ uid }) => !letGo.has(uid))
  await assign(
    project,
    kept.map((grant) => grantedClaim(grant, named)),
    holder.by,
  )
  const holdings = granted.map(({ isRenewed: _again, ...holding }): Holding => holding)
  const lost = tasks.flatMap((uid): readonly Lost[] => {
    if (letGo.has(uid) || holdings.some((holding) => holding.uid === uid)) return []
    const to = held.find((holding) => holding.uid === uid) ?? null
    const own = claims.holding(uid)
    if (to === null && own !== undefined && isSameHolder(own, holder)) return []
    return [{ uid, holder, at: project.now(), to }]
  })
  await claims.change((state) => losing(settledAs(state, request, holdings), lost, project.now()))
  tellLost(project, lost)
}

/** What somebody else holds meanwhile is not in the way of the rest. */
async function settleRelease(
  project: Project,
  { request, tasks, holder }: Pending & { readonly kind: 'release' },
  relaying: Relaying | undefined,
): Promise<Settled> {
  let rest = tasks
  let released: readonly Uid[] = []
  while (rest.length > 0) {
    const said = await say(project, relaying, 'release', { tasks: rest, holder })
    if (typeof said === 'string') return said
    const answer = 'answer' in said ? said.answer : undefined
    if (answer?.outcome === 'released') released = answer.released
    const lost = new Set(answer?.outcome === 'lost' ? answer.lost : rest.map(([uid]) => uid))
    if (lost.size === 0) break
    rest = rest.filter(([uid]) => !lost.has(uid))
  }
  await project.claims.change((state) => learning(answered(state, request), [], released))
  return 'done'
}

/** In an event; the status and the list of claims say it from the state. */
export function tellLost(project: Project, lost: readonly Lost[]): void {
  for (const { uid, holder, to } of lost)
    project.tell('claimLost', { uid, by: holder.by, heldBy: to === null ? null : project.claims.viewOf(to) })
}

type Said =
  | Exclude<Settled, 'done'>
  | { readonly answer: TimedAnswer }
  /** For good: the same asked again is refused again. */
  | { readonly refused: TaskError }

async function say(project: Project, relaying: Relaying | undefined, kind: RequestKind, params: object): Promise<Said> {
  try {
    const answer = await askArbiter(project, relaying, kind, params)
    return answer === undefined ? 'away' : { answer }
  } catch (cause) {
    if (!(cause instanceof TaskError)) throw cause
    const isForGood = !NOT_NOW.has(cause.code)
    const { runtime } = project.world
    runtime.log({ level: 'warn', event: isForGood ? 'claims.refused' : 'claims.wait', kind, code: cause.code })
    return isForGood ? { refused: cause } : 'denied'
  }
}

/** Its questions end with the exchange that they belong to. */
function within(relaying: Relaying, signal: AbortSignal): Relaying {
  return {
    skewMs: relaying.skewMs,
    report: () => relaying.report(),
    settle: (options) => relaying.settle(options),
    ask: (method, params) => relaying.ask(method, params, { signal }),
  }
}
