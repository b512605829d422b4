/**
 * The format of Backlog.md: one markdown file per task, whose folder says whether it is on the board, a draft, completed or
 * archived. What the program keeps when it edits a file, we keep; what it drops (keys it does not know), nothing relies on.
 *
 * | in the file | here |
 * |---|---|
 * | `id: TASK-007` | key `TASK-7`; zeros and case are spelling. No uid: identity is the mirror's, by file and key |
 * | `status` | `status`, by the names of the columns; beside the board the folder is the status, and the line is `file.status` |
 * | `assignee` `labels` `dependencies` | sets `assignees` (with or without @, as written), `labels`, `depends` (keys) |
 * | `parent_task_id` | `parent` (a key) |
 * | `created_date` `updated_date` `due_date` | `created` `updated` `due`, as written; dates of old files as all others |
 * | every other key | a field of that name; where the name is one of ours, `file.<key>` |
 * | all below the front matter | the body: sections, markers, checklists and comments stay text |
 */
import type { Format } from '../../src/internal.ts'
import { createBacklog } from './backlog-create.ts'
import { parseBacklog } from './backlog-parse.ts'
import { patchBacklog } from './backlog-patch.ts'
import { shelvedAt, type ShelfOptions } from './backlog-shelves.ts'

export function backlogFormat(options: ShelfOptions): Format {
  const { config } = options
  return {
    name: 'backlog',
    covers: (path) => shelvedAt(path, options) !== undefined,
    parse(path, text) {
      const there = shelvedAt(path, options)
      return there === undefined ? { tasks: [], problems: [] } : parseBacklog(text, there, config)
    },
    patch(path, text, patches) {
      const there = shelvedAt(path, options)
      if (there === undefined) return text
      // The one task goes by taking the file away, which is not for a format to do.
      return patches
        .filter(({ task, remove }) => task === 0 && remove === undefined)
        .reduce((patched, patch) => patchBacklog(patched, patch, there, config), text)
    },
    create: (sheet, folder) => [createBacklog(sheet, options, folder)],
  }
}
