/** Where reading a YAML value has come to, and the looks at a text that all its readers share. */
import { isBlank, isLineEnd } from './lines.ts'

/** A place in the lines of one value. Reading stops for good at the first problem. */
export interface Cursor {
  readonly text: string
  /** Nothing at or behind it belongs to the value. */
  readonly end: number
  at: number
  /** How far the line at `at` is indented, where `at` is the start of a line. */
  column: number
  /** Empty while all is well. */
  problem: string
}

const HASH = 35
const SPACE = 32
const TAB = 9
/** Below the blank all but tabs and line ends. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

export function fail(cursor: Cursor, problem: string): undefined {
  if (cursor.problem === '') cursor.problem = problem
  return undefined
}

/** True also at the end of the value. */
export function isSpaceAt(cursor: Cursor, at: number): boolean {
  const code = cursor.text.charCodeAt(at)
  return at >= cursor.end || isBlank(code) || isLineEnd(code)
}

export function refuseControl(cursor: Cursor, text: string): undefined {
  if (CONTROL.test(text)) fail(cursor, 'a control character stands in it')
}

export function isFlowIndicator(code: number): boolean {
  // , [ ] { }
  return code === 44 || code === 91 || code === 93 || code === 123 || code === 125
}

/** Where the text of a line begins; refuses tabs in front of anything but a comment. */
export function indentedTo(cursor: Cursor, line: number): number {
  const { text } = cursor
  let at = line
  while (text.charCodeAt(at) === SPACE) at++
  if (text.charCodeAt(at) !== TAB) return at
  while (isBlank(text.charCodeAt(at))) at++
  const code = text.charCodeAt(at)
  if (!isLineEnd(code) && code !== HASH) fail(cursor, 'a tab indents one of its lines; use spaces')
  return at
}
