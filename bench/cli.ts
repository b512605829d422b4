/** The command as a whole process against `node -e 0`, with what each must cost at most: lists, one task, writes, at 1,000 and 10,000 tasks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { initWorkspace, openWorkspace } from '../bin/node.ts'
import { fixed, inTurn, table, type Candidate, type Figures } from './measure.ts'
import { makeFolder, sampleFiles } from './native-folder.ts'

const SIZES = [1000, 10_000] as const
const ROUNDS = 11
const COMMAND = 'dist/tide.cjs'

interface Must {
  readonly x: number
  readonly mebibytes?: number
}

/** Of a start of node, where no process holds the workspace and no files have to be looked at (docs/decisions/0003-summary.md). */
const MUSTS: Readonly<Record<(typeof SIZES)[number], Readonly<Record<string, Must>>>> = {
  1000: {
    'list --json': { x: 2, mebibytes: 50 },
    'list, plain': { x: 2 },
    show: { x: 2 },
    'set status': { x: 6 },
    add: { x: 6 },
    done: { x: 6 },
  },
  10_000: {
    'list --json': { x: 4 },
    'list, plain': { x: 4 },
    show: { x: 2 },
    'set status': { x: 15 },
    add: { x: 15 },
    done: { x: 15 },
  },
}

export async function cliBench(): Promise<void> {
  for (const size of SIZES) {
    using folder = makeFolder(sampleFiles(size))
    const { dir } = folder
    await initWorkspace({ dir })
    report(`command line beside ${size} task files, no owner`, inTurn([...floors(), ...ours(dir)], ROUNDS))
    {
      await using _owner = await startOwner(dir)
      report(`command line beside ${size} task files, live owner`, inTurn([...floors(), ...ours(dir)], ROUNDS))
    }
    leaveFiles(dir)
    report(`command line, ${size} tasks, no files`, inTurn([...floors(), ...ours(dir)], ROUNDS), MUSTS[size])
  }
}

/** From now on the tasks are kept in the store alone: files of this format are not read. */
function leaveFiles(dir: string): void {
  const path = join(dir, 'tidemark.json')
  const settings = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, JSON.stringify({ ...settings, format: 'checklist' }))
  rmSync(join(dir, 'tasks'), { recursive: true })
}

function floors(): readonly Candidate[] {
  return [{ name: 'node -e 0', argv: [process.execPath, '-e', '0'] }]
}

function ours(dir: string): readonly Candidate[] {
  const tide = (name: string, args: (round: number) => readonly string[]): Candidate => ({
    name,
    argv: (round) => {
      const [command = '', ...rest] = args(round)
      return [process.execPath, COMMAND, command, '--dir', dir, ...rest]
    },
  })
  return [
    tide('list --json', () => ['list', '--json']),
    tide('list, plain', () => ['list']),
    tide('show', () => ['show', 'T-500']),
    tide('search', () => ['search', 'deploy', '--json']),
    tide('search, rare word', () => ['search', '777', '--json']),
    tide('set status', (round) => ['set', `T-${100 + round}`, `status=${round % 2 === 0 ? 'review' : 'todo'}`]),
    tide('add', (round) => ['add', `another task ${round}`]),
    tide('done', (round) => ['done', `T-${200 + round}`]),
  ]
}

function report(title: string, figures: readonly Figures[], musts?: Readonly<Record<string, Must>>): void {
  const rows = figures.map(({ name, medianMs, ratio, minRatio, peakMiB }) => [
    name,
    fixed(medianMs, 1),
    fixed(ratio),
    fixed(minRatio),
    fixed(peakMiB, 1),
    ...(musts === undefined ? [] : verdict(musts[name], ratio, peakMiB)),
  ])
  const columns = ['', 'median ms', 'x median', 'x min', 'peak MiB', ...(musts === undefined ? [] : ['must', ''])]
  table(`${title} (x = node -e 0)`, columns, rows)
}

function verdict(must: Must | undefined, ratio: number, peakMiB: number | undefined): readonly string[] {
  if (must === undefined) return ['', '']
  const { x, mebibytes } = must
  const isKept = ratio <= x && (mebibytes === undefined || peakMiB === undefined || peakMiB <= mebibytes)
  return [`<= ${x}${mebibytes === undefined ? '' : `, ${mebibytes} MiB`}`, isKept ? 'kept' : 'MISSED']
}

/** Another process that has the workspace open until it is disposed. */
async function startOwner(dir: string): Promise<AsyncDisposable> {
  const owner = spawn(process.execPath, [process.argv[1] ?? '', '--owner', dir], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(owner.stdout, 'data')
  return {
    [Symbol.asyncDispose]: async () => {
      const gone = once(owner, 'exit')
      owner.stdin.end()
      await gone
    },
  }
}

/** What that process does. */
export async function holdWorkspace(dir: string): Promise<void> {
  await using _workspace = await openWorkspace({ dir })
  console.log('holding')
  process.stdin.resume()
  await once(process.stdin, 'end')
}
