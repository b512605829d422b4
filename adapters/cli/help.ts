/** Top-level help, from the table of commands alone: no command is loaded for it. */
import { commandTable, groups } from './command-table.ts'

const HEAD = `Usage: tide <command> [options]

Keeps a project's tasks as plain files that merge by themselves.`

const TAIL = `Options:
  --json        print one JSON document on stdout, nothing else; errors too
  --dir <path>  where to look for the workspace, upwards (default: here)
  -h, --help    help on a command, with examples; also: tide help <command>
  --version     print the version

Exit codes:
  0 done             4 refused (held, conflict, ...)
  1 fault            5 relay unreachable (the work is saved)
  2 invalid input    6 lock or time ran out
  3 not found        7 not authorised

Environment:
  TIDEMARK_ACTOR        who changes tasks, for history (like --as)
  TIDEMARK_TYPE         agent or human: as what tasks are claimed (like --type)
  TIDEMARK_RELAY_TOKEN  opens the relay of the project (instead of tide join)
  NO_COLOR              no colour
`

export function programHelp(width: number): string {
  const column = Math.max(...commandTable.map((entry) => entry.name.length)) + 4
  const lists = groups.map((group) => {
    const entries = commandTable.filter((entry) => entry.group === group)
    return `${group}:\n${entries.map((entry) => line(entry.name, entry.summary, column, width)).join('')}`
  })
  return `${HEAD}\n\n${lists.join('\n')}\n${TAIL}`
}

function line(name: string, summary: string, column: number, width: number): string {
  const rows: string[] = []
  let row = `  ${name.padEnd(column - 2)}`
  for (const word of summary.split(' ')) {
    if (row.length + word.length > width && row.trim() !== '') {
      rows.push(row.trimEnd())
      row = ' '.repeat(column)
    }
    row += `${word} `
  }
  return `${[...rows, row.trimEnd()].join('\n')}\n`
}
