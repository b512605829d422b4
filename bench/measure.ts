/** Measuring as fairly as a shared machine allows: whole processes in turn, ratios within a round, medians and minima. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Candidate {
  readonly name: string
  readonly argv: readonly string[] | ((round: number) => readonly string[])
  readonly cwd?: string
}

export interface Figures {
  readonly name: string
  readonly medianMs: number
  /** Median of the ratios to the first candidate, round by round. */
  readonly ratio: number
  /** Fastest run against the first candidate's fastest. */
  readonly minRatio: number
  readonly peakMiB: number | undefined
}

const TIME = '/usr/bin/time'

/** Every candidate once a round, so that a drift of the machine hits all alike; the first round is not counted. */
export function inTurn(candidates: readonly Candidate[], rounds: number): readonly Figures[] {
  const walls = candidates.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    candidates.forEach((candidate, index) => {
      const ms = runOnce(candidate, round + 1)
      if (round >= 0) walls[index]?.push(ms)
    })
  }
  const base = walls[0] ?? []
  return candidates.map((candidate, index) => {
    const own = walls[index] ?? []
    return {
      name: candidate.name,
      medianMs: median(own),
      ratio: median(own.map((ms, round) => ms / (base[round] ?? Number.NaN))),
      minRatio: Math.min(...own) / Math.min(...base),
      peakMiB: peakMemory(candidate, rounds + 1),
    }
  })
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that so large a share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  console.log(`\n${title}\n${line(head)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`)
  for (const row of rows) console.log(line(row))
}

export function fixed(value: number | undefined, digits = 2): string {
  return value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)
}

/** Without NODE_EXTRA_CA_CERTS: Node parses that file at every start. With no state, so that no relay of this user is found. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env
  return { ...env, XDG_STATE_HOME: join(tmpdir(), 'tidemark-bench-without-state') }
}

/** What this process has spent of any core since `before`, ms: holds better than the clock where others work too. */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** A child that prints one JSON line; started with the garbage collector at hand. */
export function measuredChild(argv: readonly string[]): Readonly<Record<string, number>> {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=8192', ...argv],
    {
      env: cleanEnvironment(),
      maxBuffer: 1 << 26,
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`a measured process failed: ${stderr.slice(0, 2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>
}

function runOnce({ argv, cwd, name }: Candidate, round: number): number {
  const [command = '', ...args] = typeof argv === 'function' ? argv(round) : argv
  // Into a file: a pipe that this process empties between its own turns would be measured with it.
  const path = join(tmpdir(), `tidemark-bench-${process.pid}.out`)
  const output = openSync(path, 'w')
  try {
    const began = process.hrtime.bigint()
    const { status, stderr } = spawnSync(command, args, {
      cwd,
      env: cleanEnvironment(),
      stdio: ['ignore', output, 'pipe'],
    })
    const ms = Number(process.hrtime.bigint() - began) / 1e6
    if (status !== 0) throw new Error(`${name} failed: ${String(stderr).slice(0, 500)}`)
    return ms
  } finally {
    closeSync(output)
    rmSync(path)
  }
}

function peakMemory({ argv, cwd }: Candidate, round: number): number | undefined {
  if (!existsSync(TIME)) return undefined
  const file = join(tmpdir(), `tidemark-bench-${process.pid}.time`)
  const all = typeof argv === 'function' ? argv(round) : argv
  spawnSync(TIME, ['-q', '-f', '%M', '-o', file, ...all], {
    cwd,
    env: cleanEnvironment(),
    input: '',
    maxBuffer: 1 << 28,
  })
  const kib = Number(readFileSync(file, 'utf8').trim().split('\n').at(-1))
  rmSync(file, { force: true })
  return kib / 1024
}
