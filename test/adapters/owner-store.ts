/** The least of a store that has LevelDB's lock: for tests of who gets it. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { TaskError } from '../../src/internal.ts'

const pathOf = (dir: string): string => join(dir, '.tidemark', 'store')

export async function openStore(dir: string): Promise<ClassicLevel> {
  const store = new ClassicLevel(pathOf(dir))
  try {
    await store.open()
    return store
  } catch (cause) {
    const code = cause instanceof Error && cause.cause instanceof Error && 'code' in cause.cause ? cause.cause.code : ''
    if (code === 'LEVEL_LOCKED') throw new TaskError('STORE_LOCKED', { path: pathOf(dir) }, { cause })
    throw cause
  }
}

/** LevelDB writes CURRENT anew at every open. */
export function progressOf(dir: string): string {
  const stats = statSync(join(pathOf(dir), 'CURRENT'), { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.ino} ${stats.mtimeNs}`
}
