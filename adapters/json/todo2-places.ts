/** Where the todos of a state.todo2.json stand, and what they are called: by their own `id`, as `T-2`. */
import { plainSpelling } from './elements.ts'
import { idIn, memberOf, type JsonArray, type JsonNode } from './nodes.ts'
import type { FileFault, TaskPlace } from './tasks-file.ts'

export function todosIn(root: JsonNode): JsonArray | undefined {
  const list = root.kind === 'object' ? memberOf(root, 'todos')?.value : undefined
  return list?.kind === 'array' ? list : undefined
}

export function todo2Places(text: string, root: JsonNode): readonly TaskPlace[] | FileFault {
  const list = todosIn(root)
  if (list === undefined) {
    const message = 'there is no list of todos as Todo2 keeps it; the file is left as it is'
    return { code: 'TASKS_MISSING', at: root.start, message }
  }
  const places: TaskPlace[] = []
  for (const [at, object] of list.elements.entries()) {
    if (object.kind !== 'object')
      return {
        code: 'TASK_UNREADABLE',
        at: object.start,
        message: 'what stands here is no todo; the file is left as it is',
      }
    const key = idIn(text, object)
    places.push({ object, list, at, key, fields: {}, spellingOf: () => plainSpelling, inside: [] })
  }
  return places
}
