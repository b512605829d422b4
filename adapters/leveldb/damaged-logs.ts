/**
 * A log of the same writes without the damage. LevelDB's own repair takes damaged records without looking at their
 * checksums, and a damaged number would rank old values above new ones; leaving them out whole would lose all commits
 * that shared a sync with one flipped bit. So of those, every row that proves itself is taken, in its place.
 */
import type { Crc32c } from './crc32c.ts'
import { withoutHeaders, readLogFile, writeLogFile } from './log-file.ts'
import { unseal } from './values.ts'
import { createReader } from './varints.ts'
import { numberBehind, storedRecord } from './write-record.ts'

const STORED = 1

export function mendedLog(bytes: Uint8Array, crc: Crc32c): Buffer {
  const { records, spans } = readLogFile(bytes, crc)
  const mended: Uint8Array[] = []
  let [at, number] = [0, 0n]
  // A write that spans blocks has their headers in its middle.
  const stretch = (begin: number, end: number): Buffer =>
    Buffer.concat(withoutHeaders(begin, end).map(([from, to]) => bytes.subarray(from, to)))
  const mendUpTo = (end: number): void => {
    // They had numbers of their own between those of their neighbours; which ones does not matter, their order does.
    for (const { key, value } of provenWrites(stretch(at, end))) {
      mended.push(storedRecord(number++, key, value))
    }
  }
  for (const [index, record] of records.entries()) {
    const [begin, end] = spans[index] ?? [at, at]
    mendUpTo(begin)
    mended.push(record)
    at = end
    number = numberBehind(record)
  }
  mendUpTo(bytes.length)
  return writeLogFile(mended, crc)
}

interface Write {
  readonly key: Buffer
  readonly value: Buffer
}

/** Looks for writes at every byte: what the rest looks like does not matter. */
function provenWrites(bytes: Buffer): readonly Write[] {
  const found: Write[] = []
  for (let at = bytes.indexOf(STORED); at >= 0; at = bytes.indexOf(STORED, at + 1)) {
    const reader = createReader(bytes.subarray(at + 1))
    const key = Buffer.from(reader.take(reader.number()))
    const value = Buffer.from(reader.take(reader.number()))
    if (reader.wentWell() && unseal(key, value) !== undefined) {
      found.push({ key, value })
      at += value.length
    }
  }
  return found
}
