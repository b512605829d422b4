/** Updates written by hand, as Yjs would never write them, and documents of Yjs that are played at random. */
import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { judge, type Accepted, type Known } from '../../src/relay/gate.ts'
import type { Refusal, RefusalCode } from '../../src/relay/shape.ts'
import type { Dice } from '../support/dice.ts'

export type Place = readonly [client: number, clock: number]

export interface Struct {
  readonly info: number
  readonly origin?: Place
  readonly rightOrigin?: Place
  /** The name of a root, or the place of a type. */
  readonly parent?: string | Place
  readonly key?: string
  readonly content?: (encoder: encoding.Encoder) => void
}

export interface Section {
  readonly client: number
  readonly clock: number
  readonly structs: readonly Struct[]
  /** How many it says there are. */
  readonly count?: number
}

export type Removed = readonly [client: number, ...ranges: (readonly [clock: number, length: number])[]]

export function updateOf(sections: readonly Section[], removed: readonly Removed[] = []): Uint8Array {
  return bytesOf((encoder) => {
    encoding.writeVarUint(encoder, sections.length)
    for (const { client, clock, structs, count } of sections) {
      encoding.writeVarUint(encoder, count ?? structs.length)
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, clock)
      for (const struct of structs) writeStruct(encoder, struct)
    }
    encoding.writeVarUint(encoder, removed.length)
    for (const [client, ...ranges] of removed) {
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, ranges.length)
      for (const number of ranges.flat()) encoding.writeVarUint(encoder, number)
    }
  })
}

export function bytesOf(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}

export function gc(length: number): Struct {
  return { info: 0, content: (encoder) => encoding.writeVarUint(encoder, length) }
}

export function skip(length: number): Struct {
  return { info: 10, content: (encoder) => encoding.writeVarUint(encoder, length) }
}

export function deleted(length: number, where: Partial<Struct> = { parent: 'r' }): Struct {
  return { ...where, info: 1, content: (encoder) => encoding.writeVarUint(encoder, length) }
}

export function text(words: string, where: Partial<Struct> = { parent: 'r' }): Struct {
  return { ...where, info: 4, content: (encoder) => encoding.writeVarString(encoder, words) }
}

export function values(list: readonly unknown[], where: Partial<Struct> = { parent: 'r' }): Struct {
  return {
    ...where,
    info: 8,
    content(encoder) {
      encoding.writeVarUint(encoder, list.length)
      for (const value of list) encoding.writeAny(encoder, value as never)
    },
  }
}

export function embed(json: string, where: Partial<Struct> = { parent: 'r' }): Struct {
  return { ...where, info: 5, content: (encoder) => encoding.writeVarString(encoder, json) }
}

export function format(key: string, json: string): Struct {
  return {
    parent: 'r',
    info: 6,
    content(encoder) {
      encoding.writeVarString(encoder, key)
      encoding.writeVarString(encoder, json)
    },
  }
}

export function type(kind: number, where: Partial<Struct> = { parent: 'r' }): Struct {
  return { ...where, info: 7, content: (encoder) => encoding.writeVarUint(encoder, kind) }
}

function writeStruct(encoder: encoding.Encoder, { info, origin, rightOrigin, parent, key, content }: Struct): void {
  const marks =
    (origin === undefined ? 0 : 0x80) | (rightOrigin === undefined ? 0 : 0x40) | (key === undefined ? 0 : 0x20)
  encoding.writeUint8(encoder, info | marks)
  for (const number of [...(origin ?? []), ...(rightOrigin ?? [])]) encoding.writeVarUint(encoder, number)
  const isItem = info !== 0 && info !== 10
  if (isItem && origin === undefined && rightOrigin === undefined) {
    encoding.writeVarUint(encoder, typeof parent === 'string' ? 1 : 0)
    if (typeof parent === 'string') encoding.writeVarString(encoder, parent)
    else for (const number of parent ?? [0, 0]) encoding.writeVarUint(encoder, number)
    if (key !== undefined) encoding.writeVarString(encoder, key)
  }
  content?.(encoder)
}

export type Judge = (update: Uint8Array, known: Known) => Accepted | Refusal

/**
 * The gate before a document, and the promise that is kept between the two: nothing waits, and the clocks are what is
 * known. `problem` says what was broken.
 */
export class Guarded {
  readonly doc: Y.Doc = new Y.Doc()
  readonly known: Known = new Map()
  accepted = 0
  problem: string | undefined
  /** Yjs threw where the gate does not claim to see it: see the end of the header of src/relay/gate.ts. Then it is over. */
  isSpoiled = false
  readonly #judge: Judge

  constructor(by: Judge = judge) {
    this.#judge = by
  }

  /** Undefined when it was accepted. */
  hear(update: Uint8Array): RefusalCode | undefined {
    const stood = new Map(this.known)
    const verdict = this.#judge(update, this.known)
    if ('refused' in verdict) {
      if (!areSame(stood, this.known)) this.problem ??= `refused, and what is known has changed: ${hex(update)}`
      return verdict.refused
    }
    this.accepted++
    // A room drops what is nothing new. What that is must change nothing: seen in a copy.
    const doc = verdict.isNew ? this.doc : new Y.Doc()
    if (!verdict.isNew) Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.doc))
    const before = Y.snapshot(doc)
    try {
      Y.applyUpdate(doc, update)
    } catch (cause) {
      if (cause instanceof Error && cause.stack?.includes('at Item.gc') === true) this.isSpoiled = true
      else this.problem ??= `accepted, and Yjs throws ${String(cause)}: ${hex(update)}`
      return undefined
    }
    this.problem ??= this.#problemAfter(update, doc)
    if (!verdict.isNew && !Y.equalSnapshots(before, Y.snapshot(doc)))
      this.problem ??= `said to be nothing new: ${hex(update)}`
    return undefined
  }

  #problemAfter(update: Uint8Array, doc: Y.Doc): string | undefined {
    const { store } = doc
    if (store.pendingStructs !== null || store.pendingDs !== null) return `accepted, and it waits: ${hex(update)}`
    return areSame(this.known, Y.decodeStateVector(Y.encodeStateVector(doc)))
      ? undefined
      : `accepted, and the clocks are others: ${hex(update)}`
  }
}

function areSame(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  return one.size === other.size && [...one].every(([client, clock]) => other.get(client) === clock)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 400)).toString('hex')
}

/** Bits turned, ends cut off, bytes put in, two updates spliced. */
export function mutate(dice: Dice, update: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(update)
  const at = dice.below(bytes.length)
  switch (dice.below(6)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(dice.below(other.length))])
    case 2:
      return Uint8Array.from([...bytes.subarray(0, at), ...dice.bytes(1 + dice.below(4)), ...bytes.subarray(at)])
    case 3:
      bytes[at] = dice.below(256)
      return bytes
    case 4:
      // Small numbers are what most bytes stand for: counts, clocks, kinds.
      bytes[at] = Math.max(0, (bytes[at] ?? 0) + dice.below(5) - 2)
      return bytes
    default:
      for (let turned = 0; turned <= dice.below(3); turned++) {
        const place = dice.below(bytes.length)
        bytes[place] = (bytes[place] ?? 0) ^ (1 << dice.below(8))
      }
      return bytes
  }
}

/** Documents that meet now and then; every update of each is kept, in its order. */
export class Play {
  readonly docs: readonly Y.Doc[]
  /** What each document said itself, in the order in which all of it can be heard. */
  readonly updates: Uint8Array[] = []
  readonly #undo: readonly Y.UndoManager[]
  readonly #dice: Dice

  constructor(dice: Dice, count = 3) {
    this.#dice = dice
    this.docs = Array.from({ length: count }, (_, index) => {
      const doc = new Y.Doc({ gc: index !== 1 })
      doc.clientID = 1 + dice.below(index === 0 ? 120 : 2 ** 32 - 1)
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'heard') this.updates.push(update)
      })
      return doc
    })
    this.#undo = this.docs.map(
      (doc) => new Y.UndoManager([doc.getText('text'), doc.getMap('map'), doc.getArray('list')]),
    )
  }

  step(): void {
    const dice = this.#dice
    const index = dice.below(this.docs.length)
    const doc = this.docs[index]
    const other = this.docs[dice.below(this.docs.length)]
    const undo = this.#undo[index]
    if (doc === undefined || other === undefined || undo === undefined) return
    if (dice.chance(0.2)) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'heard')
    else if (dice.chance(0.1)) undo.undo()
    else if (dice.chance(0.05)) undo.redo()
    else
      doc.transact(() => {
        for (let edits = dice.below(3); edits >= 0; edits--) this.#edit(doc)
      })
    if (dice.chance(0.3)) undo.stopCapturing()
  }

  #edit(doc: Y.Doc): void {
    const dice = this.#dice
    const list = doc.getArray<unknown>('list')
    const map = doc.getMap<unknown>('map')
    const words = doc.getText('text')
    switch (dice.below(10)) {
      case 0:
      case 1:
        return words.insert(dice.below(words.length + 1), dice.pick(['a', 'ünder', '🌊🌊', 'word '.repeat(9)]) ?? '')
      case 2:
        return words.length === 0
          ? undefined
          : words.format(dice.below(words.length), 1, { bold: dice.chance(0.5) ? true : null })
      case 3:
        return words.insertEmbed(dice.below(words.length + 1), { image: ['a\\"b', 1.5e-9, null, { deep: [] }] })
      case 4: {
        const at = dice.below(words.length + 1)
        return words.delete(at, Math.min(words.length - at, 1 + dice.below(4)))
      }
      case 5:
        return void map.set(
          dice.pick(['a', 'b', 'ключ']) ?? '',
          dice.pick([1, 'x', null, [1, [2, { a: -3.25 }]], new Uint8Array(3), 2 ** 40]),
        )
      case 6:
        return dice.chance(0.4)
          ? map.delete(dice.pick(['a', 'b']) ?? '')
          : void map.set('type', new Y.Map([['k', new Y.Array()]]))
      case 7:
        return list.insert(
          dice.below(list.length + 1),
          dice.chance(0.5) ? [1, 'two', { three: 3n }] : [new Y.Text('inner')],
        )
      case 8: {
        const at = dice.below(list.length + 1)
        return list.delete(at, Math.min(list.length - at, 1 + dice.below(2)))
      }
      default:
        return this.#editXml(doc.getXmlFragment('xml'))
    }
  }

  #editXml(xml: Y.XmlFragment): void {
    const dice = this.#dice
    if (xml.length > 3 && dice.chance(0.4)) return xml.delete(dice.below(xml.length), 1)
    const node = new Y.XmlElement('para')
    node.setAttribute('id', 'x')
    node.insert(0, [new Y.XmlText('in it'), new Y.XmlElement('br')])
    // Hooks are made by no one any more, but old documents have them; the types of Yjs do not.
    const added = dice.chance(0.2) ? (new Y.XmlHook('hook') as unknown as Y.XmlElement) : node
    xml.insert(dice.below(xml.length + 1), [added])
  }
}

const client = fc.integer({ min: 1, max: 3 })
const clock = fc.integer({ min: 0, max: 6 })
const place = fc.tuple(client, clock)
const where = fc.oneof(
  fc.record({ parent: fc.constantFrom('r', 's') }),
  fc.record({ parent: fc.constant('m'), key: fc.constantFrom('a', 'b') }),
  fc.record({ origin: place }),
  fc.record({ rightOrigin: place }),
  fc.record({ origin: place, rightOrigin: place }),
  fc.record({ parent: place }),
)
const struct = fc.oneof(
  where.map((at) => text('ab', at)),
  where.map((at) => text('🌊', at)),
  where.map((at) => values([1, [2]], at)),
  where.map((at) => embed('{"a":1}', at)),
  where.map((at) => type(1, at)),
  where.map((at) => type(2, at)),
  fc.constantFrom(1, 2).map((length) => gc(length)),
  where.map((at) => ({ ...at, info: 1, content: (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, 2) })),
  where.map((at) => ({ ...at, info: 10, content: (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, 2) })),
)
const section = fc.record({
  client,
  clock: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: clock }),
  structs: fc.array(struct, { minLength: 1, maxLength: 4 }),
})
/** Few writers, clocks and roots, so that structs meet. */
export const handWritten: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.uniqueArray(section, { maxLength: 3, selector: (one) => one.client }),
    fc.uniqueArray(fc.tuple(client, fc.tuple(clock, fc.integer({ min: 1, max: 3 }))), {
      maxLength: 2,
      selector: ([id]) => id,
    }),
  )
  .map(([sections, removed]) => updateOf(sections, removed))
