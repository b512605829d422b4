/** Changes what the object of one task says, and makes new ones. What cannot be read, or cannot be said there, stays as it is. */
import type { Json, TaskPatch } from '../../src/internal.ts'
import { memberSplices, textSplices } from './edit.ts'
import { elementChanges, elementsIn, writtenElements, type Spelling } from './elements.ts'
import type { Layout } from './layout.ts'
import { isEndless, memberOf, put, valueOf, type JsonObject } from './nodes.ts'
import { bodyIn, refusalOf, withLineFeeds } from './record.ts'
import { memberFor, type RecordRules } from './record-rules.ts'
import type { Splice } from './splices.ts'

export interface RecordWorld {
  readonly rules: RecordRules
  readonly spellingOf: (set: string) => Spelling
  readonly layout: Layout
}

type Wish = Pick<TaskPatch, 'fields' | 'sets' | 'body'>

interface Changes {
  readonly set: Map<string, Json>
  readonly remove: Set<string>
  readonly splices: Splice[]
}

export function recordSplices(text: string, object: JsonObject, wish: Wish, world: RecordWorld): readonly Splice[] {
  const changes: Changes = { set: new Map(), remove: new Set(), splices: [] }
  for (const [field, value] of Object.entries(wish.fields ?? {}))
    changeField(text, object, field, value, world, changes)
  for (const [set, names] of Object.entries(wish.sets ?? {})) changeSet(text, object, set, names, world, changes)
  if (wish.body !== undefined) changeBody(text, object, withLineFeeds(wish.body), world, changes)
  const { order } = world.rules
  const set = new Map(
    [...changes.set].toSorted(([one], [other]) => rank(one, order) - rank(other, order) || byName(one, other)),
  )
  const after = (name: string): readonly string[] => order.slice(0, Math.max(0, order.indexOf(name)))
  return [...changes.splices, ...memberSplices(text, object, { set, remove: changes.remove, after }, world.layout)]
}

/** The members of a new object, in their order; `always` are those that the tool cannot be without. */
export function newRecord(
  always: Readonly<Record<string, Json>>,
  wish: Wish,
  { rules, spellingOf }: Omit<RecordWorld, 'layout'>,
): Json {
  const members = new Map(Object.entries(always))
  const said = Object.entries(wish.fields ?? {}).filter(
    ([field, value]) => value !== null && isSayable(field, value, rules),
  )
  // Those with a meaning first: beside them other names are free.
  for (const [field, value] of said.toSorted(([one], [other]) => isOther(one, rules) - isOther(other, rules))) {
    const name = memberFor(objectOf(members.keys()), field, rules)
    if (name !== undefined) members.set(name, value)
  }
  for (const [set, names] of Object.entries(wish.sets ?? {})) {
    const rule = Object.hasOwn(rules.sets, set) ? rules.sets[set] : undefined
    const elements = rule === undefined ? undefined : writtenElements(names, spellingOf(set))
    const [only] = elements ?? []
    if (rule === undefined || elements === undefined || only === undefined) continue
    members.set(rule.member, rule.isSingle && elements.length === 1 ? only : elements)
  }
  if (wish.body !== undefined && wish.body !== '') members.set(rules.body, withLineFeeds(wish.body))
  const record: Record<string, Json> = {}
  const sorted = [...members].toSorted(
    ([one], [other]) => rank(one, rules.order) - rank(other, rules.order) || byName(one, other),
  )
  for (const [name, value] of sorted) put(record, name, value)
  return record
}

function isOther(field: string, { texts }: RecordRules): number {
  return Object.hasOwn(texts, field) ? 0 : 1
}

/** With these names, wherever they may stand. */
function objectOf(names: Iterable<string>): JsonObject {
  const place = { start: 0, end: 0 }
  const members = Array.from(names, (name) => ({ ...place, name, value: { ...place, kind: 'literal' as const } }))
  return { ...place, kind: 'object', members }
}

/** Whether any task of the tool could say it. */
function isSayable(field: string, value: Json, rules: RecordRules): boolean {
  const kind = Object.hasOwn(rules.texts, field) ? 'text' : 'value'
  return refusalOf(value, kind) === undefined && !isEndless(value) && rules.accepts(field, value)
}

function changeField(
  text: string,
  object: JsonObject,
  field: string,
  value: Json,
  { rules }: RecordWorld,
  changes: Changes,
): void {
  const name = memberFor(object, field, rules)
  if (name === undefined || !isSayable(field, value, rules)) return
  const member = memberOf(object, name)
  const now = member === undefined ? null : valueOf(text, member.value)
  if (refusalOf(now, Object.hasOwn(rules.texts, field) ? 'text' : 'value') !== undefined) return
  // A member that is null says as much as none.
  if (value === null) {
    if (now !== null) changes.remove.add(name)
  } else changes.set.set(name, value)
}

function changeSet(
  text: string,
  object: JsonObject,
  set: string,
  names: readonly string[],
  world: RecordWorld,
  changes: Changes,
): void {
  const rule = Object.hasOwn(world.rules.sets, set) ? world.rules.sets[set] : undefined
  if (rule === undefined) return
  const spelling = world.spellingOf(set)
  const node = memberOf(object, rule.member)?.value
  const there = node === undefined ? [] : elementsIn(text, node, spelling)
  const wanted = [...new Set(names)].filter((name) => name !== '')
  if (there === undefined || isSameSet(there, wanted)) return
  if (node?.kind === 'array') {
    changes.splices.push(...elementChanges(text, node, { wanted, spelling, layout: world.layout }))
    return
  }
  const elements = writtenElements(wanted, spelling)
  const [only] = elements ?? []
  if (elements === undefined) return
  if (only === undefined) changes.remove.add(rule.member)
  else changes.set.set(rule.member, rule.isSingle && elements.length === 1 ? only : elements)
}

function changeBody(
  text: string,
  object: JsonObject,
  body: string,
  { rules, layout }: RecordWorld,
  changes: Changes,
): void {
  const node = memberOf(object, rules.body)?.value
  if (body === (node === undefined ? '' : bodyIn(text, node))) return
  if (node === undefined) changes.set.set(rules.body, body)
  else changes.splices.push(...textSplices(text, node, body, layout, { lines: true }))
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name))
}

function rank(name: string, order: readonly string[]): number {
  const place = order.indexOf(name)
  return place < 0 ? order.length : place
}

function byName(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
