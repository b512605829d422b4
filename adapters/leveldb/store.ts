/**
 * A store in LevelDB: strict where LevelDB and y-leveldb are lenient. What it says is stored was synced, what it
 * returns was proven, what it cannot read is said with a code or kept aside, and one bad row never hides the others.
 */
import { TaskError } from '../../src/internal.ts'
import type { LogSize, Row, Store } from '../../src/internal.ts'
import { createDamageBook } from './damage-book.ts'
import type { DamageBook } from './damage-book.ts'
import type { Head } from './head.ts'
import { FIRST_SEQUENCE } from './keys.ts'
import { asUnreadable } from './level.ts'
import { openChecked } from './opening.ts'
import { cellNames, readCell, readLog, readNames } from './reading.ts'
import { createWriter } from './writer.ts'

export interface LevelStoreOptions {
  /** Told after every sync how many commits it carried. */
  readonly onSync?: (commits: number) => void
}

export interface LevelStore extends Store {
  /** The names of all cells, sorted. */
  cells(): Promise<readonly string[]>
}

/**
 * Makes the folder when there is none. Throws STORE_LOCKED, STORE_UNREADABLE or STORE_TOO_NEW.
 * A store whose write failed takes no more (STORE_UNWRITABLE) until it is opened again; what failed may be there then, whole.
 */
export async function openLevelStore(
  path: string,
  { onSync = () => undefined }: LevelStoreOptions = {},
): Promise<LevelStore> {
  const opened = await openChecked(path)
  const { level, fresh } = opened
  const book: DamageBook = createDamageBook(opened.problems, (operations) => writer.write(operations))
  const writer = createWriter({ path, level, fresh, onSync, onDamage: book.note })
  const reads = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
    if (closing !== undefined) throw closedError()
    const running = read()
    reads.add(running)
    try {
      return await running
    } catch (error) {
      throw asUnreadable(path, error)
    } finally {
      reads.delete(running)
    }
  }

  async function close(): Promise<void> {
    await Promise.allSettled(reads)
    await writer.idle()
    await opened.close()
  }

  return {
    read: (log, { after = FIRST_SEQUENCE - 1 } = {}): Promise<readonly Row[]> =>
      reading(async () => {
        const { rows, damage } = await readLog(level, log, after)
        book.note(log, damage)
        return rows
      }),
    cell: (name) => reading(() => readCell(path, level, name, book)),
    commit: (changes) => (closing === undefined ? writer.commit(changes) : Promise.reject(closedError())),
    cells: () => reading(() => cellNames(level)),
    logs: () => reading(() => readNames(level, writer.headOf)),
    size: (log): Promise<LogSize> => reading(async () => sizeOf(await writer.headOf(log))),
    problems: book.problems,
    [Symbol.asyncDispose]: () => (closing ??= close()),
  }
}

const sizeOf = ({ first, next, compacted, bytes, snapshotBytes }: Head): LogSize => ({
  rows: next - first - (compacted ? 1 : 0),
  bytes,
  snapshotBytes,
})

const closedError = (): TaskError => new TaskError('FAULT', { problem: 'a store was used after it was closed' })
