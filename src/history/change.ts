/** One transaction that this workspace saw, as a row of its own durable log. Not part of the document: each workspace has its own. */
import { TaskError } from '../errors.ts'
import { isUid, type Uid } from '../ids.ts'
import type { BodyEdit } from '../task/body.ts'
import { isDeletion } from '../task/conflicts.ts'
import {
  ASSIGNEE,
  BODY,
  CONFIRMED,
  CREATED,
  DELETED,
  DEPENDENCY,
  LABEL,
  nameOf,
  NUMBER,
  ORDER,
  PARENT,
  publicName,
  type Field,
} from '../task/fields.ts'
import type { Stamp, TaskState } from '../task/registers.ts'
import type { Json } from '../task/types.ts'

export type Verb =
  | 'create'
  | 'set'
  | 'move'
  | 'comment'
  | 'delete'
  | 'restore'
  | 'purge'
  | 'resolve'
  | 'undo'
  | 'recover'
  | 'edit'
  | 'putback'
  | 'import'
  | 'remote'
  | 'confirm'
  | 'claim'

/** What happened to one register. */
export interface RegisterEdit {
  readonly uid: Uid
  readonly field: Field
  /** Different values alive before, the shown one first; empty when there was none. */
  readonly before: readonly Json[]
  readonly value: Json
  /** Different values alive afterwards: an undo is only right while these, and no others, are there. */
  readonly after: readonly Json[]
  /** Who holds the value in the document. */
  readonly stamp: Stamp
}

export interface TextEdit extends BodyEdit {
  readonly uid: Uid
}

export interface Change {
  readonly id: string
  readonly at: number
  /** The workspace directory that wrote, and the person or agent if it was named. */
  readonly actor: string
  readonly name: string | null
  readonly verb: Verb
  readonly edits: readonly RegisterEdit[]
  readonly texts: readonly TextEdit[]
  /** Keys at that time, so that old rows read well. */
  readonly keys: Readonly<Record<string, string>>
  readonly undoes: string | null
}

/** One field of one task as people read it. */
export interface ShownEdit {
  readonly uid: Uid
  readonly key: string
  readonly field: string
  readonly before: Json
  readonly after: Json
}

export function writeChange(change: Change): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(change))
}

export function readChange(bytes: Uint8Array): Change {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Change
  } catch (cause) {
    throw new TaskError('DOCUMENT_INVALID', { problem: 'a row of the history is not readable' }, { cause })
  }
}

/** Elements of one set are shown together: what left it, what came in. */
export function shownEdits(change: Change): readonly ShownEdit[] {
  const shown: ShownEdit[] = []
  const sets = new Map<string, { uid: Uid; field: string; left: Json[]; came: Json[] }>()
  for (const edit of change.edits) {
    if (isBookkeeping(edit.field, change)) continue
    const letter = edit.field.slice(0, 1)
    if (letter === LABEL || letter === ASSIGNEE || letter === DEPENDENCY) {
      const name = `${edit.uid}${letter}`
      const set = sets.get(name) ?? { uid: edit.uid, field: publicName(edit.field), left: [], came: [] }
      sets.set(name, set)
      const element =
        letter === DEPENDENCY ? (change.keys[nameOf(edit.field)] ?? nameOf(edit.field)) : nameOf(edit.field)
      ;(edit.value === true ? set.came : set.left).push(element)
      continue
    }
    shown.push({
      ...placed(change, edit.uid),
      field: publicName(edit.field),
      before: shownValue(change, edit.field, edit.before[0] ?? null),
      after: shownValue(change, edit.field, edit.value),
    })
  }
  for (const { uid, field, left, came } of sets.values())
    shown.push({ ...placed(change, uid), field, before: left, after: came })
  for (const text of change.texts) {
    for (const { removed, inserted } of text.splices)
      shown.push({ ...placed(change, text.uid), field: 'body', before: removed, after: inserted })
  }
  return shown
}

function shownValue({ keys }: Change, field: Field, value: Json): Json {
  if (field === DELETED) return isDeletion(value)
  return field === PARENT && typeof value === 'string' ? (keys[value] ?? value) : value
}

/** Keys of all tasks that a change names, dependencies and parents too, so that its row reads well for ever. */
export function keysIn(
  change: Change,
  find: (uid: Uid) => TaskState | undefined,
  keyOf: (state: TaskState) => string,
): Record<string, string> {
  const keys: Record<string, string> = {}
  const named = change.edits.flatMap(({ field, value, before }) => {
    if (field.startsWith(DEPENDENCY)) return [nameOf(field)]
    return field === PARENT ? [value, ...before] : []
  })
  for (const uid of [...touched(change), ...named]) {
    if (typeof uid !== 'string' || !isUid(uid)) continue
    const state = find(uid)
    if (state !== undefined) keys[uid] = keyOf(state)
  }
  return keys
}

/** Every task the change touched. */
export function touched(change: Change): readonly Uid[] {
  return [...new Set([...change.edits.map(({ uid }) => uid), ...change.texts.map(({ uid }) => uid)])]
}

/** Registers that a person did not set and does not read about. */
function isBookkeeping(field: Field, change: Change): boolean {
  if (field === CREATED || field === NUMBER || field === CONFIRMED) return true
  return (field === ORDER && change.verb === 'create') || (field === BODY && change.texts.length > 0)
}

function placed(change: Change, uid: Uid): { uid: Uid; key: string } {
  return { uid, key: change.keys[uid] ?? uid }
}
