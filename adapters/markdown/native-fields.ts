/** What the native format calls the fields of a task, in the order in which it writes them, and how each is read. */
import type { Json } from '../../src/internal.ts'
import { isNull, jsonOf, type YamlNode } from './yaml-node.ts'

/** `text`: as written, also where it looks like a number. `set`: a list of texts. `json`: whatever YAML says it is. */
export type FieldKind = 'text' | 'set' | 'json'

export interface FieldRule {
  readonly kind: FieldKind
  /** Its place in new files; fields that share the last one are sorted by name. */
  readonly rank: number
}

export const lastRank = 10
const UNKNOWN: FieldRule = { kind: 'json', rank: lastRank }
const KNOWN: ReadonlyMap<string, FieldRule> = new Map([
  ['id', { kind: 'text', rank: 0 }],
  ['key', { kind: 'text', rank: 1 }],
  ['title', { kind: 'text', rank: 2 }],
  ['status', { kind: 'text', rank: 3 }],
  ['priority', { kind: 'text', rank: 4 }],
  ['labels', { kind: 'set', rank: 5 }],
  ['assignees', { kind: 'set', rank: 6 }],
  ['depends', { kind: 'set', rank: 7 }],
  ['parent', { kind: 'text', rank: 8 }],
  ['order', { kind: 'text', rank: 9 }],
  ['created', { kind: 'text', rank: lastRank }],
])

export function ruleOf(name: string): FieldRule {
  return KNOWN.get(name) ?? UNKNOWN
}

/** Of two names in canonical order: below zero when the first comes first. */
export function byRank(one: string, other: string): number {
  const difference = ruleOf(one).rank - ruleOf(other).rank
  if (difference !== 0 || one === other) return difference
  return one < other ? -1 : 1
}

/** What a field says, null where it says nothing; undefined where it cannot hold such a value. */
export function valueOf(kind: FieldKind, node: YamlNode): Json | undefined {
  if (kind === 'json') return jsonOf(node)
  if (kind === 'set') return elementsOf(node)
  if (node.kind !== 'scalar') return undefined
  return isNull(node) ? null : node.text
}

/** Why `valueOf` gives nothing. */
export function misfit(kind: FieldKind, node: YamlNode): string {
  if (kind === 'text') return 'it is not a text'
  if (node.kind === 'scalar') return 'several names stand in brackets, as in [auth, web]'
  return node.kind === 'map' ? 'it is not a list of names' : 'one of its items is not a name'
}

/** The elements of a set, each once; one scalar is one element. */
export function elementsOf(node: YamlNode): readonly string[] | undefined {
  if (node.kind === 'map') return undefined
  if (node.kind === 'scalar') {
    if (isNull(node)) return []
    return node.style === 'plain' && node.text.includes(',') ? undefined : [node.text]
  }
  const names: string[] = []
  for (const { node: item } of node.parts) {
    if (item.kind !== 'scalar') return undefined
    if (!isNull(item)) names.push(item.text)
  }
  return names.length < 2 ? names : [...new Set(names)]
}
