/** What stands where in a JSON text: every value, member and element by its place. Types, and what a value is to JavaScript. */
import type { Json, Span } from '../../src/internal.ts'

/** From its first character to behind its last one. */
export type JsonNode = JsonScalar | JsonArray | JsonObject

export interface JsonScalar extends Span {
  readonly kind: 'string' | 'number' | 'literal'
}

export interface JsonArray extends Span {
  readonly kind: 'array'
  readonly elements: readonly JsonNode[]
}

export interface JsonObject extends Span {
  readonly kind: 'object'
  /** As they stand, with those that have one name several times. */
  readonly members: readonly JsonMember[]
}

/** From the first character of its name to behind its value. */
export interface JsonMember extends Span {
  readonly name: string
  readonly value: JsonNode
}

/** The member that counts: of several with one name JSON.parse takes the last. */
export function memberOf({ members }: JsonObject, name: string): JsonMember | undefined {
  return members.findLast((member) => member.name === name)
}

/** The members that count, in the order of their places. */
export function membersThatCount({ members }: JsonObject): readonly JsonMember[] {
  const names = new Set<string>()
  for (const { name } of members) names.add(name)
  if (names.size === members.length) return members
  const last = new Map(members.map((member) => [member.name, member]))
  return members.filter((member) => last.get(member.name) === member)
}

/** As JSON.parse reads it; -0, which JSON cannot write, is 0. */
export function valueOf(text: string, { start, end }: Span): Json {
  const source = text.slice(start, end)
  if (source.startsWith('"') && !source.includes('\\')) return source.slice(1, -1)
  const value: Json = JSON.parse(source, source.includes('-0') ? withoutMinusZero : undefined)
  return value
}

/** What a task's `id` says; null where it says nothing. */
export function idIn(text: string, object: JsonObject): string | null {
  const node = memberOf(object, 'id')?.value
  if (node?.kind === 'number') return text.slice(node.start, node.end)
  const value = node?.kind === 'string' ? valueOf(text, node) : ''
  return typeof value === 'string' && value !== '' ? value : null
}

/** Whether there is a number in it that JavaScript has none for, as 1e999: it must not be carried elsewhere. */
export function isEndless(value: Json): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (value === null || typeof value !== 'object') return false
  return Object.values(value).some(isEndless)
}

/** Whether both say the same; the order of names says nothing. */
export function sameJson(one: Json, other: Json): boolean {
  if (one === other) return true
  if (isList(one) || isList(other))
    return isList(one) && isList(other) && one.length === other.length && one.every((item, at) => isAt(other, at, item))
  if (!isRecord(one) || !isRecord(other)) return false
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && sameJson(own(one, name), own(other, name)))
  )
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

export function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Of a name that may be __proto__. */
export function own(record: { readonly [key: string]: Json }, name: string): Json {
  const value: Json | undefined = Object.getOwnPropertyDescriptor(record, name)?.value
  return value ?? null
}

/** A field may be called __proto__. */
export function put<Value>(record: Record<string, Value>, name: string, value: Value): void {
  if (name !== '__proto__') record[name] = value
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
}

function withoutMinusZero(_name: string, value: Json): Json {
  return value === 0 ? 0 : value
}

function isAt(list: readonly Json[], at: number, value: Json): boolean {
  const there = list[at]
  return there !== undefined && sameJson(value, there)
}
