/** The method table's types: every verb the product has, its params and its result. One source for command line, socket, HTTP, MCP and docs. */
import type {
  ClaimView,
  CommentView,
  ConflictView,
  HolderType,
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

/** Who claims. The name is that of the call's actor, or of the workspace's, where none is given. */
export interface ClaimantParams {
  readonly by?: string
  /** @default agent; where a claim is renewed or released: what it was claimed as */
  readonly type?: HolderType
}

export interface ClaimParams extends ClaimantParams {
  /** How long it holds without being renewed. @default 30 minutes */
  readonly leaseMs?: number
  /** Asked again under the same id, a request is answered the same. @default a random one */
  readonly request?: string
}

export interface GrantedClaim {
  readonly key: string
  readonly uid: string
  readonly by: string
  readonly type: HolderType
  /** Grows with every grant of the task, for ever; 0 while the claim is tentative. */
  readonly token: number
  readonly expiresAt: string
  readonly state: 'granted' | 'tentative'
  /** Who is the arbiter: the relay, or this workspace where the project has no relay. */
  readonly scope: 'relay' | 'workspace'
  /** The same holder held it before. */
  readonly renewed?: true
}

/** Who stands in the way. */
export interface HeldBy {
  readonly by: string
  readonly type: HolderType
  readonly expiresAt: string
  readonly state: 'granted' | 'tentative'
  readonly token: number
}

export interface FailedClaim {
  readonly key: string
  readonly code: 'CLAIM_HELD' | 'CLAIM_TIMEOUT' | 'CLAIM_LOST' | 'TASK_CLOSED'
  readonly error: string
  /** `agent:agent-1`, or null where nobody holds it any more. */
  readonly existing_assignee: string | null
  readonly heldBy: HeldBy | null
}

/** What became of a claim. All or none: where anything failed nothing was granted, unless tasks were to be passed over. */
export interface ClaimOutcome {
  readonly granted: readonly GrantedClaim[]
  /** Keys of what was granted. */
  readonly assigned: readonly string[]
  readonly failed: readonly FailedClaim[]
  /** Taken by others meanwhile, and passed over: with `next` and `assign` only. */
  readonly skipped: readonly FailedClaim[]
}

/** A claim that was tentative, and that somebody else got. */
export interface LostClaim {
  readonly key: string
  readonly uid: string
  readonly by: string
  readonly type: HolderType
  readonly at: string
  readonly heldBy: HeldBy | null
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
  'tasks.update': {
    params: Keys & { readonly changes: TaskChanges; readonly token?: number }
    /** `waiting`: keys of what is written only when the relay has confirmed the token. */
    result: Tasks & { readonly waiting?: readonly string[] }
  }
  /** `start`, `done`, `drop`, `reopen`: the first status of that kind in the project's list. */
  /** With `token` only while no greater one was granted for a task: else TOKEN_STALE, and nothing is written. */
  'tasks.transition': {
    params: Keys & { readonly to: 'active' | 'done' | 'dropped' | 'open'; readonly token?: number }
    result: Tasks & { readonly waiting?: readonly string[] }
  }
  /** Claims the tasks and sets the first status of the kind active: all of it or nothing. */
  'tasks.start': {
    params: Keys & ClaimParams & { readonly waitMs?: number; readonly steal?: string }
    result: Tasks & { readonly outcome: ClaimOutcome }
  }
  /** All of the tasks or none. */
  'tasks.claim': {
    params: Keys &
      ClaimParams & {
        /** How long to wait for what others hold. @default 0 */
        readonly waitMs?: number
        /** Whether it would be granted; claims nothing. */
        readonly check?: boolean
        /** Why a human takes it from its holder. */
        readonly steal?: string
      }
    result: ClaimOutcome
  }
  /** The next ready tasks that nobody holds: by priority, order, age. */
  'tasks.claimNext': {
    params: ClaimParams & {
      /** @default 1 */
      readonly count?: number
      readonly label?: readonly string[]
    }
    result: ClaimOutcome
  }
  /** Ready tasks spread over several holders, each of whom holds at most `limit` then. */
  'tasks.assign': {
    params: Omit<ClaimParams, 'by'> & {
      readonly to: readonly string[]
      /** @default 1 */
      readonly limit?: number
      readonly label?: readonly string[]
    }
    result: ClaimOutcome
  }
  /** One task, or CLAIM_HELD. */
  'task.claim': {
    params: ClaimParams & { readonly key: TaskName; readonly waitMs?: number; readonly steal?: string }
    result: { readonly granted: GrantedClaim; readonly locked: true }
  }
  'tasks.renew': { params: Keys & ClaimParams & { readonly token?: number }; result: ClaimOutcome }
  /** What nobody holds is released already; what somebody else holds is not. */
  'tasks.release': {
    params: Keys & ClaimantParams & { readonly token?: number }
    result: { readonly released: readonly string[]; readonly failed: readonly FailedClaim[] }
  }
  /** Everything that is held, oldest first; and what was lost here and not looked at yet. */
  'claims.list': {
    params: Empty
    result: {
      readonly claims: readonly (ClaimView & {
        readonly key: string
        readonly uid: string
        readonly title: string
        /** null while it is tentative. */
        readonly grantedAt: string | null
      })[]
      readonly lost: readonly LostClaim[]
      /** False where the relay could not be asked: this is what was known last. */
      readonly fresh: boolean
    }
  }
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
  /** Takes in every file that was saved before it is asked. Asked by those who read without the one who holds the workspace. */
  'workspace.settle': {
    params: {
      /** Files that the asker found changed; null where any may have. */
      readonly paths?: readonly string[] | null
    }
    /** False where a file may have been saved that nobody here heard of: whoever wants to be sure looks. */
    result: { readonly settled: boolean }
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

export interface CallOptions {
  readonly actor?: string
  /** Nobody waits for the answer any more: what it would wait for is not waited for. */
  readonly signal?: AbortSignal
}

/** Whoever answers methods: a workspace in this process, or the owner behind a socket. */
export interface Caller {
  call<Name extends MethodName>(method: Name, params: Params<Name>, options?: CallOptions): Promise<Result<Name>>
}
