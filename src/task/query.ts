/** Questions over all tasks: which fit a filter, which hold a word, which wait for each other in a circle. */
import type { Uid } from '../ids.ts'
import {
  dependencies,
  effectiveParent,
  isDeleted,
  isGone,
  kindOf,
  orderOf,
  parentOf,
  type ViewContext,
} from './view.ts'
import type { TaskState } from './registers.ts'
import type { TaskTable } from './table.ts'
import type { StatusKind, TaskView } from './types.ts'

export interface TaskQuery {
  readonly status?: readonly string[]
  readonly label?: readonly string[]
  readonly assignee?: string
  readonly ready?: boolean
  readonly all?: boolean
}

/** Every task that has anything to show, in the order people gave them. */
export function inOrder(tasks: TaskTable): readonly TaskState[] {
  const placed: { readonly order: string; readonly state: TaskState }[] = []
  for (const uid of tasks.uids()) {
    const state = tasks.get(uid)
    if (state !== undefined && !isGone(state)) placed.push({ order: orderOf(state), state })
  }
  return placed
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.state.uid < b.state.uid ? -1 : 1))
    .map(({ state }) => state)
}

/** Closed and deleted tasks only show when asked for: by `all`, or by naming their status. */
export function fits(task: TaskView, kind: StatusKind, query: TaskQuery): boolean {
  const closed = kind === 'done' || kind === 'dropped'
  if (query.all !== true && task.deleted) return false
  if (query.all !== true && query.status === undefined && closed) return false
  if (query.status !== undefined && !query.status.includes(task.status)) return false
  if (query.label?.some((label) => !task.labels.includes(label)) === true) return false
  if (query.assignee !== undefined && !task.assignees.includes(query.assignee)) return false
  return query.ready !== true || task.ready
}

/** All words are in it, whatever their case. */
export function holdsWords(text: string, words: readonly string[]): boolean {
  const folded = fold(text)
  return words.every((word) => folded.includes(fold(word)))
}

export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** Groups of tasks that wait for each other, each sorted; none of them can ever be ready. */
export function dependencyCycles(
  tasks: TaskTable,
  { statuses }: Pick<ViewContext, 'statuses'>,
): readonly (readonly Uid[])[] {
  const found: (readonly Uid[])[] = []
  const open = (uid: Uid): readonly Uid[] => {
    const state = tasks.get(uid)
    if (state === undefined || isDeleted(state)) return []
    const kind = kindOf(state, statuses)
    return kind === 'done' || kind === 'dropped' ? [] : dependencies(state)
  }
  for (const group of strongGroups(tasks.uids(), open)) {
    const [first] = group
    if (group.length > 1 || (first !== undefined && open(first).includes(first))) found.push([...group].sort())
  }
  return found
}

/** Whether `from` waits, by any way, for `to`. */
export function waitsFor(tasks: TaskTable, from: Uid, to: Uid): boolean {
  const seen = new Set<Uid>()
  const stack: Uid[] = [from]
  for (let uid = stack.pop(); uid !== undefined; uid = stack.pop()) {
    if (uid === to) return true
    if (seen.has(uid)) continue
    seen.add(uid)
    const state = tasks.get(uid)
    if (state !== undefined) stack.push(...dependencies(state))
  }
  return false
}

/** Whether `task` lies, at any depth, below `ancestor`. */
export function liesBelow(tasks: TaskTable, task: Uid, ancestor: Uid): boolean {
  const seen = new Set<Uid>()
  for (let uid: Uid | null = task; uid !== null && !seen.has(uid);) {
    if (uid === ancestor) return true
    seen.add(uid)
    const state: TaskState | undefined = tasks.get(uid)
    uid = state === undefined ? null : effectiveParent(tasks, state)
  }
  return false
}

/** Tasks whose parent is ignored because concurrent moves made a circle. */
export function ignoredParents(tasks: TaskTable): readonly Uid[] {
  const found: Uid[] = []
  for (const uid of tasks.uids()) {
    const state = tasks.get(uid)
    if (state !== undefined && parentOf(state) !== null && effectiveParent(tasks, state) === null) found.push(uid)
  }
  return found.sort()
}

/** Tarjan's strongly connected groups, without recursion: chains of dependencies may be long. */
function* strongGroups(nodes: Iterable<Uid>, next: (uid: Uid) => readonly Uid[]): Iterable<readonly Uid[]> {
  const index = new Map<Uid, number>()
  const low = new Map<Uid, number>()
  const onStack = new Set<Uid>()
  const stack: Uid[] = []
  for (const root of nodes) {
    if (index.has(root)) continue
    const work: { uid: Uid; edges: readonly Uid[]; at: number }[] = []
    const enter = (uid: Uid): void => {
      index.set(uid, index.size)
      low.set(uid, index.size - 1)
      stack.push(uid)
      onStack.add(uid)
      work.push({ uid, edges: next(uid), at: 0 })
    }
    enter(root)
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const edge = frame.edges[frame.at++]
      if (edge !== undefined) {
        if (!index.has(edge)) enter(edge)
        else if (onStack.has(edge)) low.set(frame.uid, Math.min(low.get(frame.uid) ?? 0, index.get(edge) ?? 0))
        continue
      }
      work.pop()
      const above = work.at(-1)
      if (above !== undefined) low.set(above.uid, Math.min(low.get(above.uid) ?? 0, low.get(frame.uid) ?? 0))
      if (low.get(frame.uid) !== index.get(frame.uid)) continue
      const group: Uid[] = []
      for (let uid = stack.pop(); uid !== undefined; uid = stack.pop()) {
        onStack.delete(uid)
        group.push(uid)
        if (uid === frame.uid) break
      }
      yield group
    }
  }
}
