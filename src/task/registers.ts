/**
 * Multi-value registers: no write ever removes a value that its writer had not seen. Pure: values in, values out.
 *
 * A register is the list of its alive values. A write names the values it saw and puts one in their place; what it
 * did not see stays alive beside it. The greatest stamp is shown, the others are a conflict until a write sees them.
 */
import type { Uid } from '../ids.ts'
import type { Entry } from './entry.ts'
import { FENCED, seedMark, STALE } from './entry.ts'
import { PURGED, type Field } from './fields.ts'
import { canonical } from './hash.ts'
import type { Json } from './types.ts'

/** Who holds a value in the document: the entry's place in its writer's history. */
export interface Stamp {
  readonly client: number
  readonly clock: number
}

export interface Alive extends Stamp {
  readonly at: number
  readonly value: Json
  readonly seen: readonly string[]
}

/** A value read from a file that nobody remembered: it never beats a written one. */
export const SEED_CLIENT = -1

/** All registers of one task. Replaced, never changed in place, when a write arrives. */
export interface TaskState {
  readonly uid: Uid
  readonly registers: ReadonlyMap<Field, readonly Alive[]>
}

/** What a write needs to know: which register, what to put there, and the values its writer saw (default: those alive). */
export interface Write {
  readonly uid: Uid
  readonly field: Field
  readonly value: Json
  readonly base?: readonly Alive[]
  /** Against the values that are there: below them, as a second one beside the shown one; or above, whatever their clocks. */
  readonly rank?: 'below' | 'above'
  /** Told with the value wherever it is listed. */
  readonly mark?: string
}

/** A write made ready: the entry to append and the entries that it removes. */
export interface PlannedWrite {
  readonly entry: Entry
  readonly removes: readonly Alive[]
}

const NOTHING: readonly Alive[] = []

export function aliveIn(state: TaskState | undefined, field: Field): readonly Alive[] {
  return state?.registers.get(field) ?? NOTHING
}

export function isSeed(value: Alive): boolean {
  return value.client === SEED_CLIENT
}

/** Greater stamp first; equal times by lower writer, so that every replica shows the same. */
export function byRank(a: Alive, b: Alive): number {
  return (
    b.at - a.at ||
    a.client - b.client ||
    a.clock - b.clock ||
    (markOf(a) < markOf(b) ? -1 : markOf(a) > markOf(b) ? 1 : 0)
  )
}

export function shownValue(values: readonly Alive[]): Alive | undefined {
  let best: Alive | undefined
  for (const value of values) if (best === undefined || byRank(value, best) < 0) best = value
  return best
}

export function shown(state: TaskState | undefined, field: Field): Json | undefined {
  return shownValue(aliveIn(state, field))?.value
}

/** One value of each different content, the shown one first. More than one is a conflict. */
export function distinct(values: readonly Alive[], same: (value: Json) => string = canonical): readonly Alive[] {
  if (values.length < 2) return values
  const found = new Map<string, Alive>()
  for (const value of [...values].sort(byRank)) {
    const text = same(value.value)
    if (!found.has(text)) found.set(text, value)
  }
  return [...found.values()]
}

/** Turns a write into an entry: later than everything it replaces, however wrong the clocks were. */
export function planWrite(state: TaskState | undefined, write: Write, now: number): PlannedWrite {
  const alive = aliveIn(state, write.field)
  const saw = write.base ?? alive
  const shownAt = shownValue(alive)?.at
  let at = Math.max(0, Math.floor(now))
  const seen = new Set<string>(write.mark === undefined ? [] : [write.mark])
  for (const value of saw) {
    // At the end of all numbers it cannot be later; it need not be, for what it replaces is gone.
    at = Math.max(at, Math.min(value.at + 1, Number.MAX_SAFE_INTEGER))
    for (const mark of value.seen) if (mark !== STALE && mark !== FENCED) seen.add(mark)
  }
  if (write.rank === 'below') at = Math.max(0, (shownAt ?? 1) - 1)
  if (write.rank === 'above' && shownAt !== undefined) at = Math.max(at, Math.min(shownAt + 1, Number.MAX_SAFE_INTEGER))
  const removes = saw.filter((value) => !isSeed(value))
  return { entry: { uid: write.uid, field: write.field, at, value: write.value, seen: [...seen].sort() }, removes }
}

/** The register after entries came and others went. Seeds stay away once a living value has seen them. */
export function replaceValues(
  values: readonly Alive[],
  added: readonly Alive[],
  removed: readonly Stamp[],
): readonly Alive[] {
  const kept = values.filter(
    (value) => !removed.some((gone) => gone.client === value.client && gone.clock === value.clock && !isSeed(value)),
  )
  const all = [...kept, ...added.filter((value) => !kept.some((other) => isSameStamp(other, value)))]
  return withoutSeenSeeds(all)
}

/** Each seed once, however many files said it, and none that a living value has seen. */
export function withoutSeenSeeds(values: readonly Alive[]): readonly Alive[] {
  if (!values.some(isSeed)) return values
  const gone = new Set(values.filter((value) => !isSeed(value)).flatMap((value) => value.seen))
  return values.filter((value) => !isSeed(value) || (!gone.has(markOf(value)) && gone.add(markOf(value))))
}

/** What a purge saw in files stays away, whichever field it was in. */
export function withoutPurgedSeeds(registers: Map<Field, readonly Alive[]>): void {
  const purges = registers.get(PURGED)
  if (purges === undefined) return
  const seen = new Set(purges.flatMap((value) => value.seen))
  for (const [field, values] of registers) {
    const kept = values.filter((value) => !isSeed(value) || !seen.has(markOf(value)))
    if (kept.length === 0) registers.delete(field)
    else registers.set(field, kept)
  }
}

export function seedValue(field: Field, value: Json): Alive {
  return { client: SEED_CLIENT, clock: 0, at: 0, value, seen: [seedMark(field, value)] }
}

/** The id people and programs name a value by in `tide conflicts --json`. */
export function stampText(value: Alive): string {
  return isSeed(value) ? `file:${markOf(value)}` : `${value.client.toString(36)}.${value.clock.toString(36)}`
}

function markOf(value: Alive): string {
  return isSeed(value) ? (value.seen[0] ?? '') : ''
}

function isSameStamp(a: Alive, b: Alive): boolean {
  return a.client === b.client && a.clock === b.clock && markOf(a) === markOf(b)
}
