/** How writes become updates of a document: the part of the simulation that a control swaps for something that loses. */
import type { PlannedEntries } from '../../src/workspace/plan.ts'
import type { Uid } from '../../src/ids.ts'
import { editBody, readBodyValue, type EditedBody } from '../../src/task/body.ts'
import { sameBody } from '../../src/task/body-values.ts'
import { BODY, type Field } from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { aliveIn, seedValue, type Alive, type TaskState } from '../../src/task/registers.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import { importSeeds, type FieldValues } from '../../src/task/seeds.ts'
import type { Json } from '../../src/task/types.ts'
import { encodeUpdate, type Cursor } from '../../src/task/update.ts'

export interface Mechanism {
  readonly name: string
  open(updates: readonly Uint8Array[]): Replica
  /** Puts what was planned into the replica; the updates that tell others. */
  write(replica: Replica, cursor: Cursor, planned: PlannedEntries): readonly Uint8Array[]
  /** Reads a file that nobody remembers; undefined when it says nothing new. */
  readFile(replica: Replica, cursor: Cursor, file: FileToRead): FileRead | undefined
  editBody(replica: Replica, state: TaskState, next: string, client: number): EditedBody | undefined
}

export interface FileToRead {
  readonly uid: Uid
  readonly values: FieldValues
  readonly now: number
}

export interface FileRead {
  readonly updates: readonly Uint8Array[]
  /** What it put into the document, as the document holds it. */
  readonly values: readonly (readonly [Field, Alive])[]
}

/** What the product does. */
export const logPerActor: Mechanism = {
  name: 'log per actor',
  open: (updates) => openReplica(updates, () => undefined),
  write(replica, cursor, { entries, removes }) {
    const update = encodeUpdate(cursor, entries, removes)
    replica.apply([update], 'local')
    return [update]
  },
  readFile(replica, { client }, { uid, values }) {
    const read = importSeeds(replica, uid, values, client)
    if (read === undefined) return undefined
    return {
      updates: [read.update],
      values: Object.entries(read.values).map(([field, value]) => [field, seedValue(field, value)]),
    }
  },
  editBody,
}

/** Whether a task says this already, as a value or as what a body has become. */
export function says(replica: Replica, state: TaskState | undefined, field: Field, value: Json): boolean {
  const same = state !== undefined && field === BODY ? sameBody(state.uid) : canonical
  return aliveIn(state, field).some(
    (alive) =>
      same(alive.value) === same(value) ||
      (state !== undefined && field === BODY && readBodyValue(replica, state.uid, alive.value) === value),
  )
}
