/** Fingerprints of text: part of the document's format, so the same for ever. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical, hash53, longHash } from '../../src/task/hash.ts'

describe('fingerprints', () => {
  it('[E7] are the same on every replica and in every version', () => {
    expect([hash53(''), hash53('Fix login'), hash53('Fix login', 3), hash53('\u00fc\u{1f600}\n')]).toEqual([
      3338908027751811, 5056631948963470, 2223884394504477, 1101541036315748,
    ])
    expect([longHash(''), longHash('The body\n')]).toEqual(['26c8wzs8fs10kz98hrb9of', '1l61fyy24re1i3wf6ur3r7'])
  })

  it('[E7] are whole numbers of 53 bits, and 22 characters of base 36', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(3), (text, seed) => {
        expect(Number.isSafeInteger(hash53(text, seed))).toBe(true)
        expect(hash53(text, seed)).toBeGreaterThanOrEqual(0)
        expect(longHash(text)).toMatch(/^[0-9a-z]{22}$/)
      }),
    )
  })

  it('[E7] of a hundred thousand near texts are all different, and use their whole range', () => {
    const hashes = Array.from({ length: 100_000 }, (_, n) => hash53(`4fq7k2m9x3\nline ${n}`))
    expect(new Set(hashes).size).toBe(hashes.length)
    const halves = hashes.filter((hash) => hash < 2 ** 52).length
    expect(halves).toBeGreaterThan(49_000)
    expect(halves).toBeLessThan(51_000)
  })
})

describe('canonical JSON', () => {
  const clean = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

  it('[E8] is equal for values that differ in the order of their keys only, and says the value', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, turned(item)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const value = clean(json)
        expect(canonical(turned(value))).toBe(canonical(value))
        expect(JSON.parse(canonical(value))).toEqual(value)
      }),
    )
  })

  it('[E8] differs where values differ', () => {
    const texts = [
      0,
      '0',
      null,
      'null',
      [],
      {},
      [[]],
      [null],
      { a: 1 },
      { a: '1' },
      { b: 1 },
      ['a', 'b'],
      ['b', 'a'],
      true,
      'true',
    ].map(canonical)
    expect(new Set(texts).size).toBe(texts.length)
  })
})
