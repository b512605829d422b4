/** Whole commands beside 1,000 and 10,000 native files: the first import, a sync of nothing, a list, a change. */
import { spawnSync } from 'node:child_process'
import { initWorkspace } from '../bin/node.ts'
import { cleanEnvironment, cpuMsSince, fixed, inTurn, measuredChild, median, table, type Candidate } from './measure.ts'
import { forgetWorkspace, makeFolder, readAll, sampleFiles } from './native-folder.ts'

const SIZES = [1000, 10_000]
const IMPORT_ROUNDS = 5
const COMMAND_ROUNDS = 11
const READS = 5
const COMMAND = 'dist/tide.cjs'
/** Names every file of a folder and asks the disk for its size and time: less than this cannot know that nothing changed. */
const STAT_ALL =
  'const { readdirSync, statSync } = require("node:fs"); const dir = process.argv[1] + "/tasks"; for (const name of readdirSync(dir)) statSync(dir + "/" + name)'

export async function commandsBench(): Promise<void> {
  for (const size of SIZES) {
    using folder = makeFolder(sampleFiles(size))
    importing(folder.dir, size)
    commands(folder.dir, size)
  }
}

/** The import alone, in a process that has the code loaded and has read the files. */
export async function measureImport(dir: string): Promise<void> {
  const reading = process.cpuUsage()
  const readMs = median(Array.from({ length: READS }, () => readAll(dir)))
  const readCpuMs = cpuMsSince(reading) / READS
  const [began, before] = [performance.now(), process.cpuUsage()]
  await initWorkspace({ dir })
  const importMs = performance.now() - began
  console.log(JSON.stringify({ readMs, readCpuMs, importMs, importCpuMs: cpuMsSince(before) }))
}

function importing(dir: string, size: number): void {
  const [whole, inside, cpu]: [Reading[], Reading[], Reading[]] = [[], [], []]
  for (let round = -1; round < IMPORT_ROUNDS; round++) {
    const readMs = median(Array.from({ length: READS }, () => readAll(dir)))
    forgetWorkspace(dir)
    const began = performance.now()
    run([process.execPath, COMMAND, 'init', '--dir', dir, '--json'])
    const command = { readMs, ms: performance.now() - began }
    forgetWorkspace(dir)
    const child = measuredChild([process.argv[1] ?? '', '--import', dir])
    if (round < 0) continue
    whole.push(command)
    inside.push({ readMs: child['readMs'] ?? Number.NaN, ms: child['importMs'] ?? Number.NaN })
    cpu.push({ readMs: child['readCpuMs'] ?? Number.NaN, ms: child['importCpuMs'] ?? Number.NaN })
  }
  table(
    `first import of ${size} files (x = reading them warm with readFileSync)`,
    ['', 'median ms', 'x median', 'x min', 'read ms', 'must x', 'star x'],
    [importRow('tide init', whole), importRow('in process', inside), importRow('in process, CPU time', cpu)],
  )
}

interface Reading {
  readonly readMs: number
  readonly ms: number
}

function importRow(name: string, readings: readonly Reading[]): readonly string[] {
  const [walls, reads] = [readings.map(({ ms }) => ms), readings.map(({ readMs }) => readMs)]
  const ratio = median(readings.map(({ ms, readMs }) => ms / readMs))
  const least = Math.min(...walls) / Math.min(...reads)
  return [name, fixed(median(walls), 0), fixed(ratio), fixed(least), fixed(median(reads), 1), '<= 6', '<= 3']
}

function commands(dir: string, size: number): void {
  const tide = (name: string, args: (round: number) => readonly string[]): Candidate => ({
    name,
    argv: (round) => [process.execPath, COMMAND, '--dir', dir, ...args(round)],
  })
  compare(`nothing changed among ${size} files (x = one stat a file)`, {
    candidates: [
      { name: 'one stat a file', argv: [process.execPath, '-e', STAT_ALL, dir] },
      tide('tide sync', () => ['sync']),
    ],
    musts: ['', '<= 3 (star 1.5)'],
  })
  compare(`commands beside ${size} files (x = node -e 0)`, {
    candidates: [
      { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
      { name: 'one stat a file', argv: [process.execPath, '-e', STAT_ALL, dir] },
      tide('list --json', () => ['list', '--json']),
      tide('show', () => ['show', 'T-500']),
      tide('set status', (round) => ['set', `T-${100 + round}`, `status=${round % 2 === 0 ? 'review' : 'todo'}`]),
    ],
    musts: [],
  })
}

function compare(
  title: string,
  { candidates, musts }: { readonly candidates: readonly Candidate[]; readonly musts: readonly string[] },
): void {
  const rows = inTurn(candidates, COMMAND_ROUNDS).map(({ name, medianMs, ratio, minRatio, peakMiB }, index) => [
    name,
    fixed(medianMs, 1),
    fixed(ratio),
    fixed(minRatio),
    fixed(peakMiB, 1),
    ...(musts.length === 0 ? [] : [musts[index] ?? '']),
  ])
  table(title, ['', 'median ms', 'x median', 'x min', 'peak MiB', ...(musts.length === 0 ? [] : ['must x'])], rows)
}

function run([command = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { env: cleanEnvironment(), encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr.slice(0, 500)}`)
}
