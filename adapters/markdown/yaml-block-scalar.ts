/** Reads the block scalars of YAML, `|` and `>`: indentation, folding, and what becomes of the last line ends. */
import { afterLine, endOfLine, isBlank } from './lines.ts'
import { fail, refuseControl, type Cursor } from './yaml-cursor.ts'
import type { YamlScalar } from './yaml-node.ts'

interface BlockLines {
  /** Without indentation; blank lines are empty. */
  readonly lines: readonly string[]
  readonly indent: number
  /** Where the last line that is not blank ends, and where the last one ends. */
  readonly end: number
  readonly endWithBlanks: number
}

const HEADER = /[|>](?:([1-9])?([+-])?|([+-])([1-9]))[ \t]*(?:[ \t]#[^\r\n]*)?(?=[\r\n])/y

/** `indent`: how far the key or the dash in front of it is indented. */
export function readBlockScalar(cursor: Cursor, indent: number): YamlScalar | undefined {
  const start = cursor.at
  HEADER.lastIndex = start
  const header = HEADER.exec(cursor.text)
  if (header === null) return fail(cursor, 'what stands behind the | or > is not understood')
  const given = header[1] ?? header[4]
  const chomp = header[2] ?? header[3] ?? ''
  const headerEnd = endOfLine(cursor.text, start)
  const block = blockLines(cursor, headerEnd, indent, given === undefined ? undefined : indent + Number(given))
  if (block === undefined) return undefined
  // Whether such a line is text or the end of it depends on the reader.
  if (block.lines.findLast((line) => line !== '')?.trim() === '') return fail(cursor, 'its last line holds only blanks')
  refuseControl(cursor, cursor.text.slice(start, block.end))
  const isLiteral = header[0].startsWith('|')
  cursor.at = chomp === '+' ? block.endWithBlanks : block.end
  return {
    kind: 'scalar',
    style: isLiteral ? 'literal' : 'folded',
    text: chomped(block.lines, isLiteral, chomp),
    indent: block.indent,
    start,
    end: cursor.at,
  }
}

function blockLines(
  cursor: Cursor,
  headerEnd: number,
  parent: number,
  given: number | undefined,
): BlockLines | undefined {
  const { text } = cursor
  const lines: string[] = []
  let indent = given
  let widest = 0
  let end = headerEnd
  let endWithBlanks = headerEnd
  for (let line = afterLine(text, headerEnd); line < cursor.end; line = afterLine(text, endOfLine(text, line))) {
    let at = line
    while (text.charCodeAt(at) === 32 && (indent === undefined || at - line < indent)) at++
    const lineEnd = endOfLine(text, at)
    if (at === lineEnd) {
      widest = Math.max(widest, at - line)
      lines.push('')
      endWithBlanks = lineEnd
      continue
    }
    const column = at - line
    if (column < (indent ?? parent + 1)) {
      if (isBlankTo(text, at, lineEnd)) return fail(cursor, 'a tab indents one of its lines; use spaces')
      break
    }
    // Lines of tabs alone are text or blank, depending on the reader.
    if (isBlankTo(text, at, lineEnd) && text.slice(at, lineEnd).includes('\t'))
      return fail(cursor, 'a line of it holds only tabs')
    if (indent === undefined && widest > column)
      return fail(cursor, 'a blank line of it is indented deeper than its text')
    indent ??= column
    lines.push(text.slice(line + indent, lineEnd))
    end = lineEnd
    endWithBlanks = lineEnd
  }
  return { lines, indent: indent ?? parent + 2, end, endWithBlanks }
}

function isBlankTo(text: string, from: number, to: number): boolean {
  let at = from
  while (at < to && isBlank(text.charCodeAt(at))) at++
  return at === to
}

function chomped(lines: readonly string[], isLiteral: boolean, chomp: string): string {
  let count = lines.length
  while (count > 0 && lines[count - 1] === '') count--
  const said = isLiteral ? lines.slice(0, count).join('\n') : folded(lines.slice(0, count))
  if (chomp === '+') return said + '\n'.repeat(lines.length - count + (count > 0 ? 1 : 0))
  return count > 0 && chomp === '' ? `${said}\n` : said
}

/** Line ends between two lines of text become a space; beside blank and indented lines they stay. */
function folded(lines: readonly string[]): string {
  let said = ''
  let breaks = 0
  let wasIndented: boolean | undefined
  for (const line of lines) {
    if (line === '') {
      breaks++
      continue
    }
    const isIndented = isBlank(line.charCodeAt(0))
    if (wasIndented === undefined) said = '\n'.repeat(breaks)
    else if (wasIndented || isIndented) said += '\n'.repeat(breaks + 1)
    else said += breaks === 0 ? ' ' : '\n'.repeat(breaks)
    said += line
    breaks = 0
    wasIndented = isIndented
  }
  return said
}
