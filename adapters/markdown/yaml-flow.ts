/** Reads YAML values between brackets: `[a, b]`, `{a: 1}`, nested and over several lines. What it is not sure of it refuses. */
import { afterLine, endOfLine, isBlank, isLineEnd } from './lines.ts'
import { fail, indentedTo, isFlowIndicator, isSpaceAt, type Cursor } from './yaml-cursor.ts'
import { isNull, maxDepth, type YamlCollection, type YamlNode, type YamlPart, type YamlScalar } from './yaml-node.ts'
import { readPlain } from './yaml-plain.ts'
import { readQuoted } from './yaml-quoted.ts'

const HASH = 35

export function readFlow(cursor: Cursor, indent: number, depth: number): YamlCollection | undefined {
  if (depth === maxDepth) return fail(cursor, 'it is nested too deeply')
  const start = cursor.at
  const isList = cursor.text.charAt(start) === '['
  const close = isList ? ']' : '}'
  const parts: YamlPart[] = []
  const names = new Set<string>()
  cursor.at++
  for (;;) {
    skipSpace(cursor, indent)
    if (cursor.problem !== '') return undefined
    if (cursor.text.charAt(cursor.at) === close) break
    const part = isList ? readItem(cursor, indent, depth + 1) : readPair(cursor, indent, depth + 1)
    if (part === undefined) return undefined
    if (!isList && names.size === names.add(part.name).size) return fail(cursor, 'a key in it stands twice')
    parts.push(part)
    skipSpace(cursor, indent)
    const char = cursor.at < cursor.end ? cursor.text.charAt(cursor.at) : ''
    if (char === close) break
    if (char !== ',')
      return fail(cursor, char === '' ? `its ${close} is missing` : `a comma or ${close} is missing in it`)
    cursor.at++
  }
  cursor.at++
  return { kind: isList ? 'list' : 'map', isFlow: true, parts, start, end: cursor.at }
}

function readItem(cursor: Cursor, indent: number, depth: number): YamlPart | undefined {
  const start = cursor.at
  const node = readOne(cursor, indent, depth)
  return node === undefined ? undefined : { name: '', start, from: start, node }
}

function readPair(cursor: Cursor, indent: number, depth: number): YamlPart | undefined {
  const start = cursor.at
  const char = cursor.text.charAt(start)
  if (char === '[' || char === '{') return fail(cursor, 'a key in it is not a word; put templates in quotes')
  const key = readScalar(cursor, indent)
  if (key === undefined) return undefined
  if (key.style === 'plain' && (isNull(key) || key.text === '<<'))
    return fail(cursor, 'a key in it is null or merges maps')
  if (/[\r\n]/.test(cursor.text.slice(key.start, key.end))) return fail(cursor, 'a key in it takes several lines')
  const name = key.text
  while (isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at++
  if (cursor.text.charAt(cursor.at) !== ':') {
    if (key.style === 'plain' && name.includes(':')) return fail(cursor, 'a colon in it has no space behind it')
    return { name, start, from: key.end, node: emptyAt(key.end) }
  }
  const from = ++cursor.at
  if (key.style === 'plain' && !isSpaceAt(cursor, from) && !isFlowIndicator(cursor.text.charCodeAt(from)))
    return fail(cursor, 'a colon in it has no space behind it')
  skipSpace(cursor, indent)
  const next = cursor.text.charAt(cursor.at)
  if (next === ',' || next === '}') return { name, start, from, node: emptyAt(from) }
  const node = readOne(cursor, indent, depth)
  return node === undefined ? undefined : { name, start, from, node }
}

function emptyAt(at: number): YamlScalar {
  return { kind: 'scalar', style: 'empty', text: '', start: at, end: at }
}

function readOne(cursor: Cursor, indent: number, depth: number): YamlNode | undefined {
  const char = cursor.text.charAt(cursor.at)
  return char === '[' || char === '{' ? readFlow(cursor, indent, depth) : readScalar(cursor, indent)
}

function readScalar(cursor: Cursor, indent: number): YamlScalar | undefined {
  const char = cursor.at < cursor.end ? cursor.text.charAt(cursor.at) : ''
  if (char === '"' || char === "'") return readQuoted(cursor, indent)
  if (char === '') return fail(cursor, 'its closing bracket is missing')
  if ('&*'.includes(char)) return fail(cursor, 'it has an anchor or an alias')
  if (char === '!') return fail(cursor, 'it has a tag')
  if (',]}@`%|>#'.includes(char)) return fail(cursor, `a value in it cannot begin with ${char}`)
  const next = cursor.at + 1
  if ('-?:'.includes(char) && (isSpaceAt(cursor, next) || isFlowIndicator(cursor.text.charCodeAt(next))))
    return fail(cursor, `a value in it cannot begin with ${char} alone`)
  return readPlain(cursor, indent, true)
}

/** Over blanks, comments and line ends. Lines of the value are indented deeper than its key, except for closing brackets. */
function skipSpace(cursor: Cursor, indent: number): void {
  const { text, end } = cursor
  while (cursor.at < end) {
    const code = text.charCodeAt(cursor.at)
    if (isBlank(code)) cursor.at++
    else if (code === HASH && (isBlank(text.charCodeAt(cursor.at - 1)) || isLineEnd(text.charCodeAt(cursor.at - 1))))
      cursor.at = endOfLine(text, cursor.at)
    else if (isLineEnd(code)) {
      const line = afterLine(text, cursor.at)
      cursor.at = line < end ? indentedTo(cursor, line) : end
      const isText = cursor.at < end && !isLineEnd(text.charCodeAt(cursor.at))
      if (isText && cursor.at - line <= indent && !'#]}'.includes(text.charAt(cursor.at)))
        fail(cursor, 'a line of it is not indented deeper than its key')
    } else return
  }
}
