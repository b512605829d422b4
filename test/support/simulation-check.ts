/** What must hold once everybody has heard everything: what does not is a sentence that begins with its rule. */
import * as Y from 'yjs'
import type { Uid } from '../../src/ids.ts'
import { PARENT } from '../../src/task/fields.ts'
import { ignoredParents } from '../../src/task/query.ts'
import { aliveIn, byRank, type TaskState } from '../../src/task/registers.ts'
import type { Replica } from '../../src/task/replica.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { effectiveParent, viewDetail, type ViewContext } from '../../src/task/view.ts'
import { lossesIn } from './losses.ts'
import type { Mechanism } from './mechanisms.ts'
import { wrongKeys } from './simulated-arbiter.ts'
import type { Operation } from './simulated-book.ts'
import type { World } from './simulation.ts'
import { shownText, tableText } from './simulation-text.ts'

export function problemsOf(world: World, mechanism: Mechanism): readonly string[] {
  const [first] = world.living
  if (first === undefined) return ['nobody is left']
  const { replica } = first
  const heard = heardOf(world, first.clockOf)
  return [
    ...world.problems,
    ...divergence(world, mechanism),
    ...wrongStamps(heard),
    ...lossesIn(replica, heard),
    ...wrongKeys(world.arbiter, replica),
    ...wrongTimes(world, replica),
    ...wrongParents(replica),
  ]
}

/** Operations that count: on a disk, and told to someone before their writer left. */
function heardOf({ book, workspaces }: World, clockOf: (client: number) => number): readonly Operation[] {
  return book.operations.filter(
    ({ isDropped, writer, client, end }) =>
      !isDropped && (workspaces[writer]?.hasLeft !== true || clockOf(client) >= end),
  )
}

/** Everybody has the same, and so has who begins from one update that holds everything. */
function* divergence({ living, nowMs }: World, mechanism: Mechanism): Iterable<string> {
  const [first] = living
  if (first === undefined) return
  const fresh = mechanism.open([Y.mergeUpdates([...first.directory.updates])])
  const [table, seen] = [tableText(fresh.tasks), shownText(fresh, nowMs)]
  for (const { place, replica, isWaiting } of living) {
    if (isWaiting) yield `T4 workspace ${place} waits for something that never comes`
    const text = tableText(replica.tasks)
    if (text !== table)
      yield `T4 workspace ${place} has another table than a new one\n--- ${place}\n${text}\n--- new\n${table}`
    else if (shownText(replica, nowMs) !== seen)
      yield `T4 workspace ${place} shows something else than a new one\n--- ${place}\n${shownText(replica, nowMs)}\n--- new\n${seen}`
  }
}

/** Later than what was replaced and than the writer's own clock, and than nothing else. */
function* wrongStamps(heard: readonly Operation[]): Iterable<string> {
  for (const { values } of heard)
    for (const { name, at, value } of values)
      if (value.at !== at) yield `T3 ${name} has the stamp ${value.at}, not ${at}`
}

function* wrongTimes({ nowMs }: World, { tasks }: Replica): Iterable<string> {
  const context: ViewContext = { tasks, prefix: 'T', statuses: defaultStatuses, now: nowMs }
  const states = [...tasks.uids()].flatMap((uid): TaskState | readonly TaskState[] => tasks.get(uid) ?? [])
  for (const state of states) {
    const { createdAt, updatedAt, comments } = viewDetail(state, '', context)
    for (const time of [createdAt, updatedAt, ...comments.map(({ at }) => at)])
      if (Date.parse(time) > nowMs) yield `T3 ${state.uid} shows the time ${time}, which is still to come`
  }
}

/** Nobody lies below itself; of a circle of parents the latest edge is the one that does not count, and it is listed. */
function* wrongParents({ tasks }: Replica): Iterable<string> {
  const edges = new Map<Uid, { readonly to: Uid; readonly at: number }>()
  for (const uid of tasks.uids()) {
    const [value] = [...aliveIn(tasks.get(uid), PARENT)].sort(byRank)
    const to = [...tasks.uids()].find((other) => other === value?.value && other !== uid)
    if (value !== undefined && to !== undefined) edges.set(uid, { to, at: value.at })
  }
  const ignored = new Set<Uid>()
  for (const start of edges.keys()) {
    const way = [start]
    for (let at = edges.get(start)?.to; at !== undefined && !way.includes(at); at = edges.get(at)?.to) way.push(at)
    if (edges.get(way.at(-1) ?? start)?.to !== start) continue
    const edgeAt = (uid: Uid): number => edges.get(uid)?.at ?? 0
    ignored.add(way.reduce((a, b) => (edgeAt(a) > edgeAt(b) || (edgeAt(a) === edgeAt(b) && a > b) ? a : b)))
  }
  const meant = [...ignored].sort()
  if (String(ignoredParents(tasks)) !== String(meant))
    yield `T16 parents of ${ignoredParents(tasks).join(' ')} are ignored, not of ${meant.join(' ')}`
  for (const [uid, { to }] of edges) {
    const state = tasks.get(uid)
    const parent = state === undefined ? null : effectiveParent(tasks, state)
    if (parent !== (ignored.has(uid) ? null : to)) yield `T16 ${uid} lies below ${parent}`
  }
}
