/** task-master's tasks.json: all tasks of all tags in one file, subtasks inside their tasks. */
import type { Format } from '../../src/internal.ts'
import { createTaskmaster } from './taskmaster-create.ts'
import { taskmasterPlaces } from './taskmaster-places.ts'
import { taskmasterRules } from './taskmaster-rules.ts'
import { parseTasks, patchTasks } from './tasks-file.ts'

export interface TaskmasterOptions {
  /** Relative to the root. @default .taskmaster/tasks/tasks.json */
  readonly path?: string
}

const FILE = { rules: taskmasterRules, placesIn: taskmasterPlaces }

/**
 * A task has a key and no id: nothing in the file keeps an id for us. Keys are task-master's own. What follows from where
 * a task stands (its key, `parent`, `tag`) is read and never changed in its place. Times (`updatedAt`, the tag's
 * `metadata`) are task-master's to write: this has no clock.
 */
export function taskmasterFormat({ path: own = '.taskmaster/tasks/tasks.json' }: TaskmasterOptions = {}): Format {
  return {
    name: 'taskmaster',
    covers: (path) => path === own,
    parse: (_path, text) => parseTasks(text, FILE),
    patch: (_path, text, patches) => patchTasks(text, patches, FILE),
    create: (sheet, folder) => createTaskmaster(own, sheet, folder, FILE),
  }
}
