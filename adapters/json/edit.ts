/** Makes a JSON text say something else in one place: only the bytes of what differs change. */
import type { Json } from '../../src/internal.ts'
import { layoutIn, indentAt, memberText, written, type Layout } from './layout.ts'
import { listSplices, type Added } from './list-edit.ts'
import { isList, isRecord, memberOf, membersThatCount, own, sameJson, valueOf } from './nodes.ts'
import type { JsonArray, JsonNode, JsonObject } from './nodes.ts'
import { replacement, type Splice } from './splices.ts'
import { stringSplices, type StringOptions } from './string-edit.ts'

/** What becomes of the members of one object. */
export interface MemberChanges {
  /** By name, in the order in which new ones are to stand. */
  readonly set?: ReadonlyMap<string, Json>
  readonly remove?: ReadonlySet<string>
  /** Behind which names a new one stands, where one of them is there. @default at the end */
  readonly after?: (name: string) => readonly string[]
}

export function valueSplices(text: string, node: JsonNode, value: Json, layout: Layout): readonly Splice[] {
  if (sameJson(valueOf(text, node), value)) return []
  if (node.kind === 'string' && typeof value === 'string') return stringSplices(text, node, value)
  if (node.kind === 'object' && isRecord(value)) {
    const names = Object.keys(value)
    const remove = new Set(membersThatCount(node).flatMap(({ name }) => (Object.hasOwn(value, name) ? [] : [name])))
    return memberSplices(text, node, { set: new Map(names.map((name) => [name, own(value, name)])), remove }, layout)
  }
  if (node.kind === 'array' && isList(value)) return elementSplices(text, node, value, layout)
  return [
    replacement(node.start, node.end, written(value, layoutAround(text, node, layout), indentAt(text, node.start))),
  ]
}

/** As text: of a string that stands there what stays keeps its escapes. */
export function textSplices(
  text: string,
  node: JsonNode,
  wanted: string,
  layout: Layout,
  options: StringOptions,
): readonly Splice[] {
  return node.kind === 'string' ? stringSplices(text, node, wanted, options) : valueSplices(text, node, wanted, layout)
}

/** What stands several times under one name is changed where it counts, and taken out everywhere. */
export function memberSplices(
  text: string,
  object: JsonObject,
  { set = new Map(), remove = new Set(), after = () => [] }: MemberChanges,
  layout: Layout,
): readonly Splice[] {
  const splices: Splice[] = []
  const added: Added[] = []
  const { members } = object
  for (const [name, value] of set) {
    const member = memberOf(object, name)
    if (member !== undefined) splices.push(...valueSplices(text, member.value, value, layout))
    else added.push(addedMember(object, name, value, after(name)))
  }
  const gone = new Set(members.flatMap(({ name }, place) => (remove.has(name) ? [place] : [])))
  return [...splices, ...listSplices(text, object, { gone, added }, layoutIn(text, object, layout))]
}

/** Elements that go by place, and new ones that come at the end. */
export function listChangeSplices(
  text: string,
  array: JsonArray,
  { gone = new Set(), added = [] }: { readonly gone?: ReadonlySet<number>; readonly added?: readonly Json[] },
  layout: Layout,
): readonly Splice[] {
  const last = array.elements.length - 1
  const beside = array.elements[last]
  // Where each stands on a line of its own a new one does, too.
  const isLine = beside !== undefined && sizeOf(beside) > 0 && !/[\r\n]/.test(text.slice(beside.start, beside.end))
  const own = isLine ? { ...layout, lineEnd: '' } : layout
  const items = added.map((value) => ({
    after: last,
    write: (_: Layout, indent: string) => written(value, own, indent),
  }))
  return listSplices(text, array, { gone, added: items }, layoutIn(text, array, own))
}

/** What both begin and end with stays; between them what is as many is changed one by one. */
function elementSplices(text: string, array: JsonArray, value: readonly Json[], layout: Layout): readonly Splice[] {
  const old = array.elements.map((element) => valueOf(text, element))
  const most = Math.min(old.length, value.length)
  const isSame = (one: Json | undefined, other: Json | undefined): boolean => sameJson(one ?? null, other ?? null)
  let head = 0
  while (head < most && isSame(old[head], value[head])) head++
  let tail = 0
  while (tail < most - head && isSame(old.at(-1 - tail), value.at(-1 - tail))) tail++
  const [oldEnd, newEnd] = [old.length - tail, value.length - tail]
  const changed = array.elements.slice(head, Math.min(oldEnd, newEnd))
  const splices = changed.flatMap((element, at) => valueSplices(text, element, value[head + at] ?? null, layout))
  const gone = new Set(Array.from({ length: Math.max(0, oldEnd - newEnd) }, (_, at) => newEnd + at))
  const added = value
    .slice(Math.min(newEnd, Math.max(oldEnd, head)), newEnd)
    .map((one) => addedElement(oldEnd - 1, one))
  return [...splices, ...listSplices(text, array, { gone, added }, layoutIn(text, array, layout))]
}

function addedMember({ members }: JsonObject, name: string, value: Json, behind: readonly string[]): Added {
  const place = members.findLastIndex((member) => behind.includes(member.name))
  return {
    after: behind.length > 0 ? place : members.length - 1,
    write: (layout, indent) => memberText(name, value, layout, indent),
  }
}

function addedElement(after: number, value: Json): Added {
  return { after, write: (layout, indent) => written(value, layout, indent) }
}

function sizeOf(node: JsonNode): number {
  if (node.kind === 'array') return node.elements.length
  return node.kind === 'object' ? node.members.length : 0
}

/** A list or object on one line is changed into one on one line. */
function layoutAround(text: string, node: JsonNode, layout: Layout): Layout {
  return node.kind === 'array' || node.kind === 'object' ? layoutIn(text, node, layout) : layout
}
