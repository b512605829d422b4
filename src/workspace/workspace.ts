/** A workspace as programs use it: the method table with a handle for each thing. Knows nothing that the methods do not. */
import type {
  Caller,
  ChangeView,
  ClaimOutcome,
  NewTask,
  Params,
  Result,
  StatusReport,
  SyncReport,
  TaskChanges,
  TaskFilter,
  TaskName,
} from '../api/methods.ts'
import type { CommentView, ConflictView, Json, TaskDetail, TaskView } from '../task/types.ts'
import type { ProjectEvents, RelayEvents } from './project-events.ts'

/** Only the process that holds the workspace hears of them. */
export interface WorkspaceEvents extends RelayEvents {
  /** Tasks changed, here or elsewhere. */
  changed: { readonly tasks: readonly TaskView[]; readonly verb: string }
}

export interface Tasks {
  add(task: NewTask): Promise<TaskView>
  get(key: TaskName): Promise<TaskDetail>
  list(filter?: TaskFilter): Promise<readonly TaskView[]>
  ready(filter?: Omit<TaskFilter, 'ready'>): Promise<readonly TaskView[]>
  search(words: string, options?: Omit<Params<'tasks.search'>, 'words'>): Promise<readonly TaskView[]>
  /** With a token only while no greater one was granted. */
  set(
    keys: TaskName | readonly TaskName[],
    changes: TaskChanges,
    options?: { readonly token?: number },
  ): Promise<readonly TaskView[]>
  start(...keys: TaskName[]): Promise<readonly TaskView[]>
  done(...keys: TaskName[]): Promise<readonly TaskView[]>
  drop(...keys: TaskName[]): Promise<readonly TaskView[]>
  reopen(...keys: TaskName[]): Promise<readonly TaskView[]>
  delete(...keys: TaskName[]): Promise<readonly TaskView[]>
  restore(...keys: TaskName[]): Promise<readonly TaskView[]>
  move(key: TaskName, to: Omit<Params<'task.move'>, 'key'>): Promise<TaskView>
  comment(key: TaskName, text: string): Promise<CommentView>
}

/** Who may work on what. Refusals are in the outcome. */
export interface Claims {
  /** All of the tasks or none. */
  claim(keys: TaskName | readonly TaskName[], options?: Omit<Params<'tasks.claim'>, 'keys'>): Promise<ClaimOutcome>
  /** The next ready ones that nobody holds. */
  next(options?: Params<'tasks.claimNext'>): Promise<ClaimOutcome>
  /** Ready tasks, spread over several names. */
  assign(options: Params<'tasks.assign'>): Promise<ClaimOutcome>
  renew(keys: TaskName | readonly TaskName[], options?: Omit<Params<'tasks.renew'>, 'keys'>): Promise<ClaimOutcome>
  release(
    keys: TaskName | readonly TaskName[],
    options?: Omit<Params<'tasks.release'>, 'keys'>,
  ): Promise<Result<'tasks.release'>>
  list(): Promise<Result<'claims.list'>>
  /** Claims and sets the first active status: both or neither. */
  start(
    keys: TaskName | readonly TaskName[],
    options?: Omit<Params<'tasks.start'>, 'keys'>,
  ): Promise<Result<'tasks.start'>>
}

export interface Workspace extends Caller, AsyncDisposable {
  readonly dir: string
  readonly tasks: Tasks
  readonly claims: Claims
  readonly history: {
    list(options?: Params<'history.list'>): Promise<readonly ChangeView[]>
    undo(options?: Params<'history.undo'>): Promise<Result<'history.undo'>>
  }
  readonly conflicts: {
    list(key?: TaskName): Promise<readonly ConflictView[]>
    resolve(
      key: TaskName,
      field: string,
      settle: { readonly take: number } | { readonly value: Json },
    ): Promise<TaskView>
  }
  status(): Promise<StatusReport>
  /** One exchange with files and relay; with `wait` it settles only when the relay has everything on its disk, or throws. */
  sync(options?: Params<'workspace.sync'>): Promise<SyncReport>
  on<Name extends keyof WorkspaceEvents>(name: Name, listener: (event: WorkspaceEvents[Name]) => void): Disposable
}

/** What stands behind a workspace: this process, or an owner elsewhere. */
export interface WorkspaceSource extends Caller, AsyncDisposable {
  readonly dir: string
  on<Name extends keyof ProjectEvents>(name: Name, listener: (event: ProjectEvents[Name]) => void): Disposable
}

export function createWorkspace(source: WorkspaceSource): Workspace {
  const call: Caller['call'] = (method, params, options) => source.call(method, params, options)
  const transition =
    (to: Params<'tasks.transition'>['to']) =>
    async (...keys: TaskName[]): Promise<readonly TaskView[]> =>
      (await call('tasks.transition', { keys, to })).tasks
  return {
    dir: source.dir,
    call,
    tasks: {
      add: async (task) => (await call('task.create', task)).task,
      get: async (key) => (await call('task.get', { key })).task,
      list: async (filter = {}) => (await call('tasks.list', filter)).tasks,
      ready: async (filter = {}) => (await call('tasks.list', { ...filter, ready: true })).tasks,
      search: async (words, options = {}) => (await call('tasks.search', { words, ...options })).tasks,
      set: async (keys, changes, { token } = {}) =>
        (await call('tasks.update', { keys: several(keys), changes, ...(token === undefined ? {} : { token }) })).tasks,
      start: transition('active'),
      done: transition('done'),
      drop: transition('dropped'),
      reopen: transition('open'),
      delete: async (...keys) => (await call('tasks.delete', { keys })).tasks,
      restore: async (...keys) => (await call('tasks.restore', { keys })).tasks,
      move: async (key, to) => (await call('task.move', { key, ...to })).task,
      comment: async (key, text) => (await call('task.comment', { key, text })).comment,
    },
    claims: {
      claim: async (keys, options = {}) => call('tasks.claim', { ...options, keys: several(keys) }),
      next: async (options = {}) => call('tasks.claimNext', options),
      assign: async (options) => call('tasks.assign', options),
      renew: async (keys, options = {}) => call('tasks.renew', { ...options, keys: several(keys) }),
      release: async (keys, options = {}) => call('tasks.release', { ...options, keys: several(keys) }),
      list: async () => call('claims.list', {}),
      start: async (keys, options = {}) => call('tasks.start', { ...options, keys: several(keys) }),
    },
    history: {
      list: async (options = {}) => (await call('history.list', options)).changes,
      undo: async (options = {}) => call('history.undo', options),
    },
    conflicts: {
      list: async (key) => (await call('conflicts.list', key === undefined ? {} : { key })).conflicts,
      resolve: async (key, field, settle) => (await call('conflict.resolve', { key, field, ...settle })).task,
    },
    status: async () => call('workspace.status', {}),
    sync: async (options = {}) => call('workspace.sync', options),
    on: (name, listener) => subscribe(source, name, listener),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

function several(keys: TaskName | readonly TaskName[]): readonly TaskName[] {
  return typeof keys === 'string' ? [keys] : keys
}

/** `changed` says less than the project does; the others are as they are. */
function subscribe<Name extends keyof WorkspaceEvents>(
  source: WorkspaceSource,
  name: Name,
  listener: (event: WorkspaceEvents[Name]) => void,
): Disposable {
  const hear = listener as (event: unknown) => void
  if (name !== 'changed') return source.on(name as Exclude<keyof WorkspaceEvents, 'changed'>, hear)
  return source.on('changed', ({ tasks, change }) => hear({ tasks, verb: change.verb }))
}
