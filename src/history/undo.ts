/** Taking one change back: a new change, made only while everything it set is still as it left it. */
import { TaskError } from '../errors.ts'
import { nameOfBody, sameIn } from '../task/body-values.ts'
import {
  ASSIGNEE,
  BODY,
  CONFIRMED,
  CREATED,
  DELETED,
  DEPENDENCY,
  LABEL,
  NUMBER,
  publicName,
  type Field,
} from '../task/fields.ts'
import { whatIsSeen } from '../task/conflicts.ts'
import { aliveIn, distinct, shownValue, type Alive, type Write } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import type { Change, RegisterEdit, TextEdit } from './change.ts'

/** Never taken back by themselves: a body by its characters, a number never. */
const APART = new Set<Field>([NUMBER, CONFIRMED, CREATED])

/** The writes that take the registers of a change back; refuses with CHANGED_SINCE. Characters of bodies are for the caller. */
export function planUndo(change: Change, tasks: TaskTable, keyOf: (uid: string) => string): readonly Write[] {
  const edits = perRegister(change).filter(({ field }) => !APART.has(field))
  for (const edit of edits) {
    if (!isAsLeft(edit, tasks, change))
      throw new TaskError('CHANGED_SINCE', { key: keyOf(edit.uid), field: publicName(edit.field) })
  }
  if (change.verb === 'create') return undoCreation(change, tasks, keyOf)
  return edits.flatMap((edit) => (textOf(change, edit) === undefined ? restore(edit) : settledRivals(edit, tasks)))
}

/** What a change made of each register, when it wrote it more than once: the first before, the last after. */
function perRegister(change: Change): readonly RegisterEdit[] {
  const edits = new Map<string, RegisterEdit>()
  for (const edit of change.edits) {
    const name = edit.uid + edit.field
    edits.set(name, { ...edit, before: edits.get(name)?.before ?? edit.before })
  }
  return [...edits.values()]
}

/** A creation is taken back by deleting, and only if nobody has added anything since. */
function undoCreation(change: Change, tasks: TaskTable, keyOf: (uid: string) => string): readonly Write[] {
  const uids = new Set(change.edits.map(({ uid }) => uid))
  return [...uids].flatMap((uid) => {
    const state = tasks.get(uid)
    if (state === undefined) return []
    for (const field of state.registers.keys()) {
      if (!change.edits.some((edit) => edit.uid === uid && edit.field === field)) {
        throw new TaskError('CHANGED_SINCE', { key: keyOf(uid), field: publicName(field) })
      }
    }
    return [{ uid, field: DELETED, value: whatIsSeen(state) }]
  })
}

/** By what is there, not by who wrote it: a change that came later and was taken back is no obstacle. */
function isAsLeft(edit: RegisterEdit, tasks: TaskTable, change: Change): boolean {
  const { uid, field, after } = edit
  const same = sameIn(uid, field)
  const alive = aliveIn(tasks.get(uid), field)
  // Of an edited body the characters are compared one by one when they are taken back: it must be the same text.
  const text = textOf(change, edit)
  if (text !== undefined) return nameOfBody(uid, shownValue(alive)?.value ?? null) === text.text
  const left = new Set(after.map(same))
  const now = distinct(alive, same)
  return now.length === left.size && now.every(({ value }) => left.has(same(value)))
}

/** The edit of characters that stands behind an edit of a body's register. */
function textOf(change: Change, { uid, field }: RegisterEdit): TextEdit | undefined {
  return field === BODY ? change.texts.find((text) => text.uid === uid) : undefined
}

/** All values that were alive before: the shown one shown again, the others listed beside it. */
function restore(edit: RegisterEdit): readonly Write[] {
  const { uid, field, before } = edit
  const [first = isSet(field) || field === DELETED ? false : null] = before
  return [{ uid, field, value: first }, ...besides(edit)]
}

/** Bodies that an edit settled by saying something else; those that are still listed stay as they are. */
function settledRivals(edit: RegisterEdit, tasks: TaskTable): readonly Write[] {
  const { uid, field } = edit
  const same = sameIn(uid, field)
  const values = aliveIn(tasks.get(uid), field)
  const alive = new Set(values.map(({ value }) => same(value)))
  return [...withoutOwnRivals(edit, values), ...besides(edit).filter(({ value }) => !alive.has(same(value)))]
}

/** What the change itself put beside the shown body goes: the shown one has seen it. */
function withoutOwnRivals({ uid, field, before, after }: RegisterEdit, values: readonly Alive[]): readonly Write[] {
  const same = sameIn(uid, field)
  const shown = shownValue(values)
  if (shown === undefined) return []
  const kept = new Set([shown.value, ...before].map(same))
  const added = new Set(after.map(same))
  const own = values.filter(({ value }) => added.has(same(value)) && !kept.has(same(value)))
  return own.length === 0 ? [] : [{ uid, field, value: shown.value, base: own }]
}

function besides({ uid, field, before }: RegisterEdit): readonly Write[] {
  return before.slice(1).map((value) => ({ uid, field, value, base: [], rank: 'below' as const }))
}

function isSet(field: Field): boolean {
  return field.startsWith(LABEL) || field.startsWith(ASSIGNEE) || field.startsWith(DEPENDENCY)
}
