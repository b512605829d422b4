/** How task-master names a task in `dependencies`: by its number in the same tag, in a subtask also by that of a sibling. */
import type { Json } from '../../src/internal.ts'
import type { Spelling } from './elements.ts'

const ID = /^\d+(?:\.\d+)*$/
/** In a subtask task-master takes a number below 100 for a sibling. */
const SIBLING = /^(?:0|[1-9]\d?)$/
const NUMBER = /^(?:0|[1-9]\d{0,14})$/

export interface SpellingPlace {
  /** Of the keys of its tag. */
  readonly prefix: string
  /** The id of the task around it. */
  readonly parent?: string
}

export function taskmasterSpelling({ prefix, parent }: SpellingPlace): Spelling {
  return {
    nameOf(written) {
      if (parent !== undefined && SIBLING.test(written)) return `${prefix}${parent}.${written}`
      return ID.test(written) ? prefix + written : written
    },
    written(name, isText) {
      const id = idOf(name, prefix)
      if (id === undefined || parent === undefined) return id === undefined ? undefined : asWritten(id, isText)
      const sibling = id.startsWith(`${parent}.`) ? id.slice(parent.length + 1) : ''
      if (SIBLING.test(sibling)) return asWritten(sibling, isText)
      return SIBLING.test(id) ? undefined : asWritten(id, isText)
    },
  }
}

/** What stands in the file for a name; undefined where that would be read as another task. */
function idOf(name: string, prefix: string): string | undefined {
  if (prefix === '') return name
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  if (ID.test(rest)) return rest
  return ID.test(name) ? undefined : name
}

function asWritten(id: string, isText: boolean): Json {
  return NUMBER.test(id) && !isText ? Number(id) : id
}
