/** The strange files have among them everything that real files were found to hold, byte for byte. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixturesIn, pathOf } from './fixtures.ts'

const fixtures = fixturesIn('native')
const FRONT = String.raw`^---\n(?:(?!---\n)[^\n]*\n)*?`

describe('strange files', () => {
  it('[F12] there are enough of them, and reading them loses no byte', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(110)
    const changed = fixtures.filter(({ name, text }) => !readFileSync(pathOf('native', name)).equals(Buffer.from(text)))
    expect(changed.map(({ name }) => name)).toEqual([])
  })

  it.each<readonly [trait: string, pattern: RegExp]>([
    ['a BOM', /^\ufeff/],
    ['a BOM and nothing else', /^\ufeff$/],
    ['a BOM and CRLF', /^\ufeff---\r\n/],
    ['CRLF throughout', /^(?:[^\r\n]*\r\n)+$/],
    ['mixed line ends', /[^\r]\n[^]*\r\n/],
    ['a lone CR', /\r(?!\n)/],
    ['lone CRs throughout', /^(?:[^\r\n]*\r)+$/],
    ['tabs', /\t/],
    ['no final newline', /[^\r\n]$/],
    ['no newline behind the closing fence', /\n---$/],
    ['trailing spaces', /[^ \n] +\n/],
    ['blanks behind the fences', /^--- \t\r?\n[^]*\n---\t \r?\n/],
    ['a key nobody knows', /^client: |^my key: |^extensions: /m],
    ['a comment line', /^# /m],
    ['a comment behind a value', /^\w+: \S+ # /m],
    ['an anchor', /: &\w/],
    ['an alias', /[:-] \*\w/],
    ['a tag', /: !/],
    ['a key that stands twice', /^(\w+): [^]*^\1: [^]*^---$/m],
    ['a quoted key', /^"title": /m],
    ['a literal block', /: \|\r?\n/],
    ['a folded block', /: >-\r?\n/],
    ['a flow map', /: \{a: 1/],
    ['a flow list over lines', /: \[\n/],
    ['dates', /: \d{4}-\d\d-\d\d\n/],
    ['a template', /\{\{/],
    ['a value with a colon', /^\w+: \w+: /m],
    ['an empty file', /^$/],
    ['an empty front matter', /^---\n---\n/],
    ['nothing but front matter', new RegExp(`${FRONT}---\n$`)],
    ['an unclosed front matter', /^---\n(?:(?!---\n)[^\n]*\n)*$/],
    ['a front matter closed by dots', /^---\n[^]*?^\.\.\.$/m],
    ['JSON in the place of keys', /^---\n\{/],
    ['a list in the place of keys', /^---\n- /],
    ['conflict markers among the fields', new RegExp(`${FRONT}<<<<<<< HEAD\n`)],
    ['conflict markers of three sides', /^<{7} [^]*^\|{7} [^]*^={7}$[^]*^>{7} /m],
    ['rules around the body', /\n---\n\n---\n[^]*\n---\n$/],
    ['an HTML comment', /<!-- .* -->/],
    ['an HTML comment left open', /<!--(?:(?!-->)[^])*$/],
    ['a box in a fence', /```\n?[^`]*- \[ \]/],
    ['a fence left open', /^```js\n(?:(?!```)[^])*$/m],
    ['boxes of every kind', /- \[x\][^]*\* \[X\][^]*\[\/\][^]*\[-\]/],
    ['a table', /^\|-+\|/m],
    ['setext headings', /^\w+\n=+$/m],
    ['a footnote', /^\[\^\w+\]: /m],
    ['a hard break', /\\\n/],
    ['emoji', /\p{Emoji_Presentation}/u],
    ['joined emoji', /\p{Emoji}\u200d\p{Emoji}/u],
    ['a regional flag', /[\u{1f1e6}-\u{1f1ff}]{2}/u],
    ['right-to-left words', /\p{Script=Hebrew}|\p{Script=Arabic}/u],
    ['a mark that turns the direction', /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/],
    ['combining marks', /\p{L}\p{M}/u],
    ['one word composed and not', /é[^]*e\u0301/],
    ['zero-width characters', /\u200b/],
    ['a no-break space', /\u00a0/],
    ['U+2028', /\u2028/],
    ['U+0085', /\u0085/],
    ['NUL', /\0/],
    ['terminal escapes', /\p{Cc}\[31m/u],
    ['noncharacters', /[\ufdd0-\ufdef][^]*\uffff/],
    ['lines of several thousand characters', /[^\n]{5000}/],
  ])('[F12] among them is %s', (_, pattern) => {
    expect(fixtures.filter(({ text }) => pattern.test(text)).length).toBeGreaterThan(0)
  })
})
