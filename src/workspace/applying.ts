/** Writes what was planned: into the store, the document, the table. The files and the summary come after. */
import { keysIn, type Change } from '../history/change.ts'
import { newShortId, type Uid } from '../ids.ts'
import type { BodyBase } from '../task/body-at.ts'
import type { Field } from '../task/fields.ts'
import { aliveIn, type Alive, type TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import { encodeUpdate } from '../task/update.ts'
import type { ViewContext } from '../task/view.ts'
import type { EditedBodies } from './body-edits.ts'
import type { Held } from './held.ts'
import { planEntries, type Plan } from './plan.ts'
import type { ProjectWorld } from './world.ts'

/** The project while nobody else writes. */
export interface OpenProject {
  readonly held: Held
  readonly hasFiles: boolean
  tasks(): Promise<TaskTable>
  /** The document, where it is loaded already. */
  loaded(): Replica | undefined
  replica(): Promise<Replica>
  context(tasks: TaskTable): ViewContext & { readonly keyOf: (state: TaskState) => string }
  /** Tells the table, where it is not the document's. */
  put(states: Iterable<TaskState>): void
  /** By this machine's clock, corrected by the relay's where one was met. */
  now(): number
  readonly world: Pick<ProjectWorld, 'runtime' | 'actorName'>
}

/** What a plan came to, before files and summary say so. */
export interface Applied {
  readonly change: Change
  readonly before: ReadonlyMap<Uid, TaskState | undefined>
  /** Others may know a task that is new here. */
  readonly isFromElsewhere: boolean
  readonly bases?: ReadonlyMap<Uid, BodyBase>
  readonly newBodies?: ReadonlyMap<Uid, string> | undefined
}

/** All of it, durable, or nothing; undefined when it says nothing new. */
export async function applyPlan(project: OpenProject, plan: Plan): Promise<Applied | undefined> {
  const { held } = project
  const seeds = await plantSeeds(project, plan.seeds)
  const bodies = await changeBodies(project, plan.bodies)
  const tasks = await project.tasks()
  const planned = planEntries(tasks, [...plan.writes, ...bodies.writes], held.cursor, project.now())
  const updates = [...seeds.updates, ...bodies.updates]
  if (planned.entries.length === 0 && updates.length === 0) return undefined
  const uids = new Set([...planned.states.keys(), ...seeds.before.keys()])
  const update = encodeUpdate(held.cursor, planned.entries, planned.removes)
  const edits: Change = { ...newChange(project.world, held, plan), edits: planned.edits, texts: bodies.texts }
  const keys = keysIn(edits, (uid) => tasks.get(uid) ?? planned.states.get(uid), project.context(tasks).keyOf)
  const change: Change = { ...edits, keys }
  const written = writtenBy([change], planned.states)
  const known = { get: (uid: Uid): TaskState | undefined => planned.states.get(uid) ?? tasks.get(uid) }
  await held.commit([...updates, update], [change], {
    lastNumber: plan.lastNumber,
    due: project.hasFiles ? uids : [],
    records: plan.records,
    remembered: await plan.remember?.({ tasks: known, bases: bodies.bases, written }),
  })
  held.goOn(planned.entries.length)
  const loaded = project.loaded()
  if (loaded === undefined) project.put(planned.states.values())
  else loaded.apply([update], 'local')
  return {
    change,
    before: new Map([...planned.before, ...seeds.before]),
    isFromElsewhere: seeds.before.size > 0,
    bases: bodies.bases,
    newBodies: plan.newBodies,
  }
}

async function plantSeeds(
  project: OpenProject,
  planned: Plan['seeds'] = [],
): Promise<{ readonly updates: readonly Uint8Array[]; readonly before: ReadonlyMap<Uid, TaskState | undefined> }> {
  const before = new Map<Uid, TaskState | undefined>()
  if (planned.length === 0) return { updates: [], before }
  const { importAll } = await import('../task/seeds.ts')
  const { held } = project
  const replica = await project.replica()
  const { client } = held.cursor
  using _watch = replica.on('changed', (event) => event.before.forEach((state, uid) => before.set(uid, state)))
  const imported = importAll(replica, planned, client)
  if (imported === undefined) return { updates: [], before }
  held.cursor = replica.cursor(held.actor, client)
  return { updates: [imported.update], before }
}

async function changeBodies(project: OpenProject, planned: Plan['bodies'] = []): Promise<EditedBodies> {
  const { held } = project
  if (planned.length === 0) return { updates: [], writes: [], texts: [], clock: held.cursor.clock, bases: new Map() }
  const { editBodies } = await import('./body-edits.ts')
  const edited = editBodies(await project.replica(), planned, held.cursor.client)
  if (edited.clock > 0) held.cursor = { ...held.cursor, clock: edited.clock }
  return edited
}

export function newChange(
  { runtime, actorName }: Pick<ProjectWorld, 'runtime' | 'actorName'>,
  held: Held,
  { verb, by, undoes }: Pick<Plan, 'verb' | 'by' | 'undoes'>,
): Change {
  const { actor } = held
  const name = by ?? actorName
  const id = newShortId(runtime.random)
  return { id, at: runtime.now(), actor, name, verb, edits: [], texts: [], keys: {}, undoes: undoes ?? null }
}

/** The values that changes wrote, as far as they are alive still. */
export function writtenBy(
  changes: readonly Change[],
  tasks: Pick<TaskTable, 'get'>,
): ReadonlyMap<Uid, ReadonlyMap<Field, Alive>> {
  const written = new Map<Uid, Map<Field, Alive>>()
  for (const { edits } of changes) {
    for (const { uid, field, stamp } of edits) {
      const value = aliveIn(tasks.get(uid), field).find(
        ({ client, clock }) => client === stamp.client && clock === stamp.clock,
      )
      if (value === undefined) continue
      const fields = written.get(uid) ?? new Map<Field, Alive>()
      written.set(uid, fields.set(field, value))
    }
  }
  return written
}
