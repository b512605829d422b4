/** How wide text stands in a terminal, and that text from a file can do nothing else there. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { padToWidth, printable, textWidth, truncateToWidth } from '../../../adapters/cli/width.ts'

const pieces =
  'a|b|  |é|e\u0301|—|漢|한|각|ｱ|👨‍👩‍👧|🇩🇪|🇩|1️⃣|❤️|❤|👍🏽|\u200b|\u200d|\ufe0f|\u0301|\u001b[31m|\t|\n|\u202e|नि'.split('|')
const texts = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
)

describe('textWidth', () => {
  it('[W1] plain letters, dashes and quotes take one column each', () => {
    expect(textWidth('')).toBe(0)
    expect(textWidth('Fix login #12')).toBe(13)
    expect(textWidth('größe — „naïve“ … Привет Ελλάδα €5 → ├─')).toBe(39)
  })

  it.each([
    ['日本語', 6],
    ['한국어', 6],
    ['각', 2],
    ['ひらがなカタカナ', 16],
    ['ｶﾀｶﾅ', 4],
    ['（全角）', 8],
    ['𠮷野家', 6],
    ['🌀', 2],
    ['👨‍👩‍👧', 2],
    ['👍🏽', 2],
    ['🇩🇪', 2],
    ['🇩🇪🇫🇷', 4],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', 2],
    ['1️⃣', 2],
    ['❤️', 2],
    ['❤️‍🔥', 2],
    ['🏳️‍🌈', 2],
    ['👁‍🗨', 2],
  ])('[W2] %s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it.each([
    ['❤', 1],
    ['☺︎', 1],
    ['✔ ©', 3],
    ['ü – ', 4],
  ])('[W2] %s is no picture and takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it.each([
    ['e\u0301', 1],
    ['a\u200bb', 2],
    ['\ufeff', 0],
    ['\u200d', 0],
    ['नि', 1],
    ['שָׁלוֹם', 4],
    ['กำ ที่', 4],
    ['co\u00adop', 5],
  ])('[W3] marks and invisible characters take no column: %j takes %i', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })
})

describe('printable', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', '\ufffd[31mred\ufffd[0m'],
    ['\u001b]0;title\u0007', '\ufffd]0;title\ufffd'],
    ['\u009b2J', '\ufffd2J'],
    ['one\r\ntwo\u0000\u007f', 'one\ufffd\ufffdtwo\ufffd\ufffd'],
    ['one\u2028two\u2029', 'one\ufffdtwo\ufffd'],
    ['\u202eevil\u202c \u2066x\u2069', '\ufffdevil\ufffd \ufffdx\ufffd'],
    ['half \ud83d', 'half \ufffd'],
    ['a\tb', 'a b'],
    ['größe 👨‍👩‍👧 שלום', 'größe 👨‍👩‍👧 שלום'],
  ])('[W4] %j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown)
    expect(textWidth(text)).toBe(textWidth(shown))
  })

  it('[W4] no text keeps a control character, a line end or a change of direction, however it is treated', () => {
    const treatments = [printable, (text: string) => padToWidth(text, 20), (text: string) => truncateToWidth(text, 5)]
    fc.assert(
      fc.property(texts, (text) => {
        for (const treatment of treatments) {
          const shown = treatment(text)
          expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u)
          expect(printable(shown)).toBe(shown)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('truncateToWidth', () => {
  it('[W5] wider text is cut between characters, ends with … and is never wider than asked', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: -1, max: 30 }), (text, width) => {
        const cut = truncateToWidth(text, width)
        expect(textWidth(cut)).toBeLessThanOrEqual(Math.max(0, width))
        const isCut = textWidth(text) > width
        expect(cut.endsWith('…') || !isCut || width < 1).toBe(true)
        expect(printable(text).startsWith(isCut ? cut.slice(0, -1) : cut)).toBe(true)
        expect(isCut || cut === printable(text)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['a long title', 7, 'a long…'],
    ['a long title', 12, 'a long title'],
    ['a long title', 1, '…'],
    ['a long title', 0, ''],
    ['größer', 3, 'gr…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👨‍👩‍👧👨‍👩‍👧', 3, '👨‍👩‍👧…'],
    ['👨‍👩‍👧👨‍👩‍👧', 2, '…'],
    ['\u001b[31mred', 3, '\ufffd[…'],
  ])('[W5] %j in %i columns is %j', (text, width, cut) => {
    expect(truncateToWidth(text, width)).toBe(cut)
  })
})

describe('padToWidth', () => {
  it('[W6] narrower text is filled up to the columns asked, at the right or at the left', () => {
    expect(padToWidth('日本', 6)).toBe('日本  ')
    expect(padToWidth('日本', 6, 'right')).toBe('  日本')
    expect(padToWidth('too long', 3)).toBe('too long')
    fc.assert(
      fc.property(texts, fc.nat(30), fc.constantFrom('left', 'right'), (text, width, align) => {
        expect(textWidth(padToWidth(text, width, align))).toBe(Math.max(width, textWidth(text)))
      }),
      { numRuns: 1_000 },
    )
  })
})
