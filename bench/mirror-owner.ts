/** What the process of a live owner does while it is measured: it is its own editor, and tells its figures as one line of JSON. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { openWorkspace, type Workspace } from '../bin/node.ts'
import { cpuMsSince, quantile } from './measure.ts'
import { namesIn } from './native-folder.ts'

const SETS = 41
const SAVES = 41
const BURST = 1000
const PATIENCE_MS = 15_000
/** Long enough for everything that one save caused to be over. */
const PAUSE_MS = 60

type Figures = Readonly<Record<string, number>>

export async function measureLive(dir: string, size: number): Promise<void> {
  await using workspace = await openWorkspace({ dir, actor: 'bench' })
  await sleep(PAUSE_MS)
  const paths = namesIn(dir)
  const figures = { ...(await sets(workspace, paths, dir)), ...(await saves(workspace, paths, dir)) }
  if (size < BURST) return console.log(JSON.stringify(figures))
  const fields = await burst(workspace, paths, 'fields', (text, mark) => text.replace(/^title: .*$/m, `title: ${mark}`))
  const bodies = await burst(workspace, paths, 'bodies', (text, mark) => text.replace(/\n\n\w+/, `\n\n${mark}`))
  console.log(JSON.stringify({ ...figures, ...fields, ...bodies }))
}

/** Settled is a write whose file says it; beside each one, a write that does nothing else. */
async function sets(workspace: Workspace, paths: readonly string[], dir: string): Promise<Figures> {
  const [walls, floors]: [number[], number[]] = [[], []]
  let cpuMs = 0
  const file = paths.find((path) => basename(path).startsWith('T-3-')) ?? ''
  const text = readFileSync(file)
  for (let round = -10; round < SETS; round++) {
    const status = round % 2 === 0 ? 'review' : 'doing'
    const [began, cpu] = [performance.now(), process.cpuUsage()]
    await workspace.tasks.set('T-3', { status })
    while (!readFileSync(file, 'utf8').includes(`\nstatus: ${status}\n`)) await turn()
    const [done, spentMs] = [performance.now(), cpuMsSince(cpu)]
    synced(join(dir, 'floor'), text)
    if (round < 0) continue
    walls.push(done - began)
    floors.push(performance.now() - done)
    cpuMs += spentMs
    await sleep(PAUSE_MS / 4)
  }
  return {
    setP50: quantile(walls, 0.5),
    setP95: quantile(walls, 0.95),
    setCpu: cpuMs / SETS,
    floorP50: quantile(floors, 0.5),
  }
}

function synced(path: string, text: Uint8Array): void {
  const file = openSync(`${path}.new`, 'w')
  writeFileSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}

/** One file after the other, each in another place of the folder. */
async function saves(workspace: Workspace, paths: readonly string[], dir: string): Promise<Figures> {
  const [walls, heard]: [number[], number[]] = [[], []]
  let lost = 0
  for (let round = -10; round < SAVES; round++) {
    const path = paths[((round + 10) * 997) % paths.length] ?? ''
    const text = readFileSync(path, 'utf8').replace(/^title: .*$/m, `title: saved ${round + 10} ${process.pid}`)
    let firstHeard = Number.NaN
    const watcher = watch(join(dir, 'tasks'), (_event, name) => {
      if (name === basename(path) && Number.isNaN(firstHeard)) firstHeard = performance.now()
    })
    await sleep(PAUSE_MS)
    const changed = nextChange(workspace)
    const began = performance.now()
    writeFileSync(path, text)
    const done = await changed
    watcher.close()
    if (done === undefined) lost++
    else if (round >= 0) {
      walls.push(done - began)
      heard.push(done - firstHeard)
    }
  }
  return {
    saveP50: quantile(walls, 0.5),
    saveP95: quantile(walls, 0.95),
    heardP50: quantile(heard, 0.5),
    heardP95: quantile(heard, 0.95),
    savesLost: lost,
  }
}

/** When the next change was told; undefined where none is told in all that time. */
function nextChange(workspace: Workspace): Promise<number | undefined> {
  return new Promise((resolve) => {
    const end = (at?: number): void => {
      clearTimeout(patience)
      listening[Symbol.dispose]()
      resolve(at)
    }
    const listening = workspace.on('changed', () => end(performance.now()))
    const patience = setTimeout(end, PATIENCE_MS)
  })
}

/** Settled when the events named as many tasks as files were written; lost is what the tasks do not say then. */
async function burst(
  workspace: Workspace,
  paths: readonly string[],
  kind: string,
  edit: (text: string, mark: string) => string,
): Promise<Figures> {
  const marked = paths.slice(0, BURST).map((path, index) => ({ path, mark: `mark${index}of${process.pid}${kind}` }))
  const texts = marked.map(({ path, mark }) => ({ path, text: edit(readFileSync(path, 'utf8'), mark) }))
  const named = new Set<string>()
  let settled = Number.NaN
  using _listening = workspace.on('changed', ({ tasks }) => {
    for (const { uid } of tasks) named.add(uid)
    if (named.size >= BURST && Number.isNaN(settled)) settled = performance.now()
  })
  const began = performance.now()
  for (const { path, text } of texts) writeFileSync(path, text)
  const written = performance.now()
  while (Number.isNaN(settled) && performance.now() - written < PATIENCE_MS) await sleep(5)
  const found = await saidNow(workspace, kind)
  const lost = marked.filter(({ mark }) => !found.has(mark)).length
  return {
    [`${kind}Writing`]: written - began,
    [`${kind}Settled`]: settled - began,
    [`${kind}After`]: settled - written,
    [`${kind}Lost`]: lost,
  }
}

/** First words of titles or bodies. */
async function saidNow(workspace: Workspace, kind: string): Promise<ReadonlySet<string>> {
  const all = await workspace.tasks.list({ all: true })
  if (kind === 'fields') return new Set(all.map(({ title }) => title))
  const words = new Set<string>()
  for (const { key } of all.filter(({ title }) => title.startsWith('mark')))
    words.add(/^\w+/.exec((await workspace.tasks.get(key)).body)?.[0] ?? '')
  return words
}
