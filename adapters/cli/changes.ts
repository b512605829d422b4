/** Collects what assignments and options ask for into one set of changes, and refuses what contradicts itself. */
import type { Json, NewTask, TaskChanges } from '../../src/internal.ts'
import { parseFreeValue, type Assignment } from './assignments.ts'
import { parseKey, parseKeyOrNone, parseList, parsePriority, refuse } from './values.ts'

export interface CollectedChanges {
  readonly changes: TaskChanges
  /** `body=-`: the body comes from standard input. */
  readonly bodyFromInput: boolean
}

export interface ChangeCollector {
  put(assignment: Assignment): void
  /** For a task that is there. */
  collected(): CollectedChanges
  /** For a task to be: sets are whole, there is nothing to take away from. */
  forNewTask(): {
    readonly fields: Omit<NewTask, 'title'> & { readonly title?: string }
    readonly bodyFromInput: boolean
  }
}

type Writable<Shape> = { -readonly [Name in keyof Shape]: Shape[Name] }
type SetName = 'labels' | 'assignees' | 'dependsOn'

interface SetDraft {
  whole: string[] | undefined
  add: string[]
  remove: string[]
}

const setNames: ReadonlyMap<string, SetName> = new Map([
  ['labels', 'labels'],
  ['assignees', 'assignees'],
  ['depends', 'dependsOn'],
  ['dependsOn', 'dependsOn'],
])

const scalarNames: ReadonlySet<string> = new Set(['title', 'status', 'priority', 'parent', 'body'])

/** Names that a slip of the finger would turn into a field of its own, and what was meant. */
const nearNames: ReadonlyMap<string, string> = new Map([
  ['label', 'labels'],
  ['assignee', 'assignees'],
  ['dependson', 'depends'],
  ['depend', 'depends'],
  ['prio', 'priority'],
])

/** Fields that commands set, never people. */
const ownNames: ReadonlySet<string> = new Set(
  'key uid id order createdAt updatedAt deleted ready claim conflicts comments'.split(' '),
)

export function collectChanges(): ChangeCollector {
  const scalars: Writable<Pick<TaskChanges, 'title' | 'status' | 'priority' | 'parent' | 'body'>> = {}
  const sets = new Map<SetName, SetDraft>()
  const fields = new Map<string, Json>()
  const seen = new Set<string>()
  let bodyFromInput = false

  function put(assignment: Assignment): void {
    const { name, operator, value } = assignment
    const set = setNames.get(name)
    if (set !== undefined) return putIntoSet(sets, set, assignment)
    if (operator !== '=') throw refuse(name, `it is not a set, so ${operator} does not fit it`, `write ${name}=value`)
    if (seen.has(name)) throw refuse(name, 'it is given twice', 'give each field one value')
    seen.add(name)
    if (!scalarNames.has(name)) fields.set(checkedFieldName(name), value === '' ? null : parseFreeValue(value))
    else if (name === 'body' && value === '-') bodyFromInput = true
    else putScalar(scalars, name, value)
  }

  const rest = (): Pick<TaskChanges, 'fields'> => (fields.size === 0 ? {} : { fields: Object.fromEntries(fields) })
  return {
    put,
    collected: () => ({ changes: { ...scalars, ...setChanges(sets), ...rest() }, bodyFromInput }),
    forNewTask: () => ({ fields: { ...scalars, ...wholeSets(sets), ...rest() }, bodyFromInput }),
  }
}

function putScalar(scalars: Writable<TaskChanges>, name: string, value: string): void {
  if (name === 'priority') scalars.priority = value === '' ? null : parsePriority(value)
  else if (name === 'parent') scalars.parent = value === '' ? null : parseKeyOrNone(value)
  else if (name === 'body') scalars.body = value
  else if (value.trim() === '') throw refuse(name, 'a task always has one', `write ${name}=value`)
  else if (name === 'title') scalars.title = value
  else scalars.status = value
}

/** In order: what is added and then removed is removed, and the other way round. */
function putIntoSet(sets: Map<SetName, SetDraft>, set: SetName, { name, operator, value }: Assignment): void {
  const elements = set === 'dependsOn' ? parseList([value]).map(parseKey) : parseList([value])
  const draft = sets.get(set) ?? { whole: undefined, add: [], remove: [] }
  if (operator === '=') {
    if (sets.has(set)) throw refuse(name, 'it is given twice', `give ${name}= once and first, then += and -=`)
    draft.whole = [...new Set(elements)]
  } else {
    if (elements.length === 0)
      throw refuse(name, `${operator} names nothing`, `name what, as in ${name}${operator}value`)
    for (const element of elements) putElement(draft, element, operator === '+=')
  }
  sets.set(set, draft)
}

function putElement(draft: SetDraft, element: string, present: boolean): void {
  const without = (list: readonly string[]): string[] => list.filter((one) => one !== element)
  if (draft.whole !== undefined) draft.whole = [...without(draft.whole), ...(present ? [element] : [])]
  else {
    draft.add = [...without(draft.add), ...(present ? [element] : [])]
    draft.remove = [...without(draft.remove), ...(present ? [] : [element])]
  }
}

function setChanges(sets: ReadonlyMap<SetName, SetDraft>): TaskChanges {
  const changes: Writable<TaskChanges> = {}
  for (const [set, { whole, add, remove }] of sets) {
    if (whole !== undefined) changes[set] = whole
    if (add.length > 0)
      changes[set === 'labels' ? 'addLabels' : set === 'assignees' ? 'addAssignees' : 'addDependsOn'] = add
    if (remove.length > 0) {
      changes[set === 'labels' ? 'removeLabels' : set === 'assignees' ? 'removeAssignees' : 'removeDependsOn'] = remove
    }
  }
  return changes
}

function wholeSets(sets: ReadonlyMap<SetName, SetDraft>): Pick<NewTask, SetName> {
  const whole: Writable<Pick<NewTask, SetName>> = {}
  for (const [set, draft] of sets) {
    if (draft.remove.length > 0) throw refuse(set, 'a new task has nothing to take away', `write ${set}=value`)
    whole[set] = draft.whole ?? draft.add
  }
  return whole
}

function checkedFieldName(name: string): string {
  const near = nearNames.get(name) ?? [...scalarNames, ...setNames.keys()].find((known) => known === name.toLowerCase())
  if (near !== undefined) throw refuse(name, 'there is no such field', `did you mean ${near}?`)
  if (ownNames.has(name)) throw refuse(name, 'it cannot be set', 'see: tide help set')
  return name
}
