/** The command as a whole process against `node -e 0`: lists, one task, writes, with and without an owner, at 1,000 and 10,000 tasks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initWorkspace, openWorkspace } from '../bin/node.ts'
import { fixed, inTurn, table, type Candidate, type Figures } from './measure.ts'
import { sampleTask } from './workload.ts'

const SIZES = [1000, 10_000]
const ROUNDS = 11
const COMMAND = 'dist/tide.cjs'

export async function cliBench(): Promise<void> {
  for (const size of SIZES) {
    const dir = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
    try {
      await fill(dir, size)
      report(`command line, ${size} tasks, no owner (x = node -e 0)`, inTurn([...floors(), ...ours(dir)], ROUNDS))
      await using _owner = await startOwner(dir)
      report(`command line, ${size} tasks, live owner`, inTurn([...floors(), ...writes(dir)], ROUNDS))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

async function fill(dir: string, size: number): Promise<void> {
  await initWorkspace({ dir })
  await using workspace = await openWorkspace({ dir })
  for (let index = 0; index < size; index++) await workspace.tasks.add(sampleTask(index))
}

function floors(): readonly Candidate[] {
  return [{ name: 'node -e 0', argv: [process.execPath, '-e', '0'] }]
}

function ours(dir: string): readonly Candidate[] {
  const tide = (name: string, ...args: string[]): Candidate => ({
    name,
    argv: [process.execPath, COMMAND, '--dir', dir, ...args],
  })
  return [
    tide('list --json', 'list', '--json'),
    tide('list, plain', 'list'),
    tide('show', 'show', 'T-500'),
    tide('search', 'search', 'deploy', '--json'),
    tide('search, rare word', 'search', '777', '--json'),
    ...writes(dir),
  ]
}

function writes(dir: string): readonly Candidate[] {
  const tide = (name: string, args: (round: number) => readonly string[]): Candidate => ({
    name,
    argv: (round) => [process.execPath, COMMAND, '--dir', dir, ...args(round)],
  })
  return [
    tide('set status', (round) => ['set', `T-${100 + round}`, `status=${round % 2 === 0 ? 'review' : 'todo'}`]),
    tide('add', (round) => ['add', `another task ${round}`]),
    tide('done', (round) => ['done', `T-${200 + round}`]),
  ]
}

function report(title: string, figures: readonly Figures[]): void {
  const rows = figures.map(({ name, medianMs, ratio, minRatio, peakMiB }) => [
    name,
    fixed(medianMs, 1),
    fixed(ratio),
    fixed(minRatio),
    fixed(peakMiB, 1),
  ])
  table(title, ['', 'median ms', 'x median', 'x min', 'peak MiB'], rows)
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
