/** The checksum that LevelDB writes into its own files: CRC-32C, masked. Node's zlib has only the other polynomial. */

const POLYNOMIAL = 0x82f6_3b78
const MASK_DELTA = 0xa282_ead8
const INITIAL = 0xffff_ffff

export interface Crc32c {
  /** The checksum of one part of a file, as LevelDB stores it. */
  masked(bytes: Uint8Array, begin: number, end: number): number
  /** Where a part ends, of which only the beginning and the checksum are known: `stored` tells it for every end. */
  endOf(bytes: Uint8Array, begin: number, end: number, stored: (end: number) => number): number | undefined
}

export function createCrc32c(): Crc32c {
  const table = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  const extend = (crc: number, byte: number): number => (table[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)
  return {
    masked: (bytes, begin, end) => {
      let crc = INITIAL
      for (let at = begin; at < end; at++) crc = extend(crc, bytes[at] ?? 0)
      return mask(crc)
    },
    endOf: (bytes, begin, end, stored) => {
      let crc = INITIAL
      for (let at = begin; at < end; at++) {
        crc = extend(crc, bytes[at] ?? 0)
        if (mask(crc) === stored(at + 1)) return at + 1
      }
      return undefined
    },
  }
}

/** LevelDB turns and shifts a checksum, since one that is itself part of checked bytes would cancel itself out. */
function mask(crc: number): number {
  const value = ~crc >>> 0
  return (((value >>> 15) | (value << 17)) + MASK_DELTA) >>> 0
}
