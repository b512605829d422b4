/**
 * Writes that carry a token: made while no greater one was granted, refused where one was. Where nobody can say they wait, with
 * their token; confirmed they are made, and too late they are listed beside what is shown, and never shown.
 */
import type { Params, Result } from '../api/methods.ts'
import { parseWhole } from '../claims/parse.ts'
import type { Holder, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { FENCED } from '../task/entry.ts'
import { BODY } from '../task/fields.ts'
import { parseBody } from '../task/input.ts'
import type { TaskState, Write } from '../task/registers.ts'
import { isGone, viewsOf, type ViewContext } from '../task/view.ts'
import { askArbiter } from './arbiter.ts'
import { planChanges } from './changes.ts'
import { howLost } from './claim-outcome.ts'
import { answered, losing, type ClaimState, type Lost, type Pending } from './claim-state.ts'
import { tellLost } from './claim-settling.ts'
import { findTask } from './find.ts'
import type { Plan } from './plan.ts'
import { nameTasks, newRequest, type Asker, type Named } from './claim-asking.ts'
import { later } from './claim-keeping.ts'
import type { Project } from './project.ts'
import { statusFor, updateTasks } from './writing.ts'

export type PendingWrite = Pending & { readonly kind: 'write' }
type Changes = PendingWrite['changes']

export async function updateFenced(
  project: Project,
  { keys, changes, token: given }: Params<'tasks.update'>,
  asker: Asker,
): Promise<Result<'tasks.update'>> {
  const token = parseWhole('token', given, 1, Number.MAX_SAFE_INTEGER)
  const named = await nameTasks(project, keys)
  await assertPossible(project, named.uids, changes)
  const answer = await askArbiter(project, asker.relaying, 'verify', { tasks: named.uids.map((uid) => [uid, token]) })
  assertValid(project, named, token, answer)
  if (answer !== undefined) return updateTasks(project, { keys: named.uids, changes }, asker.by)
  const { uids } = named
  const asked = byUid(changes, project.context(await project.tasks()))
  const at = project.world.runtime.now()
  await later(project, {
    kind: 'write',
    request: newRequest(project),
    tasks: uids,
    token,
    changes: asked,
    by: asker.by,
    at,
  })
  const tasks = await project.tasks()
  return { tasks: viewsOf(uids, tasks, project.context(tasks)), waiting: uids.map((uid) => named.keyOf(uid)) }
}

export async function transitionFenced(
  project: Project,
  { keys, to, token }: Params<'tasks.transition'>,
  asker: Asker,
): Promise<Result<'tasks.update'>> {
  const status = statusFor(project, to)
  return updateFenced(project, { keys, changes: { status }, ...(token === undefined ? {} : { token }) }, asker)
}

/**
 * The arbiter was asked. Confirmed it is made; what came too late, or is not possible any more, is listed as far as it can be,
 * and else told. In the same commit it waits no more: made again it would undo what people changed since.
 */
export async function settleWrite(project: Project, pending: PendingWrite, isConfirmed: boolean): Promise<void> {
  const { tasks: uids, request } = pending
  const all = await project.tasks()
  const context = project.context(all)
  const there = uids.flatMap((uid) => {
    const state = all.get(uid)
    return state === undefined || isGone(state) ? [] : [state]
  })
  const { possible, impossible } = sorted(pending.changes, (changes) =>
    there.every((state) => isPossible(state, changes, context)),
  )
  const { actor } = await project.hold()
  const by = pending.by ?? project.world.actorName ?? 'unknown'
  const lost = uids.flatMap((uid): readonly Lost[] => {
    const unwritten = there.some((state) => state.uid === uid) ? impossible : pending.changes
    if (Object.keys(unwritten).length === 0) return []
    const holder: Holder = { by, type: 'agent', workspace: actor }
    return [{ uid, holder, at: project.now(), to: project.claims.holding(uid) ?? null, unwritten }]
  })
  const conclude = (state: ClaimState): ClaimState => {
    const next = answered(state, request)
    return lost.length === 0 ? next : losing(next, lost, project.now())
  }
  const isWhole = Object.keys(impossible).length === 0
  const isMade = isConfirmed && isWhole && there.every((state) => isPossible(state, possible, context))
  await write(project, pending, there, { plan: isMade ? planOf : planBeside, changes: possible, conclude })
  await project.claims.change(conclude)
  tellLost(project, lost)
}

interface Writing {
  readonly plan: (state: TaskState, changes: Changes, context: ViewContext) => Pick<Plan, 'writes' | 'bodies'>
  readonly changes: Changes
  readonly conclude: (state: ClaimState) => ClaimState
}

async function write(
  project: Project,
  { by }: PendingWrite,
  states: readonly TaskState[],
  { plan, changes, conclude }: Writing,
): Promise<void> {
  await project.commit((tasks) => {
    const context = project.context(tasks)
    const plans = states.map((before) => plan(tasks.get(before.uid) ?? before, changes, context))
    return {
      verb: 'set',
      by,
      writes: plans.flatMap(({ writes }) => writes),
      bodies: plans.flatMap(({ bodies }) => bodies ?? []),
      remember: async () => [project.claims.cellWith(conclude)],
    }
  })
}

function planOf(state: TaskState, changes: Changes, context: ViewContext): Pick<Plan, 'writes' | 'bodies'> {
  const bodies = changes.body === undefined ? [] : [{ uid: state.uid, next: parseBody(changes.body) }]
  return { writes: planChanges(state, changes, context), bodies }
}

/** Among the values that lost, marked; nothing that is shown goes. */
function planBeside(state: TaskState, changes: Changes, context: ViewContext): Pick<Plan, 'writes'> {
  const body: readonly Write[] =
    changes.body === undefined ? [] : [{ uid: state.uid, field: BODY, value: parseBody(changes.body) }]
  const writes = [...planChanges(state, changes, context), ...body]
  return { writes: writes.map((one) => ({ ...one, base: [], rank: 'below' as const, mark: FENCED })) }
}

/** Each by itself: what is wrong with one of them says nothing of the others. */
function sorted(
  changes: Changes,
  isPossibleAlone: (changes: Changes) => boolean,
): { readonly possible: Changes; readonly impossible: Changes } {
  const parts = Object.entries(changes).map(([name, value]): Changes => ({ [name]: value }))
  const together = (some: readonly Changes[]): Changes => some.reduce((sum, part) => ({ ...sum, ...part }), {})
  return {
    possible: together(parts.filter(isPossibleAlone)),
    impossible: together(parts.filter((part) => !isPossibleAlone(part))),
  }
}

/** A dependency that would now wait for itself, a parent that was purged, a status that is none any more. */
function isPossible(state: TaskState, changes: Changes, context: ViewContext): boolean {
  try {
    planOf(state, changes, context)
    return true
  } catch (cause) {
    if (cause instanceof TaskError && cause.exit >= 2 && cause.exit <= 4) return false
    throw cause
  }
}

/** What is wrong is told now, not when nobody listens any more. */
async function assertPossible(project: Project, uids: readonly Uid[], changes: Changes): Promise<void> {
  const tasks = await project.tasks()
  const context = project.context(tasks)
  for (const uid of uids) {
    const state = tasks.get(uid)
    if (state !== undefined) planChanges(state, changes, context)
  }
  if (changes.body !== undefined) parseBody(changes.body)
}

function assertValid(project: Project, { uids, keyOf }: Named, token: number, answer: TimedAnswer | undefined): void {
  const stale = (uid: Uid): boolean =>
    answer === undefined
      ? (project.claims.state.known.find((holding) => holding.uid === uid)?.token ?? 0) > token
      : answer.outcome === 'lost' && answer.lost.includes(uid)
  const found = uids.find(stale)
  if (found === undefined) return
  const holding = answer?.outcome === 'lost' ? answer.held.find(({ uid }) => uid === found) : undefined
  const view = holding === undefined ? project.claims.view(found) : project.claims.viewOf(holding)
  throw new TaskError('TOKEN_STALE', { key: keyOf(found), token, how: howLost(view) })
}

/** Keys are given anew where two tasks got the same: what waits names tasks by what never changes. */
function byUid(changes: Changes, context: ViewContext): Changes {
  const uidOf = (name: string): Uid => findTask(name, context).uid
  const { dependsOn, addDependsOn, removeDependsOn, parent } = changes
  return {
    ...changes,
    ...(dependsOn && { dependsOn: dependsOn.map(uidOf) }),
    ...(addDependsOn && { addDependsOn: addDependsOn.map(uidOf) }),
    ...(removeDependsOn && { removeDependsOn: removeDependsOn.map(uidOf) }),
    ...(typeof parent === 'string' && { parent: uidOf(parent) }),
  }
}
