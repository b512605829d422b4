/**
 * Which files are to be called otherwise because the key of their task is certain now. A name that does not begin with a
 * key of its task was chosen by a person. Reads nothing, writes nothing.
 */
import { keyOf, type Uid } from '../ids.ts'
import { isConfirmed } from '../task/keys.ts'
import type { TaskState } from '../task/registers.ts'
import { numbersOf } from '../task/table.ts'
import { isDeleted } from '../task/view.ts'
import { folded } from './folded.ts'
import type { FileIndex, FileRow } from './file-index.ts'
import type { MirrorHost } from './world.ts'

/** A file that is to stand under another name. */
export interface Wish {
  readonly uid: Uid
  readonly from: string
  readonly to: string
}

type Host = Pick<MirrorHost, 'prefix' | 'tasks' | 'names'>

interface Named {
  readonly folder: string
  /** What comes behind the key. */
  readonly rest: string
}

/** `T-6-x.md` or `T-6.z8-x.md` once the key is T-7: `T-7-x.md`. Undefined where the file is to stay where it is. */
export function renamed(path: string, uid: Uid, host: Host, folder: string): string | undefined {
  const state = host.tasks.get(uid)
  if (state === undefined || !isConfirmed(state) || isDeleted(state)) return undefined
  const named = namedByKey(path, state, host.prefix, folder)
  const key = host.names.keyOf(uid)
  if (named === undefined || key === undefined) return undefined
  const to = `${named.folder}/${key}${named.rest}`
  return to === path ? undefined : to
}

/** A name of the same kind that no other task's file ever gets: where two files have each other's name, one goes there first. */
export function asideOf(path: string, uid: Uid, host: Host, folder: string): string | undefined {
  const state = host.tasks.get(uid)
  const named = state === undefined ? undefined : namedByKey(path, state, host.prefix, folder)
  const [number] = state === undefined ? [] : numbersOf(state)
  if (named === undefined || number === undefined) return undefined
  return `${named.folder}/${keyOf(host.prefix, number, uid)}${named.rest}`
}

/** What the file of this row is to be called. */
export function wishOf(row: FileRow | undefined, host: Host, folder: string): Wish | undefined {
  const [uid, ...others] = row?.uids ?? []
  if (row === undefined || uid === undefined || others.length > 0 || row.state !== 'clean') return undefined
  const to = renamed(row.path, uid, host, folder)
  return to === undefined ? undefined : { uid, from: row.path, to }
}

export function allWishes(index: FileIndex, host: Host, folder: string): readonly Wish[] {
  return [...index.rows.values()].flatMap((row) => wishOf(row, host, folder) ?? [])
}

/** Tasks whose files wait for one of these names. */
export function waitingFor(freed: readonly string[], index: FileIndex, host: Host, folder: string): readonly Uid[] {
  if (freed.length === 0) return []
  const names = new Set(freed.map(folded))
  return allWishes(index, host, folder).flatMap(({ uid, to }) => (names.has(folded(to)) ? [uid] : []))
}

/** Undefined where the name does not begin with a key that this task shows, or has shown. */
function namedByKey(path: string, state: TaskState, prefix: string, folder: string): Named | undefined {
  const name = path.slice(folder.length + 1)
  if (path !== `${folder}/${name}` || name.includes('/') || !name.startsWith(`${prefix}-`)) return undefined
  const match = /^(\d{1,15})(?:\.([0-9a-z]+))?([-.].*)$/s.exec(name.slice(prefix.length + 1))
  if (match === null) return undefined
  const [, digits = '', suffix, rest = ''] = match
  const number = Number(digits)
  const isOwn = number === 0 ? suffix === state.uid : numbersOf(state).includes(number)
  const isSuffix = suffix === undefined || (suffix.length >= LEAST_SUFFIX && state.uid.startsWith(suffix))
  return isOwn && isSuffix && digits === String(number) ? { folder, rest } : undefined
}

/** As short as keys show the start of an id. */
const LEAST_SUFFIX = 2
