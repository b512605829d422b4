/** What the small formats of the tests have in common: a task as `name: value` lines, an empty line and a body. */
import { isDeepStrictEqual } from 'node:util'
import { bodySplices } from '../../../adapters/markdown/body.ts'
import { afterLine, endOfLine, isLineEnd, lineEndAt, withLineFeeds } from '../../../adapters/markdown/lines.ts'
import { insertion, replacement, type Splice } from '../../../adapters/markdown/splices.ts'
import type { Json, Span, TaskPatch } from '../../../src/internal.ts'
import type { TaskPart } from '../../conformance/format-suite.ts'
import { elementsOf, isSameSet, isSet, sourceOf, valueIn } from './small-values.ts'

export interface SmallRecord {
  readonly lines: readonly RecordLine[]
  /** Behind the lines. */
  readonly linesEnd: number
  /** Behind the empty line; undefined where there is none. */
  readonly body: number | undefined
}

export interface RecordLine extends Span {
  readonly name: string
  /** Where its value stands. */
  readonly from: number
  readonly to: number
  readonly state: 'read' | 'twice' | 'unreadable' | 'stray'
}

export interface RecordSays {
  readonly id: string | null
  readonly key: string | null
  readonly fields: Readonly<Record<string, Json>>
  readonly sets: Readonly<Record<string, readonly string[]>>
  readonly body: string
}

const NAME = /^[a-z][\w ]*$/
const CODES = { twice: 'FIELD_TWICE', unreadable: 'FIELD_UNREADABLE', stray: 'LINE_UNREADABLE' } as const

/** `strange` are names that the record leaves to somebody else. */
export function readRecord(text: string, { start, end }: Span, strange: readonly string[]): SmallRecord {
  const lines: RecordLine[] = []
  let at = start
  while (at < end && !isLineEnd(text.charCodeAt(at))) {
    const to = endOfLine(text, at)
    const line = lineOf(text.slice(at, to), at, afterLine(text, to))
    lines.push(strange.includes(line.name) ? { ...line, state: 'stray' } : line)
    at = afterLine(text, to)
  }
  const named = lines.filter(({ state }) => state !== 'stray').map(({ name }) => name)
  const isTwice = ({ name, state }: RecordLine): boolean =>
    state !== 'stray' && named.indexOf(name) !== named.lastIndexOf(name)
  return {
    lines: lines.map((line) => (isTwice(line) ? { ...line, state: 'twice' } : line)),
    linesEnd: at,
    body: at < end ? afterLine(text, at) : undefined,
  }
}

export function saysOf(text: string, { lines, body }: SmallRecord, end: number): RecordSays {
  const read = lines.filter(({ state }) => state === 'read')
  const values = read.map(({ name, from, to }) => [name, valueIn(name, text.slice(from, to))] as const)
  const named = (wanted: string): string | null => {
    const value = values.find(([name]) => name === wanted)?.[1] ?? null
    return typeof value === 'string' ? value : null
  }
  return {
    id: named('id'),
    key: named('key'),
    fields: Object.fromEntries(values.filter(([name, value]) => isField(name) && value !== null)),
    sets: Object.fromEntries(
      read.filter(({ name }) => isSet(name)).map((line) => [line.name, elementsIn(text, line) ?? []]),
    ),
    body: withLineFeeds(text.slice(body ?? end, end)),
  }
}

export function problemsOf({ lines }: SmallRecord): readonly { code: string; field: string; at: number }[] {
  return lines.flatMap(({ name, state, start }) => {
    return state === 'read' ? [] : [{ code: CODES[state], field: name, at: start }]
  })
}

/** Whether the record can say it; of bodies it says any. */
export function recordHolds(part: TaskPart, strange: readonly string[]): boolean {
  if ('field' in part) return isField(part.field) && !strange.includes(part.field)
  if ('set' in part) return isSet(part.set)
  return !('key' in part) || !strange.includes('key')
}

export function recordSplices(
  text: string,
  record: SmallRecord,
  end: number,
  { id, key, fields = {}, sets = {}, body }: Omit<TaskPatch, 'task'>,
): readonly Splice[] {
  const names = Object.entries({ id, key }).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
  const said = Object.entries(fields).map(([name, value]) => ({ name, value }))
  const listed = Object.entries(sets).flatMap(([name, value]) => (isSet(name) ? [{ name, value }] : []))
  const wishes = [...names, ...said.filter(({ name }) => isField(name)), ...listed]
  // At the end of a text a value that is put in and a new line meet: the value comes first.
  const isNew = ({ name }: { readonly name: string }): number => (lineIn(record, name) === undefined ? 1 : 0)
  const splices = wishes
    .toSorted((one, other) => isNew(one) - isNew(other))
    .flatMap(({ name, value }) => lineSplices(text, record, name, value))
  return body === undefined ? splices : [...splices, ...bodyIn(text, record, end, body)]
}

function lineIn({ lines }: SmallRecord, name: string): RecordLine | undefined {
  return lines.find((one) => one.name === name && one.state !== 'stray')
}

function lineSplices(text: string, record: SmallRecord, name: string, value: Json): readonly Splice[] {
  const { linesEnd } = record
  const line = lineIn(record, name)
  if (line === undefined) {
    const source = sourceOf(name, value, [])
    return source === undefined ? [] : [insertion(linesEnd, newLine(text, linesEnd, `${name}: ${source}`))]
  }
  if (line.state !== 'read') return []
  const old = isSet(name) ? (elementsIn(text, line) ?? []) : []
  const now = valueIn(name, text.slice(line.from, line.to))
  const isSame = isSet(name) ? isSameSet(old, value) : isDeepStrictEqual(now, value)
  if (isSame) return []
  const source = sourceOf(name, value, old)
  if (source !== undefined)
    return [replacement(line.from, line.to, text.charAt(line.from - 1) === ':' ? ` ${source}` : source)]
  // A CR above it and an LF below it would become one line end.
  const isBetween = text.charAt(line.start - 1) === '\r' && text.charAt(line.end) === '\n'
  return [isBetween ? replacement(line.start - 1, line.to, '') : replacement(line.start, line.end, '')]
}

function bodyIn(text: string, { linesEnd, body: from }: SmallRecord, end: number, body: string): readonly Splice[] {
  if (from !== undefined) return bodySplices(text.slice(0, end), from, body)
  if (body === '') return []
  const lineEnd = lineEndAt(text, linesEnd)
  const gap = isFirstInLine(text, linesEnd) ? lineEnd : lineEnd + lineEnd
  return [insertion(linesEnd, gap + withLineFeeds(body).replaceAll('\n', lineEnd))]
}

function newLine(text: string, at: number, line: string): string {
  const lineEnd = lineEndAt(text, at)
  if (!isFirstInLine(text, at)) return lineEnd + line
  return line + (lineEnd === '\r' && text.charAt(at) === '\n' ? '\n' : lineEnd)
}

function isFirstInLine(text: string, at: number): boolean {
  return at === 0 || isLineEnd(text.charCodeAt(at - 1))
}

function lineOf(line: string, start: number, end: number): RecordLine {
  const [, name = '', gap = '', source = ''] = /^([^:]*):([ \t]*)([^]*?)[ \t]*$/.exec(line) ?? []
  const from = start + name.length + 1 + gap.length
  const read = { name, start, end, from, to: from + source.length }
  if (!NAME.test(name)) return { ...read, name: line.trim().slice(0, 60), state: 'stray' }
  return { ...read, state: isSet(name) && elementsOf(source) === undefined ? 'unreadable' : 'read' }
}

function elementsIn(text: string, { from, to }: RecordLine): readonly string[] | undefined {
  return elementsOf(text.slice(from, to))
}

function isField(name: string): boolean {
  return NAME.test(name) && name !== 'id' && name !== 'key' && !isSet(name)
}
