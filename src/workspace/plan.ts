/** What is to be written, as writers plan it, and the entries it becomes. Pure. */
import type { RegisterEdit, Verb } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import type { Readable } from '../mirror/remembering.ts'
import type { StoreChange } from '../ports.ts'
import type { BodyEdit } from '../task/body.ts'
import type { BodyBase } from '../task/body-at.ts'
import { sameIn } from '../task/body-values.ts'
import type { Entry } from '../task/entry.ts'
import { PURGED, type Field } from '../task/fields.ts'
import {
  aliveIn,
  distinct,
  planWrite,
  replaceValues,
  withoutPurgedSeeds,
  type Alive,
  type Stamp,
  type TaskState,
  type Write,
} from '../task/registers.ts'
import type { FieldValues } from '../task/seeds.ts'
import type { TaskTable } from '../task/table.ts'
import type { Json } from '../task/types.ts'
import type { Cursor } from '../task/update.ts'

export interface Plan {
  readonly verb: Verb
  readonly writes: readonly Write[]
  /** Edits of bodies: made on the document itself. */
  readonly bodies?: readonly PlannedBody[]
  /** What files say that nobody remembers. */
  readonly seeds?: readonly { readonly uid: Uid; readonly values: FieldValues }[]
  /** What is remembered of files, in the same commit. */
  readonly records?: readonly StoreChange[]
  /** Of files that were read because they had changed: they are seen to have, whoever comes next. */
  readonly remember?: ((done: Readable) => Promise<readonly StoreChange[]> | undefined) | undefined
  /** First texts of tasks that this plan creates. */
  readonly newBodies?: ReadonlyMap<Uid, string>
  /** The greatest number it gives away. */
  readonly lastNumber?: number
  readonly undoes?: string
  readonly by?: string | null
}

/** An edit of a body's characters; the document is loaded for it. */
export type PlannedBody =
  /** `settles`: it has seen the rival bodies too. */
  | { readonly uid: Uid; readonly next: string; readonly settles?: boolean }
  /** `later`: edits of the same text since. */
  /** From what it was when it was shown last, merged with what happened since. */
  | {
      readonly uid: Uid
      readonly at: BodyBase
      /** What it was in between, step by step. */
      readonly via?: readonly string[] | undefined
      readonly next: string
      readonly hasMade: (client: number) => boolean
    }
  | { readonly uid: Uid; readonly takeBack: BodyEdit; readonly later: readonly BodyEdit[] }
  | { readonly uid: Uid; readonly erase: true }

export interface PlannedEntries {
  readonly entries: readonly Entry[]
  readonly removes: readonly Stamp[]
  readonly edits: readonly RegisterEdit[]
  readonly states: ReadonlyMap<Uid, TaskState>
  readonly before: ReadonlyMap<Uid, TaskState | undefined>
}

/** Entries in the order of the writes; each write sees what those before it wrote. */
export function planEntries(tasks: TaskTable, writes: readonly Write[], cursor: Cursor, now: number): PlannedEntries {
  const entries: Entry[] = []
  const removes: Stamp[] = []
  const edits: RegisterEdit[] = []
  const states = new Map<Uid, TaskState>()
  const before = new Map<Uid, TaskState | undefined>()
  for (const write of writes) {
    const { uid, field } = write
    if (!before.has(uid)) before.set(uid, tasks.get(uid))
    const state = states.get(uid) ?? before.get(uid)
    const alive = aliveIn(state, field)
    const planned = planWrite(state, write, now)
    const value: Alive = {
      client: cursor.client,
      clock: cursor.clock + entries.length,
      at: planned.entry.at,
      value: planned.entry.value,
      seen: planned.entry.seen,
    }
    const values = replaceValues(alive, [value], planned.removes)
    entries.push(planned.entry)
    removes.push(...planned.removes)
    const different = (all: readonly Alive[]): readonly Json[] =>
      distinct(all, sameIn(uid, field)).map((one) => one.value)
    const stamp = { client: value.client, clock: value.clock }
    edits.push({ uid, field, before: different(alive), value: write.value, after: different(values), stamp })
    const registers = field === PURGED ? notPurged(state, planned.removes) : new Map(state?.registers)
    registers.set(field, values)
    if (field === PURGED) withoutPurgedSeeds(registers)
    states.set(uid, { uid, registers })
  }
  return { entries, removes, edits, states, before }
}

/** A purge takes away what it saw in any field. */
function notPurged(state: TaskState | undefined, removes: readonly Stamp[]): Map<Field, readonly Alive[]> {
  const kept = new Map<Field, readonly Alive[]>()
  for (const [field, values] of state?.registers ?? []) {
    const left = replaceValues(values, [], removes)
    if (left.length > 0) kept.set(field, left)
  }
  return kept
}
