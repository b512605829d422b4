/** The methods that change tasks: each plans its writes under the lock and answers with the tasks as they are afterwards. */
import type { Params, Result, TaskChanges } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import type { Change, Verb } from '../history/change.ts'
import { newShortId, type Uid } from '../ids.ts'
import { conflictsOf, isDeletion, whatIsSeen } from '../task/conflicts.ts'
import {
  BODY,
  COMMENT,
  DELETED,
  fieldNamed,
  nameOf,
  ORDER,
  PARENT,
  PRIORITY,
  PURGED,
  STATUS,
  TITLE,
  type Field,
} from '../task/fields.ts'
import {
  invalid,
  parseActorName,
  parseBody,
  parseComment,
  parseFieldName,
  parseFieldValue,
  parsePriority,
  parseStatus,
  parseText,
  parseTitle,
  quote,
} from '../task/input.ts'
import { orderBetween } from '../task/order.ts'
import { inOrder } from '../task/query.ts'
import { aliveIn, type Alive, type TaskState, type Write } from '../task/registers.ts'
import type { Json, StatusKind, TaskView } from '../task/types.ts'
import { commentsOf, isDeleted, isPurged, keyOfTask, orderOf, viewTask, type ViewContext } from '../task/view.ts'
import { parentUid, planChanges, planCreation } from './changes.ts'
import { findTask, findTasks } from './find.ts'
import type { Plan, PlannedBody } from './plan.ts'
import type { Project } from './project.ts'

export async function createTask(
  project: Project,
  params: Params<'task.create'>,
  by: string | null,
): Promise<Result<'task.create'>> {
  let uid: Uid | undefined
  await project.commit(async (tasks) => {
    const { runtime, config } = project.world
    // What it follows: the greatest number ever given, the last place in the order.
    const { lastNumber, writer } = await project.hold()
    const number = Math.max(tasks.greatestNumber, lastNumber) + 1
    const creation = planCreation(params, project.context(tasks), runtime, {
      number,
      confirmed: config.relay === 'none',
      lastOrder: writer.lastOrder,
    })
    uid = creation.uid
    return {
      verb: 'create',
      by,
      writes: creation.writes,
      newBodies: new Map([[uid, creation.body]]),
      lastNumber: number,
    }
  })
  if (uid === undefined) throw new TaskError('FAULT', { problem: 'a task was not made' })
  return { task: await view(project, uid) }
}

export async function updateTasks(
  project: Project,
  params: Params<'tasks.update'>,
  by: string | null,
): Promise<Result<'tasks.update'>> {
  return changeEach(project, params.keys, 'set', by, (state, context) => ({
    writes: planChanges(state, params.changes, context),
    bodies: planBody(state.uid, params.changes),
  }))
}

/** `also`: one more write for each task that lacks it. */
export async function transitionTasks(
  project: Project,
  params: Params<'tasks.transition'>,
  by: string | null,
  also: (state: TaskState) => readonly Write[] = () => [],
): Promise<Result<'tasks.transition'>> {
  const status = statusFor(project, params.to)
  return changeEach(project, params.keys, 'set', by, (state, context) => ({
    writes: [...planChanges(state, { status }, context), ...also(state)],
  }))
}

/** The first status of a kind. */
export function statusFor(project: Project, to: Params<'tasks.transition'>['to']): string {
  const { statuses } = project.world.config
  const kind: StatusKind | undefined = (['open', 'active', 'done', 'dropped'] as const).find((known) => known === to)
  const status = statuses.find((known) => known.kind === kind)
  if (status === undefined)
    throw invalid(
      'to',
      `there is no status of the kind ${quote(to)} here`,
      `use one of ${[...new Set(statuses.map((known) => known.kind))].join(', ')}`,
    )
  return status.name
}

export async function deleteTasks(
  project: Project,
  params: Params<'tasks.delete'>,
  by: string | null,
): Promise<Result<'tasks.delete'>> {
  return changeEach(project, params.keys, 'delete', by, (state) => ({
    writes: isDeleted(state) ? [] : [{ uid: state.uid, field: DELETED, value: whatIsSeen(state) }],
  }))
}

export async function restoreTasks(
  project: Project,
  params: Params<'tasks.restore'>,
  by: string | null,
): Promise<Result<'tasks.restore'>> {
  return changeEach(project, params.keys, 'restore', by, (state) => ({
    writes: [
      ...(isDeleted(state) ? [{ uid: state.uid, field: DELETED, value: false }] : []),
      ...(isPurged(state) ? [{ uid: state.uid, field: PURGED, value: false }] : []),
    ],
  }))
}

/** Takes everything of a deleted task away that is known here. What others wrote meanwhile comes back as a deleted task. */
export async function purgeTasks(
  project: Project,
  params: Params<'tasks.purge'>,
  by: string | null,
): Promise<Result<'tasks.purge'>> {
  const purged: string[] = []
  const change = await project.commit((tasks) => {
    const context = project.context(tasks)
    const states = findTasks(params.keys, context)
    for (const state of states) {
      if (!isDeleted(state)) throw new TaskError('NOT_DELETED', { key: keyOfTask(state, context) })
      purged.push(keyOfTask(state, context))
    }
    if (params.confirmed !== true) throw new TaskError('NOT_CONFIRMED', { action: `purging ${purged.join(', ')}` })
    const writes = states.map((state): Write => ({
      uid: state.uid,
      field: PURGED,
      value: true,
      base: [...state.registers.values()].flat(),
    }))
    return { verb: 'purge', by, writes, bodies: states.map(({ uid }): PlannedBody => ({ uid, erase: true })) }
  })
  return { purged: change === undefined ? [] : purged }
}

export async function moveTask(
  project: Project,
  params: Params<'task.move'>,
  by: string | null,
): Promise<Result<'task.move'>> {
  const { before, after, parent } = params
  if ([before, after, parent].every((place) => place === undefined))
    throw invalid('move', 'no place is named', 'say before, after or parent')
  if (before !== undefined && after !== undefined)
    throw invalid('move', 'two places are named', 'say before or after, not both')
  const { tasks } = await changeEach(project, [params.key], 'move', by, (state, context) => {
    const writes: Write[] = []
    const near = before === undefined ? after : before
    if (near !== undefined) {
      const order = placeNear(state, findTask(near, context), before !== undefined, context)
      if (order !== undefined) writes.push({ uid: state.uid, field: ORDER, value: order })
    }
    if (parent !== undefined) writes.push(...planChanges(state, { parent }, context))
    return { writes }
  })
  const [task] = tasks
  if (task === undefined) throw new TaskError('TASK_NOT_FOUND', { key: params.key })
  return { task }
}

export async function commentTask(
  project: Project,
  params: Params<'task.comment'>,
  by: string | null,
): Promise<Result<'task.comment'>> {
  const { runtime } = project.world
  const id = newShortId(runtime.random)
  const author = params.by === undefined ? by : parseActorName(params.by)
  const value: Json = { by: author ?? project.world.actorName ?? 'unknown', text: parseComment(params.text) }
  const { tasks } = await changeEach(project, [params.key], 'comment', by, ({ uid }) => ({
    writes: [{ uid, field: COMMENT + id, value }],
  }))
  const [task] = tasks
  const state = task === undefined ? undefined : (await project.tasks()).get(task.uid)
  const comment = state === undefined ? undefined : commentsOf(state, runtime.now()).find((one) => one.id === id)
  if (task === undefined || comment === undefined) throw new TaskError('FAULT', { problem: 'a comment was not kept' })
  return { comment, task }
}

export async function resolveConflict(
  project: Project,
  params: Params<'conflict.resolve'>,
  by: string | null,
): Promise<Result<'conflict.resolve'>> {
  const letter = fieldNamed(parseText('field', params.field))
  await project.replica() // a rival body's text is only in the document
  const { tasks } = await changeEach(project, [params.key], 'resolve', by, (state, context) => {
    const conflict = conflictsOf(state).find(({ field }) => field === letter)
    if (conflict === undefined)
      throw new TaskError('CONFLICT_NOT_FOUND', { key: keyOfTask(state, context), field: params.field })
    const taken = params.take === undefined ? undefined : takenValue(conflict.values, params.take)
    if (taken === undefined && params.value === undefined)
      throw invalid('resolve', 'neither a listed value nor a new one is named', 'say --take <n> or --value <v>')
    if (letter === DELETED) return { writes: [settleDeletion(state, taken, params.value)] }
    if (taken !== undefined) return { writes: [{ uid: state.uid, field: letter, value: taken.value }] }
    if (letter === BODY)
      return { writes: [], bodies: [{ uid: state.uid, next: parseBody(params.value), settles: true }] }
    return { writes: [{ uid: state.uid, field: letter, value: checkedValue(state, letter, params.value, context) }] }
  })
  const [task] = tasks
  if (task === undefined) throw new TaskError('TASK_NOT_FOUND', { key: params.key })
  return { task }
}

/** One plan over several tasks: all of them change, or none. */
export async function changeEach(
  project: Project,
  keys: readonly string[],
  verb: Verb,
  by: string | null,
  plan: (state: TaskState, context: ViewContext) => Pick<Plan, 'writes' | 'bodies'>,
): Promise<{ readonly tasks: readonly TaskView[]; readonly change: Change | undefined }> {
  let uids: readonly Uid[] = []
  const change = await project.commit((tasks) => {
    const context = project.context(tasks)
    const states = findTasks(keys, context)
    uids = states.map(({ uid }) => uid)
    const plans = states.map((state) => plan(state, context))
    return {
      verb,
      by,
      writes: plans.flatMap(({ writes }) => writes),
      bodies: plans.flatMap(({ bodies }) => bodies ?? []),
    }
  })
  const tasks = await project.tasks()
  const context = project.context(tasks)
  return { change, tasks: uids.flatMap((uid) => viewIn(uid, context)) }
}

export function viewIn(uid: Uid, context: ViewContext): readonly TaskView[] {
  const state = context.tasks.get(uid)
  return state === undefined ? [] : [viewTask(state, context)]
}

async function view(project: Project, uid: Uid): Promise<TaskView> {
  const [task] = viewIn(uid, project.context(await project.tasks()))
  if (task === undefined) throw new TaskError('TASK_NOT_FOUND', { key: uid })
  return task
}

function planBody(uid: Uid, changes: TaskChanges): readonly PlannedBody[] {
  if (changes.body === undefined) return []
  return [{ uid, next: parseBody(changes.body) }]
}

/** The order key beside a neighbour, among all tasks. */
function placeNear(state: TaskState, near: TaskState, before: boolean, { tasks }: ViewContext): string | undefined {
  if (near.uid === state.uid) return undefined
  const others = inOrder(tasks).filter(({ uid }) => uid !== state.uid)
  const index = others.findIndex(({ uid }) => uid === near.uid)
  const [left, right] = before ? [others[index - 1], near] : [near, others[index + 1]]
  return orderBetween(left === undefined ? null : orderOf(left), right === undefined ? null : orderOf(right))
}

function takenValue(values: readonly Alive[], take: number): Alive {
  const value = Number.isInteger(take) ? values[take] : undefined
  if (value !== undefined) return value
  throw invalid('take', `there is no value ${quote(take)}`, `values are 0 to ${values.length - 1}: see tide conflicts`)
}

/** A deletion taken, or true: it stands, now knowing all; anything else that is listed, or false: the task lives. */
function settleDeletion(state: TaskState, taken: Alive | undefined, value: Json | undefined): Write {
  if (taken === undefined && typeof value !== 'boolean')
    throw invalid('deleted', `${quote(value)} is neither true nor false`, 'say true to let it go, false to keep it')
  const stays =
    taken === undefined ? value === true : aliveIn(state, DELETED).includes(taken) && isDeletion(taken.value)
  return { uid: state.uid, field: DELETED, value: stays ? whatIsSeen(state) : false }
}

function checkedValue(state: TaskState, field: Field, value: unknown, context: ViewContext): Json {
  if (field === TITLE) return parseTitle(value)
  if (field === STATUS) return parseStatus(value, context.statuses)
  if (field === PRIORITY) return value === null ? null : parsePriority(value)
  if (field === PARENT) return value === null ? null : parentUid(state, value, context)
  return parseFieldValue(parseFieldName(nameOf(field)), value)
}
