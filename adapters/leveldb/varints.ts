/** LevelDB's variable-length numbers: seven bits a byte, least first, the last byte without its top bit. */

export interface VarintReader {
  /** Up to 2^53. */
  number(): number
  take(count: number): Uint8Array
  atEnd(): boolean
  /** False once something was read that is not there. */
  wentWell(): boolean
}

export function createReader(bytes: Uint8Array): VarintReader {
  let at = 0
  return {
    number: () => {
      let value = 0
      for (let factor = 1; at < bytes.length; factor *= 128) {
        const byte = bytes[at++] ?? 0
        value += (byte & 127) * factor
        if (byte < 128) return value
      }
      at = bytes.length + 1
      return value
    },
    take: (count) => {
      at += count
      return bytes.subarray(at - count, at)
    },
    atEnd: () => at >= bytes.length,
    wentWell: () => at <= bytes.length,
  }
}

export function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

export const uint32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
