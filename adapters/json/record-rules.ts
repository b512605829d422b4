/** Which member of a task's object says what, and how members are called that have no meaning of their own. */
import type { Json } from '../../src/internal.ts'
import { memberOf, type JsonObject } from './nodes.ts'

export interface RecordRules {
  /** What stands before names that mean something else among fields. */
  readonly tool: string
  /** Fields that are texts, with the members that may say each: the first that is there counts. */
  readonly texts: Readonly<Record<string, readonly string[]>>
  readonly sets: Readonly<Record<string, SetRule>>
  /** The member that holds the body. */
  readonly body: string
  /** Members that say where the task stands and what it is called. */
  readonly structure: readonly string[]
  /** The order in which new members stand; others come at the end. */
  readonly order: readonly string[]
  /** What `rolesOf` makes of these. */
  readonly roles: ReadonlyMap<string, Role>
  /** Whether the tool could still read its file with this in it; null takes the field out. */
  accepts(field: string, value: Json): boolean
}

export interface SetRule {
  readonly member: string
  /** One element stands there as a text, not in a list. */
  readonly isSingle: boolean
}

/** Names that mean something of their own among the fields of a task. */
const RESERVED = [
  'id',
  'key',
  'title',
  'status',
  'priority',
  'parent',
  'order',
  'body',
  'tag',
  'labels',
  'assignees',
  'depends',
]

export type Role =
  | { readonly kind: 'text'; readonly field: string }
  | { readonly kind: 'set'; readonly set: string }
  | { readonly kind: 'body' | 'structure' }
  | { readonly kind: 'value'; readonly field: string }

/** What the members mean that have a meaning, each looked up once. */
export function rolesOf({ texts, sets, body, structure }: Omit<RecordRules, 'roles'>): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>()
  for (const [field, names] of Object.entries(texts)) for (const name of names) roles.set(name, { kind: 'text', field })
  for (const [set, { member }] of Object.entries(sets)) roles.set(member, { kind: 'set', set })
  for (const name of structure) roles.set(name, { kind: 'structure' })
  return roles.set(body, { kind: 'body' })
}

export function roleOf(object: JsonObject, name: string, rules: RecordRules): Role {
  const role = rules.roles.get(name)
  if (role === undefined) return { kind: 'value', field: isReserved(name, rules.tool) ? `${rules.tool}.${name}` : name }
  if (role.kind !== 'text') return role
  const names = rules.texts[role.field] ?? []
  // Behind the one that counts another is a field like any other.
  return names.length === 1 || textMember(object, names) === name ? role : { kind: 'value', field: name }
}

/** The member that says a field, or would; undefined where none can. */
export function memberFor(object: JsonObject, field: string, rules: RecordRules): string | undefined {
  const names = Object.hasOwn(rules.texts, field) ? rules.texts[field] : undefined
  if (names !== undefined) return textMember(object, names) ?? names[0]
  const name =
    field.startsWith(`${rules.tool}.`) && isReserved(field, rules.tool) ? field.slice(rules.tool.length + 1) : field
  if (name === field && isReserved(field, rules.tool)) return undefined
  // It would say something else, or what stands there would from then on.
  const role = roleOf(object, name, rules)
  if (role.kind !== 'value') return undefined
  const others = Object.values(rules.texts).find((all) => all.includes(name)) ?? []
  const counting = textMember(object, others)
  return others.length > 0 && (counting === undefined || others.indexOf(counting) > others.indexOf(name))
    ? undefined
    : name
}

function textMember(object: JsonObject, names: readonly string[]): string | undefined {
  return names.find((name) => memberOf(object, name) !== undefined)
}

/** Also `todo2.labels`, which stands for a member called so. */
function isReserved(name: string, tool: string): boolean {
  let bare = name
  while (bare.startsWith(`${tool}.`)) bare = bare.slice(tool.length + 1)
  return RESERVED.includes(bare)
}
