/** Reads a JSON text into the places of its values, exactly where JSON.parse reads it. Never throws; changes nothing. */
import type { JsonMember, JsonNode } from './nodes.ts'

/** Why it is no JSON, and from which offset on. */
export interface JsonFault {
  readonly kind: 'fault'
  readonly at: number
  readonly reason: string
}

/** What is nested deeper no tool writes, and a recursion into it would end the process. */
const DEEPEST = 200
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// oxlint-disable-next-line no-control-regex -- JSON allows no control character in a string
const PLAIN = /"[^"\\\u0000-\u001f]*"/y
const LITERALS: ReadonlyMap<string, string> = new Map([
  ['t', 'true'],
  ['f', 'false'],
  ['n', 'null'],
])

/** A BOM before it is passed over; duplicate names are all there. */
export function scanJson(text: string): JsonNode | JsonFault {
  const scanner = new Scanner(text)
  try {
    return scanner.whole()
  } catch (fault) {
    if (fault instanceof Unexpected) return { kind: 'fault', at: fault.at, reason: fault.reason }
    throw fault
  }
}

/** Stays inside this file: it only leaves the recursion. */
class Unexpected extends Error {
  readonly at: number
  readonly reason: string

  constructor(at: number, reason: string) {
    super(reason)
    this.at = at
    this.reason = reason
  }
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): JsonNode {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1
    this.#blanks()
    const node = this.#value(0)
    this.#blanks()
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the file')
    return node
  }

  #value(depth: number): JsonNode {
    if (depth > DEEPEST) throw new Unexpected(this.#at, `it is nested more than ${DEEPEST} deep`)
    const start = this.#at
    const first = this.#text.charAt(start)
    if (first === '{') return this.#object(start, depth)
    if (first === '[') return this.#array(start, depth)
    if (first === '"') {
      this.#string()
      return { kind: 'string', start, end: this.#at }
    }
    const literal = LITERALS.get(first)
    if (literal !== undefined && this.#text.startsWith(literal, start)) {
      this.#at += literal.length
      return { kind: 'literal', start, end: this.#at }
    }
    NUMBER.lastIndex = start
    if (!NUMBER.test(this.#text)) throw this.#unexpected('a value')
    this.#at = NUMBER.lastIndex
    return { kind: 'number', start, end: this.#at }
  }

  #object(start: number, depth: number): JsonNode {
    const members: JsonMember[] = []
    this.#at++
    this.#blanks()
    if (!this.#takes('}')) {
      do {
        this.#blanks()
        members.push(this.#member(depth))
        this.#blanks()
      } while (this.#takes(','))
      if (!this.#takes('}')) throw this.#unexpected('a comma or }')
    }
    return { kind: 'object', start, end: this.#at, members }
  }

  #member(depth: number): JsonMember {
    const start = this.#at
    const name = this.#string()
    this.#blanks()
    if (!this.#takes(':')) throw this.#unexpected('a colon')
    this.#blanks()
    const value = this.#value(depth + 1)
    return { start, end: this.#at, name, value }
  }

  #array(start: number, depth: number): JsonNode {
    const elements: JsonNode[] = []
    this.#at++
    this.#blanks()
    if (!this.#takes(']')) {
      do {
        this.#blanks()
        elements.push(this.#value(depth + 1))
        this.#blanks()
      } while (this.#takes(','))
      if (!this.#takes(']')) throw this.#unexpected('a comma or ]')
    }
    return { kind: 'array', start, end: this.#at, elements }
  }

  #string(): string {
    const start = this.#at
    // Most have no escape, and need no second look.
    PLAIN.lastIndex = start
    if (PLAIN.test(this.#text)) {
      this.#at = PLAIN.lastIndex
      return this.#text.slice(start + 1, this.#at - 1)
    }
    this.#at = stringEnd(this.#text, start)
    if (this.#at < 0) {
      this.#at = start
      throw this.#unexpected('a text in quotes')
    }
    const value: string = JSON.parse(this.#text.slice(start, this.#at))
    return value
  }

  #takes(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  #blanks(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
    }
  }

  #unexpected(wanted: string): Unexpected {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text.charAt(this.#at)) : 'the end of the file'
    return new Unexpected(this.#at, `${found} stands where ${wanted} should`)
  }
}

/** In steps, as one match of a long string with many escapes would be too deep for the engine. */
function stringEnd(text: string, start: number): number {
  if (text.charAt(start) !== '"') return -1
  for (let at = start + 1; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === 34) return at + 1
    if (code < 32) return -1
    if (code !== 92) {
      at++
      continue
    }
    const length = escapeLength(text, at)
    if (length === 0) return -1
    at += length
  }
  return -1
}

/** Of `\n` 2, of `\u00e9` 6; 0 where it is none. */
export function escapeLength(text: string, at: number): number {
  const kind = text.charAt(at + 1)
  if (kind === 'u') return /^[\dA-Fa-f]{4}$/.test(text.slice(at + 2, at + 6)) ? 6 : 0
  return kind !== '' && '"\\/bfnrt'.includes(kind) ? 2 : 0
}
