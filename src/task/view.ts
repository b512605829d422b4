/** A task as people and programs see it, from its registers and its neighbours. Reads only; the body comes from elsewhere. */
import { isUid, type Key, type Uid } from '../ids.ts'
import { conflictFields, isDeletion } from './conflicts.ts'
import {
  ASSIGNEE,
  COMMENT,
  DELETED,
  DEPENDENCY,
  LABEL,
  nameOf,
  ORDER,
  OTHER,
  PARENT,
  PRIORITY,
  PURGED,
  STATUS,
  TITLE,
} from './fields.ts'
import { aliasesOf, createdIn, shownKey } from './keys.ts'
import { parseOrder } from './order.ts'
import { aliveIn, isSeed, shown, shownValue, type TaskState } from './registers.ts'
import type { TaskTable } from './table.ts'
import { isoTime } from './time.ts'
import {
  priorities,
  type ClaimView,
  type CommentView,
  type Json,
  type Priority,
  type StatusDefinition,
  type StatusKind,
  type TaskDetail,
  type TaskView,
} from './types.ts'

/** What a view needs beside the task itself. */
export interface ViewContext {
  readonly tasks: TaskTable
  readonly prefix: string
  readonly statuses: readonly StatusDefinition[]
  /** No shown time lies after this. */
  readonly now: number
  /** When keys are known already. */
  readonly keyOf?: (state: TaskState) => Key
  readonly pathOf?: (uid: Uid) => string | null
  readonly claimOf?: (uid: Uid) => ClaimView | null
}

export function viewTask(state: TaskState, context: ViewContext): TaskView {
  const { tasks } = context
  const parent = effectiveParent(tasks, state)
  const claim = context.claimOf?.(state.uid) ?? null
  return {
    uid: state.uid,
    key: keyOfTask(state, context),
    title: text(shown(state, TITLE)),
    status: statusOf(state, context.statuses),
    priority: priorityOf(state),
    assignees: elements(state, ASSIGNEE),
    labels: elements(state, LABEL),
    dependsOn: dependencies(state).flatMap((uid) => keyOfNeighbour(uid, context)),
    parent: parent === null ? null : (keyOfNeighbour(parent, context)[0] ?? null),
    order: orderOf(state),
    createdAt: isoTime(Math.min(createdAt(state), context.now)),
    updatedAt: isoTime(Math.min(updatedAt(state), context.now)),
    deleted: isDeleted(state),
    ready: claim === null && isReady(state, context),
    path: context.pathOf?.(state.uid) ?? null,
    claim,
    conflicts: conflictFields(state),
    fields: otherFields(state),
  }
}

/** Those of them that are there. */
export function viewsOf(uids: Iterable<Uid>, tasks: TaskTable, context: ViewContext): readonly TaskView[] {
  return [...uids].flatMap((uid) => {
    const state = tasks.get(uid)
    return state === undefined || isGone(state) ? [] : [viewTask(state, context)]
  })
}

export function viewDetail(state: TaskState, body: string, context: ViewContext): TaskDetail {
  return {
    ...viewTask(state, context),
    body,
    comments: commentsOf(state, context.now),
    aliases: aliasesOf(context.tasks, state, context.prefix),
  }
}

export function kindOf(state: TaskState, statuses: readonly StatusDefinition[]): StatusKind {
  const name = statusOf(state, statuses)
  return statuses.find((status) => status.name === name)?.kind ?? 'open'
}

function statusOf(state: TaskState, statuses: readonly StatusDefinition[]): string {
  const status = shown(state, STATUS)
  return typeof status === 'string' ? status : (statuses[0]?.name ?? 'todo')
}

export function isDeleted(state: TaskState): boolean {
  return isDeletion(shown(state, DELETED) ?? null) || isPurged(state)
}

/** False again once what came after a purge was restored. */
export function isPurged(state: TaskState): boolean {
  return aliveIn(state, PURGED).some(({ value }) => value === true)
}

/** Purged, and nothing has come since: there is nothing left to show. */
export function isGone(state: TaskState): boolean {
  return isPurged(state) && state.registers.size === 1
}

/** Open, not deleted, and every dependency done or dropped. A dependency that is gone holds nothing up. */
export function isReady(state: TaskState, { tasks, statuses }: Pick<ViewContext, 'tasks' | 'statuses'>): boolean {
  if (isDeleted(state) || kindOf(state, statuses) !== 'open') return false
  return dependencies(state).every((uid) => {
    const dependency = tasks.get(uid)
    if (dependency === undefined) return false // not arrived yet: it may well be open
    const kind = kindOf(dependency, statuses)
    return kind === 'done' || kind === 'dropped' || isDeleted(dependency)
  })
}

/** Uids of the tasks it waits for. */
export function dependencies(state: TaskState): readonly Uid[] {
  return elements(state, DEPENDENCY).filter(isUid)
}

/** The parent, unless this edge is the one to ignore in a cycle of concurrent moves: the latest of the cycle. */
export function effectiveParent(tasks: TaskTable, state: TaskState): Uid | null {
  const parent = parentOf(state)
  if (parent === null) return null
  const cycle: TaskState[] = [state]
  const seen = new Set<Uid>([state.uid])
  for (let at = tasks.get(parent); at !== undefined;) {
    if (at.uid === state.uid) return latestEdge(cycle).uid === state.uid ? null : parent
    if (seen.has(at.uid)) return parent // a cycle above, not through this task
    seen.add(at.uid)
    cycle.push(at)
    const next = parentOf(at)
    at = next === null ? undefined : tasks.get(next)
  }
  return parent
}

export function parentOf(state: TaskState): Uid | null {
  const parent = shown(state, PARENT)
  return typeof parent === 'string' && isUid(parent) && parent !== state.uid ? parent : null
}

export function orderOf(state: TaskState): string {
  const order = shown(state, ORDER)
  return (typeof order === 'string' ? parseOrder(order) : undefined) ?? 'a0'
}

/** Elements of a set that are there, sorted. */
export function elements(state: TaskState, letter: string): readonly string[] {
  const found: string[] = []
  for (const [field, values] of state.registers) {
    if (field.startsWith(letter) && values.some(({ value }) => value === true)) found.push(nameOf(field))
  }
  return found.length > 1 ? found.sort() : found
}

export function commentsOf(state: TaskState, now: number): readonly CommentView[] {
  const found: (CommentView & { readonly ms: number })[] = []
  for (const [field, values] of state.registers) {
    if (!field.startsWith(COMMENT)) continue
    const value = shownValue(values)
    if (value === undefined || typeof value.value !== 'object' || value.value === null) continue
    const { by, text: words } = value.value as Readonly<Record<string, Json>>
    found.push({
      id: nameOf(field),
      by: text(by),
      at: isoTime(Math.min(value.at, now)),
      text: text(words),
      ms: value.at,
    })
  }
  return found
    .sort((a, b) => a.ms - b.ms || (a.id < b.id ? -1 : 1))
    .map(({ id, by, at, text: words }) => ({ id, by, at, text: words }))
}

function otherFields(state: TaskState): Readonly<Record<string, Json>> {
  const found: [string, Json][] = []
  for (const [field, values] of state.registers) {
    if (!field.startsWith(OTHER)) continue
    const value = shownValue(values)?.value
    if (value !== undefined && value !== null) found.push([nameOf(field), value])
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function priorityOf(state: TaskState): Priority | null {
  const value = shown(state, PRIORITY)
  return priorities.find((priority) => priority === value) ?? null
}

function createdAt(state: TaskState): number {
  const created = createdIn(state)
  if (created !== undefined) return created
  let first = Number.MAX_SAFE_INTEGER
  for (const values of state.registers.values())
    for (const value of values) if (!isSeed(value)) first = Math.min(first, value.at)
  return first === Number.MAX_SAFE_INTEGER ? 0 : first
}

function updatedAt(state: TaskState): number {
  let last = createdIn(state) ?? 0
  for (const values of state.registers.values()) for (const value of values) last = Math.max(last, value.at)
  return last
}

export function keyOfTask(
  state: TaskState,
  { tasks, prefix, keyOf }: Pick<ViewContext, 'tasks' | 'prefix' | 'keyOf'>,
): Key {
  return keyOf === undefined ? shownKey(tasks, state, prefix) : keyOf(state)
}

function keyOfNeighbour(uid: Uid, context: ViewContext): readonly (Key | Uid)[] {
  const neighbour = context.tasks.get(uid)
  if (neighbour === undefined) return [uid]
  return isGone(neighbour) ? [] : [keyOfTask(neighbour, context)]
}

function latestEdge(cycle: readonly TaskState[]): TaskState {
  return cycle.reduce((latest, state) => {
    const [a, b] = [shownValue(aliveIn(state, PARENT))?.at ?? 0, shownValue(aliveIn(latest, PARENT))?.at ?? 0]
    return a > b || (a === b && state.uid > latest.uid) ? state : latest
  })
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)
}
