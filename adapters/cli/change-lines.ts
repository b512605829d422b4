/** Changes of the past as lines: one block for each on a terminal, one tab-separated line for each field on a pipe. */
import type { ChangeView, FieldChangeView } from '../../src/internal.ts'
import { moment, valueText } from './detail.ts'
import { paint } from './paint.ts'
import { printable, truncateToWidth } from './width.ts'
import type { Output } from './world.ts'

const DEFAULT_WIDTH = 80

export function changeLines(changes: readonly ChangeView[], stdout: Output): string {
  return changes.map((change) => (stdout.isTerminal ? block(change, stdout) : pipeLines(change))).join('')
}

function block(change: ChangeView, { columns, colour }: Output): string {
  const width = columns > 0 ? columns : DEFAULT_WIDTH
  const head = `${paint(printable(change.id), 'yellow', colour)}  ${moment(change.at)}  ${printable(whoOf(change))}  ${printable(change.verb)}`
  const lines = change.changes.map((one) => truncateToWidth(`  ${fieldText(one)}`, width))
  return [`${head}${undoText(change)}`, ...lines].map((line) => `${line}\n`).join('')
}

function fieldText({ key, field, before, after }: FieldChangeView): string {
  return `${printable(key)}  ${printable(field)}: ${valueText(before)} -> ${valueText(after)}`
}

function undoText({ undoes, undoneBy }: ChangeView): string {
  if (undoneBy !== null) return `, taken back by ${printable(undoneBy)}`
  return undoes === null ? '' : ` of ${printable(undoes)}`
}

/** id, at, who, verb, key, field, before, after (both as JSON). A change without fields is one line all the same. */
function pipeLines(change: ChangeView): string {
  const head = [change.id, change.at, whoOf(change), change.verb]
  const rows = change.changes.map(({ key, field, before, after }) => [
    key,
    field,
    JSON.stringify(before),
    JSON.stringify(after),
  ])
  return (rows.length === 0 ? [[]] : rows).map((row) => `${[...head, ...row].map(printable).join('\t')}\n`).join('')
}

function whoOf({ by }: ChangeView): string {
  return by.name ?? by.workspace
}
