/**
 * Live workspaces as people have them: `tide up`, real files, the local relay. A file saved here until its bytes stand
 * there; a barrier's way to the disk and back; what the background process costs while nothing happens.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { acknowledgements } from './acknowledging.ts'
import { cleanEnvironment, fixed, median, quantile, table } from './measure.ts'
import { sampleFiles } from './native-folder.ts'

const COMMAND = 'dist/tide.cjs'
const SAVES = 100
const [IDLE_WORKSPACES, IDLE_FILES] = [5, 2_000]
const IDLE_MS = 60_000
/** Of the clock that the kernel counts processor time by. */
const TICK_MS = 10

interface Place extends Disposable {
  readonly dir: string
  tide(args: readonly string[]): { readonly [name: string]: unknown }
}

export async function syncBench(): Promise<void> {
  await saves()
  await barriers()
  await idle()
}

async function saves(): Promise<void> {
  using place = openPlace()
  const [here, there] = twoClones(place, 1_000)
  const path = sampleFiles(7).at(-1)?.path ?? ''
  const delays: number[] = []
  for (let index = 0; index < SAVES; index++) {
    const line = `a line that was saved ${index}`
    const began = performance.now()
    const seen = untilHolds(join(there, path), line)
    appendFileSync(join(here, path), `${line}\n`)
    await seen
    delays.push(performance.now() - began)
    await sleep(20)
  }
  table(
    'two live workspaces of 1,000 tasks, a file saved in one → its bytes in the file of the other',
    ['', 'p50 ms', 'p99 ms', 'must', 'star'],
    [['one machine', fixed(median(delays), 1), fixed(quantile(delays, 0.99), 1), '60; 250', '20']],
  )
}

async function barriers(): Promise<void> {
  using place = openPlace()
  place.tide(['init', '--dir', place.dir])
  place.tide(['server', 'start', '--port', '0', '--http-port', '0', '--data', join(place.dir, 'relay')])
  const { url } = place.tide(['server', 'status'])
  const [synced, answered] = await acknowledgements(`${String(url)}/sync/bench-project`, join(place.dir, 'floor'))
  place.tide(['server', 'stop'])
  table(
    'an update and its barrier: sent → on the disk → answered',
    ['', 'p50 ms', 'p95 ms', 'x fdatasync p50', 'must', 'star'],
    [
      ['write + fdatasync of 100 bytes', fixed(median(synced), 3), fixed(quantile(synced, 0.95), 3), '1', '', ''],
      [
        'the relay, one client',
        fixed(median(answered), 3),
        fixed(quantile(answered, 0.95), 3),
        fixed(median(answered) / median(synced), 1),
        '5',
        '3',
      ],
    ],
  )
}

async function idle(): Promise<void> {
  using place = openPlace()
  const files = sampleFiles(IDLE_FILES)
  for (let index = 0; index < IDLE_WORKSPACES; index++) {
    const dir = join(place.dir, `w${index}`)
    mkdirSync(join(dir, 'tasks'), { recursive: true })
    for (const { path, text } of files) writeFileSync(join(dir, path), text)
    place.tide(['init', '--dir', dir])
    place.tide(['up', '--dir', dir])
    place.tide(['sync', '--wait', '--timeout', '60s', '--dir', dir])
  }
  const { owner } = place.tide(['status', '--dir', join(place.dir, 'w0')]) as { owner: { pid: number } }
  await untilCalm(owner.pid)
  const before = ticksOf(owner.pid)
  await sleep(IDLE_MS)
  const share = ((ticksOf(owner.pid) - before) * TICK_MS) / IDLE_MS
  table(
    `the background process while nothing happens: ${IDLE_WORKSPACES} workspaces, ${IDLE_WORKSPACES * IDLE_FILES} files, relay`,
    ['', '% of a core', 'must', 'star', 'memory MiB'],
    [['tide up', fixed(share * 100, 2), '0.5', '0.1', fixed(memoryOf(owner.pid), 0)]],
  )
}

/** What is new is worked on for a while: numbers of ten thousand keys are confirmed, five seconds after they came. */
async function untilCalm(pid: number): Promise<void> {
  for (let calm = 0, round = 0; calm < 10_000 && round < 60; round++) {
    const before = ticksOf(pid)
    await sleep(1_000)
    calm = ticksOf(pid) - before < 10 ? calm + 1_000 : 0
  }
}

function openPlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'tide-sync-'))
  const [state, run] = [join(dir, 'state'), join(dir, 'run')]
  mkdirSync(run, { mode: 0o700 })
  const env = { ...cleanEnvironment(), XDG_STATE_HOME: state, XDG_RUNTIME_DIR: run }
  const tide = (args: readonly string[]): { readonly [name: string]: unknown } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args, '--json'], {
      env,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`tide ${args.join(' ')}: ${stdout}${stderr}`)
    return JSON.parse(stdout) as { readonly [name: string]: unknown }
  }
  return {
    dir,
    tide,
    [Symbol.dispose]: () => {
      spawnSync(process.execPath, [COMMAND, 'down', '--all'], { env })
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Two directories of one project with the same files, both live. */
function twoClones(place: Place, count: number): readonly [string, string] {
  const dirs = ['here', 'there'].map((name) => join(place.dir, name)) as [string, string]
  for (const dir of dirs) {
    mkdirSync(join(dir, 'tasks'), { recursive: true })
    for (const { path, text } of sampleFiles(count)) writeFileSync(join(dir, path), text)
  }
  place.tide(['init', '--dir', dirs[0]])
  writeFileSync(join(dirs[1], 'tidemark.json'), readFileSync(join(dirs[0], 'tidemark.json')))
  for (const dir of dirs) place.tide(['up', '--dir', dir])
  for (const dir of dirs) place.tide(['sync', '--wait', '--timeout', '60s', '--dir', dir])
  return dirs
}

function untilHolds(path: string, line: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!readFileSync(path, 'utf8').includes(line)) return
      watcher.close()
      clearInterval(timer)
      resolve()
    }
    // The folder: a file that is written anew is another file.
    const watcher = watch(join(path, '..'), look)
    const timer = setInterval(look, 200)
  })
}

/** User and system time of a process. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}
