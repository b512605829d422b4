/** Takes in what was written elsewhere: durable, in the history, in files and lists. Nothing of it is ever refused. */
import type { Change, RegisterEdit } from '../history/change.ts'
import { keysIn } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import { sameIn } from '../task/body-values.ts'
import { distinct, type Alive, type TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import type { Json } from '../task/types.ts'
import { newChange, type Applied, type OpenProject } from './applying.ts'

/** What comes along with updates from elsewhere. */
export interface AlongRemote {
  readonly history?: readonly Change[]
  readonly lastNumber?: number
}

/** Beyond this many tasks the history says that something came, not what: it would be the whole document again. */
const MOST_TOLD = 200

/** Updates into the document and the store; undefined where there is nothing new in them. */
export async function absorbUpdates(
  project: OpenProject,
  replica: Replica,
  updates: readonly Uint8Array[],
  from: Pick<Change, 'verb' | 'name'>,
  along: AlongRemote = {},
): Promise<Applied | undefined> {
  const { held, world } = project
  const before = new Map<Uid, TaskState | undefined>()
  using _watch = replica.on('changed', (event) =>
    event.before.forEach((state, uid) => before.has(uid) || before.set(uid, state)),
  )
  if (!replica.hear(updates, 'remote')) return undefined
  // What waits for an earlier update, or for a later version, is kept too: it was heard, and may never be said again.
  // What several workspaces said by themselves stands there once.
  const repaired = (await import('../task/twins.ts')).repairTwins(replica, before.keys())
  const made = newChange(world, held, { verb: from.verb, by: from.name })
  const edits = from.verb === 'remote' && before.size <= MOST_TOLD ? observed(before, replica.tasks) : []
  const keys = keysIn({ ...made, edits }, (uid) => replica.tasks.get(uid), project.context(replica.tasks).keyOf)
  const change: Change = { ...made, edits, keys }
  const past = before.size === 0 ? [] : [...(await unknownOf(project, along.history)), change]
  // What did not come from a relay may be new to it.
  const [news, heard] = from.verb === 'remote' ? [repaired, updates] : [[...updates, ...repaired], []]
  await held.commit(news, past, {
    heard,
    lastNumber: Math.max(replica.tasks.greatestNumber, along.lastNumber ?? 0),
    due: project.hasFiles ? before.keys() : [],
  })
  held.cursor = replica.cursor(held.actor, held.cursor.client)
  return { change, before, isFromElsewhere: true }
}

async function unknownOf({ held }: OpenProject, history: readonly Change[] = []): Promise<readonly Change[]> {
  if (history.length === 0) return []
  const known = new Set((await held.history()).map(({ id }) => id))
  return history.filter(({ id }) => !known.has(id))
}

/** What others wrote, as far as it is alive. */
function observed(
  before: ReadonlyMap<Uid, TaskState | undefined>,
  tasks: Pick<TaskTable, 'get'>,
): readonly RegisterEdit[] {
  const edits: RegisterEdit[] = []
  for (const [uid, old] of before) {
    for (const [field, alive] of tasks.get(uid)?.registers ?? []) {
      const were = old?.registers.get(field) ?? []
      const isNew = ({ client, clock }: Alive): boolean =>
        !were.some((one) => one.client === client && one.clock === clock)
      const different = (all: readonly Alive[]): readonly Json[] =>
        distinct(all, sameIn(uid, field)).map((one) => one.value)
      for (const { value, client, clock } of alive.filter(isNew))
        edits.push({ uid, field, before: different(were), value, after: different(alive), stamp: { client, clock } })
    }
  }
  return edits
}
