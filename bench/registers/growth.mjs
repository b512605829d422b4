/**
 * Growth of the register structures: 10,000 tasks of 12 fields, then random field edits by 20 actors; and a new document
 * with 1 KB bodies beside the plain map of the library benchmark.
 *
 *   node bench/registers/growth.mjs [edits=1000000] [tasks=10000] [loads=5]
 *
 * Every measurement has a process of its own. Trust the ratios within one run, not the milliseconds.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [edits, tasks, loads] = [1_000_000, 10_000, 5].map((fallback, i) => Number(process.argv[2 + i] ?? fallback))
const folder = mkdtempSync(join(tmpdir(), 'registers-'))
const childFile = new URL('growth-child.mjs', import.meta.url).pathname

const child = (...args) => {
  const flags = ['--expose-gc', '--max-old-space-size=8000', childFile]
  return JSON.parse(execFileSync(process.execPath, [...flags, ...args.map(String)], { encoding: 'utf8' }))
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

/** Structures in turn within a repeat, so that a busy machine disturbs all alike. */
const loadAll = (rows) => {
  for (const row of rows) row.loads = []
  for (let i = 0; i < loads; i++) for (const row of rows) row.loads.push(child('load', row.structure, row.file))
  for (const row of rows) {
    row.loadMs = median(row.loads.map(({ loadMs }) => loadMs))
    row.heapMiB = median(row.loads.map(({ heapMiB }) => heapMiB))
    row.registers = row.loads[0].registers
  }
}

const print = (title, rows, columns) => {
  const base = rows[0]
  console.log(`\n${title}`)
  console.table(
    Object.fromEntries(
      rows.map((row) => [
        row.structure,
        Object.fromEntries(
          columns.flatMap((column) => {
            const value = row[column]
            if (value === undefined) return []
            const shown = [[column, Math.round(value * 10) / 10]]
            if (['bytes', 'heapMiB', 'loadMs'].includes(column))
              shown.push([column + ' x', Math.round((value / base[column]) * 100) / 100])
            return shown
          }),
        ),
      ]),
    ),
  )
}

try {
  const grown = ['flat', 'lanes', 'joined', 'log'].map((name) => {
    const file = join(folder, name + '.grown')
    return { ...child('grow', name, tasks, edits, file), file }
  })
  loadAll(grown)
  const columns =
    'bytesCreated bytes heapMiB loadMs structs keys createUs editUs lastEditUs wireOwn wireOther wireFirst'.split(' ')
  print(`${tasks} tasks x 12 fields, ${edits} edits by 20 actors (x = against flat+stamps)`, grown, columns)
  const created = ['plain', 'flat', 'lanes', 'joined', 'log'].map((name) => {
    const file = join(folder, name + '.created')
    return { ...child('create', name, tasks, file), file }
  })
  loadAll(created)
  const short = 'bytes heapMiB loadMs structs createUs registers'.split(' ')
  print(`${tasks} tasks with 1 KB bodies, just created (x = against the plain map)`, created, short)
} finally {
  rmSync(folder, { recursive: true })
}
