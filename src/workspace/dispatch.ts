/** From a method's name to the function that does it. The one place where every door (command, library, socket) comes in. */
import type { Caller, CallOptions, MethodName, Params, Result } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import { invalid, parseActorName, quote } from '../task/input.ts'
import type { Asker } from './claim-asking.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

export interface ServerFacts {
  readonly version: string
  readonly pid: number
  readonly since: string
  /** None where the project has no relay, or none is near. */
  readonly relaying?: Relaying
}

/** With who waits for this one answer. */
type CallFacts = ServerFacts & Pick<CallOptions, 'signal'>

type Handler<Name extends MethodName> = (
  project: Project,
  params: Params<Name>,
  by: string | null,
  facts: CallFacts,
) => Promise<Result<Name>>
type Handlers = { readonly [Name in MethodName]: Handler<Name> }

// Modules are loaded when a method needs them: a list pays for nothing but a list.
const handlers: Handlers = {
  'server.info': async (project, _params, _by, { version, pid }) => ({
    version,
    pid,
    project: project.world.config.project,
    dir: project.world.dir,
  }),
  'tasks.list': async (project, params) => ({
    tasks: [...(await (await import('./listing.ts')).listTasks(project, params)).tasks()].map(({ task }) => task),
  }),
  'tasks.search': async (project, { words, ...options }) => ({
    tasks: [...(await (await import('./listing.ts')).searchTasks(project, words, options)).tasks()].map(
      ({ task }) => task,
    ),
  }),
  'task.get': async (project, params) => (await import('./showing.ts')).showTask(project, params),
  'task.create': async (project, params, by) => (await import('./writing.ts')).createTask(project, params, by),
  'tasks.update': async (project, params, by, facts) =>
    params.token === undefined
      ? tasksOnly(await (await import('./writing.ts')).updateTasks(project, params, by))
      : (await import('./fenced-writes.ts')).updateFenced(project, params, askerIn(by, facts)),
  'tasks.transition': async (project, params, by, facts) =>
    (await import('./transitions.ts')).transition(project, params, askerIn(by, facts)),
  'tasks.start': async (project, params, by, facts) =>
    (await import('./claiming.ts')).startTasks(project, params, askerIn(by, facts)),
  'tasks.claim': async (project, params, by, facts) =>
    (await import('./claiming.ts')).claimTasks(project, params, askerIn(by, facts)),
  'tasks.claimNext': async (project, params, by, facts) =>
    (await import('./claim-next.ts')).claimNext(project, params, askerIn(by, facts)),
  'tasks.assign': async (project, params, by, facts) =>
    (await import('./claim-next.ts')).assignReady(project, params, askerIn(by, facts)),
  'task.claim': async (project, params, by, facts) =>
    (await import('./claiming.ts')).claimOne(project, params, askerIn(by, facts)),
  'tasks.renew': async (project, params, by, facts) =>
    (await import('./claim-keeping.ts')).renewClaims(project, params, askerIn(by, facts)),
  'tasks.release': async (project, params, by, facts) =>
    (await import('./claim-keeping.ts')).releaseClaims(project, params, askerIn(by, facts)),
  'claims.list': async (project, _params, by, facts) =>
    (await import('./claims-list.ts')).listClaims(project, askerIn(by, facts)),
  'tasks.delete': async (project, params, by) =>
    tasksOnly(await (await import('./writing.ts')).deleteTasks(project, params, by)),
  'tasks.restore': async (project, params, by) =>
    tasksOnly(await (await import('./writing.ts')).restoreTasks(project, params, by)),
  'tasks.purge': async (project, params, by) => (await import('./writing.ts')).purgeTasks(project, params, by),
  'task.move': async (project, params, by) => (await import('./writing.ts')).moveTask(project, params, by),
  'task.comment': async (project, params, by) => (await import('./writing.ts')).commentTask(project, params, by),
  'history.list': async (project, params) => (await import('./past.ts')).listHistory(project, params),
  'history.undo': async (project, params, by) => (await import('./past.ts')).undoChange(project, params, by),
  'conflicts.list': async (project, params) => (await import('./reading.ts')).listConflicts(project, params),
  'conflict.resolve': async (project, params, by) =>
    (await import('./writing.ts')).resolveConflict(project, params, by),
  'workspace.status': async (project, _params, _by, { pid, since, relaying }) => {
    const report = await (await import('./reading.ts')).reportStatus(project, relaying)
    return project.isLive ? { ...report, owner: { pid, since } } : report
  },
  'workspace.statuses': async (project) => ({ statuses: project.world.config.statuses }),
  'workspace.sync': async (project, params, _by, { relaying }) =>
    (await import('./exchanging.ts')).exchangeOnce(project, params, relaying),
  'workspace.settle': async (project, params) => (await import('./settling.ts')).settleFiles(project, params),
  'workspace.backup': async (project) => {
    const { makeBackup, toBase64 } = await import('./backup.ts')
    return { backup: toBase64(await makeBackup(project)) }
  },
  'workspace.recover': async (project, params, by) => {
    const { fromBase64, parseBackup, recoverBackup } = await import('./backup.ts')
    if (typeof params.backup !== 'string')
      throw invalid('backup', 'it is not a text', 'give the text that workspace.backup answered')
    const changed = await recoverBackup(project, parseBackup(fromBase64(params.backup)), by)
    return { tasks: (await import('./listing.ts')).countTasks(await project.summary()).tasks, changed }
  },
  'workspace.doctor': async (project, params) => (await import('./doctor.ts')).examine(project, params),
}

/** What people changed in files comes in before anything is answered; these say nothing of tasks, or look themselves. */
const WITHOUT_FILES = new Set<MethodName>([
  'server.info',
  'workspace.statuses',
  'workspace.doctor',
  'workspace.settle',
  'workspace.sync',
])

export function isMethod(name: unknown): name is MethodName {
  return typeof name === 'string' && Object.hasOwn(handlers, name)
}

/** The method table on an open project. Params are checked by whoever uses them; nothing is trusted here. */
export function createCaller(project: Project, facts: ServerFacts): Caller {
  return {
    async call(method, params, options = {}) {
      if (!isMethod(method)) throw new TaskError('METHOD_NOT_FOUND', { method: quote(method) })
      if (typeof params !== 'object' || params === null || Array.isArray(params))
        throw invalid('params', 'they are not an object', 'give an object')
      const by = options.actor === undefined ? null : parseActorName(options.actor)
      if (!WITHOUT_FILES.has(method)) await project.lookAtFiles()
      return handlers[method](project, params, by, { ...facts, ...(options.signal && { signal: options.signal }) })
    },
  }
}

function askerIn(by: string | null, { relaying, signal }: CallFacts): Asker {
  return { by, relaying, ...(signal && { signal }) }
}

function tasksOnly<Answer extends Result<'tasks.update'>>({ tasks }: Answer): Result<'tasks.update'> {
  return { tasks }
}
