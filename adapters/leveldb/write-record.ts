/** A record of LevelDB's log with one write: number (8, least byte first) · count (4) · what it is · key, and value, with lengths. */
import { varint } from './varints.ts'

const HEADER_BYTES = 12
const DELETED = 0
const STORED = 1

export function storedRecord(number: bigint, key: Uint8Array, value: Uint8Array): Buffer {
  return Buffer.concat([header(number), Buffer.from([STORED]), sized(key), sized(value)])
}

export function deletedRecord(number: bigint, key: Uint8Array): Buffer {
  return Buffer.concat([header(number), Buffer.from([DELETED]), sized(key)])
}

/** The number behind those that a record of any length used. */
export function numberBehind(record: Uint8Array): bigint {
  const view = new DataView(record.buffer, record.byteOffset, record.length)
  return record.length < HEADER_BYTES ? 0n : view.getBigUint64(0, true) + BigInt(view.getUint32(8, true))
}

function header(number: bigint): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeBigUInt64LE(number, 0)
  bytes.writeUInt32LE(1, 8)
  return bytes
}

const sized = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(varint(bytes.length)), bytes])
