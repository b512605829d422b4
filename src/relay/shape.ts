/**
 * What a Yjs v1 update touches: read from its bytes, without building anything of Yjs. Linear in the bytes; allocates by
 * what it found, never by a number it only read. Believes what Yjs would believe, refuses what would make Yjs throw, or
 * pay far more than the bytes are worth. Knows no document.
 */
import { ByteReader } from './byte-reader.ts'
import { passAny, passJson } from './values.ts'

export interface UpdateShape {
  /** Per writer: its first clock in the update, and the clock after its last struct. Nothing is left out between. */
  readonly writers: ReadonlyMap<number, { readonly from: number; readonly to: number }>
  /** Per writer: the clock after the greatest deleted id. */
  readonly removes: ReadonlyMap<number, number>
  readonly structs: number
  /** Where the structs of each writer stand, in the order of the bytes. */
  readonly sections: readonly Section[]
  /** Where the list of what is deleted begins. */
  readonly removedAt: number
}

export interface Section {
  readonly client: number
  readonly from: number
  readonly to: number
  readonly count: number
  /** Of the structs themselves, in bytes. */
  readonly start: number
  readonly end: number
}

export interface ShapeLimits {
  /** Client ids in one update: each makes every later transaction of Yjs slower. @default 131,072 */
  readonly writers: number
  /** @default 1,048,576 */
  readonly structs: number
  /** Ranges of deleted ids. @default 1,048,576 */
  readonly ranges: number
  /** Values in one struct. Yjs copies all of them where it splits one. @default 1,048,576 */
  readonly values: number
  /** Names of roots: Yjs looks for a root's name by going through all of them. @default 16,384 */
  readonly roots: number
  /** Bytes of the name of a root, a key, a node, a format. @default 4,096 */
  readonly name: number
  /** Bytes of one text, JSON text or run of bytes. @default 16 MiB */
  readonly text: number
  /** How deep lists and objects stand in one another in a value. @default 64 */
  readonly depth: number
  /** How far structs without content (GC, deleted) may bring clocks, together. @default 2^32 */
  readonly blank: number
  /** Values that Yjs copies because neighbouring lists of values become one; it keeps each copy until it is done. @default 2^23 */
  readonly copies: number
}

export const shapeLimits: ShapeLimits = {
  writers: 2 ** 17,
  structs: 2 ** 20,
  ranges: 2 ** 20,
  values: 2 ** 20,
  roots: 2 ** 14,
  name: 4_096,
  text: 16 * 1024 * 1024,
  depth: 64,
  blank: 2 ** 32,
  copies: 2 ** 23,
}

export type RefusalCode =
  | 'malformed'
  | 'too-many'
  | 'too-long'
  | 'too-deep'
  | 'too-costly'
  | 'clock'
  | 'subdocument'
  | 'seed'
  | NotNow
/** What the same client may well say again, a little later or in another way. */
export type NotNow = 'gap' | 'orphan' | 'overlap' | 'bound'

export interface Refusal {
  readonly refused: RefusalCode
  readonly reason: string
}

/** What judging asks beyond the shape: of each struct of a writer of whom something is known already. */
export interface Details {
  readonly known: ReadonlyMap<number, number>
  /**
   * Four numbers each, in the order of the structs: the struct at (client, clock) has to wait for (client, clock), which
   * is of another writer and not known. Only within the update can it come.
   */
  readonly waits: number[]
}

export function readShape(update: Uint8Array, limits: ShapeLimits = shapeLimits): UpdateShape | Refusal {
  return readDetails(new ByteReader(update), limits)
}

export function readDetails(reader: ByteReader, limits: ShapeLimits, details?: Details): UpdateShape | Refusal {
  const shape = new ShapeReader(reader, limits, details)
  shape.read()
  return reader.refusal ?? shape
}

/** Client ids from here on follow from what they stand for; below it is chance. */
export const SEED_RANGE_START: number = 2 ** 32

const CONTENT = 0x1f
const HAS_KEY = 0x20
const HAS_RIGHT_ORIGIN = 0x40
const HAS_ORIGIN = 0x80

const GC = 0
const DELETED = 1
const JSON_VALUES = 2
const BINARY = 3
const TEXT = 4
const EMBED = 5
const FORMAT = 6
const TYPE = 7
const ANY_VALUES = 8
const SUBDOCUMENT = 9
const SKIP = 10
/** Kinds of shared types, and those of them that carry a name. */
const TYPE_COUNT = 7
const NAMED_TYPES: readonly number[] = [3, 5]

/** Of most updates: one is read for every keystroke, so it makes only what it needs. */
const NONE: ReadonlyMap<number, number> = new Map()

class ShapeReader implements UpdateShape {
  readonly writers = new Map<number, Section>()
  #removes: Map<number, number> | undefined
  readonly sections: Section[] = []
  removedAt = 0
  structs = 0
  #ranges = 0
  #blank = 0
  #copies = 0
  /** Place in the row of neighbouring lists of values that Yjs would make one; 0 outside of one. */
  #row = 0
  #roots: Set<string> | undefined
  #root: Uint8Array | undefined
  #client = 0
  #clock = 0
  #known = 0
  readonly #reader: ByteReader
  readonly #limits: ShapeLimits
  readonly #details: Details | undefined

  constructor(reader: ByteReader, limits: ShapeLimits, details: Details | undefined) {
    this.#reader = reader
    this.#limits = limits
    this.#details = details
  }

  get removes(): ReadonlyMap<number, number> {
    return this.#removes ?? NONE
  }

  read(): void {
    const reader = this.#reader
    const writers = reader.count(5, 'writers')
    if (writers > this.#limits.writers) reader.fail('too-many', `${writers} writers`)
    for (let index = 0; index < writers && reader.refusal === undefined; index++) this.#readWriter()
    this.removedAt = reader.at
    const removing = reader.count(4, 'writers of what is deleted')
    for (let index = 0; index < removing && reader.refusal === undefined; index++) this.#readRemoved()
    if (reader.refusal === undefined && reader.left > 0) reader.fail('malformed', 'bytes after the end')
  }

  #readWriter(): void {
    const reader = this.#reader
    const count = reader.count(2, 'structs')
    const client = reader.uint()
    const from = reader.uint()
    this.structs += count
    if (this.structs > this.#limits.structs) reader.fail('too-many', `${this.structs} structs`)
    if (reader.refusal !== undefined) return
    // Yjs would take the last of two sections, and forget the others.
    if (count === 0 || this.writers.has(client))
      return void reader.fail('malformed', 'a writer without structs, or twice')
    this.#client = client
    this.#clock = from
    this.#known = this.#details?.known.get(client) ?? 0
    this.#row = 0
    const start = reader.at
    for (let index = 0; index < count && reader.refusal === undefined; index++) this.#readStruct()
    const section = { client, from, to: this.#clock, count, start, end: reader.at }
    this.writers.set(client, section)
    this.sections.push(section)
  }

  #readStruct(): void {
    const reader = this.#reader
    const info = reader.byte()
    const row = this.#row
    this.#row = 0
    const length =
      (info & CONTENT) === GC || (info & CONTENT) === SKIP ? this.#readBlank(info) : this.#readItem(info, row)
    if (reader.refusal !== undefined) return
    const clock = this.#clock + length
    if (length === 0) return void reader.fail('malformed', 'a struct of no length')
    if (clock > Number.MAX_SAFE_INTEGER) return void reader.fail('clock', 'a clock beyond 2^53')
    // Yjs looks for a neighbour where it cuts an item, and throws when what is known there has been collected.
    // Of a seed that is hostile anyway, see judge.
    if (info !== GC && this.#clock < this.#known && this.#known < clock && this.#client < SEED_RANGE_START)
      return void reader.fail('overlap', `a struct of ${this.#client} that is known in part`)
    this.#clock = clock
  }

  #readBlank(info: number): number {
    if (info === GC) return this.#blankLength()
    if (info === SKIP) return this.#reader.fail('gap', `something of ${this.#client} is left out`)
    return this.#reader.fail('malformed', 'a struct of unknown kind')
  }

  #blankLength(): number {
    const length = this.#reader.uint()
    this.#blank += length
    return this.#blank > this.#limits.blank
      ? this.#reader.fail('clock', `${this.#blank} clocks without content`)
      : length
  }

  #readItem(info: number, row: number): number {
    const reader = this.#reader
    let follows = false
    if ((info & HAS_ORIGIN) !== 0) {
      const client = reader.uint()
      const clock = reader.uint()
      follows = client === this.#client && clock === this.#clock - 1
      if (!follows) this.#standOn(client, clock)
    }
    if ((info & HAS_RIGHT_ORIGIN) !== 0) this.#readPlace()
    if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
      this.#readParent()
      if ((info & HAS_KEY) !== 0) reader.text(this.#limits.name, 'a key')
    }
    return this.#readContent(info & CONTENT, follows ? row : 0)
  }

  #readParent(): void {
    const reader = this.#reader
    const isRoot = reader.uint()
    if (isRoot === 0) this.#readPlace()
    else if (isRoot === 1) this.#readRoot()
    else reader.fail('malformed', 'a parent of unknown kind')
  }

  #readPlace(): void {
    const client = this.#reader.uint()
    this.#standOn(client, this.#reader.uint())
  }

  /** Yjs waits for what others have not written yet; of the writer itself it takes for granted that it is there. */
  #standOn(client: number, clock: number): void {
    if (client === this.#client) {
      if (clock >= this.#clock) this.#reader.fail('malformed', 'a struct that stands on itself, or on later ones')
      return
    }
    const details = this.#details
    if (details !== undefined && clock >= (details.known.get(client) ?? 0))
      details.waits.push(this.#client, this.#clock, client, clock)
  }

  /** Few names stand there often: the last one is compared as bytes. */
  #readRoot(): void {
    const reader = this.#reader
    const from = reader.at
    reader.text(this.#limits.name, 'the name of a root')
    if (reader.refusal !== undefined) return
    const name = reader.bytes.subarray(from, reader.at)
    reader.touched += name.length
    if (this.#root !== undefined && areEqual(name, this.#root)) return
    this.#root = name
    const roots = (this.#roots ??= new Set())
    roots.add(latin1(name))
    if (roots.size > this.#limits.roots) reader.fail('too-many', `${roots.size} roots`)
  }

  #readContent(content: number, row: number): number {
    const reader = this.#reader
    const limits = this.#limits
    switch (content) {
      case DELETED:
        return this.#blankLength()
      case JSON_VALUES:
      case ANY_VALUES:
        return this.#readValues(content, row)
      case BINARY:
        reader.skip(reader.length(limits.text, 'a run of bytes'))
        return 1
      case TEXT:
        return reader.text(limits.text, 'a text')
      case EMBED:
        passJson(reader, limits)
        return 1
      case FORMAT:
        reader.text(limits.name, 'the name of a format')
        passJson(reader, limits)
        return 1
      case TYPE:
        this.#readType()
        return 1
      case SUBDOCUMENT:
        return reader.fail('subdocument', 'a document in the document')
      default:
        return reader.fail('malformed', 'content of unknown kind')
    }
  }

  #readType(): void {
    const type = this.#reader.uint()
    if (type >= TYPE_COUNT) this.#reader.fail('malformed', 'a shared type of unknown kind')
    else if (NAMED_TYPES.includes(type)) this.#reader.text(this.#limits.name, 'the name of a node')
  }

  /**
   * Neighbours that continue one another become one in Yjs, from the last to the first, and each time all values behind are
   * copied: those of the n-th in a row n times.
   */
  #readValues(content: number, row: number): number {
    const reader = this.#reader
    const count = reader.count(1, 'values')
    if (count > this.#limits.values) return reader.fail('too-many', `${count} values in one struct`)
    this.#row = row + 1
    this.#copies += row * count
    if (this.#copies > this.#limits.copies) return reader.fail('too-costly', 'too many neighbouring lists of values')
    for (let index = 0; index < count && reader.refusal === undefined; index++) {
      if (content === ANY_VALUES) passAny(reader, this.#limits)
      else passJson(reader, this.#limits, true)
    }
    return count
  }

  #readRemoved(): void {
    const reader = this.#reader
    const client = reader.uint()
    const count = reader.count(2, 'deleted ranges')
    this.#ranges += count
    if (this.#ranges > this.#limits.ranges) reader.fail('too-many', `${this.#ranges} deleted ranges`)
    if (reader.refusal !== undefined) return
    if (count === 0 || this.removes.has(client)) return void reader.fail('malformed', 'deletions of nothing, or twice')
    let end = 0
    for (let index = 0; index < count && reader.refusal === undefined; index++) {
      const clock = reader.uint()
      const length = reader.uint()
      // Yjs always sorts them. Out of order each would move all structs that stand behind.
      if (length === 0 || clock < end) reader.fail('malformed', 'deleted ranges that are empty or out of order')
      end = clock + length
      if (end > Number.MAX_SAFE_INTEGER) reader.fail('clock', 'a clock beyond 2^53')
    }
    this.#removes ??= new Map()
    this.#removes.set(client, end)
  }
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
