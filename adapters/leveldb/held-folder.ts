/** Holds a store's lock without opening the store, so that its files can be handled while nobody else may. */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { claimFolder } from './claimed-folders.ts'
import { isLocked, lockedError, openLevel } from './level.ts'
import { TaskError } from '../../src/internal.ts'

/**
 * Throws STORE_LOCKED when the store is in use. Node has no such locks, LevelDB has: an empty database elsewhere, whose
 * lock file is a link to this one's, takes exactly the lock that an opening of the store would take.
 */
export async function holdFolder(path: string): Promise<AsyncDisposable> {
  const claim = claimFolder(path)
  try {
    const held = await takeLock(path)
    return {
      [Symbol.asyncDispose]: async () => {
        await held()
        claim.release()
      },
    }
  } catch (error) {
    claim.release()
    throw error
  }
}

async function takeLock(path: string): Promise<() => Promise<void>> {
  if (process.platform === 'win32') {
    // Links take privileges there, and a folder with an open file cannot be renamed: the moment must do.
    if (await isLocked(path)) throw lockedError(path)
    return async () => undefined
  }
  const aside = await mkdtemp(join(tmpdir(), 'tide-lock-'))
  const removed = (): Promise<void> => rm(aside, { recursive: true, force: true })
  try {
    await symlink(resolve(path, 'LOCK'), join(aside, 'LOCK'))
    const level = await openLevel(aside, { create: true })
    return async () => {
      await level.close()
      await removed()
    }
  } catch (error) {
    await removed()
    throw error instanceof TaskError && error.code === 'STORE_LOCKED' ? lockedError(path, error.cause) : error
  }
}
