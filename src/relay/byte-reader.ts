/**
 * Reads the bytes of an update without believing them. The first thing that cannot be sticks as the refusal, and from then
 * on every number is 0: callers look at `refusal` where they loop, so nothing is thrown and nothing is allocated on the way.
 */
import type { Refusal, RefusalCode } from './shape.ts'

/** A number of 53 bits takes eight bytes of seven; lib0 would read on through any number of them. */
const LONGEST_NUMBER = 8

export class ByteReader {
  at = 0
  refusal: Refusal | undefined = undefined
  /** Bytes looked at, again or for the first time. What shows that reading is linear. */
  touched = 0
  readonly bytes: Uint8Array
  readonly end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.end = bytes.length
  }

  get left(): number {
    return this.end - this.at
  }

  fail(refused: RefusalCode, reason: string): 0 {
    this.refusal ??= { refused, reason }
    this.at = this.end
    return 0
  }

  byte(): number {
    if (this.at >= this.end) return this.fail('malformed', 'the bytes end too early')
    this.touched++
    return this.bytes[this.at++] ?? 0
  }

  uint(): number {
    const first = this.byte()
    return first < 0x80 ? first : this.#longUint(first)
  }

  #longUint(first: number): number {
    let number = first & 0x7f
    let scale = 128
    for (let read = 1; read < LONGEST_NUMBER; read++) {
      const byte = this.byte()
      number += (byte & 0x7f) * scale
      if (byte < 0x80)
        return number <= Number.MAX_SAFE_INTEGER ? number : this.fail('malformed', 'a number beyond 2^53')
      scale *= 128
    }
    return this.fail('malformed', 'a number of too many bytes')
  }

  /** A number of things of which each takes at least so many bytes: more than fit is a lie that Yjs would allocate for. */
  count(leastBytes: number, what: string): number {
    const count = this.uint()
    return count * leastBytes > this.left ? this.fail('too-many', `${count} ${what} in ${this.left} bytes`) : count
  }

  skip(length: number): void {
    if (length > this.left) this.fail('malformed', 'the bytes end too early')
    else this.at += length
  }

  /** The length that stands before some bytes. */
  length(most: number, what: string): number {
    const length = this.uint()
    if (length > this.left) return this.fail('malformed', `${what} ends behind the update`)
    return length > most ? this.fail('too-long', `${what} of ${length} bytes, at most ${most}`) : length
  }

  /** Passes text and gives its length as Yjs counts it, in UTF-16. lib0 throws at what is no UTF-8, so it is no text here. */
  text(most: number, what: string): number {
    const length = this.length(most, what)
    return this.utf8(this.at + length)
  }

  utf8(end: number): number {
    const { bytes } = this
    let at = this.at
    this.touched += end - at
    let units = 0
    while (at < end) {
      const byte = bytes[at] ?? 0
      if (byte < 0x80) {
        at++
        units++
        continue
      }
      const size = sizeOf(byte)
      if (size === 0 || at + size > end || !isSequence(bytes, at, size))
        return this.fail('malformed', 'text that is no UTF-8')
      at += size
      units += size === 4 ? 2 : 1
    }
    this.at = end
    return units
  }
}

function sizeOf(first: number): number {
  if (first >= 0xc2 && first < 0xe0) return 2
  if (first >= 0xe0 && first < 0xf0) return 3
  return first >= 0xf0 && first < 0xf5 ? 4 : 0
}

function isSequence(bytes: Uint8Array, at: number, size: number): boolean {
  const first = bytes[at] ?? 0
  const second = bytes[at + 1] ?? 0
  for (let offset = 1; offset < size; offset++) if (((bytes[at + offset] ?? 0) & 0xc0) !== 0x80) return false
  // Forms longer than needed, halves of surrogate pairs, and what lies beyond the last code point.
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second < 0xa0
  if (first === 0xf0) return second >= 0x90
  return first !== 0xf4 || second < 0x90
}
