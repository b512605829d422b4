/** An open project as the mirror sees it: its tasks at one moment, their names, their bodies, the next numbers. */
import type { Key, Uid } from '../ids.ts'
import { isUid } from '../ids.ts'
import type { FileRecord } from '../mirror/base.ts'
import { restoringWrites, type FilePlan, type Numbering } from '../mirror/planning.ts'
import type { Bodies, MirrorHost } from '../mirror/world.ts'
import { nameOfBody } from '../task/body-values.ts'
import { BODY } from '../task/fields.ts'
import { findAll, numberOf, shownKey } from '../task/keys.ts'
import { aliveIn, shownValue } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import type { Config } from './config.ts'
import type { Held } from './held.ts'
import type { MirroredProject } from './mirroring.ts'
import type { Plan, PlannedBody } from './plan.ts'

/** `record`: what is remembered of a file. `newBodies`: of tasks that are being written. */
export async function hostOf(
  project: MirroredProject,
  config: Config,
  record: (path: string) => Promise<FileRecord | undefined>,
  newBodies?: ReadonlyMap<Uid, string>,
): Promise<MirrorHost> {
  const tasks = await project.tasks()
  const context = project.context(tasks)
  const keyOf = (uid: Uid): Key | undefined => {
    const state = tasks.get(uid)
    // Not as it was printed last: another task's number may have changed since.
    return state === undefined ? undefined : shownKey(tasks, state, config.prefix)
  }
  return {
    project: config.project,
    prefix: config.prefix,
    tasks,
    firstStatus: config.statuses[0]?.name ?? 'todo',
    names: {
      uidOf: (name) => (isUid(name) ? name : findAll(tasks, name, config.prefix, context.keyOf)[0]),
      keyOf,
      // A shared number reads differently when the tasks are met in another order; the uid never does.
      nameOf: (uid) => (isNumberShared(tasks, uid) ? uid : keyOf(uid)),
    },
    // The document may have been loaded since the tasks were read from the summary, which has no names of bodies.
    body: async (state) => newBodies?.get(state.uid) ?? project.body(project.loaded()?.tasks.get(state.uid) ?? state),
    replica: () => project.replica(),
    bodies: bodiesOf(project),
    due: project.held.due === 'all' ? 'all' : new Set(project.held.due),
    record,
  }
}

function isNumberShared(tasks: TaskTable, uid: Uid): boolean {
  const number = numberOfTask(tasks, uid)
  return (
    number !== undefined &&
    [...tasks.withNumber(number)].some((other) => other !== uid && numberOfTask(tasks, other) === number)
  )
}

function numberOfTask(tasks: TaskTable, uid: Uid): number | undefined {
  const state = tasks.get(uid)
  return state === undefined ? undefined : numberOf(state)
}

/** Without the document while a body is its first text, or is known to be what a file shows. */
export function bodiesOf(project: MirroredProject): Bodies {
  return {
    charactersOf: async (state, before) => {
      const value = shownValue(aliveIn(state, BODY))?.value
      if (value === undefined) return undefined
      const loaded = project.loaded()
      if (loaded === undefined && (typeof value === 'string' || before?.name === nameOfBody(state.uid, value)))
        return before
      const { charactersOfBody } = await import('../task/body-at.ts')
      const replica = loaded ?? (await project.replica())
      const known = shownValue(aliveIn(replica.tasks.get(state.uid) ?? state, BODY))?.value
      return known === undefined ? undefined : charactersOfBody(replica, state.uid, known)
    },
  }
}

export function numberingOf(tasks: TaskTable, held: Held, { relay }: Config, now: number): Numbering {
  let last = Math.max(tasks.greatestNumber, held.lastNumber)
  return {
    next: () => ++last,
    atLeast: (number) => void (last = Math.max(last, number)),
    confirms: relay === 'none',
    now,
  }
}

/** Tasks that stand in no file. */
export function withoutFile(tasks: TaskTable, pathOf: (uid: Uid) => string | undefined): readonly Uid[] {
  return [...tasks.uids()].filter((uid) => pathOf(uid) === undefined)
}

/** What files say, as the project writes it. */
export async function planFor(plan: FilePlan, project: MirroredProject): Promise<Plan> {
  const tasks = await project.tasks()
  const bodies: PlannedBody[] = [...plan.bodies]
  const writes = [...plan.writes]
  for (const { uid, next } of plan.restored) {
    const state = tasks.get(uid)
    if (state === undefined) continue
    const restoring = restoringWrites(state, await project.body(state), next)
    writes.push(...restoring.writes)
    if (restoring.edits) bodies.push({ uid, next })
  }
  // Bodies are read beside the document only while no plan writes any.
  if (bodies.length + plan.restored.length + plan.seeds.length > 0) await project.replica()
  const { verb, seeds, lastNumber, records, remember } = plan
  return { verb, writes, bodies, seeds, lastNumber, records, remember: (done) => remember?.(done, bodiesOf(project)) }
}
