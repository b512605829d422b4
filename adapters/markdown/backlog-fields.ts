/** What Backlog.md calls the fields of a task, in the order in which it writes them, and what we call them. */
import type { FieldKind } from './native-fields.ts'

export interface BacklogRule {
  readonly kind: FieldKind
  /** Its place in files; keys that Backlog.md does not know share the last one. */
  readonly rank: number
  /** Whether its words are ids of tasks. */
  readonly isReference: boolean
}

const IN_ORDER =
  'id title status assignee reporter created_date updated_date due_date labels milestone dependencies references ' +
  'documentation modified_files parent_task_id subtasks priority type ordinal onStatusChange'
const RANKS = new Map(IN_ORDER.split(' ').map((key, rank) => [key, rank]))
const SETS = new Set(['assignee', 'labels', 'dependencies'])
const JSONS = new Set(['references', 'documentation', 'modified_files', 'subtasks', 'ordinal'])
const REFERENCES = new Set(['dependencies', 'parent_task_id'])

export const lastRank: number = RANKS.size

/** Backlog.md always writes these. */
export const listsAlwaysWritten: readonly string[] = ['assignee', 'labels', 'dependencies']

const OUR_NAMES: ReadonlyMap<string, string> = new Map([
  ['id', 'key'],
  ['assignee', 'assignees'],
  ['created_date', 'created'],
  ['updated_date', 'updated'],
  ['due_date', 'due'],
  ['dependencies', 'depends'],
  ['parent_task_id', 'parent'],
])
const THEIR_NAMES: ReadonlyMap<string, string> = new Map([...OUR_NAMES].map(([theirs, ours]) => [ours, theirs]))
/** In front of a key that has one of our names but means something of its own. */
const APART = 'file.'
const STATUS = 'status'

export function ruleOf(key: string): BacklogRule {
  const rank = RANKS.get(key) ?? lastRank
  const isText = rank < lastRank && !JSONS.has(key)
  return { kind: SETS.has(key) ? 'set' : isText ? 'text' : 'json', rank, isReference: REFERENCES.has(key) }
}

/** Our name for a key. Where the folder is the status, the line that says one is a field of its own. */
export function ourName(key: string, isShelved: boolean): string {
  if (isShelved && key === STATUS) return APART + key
  return OUR_NAMES.get(key) ?? (isApart(key) ? APART + key : key)
}

/** The key behind a name of ours; undefined where no line of a file says such a field. */
export function theirKey(name: string, isShelved: boolean): string | undefined {
  if (isShelved && name === STATUS) return undefined
  if (name.startsWith(APART)) {
    const key = name.slice(APART.length)
    return isApart(key) || (isShelved && key === STATUS) ? key : undefined
  }
  return THEIR_NAMES.get(name) ?? (OUR_NAMES.has(name) || name === '' ? undefined : name)
}

/** Of two keys in the order of Backlog.md: below zero when the first comes first. */
export function byRank(one: string, other: string): number {
  const difference = ruleOf(one).rank - ruleOf(other).rank
  if (difference !== 0 || one === other) return difference
  return one < other ? -1 : 1
}

function isApart(key: string): boolean {
  return THEIR_NAMES.has(key) || key.startsWith(APART)
}
