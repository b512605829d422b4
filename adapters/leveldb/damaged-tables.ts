/** Makes a log of what a damaged table still holds: keys out of order in a table would end the process, a log is sorted. */
import type { Crc32c } from './crc32c.ts'
import { writeLogFile } from './log-file.ts'
import { checkTable, findBlocks, readBlock } from './table-file.ts'
import type { BlockEntry } from './table-file.ts'
import { unseal } from './values.ts'
import { deletedRecord, storedRecord } from './write-record.ts'

/** Behind every key in a table: what the entry is, and LevelDB's own number of the write. */
const TAG = 8
const DELETED = 0

/**
 * Undefined for a sound table. Each entry becomes a write of its own under its old number; what cannot be proven is left
 * out. `lastNumber` is the greatest that any entry can have, if that is known.
 */
export function logOfDamaged(bytes: Uint8Array, crc: Crc32c, lastNumber: number | undefined): Buffer | undefined {
  const { blocks, problems } = checkTable(bytes, crc)
  if (problems.length === 0) return undefined
  const records = new Map<string, Buffer>()
  for (const handle of blocks ?? findBlocks(bytes, crc)) {
    const { sound, entries } = readBlock(bytes, handle, crc)
    for (const entry of entries) {
      const record = recordOf(entry, sound, lastNumber)
      // Where a block is guessed at, an entry can be met several times.
      if (record !== undefined) records.set(record.toString('latin1'), record)
    }
  }
  return writeLogFile([...records.values()], crc)
}

function recordOf(
  { key, value }: BlockEntry,
  sound: boolean,
  lastNumber = Number.MAX_SAFE_INTEGER,
): Buffer | undefined {
  const end = key.length - TAG
  if (end < 0) return undefined
  const name = Buffer.from(key.subarray(0, end))
  const tag = Buffer.from(key.subarray(end)).readBigUInt64LE()
  // A number that was damaged must not rank an old value above new ones; of several, a wrong one may still be believed.
  const number = tag >> 8n > BigInt(lastNumber) ? 0n : tag >> 8n
  // That something was deleted is proven by nothing but its block.
  if (Number(tag & 255n) === DELETED) return sound ? deletedRecord(number, name) : undefined
  return unseal(name, Buffer.from(value)) === undefined ? undefined : storedRecord(number, name, value)
}
