/** Reads logs and cells from LevelDB, proven row by row. Writes nothing; what is damaged goes to the book. */
import type { DamageBook } from './damage-book.ts'
import type { Head } from './head.ts'
import { cellKey, cellsRange, decodeKey, END_SEQUENCE, logKeys, logsRange } from './keys.ts'
import { lookUp, scan, unreadable } from './level.ts'
import type { Level } from './level.ts'
import { scannedLog } from './scanned-log.ts'
import type { ScannedLog } from './scanned-log.ts'
import { kinds, unseal } from './values.ts'

/** Cells have no numbers; rows begin at one. In the book a cell stands under its name and this number. */
const CELL = 0
const JUST_BEHIND: Buffer = Buffer.from([0])

export async function readLog(level: Level, log: string, after: number): Promise<ScannedLog> {
  const keys = logKeys(log)
  const from = Math.min(Math.max(0, after + 1), END_SEQUENCE)
  const scanned = await scan(level, { gte: keys.row(from), lte: keys.head })
  // Some rows of a log with a bad place are worth more than none; none at all must not look like an empty log.
  if (scanned.fault !== undefined && scanned.entries.length === 0) throw scanned.fault
  return scannedLog(keys, scanned, from)
}

export async function readCell(
  path: string,
  level: Level,
  name: string,
  book: DamageBook,
): Promise<Uint8Array | undefined> {
  const key = cellKey(name)
  const value = await lookUp(level, key)
  if (value === undefined) return undefined
  const read = unseal(key, value)
  if (read?.kind === kinds.cell) return read.bytes
  const reason = 'a cell whose bytes are not what was stored'
  book.note(name, [{ seq: CELL, reason, kept: value }])
  throw unreadable(path, `${name} is ${reason}`)
}

/** The logs that hold rows. Jumps from log to log, so that long ones cost no more than short ones. */
export async function readNames(level: Level, headOf: (log: string) => Promise<Head>): Promise<readonly string[]> {
  const found: string[] = []
  const iterator = level.keys({ ...logsRange })
  try {
    for (let key = await iterator.next(); key !== undefined; key = await iterator.next()) {
      const [, log, kind] = decodeKey(key) ?? []
      if (typeof log !== 'string' || kind !== 'update') continue
      found.push(log)
      iterator.seek(Buffer.concat([logKeys(log).head, JUST_BEHIND]))
    }
  } finally {
    await iterator.close()
  }
  const alive = await Promise.all(found.map(async (log) => hasRows(await headOf(log))))
  return found.filter((_, index) => alive[index]).sort()
}

export async function cellNames(level: Level): Promise<readonly string[]> {
  const found: string[] = []
  const iterator = level.keys({ ...cellsRange })
  try {
    for (let key = await iterator.next(); key !== undefined; key = await iterator.next()) {
      const [, , name] = decodeKey(key) ?? []
      if (typeof name === 'string') found.push(name)
    }
  } finally {
    await iterator.close()
  }
  return found.sort()
}

const hasRows = ({ first, next }: Head): boolean => next > first
