/** What is remembered of a file that was read: the text as it stood, and what it consisted of. Reads nothing, writes nothing. */
import type { Uid } from '../ids.ts'
import type { StoreChange } from '../ports.ts'
import { BODY, DELETED, ORDER, SHAPE, type Field } from '../task/fields.ts'
import type { BodyBase } from '../task/body-at.ts'
import { aliveIn, isSeed, type Alive, type TaskState } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import { cellOf, seenIn, withBase, writeRecord, type BaseTask, type FileRecord } from './base.ts'
import type { ReadFile, Reading, ReadTask } from './read-file.ts'
import { isInFiles, sameValue } from './said.ts'
import { seenNow } from './saying.ts'
import type { Bodies } from './world.ts'

/** What the commits of the plans made of them. */
export interface Committed {
  readonly tasks: TaskTable
  /** As they were when the files were read. */
  readonly before: Pick<TaskTable, 'get'>
  readonly bases: ReadonlyMap<Uid, BodyBase>
  /** The values that were written, by task and field. */
  readonly written: ReadonlyMap<Uid, ReadonlyMap<Field, Alive>>
  /** Cells of files that are remembered already, by what they say alone. */
  readonly remembered: ReadonlySet<string>
}

/** What it takes to say what a text consists of. */
export type Readable = Pick<Committed, 'bases' | 'written'> & { readonly tasks: Pick<TaskTable, 'get'> }

/**
 * To be remembered in the commit that takes in what files say: a process that ends right after it must not leave the text to be
 * read a second time, when others' words have come to the document and seem to be missing in it.
 */
export async function rememberEdits(
  files: readonly ReadFile[],
  moved: Reading['moved'],
  done: Readable,
  bodies: Bodies,
): Promise<readonly StoreChange[]> {
  const changes: StoreChange[] = []
  for (const file of files) {
    const bytes = writeRecord(await readRecordOf(file, done, bodies))
    changes.push({ put: cellOf(file.path), bytes })
    for (const { from, to } of moved) if (to === file.path) changes.push({ put: cellOf(from), bytes: new Uint8Array() })
  }
  return changes
}

/** The text as it was read, with what it showed: what it was edited from, and what was written since. */
export async function readRecordOf(file: ReadFile, committed: Readable, bodies: Bodies): Promise<FileRecord> {
  const tasks: BaseTask[] = []
  for (const task of file.tasks) tasks.push(await readTaskOf(task, committed, bodies))
  return withBase(file.record, { text: file.text, how: file.how, tasks })
}

async function readTaskOf(task: ReadTask, { tasks, bases, written }: Readable, bodies: Bodies): Promise<BaseTask> {
  const { uid, said, base, edits } = task
  const state = tasks.get(uid)
  if (base === undefined || edits === undefined) {
    if (state === undefined || isSaidBySeeds(state, task)) return { uid, seen: new Map() }
    return seenNow(state, said, task.hasLiveBody === true ? task.body : undefined, bodies)
  }
  const seen = new Map(base.seen)
  for (const [field, value] of written.get(uid) ?? []) if (isInFiles(field)) seen.set(field, [value])
  for (const [field, value] of said)
    if (!seen.has(field) && state !== undefined) {
      const same = aliveIn(state, field).filter((alive) => sameValue(alive.value, value))
      if (same.length > 0) seen.set(field, same)
      else seen.set(field, seenIn(base, field, value))
    }
  const body = await bodyOf(task, bases.get(uid), () =>
    state === undefined ? Promise.resolve(undefined) : bodies.charactersOf(state, undefined),
  )
  return { uid, seen, ...(body === undefined ? {} : { body }) }
}

/** What the file's own body consists of; an edit that was carried over to another text made another one. */
async function bodyOf(
  { base, edits, body = '', parsed }: ReadTask,
  now: BodyBase | undefined,
  live: () => Promise<BaseTask['body']>,
): Promise<BaseTask['body']> {
  if (edits?.restored !== undefined) return live()
  const isEdited = edits?.body !== undefined
  const { text, name, characters } = isEdited ? (now ?? { text: '' }) : { text: body, ...base?.body }
  if (name === undefined || characters === undefined) return undefined
  if (parsed.body === undefined || parsed.body === text) return { name, characters }
  const { charactersIn } = await import('../task/body-at.ts')
  return { name, characters: charactersIn({ text, name, characters }, parsed.body) }
}

/**
 * A new task of which there is nothing but what its file says: most of a first import. Then the text itself is all there is
 * to remember. Where in doubt, the file is looked at again.
 */
export function isSaidBySeeds(state: TaskState | undefined, { said, body = '' }: ReadTask): boolean {
  if (state === undefined) return false
  let count = 0
  let hasBody = false
  for (const [field, [value, ...others]] of state.registers) {
    if (field === DELETED) return false
    const isBody = field === BODY
    if (!isBody && (!isInFiles(field) || field === SHAPE || field === ORDER)) continue
    if (value === undefined || others.length > 0 || !isSeed(value)) return false
    if (isBody ? value.value !== body : !sameValue(value.value, said.get(field))) return false
    if (isBody) hasBody = true
    else count++
  }
  return count === said.size - (said.has(SHAPE) ? 1 : 0) - (said.has(ORDER) ? 1 : 0) && hasBody === (body !== '')
}
