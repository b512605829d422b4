/**
 * From which text was a changed file edited? The base that explains it best, and what the change means there.
 *
 *   candidates   what the file held since a person's last save, that save included; never older ones, unless version
 *                control may have put one there
 *   cost         fields that differ, and lines of bodies; never characters; the newest on a tie
 */
import { changedHunks } from '../task/sequence-difference.ts'
import { pairLines } from '../task/line-pairs.ts'
import { numbersOf } from '../task/word-difference.ts'
import type { Uid } from '../ids.ts'
import { SHAPE, type Field } from '../task/fields.ts'
import type { Base, BaseTask, FileRecord } from './base.ts'
import { keepsOwn } from './carried.ts'
import { differing, sameValue, type Said } from './said.ts'

/** A task as one text shows it. */
export interface ShownTask {
  readonly uid: Uid
  readonly said: Said
  /** Absent where the text does not hold the body. */
  readonly body: string | undefined
  /** What it says without a line of its own: what nobody wrote, nobody changed. */
  readonly implied: ReadonlySet<Field>
}

/** A remembered text, read. */
export interface ReadBase {
  readonly base: Base
  readonly tasks: readonly ShownTask[]
}

export type Explanation =
  /** An edit of the newest text. */
  | { readonly kind: 'edit'; readonly from: ReadBase }
  /** An edit of an older one: what merely equals it is no edit. */
  | { readonly kind: 'stale'; readonly from: ReadBase }
  /** An older text exactly, put back by a person. */
  | { readonly kind: 'restore'; readonly from: ReadBase }

export function isRemembered(record: FileRecord, text: string): boolean {
  return record.bases.some((base) => base.text === text)
}

function candidatesOf(record: FileRecord): readonly Base[] {
  return record.bases.slice(firstCandidate(record))
}

export interface ExplainOptions {
  /** Any text that was ever remembered may have been put there; or of those only some, to be edited. */
  readonly isAnyBase?: boolean
  readonly mayBePut?: (text: string) => boolean
  /** What the file may have held without anyone knowing: it counts only where it is nearer than all that is known. */
  readonly ahead?: Base | undefined
  /** What the file is known to have held last: another is nearer only where it is kept (`keepsOwn`). */
  readonly held?: Base | undefined
}

/** For a text that is none of the remembered ones, or one that a person put back. */
export function explain(
  record: FileRecord,
  tasks: readonly ShownTask[],
  text: string,
  read: (base: Base) => ReadBase,
  { isAnyBase = false, mayBePut = () => true, ahead, held }: ExplainOptions = {},
): Explanation | undefined {
  const since = candidatesOf(record)
  const candidates = isAnyBase ? record.bases : since
  if (ahead?.text === text) return { kind: 'edit', from: read(ahead) }
  const exact = candidates.findLast((base) => base.text === text)
  if (exact !== undefined) return { kind: exact === record.bases.at(-1) ? 'edit' : 'restore', from: read(exact) }
  const isKept = (from: ReadBase): boolean =>
    held === undefined || keepsOwn(from.tasks, read(held).tasks, tasks, { fields: from.base === record.bases.at(-1) })
  let nearest: { readonly from: ReadBase; readonly cost: number } | undefined
  const edited = candidates.filter((base) => since.includes(base) || mayBePut(base.text))
  for (const base of [...(held === undefined ? [] : [held]), ...edited.toReversed()]) {
    const from = read(base)
    const cost = costOf(from.tasks, tasks)
    if (nearest === undefined || (cost < nearest.cost && isKept(from))) nearest = { from, cost }
  }
  if (nearest === undefined) return undefined
  // What version control put there no process of ours has written over.
  if (ahead !== undefined && held === undefined) {
    const from = read(ahead)
    const newest = record.bases.at(-1)
    if (costOf(from.tasks, tasks) < nearest.cost)
      return { kind: 'edit', from: newest === undefined ? from : withOld(from, read(newest), tasks) }
  }
  return { kind: nearest.from.base === record.bases.at(-1) ? 'edit' : 'stale', from: nearest.from }
}

/**
 * How far apart two texts are: whole fields and whole lines, so that a short word is no nearer than a long one. A key that
 * came is one field, and not the shape of the front matter as well.
 */
export function costOf(before: readonly ShownTask[], after: readonly ShownTask[]): number {
  const left = new Map(before.map((task) => [task.uid, task]))
  let cost = 0
  for (const task of after) {
    const other = left.get(task.uid)
    left.delete(task.uid)
    cost +=
      other === undefined
        ? task.said.size + lineCount(task.body)
        : differing(other.said, task.said).filter((field) => field !== SHAPE).length +
          changedLines(other.body ?? '', task.body ?? '')
  }
  for (const task of left.values()) cost += task.said.size + lineCount(task.body)
  return cost
}

/**
 * What a process would have written that ended, as far as the text shows it: since then more may have come to the document,
 * and what the text says as before is no edit.
 */
function withOld(from: ReadBase, newest: ReadBase, tasks: readonly ShownTask[]): ReadBase {
  const bases: BaseTask[] = []
  const shown = from.tasks.map((task, place) => {
    const is = (one: { readonly uid: Uid }): boolean => one.uid === task.uid
    const [now, old] = [tasks.find(is), newest.tasks.find(is)]
    const [base, oldBase] = [from.base.tasks[place], newest.base.tasks.find(is)]
    if (base === undefined || now === undefined || old === undefined || oldBase === undefined) {
      bases.push(base ?? { uid: task.uid, seen: new Map() })
      return task
    }
    const [said, seen] = [new Map(task.said), new Map(base.seen)]
    for (const field of differing(task.said, now.said)) {
      if (!sameValue(old.said.get(field), now.said.get(field))) continue
      put(said, field, now.said.get(field))
      put(seen, field, oldBase.seen.get(field))
    }
    const isOldBody = now.body === old.body
    const { body: characters } = isOldBody ? oldBase : base
    bases.push({ uid: task.uid, seen, ...(characters === undefined ? {} : { body: characters }) })
    return { ...task, said, body: isOldBody ? now.body : task.body }
  })
  return { base: { ...from.base, tasks: bases }, tasks: shown }
}

function put<Value>(map: Map<Field, Value>, field: Field, value: Value | undefined): void {
  if (value === undefined) map.delete(field)
  else map.set(field, value)
}

function firstCandidate({ bases }: FileRecord): number {
  return Math.max(
    0,
    bases.findLastIndex(({ how }) => how === 'read'),
  )
}

/** Lines that go, lines that come, and lines that were reworded: one each, or a word in a line that only one text has would count for two. */
function changedLines(before: string, after: string): number {
  if (before === after) return 0
  const known = new Map<string, number>()
  const [old, now] = [before.split('\n'), after.split('\n')]
  let count = 0
  for (const hunk of changedHunks(numbersOf(old, known), numbersOf(now, known), { left: 1_000_000 })) {
    const [gone, come] = [old.slice(hunk.beforeFrom, hunk.beforeTo), now.slice(hunk.afterFrom, hunk.afterTo)]
    count += gone.length + come.length - pairLines(gone, come).length
  }
  return count
}

function lineCount(text: string | undefined): number {
  return text === undefined || text === '' ? 0 : text.split('\n').length
}
