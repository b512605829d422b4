/**
 * The names of rows in LevelDB. Rows of logs lie where y-leveldb keeps the updates of a document, in its own encoding
 * (written out here, because importing it loads its database and yjs); everything else lies where it never looks.
 */
import { varint } from './varints.ts'

export type KeyPart = string | number

export type KeyRange = { readonly gte: Buffer } & ({ readonly lt: Buffer } | { readonly lte: Buffer })

const STRING = 0
const UINT32 = 1

/** y-leveldb reads the sequence numbers below this one, so a row at it belongs to a log and is unseen by y-leveldb. */
export const END_SEQUENCE = 0xffff_ffff
export const FIRST_SEQUENCE = 1

export function encodeKey(parts: readonly KeyPart[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? encodeText(part) : encodeNumber(part))))
}

/** Undefined for bytes that are no key of this encoding: a damaged file can hold any. */
export function decodeKey(key: Buffer): readonly KeyPart[] | undefined {
  const parts: KeyPart[] = []
  let at = 0
  while (at < key.length) {
    const type = key[at++]
    if (type === UINT32 && at + 4 <= key.length) {
      parts.push(key.readUInt32BE(at))
      at += 4
    } else if (type === STRING) {
      const length = readVarUint(key, at)
      if (length === undefined || length.end + length.value > key.length) return undefined
      at = length.end + length.value
      parts.push(key.toString('utf8', length.end, at))
    } else return undefined
  }
  return parts
}

/** The keys of one log. */
export interface LogKeys {
  row(seq: number): Buffer
  /** Where the log keeps its own measures: behind its last row, so that one scan meets both. */
  readonly head: Buffer
  /** The number in the key of a row. */
  sequenceIn(key: Buffer): number
}

export function logKeys(log: string): LogKeys {
  // The number follows in four bytes, greatest first.
  const prefix = Buffer.concat([encodeKey(['v1', log, 'update']), Buffer.from([UINT32])])
  const row = (seq: number): Buffer => {
    const key = Buffer.allocUnsafe(prefix.length + 4)
    prefix.copy(key)
    key.writeUInt32BE(seq, prefix.length)
    return key
  }
  return {
    row,
    head: row(END_SEQUENCE),
    sequenceIn: (key) => (key.length < prefix.length + 4 ? END_SEQUENCE : key.readUInt32BE(prefix.length)),
  }
}

/** All rows of all logs. */
export const logsRange: KeyRange = { gte: encodeText('v1'), lt: encodeText('v2') }

export const cellKey = (name: string): Buffer => encodeKey(['tidemark', 'cell', name])
export const cellsRange: KeyRange = { gte: encodeKey(['tidemark', 'cell']), lt: encodeKey(['tidemark', 'celm']) }
export const formatKey: Buffer = encodeKey(['tidemark', 'format'])
export const problemKey = (log: string, seq: number, reason: string): Buffer =>
  encodeKey(['tidemark', 'problem', log, seq, reason])
export const keptKey = (log: string, seq: number): Buffer => encodeKey(['tidemark', 'kept', log, seq])
export const problemsRange: KeyRange = {
  gte: encodeKey(['tidemark', 'problem']),
  lt: encodeKey(['tidemark', 'problen']),
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([STRING, ...varint(bytes.length)]), bytes])
}

function encodeNumber(value: number): Buffer {
  const bytes = Buffer.from([UINT32, 0, 0, 0, 0])
  bytes.writeUInt32BE(value, 1)
  return bytes
}

function readVarUint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  let factor = 1
  for (let at = from; at < bytes.length && at < from + 5; at++, factor *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte & 127) * factor
    if (byte < 128) return { value, end: at + 1 }
  }
  return undefined
}
