/** The method table's types: every verb the product has, its params and its result. One source for command line, socket, HTTP, MCP and docs. */
import type {
  CommentView,
  ConflictView,
  Json,
  Priority,
  StatusDefinition,
  TaskDetail,
  TaskView,
} from '../task/types.ts'

/** Which tasks: a key, a uid, or an older key of theirs. */
export type TaskName = string

export interface TaskFilter {
  /** Names of statuses; a task fits one of them, a closed one too. */
  readonly status?: readonly string[]
  /** Labels; a task has all of them. */
  readonly label?: readonly string[]
  readonly assignee?: string
  /** Open, held by nobody, every dependency done or dropped. */
  readonly ready?: boolean
  /** Closed and deleted ones too. @default false */
  readonly all?: boolean
  readonly limit?: number
}

/** Fields to change. `null` unsets. Sets are whole (`labels`) or by element (`addLabels`, `removeLabels`). */
export interface TaskChanges {
  readonly title?: string
  readonly status?: string
  readonly priority?: Priority | null
  readonly labels?: readonly string[]
  readonly addLabels?: readonly string[]
  readonly removeLabels?: readonly string[]
  readonly assignees?: readonly string[]
  readonly addAssignees?: readonly string[]
  readonly removeAssignees?: readonly string[]
  readonly dependsOn?: readonly TaskName[]
  readonly addDependsOn?: readonly TaskName[]
  readonly removeDependsOn?: readonly TaskName[]
  readonly parent?: TaskName | null
  readonly body?: string
  /** Any other field, verbatim; `due` must be a date. `null` unsets. */
  readonly fields?: { readonly [name: string]: Json }
}

export interface NewTask {
  readonly title: string
  readonly status?: string
  readonly priority?: Priority | null
  readonly labels?: readonly string[]
  readonly assignees?: readonly string[]
  readonly dependsOn?: readonly TaskName[]
  readonly parent?: TaskName | null
  readonly body?: string
  readonly fields?: { readonly [name: string]: Json }
}

/** One field of one task, before and after. Of a set: the elements that left and that came; of a body: the words. */
export interface FieldChangeView {
  readonly uid: string
  readonly key: string
  readonly field: string
  readonly before: Json
  readonly after: Json
}

/** One transaction that this workspace saw. */
export interface ChangeView {
  readonly id: string
  readonly at: string
  /** `workspace` is the actor id of the directory that wrote; `name` the person or agent, when known. */
  readonly by: { readonly workspace: string; readonly name: string | null }
  /** `create`, `set`, `move`, `comment`, `delete`, `restore`, `purge`, `resolve`, `undo`, `recover`, `remote`; in files `edit`, `putback` (an older text), `import`. */
  readonly verb: string
  readonly changes: readonly FieldChangeView[]
  /** The change that this one took back, or that took this one back. */
  readonly undoes: string | null
  readonly undoneBy: string | null
}

export interface Problem {
  readonly path: string | null
  readonly code: string
  readonly message: string
}

export interface RelayReport {
  /** Without credentials; null where there is no relay. */
  readonly url: string | null
  /** `syncing`: connected, and not everything is exchanged yet. `idle`: nobody has asked it yet (mode manual). */
  readonly state: 'synced' | 'syncing' | 'idle' | 'unreachable' | 'none' | 'denied'
  /** Why it is unreachable or denied, or does not take what is written here. */
  readonly reason?: string
  /** Who else is connected to the project. */
  readonly others: readonly { readonly workspace: string; readonly actor: string | null; readonly host?: string }[]
}

export interface StatusReport {
  readonly workspace: {
    readonly dir: string
    readonly project: string
    readonly format: string
    readonly tasks: number
  }
  readonly owner: { readonly pid: number; readonly since: string } | null
  readonly relay: RelayReport
  /** Writes made here that are not known to be on the relay's disk. */
  readonly unsynced: number
  readonly conflicts: number
  readonly problems: readonly Problem[]
}

export interface SyncReport {
  readonly files: {
    /** Files that said something new. */
    readonly imported: number
    readonly written: number
    readonly refused: readonly { readonly path: string; readonly reason: string }[]
  }
  readonly relay: RelayReport & {
    /** Everything written here is on the relay's disk. */
    readonly saved: boolean
  }
  readonly unsynced: number
  readonly problems: readonly Problem[]
}

export interface DoctorReport {
  readonly healthy: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: 'ok' | 'fixed' | 'problem'
    readonly message: string
  }[]
}

type Empty = Readonly<Record<string, never>>
interface Keys {
  readonly keys: readonly TaskName[]
}
interface Tasks {
  readonly tasks: readonly TaskView[]
}

/** name → params and result. */
export interface Methods {
  'server.info': {
    params: Empty
    result: { readonly version: string; readonly project: string; readonly dir: string; readonly pid: number }
  }
  'tasks.list': { params: TaskFilter; result: Tasks }
  'tasks.search': { params: { readonly words: string; readonly all?: boolean; readonly limit?: number }; result: Tasks }
  'task.get': { params: { readonly key: TaskName }; result: { readonly task: TaskDetail } }
  'task.create': { params: NewTask; result: { readonly task: TaskView } }
  'tasks.update': { params: Keys & { readonly changes: TaskChanges }; result: Tasks }
  /** `start`, `done`, `drop`, `reopen`: the first status of that kind in the project's list. */
  'tasks.transition': { params: Keys & { readonly to: 'active' | 'done' | 'dropped' | 'open' }; result: Tasks }
  'tasks.delete': { params: Keys; result: Tasks }
  'tasks.restore': { params: Keys; result: Tasks }
  'tasks.purge': { params: Keys & { readonly confirmed: boolean }; result: { readonly purged: readonly string[] } }
  'task.move': {
    params: {
      readonly key: TaskName
      readonly before?: TaskName
      readonly after?: TaskName
      readonly parent?: TaskName | null
    }
    result: { readonly task: TaskView }
  }
  'task.comment': {
    params: { readonly key: TaskName; readonly text: string; readonly by?: string }
    result: { readonly comment: CommentView; readonly task: TaskView }
  }
  'history.list': {
    params: { readonly key?: TaskName; readonly limit?: number }
    result: { readonly changes: readonly ChangeView[] }
  }
  /** Without `change`: the newest change of this workspace (of that task) that was not taken back yet. */
  'history.undo': {
    params: { readonly key?: TaskName; readonly change?: string }
    result: { readonly change: ChangeView; readonly tasks: readonly TaskView[] }
  }
  'conflicts.list': { params: { readonly key?: TaskName }; result: { readonly conflicts: readonly ConflictView[] } }
  'conflict.resolve': {
    params: { readonly key: TaskName; readonly field: string; readonly take?: number; readonly value?: Json }
    result: { readonly task: TaskView }
  }
  'workspace.status': { params: Empty; result: StatusReport }
  /** One exchange with the files: what people changed in, what changed here out. Discards nothing. */
  'workspace.sync': {
    params: {
      /** Trusts no size and no time of a file: reads all of them. */
      readonly force?: boolean
      /** Older texts and missing files, as version control left them, are meant. */
      readonly takeFiles?: boolean
      /** Answers only when the relay has everything on its disk and everything of it is here; else refuses. */
      readonly wait?: boolean
      /** How long it may take. @default 30 s with `wait`, else 2 s */
      readonly timeoutMs?: number
    }
    result: SyncReport
  }
  'workspace.statuses': { params: Empty; result: { readonly statuses: readonly StatusDefinition[] } }
  /** The whole state of the project and its history as one file's bytes, base64. */
  'workspace.backup': { params: Empty; result: { readonly backup: string } }
  /** Merges a backup in: nothing that is here is lost. */
  'workspace.recover': {
    params: { readonly backup: string }
    result: { readonly tasks: number; readonly changed: number }
  }
  'workspace.doctor': { params: { readonly fix?: boolean }; result: DoctorReport }
}

export type MethodName = keyof Methods
export type Params<Name extends MethodName> = Methods[Name]['params']
export type Result<Name extends MethodName> = Methods[Name]['result']

/** Whoever answers methods: a workspace in this process, or the owner behind a socket. */
export interface Caller {
  call<Name extends MethodName>(
    method: Name,
    params: Params<Name>,
    options?: { readonly actor?: string },
  ): Promise<Result<Name>>
}
