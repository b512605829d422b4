/** Reads the one YAML value that stands behind a colon. What it is not sure of it refuses, with the reason; it never guesses. */
import { afterLine, endOfLine, isBlank, isLineEnd } from './lines.ts'
import { readBlockScalar } from './yaml-block-scalar.ts'
import { fail, indentedTo, isSpaceAt, type Cursor } from './yaml-cursor.ts'
import { readFlow } from './yaml-flow.ts'
import { isNull, maxDepth, type YamlCollection, type YamlNode, type YamlPart, type YamlRefusal } from './yaml-node.ts'
import { readPlain } from './yaml-plain.ts'
import { readQuoted } from './yaml-quoted.ts'

const HASH = 35
const DASH = 45

/** The value between `from`, right behind the colon of a key that is not indented, and `end`, where the next line begins that is not its own. */
export function readValue(text: string, from: number, end: number): YamlNode | YamlRefusal {
  const cursor: Cursor = { text, end, at: from, column: 0, problem: '' }
  const node = readAfter(cursor, 0, 0)
  if (node !== undefined && cursor.at < end) fail(cursor, 'a line below it belongs to nothing')
  return node === undefined || cursor.problem !== '' ? { kind: 'refusal', reason: cursor.problem } : node
}

/**
 * Reads what stands behind a colon and leaves the cursor at the start of the next line that says something.
 * `indent` is that of the key; a list may stand as far left as its key.
 */
function readAfter(cursor: Cursor, indent: number, depth: number): YamlNode | undefined {
  const from = cursor.at
  skipBlanks(cursor)
  if (!isAtEndOfLine(cursor)) return readInline(cursor, indent, depth)
  nextLine(cursor)
  if (cursor.at < cursor.end && (cursor.column > indent || (cursor.column === indent && isDash(cursor, cursor.column))))
    return readBelow(cursor, indent, depth)
  return { kind: 'scalar', style: 'empty', text: '', start: from, end: from }
}

/** The cursor stands at the start of the line that begins the value. */
function readBelow(cursor: Cursor, indent: number, depth: number): YamlNode | undefined {
  const { column } = cursor
  const isList = isDash(cursor, column)
  cursor.at += column
  if (isList) return readList(cursor, column, depth)
  return colonOfKey(cursor) < 0 ? readInline(cursor, indent, depth) : readMap(cursor, column, depth)
}

/** A value that begins on this line, and the rest of its last line. */
function readInline(cursor: Cursor, indent: number, depth: number): YamlNode | undefined {
  const node = readOne(cursor, indent, depth)
  if (node !== undefined) nextLine(cursor)
  return node
}

function readOne(cursor: Cursor, indent: number, depth: number): YamlNode | undefined {
  if (isLetterOrDigit(cursor.text.charCodeAt(cursor.at))) return readPlain(cursor, indent, false)
  const char = cursor.text.charAt(cursor.at)
  if (char === '"' || char === "'") return readQuoted(cursor, indent)
  if (char === '[' || char === '{') return readFlow(cursor, indent, depth)
  if (char === '|' || char === '>') return readBlockScalar(cursor, indent)
  const refusal = refusalOf(cursor, char)
  return refusal === undefined ? readPlain(cursor, indent, false) : fail(cursor, refusal)
}

/** Of ASCII. */
function isLetterOrDigit(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57)
}

/** Why a plain word cannot begin with the character at the cursor. */
function refusalOf(cursor: Cursor, char: string): string | undefined {
  if (char === '&' || char === '*') return 'it has an anchor or an alias'
  if (char === '!') return 'it has a tag'
  if (`@\`%,]}`.includes(char)) return `a value cannot begin with ${char}; put it in quotes`
  if ('-?:'.includes(char) && isSpaceAt(cursor, cursor.at + 1)) return `a value cannot begin with ${char} and a space`
  return undefined
}

/** The cursor stands at the first dash; further ones stand as far to the right. */
function readList(cursor: Cursor, column: number, depth: number): YamlCollection | undefined {
  if (depth === maxDepth) return fail(cursor, 'it is nested too deeply')
  const parts: YamlPart[] = []
  const start = cursor.at
  for (;;) {
    const dash = cursor.at
    cursor.at++
    const node = readItem(cursor, column, depth + 1)
    if (node === undefined) return undefined
    parts.push({ name: '', start: dash, from: dash + 1, node })
    if (cursor.at >= cursor.end || cursor.column < column || !isDash(cursor, cursor.column)) break
    if (cursor.column > column) return fail(cursor, 'a line of it is indented too far')
    cursor.at += column
  }
  return { kind: 'list', isFlow: false, parts, start, end: lastEnd(parts, start) }
}

/** What stands behind a dash: lists and maps may begin on its line. */
function readItem(cursor: Cursor, column: number, depth: number): YamlNode | undefined {
  const dash = cursor.at - 1
  const from = cursor.at
  skipBlanks(cursor)
  if (cursor.text.slice(from, cursor.at).includes('\t')) return fail(cursor, 'a tab stands behind a dash; use a space')
  const inner = column + cursor.at - dash
  if (isAtEndOfLine(cursor)) {
    cursor.at = from
    return readBehindDash(cursor, column, depth)
  }
  if (isDash(cursor, 0)) return readList(cursor, inner, depth)
  return colonOfKey(cursor) < 0 ? readInline(cursor, column, depth) : readMap(cursor, inner, depth)
}

function readBehindDash(cursor: Cursor, column: number, depth: number): YamlNode | undefined {
  const from = cursor.at
  nextLine(cursor)
  if (cursor.at < cursor.end && cursor.column > column) return readBelow(cursor, column, depth)
  return { kind: 'scalar', style: 'empty', text: '', start: from, end: from }
}

/** The cursor stands at the first key; further ones stand as far to the right. */
function readMap(cursor: Cursor, column: number, depth: number): YamlCollection | undefined {
  if (depth === maxDepth) return fail(cursor, 'it is nested too deeply')
  const parts: YamlPart[] = []
  const names = new Set<string>()
  const start = cursor.at
  for (;;) {
    const at = cursor.at
    const name = readKey(cursor)
    if (name === undefined) return undefined
    if (names.size === names.add(name).size) return fail(cursor, 'a key in it stands twice')
    const from = cursor.at
    const node = readAfter(cursor, column, depth + 1)
    if (node === undefined) return undefined
    parts.push({ name, start: at, from, node })
    if (cursor.at >= cursor.end || cursor.column < column) break
    if (cursor.column > column || isDash(cursor, column)) return fail(cursor, 'a line of it is indented too far')
    cursor.at += column
  }
  return { kind: 'map', isFlow: false, parts, start, end: lastEnd(parts, start) }
}

/** Reads a key and its colon. */
function readKey(cursor: Cursor): string | undefined {
  const colon = colonOfKey(cursor)
  if (colon < 0) return fail(cursor, 'a line of it has no key')
  const line: Cursor = { ...cursor, end: colon }
  const char = cursor.text.charAt(cursor.at)
  const isQuoted = char === '"' || char === "'"
  const refusal = '[{|>'.includes(char) ? 'a key in it is not a word' : refusalOf(cursor, char)
  if (refusal !== undefined) return fail(cursor, refusal)
  const node = isQuoted ? readQuoted(line, -1) : readPlain(line, -1, false)
  if (node === undefined) return fail(cursor, line.problem)
  if (!isQuoted && (isNull(node) || node.text === '<<')) return fail(cursor, 'a key in it is null or merges maps')
  cursor.at = colon + 1
  return node.text
}

/** Where the colon of a key stands that begins at the cursor; -1 when the line has no key there. */
function colonOfKey(cursor: Cursor): number {
  const { text } = cursor
  const char = text.charAt(cursor.at)
  if (char === '[' || char === '{') return -1
  let at = cursor.at
  if (char === '"' || char === "'") {
    const line: Cursor = { ...cursor, end: Math.min(cursor.end, endOfLine(text, at)) }
    if (readQuoted(line, -1) === undefined) return -1
    for (at = line.at; isBlank(text.charCodeAt(at));) at++
    return text.charAt(at) === ':' && isSpaceAt(cursor, at + 1) ? at : -1
  }
  for (; at < cursor.end && !isLineEnd(text.charCodeAt(at)); at++) {
    if (text.charCodeAt(at) === HASH && isBlank(text.charCodeAt(at - 1))) return -1
    if (text.charAt(at) === ':' && isSpaceAt(cursor, at + 1)) return at
  }
  return -1
}

function lastEnd(parts: readonly YamlPart[], start: number): number {
  return parts.at(-1)?.node.end ?? start
}

function isDash(cursor: Cursor, column: number): boolean {
  return cursor.text.charCodeAt(cursor.at + column) === DASH && isSpaceAt(cursor, cursor.at + column + 1)
}

function skipBlanks(cursor: Cursor): void {
  while (cursor.at < cursor.end && isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at++
}

/** At the end of the line, or at a comment, which must have a blank before it. */
function isAtEndOfLine(cursor: Cursor): boolean {
  const code = cursor.text.charCodeAt(cursor.at)
  return cursor.at >= cursor.end || isLineEnd(code) || (code === HASH && isBlank(cursor.text.charCodeAt(cursor.at - 1)))
}

/** Over the rest of this line and over lines that are blank or a comment, to the start of the next one. */
function nextLine(cursor: Cursor): void {
  const { text, end } = cursor
  skipBlanks(cursor)
  if (!isAtEndOfLine(cursor)) return fail(cursor, 'something stands behind its value')
  let line = afterLine(text, endOfLine(text, cursor.at))
  while (line < end) {
    const at = indentedTo(cursor, line)
    const code = text.charCodeAt(at)
    cursor.column = at - line
    if (!isLineEnd(code) && code !== HASH) break
    line = afterLine(text, endOfLine(text, at))
  }
  cursor.at = line < end ? line : end
}
