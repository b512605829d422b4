/**
 * Passes over values in an update: lib0's "any", and JSON text. Both walk without recursion, because Yjs, which reads and
 * writes them with recursion, runs out of stack at some depth. Makes no value.
 */
import type { ByteReader } from './byte-reader.ts'

export interface ValueLimits {
  /** How deep lists and objects may stand in one another. */
  readonly depth: number
  /** Bytes of one text, or of one run of bytes, in a value. */
  readonly text: number
}

export function passAny(reader: ByteReader, limits: ValueLimits): void {
  const open: number[] = [] // what is still to come: of a list above 0, of an object below 0
  for (;;) {
    const count = passOne(reader, limits, open.length)
    if (reader.refusal !== undefined) return
    if (count !== 0) open.push(count)
    else if (!goOn(open)) return
    if ((open.at(-1) ?? 0) < 0) reader.text(limits.text, 'a key')
  }
}

/** One value was passed: is there another? */
function goOn(open: number[]): boolean {
  for (;;) {
    const last = open.pop()
    if (last === undefined) return false
    const left = last > 0 ? last - 1 : last + 1
    if (left === 0) continue
    open.push(left)
    return true
  }
}

/** Gives what a list (above 0) or an object (below 0) is to be followed by. */
function passOne(reader: ByteReader, { text, depth }: ValueLimits, level: number): number {
  const kind = reader.byte()
  if ((kind === 118 || kind === 117) && level >= depth) return reader.fail('too-deep', `a value deeper than ${depth}`)
  switch (kind) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return 0
    case 125:
      return passInteger(reader)
    case 124: // float
      reader.skip(4)
      return 0
    case 123: // double
    case 122: // big integer
      reader.skip(8)
      return 0
    case 119:
      reader.text(text, 'a text')
      return 0
    case 118:
      return -reader.count(2, 'keys')
    case 117:
      return reader.count(1, 'elements')
    case 116:
      reader.skip(reader.length(text, 'a run of bytes'))
      return 0
    default:
      return reader.fail('malformed', 'a value of unknown kind')
  }
}

function passInteger(reader: ByteReader): 0 {
  let byte = reader.byte()
  let number = byte & 0x3f
  let scale = 64
  for (let read = 1; byte >= 0x80; read++) {
    if (read === 8) return reader.fail('malformed', 'a number of too many bytes')
    byte = reader.byte()
    number += (byte & 0x7f) * scale
    scale *= 128
  }
  return number <= Number.MAX_SAFE_INTEGER ? 0 : reader.fail('malformed', 'a number beyond 2^53')
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const LIST = 0x5b
const LIST_END = 0x5d
const OBJECT = 0x7b
const OBJECT_END = 0x7d
const BACKSLASH = 0x5c
const UNDEFINED = 'undefined'
/** JSON in the middle of a structure that it opened: it wants a value next, or has had one. */
type Next = 'value' | 'rest'

/** JSON text with its length before it: exactly what JSON.parse takes. `orUndefined`: also the word that Yjs writes for it. */
export function passJson(reader: ByteReader, limits: ValueLimits, orUndefined = false): void {
  const length = reader.length(limits.text, 'a JSON text')
  const start = reader.at
  reader.utf8(start + length)
  if (reader.refusal !== undefined) return
  const { bytes } = reader
  const end = start + length
  reader.touched += length
  if (orUndefined && isWord(bytes, start, end, UNDEFINED) && length === UNDEFINED.length) return
  const problem = new JsonScan(bytes, start, end, limits.depth).problem()
  if (problem === 'deep') reader.fail('too-deep', `JSON deeper than ${limits.depth}`)
  else if (problem !== undefined) reader.fail('malformed', 'text that is no JSON')
}

class JsonScan {
  #at: number
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #depth: number
  /** For each open list or object, how it ends. */
  readonly #open: number[] = []

  constructor(bytes: Uint8Array, at: number, end: number, depth: number) {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    this.#depth = depth
  }

  problem(): 'wrong' | 'deep' | undefined {
    let next: Next | undefined = 'value'
    while (next !== undefined) {
      next = next === 'value' ? this.#value() : this.#rest()
      if (this.#open.length > this.#depth) return 'deep'
      if (next === 'rest' && this.#open.length === 0) return this.#peek() === -1 ? undefined : 'wrong'
    }
    return 'wrong'
  }

  #value(): Next | undefined {
    const first = this.#peek()
    if (first === LIST || first === OBJECT) return this.#opened(first)
    if (first === QUOTE) return this.#string() ? 'rest' : undefined
    for (const word of ['true', 'false', 'null']) {
      if (!isWord(this.#bytes, this.#at, this.#end, word)) continue
      this.#at += word.length
      return 'rest'
    }
    return this.#number() ? 'rest' : undefined
  }

  #opened(first: number): Next | undefined {
    this.#at++
    const last = first === LIST ? LIST_END : OBJECT_END
    this.#open.push(last)
    if (this.#peek() === last) return 'rest'
    return first === LIST || this.#key() ? 'value' : undefined
  }

  #rest(): Next | undefined {
    const last = this.#open.at(-1)
    const byte = this.#peek()
    this.#at++
    if (byte === last) {
      this.#open.pop()
      return 'rest'
    }
    return byte === COMMA && (last === LIST_END || this.#key()) ? 'value' : undefined
  }

  #key(): boolean {
    if (this.#peek() !== QUOTE || !this.#string() || this.#peek() !== COLON) return false
    this.#at++
    return true
  }

  /** The next byte that is no blank; -1 at the end. */
  #peek(): number {
    for (; this.#at < this.#end; this.#at++) {
      const byte = this.#bytes[this.#at] ?? 0
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
    }
    return -1
  }

  #string(): boolean {
    this.#at++
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at++] ?? 0
      if (byte === QUOTE) return true
      if (byte < 0x20) return false
      if (byte === BACKSLASH && !this.#escaped()) return false
    }
    return false
  }

  #escaped(): boolean {
    const letter = this.#at < this.#end ? String.fromCharCode(this.#bytes[this.#at++] ?? 0) : ''
    if (letter !== 'u') return letter !== '' && '"\\/bfnrt'.includes(letter)
    for (let count = 0; count < 4; count++)
      if (this.#at >= this.#end || !isHex(this.#bytes[this.#at++] ?? 0)) return false
    return true
  }

  #number(): boolean {
    if (this.#here() === 0x2d) this.#at++
    if (this.#here() === 0x30) this.#at++
    else if (!this.#digits()) return false
    if (this.#here() === 0x2e) {
      this.#at++
      if (!this.#digits()) return false
    }
    if (this.#here() !== 0x65 && this.#here() !== 0x45) return true
    this.#at++
    if (this.#here() === 0x2b || this.#here() === 0x2d) this.#at++
    return this.#digits()
  }

  #digits(): boolean {
    const from = this.#at
    while (this.#here() >= 0x30 && this.#here() <= 0x39) this.#at++
    return this.#at > from
  }

  #here(): number {
    return this.#at < this.#end ? (this.#bytes[this.#at] ?? 0) : -1
  }
}

function isHex(byte: number): boolean {
  const low = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (low >= 0x61 && low <= 0x66)
}

function isWord(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (at + word.length > end) return false
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return false
  return true
}
