/** Changes what a string literal says and leaves the rest of it as it is written: escapes that stay are the same escapes. */
import { difference, type Span } from '../../src/internal.ts'
import { escapeLength } from './scan.ts'
import { replacement, spliced, type Splice } from './splices.ts'

/** `lines`: its CRLF and lone CR count as LF, as in a body; new line ends are then written as those that are there. */
export interface StringOptions {
  /** @default false */
  readonly lines?: boolean
}

/** What the literal says, and where each UTF-16 unit of that begins in the text; one more for the end. */
interface Decoded {
  readonly said: string
  readonly places: readonly number[]
}

export function stringSplices(
  text: string,
  literal: Span,
  wanted: string,
  { lines = false }: StringOptions = {},
): readonly Splice[] {
  const { said, places } = decoded(text, literal, lines)
  if (said === wanted) return []
  const lineEnd = lines && /\\r\\n/.test(text.slice(literal.start, literal.end)) ? '\r\n' : '\n'
  const isAscii = isAsciiOnly(text.slice(literal.start, literal.end))
  const splices = difference(said, wanted).map(({ at, remove, insert }) =>
    replacement(
      places[at] ?? literal.end - 1,
      places[at + remove] ?? literal.end - 1,
      escaped(lines ? insert.replaceAll('\n', lineEnd) : insert, isAscii),
    ),
  )
  const shifted = splices.map((splice) => ({ ...splice, at: splice.at - literal.start }))
  const edited = spliced(text.slice(literal.start, literal.end), shifted)
  // Half a character beside an escape, or a CR that came to stand before an LF: then it is written anew.
  const isRight = edited.isWellFormed() && decoded(edited, { start: 0, end: edited.length }, lines).said === wanted
  return isRight ? splices : [replacement(literal.start, literal.end, JSON.stringify(wanted))]
}

/** Written by a program that escapes all letters beyond ASCII. */
function isAsciiOnly(literal: string): boolean {
  return /\\u(?!00[01])/.test(literal) && !/[^ -~]/.test(literal)
}

function escaped(text: string, isAscii: boolean): string {
  const literal = JSON.stringify(text).slice(1, -1)
  if (!isAscii) return literal
  return literal.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function decoded(text: string, { start, end }: Span, lines: boolean): Decoded {
  const parts: string[] = []
  const places: number[] = []
  for (let at = start + 1; at < end - 1;) {
    const length = text.charAt(at) === '\\' ? escapeLength(text, at) : 1
    const unit = length === 1 ? text.charAt(at) : unescaped(text.slice(at, at + length))
    const isReturn = lines && unit === '\r'
    const after = at + length
    const isPair = isReturn && text.startsWith('\\n', after) && after < end - 1
    parts.push(isReturn ? '\n' : unit)
    places.push(at)
    at = isPair ? after + 2 : after
  }
  places.push(end - 1)
  return { said: parts.join(''), places }
}

function unescaped(escape: string): string {
  const unit: string = JSON.parse(`"${escape}"`)
  return unit
}
