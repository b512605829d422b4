/** The methods that only look at tasks: one task, conflicts, the state of the workspace. */
import type { Params, Problem, Result, StatusReport } from '../api/methods.ts'
import { readBodyValue } from '../task/body.ts'
import { conflictsOf, isDeletion, viewConflict } from '../task/conflicts.ts'
import { BODY, DELETED, DEPENDENCY, PARENT, type Field } from '../task/fields.ts'
import { dependencyCycles, ignoredParents, inOrder } from '../task/query.ts'
import { stampText, type Alive, type TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import { isoTime } from '../task/time.ts'
import type { Json } from '../task/types.ts'
import { keyOfTask, type ViewContext } from '../task/view.ts'
import { findTask } from './find.ts'
import { keysIn } from './claim-asking.ts'
import type { Lost } from './claim-state.ts'
import { howLost } from './claim-outcome.ts'
import type { Project } from './project.ts'
import { NO_RELAY, unsynced, type Relaying } from './relaying.ts'

/** Beyond this a stamp from another machine is worth a word. */
const SKEW_MS = 60_000
/** Of the values that could not be written, in one message. */
const MOST_SHOWN = 2_000

export async function listConflicts(
  project: Project,
  params: Params<'conflicts.list'>,
): Promise<Result<'conflicts.list'>> {
  const replica = await project.replica()
  const context = project.context(replica.tasks)
  const states = params.key === undefined ? inOrder(replica.tasks) : [findTask(params.key, context)]
  const found = states.flatMap((state) => conflictsOf(state).map((conflict) => ({ state, conflict })))
  if (found.length === 0) return { conflicts: [] }
  const writers = await writersOf(project)
  return {
    conflicts: found.map(({ state, conflict }) =>
      viewConflict(state, keyOfTask(state, context), conflict, {
        show: (field, value) => showValue(replica, state, field, value, context),
        writer: (value) => writers.get(stampText(value)) ?? 'another workspace',
        time: (at) => isoTime(Math.min(at, context.now)),
      }),
    ),
  }
}

/** What is odd about the tasks themselves; files, relay and store add their own. */
export function taskProblems(tasks: TaskTable, context: ViewContext): readonly Problem[] {
  const key = (uid: string): string => {
    const state = tasks.get(uid as TaskState['uid'])
    return state === undefined ? uid : keyOfTask(state, context)
  }
  const cycles = dependencyCycles(tasks, context).map((group) => ({
    path: null,
    code: 'DEPENDENCY_CYCLE',
    message: `${group.map(key).join(', ')} wait for each other: none of them can become ready`,
  }))
  const parents = ignoredParents(tasks).map((uid) => ({
    path: null,
    code: 'PARENT_CYCLE',
    message: `${key(uid)} was moved below a task that lies below it: it shows without a parent until it is moved again`,
  }))
  return [...cycles, ...parents, ...skewProblems(tasks, context, key)]
}

export async function reportStatus(project: Project, relaying?: Relaying): Promise<StatusReport> {
  const { config, dir } = project.world
  const summary = await project.summary()
  const { countTasks } = await import('./listing.ts')
  const counts = countTasks(summary)
  const tasks = await project.tasks()
  return {
    workspace: { dir, project: config.project, format: config.format, tasks: counts.tasks },
    owner: null,
    relay: relaying?.report() ?? NO_RELAY,
    unsynced: await unsynced(project),
    conflicts: counts.conflicts,
    problems: [
      ...(await project.fileProblems()),
      ...taskProblems(tasks, project.context(tasks)),
      ...relayProblems(relaying),
      ...claimProblems(project, tasks, project.claims.state.lost),
      ...waitingProblems(project),
    ],
  }
}

export function claimProblems(project: Project, tasks: TaskTable, lost: readonly Lost[]): readonly Problem[] {
  const keyOf = keysIn(project, tasks)
  return lost.map(({ uid, holder, to, unwritten }) => {
    if (unwritten !== undefined) {
      const values = JSON.stringify(unwritten).slice(0, MOST_SHOWN)
      const message = `${keyOf(uid)}: what ${holder.by} wrote while the relay was away cannot be written any more: ${values}`
      return { path: null, code: 'CLAIM_LOST', message }
    }
    const how = howLost(to === null ? null : project.claims.viewOf(to))
    const message = `${keyOf(uid)}: the claim of ${holder.by} was not granted: ${how}; what it wrote is kept`
    return { path: null, code: 'CLAIM_LOST', message }
  })
}

function waitingProblems(project: Project): readonly Problem[] {
  const now = project.world.runtime.now()
  const count = project.claims.state.outbox.filter((one) => one.kind === 'write' || one.until > now).length
  if (count === 0) return []
  const what = count === 1 ? 'one request about claims waits' : `${count} requests about claims wait`
  return [{ path: null, code: 'CLAIMS_WAIT', message: `${what} for the relay: tentative until then` }]
}

function relayProblems(relaying: Relaying | undefined): readonly Problem[] {
  if (relaying === undefined || relaying.skewMs === 0) return []
  const minutes = Math.round(Math.abs(relaying.skewMs) / 60_000)
  const message = `this machine's clock is ${minutes} minutes ${relaying.skewMs > 0 ? 'behind' : 'ahead of'} the relay's`
  return [{ path: null, code: 'CLOCK_SKEW', message }]
}

function skewProblems(tasks: TaskTable, context: ViewContext, key: (uid: string) => string): readonly Problem[] {
  const ahead: string[] = []
  for (const uid of tasks.uids()) {
    const state = tasks.get(uid)
    if (
      state !== undefined &&
      [...state.registers.values()].some((values) => values.some((value) => value.at > context.now + SKEW_MS))
    )
      ahead.push(key(uid))
  }
  if (ahead.length === 0) return []
  const some = ahead.length > 3 ? `${ahead.slice(0, 3).join(', ')} and ${ahead.length - 3} more` : ahead.join(', ')
  return [
    {
      path: null,
      code: 'CLOCK_SKEW',
      message: `${some}: written by a clock that is ahead of this one; times are shown as now`,
    },
  ]
}

/** Stamp of a value → the workspace that wrote it, as far as the history here knows. */
async function writersOf(project: Project): Promise<ReadonlyMap<string, string>> {
  const writers = new Map<string, string>()
  for (const change of await (await project.hold()).history()) {
    if (change.verb === 'remote') continue // seen here, written by someone else
    const name = change.name === null ? change.actor : `${change.name} (${change.actor})`
    for (const { stamp } of change.edits) writers.set(`${stamp.client.toString(36)}.${stamp.clock.toString(36)}`, name)
  }
  return writers
}

function showValue(replica: Replica, state: TaskState, field: Field, value: Json, context: ViewContext): Json {
  if (field === BODY) return readBodyValue(replica, state.uid, value)
  if (field === DELETED) return isDeletion(value)
  if (field !== PARENT || typeof value !== 'string') return field.startsWith(DEPENDENCY) ? value === true : value
  const parent = replica.tasks.get(value as Alive['value'] & TaskState['uid'])
  return parent === undefined ? value : keyOfTask(parent, context)
}
