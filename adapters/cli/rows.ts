/** Tasks as lines on stdout: a table where a terminal shows them, tab-separated text where a program reads them. */
import { rowText, type TaskView } from '../../src/internal.ts'
import type { Common } from './command.ts'
import { printJson, printPieces, say } from './io.ts'
import type { CliWorld, Listing, ListRow } from './world.ts'

/** A row whose status is known by name only, as methods answer it. */
export type TaskRow = Omit<ListRow, 'kind'> & { readonly kind?: string }

/** What answers `list`, `ready` and `search`. */
export async function printListing(common: Common, world: CliWorld, listing: Listing, none: string): Promise<void> {
  if (common.json) return printPieces(world, listing.json())
  if (world.stdout.isTerminal) await printTable(world, listing.rows(), { head: true })
  else for (const piece of listing.lines()) world.stdout.write(piece)
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

async function printRows(world: CliWorld, rows: Iterable<TaskRow>): Promise<void> {
  if (world.stdout.isTerminal) return printTable(world, rows, { head: false })
  const text = rowLines(rows)
  if (text !== '') world.stdout.write(text)
}

/** What a pipe gets. */
export function rowLines(rows: Iterable<TaskRow>): string {
  let text = ''
  for (const row of rows) text += `${rowText(row)}\n`
  return text
}

async function printTable(
  world: CliWorld,
  rows: Iterable<TaskRow>,
  { head }: { readonly head: boolean },
): Promise<void> {
  const { columns, colour } = world.stdout
  const text = (await import('./row-table.ts')).rowTable(rows, { width: columns, colour, head })
  if (text !== '') world.stdout.write(text)
}
