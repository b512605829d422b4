/** Finds the front matter of a file and cuts it into entries by lines alone, so that one bad value costs one field, never the file. */
import type { Span } from '../../src/internal.ts'
import { afterLine, endOfLfLine, endOfLine, isBlank, isLineEnd } from './lines.ts'
import type { Cursor } from './yaml-cursor.ts'
import { readQuoted } from './yaml-quoted.ts'

/** A key and the lines below it, up to the next key. */
export interface Entry {
  readonly name: string
  /** Of its first line. */
  readonly start: number
  /** Right behind its colon. */
  readonly from: number
  /** Where the next key or the closing fence begins. */
  readonly end: number
}

export interface FrontMatter {
  /** Of the line below the opening fence. */
  readonly start: number
  /** Of the closing fence. */
  readonly end: number
  /** Behind the line end of the closing fence. */
  readonly after: number
  readonly entries: readonly Entry[]
  /** Lines that belong to no entry. */
  readonly strays: readonly Span[]
  /** Holds something, but no keys: another kind of value, which no line can be added to. */
  readonly isClosed: boolean
}

const DASH = 45
const DOT = 46
const HASH = 35
const COLON = 58
/** The brackets that close stand two places further. */
const BRACKET = 91
const BRACE = 123
/** A letter first, then what `tide set` takes in a field's name, and the marks that letters of many scripts carry. */
const LETTERS = /[\p{L}_][\p{L}\p{M}\p{N}_. -]*/uy

/** `unclosed`: the first line opens a front matter that no line of three dashes closes. */
export function findFrontMatter(text: string): FrontMatter | 'none' | 'unclosed' {
  const opening = text.charCodeAt(0) === 0xfeff ? 1 : 0
  const fenceEnd = endOfLine(text, opening)
  if (!isFence(text, opening, fenceEnd, DASH)) return 'none'
  const start = afterLine(text, fenceEnd)
  const cut = new Cut(text)
  const lineEndOf = text.includes('\r') ? endOfLine : endOfLfLine
  for (let line = start; line < text.length;) {
    const lineEnd = lineEndOf(text, line)
    const code = text.charCodeAt(line)
    if (code === DASH && isFence(text, line, lineEnd, DASH)) return cut.closed(start, line, afterLine(text, lineEnd))
    if (code === DOT && isFence(text, line, lineEnd, DOT)) return 'unclosed'
    cut.line(line, lineEnd, code)
    line = afterLine(text, lineEnd)
  }
  return 'unclosed'
}

/** Three dashes (or dots) and nothing but blanks. */
function isFence(text: string, from: number, to: number, code: number): boolean {
  if (text.charCodeAt(from) !== code || text.charCodeAt(from + 1) !== code || text.charCodeAt(from + 2) !== code)
    return false
  let at = from + 3
  while (at < to && isBlank(text.charCodeAt(at))) at++
  return at === to
}

/** While its lines are taken in; nobody outside sees it change. */
interface OpenEntry extends Entry {
  end: number
}

/** Lines taken in one by one. */
class Cut {
  readonly #text: string
  readonly #entries: Entry[] = []
  readonly #strays: Span[] = []
  #entry: OpenEntry | undefined
  #stray: { readonly start: number; end: number } | undefined
  #isClosed = false

  constructor(text: string) {
    this.#text = text
  }

  line(start: number, end: number, code: number): void {
    if (start === end || code === HASH || this.#isClosed) return
    const isFirst = this.#entry === undefined && this.#stray === undefined
    if (isBlank(code)) {
      // A line that is indented below nothing is a stray.
      if (isFirst && !saysNothing(this.#text, start, end)) this.#stray = { start, end }
      return
    }
    if (isFirst) this.#isClosed = code === BRACE || code === BRACKET
    else if (this.#continues(start, code)) return
    this.#finish(start)
    this.#entry = entryAt(this.#text, start, end)
    if (this.#entry === undefined) this.#stray = { start, end }
  }

  closed(start: number, end: number, after: number): FrontMatter {
    this.#finish(end)
    const entries = this.#entries
    const strays = this.#strays
    return { start, end, after, entries, strays, isClosed: strays.length > 0 && entries.length === 0 }
  }

  /** Lists may stand as far left as their key; so may the bracket that ends a flow list, for many readers. */
  #continues(start: number, code: number): boolean {
    if (code === BRACE + 2 || code === BRACKET + 2) return true
    if (code !== DASH || !isBlankOrEnd(this.#text, start + 1)) return false
    if (this.#entry === undefined) return true
    const { from } = this.#entry
    let at = from
    while (isBlank(this.#text.charCodeAt(at))) at++
    const next = this.#text.charCodeAt(at)
    return isLineEnd(next) || (next === HASH && at > from)
  }

  #finish(end: number): void {
    if (this.#entry !== undefined) {
      this.#entry.end = end
      this.#entries.push(this.#entry)
      this.#entry = undefined
    }
    if (this.#stray !== undefined) {
      this.#stray.end = end
      this.#strays.push(this.#stray)
      this.#stray = undefined
    }
  }
}

/** A key of letters and digits, or a quoted one, then a colon and a blank. */
function entryAt(text: string, start: number, end: number): OpenEntry | undefined {
  const first = text.charCodeAt(start)
  if (first === 34 || first === 39) return quotedEntryAt(text, start, end)
  let at = start
  if (isNameStart(first)) while (isNameCode(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== COLON) {
    LETTERS.lastIndex = start
    at = LETTERS.test(text) ? LETTERS.lastIndex : start
  }
  let nameEnd = at
  while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
  const colon = nameEnd === start ? -1 : colonBehind(text, at)
  return colon < 0 ? undefined : { name: text.slice(start, nameEnd), start, from: colon + 1, end }
}

function quotedEntryAt(text: string, start: number, end: number): OpenEntry | undefined {
  const cursor: Cursor = { text, end, at: start, column: 0, problem: '' }
  const name = readQuoted(cursor, 0)?.text ?? ''
  const colon = name === '' ? -1 : colonBehind(text, cursor.at)
  return colon < 0 ? undefined : { name, start, from: colon + 1, end }
}

function colonBehind(text: string, from: number): number {
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === COLON && isBlankOrEnd(text, at + 1) ? at : -1
}

/** Letters of ASCII and `_`. */
function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95
}

function isNameCode(code: number): boolean {
  return isNameStart(code) || (code >= 48 && code <= 57) || code === DASH || code === DOT
}

function isBlankOrEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return isBlank(code) || isLineEnd(code)
}

/** A blank line, or a comment. */
function saysNothing(text: string, from: number, to: number): boolean {
  let at = from
  while (at < to && isBlank(text.charCodeAt(at))) at++
  return at === to || text.charCodeAt(at) === HASH
}
