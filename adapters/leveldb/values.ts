/**
 * What a row in LevelDB looks like: its bytes, then eight more that prove them. The proof covers the key too, because
 * LevelDB does not check its blocks while reading and a flipped bit can give good bytes another row's name.
 *
 *   payload … | 'T' 'M' format kind | crc32 of key, payload and the four before, least byte first
 *
 * It comes last so that stock y-leveldb can read a row: Yjs ignores what follows an update.
 */
import { crc32 } from 'node:zlib'

const FORMAT = 1
const TRAILER = 8
const MAGIC_T = 0x54
const MAGIC_M = 0x4d

export const kinds = { row: 1, snapshot: 2, head: 3, cell: 4, format: 5, problem: 6, kept: 7 } as const
export type Kind = (typeof kinds)[keyof typeof kinds]

export interface Value {
  readonly kind: number
  readonly bytes: Uint8Array
}

/** A copy of the payload with room for the proof, made before the key is known: the caller may reuse its bytes at once. */
export function draft(kind: Kind, payload: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(payload.length + TRAILER)
  value.set(payload)
  const at = payload.length
  value[at] = MAGIC_T
  value[at + 1] = MAGIC_M
  value[at + 2] = FORMAT
  value[at + 3] = kind
  return value
}

/** Completes a draft in place. */
export function seal(key: Buffer, value: Buffer): Buffer {
  const end = value.length - 4
  value.writeUInt32LE(crc32(value.subarray(0, end), crc32(key)), end)
  return value
}

/** Undefined when the bytes are not what was stored under this key. */
export function unseal(key: Buffer, value: Buffer): Value | undefined {
  const at = value.length - TRAILER
  if (at < 0 || value[at] !== MAGIC_T || value[at + 1] !== MAGIC_M || value[at + 2] !== FORMAT) return undefined
  if (value.readUInt32LE(at + 4) !== crc32(value.subarray(0, at + 4), crc32(key))) return undefined
  return { kind: value[at + 3] ?? 0, bytes: new Uint8Array(value.buffer, value.byteOffset, at) }
}

export const payloadLength = (value: Buffer): number => value.length - TRAILER
