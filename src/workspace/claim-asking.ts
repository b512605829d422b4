/** What every request for claims begins with: who asks, for which tasks, under which id. */
import type { ClaimantParams, ClaimParams, RelayReport } from '../api/methods.ts'
import { parseHolderType, parseName } from '../claims/parse.ts'
import type { Holder } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import { newShortId, type Uid } from '../ids.ts'
import { parseElement } from '../task/input.ts'
import type { TaskTable } from '../task/table.ts'
import { isDeleted, keyOfTask } from '../task/view.ts'
import type { Naming } from './claim-outcome.ts'
import { findTasks } from './find.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

/** Who asks, through which door. */
export interface Asker {
  readonly by: string | null
  readonly relaying: Relaying | undefined
  /** Ends where nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

/** The tasks of a request, and how they are called. */
export interface Named extends Naming {
  readonly uids: readonly Uid[]
}

/** Names tasks that are there; throws TASK_NOT_FOUND. */
export async function nameTasks(project: Project, keys: unknown): Promise<Named> {
  const tasks = await project.tasks()
  const context = project.context(tasks)
  const states = findTasks(keys, context)
  for (const state of states)
    if (isDeleted(state)) throw new TaskError('TASK_NOT_FOUND', { key: keyOfTask(state, context) })
  return { uids: states.map(({ uid }) => uid), keyOf: keysIn(project, tasks), scope: project.claims.scope }
}

export async function holderOf(project: Project, params: ClaimantParams, asker: Asker): Promise<Holder> {
  const workspace = await project.inTurn(async (held) => {
    const actor = await held.named()
    await project.reseal(held)
    return actor
  })
  const by = nameOf(project, params.by, asker)
  return { by, type: params.type === undefined ? 'agent' : parseHolderType(params.type), workspace }
}

export function newRequest(project: Project): string {
  const { random } = project.world.runtime
  return newShortId(random) + newShortId(random)
}

export function requestOf(project: Project, { request }: Pick<ClaimParams, 'request'>): string {
  return request === undefined ? newRequest(project) : parseName('request', request)
}

export function reused(request: string): TaskError {
  return new TaskError('REQUEST_REUSED', { request })
}

export function keysIn(project: Project, tasks: TaskTable): (uid: Uid) => string {
  const context = project.context(tasks)
  return (uid) => {
    const state = tasks.get(uid)
    return state === undefined ? uid : keyOfTask(state, context)
  }
}

/** A holder becomes an assignee: it must be a name that a task can have there. */
export function nameOf(project: Project, by: string | undefined, asker: Asker): string {
  const name = by ?? asker.by ?? project.world.actorName ?? 'unknown'
  return parseElement('assignee', parseName('by', name))
}

export function unreachable(relaying: Relaying | undefined): TaskError {
  const { url = null, reason = 'no relay runs here' } = relaying?.report() ?? {}
  return new TaskError('RELAY_UNREACHABLE', { url: url ?? 'this machine', reason })
}

const SETTLE_MS = 5_000
/** Whoever asks is not kept waiting for a relay that is known to be away. */
const AWAY = new Set<RelayReport['state']>(['unreachable', 'none', 'denied'])

/** Everything written here is at the relay, and everything of it here; where it is away that is for later. */
export async function settled(project: Project, relaying: Relaying | undefined): Promise<void> {
  if (relaying === undefined || project.claims.scope === 'workspace' || AWAY.has(relaying.report().state)) return
  const { settleWithin } = await import('./relaying.ts')
  await settleWithin(relaying, project.world.runtime, { timeoutMs: SETTLE_MS })
}
