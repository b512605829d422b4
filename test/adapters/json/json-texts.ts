/** JSON as people and programs write it: any value, with any blanks, line ends, spellings of a text and of a number, and names twice. */
import * as fc from 'fast-check'

const blanks = fc.constantFrom('', '', '', ' ', '  ', '\n', '\r\n', '\t', '\n    ', ' \r\n\t')
const names = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'id', 'tasks', '', '__proto__', 'é', '\u{1f30a}', 'a"b', '\\'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
)
const numbers = fc.constantFrom('0', '-0', '1', '1.0', '10e-1', '1E3', '12345678901234567890', '0.1000', '-1.5e+3')

/** A text in quotes; some of its letters as escapes that need not be any. */
const strings = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.array(fc.boolean(), { maxLength: 6 }))
  .map(([text, isEscaped]) => {
    const units = text.split('').map((unit, at) => {
      if (isEscaped[at] === true) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
      return unit === '/' ? '\\/' : JSON.stringify(unit).slice(1, -1)
    })
    return `"${units.join('')}"`
  })

function enclosed(items: fc.Arbitrary<string>, [open, close]: readonly [string, string]): fc.Arbitrary<string> {
  const spaced = fc.tuple(blanks, items, blanks).map((parts) => parts.join(''))
  return fc
    .tuple(blanks, fc.array(spaced, { maxLength: 5 }))
    .map(([blank, parts]) => open + (parts.length === 0 ? blank : parts.join(',')) + close)
}

const { value } = fc.letrec<{ value: string }>((tie) => {
  const member = fc
    .tuple(names, blanks, blanks, tie('value'))
    .map(([name, before, after, said]) => `${JSON.stringify(name)}${before}:${after}${said}`)
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('null', 'true', 'false'),
      numbers,
      strings,
      enclosed(tie('value'), ['[', ']']),
      enclosed(member, ['{', '}']),
    ),
  }
})

export const jsonTexts: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('', '', '\ufeff'), blanks, value, blanks)
  .map((parts) => parts.join(''))
