/** LevelDB as this adapter uses it: bytes in and out, every write synced, every failure an error that says what LevelDB said. */
import { ClassicLevel } from 'classic-level'
import { TaskError } from '../../src/internal.ts'
import type { KeyRange } from './keys.ts'

export type Level = ClassicLevel<Buffer, Buffer>
export type Entry = readonly [key: Buffer, value: Buffer]
export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

export interface Scan {
  readonly entries: readonly Entry[]
  /** LevelDB met a part that it cannot read; what could be read is there, what is missing is not known. */
  readonly fault: Error | undefined
}

/** How much a scan takes from LevelDB at a time. */
const SCAN_ROWS = 1000
const SCAN_BYTES = 1 << 20

/** No compression: it costs time beside large values, and Yjs updates are packed already. */
export async function openLevel(path: string, { create }: { readonly create: boolean }): Promise<Level> {
  const level: Level = new ClassicLevel(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
    createIfMissing: create,
  })
  try {
    await level.open()
    return level
  } catch (error) {
    throw saysLocked(error) ? lockedError(path, error) : asUnreadable(path, error)
  }
}

/** Whether another process has the store open. Changes nothing: LevelDB gives up after it took the lock. */
export async function isLocked(path: string): Promise<boolean> {
  const level: Level = new ClassicLevel(path, { createIfMissing: false, errorIfExists: true })
  try {
    await level.open()
    await level.close()
    return false
  } catch (error) {
    return saysLocked(error)
  }
}

export async function scan(level: Level, range: KeyRange): Promise<Scan> {
  const entries: Entry[] = []
  const fault = await readAll(level, range, (some) => {
    entries.push(...some)
  })
  return { entries, fault }
}

/** Hands over every row that can be read, in order; returns what LevelDB said of those that cannot. */
export async function readAll(
  level: Level,
  range: Partial<KeyRange>,
  take: (entries: readonly Entry[]) => Promise<void> | void,
): Promise<Error | undefined> {
  let last: Buffer | undefined
  const remember = async (entries: readonly Entry[]): Promise<void> => {
    await take(entries)
    last = entries.at(-1)?.[0] ?? last
  }
  const fault = await readSome(level, range, SCAN_ROWS, remember)
  if (fault === undefined) return undefined
  // A failing call takes the rows with it that came before the bad place: one by one, all that can be read is met.
  return await readSome(level, last === undefined ? range : { ...range, gt: last }, 1, remember)
}

/** Undefined when there is no such row; an error is never taken for that. */
export async function lookUp(level: Level, key: Buffer): Promise<Buffer | undefined> {
  try {
    return await level.get(key)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'LEVEL_NOT_FOUND') return undefined
    throw error
  }
}

/** Whether there is any row in a range, or at all. */
export async function holdsAny(level: Level, range: Partial<KeyRange> = {}): Promise<boolean> {
  const iterator = level.keys({ ...range, limit: 1 })
  try {
    return (await iterator.next()) !== undefined
  } finally {
    await iterator.close()
  }
}

export const lockedError = (path: string, cause?: unknown): TaskError =>
  new TaskError('STORE_LOCKED', { path, holder: 'another process' }, { cause })

export const unreadable = (path: string, reason: string, cause?: unknown): TaskError =>
  new TaskError('STORE_UNREADABLE', { path, reason }, { cause })

/** What LevelDB or the system said, as the error of a store; anything else is a fault of ours and stays what it is. */
export function asUnreadable(path: string, error: unknown): unknown {
  return isOutside(error) ? unreadable(path, reasonOf(error), error) : error
}

export function asUnwritable(path: string, error: unknown): unknown {
  if (!isOutside(error)) return error
  return new TaskError('STORE_UNWRITABLE', { path, reason: reasonOf(error) }, { cause: error })
}

/** Their errors carry codes that say so, and ours do too. */
const isOutside = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof TaskError) && 'code' in error && !String(error.code).startsWith('ERR_')

/** Without the wrapping. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return inner instanceof Error ? inner.message : String(inner)
}

async function readSome(
  level: Level,
  range: Partial<KeyRange> & { readonly gt?: Buffer },
  count: number,
  take: (entries: readonly Entry[]) => Promise<void>,
): Promise<Error | undefined> {
  const iterator = level.iterator({ ...range, highWaterMarkBytes: SCAN_BYTES })
  try {
    for (;;) {
      const some = await nextOf(iterator, count)
      if (some instanceof Error) return some
      if (some.length === 0) return undefined
      await take(some)
    }
  } finally {
    await iterator.close()
  }
}

async function nextOf(
  iterator: { nextv(count: number): Promise<Entry[]> },
  count: number,
): Promise<readonly Entry[] | Error> {
  try {
    return await iterator.nextv(count)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function saysLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
}
