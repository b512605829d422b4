/** From what a changed text means to what is written: writes of registers and edits of a body, at the base it was made from. */
import type { Uid } from '../ids.ts'
import { STALE } from '../task/entry.ts'
import { SHAPE, type Field } from '../task/fields.ts'
import type { BodyBase } from '../task/body-at.ts'
import { aliveIn, type Alive, type TaskState, type Write } from '../task/registers.ts'
import { seenIn, type BaseTask } from './base.ts'
import type { ShownTask } from './explain.ts'
import { differing, isElement, sameValue, saidIn } from './said.ts'

export type Meaning = 'edit' | 'stale' | 'restore'

/** A body as it was shown, and what it is to be: merged with whatever happened to it meanwhile. */
export interface BodyAt {
  readonly uid: Uid
  readonly at: BodyBase
  /** What version control had there in between. */
  readonly via?: readonly string[] | undefined
  readonly next: string
}

export interface TaskEdits {
  readonly writes: readonly Write[]
  readonly body?: BodyAt
  /** The whole body as it is to be shown, whatever others wrote. */
  readonly restored?: { readonly uid: Uid; readonly next: string; readonly displaced: string }
}

interface Edited {
  readonly meaning: Meaning
  readonly base: BaseTask
  readonly before: ShownTask
  readonly after: ShownTask
  readonly state: TaskState | undefined
  /** The document's body now. */
  readonly live: string
  readonly via?: readonly string[] | undefined
  readonly isUnreadable: (field: Field) => boolean
}

export function editsOf(edited: Edited): TaskEdits {
  const { meaning, base, before, after, state } = edited
  const said = state === undefined ? new Map() : saidIn(state)
  const compared = meaning === 'restore' ? said : before.said
  const writes: Write[] = []
  for (const field of differing(compared, after.said)) {
    if (edited.isUnreadable(field)) continue
    // A line that is gone takes no title and no status away: there is no task without them.
    if (after.implied.has(field) && !before.implied.has(field)) continue
    const value = after.said.get(field)
    const write = fieldWrite(edited, field, value, seenIn(base, field, before.said.get(field)))
    if (write !== undefined) writes.push(write)
  }
  return { writes, ...bodyEdits(edited) }

  function fieldWrite(
    { after: { uid } }: Edited,
    field: Field,
    value: Write['value'] | undefined,
    saw: readonly Alive[],
  ): Write | undefined {
    if (value === undefined && field === SHAPE) return undefined
    const next = value ?? (isElement(field) ? false : null)
    // What a text put back does not name may be newer than the text: it takes nothing away that it never showed.
    if (meaning === 'restore' && value === undefined && !before.said.has(field) && saw.length === 0) return undefined
    const now = aliveIn(state, field)
    if (meaning === 'edit') return { uid, field, value: next, base: saw }
    if (sameValue(said.get(field), value)) return undefined
    const newer = now.filter((alive) => !saw.some((one) => isSame(one, alive)))
    if (meaning === 'restore') return { uid, field, value: next, base: saw, rank: 'above' }
    if (newer.length === 0 || isElement(field)) return { uid, field, value: next, base: saw }
    return { uid, field, value: next, base: saw, rank: 'below', mark: STALE }
  }
}

function bodyEdits({ meaning, base, before, after, live, via }: Edited): Partial<TaskEdits> {
  const { uid, body: next } = after
  if (next === undefined || before.body === undefined) return {}
  if (meaning === 'restore') return next === live ? {} : { restored: { uid, next, displaced: live } }
  return next === before.body ? {} : { body: { uid, at: { text: before.body, ...base.body }, via, next } }
}

function isSame(one: Alive, other: Alive): boolean {
  return one.client === other.client && one.clock === other.clock && String(one.seen[0]) === String(other.seen[0])
}
