/** What a log says of itself, stored beside its rows with every commit: which rows are alive, and how much they hold. */
import { FIRST_SEQUENCE } from './keys.ts'

export interface Head {
  /** The oldest row that counts; what lies below was compacted or removed, even if a repair brings it back. */
  readonly first: number
  /** The number of the next row: it only grows, also when the log is removed. */
  readonly next: number
  /** Whether the row at `first` is a snapshot. */
  readonly compacted: boolean
  /** Of the rows behind the snapshot. */
  readonly bytes: number
  readonly snapshotBytes: number
}

export const emptyHead: Head = {
  first: FIRST_SEQUENCE,
  next: FIRST_SEQUENCE,
  compacted: false,
  bytes: 0,
  snapshotBytes: 0,
}

const LENGTH = 25

export function encodeHead(head: Head): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH)
  bytes.writeUInt32LE(head.first, 0)
  bytes.writeUInt32LE(head.next, 4)
  bytes.writeDoubleLE(head.bytes, 8)
  bytes.writeDoubleLE(head.snapshotBytes, 16)
  bytes[24] = head.compacted ? 1 : 0
  return bytes
}

export function parseHead(bytes: Uint8Array): Head | undefined {
  if (bytes.length !== LENGTH) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const head = {
    first: view.getUint32(0, true),
    next: view.getUint32(4, true),
    compacted: view.getUint8(24) === 1,
    bytes: view.getFloat64(8, true),
    snapshotBytes: view.getFloat64(16, true),
  }
  return head.first <= head.next ? head : undefined
}
