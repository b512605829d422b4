/** From the names people use to tasks. */
import { TaskError } from '../errors.ts'
import { isUid, type Uid } from '../ids.ts'
import { findAll } from '../task/keys.ts'
import type { TaskState } from '../task/registers.ts'
import { isDeleted, isGone, keyOfTask, type ViewContext } from '../task/view.ts'
import { invalid, parseText } from '../task/input.ts'

/** One task by key, bare number, uid or an older key; deleted ones too. */
export function findTask(name: unknown, context: ViewContext): TaskState {
  const text = parseText('key', name).trim()
  if (text === '' || text.length > 100)
    throw invalid('key', `${JSON.stringify(text.slice(0, 60))} names no task`, 'give a key, as in T-12')
  const { tasks, prefix, keyOf } = context
  const byUid = isUid(text) ? tasks.get(text) : undefined
  if (byUid !== undefined && !isGone(byUid)) return byUid
  const found = findAll(tasks, text, prefix, keyOf).flatMap((uid) => living(uid, context))
  const [first, second] = preferAlive(found)
  if (first === undefined) throw new TaskError('TASK_NOT_FOUND', { key: text })
  if (second === undefined) return first
  const candidates = found.map((state) => keyOfTask(state, context))
  throw new TaskError('KEY_AMBIGUOUS', { key: text, candidates })
}

/** Several, each once, in the order they were named. */
export function findTasks(names: unknown, context: ViewContext): readonly TaskState[] {
  if (!Array.isArray(names) || names.length === 0)
    throw invalid('keys', 'no task is named', 'name one or more tasks, as in T-12')
  if (names.length > 10_000)
    throw new TaskError('TOO_LARGE', { field: 'keys', size: `${names.length} names`, limit: 10_000 })
  const found = new Map<Uid, TaskState>()
  for (const name of names) {
    const state = findTask(name, context)
    found.set(state.uid, state)
  }
  return [...found.values()]
}

function living(uid: Uid, { tasks }: ViewContext): readonly TaskState[] {
  const state = tasks.get(uid)
  return state === undefined || isGone(state) ? [] : [state]
}

function preferAlive(states: readonly TaskState[]): readonly TaskState[] {
  const alive = states.filter((state) => !isDeleted(state))
  return alive.length > 0 ? alive : states
}
