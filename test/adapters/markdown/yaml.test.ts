/** Values of front matters: what is read, what is refused, and how a change of one is written. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeFormat } from '../../../adapters/markdown/native.ts'
import type { Json } from '../../../src/internal.ts'
import { fixturesIn } from './fixtures.ts'

const format = nativeFormat({ folder: 'tasks' })
const fileWith = (source: string): string => `---\nvalue:${source}\n---\n`

function read(source: string): Json {
  const { tasks, problems } = format.parse('tasks/a.md', fileWith(source))
  return problems[0]?.message ?? tasks[0]?.fields['value'] ?? null
}

function written(source: string, value: Json): string {
  const patched = format.patch('tasks/a.md', fileWith(source), [{ task: 0, fields: { value } }])
  return patched.slice('---\nvalue:'.length, -'\n---\n'.length)
}

const lookalikes =
  '010 0x1F 0o7 1_000 +5 .5 5. 1e3 .inf .NaN 12:30 123456789012345678901 2026-11-20 2026-11-20T08:24:00Z yes No on tRUE y = 1.2.3 -.5'
const unclear = [
  ' @bob',
  ' `code`',
  ' %x',
  ' a: b',
  ' a:',
  ' &x a',
  ' *x',
  ' !t a',
  ' - a',
  ' ? a',
  ' {{t}}',
  ' [{{t}}]',
]
const open = [
  ' "open',
  " 'open",
  ' [a, b',
  ' {a: b',
  ' [a] b',
  ' "a" b',
  ' [a b: c]',
  ' {a:b}',
  ' [,]',
  ' a\0b',
  ' "\\q"',
]
const nested = [
  '\n  a: 1\n b: 2',
  '\n  - a\n  b: 1',
  '\n  a: &x 1',
  ' |x\n  a',
  ' |\n  a\n b',
  ' {a: 1, a: 2}',
  '\n\t- a',
]

describe('values of a front matter', () => {
  it.each<readonly [source: string, value: Json]>([
    [' plain words # comment', 'plain words'],
    [' a#b c:d e,f [g] - h', 'a#b c:d e,f [g] - h'],
    [" 'it''s' # comment", "it's"],
    [' "a\\tb\\u00e9\\x41\\\\"', 'a\tbéA\\'],
    [' 3', 3],
    [' -2.50', -2.5],
    [' 1e+21', 1e21],
    [' true', true],
    [' Null', null],
    [' [a, "b, c", [d], {e: 1, "f":2}]', ['a', 'b, c', ['d'], { e: 1, f: 2 }]],
    [' [\n  a, # one\n  b,\n]', ['a', 'b']],
    ['\n- a\n-   - b\n    - c\n- d: 1\n  e:\n  - f', ['a', ['b', 'c'], { d: 1, e: ['f'] }]],
    ['\n    x: 1\n\n    # note\n    y: {}\n', { x: 1, y: {} }],
    [' |\n  one\n   two\n\n  # three\n', 'one\n two\n\n# three\n'],
    [' >-\n  one\n  two\n\n  three\n   four\n', 'one two\nthree\n four'],
    [' |+\n  one\n', 'one\n\n'],
    [' first\n  second\n\n  third', 'first second\nthird'],
    [' "first\n  second\\\n  \\  third"', 'first second  third'],
  ])('[F14] reads %j as %j', (source, value) => {
    expect(read(source)).toEqual(value)
  })

  it.each(lookalikes.split(' '))('[F15] %s stays the text it is: readers disagree about what it is', (source) => {
    expect(read(` ${source}`)).toBe(source)
    expect(read(` [${source}]`)).toEqual([source])
  })

  it.each([...unclear, ...open, ...nested])('[F16] refuses %j rather than guess', (source) => {
    expect(read(source)).toMatch(/^cannot read "value": /)
    expect(written(source, 'other')).toBe(source)
    expect(written(source, null)).toBe(source)
  })

  it.each<readonly [source: string, value: Json, now: string]>([
    ['', 'x', ' x'],
    ['   # why', 'x', ' x   # why'],
    [' old # why', 'new', ' new # why'],
    [" 'old'", 'new', " 'new'"],
    [" 'old'", "it's", " 'it''s'"],
    [' "old"', 'a "b"', ' "a \\"b\\""'],
    [' "3"', '4', ' "4"'],
    [' "3"', 4, ' 4'],
    [' old', 'a: b', " 'a: b'"],
    [' old', "it's: so", ' "it\'s: so"'],
    [' old', 'yes', " 'yes'"],
    [' old', '2026-11-20', ' 2026-11-20'],
    [' old', 'two\nlines', ' "two\\nlines"'],
    [' old', '', " ''"],
    [' 3', 4, ' 4'],
    [' old', 1e21, ' 1.0e+21'],
    [' old', ['a', 1, { b: 'c, d' }], " [a, 1, {b: 'c, d'}]"],
    [' [a,b]', ['a', 'c', 'b'], ' [a,c,b]'],
    [' [ a, b ]', ['b'], ' [ b ]'],
    [' [ a, b ]', ['c', 'a', 'b', 'd'], ' [ c, a, b, d ]'],
    [' ["a", "b"]', ['a', 'b', 'c'], ' ["a", "b", "c"]'],
    [' [a, b] # c', [], ' [] # c'],
    [' [\n  a, # one\n  b # two\n  ]', ['a', 'b', 'c'], ' [\n  a, # one\n  b, # two\n  c\n  ]'],
    [' [\n  a, # one\n  b # two\n  ]', ['a'], ' [\n  a, # one\n  ]'],
    [' {a: 1, b: 2}', { a: 1, b: 3, c: 4 }, ' {a: 1, b: 3, c: 4}'],
    ['\n  - a # one\n  # between\n  - b', ['b', 'c'], '\n  # between\n  - b\n  - c'],
    ['\n  - a\n  # note\n  - b', [], ' []\n  # note'],
    ['\n-   a', ['a', 'b'], '\n-   a\n-   b'],
    [
      '\n  a: 1 # one\n  b:\n    - x',
      { a: 2, b: ['x', 'z'], c: { d: 1 } },
      '\n  a: 2 # one\n  b:\n    - x\n    - z\n  c: {d: 1}',
    ],
    ['\n  - a: 1\n    b: 2\n  - c', [{ b: 2 }, 'c'], '\n  - {b: 2}\n  - c'],
    [' |\n  one\n  two', 'one\nthree\n', ' |\n  one\n  three'],
    [' |\n    one\n  \n    two\n    six', 'one\n\ntwo\nten\n', ' |\n    one\n  \n    two\n    ten'],
    [' |-\n  one', 'one\n', ' |\n  one'],
    [' |\n  one', ' one\n', ' " one\\n"'],
    [' >\n  one\n  two', 'one two three\n', ' >\n  one two three'],
    [' >-\n  one', 'one\ntwo', ' |-\n  one\n  two'],
    [' one\n  two', 'three', ' three'],
    ['\n  one # why', 'two', '\n  two # why'],
  ])('[F17] in the style that stands there: %j set to %j is %j', (source, value, now) => {
    expect(written(source, value)).toBe(now)
    expect(written(now, value)).toBe(now)
  })

  it('[F18] a small change inside a nested value is read back, and nothing else says anything new', () => {
    const nested = fixturesIn('native').flatMap(({ text }) =>
      Object.entries(format.parse('tasks/a.md', text).tasks[0]?.fields ?? {})
        .filter(([, value]) => typeof value === 'object')
        .map(([name, value]) => ({ text, name, value })),
    )
    expect(nested.length).toBeGreaterThan(8)
    fc.assert(
      fc.property(fc.constantFrom(...nested), fc.infiniteStream(fc.nat(1_000)), ({ text, name, value }, dice) => {
        const now = changed(value, () => Number(dice.next().value))
        const patched = format.patch('tasks/a.md', text, [{ task: 0, fields: { [name]: now } }])
        expect(format.parse('tasks/a.md', patched).tasks[0]?.fields).toEqual({
          ...format.parse('tasks/a.md', text).tasks[0]?.fields,
          [name]: now,
        })
      }),
      { numRuns: 600 },
    )
  })
})

/** The value with one thing in it put in, taken out or made another. */
function changed(value: Json, roll: () => number): Json {
  if (Array.isArray(value)) {
    const items: readonly Json[] = value
    const at = roll() % (items.length + 1)
    const rest = items.slice(at + 1)
    if (roll() % 3 === 0) return [...items.slice(0, at), 'new', ...items.slice(at)]
    return roll() % 3 === 0
      ? [...items.slice(0, at), ...rest]
      : [...items.slice(0, at), changed(items[at] ?? 0, roll), ...rest]
  }
  if (typeof value !== 'object' || value === null)
    return ['x', 'a: b', 7, null, true, ['l'], { m: 1 }][roll() % 7] ?? null
  const pairs: readonly (readonly [string, Json])[] = Object.entries(value)
  const at = roll() % (pairs.length + 1)
  const [name, inner] = pairs[at] ?? ['new', 0]
  const others = pairs.filter(([other]) => other !== name)
  return Object.fromEntries(roll() % 3 === 0 ? others : [...others, [name, changed(inner, roll)]])
}
