/** Values in an update: texts, JSON and lib0's "any" are read as Yjs reads them, however they nest. */
import * as encoding from 'lib0/encoding'
import { expect, it } from 'vitest'
import { readShape } from '../../src/relay/shape.ts'
import { createDice } from '../support/dice.ts'
import { bytesOf, embed, format, text, updateOf, values, type Struct } from './hostile.ts'

function refusalOf(update: Uint8Array): string | undefined {
  const shape = readShape(update)
  return 'refused' in shape ? shape.refused : undefined
}

/** By writer 1, from clock 0. */
function of(...structs: readonly Struct[]): Uint8Array {
  return updateOf([{ client: 1, clock: 0, structs }])
}

function nested(depth: number): unknown {
  let value: unknown = []
  for (let level = 1; level < depth; level++) value = level % 2 === 0 ? [value] : { key: value }
  return value
}

/** As deep, but written without recursion. */
function deepAny(depth: number): Struct {
  return {
    parent: 'r',
    info: 8,
    content(encoder) {
      encoding.writeVarUint(encoder, 1)
      for (let level = 0; level < depth; level++) {
        encoding.writeUint8(encoder, 117)
        encoding.writeVarUint(encoder, 1)
      }
      encoding.writeUint8(encoder, 126)
    },
  }
}

it('[J8] values nest no deeper than the limit, and no depth is walked with recursion', () => {
  for (const depth of [1, 2, 7, 64]) {
    expect(refusalOf(of(values([nested(depth)])))).toBeUndefined()
    expect(refusalOf(of(embed(JSON.stringify(nested(depth)))))).toBeUndefined()
  }
  expect(refusalOf(of(values([nested(65)])))).toBe('too-deep')
  expect(refusalOf(of(embed(JSON.stringify(nested(65)))))).toBe('too-deep')
  expect(refusalOf(of(deepAny(1_000_000)))).toBe('too-deep')
  expect(refusalOf(of(embed('['.repeat(1_000_000) + ']'.repeat(1_000_000))))).toBe('too-deep')
  expect(refusalOf(of(format('bold', '{"a":'.repeat(70) + '1' + '}'.repeat(70))))).toBe('too-deep')
  // Brackets in a text are text.
  expect(refusalOf(of(embed(JSON.stringify(`${'['.repeat(500)}"\\${'{'.repeat(500)}`))))).toBeUndefined()
})

it.each([
  [[0xc0, 0x80]],
  [[0xe0, 0x80, 0x80]],
  [[0xed, 0xa0, 0x80]],
  [[0xf0, 0x80, 0x80, 0x80]],
  [[0xf4, 0x90, 0x80, 0x80]],
  [[0xf8]],
  [[0x80]],
  [[0xe2, 0x82]],
  [[0xc3, 0x28]],
])('[J10] text that is no UTF-8: %j', (bytes) => {
  const struct = {
    ...text(''),
    content: (encoder: encoding.Encoder) => encoding.writeVarUint8Array(encoder, Uint8Array.from([0x61, ...bytes])),
  }
  expect(refusalOf(of(struct))).toBe('malformed')
})

it('[J10] text is read exactly as Yjs reads it', () => {
  const dice = createDice(3)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const firsts = [0x61, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff]
  let valid = 0
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: 1 + dice.below(5) }, (_, at) =>
      at === 0 || dice.chance(0.2) ? (dice.pick(firsts) ?? 0) : (dice.pick([0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf]) ?? 0),
    )
    let length: number | undefined
    try {
      length = decoder.decode(bytes).length
      valid++
    } catch {
      length = undefined
    }
    const shape = readShape(of({ ...text(''), content: (encoder) => encoding.writeVarUint8Array(encoder, bytes) }))
    expect('refused' in shape ? undefined : shape.writers.get(1)?.to).toBe(length)
  }
  expect(valid).toBeGreaterThan(1_000)
})

it('[J10] JSON is read exactly as Yjs reads it', () => {
  const dice = createDice(5)
  const alphabet = '{}[]",:0123456789.eE+-truefalsn \\u\n\tабя\uFEFF'
  const samples = [{ a: [1, { b: 'x"\\\u0001й' }], c: -1.5e-7 }, [[], {}, '', null, true, 0], '🌊', [1e21, { k: {} }]]
  let valid = 0
  for (let round = 0; round < 20_000; round++) {
    const json = dice.chance(0.4)
      ? Array.from({ length: 1 + dice.below(8) }, () => alphabet.charAt(dice.below(alphabet.length))).join('')
      : damaged(JSON.stringify(dice.pick(samples)), alphabet.charAt(dice.below(alphabet.length)), dice.below(60))
    const isJson = isReadable(json)
    if (isJson) valid++
    expect([json, refusalOf(of(embed(json)))]).toEqual([json, isJson ? undefined : 'malformed'])
  }
  expect(valid).toBeGreaterThan(500)
})

function damaged(json: string, put: string, at: number): string {
  const place = at % (json.length + 1)
  return json.slice(0, place) + (at % 3 === 0 ? '' : put) + json.slice(place + (at % 2))
}

function isReadable(json: string): boolean {
  try {
    JSON.parse(
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        bytesOf((encoder) => encoding.writeVarString(encoder, json)).subarray(1),
      ),
    )
    return true
  } catch {
    return false
  }
}
