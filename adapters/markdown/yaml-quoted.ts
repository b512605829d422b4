/** Reads the quoted scalars of YAML: escapes put right, several lines folded into one. */
import { afterLine, isBlank, isLineEnd } from './lines.ts'
import { fail, refuseControl, type Cursor } from './yaml-cursor.ts'
import type { YamlScalar } from './yaml-node.ts'

export function readQuoted(cursor: Cursor, indent: number): YamlScalar | undefined {
  const start = cursor.at
  const quote = cursor.text.charAt(start)
  const close = closingQuote(cursor, quote)
  if (close < 0) return fail(cursor, 'its quote is not closed')
  const raw = cursor.text.slice(start + 1, close)
  cursor.at = close + 1
  refuseControl(cursor, raw)
  const isSimple = !/[\\\r\n']/.test(raw)
  const said = isSimple ? raw : unquoted(cursor, raw, quote, indent)
  if (said === undefined || cursor.problem !== '') return undefined
  return { kind: 'scalar', style: quote === '"' ? 'double' : 'single', text: said, start, end: close + 1 }
}

function closingQuote(cursor: Cursor, quote: string): number {
  const { text, end } = cursor
  for (let at = cursor.at + 1; at < end; at++) {
    if (quote === '"' && text.charAt(at) === '\\') at++
    else if (text.charAt(at) === quote) {
      if (quote === '"' || text.charAt(at + 1) !== quote) return at
      at++
    }
  }
  return -1
}

/** Escapes put right, line ends folded. Blanks that stand beside a line end go; escaped ones stay. */
function unquoted(cursor: Cursor, raw: string, quote: string, indent: number): string | undefined {
  let said = ''
  let kept = 0
  for (let at = 0; at < raw.length;) {
    const char = raw.charAt(at)
    const isEscape = char === '\\' && quote === '"'
    if (isEscape && !isLineEnd(raw.charCodeAt(at + 1))) {
      const escape = escaped(raw, at + 1)
      if (escape === undefined) return fail(cursor, 'a backslash stands before a letter that cannot be escaped')
      said += escape.char
      kept = said.length
      at = escape.next
    } else if (isEscape || isLineEnd(raw.charCodeAt(at))) {
      const next = overLineEnds(raw, isEscape ? at + 1 : at)
      if (next.column <= indent || next.hasTab) return fail(cursor, 'a line of it is not indented deeper than its key')
      const folded = isEscape || next.breaks > 1 ? '\n'.repeat(next.breaks - 1) : ' '
      said = (isEscape ? said : said.slice(0, kept)) + folded
      kept = said.length
      at = next.at
    } else {
      said += char
      at += char === "'" && quote === "'" ? 2 : 1
      if (char !== ' ' && char !== '\t') kept = said.length
    }
  }
  return said
}

interface NextText {
  readonly at: number
  /** How many line ends lie before it. */
  readonly breaks: number
  readonly column: number
  readonly hasTab: boolean
}

/** To the next text behind a line end; the closing quote is as good as any other. */
function overLineEnds(raw: string, from: number): NextText {
  let breaks = 0
  let at = from
  let line = from
  while (at < raw.length && isLineEnd(raw.charCodeAt(at))) {
    breaks++
    line = afterLine(raw, at)
    at = line
    while (isBlank(raw.charCodeAt(at))) at++
  }
  return { at, breaks, column: at - line, hasTab: raw.slice(from, at).includes('\t') }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ['/', '/'],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
])

function escaped(raw: string, at: number): { readonly char: string; readonly next: number } | undefined {
  const letter = raw.charAt(at)
  const digits = { x: 2, u: 4, U: 8 }[letter]
  if (digits === undefined) {
    const char = ESCAPES.get(letter)
    return char === undefined ? undefined : { char, next: at + 1 }
  }
  const hex = raw.slice(at + 1, at + 1 + digits)
  const code = Number.parseInt(hex, 16)
  if (hex.length < digits || /[^\da-f]/i.test(hex) || code > 0x10ffff) return undefined
  return { char: String.fromCodePoint(code), next: at + 1 + digits }
}
