/** Writes values as YAML that every reader understands alike: plain where that is safe, in the quotes that stood there, on one line. */
import type { Json } from '../../src/internal.ts'
import { maxDepth, plainValue, type ScalarStyle } from './yaml-node.ts'

export interface TextOptions {
  /** Between brackets, where commas and brackets end a word. */
  readonly isFlow: boolean
  /** Read as text whatever it looks like: a title may be a bare 2024 where one stood. */
  readonly isText?: boolean
}

/** Never inside a plain or single-quoted word: what cannot be seen, or ends a line for some reader. */
const HIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u
const HIDDEN_OR_QUOTE = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff"\\]/gu
const OUTER_SPACE = /^\s|\s$/u
/** What some reader of YAML 1.1 or 1.2 takes for something else than a text. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|~|=|<<|\.)$/i
const NUMBERS =
  /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?(?:e[-+]?\d+)?|\.\d[\d_]*(?:e[-+]?\d+)?|0[xob][\da-f_]+|\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|\.inf|\.nan)$/i
const NULLS = /^(?:|~|null)$/i

/** A text, number or boolean; `style` is that of the value it takes the place of, or that its neighbours have. */
export function scalarText(value: string | number | boolean, style: ScalarStyle, options: TextOptions): string {
  // With a dot, which YAML 1.1 wants in front of an exponent.
  if (typeof value === 'number') return JSON.stringify(value).replace(/^(-?\d)e/, '$1.0e')
  if (typeof value === 'boolean') return String(value)
  if (style === 'double') return doubleQuoted(value)
  if (style === 'single' && !HIDDEN.test(value)) return singleQuoted(value)
  if (isPlain(value, options)) return value
  if (HIDDEN.test(value) || (value.includes("'") && !/["\\]/.test(value))) return doubleQuoted(value)
  return singleQuoted(value)
}

/** Whether a text may stand without quotes, for every reader. */
function isPlain(text: string, { isFlow, isText = false }: TextOptions): boolean {
  if (isAmbiguous(text) && (!isText || NULLS.test(text))) return false
  if (HIDDEN.test(text) || OUTER_SPACE.test(text)) return false
  if (/^[[\]{}#&*!|>'"%@`,?:]|^-(?![\p{L}\d.])/u.test(text)) return false
  if (/:\s|:$|\s#/.test(text) || /^(?:---|\.\.\.)/.test(text)) return false
  return !isFlow || !/[[\]{},?]/.test(text)
}

/** Whether a plain word would be taken for a number, a boolean or null by some reader. */
export function isAmbiguous(text: string): boolean {
  return text === '' || WORDS.test(text) || NUMBERS.test(text) || typeof plainValue(text) !== 'string'
}

/** Any value on one line. */
export function flowText(value: Json, options: TextOptions): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return scalarText(value, 'plain', options)
  if (isList(value)) return `[${value.map((item) => flowText(item, { isFlow: true })).join(', ')}]`
  const pairs = Object.keys(value)
    .toSorted()
    .map((name) => `${keyText(name)}: ${flowText(value[name] ?? null, { isFlow: true })}`)
  return `{${pairs.join(', ')}}`
}

export function keyText(name: string): string {
  const isBare = /^[\p{L}_][\p{L}\p{M}\p{N}_.-]*(?: [\p{L}\p{M}\p{N}_.-]+)*$/u.test(name) && !isAmbiguous(name)
  return isBare ? name : doubleQuoted(name)
}

/** Numbers without end and values nested too deeply have no text. */
export function canBeWritten(value: Json, depth = 0): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return depth < maxDepth && Object.values(value).every((item: Json) => canBeWritten(item, depth + 1))
}

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

function doubleQuoted(text: string): string {
  return `"${text.replace(HIDDEN_OR_QUOTE, (char) => SHORT_ESCAPES.get(char) ?? hexEscape(char.charCodeAt(0)))}"`
}

function hexEscape(code: number): string {
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
