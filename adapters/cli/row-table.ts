/**
 * Tasks as a table for a terminal: it fits the width, only titles are cut, and wide characters align.
 * What does not fit beside a readable title is left out by whole columns: who, then labels, priority, status.
 */
import { paint, type Colour } from './paint.ts'
import type { TaskRow } from './rows.ts'
import { padToWidth, printable, textWidth, truncateToWidth } from './width.ts'

export interface TableOptions {
  readonly width: number
  readonly colour: boolean
  /** A line that names the columns. */
  readonly head: boolean
}

interface Column {
  readonly head: string
  readonly width: number
  /** The greatest is left out first; 0 stays. */
  readonly leaveOut: number
  readonly cells: readonly string[]
  colour(row: TaskRow): Colour | undefined
}

const GAP = 2
const DEFAULT_WIDTH = 80
/** A title that is cut shorter than this tells too little: a column goes first. */
const READABLE_TITLE = 20
/** Of the line, where a name is long. */
const WIDEST_HOLDER = 0.4
const HEAD_TITLE = 'TITLE'

export function rowTable(rows: Iterable<TaskRow>, { width, colour, head }: TableOptions): string {
  const all = [...rows]
  if (all.length === 0) return ''
  const limit = width > 0 ? width : DEFAULT_WIDTH
  const titles = all.map((row) => printable(row.title))
  const columns = fitting(columnsOf(all, limit, head), limit - Math.min(widest(titles), READABLE_TITLE))
  const room = Math.max(1, limit - total(columns))
  const lines = all.map((row, index) => {
    const cells = columns.map((column) =>
      paint(padToWidth(column.cells[index] ?? '', column.width), column.colour(row), colour),
    )
    return [...cells, titleText(row, truncateToWidth(titles[index] ?? '', room), colour)]
      .join(' '.repeat(GAP))
      .trimEnd()
  })
  if (head) lines.unshift(headLine(columns, room, colour))
  return `${lines.join('\n')}\n`
}

function columnsOf(rows: readonly TaskRow[], limit: number, named: boolean): readonly Column[] {
  const few = Math.max(12, Math.floor(limit / 5))
  const plain = (): undefined => undefined
  const column = (name: string, leaveOut: number, cells: readonly string[], colour: Column['colour']): Column => {
    const head = named ? name : ''
    return { head, leaveOut, cells, colour, width: Math.max(widest(cells), head.length) }
  }
  const columns = [
    column('', 0, rows.map(markOf), (row) => (row.conflicts.length > 0 ? 'red' : 'green')),
    column(
      'KEY',
      0,
      rows.map((row) => printable(row.key)),
      () => 'cyan',
    ),
    column(
      'STATUS',
      1,
      rows.map((row) => printable(row.status)),
      statusColour,
    ),
    column(
      'PRIORITY',
      2,
      rows.map((row) => row.priority ?? ''),
      priorityColour,
    ),
    column(
      'LABELS',
      3,
      rows.map((row) => listText(row.labels, few)),
      plain,
    ),
    column(
      'WHO',
      4,
      rows.map((row) => whoText(row, few, limit)),
      plain,
    ),
  ]
  return columns.filter(({ cells }) => cells.some((cell) => cell !== ''))
}

function fitting(columns: readonly Column[], room: number): readonly Column[] {
  if (total(columns) <= room) return columns
  const first = Math.max(...columns.map((one) => one.leaveOut))
  return first === 0
    ? columns
    : fitting(
        columns.filter((one) => one.leaveOut !== first),
        room,
      )
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, one) => sum + one.width + GAP, 0)
}

function headLine(columns: readonly Column[], room: number, colour: boolean): string {
  const heads = columns.map((one) => padToWidth(one.head, one.width))
  return paint([...heads, truncateToWidth(HEAD_TITLE, room)].join(' '.repeat(GAP)), 'dim', colour)
}

/** `>` can be started, `@` is held, `~` is held and the relay has not agreed, `!` has a conflict, `x` is deleted. */
function markOf({ deleted, ready, claim, conflicts }: TaskRow): string {
  const held = claim === null ? '' : claim.state === 'tentative' ? '~' : '@'
  return `${deleted ? 'x' : ready ? '>' : held}${conflicts.length > 0 ? '!' : ''}`
}

/** Who holds it comes first, and has some more room than others: of all names it is the last to be counted only. */
function whoText({ claim, assignees }: TaskRow, few: number, limit: number): string {
  if (claim === null) return listText(assignees, few)
  const holder = claim.state === 'tentative' ? `~${claim.by}` : claim.by
  const others = assignees.filter((name) => name !== claim.by)
  const least = others.length === 0 ? holder : `${holder}, +${others.length}`
  return listText([holder, ...others], Math.max(few, Math.min(textWidth(least), Math.floor(limit * WIDEST_HOLDER))))
}

/** Whole words only: what has no room is counted, not cut. */
function listText(words: readonly string[], room: number): string {
  const whole = printable(words.join(', '))
  if (textWidth(whole) <= room) return whole
  let kept = words.length - 1
  const shortened = (): string => [...words.slice(0, kept), `+${words.length - kept}`].join(', ')
  while (kept > 0 && textWidth(printable(shortened())) > room) kept -= 1
  return printable(shortened())
}

function titleText(row: TaskRow, title: string, colour: boolean): string {
  return paint(title, row.deleted || row.kind === 'dropped' ? 'dim' : undefined, colour)
}

function statusColour({ kind }: TaskRow): Colour | undefined {
  if (kind === 'active') return 'yellow'
  if (kind === 'done') return 'green'
  return kind === 'dropped' ? 'dim' : undefined
}

function priorityColour({ priority }: TaskRow): Colour | undefined {
  if (priority === 'critical') return 'red'
  return priority === 'high' ? 'yellow' : undefined
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, textWidth(text)), 0)
}
