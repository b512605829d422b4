/** What the reading of files comes to: plans of writes, one for each way of changing tasks. Pure. */
import type { Uid } from '../ids.ts'
import type { StoreChange } from '../ports.ts'
import { BODY, CONFIRMED, CREATED, NUMBER, ORDER, OTHER, type Field } from '../task/fields.ts'
import { nameOfText } from '../task/body-values.ts'
import { isConfirmed, numberOf } from '../task/keys.ts'
import { orderBetween } from '../task/order.ts'
import { aliveIn, shownValue, type TaskState, type Write } from '../task/registers.ts'
import type { FieldValues } from '../task/seeds.ts'
import type { TaskTable } from '../task/table.ts'
import { parseTime } from '../task/time.ts'
import type { Json } from '../task/types.ts'
import { cellOf, withBase, writeRecord } from './base.ts'
import type { BodyAt } from './edits.ts'
import type { ReadFile, Reading } from './read-file.ts'
import { rememberEdits, type Readable } from './remembering.ts'
import type { Bodies, MirrorHost } from './world.ts'

/** What changed files come to, as one change for each way of changing them. */
export interface FilePlan {
  readonly verb: 'import' | 'edit' | 'putback' | 'delete' | 'restore'
  readonly writes: readonly Write[]
  readonly bodies: readonly (BodyAt & { readonly hasMade: (client: number) => boolean })[]
  readonly restored: readonly { readonly uid: Uid; readonly next: string }[]
  readonly seeds: readonly { readonly uid: Uid; readonly values: FieldValues }[]
  readonly lastNumber: number
  /** What is remembered of new files, in the same commit: a file without an id is found again by it. */
  readonly records: readonly StoreChange[]
  /** Of changed files, in the same commit, too; known once the writes have their stamps. */
  readonly remember?: (done: Readable, bodies: Bodies) => Promise<readonly StoreChange[]>
}

export interface Numbering {
  next(): number
  /** A number that a file brings along. */
  atLeast(number: number): void
  readonly confirms: boolean
  /** When a task came that does not say it. */
  readonly now: number
}

const MOST_ORDERED = 100_000
export const NOTHING: Omit<FilePlan, 'verb'> = {
  writes: [],
  bodies: [],
  restored: [],
  seeds: [],
  lastNumber: 0,
  records: [],
}

/** New tasks, and what files say that nobody remembers. */
export function importPlan(reading: Reading, host: MirrorHost, numbering: Numbering): FilePlan {
  const seeds: { uid: Uid; values: FieldValues }[] = []
  const writes: Write[] = []
  let lastNumber = 0
  const orders: string[] = []
  for (const { parsed } of reading.files)
    for (const { key } of parsed.tasks) numbering.atLeast(numberIn(key, host.prefix) ?? 0)
  const records: StoreChange[] = []
  for (const { path, text, record, tasks, meaning } of reading.files) {
    if (meaning === 'import') {
      const seen = tasks.map(({ uid }) => ({ uid, seen: new Map() }))
      records.push({ put: cellOf(path), bytes: writeRecord(withBase(record, { text, how: 'read', tasks: seen })) })
    }
    for (const task of tasks) {
      if (task.edits !== undefined || task.isLive === true) continue
      const values: Record<Field, Json> = Object.fromEntries(task.said)
      if (task.body !== undefined && task.body !== '') values[BODY] = task.body
      const state = host.tasks.get(task.uid)
      const has = state === undefined ? undefined : numberOf(state)
      if (has === undefined) {
        const said = numberIn(task.parsed.key, host.prefix)
        const number = said ?? numbering.next()
        const order = orderFor(number, orders)
        const created = parseTime(values[`${OTHER}created`])
        if (order !== undefined && values[ORDER] === undefined) values[ORDER] = order
        if (created === undefined) writes.push({ uid: task.uid, field: CREATED, value: numbering.now })
        else values[CREATED] = created
        // Also a number that a file brings is given away: no other task ever gets it.
        lastNumber = Math.max(lastNumber, number)
        if (said === undefined) writes.push({ uid: task.uid, field: NUMBER, value: number })
        else values[NUMBER] = number
        if (numbering.confirms && !isHeldNumber(host.tasks, number))
          writes.push({ uid: task.uid, field: CONFIRMED, value: number })
      }
      seeds.push({ uid: task.uid, values })
    }
  }
  return { ...NOTHING, verb: 'import', seeds, writes, lastNumber, records }
}

/** `moved`: where files stood before that are remembered in the same commit. A text put back may be put back again. */
export function editPlan(verb: 'edit' | 'putback', files: readonly ReadFile[], moved?: Reading['moved']): FilePlan {
  const writes: Write[] = []
  const bodies: FilePlan['bodies'][number][] = []
  const restored: { uid: Uid; next: string }[] = []
  for (const { tasks, record } of files) {
    const made = new Set(
      record.bases.flatMap((base) =>
        base.tasks.flatMap(({ body }) => body?.characters.map(({ client }) => client) ?? []),
      ),
    )
    for (const { edits } of tasks) {
      if (edits === undefined) continue
      writes.push(...edits.writes)
      if (edits.body !== undefined) bodies.push({ ...edits.body, hasMade: (client) => made.has(client) })
      if (edits.restored !== undefined) restored.push(edits.restored)
    }
  }
  const remember: FilePlan['remember'] = (done, of) => rememberEdits(files, moved ?? [], done, of)
  return { ...NOTHING, verb, writes, bodies, restored, ...(moved === undefined ? {} : { remember }) }
}

/** A body put back whole: what it displaces stays listed beside it. */
export function restoringWrites(
  state: TaskState,
  displaced: string,
  next: string,
): { readonly writes: readonly Write[]; readonly edits: boolean } {
  const { uid } = state
  const shown = shownValue(aliveIn(state, BODY))?.value
  // A first text that nobody edited cannot stand beside what grows from it: the other text comes beside it instead.
  if (typeof shown === 'string' && nameOfText(uid, displaced) === nameOfText(uid, shown))
    return { writes: [{ uid, field: BODY, value: next, base: [], rank: 'above' }], edits: false }
  return {
    writes: displaced === '' ? [] : [{ uid, field: BODY, value: displaced, base: [], rank: 'below' }],
    edits: true,
  }
}

/** In the order of the numbers, the same in every clone. */
function orderFor(number: number, orders: string[]): string | undefined {
  if (number > MOST_ORDERED) return undefined
  while (orders.length <= number) orders.push(orderBetween(orders.at(-1) ?? null, null))
  return orders[number]
}

function numberIn(key: string | null, prefix: string): number | undefined {
  const match = key === null ? null : /^([A-Za-z][A-Za-z0-9_]*)-(\d{1,15})$/.exec(key)
  return match !== null && match[1]?.toLowerCase() === prefix.toLowerCase() && Number(match[2]) > 0
    ? Number(match[2])
    : undefined
}

function isHeldNumber(tasks: TaskTable, number: number): boolean {
  return [...tasks.withNumber(number)].some((uid) => {
    const state = tasks.get(uid)
    return state !== undefined && isConfirmed(state) && numberOf(state) === number
  })
}
