/** What a commit means for LevelDB: operations, and the new heads of the logs it touches. Pure; refuses what makes no sense. */
import { TaskError } from '../../src/internal.ts'
import type { StoreChange } from '../../src/internal.ts'
import type { Head } from './head.ts'
import { cellKey, END_SEQUENCE } from './keys.ts'
import type { LogKeys } from './keys.ts'
import type { Operation } from './level.ts'
import { draft, kinds, payloadLength, seal } from './values.ts'

/** A change whose bytes are our own copy. */
export type Drafted =
  | { readonly append: string; readonly value: Buffer }
  | { readonly put: string; readonly value: Buffer }
  | { readonly compact: string; readonly through: number; readonly value: Buffer }
  | { readonly remove: string }

export interface Plan {
  readonly operations: readonly Operation[]
  readonly heads: ReadonlyMap<string, Head>
}

interface Draughtsman {
  readonly operations: Operation[]
  readonly heads: Map<string, Head>
  headOf(log: string): Head
  keysOf(log: string): LogKeys
  /** Bytes of this commit's own rows of a log behind a sequence number. */
  readonly appended: { readonly log: string; readonly seq: number; readonly bytes: number }[]
}

export function draftChange(change: StoreChange): Drafted {
  if ('append' in change) return { append: sayable(change.append), value: draft(kinds.row, change.bytes) }
  if ('put' in change) return { put: sayable(change.put), value: draft(kinds.cell, change.bytes) }
  if ('remove' in change) return { remove: sayable(change.remove) }
  const { compact: log, through, snapshot } = change
  if (!(Number.isInteger(through) && through >= 0 && through < END_SEQUENCE)) throw noSuchRow(log, through)
  return { compact: sayable(log), through, value: draft(kinds.snapshot, snapshot) }
}

export const logOf = (change: Drafted): string | undefined =>
  'append' in change
    ? change.append
    : 'compact' in change
      ? change.compact
      : 'remove' in change
        ? change.remove
        : undefined

/** What a plan is made from. */
export interface Ground {
  readonly headOf: (log: string) => Head
  readonly keysOf: (log: string) => LogKeys
  /** For each change that compacts, the bytes of the rows in the store that stay. */
  readonly behind: readonly number[]
}

export function planCommit(changes: readonly Drafted[], { headOf, keysOf, behind }: Ground): Plan {
  const heads = new Map<string, Head>()
  const at: Draughtsman = {
    operations: [],
    heads,
    appended: [],
    keysOf,
    headOf: (log) => heads.get(log) ?? headOf(log),
  }
  for (const [index, change] of changes.entries()) {
    if ('append' in change) append(at, change.append, change.value)
    else if ('put' in change) put(at, cellKey(change.put), change.value)
    else if ('compact' in change) compact(at, change, behind[index] ?? 0)
    else remove(at, change.remove)
  }
  return at
}

function append(at: Draughtsman, log: string, value: Buffer): void {
  const head = at.headOf(log)
  const seq = head.next
  if (seq >= END_SEQUENCE) throw new TaskError('FAULT', { problem: `the log ${log} has used all its numbers` })
  const bytes = payloadLength(value)
  put(at, at.keysOf(log).row(seq), value)
  at.appended.push({ log, seq, bytes })
  at.heads.set(log, { ...head, next: seq + 1, bytes: head.bytes + bytes })
}

function compact(
  at: Draughtsman,
  { compact: log, through, value }: Extract<Drafted, { compact: string }>,
  behind: number,
): void {
  const head = at.headOf(log)
  // A later snapshot holds all that this one holds.
  if (through < head.first) return
  if (through >= head.next) throw noSuchRow(log, through)
  const keys = at.keysOf(log)
  for (let seq = head.first; seq < through; seq++) at.operations.push({ type: 'del', key: keys.row(seq) })
  put(at, keys.row(through), value)
  const own = at.appended.filter((row) => row.log === log && row.seq > through)
  at.heads.set(log, {
    first: through,
    next: head.next,
    compacted: true,
    bytes: own.reduce((sum, row) => sum + row.bytes, behind),
    snapshotBytes: payloadLength(value),
  })
}

function remove(at: Draughtsman, log: string): void {
  const { first, next } = at.headOf(log)
  const keys = at.keysOf(log)
  for (let seq = first; seq < next; seq++) at.operations.push({ type: 'del', key: keys.row(seq) })
  at.heads.set(log, { first: next, next, compacted: false, bytes: 0, snapshotBytes: 0 })
}

function put(at: Draughtsman, key: Buffer, value: Buffer): void {
  at.operations.push({ type: 'put', key, value: seal(key, value) })
}

/** Half a surrogate pair has no bytes of its own in UTF-8: two such names would be one. */
function sayable(name: string): string {
  if (!/\p{Surrogate}/u.test(name)) return name
  throw new TaskError('INVALID_INPUT', {
    field: 'name',
    problem: 'it holds half of a surrogate pair',
    fix: 'use whole characters',
  })
}

const noSuchRow = (log: string, through: number): TaskError =>
  new TaskError('FAULT', { problem: `a snapshot of ${log} through ${through}, which is none of its rows` })
