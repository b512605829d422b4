/** What a doctor says of a store: which files, logs and cells are damaged, all of it proven. Changes no more than opening does. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { LogSize, StoreProblem } from '../../src/internal.ts'
import { TaskError } from '../../src/internal.ts'
import { checkFolder } from './folder.ts'
import type { FileDamage } from './folder.ts'
import { halfRepaired } from './opening.ts'
import { openLevelStore } from './store.ts'

export interface StoreReport {
  readonly path: string
  /** Why it cannot be opened, if it cannot: then nothing is known of its logs, and a repair is due. */
  readonly fault: TaskError | undefined
  readonly files: readonly FileDamage[]
  readonly problems: readonly StoreProblem[]
  readonly logs: readonly (LogSize & { readonly name: string })[]
  readonly cells: number
}

/** Reads everything. Throws STORE_LOCKED when the store is in use. Where there is no store, none is made. */
export async function inspectLevelStore(path: string): Promise<StoreReport> {
  // Before opening, which may delete tables. What this says of a folder in use is not asked: opening throws then.
  const { empty, damage: files } = checkFolder(path)
  const nothing = { path, fault: undefined, files, problems: [], logs: [], cells: 0 }
  if (empty && !(existsSync(dirname(resolve(path))) && halfRepaired(path) !== undefined)) return nothing
  try {
    await using store = await openLevelStore(path)
    const logs: (LogSize & { readonly name: string })[] = []
    for (const name of await store.logs()) {
      await passOver(store.read(name))
      logs.push({ name, ...(await store.size(name)) })
    }
    const cells = await store.cells()
    for (const name of cells) await passOver(store.cell(name))
    return { ...nothing, problems: store.problems(), logs, cells: cells.length }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return { ...nothing, fault: error }
  }
}

/** What cannot be read is in the store's own list of problems, or hides behind a damaged file, which is in ours. */
async function passOver(reading: Promise<unknown>): Promise<void> {
  try {
    await reading
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
}

const isUnreadable = (error: unknown): error is TaskError =>
  error instanceof TaskError && (error.code === 'STORE_UNREADABLE' || error.code === 'STORE_TOO_NEW')
