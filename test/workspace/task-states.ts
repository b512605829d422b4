/** Tasks made of registers by hand, for tests of what is read from them. Knows no document and no store. */
import { parseUid, type Uid } from '../../src/ids.ts'
import type { Field } from '../../src/task/fields.ts'
import type { Alive, TaskState } from '../../src/task/registers.ts'
import { createTaskTable, type MutableTaskTable } from '../../src/task/table.ts'
import { defaultStatuses, type Json } from '../../src/task/types.ts'
import type { ViewContext } from '../../src/task/view.ts'

/** A moment before which everything in these tests happened, unless a test says otherwise. */
export const NOON: number = Date.UTC(2025, 0, 1, 12)

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** The n-th of many ids; they sort like their numbers. */
export function uidOf(n: number): Uid {
  let text = ''
  for (let rest = n; text.length < 10; rest = Math.floor(rest / 32)) text = LETTERS.charAt(rest % 32) + text
  return parseUid(text)
}

/** What some work throws; undefined when it comes to an end. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (cause) {
    return cause
  }
}

let nextClock = 0

/** One living value, its writer and moment where they matter. */
export function living(
  value: Json,
  { at = NOON - 1000, client = 7, clock = nextClock++, seen = [] }: Partial<Alive> = {},
): Alive {
  return { client, clock, at, value, seen }
}

/** One value per field, or several where a race left them. */
export function taskOf(
  uid: Uid | number,
  fields: Readonly<Record<Field, Json>>,
  races: Readonly<Record<Field, readonly Alive[]>> = {},
  at?: number,
): TaskState {
  const plain = Object.entries(fields).map(([field, value]): [Field, readonly Alive[]] => [
    field,
    [living(value, at === undefined ? {} : { at })],
  ])
  return { uid: typeof uid === 'number' ? uidOf(uid) : uid, registers: new Map([...plain, ...Object.entries(races)]) }
}

export function tableOf(states: Iterable<TaskState>): MutableTaskTable {
  const table = createTaskTable()
  for (const state of states) table.put(state)
  return table
}

export function contextOf(states: Iterable<TaskState>, options: Partial<ViewContext> = {}): ViewContext {
  return { tasks: tableOf(states), prefix: 'T', statuses: defaultStatuses, now: NOON, ...options }
}
