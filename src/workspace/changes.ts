/** From what was asked (fields, elements, names) to writes on registers; only what differs is written. */
import type { NewTask, TaskChanges } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import { newUid, type Uid } from '../ids.ts'
import type { Runtime } from '../ports.ts'
import {
  BODY,
  CONFIRMED,
  CREATED,
  DEPENDENCY,
  ASSIGNEE,
  LABEL,
  NUMBER,
  ORDER,
  OTHER,
  PARENT,
  PRIORITY,
  STATUS,
  TITLE,
  type Field,
} from '../task/fields.ts'
import { canonical } from '../task/hash.ts'
import {
  invalid,
  limits,
  parseBody,
  parseElements,
  parseFieldName,
  parseFieldValue,
  parseList,
  parsePriority,
  parseStatus,
  parseTitle,
} from '../task/input.ts'
import { orderBetween } from '../task/order.ts'
import { liesBelow, waitsFor } from '../task/query.ts'
import { aliveIn, distinct, shown, type TaskState, type Write } from '../task/registers.ts'
import type { Json } from '../task/types.ts'
import { elements, keyOfTask, type ViewContext } from '../task/view.ts'
import { findTask } from './find.ts'

const SETS = [
  ['labels', 'addLabels', 'removeLabels', LABEL],
  ['assignees', 'addAssignees', 'removeAssignees', ASSIGNEE],
] as const
const CHANGES = new Set([
  'title',
  'status',
  'priority',
  'labels',
  'addLabels',
  'removeLabels',
  'assignees',
  'addAssignees',
  'removeAssignees',
  'dependsOn',
  'addDependsOn',
  'removeDependsOn',
  'parent',
  'body',
  'fields',
])

export interface Creation {
  readonly uid: Uid
  readonly writes: readonly Write[]
  readonly body: string
  readonly number: number
}

/** The writes of a new task. `number` is what its key gets; `confirmed` when this store is the arbiter of keys. */
export function planCreation(
  task: NewTask,
  context: ViewContext,
  runtime: Runtime,
  given: { readonly number: number; readonly confirmed: boolean; readonly lastOrder: string | null },
): Creation {
  const uid = newUid(runtime.random)
  const state: TaskState = { uid, registers: new Map() }
  const { now } = context
  const { title, body, status, ...rest } = checked(task)
  const text = body === undefined ? '' : parseBody(body)
  const writes: Write[] = [
    { uid, field: TITLE, value: parseTitle(title) },
    {
      uid,
      field: STATUS,
      value: status === undefined ? (context.statuses[0]?.name ?? 'todo') : parseStatus(status, context.statuses),
    },
    { uid, field: CREATED, value: now },
    { uid, field: NUMBER, value: given.number },
    { uid, field: ORDER, value: orderBetween(given.lastOrder, null) },
    ...planChanges(state, rest, context),
  ]
  if (given.confirmed) writes.push({ uid, field: CONFIRMED, value: given.number })
  if (text !== '') writes.push({ uid, field: BODY, value: text })
  return { uid, writes, body: text, number: given.number }
}

/** All writes that the changes of one task come to; bodies are the caller's. */
export function planChanges(state: TaskState, changes: TaskChanges, context: ViewContext): readonly Write[] {
  const { uid } = state
  const writes: Write[] = []
  const set = (field: Field, value: Json): void =>
    void (differs(state, field, value) && writes.push({ uid, field, value }))
  const { title, status, priority, parent, fields } = checked(changes)
  if (title !== undefined) set(TITLE, parseTitle(title))
  if (status !== undefined) set(STATUS, parseStatus(status, context.statuses))
  if (priority !== undefined) set(PRIORITY, priority === null ? null : parsePriority(priority))
  if (parent !== undefined) set(PARENT, parent === null ? null : parentUid(state, parent, context))
  for (const [whole, add, remove, letter] of SETS) {
    writes.push(...planSet(state, letter, names(changes, whole), names(changes, add), names(changes, remove)))
  }
  writes.push(...planDependencies(state, changes, context))
  for (const [name, value] of Object.entries(fieldsOf(fields)))
    set(OTHER + parseFieldName(name), parseFieldValue(name, value))
  return writes
}

/** Anyone may send anything: unknown names are refused, so that a typing mistake is not a silent nothing. */
function checked<Changes extends TaskChanges | NewTask>(changes: Changes): Changes {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes))
    throw invalid('changes', 'they are not an object', 'give fields and their values')
  for (const name of Object.keys(changes)) {
    if (!CHANGES.has(name))
      throw invalid(
        name,
        'it is not a field of a task',
        `fields are ${[...CHANGES].join(', ')}; any other goes into fields`,
      )
  }
  return changes
}

function planSet(
  state: TaskState,
  letter: string,
  whole: readonly string[] | undefined,
  add: readonly string[] | undefined,
  remove: readonly string[] | undefined,
): readonly Write[] {
  const has = elements(state, letter)
  const wanted = new Set(whole ?? has)
  for (const name of add ?? []) wanted.add(name)
  for (const name of remove ?? []) wanted.delete(name)
  if (wanted.size > limits.elements)
    throw new TaskError('TOO_LARGE', { field: 'set', size: `${wanted.size} names`, limit: limits.elements })
  const { uid } = state
  return [
    ...[...wanted].filter((name) => !has.includes(name)).map((name) => ({ uid, field: letter + name, value: true })),
    ...has.filter((name) => !wanted.has(name)).map((name) => ({ uid, field: letter + name, value: false })),
  ]
}

function planDependencies(state: TaskState, changes: TaskChanges, context: ViewContext): readonly Write[] {
  const uids = (name: 'dependsOn' | 'addDependsOn' | 'removeDependsOn'): readonly Uid[] | undefined => {
    const value = changes[name]
    return value === undefined ? undefined : parseList(name, value).map((key) => findTask(key, context).uid)
  }
  const writes = planSet(state, DEPENDENCY, uids('dependsOn'), uids('addDependsOn'), uids('removeDependsOn'))
  for (const { field, value } of writes) {
    const uid = field.slice(1) as Uid
    if (value !== true) continue
    if (uid === state.uid || waitsFor(context.tasks, uid, state.uid)) {
      const dependency = context.tasks.get(uid) ?? state
      throw new TaskError('DEPENDENCY_CYCLE', {
        key: keyOfTask(state, context),
        dependency: keyOfTask(dependency, context),
      })
    }
  }
  return writes
}

export function parentUid(state: TaskState, name: unknown, context: ViewContext): Uid {
  const parent = findTask(name, context)
  if (liesBelow(context.tasks, parent.uid, state.uid)) {
    throw new TaskError('PARENT_CYCLE', { key: keyOfTask(state, context), parent: keyOfTask(parent, context) })
  }
  return parent.uid
}

/** Writing what is there already says nothing, unless it settles a conflict. */
function differs(state: TaskState, field: Field, value: Json): boolean {
  if (distinct(aliveIn(state, field)).length > 1) return true
  return canonical(shown(state, field) ?? null) !== canonical(value)
}

function names(changes: TaskChanges, name: (typeof SETS)[number][0 | 1 | 2]): readonly string[] | undefined {
  const value = changes[name]
  return value === undefined ? undefined : parseElements(name, value)
}

function fieldsOf(fields: unknown): Record<string, unknown> {
  if (fields === undefined) return {}
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw invalid('fields', 'they are not an object', 'give names and values')
  return { ...fields }
}
