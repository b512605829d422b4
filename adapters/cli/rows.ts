/** Tasks as lines on stdout: a table where a terminal shows them, tab-separated text where a program reads them. */
import type { TaskView } from '../../src/internal.ts'
import type { Common } from './command.ts'
import { printJson, printPieces, say } from './io.ts'
import type { CliWorld, Listing, ListRow } from './world.ts'

/** A row whose status is known by name only, as methods answer it. */
export type TaskRow = Omit<ListRow, 'kind'> & { readonly kind?: string }

/** What answers `list`, `ready` and `search`. */
export async function printListing(common: Common, world: CliWorld, listing: Listing, none: string): Promise<void> {
  if (common.json) return printPieces(world, listing.json())
  await printRows(world, listing.rows(), { head: true })
  if (listing.count === 0) say(common, world, none)
}

/** What every command answers that changes tasks. */
export async function printTasks(
  common: Common,
  world: CliWorld,
  tasks: readonly TaskView[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (common.json) printJson(world, { ...more, tasks })
  else await printRows(world, tasks)
}

async function printRows(
  world: CliWorld,
  rows: Iterable<TaskRow>,
  { head = false }: { readonly head?: boolean } = {},
): Promise<void> {
  const { isTerminal, columns, colour } = world.stdout
  const text = isTerminal
    ? (await import('./row-table.ts')).rowTable(rows, { width: columns, colour, head })
    : await rowLines(rows)
  if (text !== '') world.stdout.write(text)
}

/** key, status, priority, labels, assignees, title, marks: whole, without a header. New columns come last. */
async function rowLines(rows: Iterable<TaskRow>): Promise<string> {
  const { printable } = await import('./width.ts')
  let text = ''
  for (const row of rows) {
    const { key, status, priority, labels, assignees, title } = row
    const cells = [key, status, priority ?? '', labels.join(','), assignees.join(','), title, marks(row)]
    // One look at most lines instead of seven; a tab inside a cell would count one too many.
    const line = cells.join('\t')
    const plain = /^[ -~]*(?:\t[ -~]*){6}$/.test(line)
    text += `${plain ? line : cells.map(printable).join('\t')}\n`
  }
  return text
}

/** `deleted`, `ready` and `conflict:<field>`, with commas between. A loop: a list of a thousand rows is built of these. */
function marks(row: TaskRow): string {
  let text = row.deleted ? 'deleted' : ''
  if (row.ready) text += text === '' ? 'ready' : ',ready'
  for (const field of row.conflicts) text += `${text === '' ? '' : ','}conflict:${field}`
  return text
}
