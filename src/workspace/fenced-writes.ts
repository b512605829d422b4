/**
 * Writes that carry a token: made while no greater one was granted, refused where one was. Where nobody can say they wait, with
 * their token; confirmed they are made, and too late they are listed beside what is shown, and never shown.
 */
import type { Params, Result } from '../api/methods.ts'
import { parseWhole } from '../claims/parse.ts'
import type { TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { FENCED } from '../task/entry.ts'
import { BODY } from '../task/fields.ts'
import { parseBody } from '../task/input.ts'
import type { Write } from '../task/registers.ts'
import { viewsOf } from '../task/view.ts'
import { askArbiter } from './arbiter.ts'
import { planChanges } from './changes.ts'
import { howLost } from './claim-outcome.ts'
import type { Pending } from './claim-state.ts'
import { nameTasks, newRequest, type Asker, type Named } from './claim-asking.ts'
import { later } from './claim-keeping.ts'
import type { Project } from './project.ts'
import { changeEach, statusFor, updateTasks } from './writing.ts'

export type PendingWrite = Pending & { readonly kind: 'write' }

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
  await later(project, {
    kind: 'write',
    request: newRequest(project),
    tasks: uids,
    token,
    changes,
    by: asker.by,
    at: project.now(),
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

/** The arbiter can be asked again. Undefined where it is away still; false where the write came too late. */
export async function settleWrite(
  project: Project,
  { tasks, token, changes: asked, by }: PendingWrite,
  asker: Asker,
): Promise<boolean | undefined> {
  let changes = asked
  const answer = await askArbiter(project, asker.relaying, 'verify', { tasks: tasks.map((uid) => [uid, token]) })
  if (answer === undefined) return undefined
  const known = (await project.tasks()).uids()
  const there = new Set(known)
  const uids = tasks.filter((uid) => there.has(uid))
  if (uids.length === 0) return true
  if (answer.outcome !== 'lost') {
    try {
      await updateTasks(project, { keys: uids, changes }, by)
      return true
    } catch (cause) {
      // What it asks for is not possible any more: a dependency that would now wait for itself.
      if (!(cause instanceof TaskError && cause.exit === 4)) throw cause
    }
    changes = withoutNeighbours(changes)
  }
  await listBeside(project, uids, changes, by)
  return false
}

/** Among the values that lost, marked; nothing that is shown goes. */
async function listBeside(
  project: Project,
  uids: readonly Uid[],
  changes: PendingWrite['changes'],
  by: string | null,
): Promise<void> {
  await changeEach(project, uids, 'set', by, (state, context) => {
    const body: readonly Write[] =
      changes.body === undefined ? [] : [{ uid: state.uid, field: BODY, value: parseBody(changes.body) }]
    const writes = [...planChanges(state, changes, context), ...body]
    return { writes: writes.map((write) => ({ ...write, base: [], rank: 'below' as const, mark: FENCED })) }
  })
}

/** What is wrong is told now, not when nobody listens any more. */
async function assertPossible(
  project: Project,
  uids: readonly Uid[],
  changes: Params<'tasks.update'>['changes'],
): Promise<void> {
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

/** What concerns the task alone can always be listed. */
function withoutNeighbours(changes: PendingWrite['changes']): PendingWrite['changes'] {
  const { dependsOn: _on, addDependsOn: _add, removeDependsOn: _remove, parent: _parent, ...own } = changes
  return own
}
