/** Keys of a manual order: there is always room, and keys stay short. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderBetween, parseOrder } from '../../src/task/order.ts'

/** Keys of a list after insertions at random places. */
const lists = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 }).map((places) => {
  const keys: string[] = []
  for (const place of places) {
    const at = place % (keys.length + 1)
    keys.splice(at, 0, orderBetween(keys[at - 1] ?? null, keys[at] ?? null))
  }
  return keys
})

function repeated(count: number, first: string, next: (last: string) => string): string[] {
  const keys = [first]
  for (let index = 1; index < count; index++) keys.push(next(keys.at(-1) ?? first))
  return keys
}

function expectRising(keys: readonly string[]): void {
  expect(keys.map(parseOrder)).toEqual(keys)
  expect(keys.filter((key, index) => index > 0 && (keys[index - 1] ?? '') >= key)).toEqual([])
}

const lowestWhole = `A${'0'.repeat(26)}`
const highestWhole = `z${'z'.repeat(26)}`

describe('orderBetween', () => {
  it('[O1] a key lies strictly between its neighbours', () => {
    fc.assert(fc.property(lists, expectRising), { numRuns: 1_000 })
  })

  it.each([
    [null, null, 'a0'],
    ['a0', null, 'a1'],
    ['az', null, 'b00'],
    ['bzz', null, 'c000'],
    [null, 'a0', 'Zz'],
    [null, 'Z0', 'Yzz'],
    ['Zz', null, 'a0'],
    ['Yzz', null, 'Z0'],
    [null, 'a0V', 'a0'],
    ['a0', 'a1', 'a0V'],
    ['a0', 'a2', 'a1'],
    ['a0', 'a0V', 'a0F'],
    ['a0', 'a01', 'a00V'],
    ['a0V', 'a0W', 'a0VV'],
    ['a0V', 'a0WV', 'a0W'],
    ['a0z', 'a1', 'a0zV'],
    ['a0zz', 'a1V', 'a1'],
    ['Zz', 'a0', 'ZzV'],
  ])('[O1] between %s and %s lies %s', (before, after, key) => {
    expect(orderBetween(before, after)).toBe(key)
  })

  it('[O2] ten thousand keys at either end stay shorter than eight characters', () => {
    const appended = repeated(10_000, orderBetween(null, null), (last) => orderBetween(last, null))
    expectRising(appended)
    expect(Math.max(...appended.map((key) => key.length))).toBe(4)
    const prepended = repeated(10_000, orderBetween(null, null), (last) => orderBetween(null, last)).toReversed()
    expectRising(prepended)
    expect(Math.max(...prepended.map((key) => key.length))).toBe(4)
  })

  it('[O3] at one place there is always room, for a character every five keys', () => {
    const down = repeated(1_000, orderBetween('a0', 'a1'), (last) => orderBetween('a0', last))
    expectRising(['a0', ...down.toReversed(), 'a1'])
    const up = repeated(1_000, orderBetween('a0', 'a1'), (last) => orderBetween(last, 'a1'))
    expectRising(['a0', ...up, 'a1'])
    expect(Math.max(...[...down, ...up].map((key) => key.length))).toBeLessThan(205)
    let [low, high] = ['a0', 'a1']
    for (let index = 0; index < 1_000; index++) {
      const key = orderBetween(low, high)
      expectRising([low, key, high])
      if (index % 2 === 0) low = key
      else high = key
    }
  })

  it('[O3] there is room before the lowest and after the highest key', () => {
    const down = repeated(200, `${lowestWhole}1`, (last) => orderBetween(null, last))
    expectRising(down.toReversed())
    expect(orderBetween(null, `${lowestWhole.slice(0, -1)}1`)).toBe(`${lowestWhole}V`)
    expectRising(repeated(200, highestWhole, (last) => orderBetween(last, null)))
  })

  it('[O4] between equal keys, or keys the wrong way round, a key right after the first is made', () => {
    expect(orderBetween('a1', 'a1')).toBe('a1V')
    fc.assert(
      fc.property(lists, fc.nat(), fc.nat(), (keys, one, other) => {
        const [first, second] = [one, other].map((place) => keys[place % keys.length] ?? 'a0').toSorted()
        const low = first ?? 'a0'
        const high = second ?? 'a0'
        expectRising([low, orderBetween(low, low)])
        expectRising([high, orderBetween(high, low)])
        expect(orderBetween(high, low).startsWith(high)).toBe(true)
      }),
    )
  })

  it('[O4] a text that is no key counts as an open end', () => {
    expect(orderBetween('nonsense!', null)).toBe('a0')
    expect(orderBetween('a0', 'a1 ')).toBe('a1')
    expect(orderBetween('', 'a0')).toBe('Zz')
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const key = orderBetween(before, after)
        expect(parseOrder(key)).toBe(key)
      }),
    )
  })
})

describe('parseOrder', () => {
  it.each(['a0', 'Zz', 'b00', 'a0V', 'a001', highestWhole, `${lowestWhole}1`])('[O5] %s is a key', (text) => {
    expect(parseOrder(text)).toBe(text)
  })

  it.each(['', 'a', '0', 'a0 ', ' a0', 'a-', 'b0', 'Y0', 'a00', 'a0V0', 'aä', 'a0\n', '1a', lowestWhole])(
    '[O5] %j is no key',
    (text) => {
      expect(parseOrder(text)).toBeUndefined()
    },
  )
})
