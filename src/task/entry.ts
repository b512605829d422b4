/**
 * One write to one register as a line of text: what an actor's log consists of. Short, because every edit travels as one.
 *
 *   4fq7k2m9x3 s mhz1k2ab 'doing          uid · field · time in base 36 · a text
 *   4fq7k2m9x3 .estimate⇥ mhz1k2ab :3     a named field ends with a tab · any JSON
 *   4fq7k2m9x3 s mhz1k2ab !k3x9a0q 'doing  with the marks of the file values it replaced
 * (without the blanks)
 */
import type { Uid } from '../ids.ts'
import { isUid } from '../ids.ts'
import { isKnown, isNamed, type Field } from './fields.ts'
import { canonical, hash53 } from './hash.ts'
import type { Json } from './types.ts'

export interface Entry {
  readonly uid: Uid
  readonly field: Field
  /** Milliseconds: ranks values that are alive together, and is the time people see. */
  readonly at: number
  readonly value: Json
  /** Marks of seeds that this value replaced, or that a value it replaced had replaced. */
  readonly seen: readonly string[]
}

const UID_LENGTH = 10
const MARK_LENGTH = 7
const MARK_SPACE = 36 ** MARK_LENGTH
/** The mark of a value from a save of an old text: it was not known to be old when it was written. */
export const STALE = 'stale00'
/** The mark of a value that was written under a token when a greater one had been granted. */
export const FENCED = 'fenced0'
const NONE: readonly string[] = []

export function writeEntry(entry: Entry): string {
  const letter = entry.field.slice(0, 1)
  const name = isNamed(letter) ? `${escapeName(entry.field.slice(1))}\t` : ''
  const marks = entry.seen.map((mark) => `!${mark}`).join('')
  const value = typeof entry.value === 'string' ? `'${entry.value}` : `:${JSON.stringify(entry.value)}`
  return `${entry.uid}${letter}${name}${entry.at.toString(36)}${marks}${value}`
}

/** Undefined for what a later version wrote, or nobody meant: such lines stay in the document, unread. */
export function readEntry(text: unknown): Entry | undefined {
  if (typeof text !== 'string') return undefined
  const uid = text.slice(0, UID_LENGTH)
  const letter = text.slice(UID_LENGTH, UID_LENGTH + 1)
  if (!isUid(uid) || !isKnown(letter)) return undefined
  let start = UID_LENGTH + 1
  let field = letter
  if (isNamed(letter)) {
    const tab = text.indexOf('\t', start)
    if (tab < 0) return undefined
    field = letter + unescapeName(text.slice(start, tab))
    start = tab + 1
  }
  let end = start
  while (isBase36(text.charCodeAt(end))) end++
  const at = Number.parseInt(text.slice(start, end), 36)
  if (!Number.isSafeInteger(at) || at < 0) return undefined
  const seen: string[] = []
  while (text.charAt(end) === '!') {
    seen.push(text.slice(end + 1, end + 1 + MARK_LENGTH))
    end += 1 + MARK_LENGTH
  }
  const value = readValue(text, end)
  return value === undefined ? undefined : { uid, field, at, value, seen: seen.length === 0 ? NONE : seen }
}

/** What a file's value is known by: the same on every replica that reads the same value. */
export function seedMark(field: Field, value: Json): string {
  return (hash53(`${field}\n${canonical(value)}`) % MARK_SPACE).toString(36).padStart(MARK_LENGTH, '0')
}

function readValue(text: string, at: number): Json | undefined {
  const rest = text.slice(at + 1)
  const kind = text.charAt(at)
  if (kind === "'") return rest
  if (kind !== ':') return undefined
  try {
    return JSON.parse(rest) as Json
  } catch {
    return undefined // not ours to mend: an unreadable line is kept and ignored, like one of a later version
  }
}

function isBase36(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 97 && unit <= 122)
}

function escapeName(name: string): string {
  return name.replace(/[%\t]/g, (character) => (character === '%' ? '%25' : '%09'))
}

function unescapeName(name: string): string {
  return name.includes('%') ? name.replace(/%25|%09/g, (code) => (code === '%25' ? '%' : '\t')) : name
}
