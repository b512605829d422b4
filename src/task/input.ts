/** What people and programs type, turned into values that the core trusts, or refused with what would be right. */
import { TaskError } from '../errors.ts'
import { isReservedName } from './fields.ts'
import { parseDate } from './time.ts'
import { priorities, type Json, type Priority, type StatusDefinition } from './types.ts'

/** Limits on what one task may hold; a file beside the task holds more. */
export const limits = {
  title: 500,
  name: 100,
  elements: 200,
  body: 2_000_000,
  comment: 100_000,
  fieldName: 60,
  fieldBytes: 20_000,
  fieldDepth: 8,
  search: 500,
} as const

/** Fields outside the fixed ones whose values are dates. */
const DATE_FIELDS = new Set(['due', 'scheduled', 'defer'])
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
// oxlint-disable-next-line no-control-regex -- a body may hold tabs and line ends, nothing else below a blank
const BODY_CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

export function parseTitle(value: unknown): string {
  const title = parseText('title', value).trim()
  if (title === '') throw invalid('title', 'it is empty', 'say in a few words what is to be done')
  if (CONTROL.test(title))
    throw invalid(
      'title',
      'it holds a line break or control character',
      'keep the title on one line; the body holds the rest',
    )
  return sized('title', title, limits.title)
}

export function parseStatus(value: unknown, statuses: readonly StatusDefinition[]): string {
  const name = parseText('status', value).trim()
  const exact =
    statuses.find((status) => status.name === name) ??
    statuses.find((status) => status.name.toLowerCase() === name.toLowerCase())
  if (exact !== undefined) return exact.name
  throw invalid(
    'status',
    `${quote(name)} is not a status here`,
    `use one of ${statuses.map((status) => status.name).join(', ')}`,
  )
}

export function parsePriority(value: unknown): Priority {
  const name = parseText('priority', value).trim().toLowerCase()
  const found = priorities.find((priority) => priority === name)
  if (found !== undefined) return found
  throw invalid('priority', `${quote(name)} is not a priority`, `use one of ${priorities.join(', ')}`)
}

/** A label or a person: one word or several, without commas and control characters. */
export function parseElement(field: string, value: unknown): string {
  const name = parseText(field, value).trim()
  if (name === '') throw invalid(field, 'a name is empty', 'leave it out, or name it')
  if (CONTROL.test(name) || name.includes(','))
    throw invalid(
      field,
      `${quote(name)} holds a comma, line break or control character`,
      'give several as several, each on one line',
    )
  return sized(field, name, limits.name)
}

export function parseElements(field: string, value: unknown): readonly string[] {
  return [...new Set(parseList(field, value).map((item) => parseElement(field, item)))]
}

/** A list short enough to be looked at item by item. */
export function parseList(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, 'it is not a list', 'give a list, as in ["web"]')
  if (value.length > limits.elements)
    throw new TaskError('TOO_LARGE', { field, size: `${value.length} items`, limit: limits.elements })
  return Array.from<unknown>(value) // a hole is an item that is not there
}

export function parseBody(value: unknown): string {
  const body = parseText('body', value).replace(/\r\n?/g, '\n')
  if (BODY_CONTROL.test(body))
    throw invalid('body', 'it holds control characters', 'give plain text; keep binary data in a file beside the task')
  return sized('body', body, limits.body)
}

export function parseComment(value: unknown): string {
  const text = parseText('comment', value).replace(/\r\n?/g, '\n')
  if (text.trim() === '') throw invalid('comment', 'it is empty', 'say something')
  if (BODY_CONTROL.test(text)) throw invalid('comment', 'it holds control characters', 'give plain text')
  return sized('comment', text, limits.comment)
}

export function parseActorName(value: unknown): string {
  const name = parseText('actor', value).trim()
  if (name === '' || CONTROL.test(name))
    throw invalid('actor', `${quote(name)} cannot name anyone`, 'use a name of 1 to 100 characters on one line')
  return sized('actor', name, limits.name)
}

export function parseFieldName(value: unknown): string {
  const name = parseText('field', value)
  if (!/^[\p{L}_][\p{L}\p{N}_. -]*$/u.test(name) || name !== name.trim()) {
    throw invalid(
      'field',
      `${quote(name)} cannot name a field`,
      'begin with a letter; go on with letters, digits, dots, dashes, underscores',
    )
  }
  if (isReservedName(name))
    throw invalid(
      'field',
      `${name} is not a field that can be set this way`,
      'see tide set --help for the fields that have a meaning',
    )
  return sized('field', name, limits.fieldName)
}

/** Any JSON of a sane size; dates where the name says so. */
export function parseFieldValue(name: string, value: unknown): Json {
  const json = parseJson(name, value, limits.fieldDepth)
  const text = JSON.stringify(json)
  if (text.length > limits.fieldBytes)
    throw new TaskError('TOO_LARGE', { field: name, size: `${text.length} characters`, limit: limits.fieldBytes })
  if (!DATE_FIELDS.has(name) || json === null) return json
  if (typeof json !== 'string') throw invalid(name, 'it is not a date', 'write it as in 2026-11-20')
  return parseDate(name, json)
}

export function parseSearch(value: unknown): readonly string[] {
  const words = sized('search', parseText('search', value), limits.search)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) throw invalid('search', 'there is nothing to look for', 'give one or more words')
  return words
}

export function parseCount(field: string, value: unknown, greatest = 1_000_000): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= greatest) return value
  throw invalid(field, `${quote(value)} is not a count`, `give a whole number from 1 to ${greatest}`)
}

export function parseText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(field, 'it is not a text', 'give a text')
  if (!value.isWellFormed())
    throw invalid(field, 'it holds half a character (a lone surrogate)', 'give well-formed Unicode text')
  return value
}

export function invalid(field: string, problem: string, fix: string): TaskError {
  return new TaskError('INVALID_INPUT', { field, problem, fix })
}

function parseJson(field: string, value: unknown, depth: number): Json {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return parseText(field, value)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (depth === 0 || typeof value !== 'object' || value === undefined)
    throw invalid(field, 'it is not a plain value of sane depth', `give JSON nested at most ${limits.fieldDepth} deep`)
  if (Array.isArray(value)) {
    if (value.length > limits.fieldBytes)
      throw new TaskError('TOO_LARGE', { field, size: `${value.length} items`, limit: limits.fieldBytes })
    return Array.from(value, (item) => parseJson(field, item, depth - 1))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw invalid(field, 'it is not plain JSON', 'give JSON')
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [parseText(field, name), parseJson(field, item, depth - 1)]),
  )
}

function sized(field: string, text: string, limit: number): string {
  if (text.length <= limit) return text
  throw new TaskError('TOO_LARGE', { field, size: `${text.length} characters`, limit })
}

/** What was given, for a message: never long, and whatever it is it can be said. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? `an object` : String(value)
}
