/**
 * LevelDB's log format (its write-ahead log and its MANIFEST), read strictly. LevelDB itself, as the binding opens it,
 * drops damaged records without a word, writes what is left into a table and deletes the log: so it is read here first.
 *
 *   blocks of 32 KiB, each a row of: checksum (4) · length (2) · type (1) · payload
 *   types: 1 whole · 2 first, 3 middle, 4 last part of a record
 */
import type { Crc32c } from './crc32c.ts'
import { uint32At } from './varints.ts'

export interface LogFile {
  readonly records: readonly Uint8Array[]
  /** Where each begins and ends in the file. */
  readonly spans: readonly (readonly [number, number])[]
  readonly damage: readonly { readonly offset: number; readonly reason: string }[]
  /** Bytes at the end that belong to a write which was never finished: normal after a crash. */
  readonly unfinishedBytes: number
}

const BLOCK = 32_768
const HEADER = 7
const WHOLE = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

interface Reading {
  readonly bytes: Uint8Array
  readonly crc: Crc32c
  readonly records: Uint8Array[]
  readonly spans: (readonly [number, number])[]
  /** Where the record began whose end is still to come. */
  begin: number
  readonly damage: { readonly offset: number; readonly reason: string }[]
  /** The parts of a record whose end is still to come. */
  parts: Uint8Array[] | undefined
  /** After damage the parts of a record whose beginning is lost mean nothing. */
  lost: boolean
}

type Step = { readonly next: number } | { readonly unfinished: true }

export function readLogFile(bytes: Uint8Array, crc: Crc32c): LogFile {
  const reading: Reading = { bytes, crc, records: [], spans: [], begin: 0, damage: [], parts: undefined, lost: false }
  let at = 0
  while (at < bytes.length) {
    const step = readPart(reading, at)
    if ('unfinished' in step) break
    at = step.next
  }
  const { records, spans, damage, parts } = reading
  const open = (parts ?? []).reduce((sum, part) => sum + part.length, 0)
  return { records, spans, damage, unfinishedBytes: Math.max(0, bytes.length - at) + open }
}

/** A log of the same records, with nothing that is damaged or unfinished. */
export function writeLogFile(records: readonly Uint8Array[], crc: Crc32c): Buffer {
  const parts: Uint8Array[] = []
  let at = 0
  const write = (bytes: Uint8Array): void => {
    parts.push(bytes)
    at += bytes.length
  }
  for (const record of records) {
    for (let from = 0, begun = false, ended = false; !ended; begun = true) {
      const left = BLOCK - (at % BLOCK)
      if (left < HEADER) write(new Uint8Array(left))
      const end = Math.min(record.length, from + BLOCK - (at % BLOCK) - HEADER)
      ended = end === record.length
      write(part(record.subarray(from, end), begun ? (ended ? LAST : MIDDLE) : ended ? WHOLE : FIRST, crc))
      from = end
    }
  }
  return Buffer.concat(parts)
}

function part(payload: Uint8Array, type: number, crc: Crc32c): Uint8Array {
  const bytes = Buffer.alloc(HEADER + payload.length)
  bytes.writeUInt16LE(payload.length, 4)
  bytes[6] = type
  bytes.set(payload, HEADER)
  bytes.writeUInt32LE(crc.masked(bytes, 6, bytes.length), 0)
  return bytes
}

function readPart(reading: Reading, at: number): Step {
  const { bytes, crc } = reading
  const blockEnd = at - (at % BLOCK) + BLOCK
  if (blockEnd - at < HEADER) return { next: blockEnd }
  if (bytes.length - at < HEADER) return { unfinished: true }
  const stored = uint32At(bytes, at)
  const length = byte(bytes, at + 4) | (byte(bytes, at + 5) << 8)
  const type = byte(bytes, at + 6)
  const end = at + HEADER + length
  if (end > Math.min(blockEnd, bytes.length)) {
    // A write that was cut short, unless what is there is a whole one whose length was damaged.
    const cut = end <= blockEnd && crc.endOf(bytes, at + 6, bytes.length, () => stored) === undefined
    return cut ? { unfinished: true } : damaged(reading, at, blockEnd, 'a length is wrong')
  }
  if (type === 0 && length === 0 && isZero(bytes, at)) return { unfinished: true }
  if (crc.masked(bytes, at + 6, end) !== stored) return damaged(reading, at, blockEnd, 'a checksum does not fit')
  take(reading, at, type, bytes.subarray(at + HEADER, end))
  return { next: end }
}

function take(reading: Reading, at: number, type: number, payload: Uint8Array): void {
  const end = at + HEADER + payload.length
  const report = (reason: string): void => void reading.damage.push({ offset: at, reason })
  const finish = (record: Uint8Array): void => {
    reading.records.push(record)
    reading.spans.push([reading.begin, end])
    reading.parts = undefined
  }
  if (type === WHOLE || type === FIRST) {
    if (reading.parts !== undefined) report('a write has no end')
    reading.lost = false
    reading.begin = at
    if (type === WHOLE) finish(payload)
    else reading.parts = [payload]
  } else if (type !== MIDDLE && type !== LAST) report('a record of an unknown type')
  else if (reading.parts !== undefined) {
    reading.parts.push(payload)
    if (type === LAST) finish(Buffer.concat(reading.parts))
  } else if (!reading.lost) report('a write has no beginning')
}

/** Where the next record begins cannot be known before the next block. */
function damaged(reading: Reading, offset: number, blockEnd: number, reason: string): Step {
  reading.damage.push({ offset, reason })
  reading.parts = undefined
  reading.lost = true
  return { next: blockEnd }
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}

/** The parts of a stretch of a log that are no header at the beginning of a block. */
export function withoutHeaders(begin: number, end: number): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = []
  for (let at = begin; at < end;) {
    const blockEnd = at - (at % BLOCK) + BLOCK
    const from = at % BLOCK === 0 ? at + HEADER : at
    found.push([Math.min(from, end), Math.min(blockEnd, end)])
    at = blockEnd
  }
  return found
}
