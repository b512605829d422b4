/** Values that are hard to write, files that are hard to read, and edits anywhere in them: what the laws of a Format are tried on. */
import * as fc from 'fast-check'
import type { Json } from '../../src/internal.ts'

export interface FormatSample {
  readonly path: string
  readonly text: string
}

/** Looks like something else in YAML, JSON or markdown, or is hard to see. */
const words =
  '0 42 -1.50 010 0x1f 1e3 1_000 12:30 .5 .inf yes No on true FALSE null ~ y 2026-11-20 2026-11-20T08:24:00Z'
const marks =
  '@sara `code` a:b key: #x a#b -x --- ... !t &a *a %p | > [x] [ ] {{t}} , "q" \\n // é e\u0301 \u200b \u{1f30a}'
const spaced = [
  '',
  ' ',
  ' padded ',
  'plain words',
  'a: b',
  'a #b',
  '- item',
  '? q',
  '{a: b}',
  'a, b',
  "it's",
  '- [ ] box',
]
const hidden = ['a\u00a0', '\ufeffx', 'a\u2028b', 'a\u0085b', 'a\tb', '\t', '\u0000', '\u0007', '\ud83c', '\u202eשלום']
const severalLines = [
  'two\nlines',
  'end\n',
  '\n\nlead',
  'a\r\nb',
  `"a" 'b' \\c`,
  '\u{1f468}\u200d\u{1f467}',
  'x'.repeat(2000),
]
export const strangeTexts: readonly string[] = [
  ...words.split(' '),
  ...marks.split(' '),
  ...spaced,
  ...hidden,
  ...severalLines,
]
export const strangeElements: readonly string[] = strangeTexts.filter(
  (text) => text.trim() !== '' && !/[,\n\r\0]/.test(text),
)

const numbers: readonly Json[] = [0, -1, 3.5, 1e21, 1e-7, 123456789012345, true, false]
const nested: readonly Json[] = [[], {}, ['a'], [1, 'two', null, true], { a: 1 }, [['a'], { d: [{ e: '' }] }]]
const oddKeys: Json = { 'odd: key': 'x', '': 'empty', null: 'n', '010': [' '] }
export const strangeValues: readonly Json[] = [...strangeTexts, ...numbers, ...nested, oddKeys]

const blankBodies = ['', '\n', '\n\n', ' \n', 'x', 'x\n', '\nx\n', 'a\n\n\nb\n', '\ufeffx', 'a\u2028b\n', '\u{1f3c6}\n']
const fencedBodies = [
  '---\n',
  '---\na: b\n---\n',
  '---\nopen',
  '- [ ] one\n- [x] two\n',
  '```\n---\n```\n',
  'Head\n---\n',
]
export const strangeBodies: readonly string[] = [...blankBodies, ...fencedBodies]

const structure = [
  '\n',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '  ',
  '\t',
  '---',
  '\n---\n',
  '...',
  ':',
  ': ',
  '# ',
  '- ',
  ',',
  '[',
  ']',
]
const values = [
  '{',
  '}',
  '"',
  "'",
  '|',
  '>',
  '&a',
  '*a',
  '!t',
  '\\',
  'x',
  '~',
  '1',
  'title',
  'status: ',
  'labels: ',
  '\n  ',
]
const oddities = ['\n- ', '\ufeff', '\u0000', '\u{1f30a}', 'e\u0301', '\u2028', '<<<<<<< HEAD\n', '- [ ] ', '{{t}}']
export const fragments: readonly string[] = [...structure, ...values, ...oddities]

export interface Edit {
  readonly at: number
  readonly cut: number
  readonly put: string
}

export function withEdit(text: string, { at, cut, put }: Edit): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + put + text.slice(start + cut)
}

/** A sample after up to three edits anywhere in it. */
export function edited(samples: readonly FormatSample[]): fc.Arbitrary<FormatSample> {
  const put = fc.string({ unit: fc.constantFrom(...fragments), maxLength: 3 })
  const edit = fc.record({ at: fc.nat(400), cut: fc.nat(6), put })
  return fc
    .record({ sample: fc.constantFrom(...samples), edits: fc.array(edit, { maxLength: 3 }) })
    .map(({ sample, edits }) => ({ path: sample.path, text: edits.reduce(withEdit, sample.text) }))
}

/** Plain JSON: no -0, which has no text of its own. */
export function jsonFrom(value: unknown): Json {
  const json: Json = JSON.parse(JSON.stringify(value))
  return json
}
