/** What a patch made of a file, beside what it was to make of it. */
import { isDeepStrictEqual } from 'node:util'
import type { FormatProblem, Json, ParsedFile, TaskPatch } from '../../src/internal.ts'
import type { FormatSample } from './format-samples.ts'
import type { Suite, TaskPart } from './format-suite.ts'

export type Wish = Omit<TaskPatch, 'task' | 'remove'>

export interface Broken {
  readonly found: Json
  readonly expected: Json
}

/** What a file says after one of its tasks was patched, and what it ought to say, where that is not the same. */
export function brokenBy(suite: Suite, { path, text }: FormatSample, wish: Wish, at = 0): Broken | undefined {
  const { format } = suite
  const before = format.parse(path, text)
  const task = before.tasks[at]
  const patched = format.patch(path, text, [{ task: at, ...wish }])
  // A file that cannot be read at all is left as it is, but for a body that can be told from the rest.
  if (task === undefined || isHeld(before, at)) return wish.body === undefined ? unlike(patched, text) : undefined
  const after = format.parse(path, patched)
  const can = wishHeld(suite, path, wish)
  const readable = (values: object = {}): object =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !isUnread(before, name, at)))
  const now: Said = {
    ...task,
    fields: { ...task.fields, ...readable(can.fields) },
    sets: { ...task.sets, ...readable(can.sets) },
    body: can.body ?? task.body ?? '',
  }
  const again = format.patch(path, patched, [{ task: at, ...wish }])
  return unlike(
    [...after.tasks.map(saidBy), after.problems.map(problemText), again],
    [...before.tasks.map((one, place) => saidBy(place === at ? now : one)), before.problems.map(problemText), patched],
  )
}

function unlike(found: Json, expected: Json): Broken | undefined {
  return isDeepStrictEqual(found, expected) ? undefined : { found, expected }
}

/** What of a wish a file at the path can say. */
export function wishHeld({ holds }: Pick<Suite, 'holds'>, path: string, { fields, sets, body }: Wish): Wish {
  const said = Object.entries(fields ?? {}).filter(([field, value]) => holds(path, { field, value }))
  const listed = Object.entries(sets ?? {}).filter(([set, elements]) => holds(path, { set, elements }))
  const isBody = body !== undefined && holds(path, { body })
  return { fields: Object.fromEntries(said), sets: Object.fromEntries(listed), ...(isBody ? { body } : {}) }
}

export function wishOf(part: TaskPart): Wish {
  if ('field' in part) return { fields: { [part.field]: part.value } }
  if ('set' in part) return { sets: { [part.set]: part.elements } }
  return part
}

export interface Said {
  readonly id: string | null
  readonly key: string | null
  readonly fields: object
  readonly sets: object
  readonly body?: string
}

/** A wish for null and the empty set say as much as nothing; sets have no order. */
export function saidBy({ id, key, fields, sets, body = '' }: Said): Json {
  const values: readonly (readonly [string, Json])[] = Object.entries(fields)
  const lists: readonly (readonly [string, readonly string[]])[] = Object.entries(sets)
  return {
    id,
    key,
    fields: Object.fromEntries(values.filter(([, value]) => value !== null)),
    sets: Object.fromEntries(
      lists.filter(([, list]) => list.length > 0).map(([name, list]) => [name, list.toSorted()]),
    ),
    body,
  }
}

/** Whether nothing can be read, in the whole file or in one task of it. */
export function isHeld({ problems }: ParsedFile, at: number): boolean {
  return problems.some(({ field, task = at }) => field === undefined && task === at)
}

export function isUnread({ problems }: ParsedFile, name: string, at: number): boolean {
  return problems.some(({ field, code, task = at }) => field === name && code.startsWith('FIELD') && task === at)
}

export function problemText({ code, field = '', task = -1 }: Pick<FormatProblem, 'code' | 'field' | 'task'>): string {
  return `${task} ${code} ${field}`
}

/** What of the old text is not in the new one, as one stretch. */
export function changedIn(before: string, after: string): { readonly start: number; readonly end: number } {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let tail = 0
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return { start, end: before.length - tail }
}

/** Whether the new text is the old one with one stretch put in. */
export function isInsertion(before: string, after: string): boolean {
  const { start, end } = changedIn(before, after)
  return start === end
}
