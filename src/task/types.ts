/** The shapes of a task that leave the core: what commands print and other programs read. */
import type { Key, Uid } from '../ids.ts'
import type { Json } from '../ports.ts'

export type { Json }

/** A status is a project's own word; its kind is what the product understands of it. */
export type StatusKind = 'open' | 'active' | 'done' | 'dropped'

export interface StatusDefinition {
  readonly name: string
  readonly kind: StatusKind
}

export type Priority = 'low' | 'medium' | 'high' | 'critical'
export const priorities: readonly Priority[] = ['low', 'medium', 'high', 'critical']

export const defaultStatuses: readonly StatusDefinition[] = [
  { name: 'todo', kind: 'open' },
  { name: 'doing', kind: 'active' },
  { name: 'review', kind: 'active' },
  // Not open: work that waits for something is nobody's next task.
  { name: 'blocked', kind: 'active' },
  { name: 'done', kind: 'done' },
  { name: 'dropped', kind: 'dropped' },
]

export type HolderType = 'agent' | 'human'

export interface ClaimView {
  readonly by: string
  readonly type: HolderType
  readonly token: number
  readonly expiresAt: string
  readonly state: 'granted' | 'tentative'
  readonly scope: 'relay' | 'workspace'
}

/** A task as lists show it (CONTRACT: `list --json`). Key order here is key order in JSON. */
export interface TaskView {
  readonly uid: Uid
  readonly key: Key
  readonly title: string
  readonly status: string
  readonly priority: Priority | null
  readonly assignees: readonly string[]
  readonly labels: readonly string[]
  readonly dependsOn: readonly string[]
  readonly parent: string | null
  readonly order: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly deleted: boolean
  readonly ready: boolean
  readonly path: string | null
  readonly claim: ClaimView | null
  readonly conflicts: readonly string[]
  readonly fields: { readonly [name: string]: Json }
}

export interface CommentView {
  readonly id: string
  readonly by: string
  readonly at: string
  readonly text: string
}

/** A task as `show` prints it. */
export interface TaskDetail extends TaskView {
  readonly body: string
  readonly comments: readonly CommentView[]
  /** Keys it had before; they still find it while no living task has them. */
  readonly aliases: readonly string[]
}

/** A value that lost a race (or the shown one it lost to), kept until someone settles it. */
export interface ConflictValue {
  /** Number for `tide resolve --take`; 0 is the shown one. */
  readonly n: number
  /** Stable id of the value. */
  readonly id: string
  readonly value: Json
  readonly at: string
  /** The workspace that wrote it. */
  readonly by: string
  readonly origin: 'edit' | 'file' | 'deletion' | 'stale save' | 'stale token'
}

export interface ConflictView {
  readonly key: Key
  readonly uid: Uid
  readonly field: string
  readonly values: readonly ConflictValue[]
}
