/** The methods that claim tasks and end claims. Who decides is arbiter.ts; what is known beside the tasks is claims-here.ts. */
import type {
  ClaimantParams,
  ClaimOutcome,
  FailedClaim,
  GrantedClaim,
  Params,
  RelayReport,
  Result,
} from '../api/methods.ts'
import { defaultLeaseMs, parseLease, parseReason, parseWait, parseWhole } from '../claims/parse.ts'
import type { Grant, Held, Holder, Holding, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { ASSIGNEE } from '../task/fields.ts'
import { elements } from '../task/view.ts'
import type { TaskState, Write } from '../task/registers.ts'
import { askAndWait, askArbiter } from './arbiter.ts'
import {
  holderOf,
  keysIn,
  nameOf,
  nameTasks,
  newRequest,
  requestOf,
  reused,
  unreachable,
  type Asker,
  type Named,
} from './claim-asking.ts'
import {
  errorOf,
  failedAwaited,
  failedHeld,
  failedLost,
  failedTimeout,
  grantedClaim,
  outcomeOf,
  tentativeClaim,
  type Naming,
} from './claim-outcome.ts'
import {
  answered,
  asking,
  forgetting,
  isHeldBy,
  knownHolding,
  learning,
  tentativeOf,
  type Pending,
} from './claim-state.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

type Claimed = Params<'tasks.claim'>

export async function claimTasks(project: Project, params: Claimed, asker: Asker): Promise<ClaimOutcome> {
  const { outcome } = await claim(project, params, asker)
  if (params.check !== true) await assign(project, outcome.granted, asker.by)
  return outcome
}

export async function claimOne(
  project: Project,
  { key, ...params }: Params<'task.claim'>,
  asker: Asker,
): Promise<Result<'task.claim'>> {
  const { granted, failed } = await claimTasks(project, { ...params, keys: [key] }, asker)
  const [own] = granted
  if (own !== undefined) return { granted: own, locked: true }
  throw errorOf(failed[0], key)
}

/** Claims, and hands what is granted back where the rest cannot be done: all of it or nothing. */
export async function startTasks(
  project: Project,
  params: Params<'tasks.start'>,
  asker: Asker,
): Promise<Result<'tasks.start'>> {
  const { outcome, holder } = await claim(project, params, asker)
  if (outcome.failed.length > 0) return { tasks: [], outcome }
  const fresh = outcome.granted.filter(({ renewed }) => renewed !== true)
  try {
    const { transitionTasks } = await import('./writing.ts')
    const { tasks } = await transitionTasks(project, { keys: params.keys, to: 'active' }, asker.by, (state) =>
      assigned(state, outcome.granted),
    )
    return { tasks, outcome }
  } catch (cause) {
    if (fresh.length > 0) await letGo(project, fresh, holder, asker)
    throw cause
  }
}

export async function renewClaims(
  project: Project,
  params: Params<'tasks.renew'>,
  asker: Asker,
): Promise<ClaimOutcome> {
  const named = await nameTasks(project, params.keys)
  const holder = await ownHolder(project, named.uids, params, asker)
  const leaseMs = parseLease(params.leaseMs)
  const tentative = named.uids.filter((uid) => isOwnTentative(project, uid, holder))
  const until = project.now() + leaseMs
  if (tentative.length > 0) await project.claims.change((state) => prolonged(state, tentative, until))
  const rest = named.uids.filter((uid) => !tentative.includes(uid))
  const kept = tentative.map((uid) => tentativeClaim(uid, holder, until, named))
  if (rest.length === 0) return outcomeOf(kept)
  const tasks = heldPairs(project, rest, holder, params)
  const answer = await askArbiter(project, asker.relaying, 'renew', { tasks, holder, leaseMs })
  if (answer === undefined) throw unreachable(asker.relaying)
  const granted = 'granted' in answer ? answer.granted : []
  await project.claims.change((state) => learning(state, granted))
  const lost = answer.outcome === 'lost' ? lostOf(project, answer, named) : []
  return outcomeOf([...kept, ...granted.map((grant) => grantedClaim(grant, named))], lost)
}

/** What the relay cannot be told now it is told later, in the order in which it was asked for. */
export async function releaseClaims(
  project: Project,
  params: Params<'tasks.release'>,
  asker: Asker,
): Promise<Result<'tasks.release'>> {
  const named = await nameTasks(project, params.keys)
  const holder = await ownHolder(project, named.uids, params, asker)
  const tasks = heldPairs(project, named.uids, holder, params)
  await project.claims.change((state) => forgetting(state, named.uids))
  const isWaiting = named.uids.some((uid) => isOwnTentative(project, uid, holder))
  const answer = isWaiting ? undefined : await askArbiter(project, asker.relaying, 'release', { tasks, holder })
  if (answer?.outcome === 'lost') return { released: [], failed: lostOf(project, answer, named) }
  if (answer === undefined) {
    const known = named.uids.flatMap((uid) => knownHolding(project.claims.state, uid, project.now()) ?? [])
    const foreign = known.filter((held) => !(params.token === held.token || isHeldBy(held, holder)))
    if (foreign.length > 0)
      return { released: [], failed: foreign.map((held) => failedHeld(held.uid, project.claims.viewOf(held), named)) }
    const until = Math.max(0, ...named.uids.map((uid) => endOf(project, uid)))
    await later(project, { kind: 'release', request: newRequest(project), tasks, holder, until })
  }
  await project.claims.change((state) => learning(state, [], named.uids))
  return { released: named.uids.map((uid) => named.keyOf(uid)), failed: [] }
}

/** After `done` or `drop`: nobody works on it any more. Only what this name holds from here. */
export async function releaseDone(project: Project, uids: readonly Uid[], asker: Asker, token?: number): Promise<void> {
  const now = project.now()
  const by = nameOf(project, undefined, asker)
  const { state } = project.claims
  const own = uids.flatMap((uid): readonly { readonly uid: Uid; readonly holder: Holder }[] => {
    const holding = knownHolding(state, uid, now)
    const holder: Holder | undefined = holding ?? tentativeOf(state, uid, now)?.holder
    const isOwn = holder !== undefined && (holding?.token === token || holder.by === by)
    return isOwn ? [{ uid, holder }] : []
  })
  if (own.length === 0) return
  const { workspace } = await holderOf(project, {}, asker)
  // First what was done, then that it is free: whoever gets it next sees that there is nothing left to do.
  await settled(project, asker.relaying)
  for (const { uid, holder } of own)
    if (holder.workspace === workspace || holder.workspace === '' || token !== undefined) {
      const tasks = await project.tasks()
      const key = keysIn(project, tasks)(uid)
      await releaseClaims(
        project,
        { keys: [key], by: holder.by, type: holder.type, ...(token === undefined ? {} : { token }) },
        asker,
      )
    }
}

/** Adds who holds a task to its assignees, as an ordinary change; those who were there stay. */
export async function assign(project: Project, granted: readonly GrantedClaim[], by: string | null): Promise<void> {
  if (granted.length === 0) return
  await project.commit((tasks) => ({
    verb: 'claim',
    by,
    writes: granted.flatMap(({ uid }) => {
      const state = tasks.get(uid as Uid)
      return state === undefined ? [] : assigned(state, granted)
    }),
  }))
}

/** Everything written here is at the relay, and everything of it here; where it is away that is for later. */
export async function settled(project: Project, relaying: Relaying | undefined): Promise<void> {
  if (relaying === undefined || project.claims.scope === 'workspace' || AWAY.has(relaying.report().state)) return
  const { settleWithin } = await import('./relaying.ts')
  await settleWithin(relaying, project.world.runtime, { timeoutMs: SETTLE_MS })
}

/** What the arbiter granted is known here from now on. */
export async function learn(project: Project, granted: readonly Grant[]): Promise<void> {
  const holdings = granted.map(({ isRenewed: _again, ...holding }): Holding => holding)
  await project.claims.change((state) => learning(state, holdings))
}

const SETTLE_MS = 5_000
/** Whoever asks is not kept waiting for a relay that is known to be away. */
const AWAY = new Set<RelayReport['state']>(['unreachable', 'none', 'denied'])

async function claim(
  project: Project,
  params: Claimed,
  asker: Asker,
): Promise<{ readonly outcome: ClaimOutcome; readonly holder: Holder }> {
  const named = await nameTasks(project, params.keys)
  const holder = await holderOf(project, params, asker)
  const leaseMs = parseLease(params.leaseMs)
  const waitMs = parseWait(params.waitMs)
  const request = requestOf(project, params)
  const steal = params.steal === undefined ? {} : { steal: parseReason(params.steal) }
  if ('steal' in steal && holder.type !== 'human')
    throw new TaskError('INVALID_INPUT', {
      field: 'steal',
      problem: 'only a human takes a task from its holder',
      fix: 'wait with --wait, or ask a person',
    })
  const { uids } = named
  // What was asked for before is decided first.
  if (project.claims.state.outbox.length > 0)
    await (await import('./claim-settling.ts')).settleOutbox(project, asker.relaying)
  if (params.check === true) {
    const answer = await askArbiter(project, asker.relaying, 'check', { tasks: uids, holder })
    return {
      holder,
      outcome: answer === undefined ? checkedHere(project, named, holder) : failedOf(project, answer, named, 0),
    }
  }
  const answer = await askAndWait(project, asker.relaying, { request, tasks: uids, holder, leaseMs, ...steal }, waitMs)
  if (answer?.outcome === 'reused') throw reused(request)
  if (answer?.outcome === 'granted') {
    await learn(project, answer.granted)
    return { holder, outcome: outcomeOf(answer.granted.map((grant) => grantedClaim(grant, named))) }
  }
  if (answer !== undefined) return { holder, outcome: failedOf(project, answer, named, waitMs) }
  const pending: Pending = {
    kind: 'claim',
    request,
    tasks: uids,
    holder,
    leaseMs,
    at: project.now(),
    until: project.now() + leaseMs,
  }
  return { holder, outcome: await claimTentatively(project, pending, named) }
}

/** Nobody can say who holds it: within this workspace one has it, until the relay has decided. */
async function claimTentatively(
  project: Project,
  pending: Pending & { readonly kind: 'claim' },
  named: Named,
): Promise<ClaimOutcome> {
  let failed: readonly FailedClaim[] = []
  await project.claims.change((state) => {
    failed = checkedHere(project, named, pending.holder).failed
    const isOwn = named.uids.every((uid) => isOwnTentative(project, uid, pending.holder))
    if (failed.length > 0) return state
    return isOwn ? prolonged(state, named.uids, pending.until) : asking(state, pending, project.now())
  })
  if (failed.length > 0) return outcomeOf([], failed)
  return outcomeOf(named.uids.map((uid) => tentativeClaim(uid, pending.holder, pending.until, named)))
}

/** What others are known to hold, or asked for before. */
function checkedHere(project: Project, named: Named, holder: Holder): ClaimOutcome {
  const { claims } = project
  const now = project.now()
  const failed = named.uids.flatMap((uid): readonly FailedClaim[] => {
    const view = claims.view(uid)
    const who = knownHolding(claims.state, uid, now) ?? tentativeOf(claims.state, uid, now)?.holder
    return view === null || who === undefined || isHeldBy(who, holder) ? [] : [failedHeld(uid, view, named)]
  })
  return outcomeOf([], failed)
}

function failedOf(project: Project, answer: TimedAnswer, named: Named, waitMs: number): ClaimOutcome {
  switch (answer.outcome) {
    case 'held':
    case 'timeout': {
      const held = answer.held.map((holding) => {
        const view = project.claims.viewOf(holding)
        return answer.outcome === 'held'
          ? failedHeld(holding.uid, view, named)
          : failedTimeout(holding.uid, view, waitMs, named)
      })
      return outcomeOf([], [...held, ...(answer.awaited ?? []).map((uid) => failedAwaited(uid, named))])
    }
    case 'lost':
      return outcomeOf([], lostOf(project, answer, named))
    case 'free':
    case 'granted':
    case 'learned':
    case 'listed':
    case 'released':
    case 'reused':
      return outcomeOf([])
  }
}

export function lostOf(
  project: Project,
  { lost, held }: TimedAnswer & { readonly outcome: 'lost' },
  named: Naming,
): readonly FailedClaim[] {
  return lost.map((uid) => {
    const holding = held.find((one) => one.uid === uid)
    return failedLost(uid, holding === undefined ? null : project.claims.viewOf(holding), named)
  })
}

async function letGo(project: Project, granted: readonly GrantedClaim[], holder: Holder, asker: Asker): Promise<void> {
  const keys = granted.map(({ uid }) => uid)
  await releaseClaims(project, { keys, by: holder.by, type: holder.type }, asker)
}

/** For the outbox: as it is said now, it will be said when the relay is there. */
export async function later(project: Project, pending: Pending): Promise<void> {
  await project.claims.change((state) => asking(answered(state, pending.request), pending, project.now()))
}

function isOwnTentative(project: Project, uid: Uid, holder: Holder): boolean {
  const tentative = tentativeOf(project.claims.state, uid, project.now())
  return tentative !== undefined && isHeldBy(tentative.holder, holder)
}

function prolonged(state: Project['claims']['state'], uids: readonly Uid[], until: number): Project['claims']['state'] {
  const outbox = state.outbox.map((pending) =>
    pending.kind === 'claim' && pending.tasks.some((uid) => uids.includes(uid))
      ? { ...pending, until: Math.max(pending.until, until) }
      : pending,
  )
  return { ...state, outbox }
}

function endOf(project: Project, uid: Uid): number {
  const now = project.now()
  const { state } = project.claims
  return knownHolding(state, uid, now)?.expiresAt ?? tentativeOf(state, uid, now)?.until ?? now + defaultLeaseMs
}

/** By the tokens that are known here: they are right whatever the name was claimed as. */
function heldPairs(
  project: Project,
  uids: readonly Uid[],
  holder: Holder,
  { token, type }: ClaimantParams & { readonly token?: number },
): readonly Held[] {
  if (token !== undefined) {
    const given = parseWhole('token', token, 1, Number.MAX_SAFE_INTEGER)
    return uids.map((uid) => [uid, given])
  }
  const now = project.now()
  return uids.map((uid) => {
    const holding = knownHolding(project.claims.state, uid, now)
    const isOwn = holding !== undefined && isHeldBy(holding, { ...holder, type: type ?? holding.type })
    return [uid, isOwn ? holding.token : null]
  })
}

/** Who claimed at a terminal as a human is the same who releases in a script: the type is what it was, unless one is said. */
async function ownHolder(
  project: Project,
  uids: readonly Uid[],
  params: ClaimantParams,
  asker: Asker,
): Promise<Holder> {
  const holder = await holderOf(project, params, asker)
  if (params.type !== undefined) return holder
  const now = project.now()
  const { state } = project.claims
  const claimed = uids.flatMap((uid) => knownHolding(state, uid, now) ?? tentativeOf(state, uid, now)?.holder ?? [])
  const own = claimed.find((other) => isHeldBy(other, { ...holder, type: other.type }))
  return own === undefined ? holder : { ...holder, type: own.type }
}

/** A tentative claim assigns nobody. */
function assigned(state: TaskState, granted: readonly GrantedClaim[]): readonly Write[] {
  const { uid } = state
  const holders = granted.filter((one) => one.uid === uid && one.state === 'granted').map(({ by }) => by)
  const there = elements(state, ASSIGNEE)
  return holders.filter((by) => !there.includes(by)).map((by) => ({ uid, field: ASSIGNEE + by, value: true }))
}
