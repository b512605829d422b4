/**
 * One store per folder in this process. The kernel frees LevelDB's lock as soon as the process closes any handle of the
 * lock file, and LevelDB opens and closes one even to find out that it holds the lock itself: a second opening would be
 * refused, and would let every other process in. So it is refused here, before LevelDB is asked.
 */
import { statSync } from 'node:fs'
import { TaskError } from '../../src/internal.ts'

/** The kernel keeps those locks per process, therefore so must this: the one state of a module that is not a value. */
const claimed = new Set<string>()

export interface Claim {
  /** Harmless when done twice. */
  release(): void
}

/** The folder must exist. Other names for it (links, mounts) are the same folder. */
export function claimFolder(path: string): Claim {
  const { dev, ino } = statSync(path, { bigint: true })
  const id = `${dev}:${ino}`
  if (claimed.has(id)) throw new TaskError('STORE_LOCKED', { path, holder: 'this process' })
  claimed.add(id)
  let held = true
  return {
    release: () => {
      if (held) claimed.delete(id)
      held = false
    },
  }
}
