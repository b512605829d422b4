/** Takes in what was written elsewhere: durable, in the history, in files and lists. Nothing of it is ever refused. */
import type { Change, RegisterEdit } from '../history/change.ts'
import { keysIn } from '../history/change.ts'
import { newShortId, type Uid } from '../ids.ts'
import { sameIn } from '../task/body-values.ts'
import type { Field } from '../task/fields.ts'
import { distinct, type Alive, type TaskState } from '../task/registers.ts'
import { writerOf, type Replica } from '../task/replica.ts'
import type { Json } from '../task/types.ts'
import { newChange, type Applied, type OpenProject } from './applying.ts'
import type { Held } from './held.ts'

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
  const seen = from.verb === 'remote' ? observed(made, before, replica, world) : [made]
  const { keyOf } = project.context(replica.tasks)
  const changes = seen.map((one) => ({ ...one, keys: keysIn(one, (uid) => replica.tasks.get(uid), keyOf) }))
  const past = before.size === 0 ? [] : [...(await unknownOf(held, along.history)), ...changes]
  // What did not come from a relay may be new to it.
  const [news, heard] = from.verb === 'remote' ? [repaired, updates] : [[...updates, ...repaired], []]
  await held.commit(news, past, {
    heard,
    lastNumber: Math.max(replica.tasks.greatestNumber, along.lastNumber ?? 0),
    due: project.hasFiles ? before.keys() : [],
  })
  held.cursor = replica.cursor(held.actor, held.cursor.client)
  return { change: changes[0] ?? made, before, isFromElsewhere: true }
}

/** Into a document with gaps: what comes may be what was lost, so it is stored whole, to be read anew. */
export async function storeUpdates(
  held: Held,
  updates: readonly Uint8Array[],
  { verb }: Pick<Change, 'verb'>,
  { history, lastNumber }: AlongRemote,
): Promise<void> {
  const [news, heard] = verb === 'remote' ? [[], updates] : [updates, []]
  await held.commit(news, await unknownOf(held, history), { heard, lastNumber })
}

async function unknownOf(held: Held, history: readonly Change[] = []): Promise<readonly Change[]> {
  if (history.length === 0) return []
  const known = new Set((await held.history()).map(({ id }) => id))
  return history.filter(({ id }) => !known.has(id))
}

/** What others wrote, as far as it is alive: a change for each workspace that wrote some of it. */
function observed(
  made: Change,
  before: ReadonlyMap<Uid, TaskState | undefined>,
  replica: Replica,
  { runtime }: OpenProject['world'],
): readonly Change[] {
  const nobody: Change = { ...made, name: null }
  if (before.size > MOST_TOLD) return [nobody]
  const byWriter = new Map<string, RegisterEdit[]>()
  for (const [uid, old] of before) {
    for (const [field, alive] of replica.tasks.get(uid)?.registers ?? []) {
      for (const edit of editsIn(uid, field, old?.registers.get(field) ?? [], alive)) {
        const writer = writerOf(replica.doc, edit.stamp) ?? made.actor
        const edits = byWriter.get(writer) ?? []
        byWriter.set(writer, edits)
        edits.push(edit)
      }
    }
  }
  const changes = [...byWriter].map(([actor, edits]) => ({ ...nobody, id: newShortId(runtime.random), actor, edits }))
  return changes.length === 0 ? [nobody] : changes
}

function editsIn(uid: Uid, field: Field, were: readonly Alive[], alive: readonly Alive[]): readonly RegisterEdit[] {
  const nameOf = sameIn(uid, field)
  const different = (all: readonly Alive[]): readonly Json[] => distinct(all, nameOf).map((one) => one.value)
  const [before, after] = [different(were), different(alive)]
  const known = before.length === 1 && before[0] !== undefined ? nameOf(before[0]) : undefined
  return alive.flatMap(({ value, client, clock }) => {
    const wasThere = were.some((one) => one.client === client && one.clock === clock)
    // Said again by someone else: nothing that anyone would read about.
    if (wasThere || nameOf(value) === known) return []
    return [{ uid, field, before, value, after, stamp: { client, clock } }]
  })
}
