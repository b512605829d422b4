/** Reads what the object of one task says, and what of it cannot be read. Changes nothing. */
import type { Json } from '../../src/internal.ts'
import { elementsIn, type Spelling } from './elements.ts'
import { isEndless, membersThatCount, put, valueOf, type JsonMember, type JsonNode, type JsonObject } from './nodes.ts'
import { roleOf, type RecordRules } from './record-rules.ts'

export interface RecordSays {
  readonly fields: Readonly<Record<string, Json>>
  readonly sets: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly problems: readonly RecordProblem[]
}

export interface RecordProblem {
  readonly field: string
  readonly member: JsonMember
  readonly reason: string
}

export function readRecord(
  text: string,
  object: JsonObject,
  { rules, spellingOf }: { readonly rules: RecordRules; readonly spellingOf: (set: string) => Spelling },
): RecordSays {
  const fields: Record<string, Json> = {}
  const sets: Record<string, readonly string[]> = {}
  const problems: RecordProblem[] = []
  let body = ''
  for (const member of membersThatCount(object)) {
    const role = roleOf(object, member.name, rules)
    if (role.kind === 'body') body = bodyIn(text, member.value)
    if (role.kind === 'set') {
      const elements = elementsIn(text, member.value, spellingOf(role.set))
      if (elements === undefined) problems.push({ field: role.set, member, reason: 'it is not a list of names' })
      else put(sets, role.set, elements)
    }
    if (role.kind !== 'text' && role.kind !== 'value') continue
    const value = valueOf(text, member.value)
    const reason = refusalOf(value, role.kind)
    if (reason !== undefined) problems.push({ field: role.field, member, reason })
    else if (value !== null) put(fields, role.field, value)
  }
  return { fields, sets, body, problems }
}

/** A text; of anything else that stands there how it is written. */
export function bodyIn(text: string, node: JsonNode): string {
  const value = valueOf(text, node)
  if (value === null) return ''
  return withLineFeeds(typeof value === 'string' ? value : text.slice(node.start, node.end))
}

/** The text with LF as its only line end. */
export function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

export function refusalOf(value: Json, kind: 'text' | 'value'): string | undefined {
  if (kind === 'text') return value === null || typeof value === 'string' ? undefined : 'it is not a text'
  return isEndless(value) ? 'a number in it is too large' : undefined
}
