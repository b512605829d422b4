/** What people and programs type: turned into values, or refused with what would be right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../src/errors.ts'
import {
  limits,
  parseActorName,
  parseBody,
  parseComment,
  parseCount,
  parseElement,
  parseElements,
  parseFieldName,
  parseFieldValue,
  parseList,
  parsePriority,
  parseSearch,
  parseStatus,
  parseText,
  parseTitle,
  quote,
} from '../../src/task/input.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { thrownBy } from '../workspace/task-states.ts'

const LONE = 'half \ud83d a pair'
const refused = (code: string, hint = ''): unknown =>
  expect.objectContaining({ code, hint: expect.stringContaining(hint) })

describe('texts', () => {
  it('[I1] a title is one line, trimmed, and may hold anything else', () => {
    expect(parseTitle('  Fix login \n')).toBe('Fix login')
    expect(
      parseTitle('\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u{1f468}\u200d\u{1f469}\u200d\u{1f467} <b>"#[x]'),
    ).toContain('\u{1f467}')
    expect(parseTitle('x'.repeat(limits.title))).toHaveLength(500)
  })

  it.each([
    'two\nlines',
    'a\rb',
    'a\tb',
    'nul\u0000',
    'bell\u0007',
    'del\u007f',
    'next\u0085line',
    'line\u2028sep',
    'par\u2029sep',
  ])('[I1] a title with a line break or control character is refused: %j', (title) => {
    expect(() => parseTitle(title)).toThrow(refused('INVALID_INPUT', 'one line'))
    expect(() => parseElement('labels', title)).toThrow(refused('INVALID_INPUT', 'on one line'))
    expect(() => parseActorName(title)).toThrow(refused('INVALID_INPUT', 'on one line'))
  })

  it.each([undefined, null, 7, true, [], {}, ['Fix'], { title: 'x' }, Symbol('x')])(
    '[I2] what is not a text is refused: %s',
    (value) => {
      for (const parse of [
        parseTitle,
        parseBody,
        parseComment,
        parseActorName,
        parseFieldName,
        parseSearch,
        parsePriority,
      ])
        expect(() => parse(value)).toThrow(refused('INVALID_INPUT', 'give a text'))
    },
  )

  it.each([parseTitle, parseBody, parseComment, parseActorName, parseSearch])(
    '[I2] half a character is refused: %s',
    (parse) => {
      expect(() => parse(LONE)).toThrow(refused('INVALID_INPUT', 'well-formed'))
    },
  )

  it('[I2] half a character is refused inside values, names and lists too', () => {
    expect(() => parseFieldValue('note', { deep: [LONE] })).toThrow(refused('INVALID_INPUT', 'well-formed'))
    expect(() => parseFieldValue('note', { [LONE]: 1 })).toThrow(refused('INVALID_INPUT', 'well-formed'))
    expect(() => parseFieldName(LONE)).toThrow(refused('INVALID_INPUT'))
    expect(() => parseElements('labels', ['web', LONE])).toThrow(refused('INVALID_INPUT', 'well-formed'))
  })

  it.each([
    ['a title', parseTitle],
    ['a comment', parseComment],
    ['a name', (text: string) => parseElement('labels', text)],
    ['someone', parseActorName],
    ['a search', parseSearch],
  ])('[I2] %s that is empty or blank is refused', (_, parse) => {
    for (const text of ['', '  ', '\n', '\t \n']) expect(() => parse(text)).toThrow(refused('INVALID_INPUT'))
  })

  it.each([
    ['title', parseTitle, limits.title],
    ['body', parseBody, limits.body],
    ['comment', parseComment, limits.comment],
    ['labels', (text: string) => parseElement('labels', text), limits.name],
    ['actor', parseActorName, limits.name],
    ['field', parseFieldName, limits.fieldName],
    ['search', parseSearch, limits.search],
  ])('[I3] %s has a limit, and the message says it', (field, parse, limit) => {
    expect(parse('x'.repeat(limit))).toBeDefined()
    expect(() => parse('x'.repeat(limit + 1))).toThrow(
      expect.objectContaining({
        code: 'TOO_LARGE',
        message: `${field} is too large: ${limit + 1} characters of at most ${limit}`,
      }),
    )
  })

  it('[I4] a body keeps every word and line; its line ends become LF; binary data is refused', () => {
    expect(parseBody('')).toBe('')
    expect(parseBody('\ta\r\nb\rc\n\n  ')).toBe('\ta\nb\nc\n\n  ')
    expect(parseComment('one\r\ntwo\ttabbed')).toBe('one\ntwo\ttabbed')
    for (const text of ['\u0000', 'a\u0008b', '\u001b[31m', '\u000c']) {
      expect(() => parseBody(text)).toThrow(refused('INVALID_INPUT'))
      expect(() => parseComment(`x${text}`)).toThrow(refused('INVALID_INPUT'))
    }
  })
})

describe('words with a meaning', () => {
  it('[I5] a status is known by its name, in any case; an unknown one is answered with those there are', () => {
    expect([parseStatus('doing', defaultStatuses), parseStatus(' DONE ', defaultStatuses)]).toEqual(['doing', 'done'])
    const cased = [...defaultStatuses, { name: 'Doing', kind: 'active' }] as const
    expect([parseStatus('Doing', cased), parseStatus('doing', cased)]).toEqual(['Doing', 'doing'])
    expect(() => parseStatus('started', defaultStatuses)).toThrow(
      expect.objectContaining({
        message: 'status: "started" is not a status here',
        hint: 'use one of todo, doing, review, blocked, done, dropped',
      }),
    )
  })

  it('[I5] a priority is one of four', () => {
    expect(parsePriority(' High')).toBe('high')
    for (const word of ['urgent', 'hi', '__proto__', 'constructor'])
      expect(() => parsePriority(word)).toThrow(refused('INVALID_INPUT', 'low, medium, high, critical'))
  })

  it('[I5] fields that are dates hold dates, or nothing', () => {
    for (const name of ['due', 'scheduled', 'defer']) {
      expect([parseFieldValue(name, '2026-11-20'), parseFieldValue(name, null)]).toEqual(['2026-11-20', null])
      expect(() => parseFieldValue(name, '2026-02-30')).toThrow(refused('INVALID_INPUT', 'that month has 28 days'))
      expect(() => parseFieldValue(name, 20261120)).toThrow(refused('INVALID_INPUT', '2026-11-20'))
    }
    expect(parseFieldValue('estimate', '2026-02-30')).toBe('2026-02-30')
  })

  it('[I5] a count is a whole number in its range', () => {
    expect([parseCount('limit', 1), parseCount('limit', 1_000_000), parseCount('n', 3, 3)]).toEqual([1, 1_000_000, 3])
    for (const value of [
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1_000_001,
      '5',
      null,
      undefined,
      [],
      { toString: null },
    ])
      expect(() => parseCount('limit', value)).toThrow(refused('INVALID_INPUT', 'from 1 to 1000000'))
  })
})

describe('names', () => {
  it('[I6] of fields begin with a letter, in any script', () => {
    for (const name of [
      'estimate',
      '_private',
      'story points',
      'gr\u00f6\u00dfe',
      '\u5de5\u6570',
      'a.b-c_d 2',
      'toString',
    ])
      expect(parseFieldName(name)).toBe(name)
    for (const name of ['', ' x', 'x ', '2nd', '-x', 'a=b', 'a:b', 'a\tb', 'a\n', '#x', '$where', 'a/b'])
      expect(() => parseFieldName(name)).toThrow(refused('INVALID_INPUT', 'begin with a letter'))
  })

  it.each(['__proto__', 'constructor', 'prototype', 'title', 'status', 'key', 'uid', 'id', 'fields', 'claim'])(
    '[I6] %s has a meaning and is nobody\u2019s own field',
    (name) => {
      expect(() => parseFieldName(name)).toThrow(refused('INVALID_INPUT'))
    },
  )

  it('[I6] in sets are each on one line, without commas, once', () => {
    expect(parseElements('labels', [' web ', 'web', 'two words', '\u00fc'])).toEqual(['web', 'two words', '\u00fc'])
    expect(() => parseElements('labels', ['a,b'])).toThrow(refused('INVALID_INPUT', 'give several as several'))
    for (const value of ['web', { 0: 'web', length: 1 }, null, undefined, 3])
      expect(() => parseElements('labels', value)).toThrow(refused('INVALID_INPUT', 'give a list'))
  })
})

describe('JSON', () => {
  it('[I7] any plain value of sane size comes through as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value))
        expect(JSON.stringify(parseFieldValue('note', json))).toBe(JSON.stringify(json))
      }),
    )
  })

  it('[I7] names that mean something to objects are only names', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"a":{"__proto__":null}}')
    const value = parseFieldValue('note', hostile)
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":1},"constructor":2,"a":{"__proto__":null}}')
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it('[I7] what is no plain JSON is refused, whatever it is', () => {
    const round: unknown[] = []
    round.push(round)
    const others = [
      undefined,
      () => 1,
      Symbol('x'),
      1n,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      new Date(0),
      new Map(),
      /x/,
      round,
      [undefined],
      { a: undefined },
    ]
    for (const value of others) expect(() => parseFieldValue('note', value)).toThrow(refused('INVALID_INPUT', 'JSON'))
  })

  it('[I7] eight levels are deep enough, and depth costs no stack', () => {
    const nested = (depth: number): unknown => {
      let value: unknown = 1
      for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
      return value
    }
    expect(parseFieldValue('note', nested(8))).toEqual(nested(8))
    for (const depth of [9, 100_000])
      expect(() => parseFieldValue('note', nested(depth))).toThrow(refused('INVALID_INPUT', 'nested at most 8 deep'))
  })

  it('[I3] a huge value or list is refused before anyone walks through it', () => {
    const endless: unknown[] = []
    endless.length = 2 ** 32 - 1
    expect(() => parseFieldValue('note', endless)).toThrow(refused('TOO_LARGE'))
    expect(() => parseFieldValue('note', { a: endless })).toThrow(refused('TOO_LARGE'))
    expect(() => parseFieldValue('note', 'x'.repeat(20_000))).toThrow(refused('TOO_LARGE'))
    expect(() => parseElements('labels', endless)).toThrow(refused('TOO_LARGE'))
    expect(() => parseList('status', Array(201).fill('todo'))).toThrow(refused('TOO_LARGE'))
    expect(parseList('status', Array(200).fill('todo'))).toHaveLength(200)
  })

  it('[I7] a hole in a list is nothing, and nothing is not JSON', () => {
    const holed: unknown[] = ['a']
    holed[2] = 'c'
    expect(() => parseFieldValue('note', holed)).toThrow(refused('INVALID_INPUT'))
    expect(() => parseElements('labels', holed)).toThrow(refused('INVALID_INPUT', 'give a text'))
  })
})

function said(cause: unknown): string {
  if (!(cause instanceof TaskError)) return String(cause)
  const isRefusal = (cause.code === 'INVALID_INPUT' || cause.code === 'TOO_LARGE') && cause.hint.length > 5
  return isRefusal ? 'refused with a hint' : `${cause.code}: ${cause.message}`
}

describe('a message', () => {
  it('[I8] can say whatever was given, and stays short', () => {
    const things = [
      'text',
      7,
      null,
      undefined,
      true,
      1n,
      Symbol('s'),
      [1],
      { toString: null },
      Object.create(null),
      () => 1,
    ]
    expect(things.map(quote)).toEqual([
      '"text"',
      '7',
      'null',
      'undefined',
      'true',
      '1',
      'Symbol(s)',
      'a list',
      'an object',
      'an object',
      'an object',
    ])
    expect(quote('x'.repeat(1000))).toHaveLength(63)
  })

  it('[I8] whatever is given to whatever asks: a value, or an error that says what would be right', () => {
    const parsers: readonly ((value: unknown) => unknown)[] = [
      parseTitle,
      parseBody,
      parseComment,
      parseActorName,
      parseFieldName,
      parsePriority,
      parseSearch,
      (value) => parseStatus(value, defaultStatuses),
      (value) => parseText('key', value),
      (value) => parseCount('limit', value),
      (value) => parseElements('labels', value),
      (value) => parseFieldValue('due', value),
      (value) => parseFieldValue('note', value),
    ]
    let refusals = 0
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true, withDate: true }),
        (value) => {
          const thrown = parsers.map((parse) => thrownBy(() => parse(value))).filter((cause) => cause !== undefined)
          refusals += thrown.length
          expect(thrown.map(said)).toEqual(thrown.map(() => 'refused with a hint'))
        },
      ),
      { numRuns: 1_000 },
    )
    expect(refusals).toBeGreaterThan(1_000)
  })
})
