/** Todo2's state.todo2.json: all todos in one file, beside their comments and activities, which are left alone. */
import type { Format } from '../../src/internal.ts'
import { parseTasks, patchTasks } from './tasks-file.ts'
import { createTodo2 } from './todo2-create.ts'
import { todo2Places } from './todo2-places.ts'
import { todo2Rules } from './todo2-rules.ts'

export interface Todo2Options {
  /** Relative to the root. @default .todo2/state.todo2.json */
  readonly path?: string
}

const FILE = { rules: todo2Rules, placesIn: todo2Places }

/**
 * A todo has a key and no id: nothing in the file keeps an id for us. Its key is Todo2's own and never changed. Times
 * (`lastModified`) are Todo2's to write: this has no clock.
 */
export function todo2Format({ path: own = '.todo2/state.todo2.json' }: Todo2Options = {}): Format {
  return {
    name: 'todo2',
    covers: (path) => path === own,
    parse: (_path, text) => parseTasks(text, FILE),
    patch: (_path, text, patches) => patchTasks(text, patches, FILE),
    create: (sheet, folder) => createTodo2(own, sheet, folder, FILE),
  }
}
