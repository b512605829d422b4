/** Reads the words of YAML that stand without quotes, over all their lines. */
import { afterLine, endOfLine, isBlank, isLineEnd } from './lines.ts'
import { fail, indentedTo, isFlowIndicator, isSpaceAt, refuseControl, type Cursor } from './yaml-cursor.ts'
import type { YamlScalar } from './yaml-node.ts'

const COLON = 58
const HASH = 35
const SPACE = 32
const TAB = 9

/** A word without quotes, over as many lines as are indented deeper than `indent`. The first character was checked. */
export function readPlain(cursor: Cursor, indent: number, isFlow: boolean): YamlScalar | undefined {
  const start = cursor.at
  let said = plainLine(cursor, isFlow)
  let end = cursor.at
  while (cursor.problem === '' && isAtLineEnd(cursor)) {
    const breaks = toContinuation(cursor, indent)
    if (breaks === 0 || (isFlow && isFlowIndicator(cursor.text.charCodeAt(cursor.at)))) break
    const line = plainLine(cursor, isFlow)
    if (line === '') break
    said += (breaks === 1 ? ' ' : '\n'.repeat(breaks - 1)) + line
    end = cursor.at
  }
  cursor.at = end
  return cursor.problem === '' ? { kind: 'scalar', style: 'plain', text: said, start, end } : undefined
}

/** What one line adds to a plain word; leaves the cursor behind it. */
function plainLine(cursor: Cursor, isFlow: boolean): string {
  const { text, end } = cursor
  const start = cursor.at
  let last = start
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (isLineEnd(code)) break
    if (code === COLON && (isSpaceAt(cursor, at + 1) || (isFlow && isFlowIndicator(text.charCodeAt(at + 1))))) {
      if (!isFlow) fail(cursor, 'a colon and a space stand in it; put it in quotes')
      break
    }
    if (code === HASH && isBlank(text.charCodeAt(at - 1))) break
    if (isFlow && isFlowIndicator(code)) break
    if (code < SPACE && code !== TAB) refuseControl(cursor, text.charAt(at))
    if (code !== SPACE && code !== TAB) last = at + 1
  }
  cursor.at = last
  return text.slice(start, last)
}

function isAtLineEnd(cursor: Cursor): boolean {
  let at = cursor.at
  while (at < cursor.end && isBlank(cursor.text.charCodeAt(at))) at++
  return at < cursor.end && isLineEnd(cursor.text.charCodeAt(at))
}

/** Moves to the text of the next line that continues a scalar and says how many line ends lie between; 0: none does. */
function toContinuation(cursor: Cursor, indent: number): number {
  const { text, end } = cursor
  let breaks = 0
  let hasTab = false
  for (let line = afterLine(text, endOfLine(text, cursor.at)); line < end;) {
    breaks++
    const content = indentedTo(cursor, line)
    if (!isLineEnd(text.charCodeAt(content))) {
      const column = content - line
      if (column <= indent || text.charCodeAt(content) === HASH) return 0
      if (hasTab) fail(cursor, 'a line of it holds only tabs')
      cursor.at = content
      return breaks
    }
    hasTab ||= text.slice(line, content).includes('\t')
    line = afterLine(text, endOfLine(text, content))
  }
  return 0
}
