/** Writes keys and values with the bytes that Backlog.md gives them, so that both programs make the same files of the same tasks. */
import type { Json } from '../../src/internal.ts'
import { canBeWritten, flowText, isList, keyText, scalarText } from './yaml-text.ts'
import { readValue } from './yaml-value.ts'

/** How long the lines of a folded text may be, below a key and below a dash. */
const WIDTH = 78
const ITEM_WIDTH = 76
/** What ends a plain word for the YAML writer of Backlog.md, or makes it no plain word. */
const QUOTED = /^[-?:,[\]{}#&*!|=>'"%@`]|[:,[\]{}]|\s#|^\s|\s$/
/** A date to its reader, which would make another text of it. */
const DATE = /^\d{4}-(?:\d\d-\d\d$|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d)/
/** What its YAML writer never shows as it is: control characters, and all beyond the first 65,536. */
const HIDDEN = /[^ -~\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u

/** `key: value`, with the lines of a list below it; no line end behind it. */
export function entryText(key: string, value: Json): string {
  const name = keyText(key)
  if (!isList(value)) return `${name}: ${typeof value === 'string' ? longText(value, '  ', WIDTH) : otherText(value)}`
  const items = value.map(
    (item) => `\n  - ${typeof item === 'string' ? longText(item, '    ', ITEM_WIDTH) : otherText(item)}`,
  )
  return `${name}:${items.length === 0 ? ' []' : items.join('')}`
}

/** The same on one line. */
export function entryLine(key: string, value: Json): string {
  const name = keyText(key)
  if (typeof value === 'string') return `${name}: ${wordText(value)}`
  const isOfWords = isList(value) && value.every((item) => typeof item === 'string')
  return `${name}: ${isOfWords ? wordsInBrackets(value) : otherText(value)}`
}

export function wordsInBrackets(words: readonly string[]): string {
  return `[${words.map((word) => wordInBrackets(word)).join(', ')}]`
}

/** A text on one line. */
export function wordText(text: string): string {
  if (HIDDEN.test(text)) return doubleQuoted(text)
  if (!QUOTED.test(text) && !isDate(text)) return scalarText(text, 'plain', { isFlow: false })
  return scalarText(text, 'single', { isFlow: false })
}

/** The same between brackets. */
function wordInBrackets(text: string): string {
  const word = wordText(text)
  return word === text ? scalarText(text, 'plain', { isFlow: true }) : word
}

export function isDate(text: string): boolean {
  return DATE.test(text)
}

function otherText(value: Json): string {
  return canBeWritten(value) ? flowText(value, { isFlow: false }) : 'null'
}

/** Longer ones are folded at blanks, without quotes. */
function longText(text: string, indent: string, width: number): string {
  const word = wordText(text)
  if (text.length <= width || HIDDEN.test(text) || /^\s/.test(text)) return word
  const folded = ['>-', ...foldedAt(text, width)].join(`\n${indent}`)
  const said = readValue(`x: ${folded}\n`, 2, folded.length + 4)
  return said.kind === 'scalar' && said.text === text ? folded : word
}

/** As many words on each line as it holds; a line never begins with a blank. */
function foldedAt(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let start = 0
  let last = 0
  for (const { index } of text.matchAll(/ (?=[^ ])/g)) {
    if (index - start > width) {
      const end = last > start ? last : index
      lines.push(text.slice(start, end))
      start = end + 1
    }
    last = index
  }
  if (text.length - start > width && last > start) lines.push(text.slice(start, last), text.slice(last + 1))
  else lines.push(text.slice(start))
  return lines
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\xa0', '\\_'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
])

function doubleQuoted(text: string): string {
  const said = text.replace(/[^]/gu, (char) => SHORT.get(char) ?? (HIDDEN.test(char) ? hexEscape(char) : char))
  return `"${said}"`
}

function hexEscape(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase()
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
}
