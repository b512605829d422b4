/** What a difference of two texts must give back, what it must leave whole, and what it may cost. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { applySplices, difference, type Splice } from '../../src/task/difference.ts'
import { changedHunks } from '../../src/task/sequence-difference.ts'

const pieces = 'foo|bar|a| |  |\t|\n|\n\n|\r\n|.|- |[ ]|🌀|🏆|👨‍👩‍👧|🇩🇪|e\u0301|漢|字|กา'.split('|')
const textOf = (parts: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...parts), { maxLength: 50 }).map((chosen) => chosen.join(''))
const edit = fc.tuple(fc.nat(60), fc.nat(6), textOf(pieces))

/** A text, and the same text after a few edits at random places. */
const versions = fc.tuple(textOf(pieces), fc.array(edit, { maxLength: 4 })).map(([before, edits]) => {
  const characters = Array.from(before)
  for (const [at, remove, insert] of edits) characters.splice(at, remove, insert)
  return { before, after: characters.join('') }
})
const words = fc.array(fc.stringMatching(/^[a-z]{3,8}$/), { minLength: 4, maxLength: 9 })
const lines = fc.array(
  words.map((line) => line.join(' ')),
  { minLength: 100, maxLength: 100 },
)

/** What all see after people changed the same text unaware of each other. */
function mergeOf(base: string, ...rivals: readonly string[]): string {
  const seed = new Y.Doc()
  seed.clientID = 1
  seed.getText().insert(0, base)
  const merged = new Y.Doc()
  for (const [index, rival] of rivals.entries()) {
    const replica = new Y.Doc()
    replica.clientID = index + 2
    Y.applyUpdate(replica, Y.encodeStateAsUpdate(seed))
    for (const { at, remove, insert } of difference(base, rival).toReversed()) {
      replica.getText().insert(at, insert)
      replica.getText().delete(at + insert.length, remove)
    }
    expect(replica.getText().toJSON()).toBe(rival)
    Y.applyUpdate(merged, Y.encodeStateAsUpdate(replica))
  }
  return merged.getText().toJSON()
}

function removedUnits(splices: readonly Splice[]): number {
  return splices.reduce((sum, { remove }) => sum + remove, 0)
}

describe('difference', () => {
  it('[D1] applied to the old text it gives the new one, and equal texts have none', () => {
    const check = (before: string, after: string): void => {
      const splices = difference(before, after)
      expect(applySplices(before, splices)).toBe(after)
      expect(difference(before, before)).toEqual([])
      let free = 0
      for (const { at, remove, insert } of splices) {
        expect(at).toBeGreaterThanOrEqual(free)
        expect(remove + insert.length).toBeGreaterThan(0)
        free = at + remove + 1
      }
    }
    fc.assert(
      fc.property(versions, ({ before, after }) => check(before, after)),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(textOf(pieces), textOf(pieces), (before, after) => check(before, after)),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) =>
        check(before, after),
      ),
    )
  })

  it('[D2] no splice cuts a surrogate pair, and what comes in is well-formed', () => {
    const isPair = (text: string, at: number): boolean =>
      /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(at - 1, at + 1))
    fc.assert(
      fc.property(versions, ({ before, after }) => {
        for (const { at, remove, insert } of difference(before, after)) {
          expect(at > 0 && isPair(before, at)).toBe(false)
          expect(isPair(before, at + remove)).toBe(false)
          expect(insert).not.toMatch(/\p{Cs}/u)
        }
      }),
      { numRuns: 1_000 },
    )
    // Surrogates alone are odd, but what stands in the old text as a pair stays one.
    const odd = textOf(['\ud83d', '\udc00', 'a', ' ', '🌀'])
    fc.assert(
      fc.property(odd, odd, (before, after) => {
        const splices = difference(before, after)
        expect(applySplices(before, splices)).toBe(after)
        const borders = splices.flatMap(({ at, remove }) => [at, at + remove])
        expect(borders.filter((border) => border > 0 && isPair(before, border))).toEqual([])
      }),
    )
  })

  it.each([
    ['x🌀', 'x🏆🌀', [{ at: 1, remove: 0, insert: '🏆' }]],
    ['🙋', '🙌', [{ at: 0, remove: 2, insert: '🙌' }]],
    ['well 🙋 done', 'well 🙌 done', [{ at: 5, remove: 2, insert: '🙌' }]],
    ['a family 👨‍👩‍👧', 'a family 👨‍👩‍👦', [{ at: 9, remove: 8, insert: '👨‍👩‍👦' }]],
    ['from 🇩🇪 here', 'from 🇩🇰 here', [{ at: 5, remove: 4, insert: '🇩🇰' }]],
  ])('[D2] `%s` becomes `%s` by whole characters', (before, after, splices) => {
    expect(difference(before, after)).toEqual(splices)
  })

  it('[D3] a changed word in a text of a hundred lines is one splice inside its line', () => {
    fc.assert(
      fc.property(lines, fc.nat(99), fc.nat(3), (before, place, wordPlace) => {
        const changed = (before[place] ?? '').split(' ').with(wordPlace, 'NEW').join(' ')
        const splices = difference(before.join('\n'), before.with(place, changed).join('\n'))
        expect(splices).toHaveLength(1)
        const start = before.slice(0, place).join('\n').length + Math.min(place, 1)
        const [{ at, remove, insert } = { at: -1, remove: 0, insert: '' }] = splices
        expect(at).toBeGreaterThanOrEqual(start)
        expect(at + remove).toBeLessThanOrEqual(start + (before[place] ?? '').length)
        expect(insert.trim()).toBe('NEW')
      }),
    )
  })

  it('[D4] an appended line is one insertion at the end', () => {
    fc.assert(
      fc.property(textOf(pieces), words, (before, added) => {
        const insert = `${before.endsWith('\n') || before === '' ? '' : '\n'}${added.join(' ')}`
        expect(difference(before, before + insert)).toEqual([{ at: before.length, remove: 0, insert }])
      }),
    )
    expect(difference('a\nb', 'a\nb\nc')).toEqual([{ at: 3, remove: 0, insert: '\nc' }])
  })

  it('[D5] a moved paragraph is removed here and inserted there, and all others stay', () => {
    const paragraphs = ['One is here.\n\n', 'Two is there.\n\n', 'Three is free.\n\n', 'Four is more.\n\n']
    const moved = [...paragraphs.slice(1), ...paragraphs.slice(0, 1)]
    const splices = difference(paragraphs.join(''), moved.join(''))
    expect(splices.map(({ remove }) => remove)).toEqual([paragraphs[0]?.length, 0])
    expect(splices[1]?.insert.trim()).toBe('One is here.')
  })

  it('[D5] as many words as possible stay', () => {
    const sequence = fc.array(fc.nat(3), { maxLength: 9 }).map((values) => Int32Array.from(values))
    fc.assert(
      fc.property(sequence, sequence, (before, after) => {
        const hunks = changedHunks(before, after, { left: 10_000 }, 'fallback')
        const removed = hunks.reduce((sum, hunk) => sum + hunk.beforeTo - hunk.beforeFrom, 0)
        expect(before.length - removed).toBe(longestCommon(Array.from(before), Array.from(after)))
      }),
      { numRuns: 1_000 },
    )
  })

  it('[D6] a line that kept half of its words is changed by words, and a stranger is replaced whole', () => {
    expect(difference('- [ ] pay the rent\n', '- [x] pay the rent\n')).toEqual([{ at: 3, remove: 1, insert: 'x' }])
    expect(difference('Status: todo\nend', 'Status: done\nend')).toEqual([{ at: 7, remove: 5, insert: ' done' }])
    expect(difference('one two\nend', 'three four\nend')).toEqual([{ at: 0, remove: 8, insert: 'three four\n' }])
  })

  it('[D6] a line finds its older self among inserted and removed neighbours', () => {
    const before = 'gone entirely now\nwash the car and the bike\nend\n'
    const after = 'something else\nnothing like it\nwash the car and the van\nend\n'
    expect(difference(before, after)).toEqual([
      { at: 0, remove: 18, insert: 'something else\nnothing like it\n' },
      { at: 38, remove: 5, insert: ' van' },
    ])
  })

  it('[D6] a word replaced in each of a thousand lines is a splice in each line', () => {
    const before = Array.from({ length: 1_000 }, (_, index) => `- task number ${index} is todo now`)
    const after = before.map((line) => line.replace('todo', 'done'))
    const splices = difference(before.join('\n'), after.join('\n'))
    expect(splices).toHaveLength(1_000)
    expect(removedUnits(splices)).toBe(1_000 * 'todo '.length)
  })

  it('[D7] words change as a whole, and in scripts without blanks each character is a word', () => {
    expect(difference('a testing line here', 'a tested line here')).toEqual([{ at: 2, remove: 8, insert: 'tested ' }])
    expect(difference('ein schönes altes Haus', 'ein schönstes altes Haus')).toEqual([
      { at: 4, remove: 8, insert: 'schönstes ' },
    ])
    expect(difference('我喜欢吃苹果。', '我喜欢吃香蕉。')).toEqual([{ at: 4, remove: 2, insert: '香蕉' }])
  })

  it('[D8] rivals that replace one word leave both words, each whole', () => {
    expect(mergeOf('feed the cat now', 'feed the dog now', 'feed the cow now')).toBe('feed the dog cow now')
    expect(mergeOf('feed the cat', 'feed the dog', 'feed the cow')).toBe('feed the dog cow')
    expect(mergeOf('feed the cat now', 'feed the dog now', 'feed the fat cat now')).toMatch(
      /^feed the (dog fat|fat dog) now$/,
    )
    expect(mergeOf('feed the cat now', 'feed the dog now', 'feed cat now')).toBe('feed dog now')
  })

  it('[D8] rivals that replace the last line leave both lines', () => {
    expect(mergeOf('pets\ncat', 'pets\ndog', 'pets\ncow')).toBe('pets\ndog\ncow')
    expect(mergeOf('pets\ncat\n', 'pets\ndog\n', 'pets\ncow\n')).toBe('pets\ndog\ncow\n')
  })

  it('[D9] a short match amid a rewritten sentence goes with it', () => {
    const before = 'We know that alphabet is gammaray, said the speaker in the hall.'
    const after = 'We know that betamax is deltaforce, said the speaker in the hall.'
    expect(difference(before, after)).toEqual([{ at: 12, remove: 21, insert: ' betamax is deltaforce' }])
  })

  it('[D9] words only added leave what stands between them alone', () => {
    const splices = difference('take a walk', 'please take perhaps a long walk')
    expect(removedUnits(splices)).toBe(0)
    expect(splices).toHaveLength(3)
  })

  it('[D10] a paragraph wrapped anew changes blanks and line ends, never a word', () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 12 }), fc.integer({ min: 2, max: 9 }), (before, width) => {
        const all = before.flat()
        const wrapped = all.map((word, index) => word + (index % width === 0 ? '\n' : ' ')).join('')
        for (const splice of difference(before.map((line) => line.join(' ')).join('\n'), wrapped)) {
          expect(splice.insert).toMatch(/^\s*$/)
        }
      }),
    )
    expect(difference('- a b\n- c\n', '  - a b\n  - c\n')).toEqual([
      { at: 0, remove: 0, insert: '  ' },
      { at: 6, remove: 0, insert: '  ' },
    ])
    const merged = mergeOf('one two three\nfour five six', 'one two\nthree four\nfive six', 'one two three\nfour 5 six')
    expect(merged).toBe('one two\nthree four\n5 six')
  })
})

function longestCommon(before: readonly number[], after: readonly number[]): number {
  let above = after.map(() => 0)
  for (const element of before) {
    const row: number[] = []
    for (const [index, other] of after.entries()) {
      const diagonal = index === 0 ? 0 : (above[index - 1] ?? 0)
      row.push(element === other ? diagonal + 1 : Math.max(above[index] ?? 0, row[index - 1] ?? 0))
    }
    above = row
  }
  return above.at(-1) ?? 0
}

describe('difference of large texts', () => {
  /** A fixed sequence that looks like chance. */
  function chance(): (below: number) => number {
    let state = 7
    return (below) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
  }

  function paragraphsOf(bytes: number, next: (below: number) => number): string[] {
    const paragraphs: string[] = []
    for (let size = 0; size < bytes; size += paragraphs.at(-1)?.length ?? 0) {
      const count = 20 + next(40)
      // The cube makes some words common and most rare, as in real texts.
      paragraphs.push(Array.from({ length: count }, () => `w${Math.floor(next(1_000) ** 3 / 300_000)}`).join(' '))
    }
    return paragraphs
  }

  function shuffled<Value>(values: readonly Value[], next: (below: number) => number): Value[] {
    const ranked = values.map((value) => ({ value, rank: next(1_000_000) }))
    return ranked.toSorted((one, other) => one.rank - other.rank).map(({ value }) => value)
  }

  const next = chance()
  const small = paragraphsOf(100_000, next)
  const other = paragraphsOf(100_000, next)
  const large = paragraphsOf(1_000_000, next)
  const largeOther = paragraphsOf(1_000_000, next)
  const sprinkled = (text: string): string => text.replaceAll(/ w77 /g, ' changed ')
  const cases: readonly (readonly [string, string, string])[] = [
    ['100 KB with paragraphs shuffled', small.join('\n\n'), shuffled(small, next).join('\n\n')],
    ['100 KB of other text', small.join('\n\n'), other.join('\n\n')],
    ['100 KB in one line, other text', small.join(' '), other.join(' ')],
    ['1 MB with a few words changed', large.join('\n\n'), sprinkled(large.join('\n\n'))],
    ['1 MB with paragraphs shuffled', large.join('\n\n'), shuffled(large, next).join('\n\n')],
    ['1 MB of other text', large.join('\n\n'), largeOther.join('\n\n')],
    ['1 MB in one line with a few words changed', large.join(' '), sprinkled(large.join(' '))],
    ['1 MB in one line, sentences shuffled', large.join(' '), shuffled(large, next).join(' ')],
    ['1 MB in one line, other text', large.join(' '), largeOther.join(' ')],
    ['1 MB in one line without a blank', large.join('').replaceAll(' ', ''), largeOther.join('').replaceAll(' ', '')],
    ['500,000 lines of two kinds', shuffledLetters(next), shuffledLetters(next)],
  ]

  function shuffledLetters(draw: (below: number) => number): string {
    return Array.from({ length: 500_000 }, () => 'ab'.charAt(draw(2))).join('\n')
  }

  it.each(cases)('[D11] %s is done in moments, twice the same', (_, before, after) => {
    const started = performance.now()
    const splices = difference(before, after)
    // Some hundred milliseconds at most on a free machine; the search this guards against takes minutes.
    expect(performance.now() - started).toBeLessThan(6_000)
    expect(applySplices(before, splices) === after).toBe(true)
    expect(difference(before, after)).toEqual(splices)
  })

  it('[D11] a few words changed in a line of 1 MB stay a few splices', () => {
    const before = large.join(' ')
    const splices = difference(before, sprinkled(before))
    expect(removedUnits(splices)).toBeLessThan(before.length / 50)
  })
})
