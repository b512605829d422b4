/** Values that lost a race, listed so that a person can settle them. A set's elements never conflict: what is there is there. */
import type { Key } from '../ids.ts'
import { bodyValues } from './body-values.ts'
import { FENCED, STALE } from './entry.ts'
import {
  ASSIGNEE,
  BODY,
  COMMENT,
  CONFIRMED,
  CREATED,
  DELETED,
  DEPENDENCY,
  LABEL,
  NUMBER,
  ORDER,
  publicName,
  PURGED,
  SHAPE,
  type Field,
} from './fields.ts'
import { aliveIn, byRank, distinct, isSeed, stampText, type Alive, type TaskState } from './registers.ts'
import type { ConflictValue, ConflictView, Json } from './types.ts'

/** Registers that merge by themselves, or that no person settles. */
const SETTLED = new Set([LABEL, ASSIGNEE, DEPENDENCY, COMMENT, CREATED, NUMBER, CONFIRMED, ORDER, PURGED, SHAPE])

export interface Conflict {
  readonly field: Field
  /** The shown value first. */
  readonly values: readonly Alive[]
}

export function conflictsOf(state: TaskState): readonly Conflict[] {
  const found: Conflict[] = []
  for (const [field, values] of state.registers) {
    if (field === DELETED || SETTLED.has(field.slice(0, 1))) continue
    if (values.length < 2) continue
    const different = field === BODY ? bodyValues(state) : distinct(values)
    if (different.length > 1) found.push({ field, values: different })
  }
  const deletion = deletionConflict(state)
  if (deletion !== undefined) found.push(deletion)
  return found.sort((a, b) => (a.field < b.field ? -1 : 1))
}

export function conflictFields(state: TaskState): readonly string[] {
  return conflictsOf(state)
    .map(({ field }) => publicName(field))
    .sort()
}

/** What a deletion notes down: for each writer, the last value of this task that it saw. */
export function whatIsSeen(state: TaskState): Json {
  const seen: Record<string, number> = {}
  for (const values of state.registers.values()) {
    for (const value of values) {
      if (isSeed(value)) continue
      const name = value.client.toString(36)
      seen[name] = Math.max(seen[name] ?? 0, value.clock)
    }
  }
  return seen
}

/** Deleting and restoring that did not know of each other, and what a deletion had not seen. */
function deletionConflict(state: TaskState): Conflict | undefined {
  const values = distinct(aliveIn(state, DELETED), (value) => String(isDeletion(value)))
  const survivors = unseenByDeletion(state)
  return values.length > 1 || survivors.length > 0 ? { field: DELETED, values: [...values, ...survivors] } : undefined
}

/** Whether a value of the register of deletions deletes. */
export function isDeletion(value: Json): boolean {
  return value !== false && value !== null
}

/** Values that the deletions of a task had not seen: someone was still working on it. */
function unseenByDeletion(state: TaskState): readonly Alive[] {
  const deletions = aliveIn(state, DELETED).filter(({ value }) => isDeletion(value))
  if (deletions.length === 0) return []
  const found: Alive[] = []
  for (const [field, values] of state.registers) {
    if (field === DELETED || field === PURGED) continue
    for (const value of values) {
      if (!isSeed(value) && !deletions.some((deletion) => hasSeen(deletion.value, value))) found.push(value)
    }
  }
  return found.sort(byRank) // registers stand in the order they came in, which differs between replicas
}

function hasSeen(seen: Json, { client, clock }: Alive): boolean {
  if (typeof seen !== 'object' || seen === null) return false
  const last = (seen as Readonly<Record<string, Json>>)[client.toString(36)]
  return typeof last === 'number' && clock <= last
}

/** `show` turns a stored value into what a person reads; `writer` names the workspace behind a value. */
export function viewConflict(
  state: TaskState,
  key: Key,
  conflict: Conflict,
  options: {
    readonly show: (field: Field, value: Json) => Json
    readonly writer: (value: Alive) => string
    readonly time: (at: number) => string
  },
): ConflictView {
  return {
    key,
    uid: state.uid,
    field: publicName(conflict.field),
    values: conflict.values.map((value, n) => ({
      n,
      id: stampText(value),
      value: options.show(fieldOf(state, conflict.field, value), value.value),
      at: options.time(value.at),
      by: options.writer(value),
      origin: originOf(fieldOf(state, conflict.field, value), value),
    })),
  }
}

function originOf(field: Field, value: Alive): ConflictValue['origin'] {
  if (isSeed(value)) return 'file'
  if (value.seen.includes(STALE)) return 'stale save'
  if (value.seen.includes(FENCED)) return 'stale token'
  return field === DELETED && typeof value.value === 'object' && value.value !== null ? 'deletion' : 'edit'
}

/** A deletion's conflict lists values of other fields too. */
function fieldOf(state: TaskState, field: Field, value: Alive): Field {
  if (field !== DELETED) return field
  for (const [name, values] of state.registers) if (values.includes(value)) return name
  return field
}
