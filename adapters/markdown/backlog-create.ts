/** Writes a whole file of Backlog.md for a task, with the keys that the program always writes and in its order. */
import type { FormatFolder, NewText, TaskSheet } from '../../src/internal.ts'
import { listsAlwaysWritten } from './backlog-fields.ts'
import { backlogFileName } from './backlog-file-name.ts'
import { frontMatterOf, saysNothing, type Wish } from './backlog-front.ts'
import { idOfKey } from './backlog-ids.ts'
import { wishesOf } from './backlog-patch.ts'
import { rootOf, shelfFor, type ShelfOptions } from './backlog-shelves.ts'
import { withLineFeeds } from './lines.ts'

export function createBacklog(sheet: TaskSheet, options: ShelfOptions, folder: FormatFolder): NewText {
  const { key, fields } = sheet
  const { config } = options
  const shelf = shelfFor(key, fields['status'], config)
  const root = `${rootOf(options.folder)}${shelf.folder}/`
  const title = typeof fields['title'] === 'string' ? fields['title'] : ''
  const name = backlogFileName({ id: idOfKey(key, config), title, prefix: shelf.prefix }, (one) =>
    folder.isTaken(root + one),
  )
  const said = wishesOf(sheet, { shelf, name }, config).filter((wish) => !saysNothing(...wish))
  const keys = new Set(said.map(([one]) => one))
  const empty = listsAlwaysWritten.filter((one) => !keys.has(one)).map((one): Wish => [one, []])
  const body = withLineFeeds(sheet.body)
  return { path: root + name, text: frontMatterOf([...said, ...empty], config) + (body === '' ? '' : `\n${body}`) }
}
