/** An owner that is open beside its files: a change on its way into a file, a saved file on its way into an event, a thousand at once. */
import { spawnSync } from 'node:child_process'
import { cleanEnvironment, fixed, measuredChild, median, table } from './measure.ts'
import { makeFolder, sampleFiles } from './native-folder.ts'

const COMMAND = 'dist/tide.cjs'
const [FEW, MANY] = [10, 10_000]
const ROUNDS = 3

type Figures = Readonly<Record<string, number>>

export function liveBench(): void {
  const small = measured(FEW)
  const large = measured(MANY)
  setTable(small, large)
  saveTable(small, large)
  burstTable(large)
}

/** A process for each round: the median of their figures, and of what was lost the most. */
function measured(size: number): Figures {
  using folder = makeFolder(sampleFiles(size))
  const { status, stderr } = spawnSync(process.execPath, [COMMAND, 'init', '--dir', folder.dir, '--json'], {
    env: cleanEnvironment(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`init failed: ${stderr.slice(0, 500)}`)
  const runs = Array.from({ length: ROUNDS }, () =>
    measuredChild([process.argv[1] ?? '', '--live', folder.dir, String(size)]),
  )
  const figures = Object.keys(runs[0] ?? {}).map((name): readonly [string, number] => {
    const values = runs.map((run) => run[name] ?? Number.NaN)
    return [name, name.endsWith('Lost') ? Math.max(...values) : median(values)]
  })
  return Object.fromEntries(figures)
}

function setTable(small: Figures, large: Figures): void {
  const floor = (run: Figures): string => fixed((run['setP50'] ?? Number.NaN) / (run['floorP50'] ?? Number.NaN))
  const row = (name: string, run: Figures): readonly string[] => [
    name,
    ...['setP50', 'setP95', 'setCpu', 'floorP50'].map((figure) => fixed(run[figure], 2)),
    floor(run),
    '<= 10',
  ]
  table(
    'live owner, one field set → file on the disk',
    ['', 'p50 ms', 'p95 ms', 'CPU ms', 'one fsync + rename', 'x of it', 'must p50 ms'],
    [row(`${FEW} tasks`, small), row(`${MANY} tasks`, large)],
  )
  console.log(
    `p50 at ${MANY} ÷ at ${FEW}: ${fixed((large['setP50'] ?? Number.NaN) / (small['setP50'] ?? 1))}, must <= 1.5`,
  )
}

function saveTable(small: Figures, large: Figures): void {
  const names = ['saveP50', 'saveP95', 'heardP50', 'heardP95', 'savesLost']
  const row = (name: string, run: Figures): readonly string[] => [name, ...names.map((figure) => fixed(run[figure], 1))]
  table(
    'live owner, file saved → change event; after the watcher’s event (must p95 <= 10 ms)',
    ['', 'p50 ms', 'p95 ms', 'after it p50', 'p95 <= 10', 'lost'],
    [row(`${FEW} files`, small), row(`${MANY} files`, large)],
  )
}

function burstTable(large: Figures): void {
  const row = (name: string, kind: string): readonly string[] => [
    name,
    ...['Writing', 'Settled', 'After', 'Lost'].map((figure) => fixed(large[kind + figure], 0)),
    '<= 1000',
  ]
  table(
    `live owner, 1,000 of ${MANY} files changed at once`,
    ['', 'writing ms', 'settled ms', 'after the last', 'lost', 'must settled'],
    [row('a field each', 'fields'), row('a line of each body', 'bodies')],
  )
}
