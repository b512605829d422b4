/** The methods that claim tasks and end claims. Who decides is arbiter.ts; what is known beside the tasks is claims-here.ts. */
import type { ClaimOutcome, FailedClaim, Params, Result } from '../api/methods.ts'
import { isSameHolder } from '../claims/decide.ts'
import { parseLease, parseReason, parseWait } from '../claims/parse.ts'
import type { Holder, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import { kindOf } from '../task/view.ts'
import { askArbiter } from './arbiter.ts'
import { holderOf, nameTasks, requestOf, reused, settled, unreachable, type Asker, type Named } from './claim-asking.ts'
import { isOwnTentative, letGo } from './claim-keeping.ts'
import { assign, assigned, learn } from './claim-recording.ts'
import { askAndWait } from './claim-waiting.ts'
import {
  errorOf,
  failedAwaited,
  failedClosed,
  failedHeld,
  failedTimeout,
  grantedClaim,
  lostOf,
  outcomeOf,
  tentativeClaim,
} from './claim-outcome.ts'
import { asking, isReusedIn, prolonged, type PendingClaim } from './claim-state.ts'
import type { Project } from './project.ts'

type Claimed = Params<'tasks.claim'>

export async function claimTasks(project: Project, params: Claimed, asker: Asker): Promise<ClaimOutcome> {
  const before = await closedOf(project, params.keys)
  if (before.length > 0) return outcomeOf([], before)
  const { outcome, holder } = await claim(project, params, asker)
  if (params.check === true || outcome.granted.length === 0) return outcome
  const closed = await closedMeanwhile(project, params, before, asker)
  if (closed.length > 0) {
    await letGo(project, outcome.granted, holder, asker)
    return outcomeOf([], closed)
  }
  await assign(project, outcome.granted, asker.by)
  return outcome
}

/** Who held it may have finished it while somebody waited: that is told before it is free. */
async function closedMeanwhile(
  project: Project,
  { keys, waitMs = 0 }: Claimed,
  before: readonly FailedClaim[],
  asker: Asker,
): Promise<readonly FailedClaim[]> {
  if (waitMs === 0) return []
  await settled(project, asker.relaying)
  return (await closedOf(project, keys)).filter(({ key }) => !before.some((one) => one.key === key))
}

/** Of a task that is closed nobody needs to be kept out. */
async function closedOf(project: Project, keys: unknown): Promise<readonly FailedClaim[]> {
  const { uids, keyOf } = await nameTasks(project, keys)
  const tasks = await project.tasks()
  const { statuses } = project.world.config
  return uids.flatMap((uid) => {
    const state = tasks.get(uid)
    const kind = state === undefined ? 'open' : kindOf(state, statuses)
    return kind === 'done' || kind === 'dropped' ? [failedClosed(keyOf(uid), kind)] : []
  })
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
  const before = await closedOf(project, params.keys)
  const { outcome, holder } = await claim(project, params, asker)
  if (outcome.failed.length > 0) return { tasks: [], outcome }
  const closed = await closedMeanwhile(project, params, before, asker)
  if (closed.length > 0) {
    await letGo(project, outcome.granted, holder, asker)
    return { tasks: [], outcome: outcomeOf([], closed) }
  }
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
  if (params.check === true) {
    const answer = await askArbiter(project, asker.relaying, 'check', { tasks: uids, holder })
    return {
      holder,
      outcome: answer === undefined ? checkedHere(project, named, holder) : failedOf(project, answer, named, 0),
    }
  }
  const answer = await askAndWait(project, asker, { request, tasks: uids, holder, leaseMs, ...steal }, waitMs)
  if (answer?.outcome === 'reused') throw reused(request)
  if (answer?.outcome === 'granted') {
    await learn(project, answer.granted)
    return { holder, outcome: outcomeOf(answer.granted.map((grant) => grantedClaim(grant, named))) }
  }
  if (answer !== undefined) return { holder, outcome: failedOf(project, answer, named, waitMs) }
  // Whether a person may is for the relay to say.
  if ('steal' in steal) throw unreachable(asker.relaying)
  const at = project.world.runtime.now()
  const pending: PendingClaim = { kind: 'claim', request, tasks: uids, holder, leaseMs, at, until: at + leaseMs }
  return { holder, outcome: await claimTentatively(project, pending, named) }
}

/** Nobody can say who holds it: within this workspace one has it, until the relay has decided. */
async function claimTentatively(project: Project, pending: PendingClaim, named: Named): Promise<ClaimOutcome> {
  let failed: readonly FailedClaim[] = []
  let isReused = false
  await project.claims.change((state) => {
    isReused = isReusedIn(state, pending)
    if (isReused) return state
    failed = checkedHere(project, named, pending.holder).failed
    const isOwn = named.uids.every((uid) => isOwnTentative(project, uid, pending.holder))
    if (failed.length > 0) return state
    const { at, until, holder } = pending
    return isOwn ? prolonged(state, named.uids, holder, { now: at, until }) : asking(state, pending, at)
  })
  if (isReused) throw reused(pending.request)
  if (failed.length > 0) return outcomeOf([], failed)
  return outcomeOf(named.uids.map((uid) => tentativeClaim(uid, pending.holder, pending.until, named)))
}

/** What others are known to hold, or asked for before. */
function checkedHere(project: Project, named: Named, holder: Holder): ClaimOutcome {
  const { claims } = project
  const failed = named.uids.flatMap((uid): readonly FailedClaim[] => {
    const view = claims.view(uid)
    const who = claims.holding(uid) ?? claims.tentative(uid)?.holder
    return view === null || who === undefined || isSameHolder(who, holder) ? [] : [failedHeld(uid, view, named)]
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
      return outcomeOf([], lostOf(answer, named))
    case 'free':
    case 'granted':
    case 'learned':
    case 'listed':
    case 'released':
    case 'reused':
      return outcomeOf([])
  }
}
