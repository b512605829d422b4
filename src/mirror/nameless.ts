/** A file that was moved, and does not name its task: which of the files that are gone it was, by what they held. */
import type { Uid } from '../ids.ts'
import type { FileRecord } from './base.ts'

/** Version control brings texts back that had no ids yet, and people move them. */
export interface GoneFile {
  readonly path: string
  readonly record: FileRecord
}

/**
 * The tasks of the one gone file that held this text; undefined where none did, or several. A text that is merely like one
 * may be a new task made of it.
 */
export function tasksOfGone(text: string, gone: readonly GoneFile[]): readonly Uid[] | undefined {
  const same = gone.filter(({ record }) => record.bases.some((base) => base.text === text))
  const [only] = same
  return same.length === 1 ? only?.record.bases.at(-1)?.tasks.map(({ uid }) => uid) : undefined
}
