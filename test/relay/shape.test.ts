/** The shape of an update, read from its bytes: what is refused whatever document it is for. */
import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { ByteReader } from '../../src/relay/byte-reader.ts'
import { readDetails, readShape, shapeLimits, type ShapeLimits } from '../../src/relay/shape.ts'
import {
  deleted,
  embed,
  format,
  gc,
  skip,
  text,
  type,
  updateOf,
  values,
  type Removed,
  type Section,
  type Struct,
} from './hostile.ts'

function refusalOf(update: Uint8Array, limits: Partial<ShapeLimits> = {}): string | undefined {
  const shape = readShape(update, { ...shapeLimits, ...limits })
  return 'refused' in shape ? shape.refused : undefined
}

/** By writer 1, from clock 0. */
function of(...structs: readonly Struct[]): Uint8Array {
  return updateOf([{ client: 1, clock: 0, structs }])
}

/** One after the other, so that Yjs makes them one. */
function neighbours(count: number): Uint8Array {
  return of(
    ...Array.from({ length: count }, (_, clock) =>
      values([7], clock === 0 ? { parent: 'r' } : { origin: [1, clock - 1] }),
    ),
  )
}

describe('what an update touches', () => {
  it('[J1] writers with their first and next clock, what others stand on, what is deleted', () => {
    const update = updateOf(
      [
        {
          client: 9,
          clock: 4,
          structs: [text('héllo', { origin: [2, 6] }), gc(10), values([1, 2], { rightOrigin: [3, 1] })],
        },
        {
          client: 7,
          clock: 0,
          structs: [type(1, { parent: 'r', key: 'k' }), text('x', { parent: [7, 0] }), embed('{}', { parent: [2, 3] })],
        },
      ],
      [[9, [0, 3], [5, 2]]],
    )
    const shape = readShape(update)
    expect(shape).toMatchObject({
      writers: new Map([
        [9, { from: 4, to: 21 }],
        [7, { from: 0, to: 3 }],
      ]),
      removes: new Map([[9, 7]]),
      structs: 6,
    })
  })

  it('[J1] every kind of content has the length that Yjs gives it', () => {
    const doc = new Y.Doc()
    const struct = [
      deleted(3),
      {
        ...values([]),
        info: 2,
        content: (encoder: encoding.Encoder) => {
          encoding.writeVarUint(encoder, 3)
          for (const json of ['undefined', '{"a":[1,"\\u00e9"]}', ' null ']) encoding.writeVarString(encoder, json)
        },
      },
      {
        ...values([]),
        info: 3,
        content: (encoder: encoding.Encoder) => encoding.writeVarUint8Array(encoder, new Uint8Array(300)),
      },
      text('a🌊б'),
      embed('[{"x":-0.5e3}]'),
      format('bold', 'true'),
      ...[0, 1, 2, 4, 6].map((kind) => type(kind)),
      {
        ...values([]),
        info: 7,
        content: (encoder: encoding.Encoder) => {
          encoding.writeVarUint(encoder, 3)
          encoding.writeVarString(encoder, 'node')
        },
      },
      values([undefined, null, -1, 2 ** 40, 0.5, 1e-300, 5n, true, false, 'ü', { a: [{}], b: [] }, new Uint8Array(2)]),
      gc(2),
    ]
    const shape = readShape(of(...struct))
    Y.applyUpdate(doc, of(...struct))
    expect('refused' in shape ? shape : shape.writers.get(1)?.to).toBe(Y.getState(doc.store, 1))
  })

  it('[J19] reading costs in proportion to the bytes, whatever they say', () => {
    const costOf = (update: Uint8Array): number => {
      const reader = new ByteReader(update)
      readDetails(reader, shapeLimits, { known: new Map(), waits: [] })
      return reader.touched / update.length
    }
    const long = 'word '.repeat(50_000)
    const many = Array.from({ length: 20_000 }, (_, index) => text('a', { parent: `root ${index % 300}` }))
    const costs = [
      of(text(long)),
      of(embed(JSON.stringify([long]))),
      of(...many),
      of(values([Array.from({ length: 999 }, () => ({ a: [1] }))])),
      neighbours(3_000),
    ].map(costOf)
    for (const cost of costs) expect(cost).toBeLessThanOrEqual(3)
    expect(costOf(of(...many, ...many)) - costOf(of(...many))).toBeLessThan(0.1)
  })
})

describe('refused for good', () => {
  it('[J5] counts that the bytes cannot hold are refused before anything is made for them', () => {
    // Seven bytes for which Yjs makes a list of 33 million places.
    expect(refusalOf(Uint8Array.from([1, 0xff, 0xff, 0xff, 0x0f, 1, 0]))).toBe('too-many')
    expect(refusalOf(Uint8Array.from([0xff, 0xff, 0xff, 0x0f, 1, 1, 0]))).toBe('too-many')
    expect(refusalOf(Uint8Array.from([0, 0xff, 0xff, 0x0f, 1, 1, 0, 1]))).toBe('too-many')
    expect(refusalOf(updateOf([{ client: 1, clock: 0, structs: [gc(1)], count: 9 }]))).toBe('too-many')
    const lists = (kind: number, byte: number): Struct => ({
      parent: 'r',
      info: kind,
      content(encoder) {
        if (kind === 8) encoding.writeVarUint(encoder, 1)
        if (kind === 8) encoding.writeUint8(encoder, byte)
        encoding.writeVarUint(encoder, 2 ** 31)
      },
    })
    expect([lists(8, 117), lists(8, 118), lists(2, 0)].map((struct) => refusalOf(of(struct)))).toEqual(
      Array(3).fill('too-many'),
    )
  })

  it.each<[keyof ShapeLimits, Uint8Array, number]>([
    [
      'writers',
      updateOf([
        { client: 2, clock: 0, structs: [gc(1)] },
        { client: 1, clock: 0, structs: [gc(1)] },
      ]),
      2,
    ],
    ['structs', of(gc(1), gc(1), gc(1)), 3],
    [
      'ranges',
      updateOf(
        [],
        [
          [1, [0, 1], [2, 1]],
          [3, [0, 1]],
        ],
      ),
      3,
    ],
    ['values', of(values([1, 2, 3])), 3],
    ['roots', of(text('a', { parent: 'one' }), text('a', { parent: 'two' }), text('a', { parent: 'one' })), 2],
  ])('[J6] of %s no more than the limit', (name, update, count) => {
    expect(refusalOf(update, { [name]: count })).toBeUndefined()
    expect(refusalOf(update, { [name]: count - 1 })).toBe('too-many')
  })

  it('[J7] texts, names and keys are bounded', () => {
    expect(refusalOf(of(text('x'.repeat(100), { parent: 'r' })), { text: 100 })).toBeUndefined()
    const long = 'x'.repeat(101)
    const texts = [
      text(long),
      embed(`"${long}"`),
      values([long]),
      values([new Uint8Array(101)]),
      values([{ [long]: 1 }]),
      format('b', `"${long}"`),
    ]
    expect(texts.map((struct) => refusalOf(of(struct), { text: 100 }))).toEqual(texts.map(() => 'too-long'))
    const names = [text('x', { parent: long }), text('x', { parent: 'r', key: long }), format(long, '1')]
    expect(names.map((struct) => refusalOf(of(struct), { name: 100 }))).toEqual(names.map(() => 'too-long'))
  })

  it('[J9] clocks stay below 2^53, and what has no content brings them on only so far', () => {
    const far = (struct: Struct, clock: number): string | undefined =>
      refusalOf(updateOf([{ client: 1, clock, structs: [struct] }]))
    expect(far(text('ab'), Number.MAX_SAFE_INTEGER - 1)).toBe('clock')
    expect(far(text('a'), Number.MAX_SAFE_INTEGER - 1)).toBeUndefined()
    expect(refusalOf(updateOf([], [[1, [Number.MAX_SAFE_INTEGER, 1]]]))).toBe('clock')
    expect(far(gc(2 ** 32), 0)).toBeUndefined()
    expect(far(gc(2 ** 32 + 1), 0)).toBe('clock')
    expect(far(deleted(2 ** 52), 0)).toBe('clock')
    expect(refusalOf(of(gc(2 ** 31), text('a'), deleted(2 ** 31 + 1)))).toBe('clock')
    expect(refusalOf(of(gc(60), deleted(60)), { blank: 119 })).toBe('clock')
  })

  it('[J10] what is no update is malformed', () => {
    const whole = of(text('abc'), values([1, { a: 'b' }]), embed('{"a":1}'), type(1))
    for (let length = 0; length < whole.length; length++)
      expect(['malformed', 'too-many']).toContain(refusalOf(whole.subarray(0, length)))
    expect(refusalOf(Uint8Array.from([...whole, 0]))).toBe('malformed')
    expect(refusalOf(new Uint8Array())).toBe('malformed')
    expect(refusalOf(Uint8Array.from([0, 0]))).toBeUndefined()
  })

  it('[J10] an update of version 2 is malformed', () => {
    const doc = new Y.Doc()
    expect(refusalOf(Y.encodeStateAsUpdateV2(doc))).toBe('malformed')
    doc.getMap('map').set('key', 'value')
    doc.getText('text').insert(0, 'words')
    doc.getText('text').delete(1, 2)
    expect(['malformed', 'too-many']).toContain(refusalOf(Y.encodeStateAsUpdateV2(doc)))
  })

  it.each<[string, readonly Section[], readonly Removed[]]>([
    ['a writer twice', [1, 1].map((client) => ({ client, clock: 0, structs: [gc(1)] })), []],
    [
      'a writer without structs',
      [
        { client: 2, clock: 0, structs: [] },
        { client: 1, clock: 0, structs: [text('long')] },
      ],
      [],
    ],
    ['a struct without length', [{ client: 1, clock: 0, structs: [gc(0)] }], []],
    ['a text without length', [{ client: 1, clock: 0, structs: [text('')] }], []],
    ['a list without values', [{ client: 1, clock: 0, structs: [values([])] }], []],
    ['a deleted struct without length', [{ client: 1, clock: 0, structs: [deleted(0)] }], []],
    ['content of unknown kind', [{ client: 1, clock: 0, structs: [{ ...text('a'), info: 11 }] }], []],
    ['a collected struct with marks', [{ client: 1, clock: 0, structs: [{ ...gc(1), info: 0x20 }] }], []],
    ['a type of unknown kind', [{ client: 1, clock: 0, structs: [type(7)] }], []],
    ['a struct that stands on itself', [{ client: 1, clock: 5, structs: [text('ab', { origin: [1, 5] })] }], []],
    [
      'a struct that stands on a later one',
      [{ client: 1, clock: 5, structs: [text('ab', { rightOrigin: [1, 9] })] }],
      [],
    ],
    ['a struct that is its own parent', [{ client: 1, clock: 5, structs: [type(1, { parent: [1, 5] })] }], []],
    [
      'deletions of one writer twice',
      [],
      [
        [1, [0, 1]],
        [1, [4, 1]],
      ],
    ],
    ['deletions out of order', [], [[1, [4, 1], [0, 1]]]],
    ['deletions that overlap', [], [[1, [0, 5], [4, 1]]]],
    ['a deletion without length', [], [[1, [0, 0], [2, 1]]]],
  ])('[J10] malformed: %s', (_, sections, removed) => {
    expect(refusalOf(updateOf(sections, removed))).toBe('malformed')
  })

  it('[J11] a document in the document is refused', () => {
    const doc = new Y.Doc()
    doc.getMap('map').set('inner', new Y.Doc())
    expect(refusalOf(Y.encodeStateAsUpdate(doc))).toBe('subdocument')
  })

  it('[J12] neighbouring lists of values are bounded by what Yjs copies to make them one', () => {
    expect(refusalOf(neighbours(4_000))).toBeUndefined()
    expect(refusalOf(neighbours(5_000))).toBe('too-costly')
    expect(refusalOf(neighbours(100), { copies: 4_950 })).toBeUndefined()
    expect(refusalOf(neighbours(100), { copies: 4_949 })).toBe('too-costly')
  })

  it('[J12] lists that Yjs keeps apart are not counted: keys of a map, and edits that begin with an embed', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => values([index], { parent: 'map', key: `${index}` }))
    expect(refusalOf(of(...keys), { copies: 0 })).toBeUndefined()
    const edits = Array.from({ length: 500 }, (_, index) => [
      embed('1', index === 0 ? { parent: 'r' } : { origin: [1, index * 2 - 1] }),
      values([1], { origin: [1, index * 2] }),
    ]).flat()
    expect(refusalOf(of(...edits), { copies: 0 })).toBeUndefined()
  })
})

describe('refused for now', () => {
  it('[J13] something left out', () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    for (const word of ['a', 'b', 'c']) doc.getText('text').insert(0, word)
    const [first, , third] = updates
    if (first === undefined || third === undefined) throw new Error('no updates')
    expect(refusalOf(Y.mergeUpdates([first, third]))).toBe('gap')
    expect(refusalOf(of(text('a'), skip(3), text('b')))).toBe('gap')
  })
})
