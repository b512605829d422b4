/** Files that are gone: each a deletion of its tasks, unless they are too many to have been meant, or nobody knows yet. */
import type { Uid } from '../ids.ts'
import { whatIsSeen } from '../task/conflicts.ts'
import { BODY, DELETED } from '../task/fields.ts'
import { aliveIn, isSeed, type TaskState, type Write } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import { isDeleted } from '../task/view.ts'
import type { BaseTask } from './base.ts'
import type { FileProblem } from './dangers.ts'
import type { FileIndex, FileRow } from './file-index.ts'
import type { Look } from './looking.ts'
import type { Reading, ReadOptions } from './read-file.ts'
import { isInFiles } from './said.ts'

export const MISSING = 'FILES_MISSING'
const MOST_AT_ONCE = 5
const PART_AT_ONCE = 0.2

export interface Missing {
  /** Taken away on purpose. */
  readonly meant: readonly string[]
  /** Gone with many others, or with a move of version control: nothing is concluded from it. */
  readonly held: readonly string[]
  /** Their tasks are deleted already. */
  readonly buried: readonly string[]
  /** Gone only just now: an editor may be putting them back. */
  readonly waiting: readonly string[]
}

export function judgeMissing(
  index: FileIndex,
  reading: Reading,
  seen: Look,
  options: ReadOptions,
  tasks: Pick<TaskTable, 'get'>,
): Missing {
  const moved = new Set(reading.moved.map(({ from }) => from))
  const isBuried = (path: string): boolean =>
    (index.rows.get(path)?.uids ?? []).every((uid) => {
      const state = tasks.get(uid)
      return state === undefined || isDeleted(state)
    })
  const all = seen.gone.filter((path) => !moved.has(path))
  const buried = all.filter(isBuried)
  const gone = all.filter((path) => !isBuried(path))
  const nothing = { meant: [], held: [], buried, waiting: [] }
  if (options.takesFiles === true) return { ...nothing, meant: gone }
  const fresh = gone.filter((path) => !isMissing(index.rows.get(path)))
  const known = [...index.rows.values()].filter(({ state }) => state !== 'gone').length
  const isMany = gone.length >= MOST_AT_ONCE && gone.length >= known * PART_AT_ONCE
  if (seen.hasMoved || isMany || !seen.hasFolder) return { ...nothing, held: fresh }
  const isSettled = (path: string): boolean => options.isSettled?.(path) === true
  return { ...nothing, meant: fresh.filter(isSettled), waiting: fresh.filter((path) => !isSettled(path)) }
}

/** Known to be missing: it was told. */
export function isMissing(row: { readonly problems: readonly FileProblem[] } | undefined): boolean {
  return row?.problems.some(({ code }) => code === MISSING) === true
}

/** Deletes a task whose file, or whose part of one, is gone; knowing only what that showed. */
export function deletion(
  uid: Uid,
  base: BaseTask | undefined,
  isBodySeen: boolean,
  tasks: TaskTable,
): readonly Write[] {
  const state = tasks.get(uid)
  if (state === undefined || isDeleted(state)) return []
  const saw = base === undefined ? state : seenOnly(state, base, isBodySeen)
  return [{ uid, field: DELETED, value: whatIsSeen(saw) }]
}

/** Of what files show the text's own values, of all else what is there. */
function seenOnly(state: TaskState, base: BaseTask, isBodySeen: boolean): TaskState {
  const registers = new Map(state.registers)
  for (const field of state.registers.keys()) {
    if (field === BODY && !isBodySeen) registers.delete(field)
    if (isInFiles(field)) registers.set(field, base.seen.get(field) ?? aliveIn(state, field).filter(isSeed))
  }
  return { uid: state.uid, registers }
}

export function withoutFile(row: FileRow): FileRow {
  return { ...row, state: 'gone', problems: [] }
}
