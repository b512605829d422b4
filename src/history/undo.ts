/** Taking one change back: a new change, made only while everything it set is still as it left it. */
import { TaskError } from '../errors.ts'
import {
  ASSIGNEE,
  BODY,
  BODY_EDITED,
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
import { aliveIn, type Stamp, type Write } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import type { Change, RegisterEdit } from './change.ts'

/** Never taken back by themselves: a body by its characters, a number never. */
const APART = new Set<Field>([BODY_EDITED, NUMBER, CONFIRMED, CREATED])

/** The writes that take the registers of a change back; refuses with CHANGED_SINCE. Bodies are for the caller. */
export function planUndo(change: Change, tasks: TaskTable, keyOf: (uid: string) => string): readonly Write[] {
  for (const edit of change.edits) {
    if (!APART.has(edit.field) && !isAsLeft(edit, tasks, change)) {
      throw new TaskError('CHANGED_SINCE', { key: keyOf(edit.uid), field: publicName(edit.field) })
    }
  }
  if (change.verb === 'create') return undoCreation(change, tasks, keyOf)
  return change.edits.flatMap((edit) =>
    APART.has(edit.field) || (edit.field === BODY && change.texts.length > 0) ? [] : restore(edit),
  )
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

function isAsLeft(edit: RegisterEdit, tasks: TaskTable, change: Change): boolean {
  // A body's register names the text it grew from; its characters are compared one by one when they are taken back.
  if (edit.field === BODY && change.texts.length > 0) return true
  return sameStamps(aliveIn(tasks.get(edit.uid), edit.field), edit.after)
}

/** All values that were alive before: the shown one shown again, the others listed beside it. */
function restore(edit: RegisterEdit): readonly Write[] {
  const { uid, field } = edit
  if (edit.before.length === 0) return [{ uid, field, value: isSet(field) || field === DELETED ? false : null }]
  const [first, ...others] = edit.before
  if (first === undefined) return []
  return [{ uid, field, value: first }, ...others.map((value) => ({ uid, field, value, base: [], beside: true }))]
}

function isSet(field: Field): boolean {
  return field.startsWith(LABEL) || field.startsWith(ASSIGNEE) || field.startsWith(DEPENDENCY)
}

function sameStamps(a: readonly Stamp[], b: readonly Stamp[]): boolean {
  return (
    a.length === b.length &&
    a.every((one) => b.some((other) => one.client === other.client && one.clock === other.clock))
  )
}
