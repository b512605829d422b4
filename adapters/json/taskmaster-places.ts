/**
 * Where the tasks of a tasks.json stand and what they are called: `5`, the subtask `5.2`, and in any tag but master
 * `feature/5`. Older files have no tags and are one list.
 */
import type { JsonArray, JsonNode, JsonObject } from './nodes.ts'
import { idIn, memberOf, membersThatCount } from './nodes.ts'
import { taskmasterSpelling } from './taskmaster-spelling.ts'
import { plainSpelling } from './elements.ts'
import type { FileFault, TaskPlace } from './tasks-file.ts'

/** One list of tasks; its tag is undefined in a file without tags. */
export interface TagList {
  readonly tag: string | undefined
  readonly list: JsonArray
}

export const MASTER = 'master'

/** Undefined where the file is none of task-master's. */
export function tagLists(root: JsonNode): readonly TagList[] | undefined {
  if (root.kind !== 'object') return undefined
  const lists = membersThatCount(root).flatMap(({ name, value }): readonly TagList[] => {
    const list = value.kind === 'object' ? memberOf(value, 'tasks')?.value : undefined
    return list?.kind === 'array' ? [{ tag: name, list }] : []
  })
  const bare = memberOf(root, 'tasks')?.value
  // Beside tags task-master passes a bare list over.
  if (lists.length > 0) return lists
  if (bare?.kind === 'array') return [{ tag: undefined, list: bare }]
  return root.members.length === 0 ? [] : undefined
}

export function taskmasterPlaces(text: string, root: JsonNode): readonly TaskPlace[] | FileFault {
  const lists = tagLists(root)
  if (lists === undefined) {
    const message = 'there is no list of tasks as task-master keeps it; the file is left as it is'
    return { code: 'TASKS_MISSING', at: root.start, message }
  }
  const places: TaskPlace[] = []
  for (const { tag, list } of lists) {
    const isMaster = tag === undefined || tag === MASTER
    for (const [at, element] of list.elements.entries()) {
      if (element.kind !== 'object') return noTask(element)
      const fault = addTask(text, { object: element, list, at }, isMaster ? undefined : tag, places)
      if (fault !== undefined) return fault
    }
  }
  return places.toSorted((one, other) => one.object.start - other.object.start)
}

type Stands = Pick<TaskPlace, 'object' | 'list' | 'at'>

function addTask(text: string, stands: Stands, tag: string | undefined, places: TaskPlace[]): FileFault | undefined {
  const prefix = tag === undefined ? '' : `${tag}/`
  const id = idIn(text, stands.object)
  const key = id === null ? null : prefix + id
  const fields = tag === undefined ? {} : { tag }
  const subtasks = memberOf(stands.object, 'subtasks')?.value
  const isNone = subtasks === undefined || (subtasks.kind === 'literal' && text.startsWith('null', subtasks.start))
  const inside: JsonObject[] = []
  const spelling = taskmasterSpelling({ prefix })
  places.push({ ...stands, key, fields, inside, spellingOf: (set) => (set === 'depends' ? spelling : plainSpelling) })
  if (subtasks?.kind !== 'array') return isNone ? undefined : noTask(subtasks)
  const within = taskmasterSpelling({ prefix, ...(id === null ? {} : { parent: id }) })
  for (const [at, element] of subtasks.elements.entries()) {
    if (element.kind !== 'object') return noTask(element)
    inside.push(element)
    const own = idIn(text, element)
    places.push({
      object: element,
      list: subtasks,
      at,
      key: own === null || key === null ? null : subtaskKey(prefix, key, own),
      fields: key === null ? fields : { ...fields, parent: key },
      spellingOf: (set) => (set === 'depends' ? within : plainSpelling),
      inside: [],
    })
  }
  return undefined
}

/** Some files name a subtask in full. */
function subtaskKey(prefix: string, parent: string, id: string): string {
  return `${prefix}${id}`.startsWith(`${parent}.`) ? `${prefix}${id}` : `${parent}.${id}`
}

function noTask(node: JsonNode): FileFault {
  return { code: 'TASK_UNREADABLE', at: node.start, message: 'what stands here is no task; the file is left as it is' }
}
