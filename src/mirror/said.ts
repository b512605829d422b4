/** What a text, or the document, says of a task: values by the document's own names, so that both can be compared. */
import type { FormatProblem, ParsedTask, TaskPatch } from '../ports.ts'
import type { Key, Uid } from '../ids.ts'
import { isUid } from '../ids.ts'
import {
  ASSIGNEE,
  DEPENDENCY,
  LABEL,
  nameOf,
  ORDER,
  OTHER,
  PARENT,
  PRIORITY,
  SHAPE,
  STATUS,
  TITLE,
  type Field,
} from '../task/fields.ts'
import { canonical } from '../task/hash.ts'
import { aliveIn, shownValue, type Alive, type TaskState } from '../task/registers.ts'
import type { Json } from '../task/types.ts'

/** Elements of sets are fields of their own, true where they are there. What is unset is not in it. */
export type Said = ReadonlyMap<Field, Json>

/** Names of tasks, as files write them. */
export interface Names {
  uidOf(name: string): Uid | undefined
  keyOf(uid: Uid): Key | undefined
  /** What a file calls another task: its key, or its uid where others claim the same number. */
  nameOf(uid: Uid): string | undefined
}

const SINGLE: Readonly<Record<string, Field>> = {
  title: TITLE,
  status: STATUS,
  priority: PRIORITY,
  parent: PARENT,
  order: ORDER,
}
const SETS: Readonly<Record<string, Field>> = { labels: LABEL, assignees: ASSIGNEE, depends: DEPENDENCY }
const SET_NAMES = new Map(Object.entries(SETS).map(([name, letter]) => [letter, name]))
const SINGLE_NAMES = new Map(Object.entries(SINGLE).map(([name, letter]) => [letter, name]))
/** Names that would be more than a field to JavaScript. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/** What the text says without saying it: a file without a title is called like its first heading, or like itself. */
export interface Implied {
  readonly title: string
  readonly status: string
}

export function saidBy(task: ParsedTask, names: Names, implied: Implied): Said {
  const said = new Map<Field, Json>([
    [TITLE, implied.title],
    [STATUS, implied.status],
  ])
  for (const [name, value] of Object.entries(task.fields)) {
    const field = fieldOf(name)
    if (field !== undefined) said.set(field, field === PARENT ? uidOrName(value, names) : value)
  }
  for (const [name, elements] of Object.entries(task.sets)) {
    const letter = SETS[name]
    if (letter === undefined) continue
    for (const element of elements)
      said.set(letter + (letter === DEPENDENCY ? (names.uidOf(element) ?? element) : element), true)
  }
  if (task.shape !== null) said.set(SHAPE, task.shape)
  return said
}

export function impliedIn({ fields }: ParsedTask): ReadonlySet<Field> {
  return new Set(['title', 'status'].flatMap((name) => (name in fields ? [] : [SINGLE[name] ?? ''])))
}

/** What the document says, as far as files say it. */
export function saidIn(state: TaskState): Said {
  const said = new Map<Field, Json>()
  for (const field of state.registers.keys()) {
    if (!isInFiles(field)) continue
    const values = aliveIn(state, field)
    const value = isElement(field) ? values.some((one) => one.value === true) || null : shownValue(values)?.value
    if (value !== undefined && value !== null) said.set(field, value)
  }
  return said
}

/** The values behind what the document shows of a field: those that a reader of it has seen. */
export function shownAlive(state: TaskState | undefined, field: Field): readonly Alive[] {
  const values = aliveIn(state, field)
  if (isElement(field)) {
    const isThere = values.some(({ value }) => value === true)
    return values.filter(({ value }) => (value === true) === isThere)
  }
  const shown = shownValue(values)
  if (shown === undefined) return []
  const text = canonical(shown.value)
  return values.filter(({ value }) => canonical(value) === text)
}

/** Fields a file shows; of a set, each element. */
export function isInFiles(field: Field): boolean {
  const letter = field.slice(0, 1)
  return SINGLE_NAMES.has(letter) || SET_NAMES.has(letter) || letter === OTHER || letter === SHAPE
}

export function isElement(field: Field): boolean {
  return SET_NAMES.has(field.slice(0, 1))
}

/** Fields that a text holds in a way nobody can read: it says nothing of them, which is no edit. */
export function unreadable(problems: readonly FormatProblem[], task: number): (field: Field) => boolean {
  const names = problems.flatMap(({ field, task: place = 0 }) => (field === undefined || place !== task ? [] : [field]))
  if (names.length === 0) return () => false
  const fields = new Set(names.map((name) => fieldOf(name) ?? SETS[name] ?? ''))
  return (field) => fields.has(field) || (isElement(field) && fields.has(field.slice(0, 1)))
}

export function sameValue(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || canonical(one ?? null) === canonical(other ?? null)
}

/** Fields that say different things, each once. */
export function differing(one: Said, other: Said): readonly Field[] {
  const found: Field[] = []
  for (const [field, value] of one) if (!sameValue(value, other.get(field))) found.push(field)
  for (const field of other.keys()) if (!one.has(field)) found.push(field)
  return found
}

/** What a text must say to say what the document says. Spellings that mean the same stay as they are. */
export function patchFor(
  parsed: ParsedTask,
  task: number,
  { file, live, names }: { readonly file: Said; readonly live: Said; readonly names: Names },
): TaskPatch {
  const fields: Record<string, Json> = {}
  const letters = new Set<string>()
  for (const field of differing(file, live)) {
    if (field === SHAPE || (field === ORDER && !file.has(field))) continue
    // A file that names no status has the first one; there is no task without either.
    if ((field === STATUS || field === TITLE) && !live.has(field)) continue
    if (isElement(field)) letters.add(field.slice(0, 1))
    else fields[publicNameOf(field)] = valueIn(field, live.get(field) ?? null, names)
  }
  const sets: Record<string, readonly string[]> = {}
  for (const letter of letters) {
    const name = SET_NAMES.get(letter) ?? ''
    const spelt = new Map((parsed.sets[name] ?? []).map((word) => [elementOf(letter, word, names), word]))
    sets[name] = elementsOf(letter, live).map(
      (element) => spelt.get(element) ?? (letter === DEPENDENCY ? spell(element, names) : element),
    )
  }
  return { task, ...(isEmpty(fields) ? {} : { fields }), ...(isEmpty(sets) ? {} : { sets }) }
}

/** All that a new file says. */
export function sheetFields(
  live: Said,
  names: Names,
): { readonly fields: Record<string, Json>; readonly sets: Record<string, readonly string[]> } {
  const fields: Record<string, Json> = {}
  for (const [field, value] of live)
    if (!isElement(field) && field !== SHAPE && field !== ORDER)
      fields[publicNameOf(field)] = valueIn(field, value, names)
  const sets: Record<string, readonly string[]> = {}
  for (const [letter, name] of SET_NAMES) {
    const elements = elementsOf(letter, live)
    if (elements.length > 0)
      sets[name] = letter === DEPENDENCY ? elements.map((element) => spell(element, names)) : elements
  }
  return { fields, sets }
}

function fieldOf(name: string): Field | undefined {
  if (FORBIDDEN.has(name) || name === '' || name === 'id' || name === 'key') return undefined
  return SINGLE[name] ?? (SETS[name] === undefined ? OTHER + name : undefined)
}

function publicNameOf(field: Field): string {
  return field.startsWith(OTHER) ? nameOf(field) : (SINGLE_NAMES.get(field) ?? field)
}

function valueIn(field: Field, value: Json, names: Names): Json {
  return field === PARENT && typeof value === 'string' ? spell(value, names) : value
}

function elementsOf(letter: string, said: Said): readonly string[] {
  const found: string[] = []
  for (const [field, value] of said) if (field.startsWith(letter) && value === true) found.push(nameOf(field))
  return found.sort()
}

function elementOf(letter: string, word: string, names: Names): string {
  return letter === DEPENDENCY ? (names.uidOf(word) ?? word) : word
}

function uidOrName(value: Json, names: Names): Json {
  return typeof value === 'string' ? (names.uidOf(value) ?? value) : value
}

function spell(element: string, names: Names): string {
  return isUid(element) ? (names.nameOf(element) ?? element) : element
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length === 0
}
