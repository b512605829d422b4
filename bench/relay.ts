/**
 * Our relay, durable, beside a bare `ws` server that sends to each, in turn in one run; see relay-clients.ts for how delays
 * are counted. Figures are medians of repeats. What others of the machine took stands beside them: above some 0.3 cores only
 * ratios say something.
 *
 *   TIDEMARK_BENCH_RELAY      some of latency, most, fresh, offline, storm, idle, acknowledged; with commas
 *   TIDEMARK_BENCH_CLIENTS    numbers of clients for latency and most               @default 2,50,200
 *   TIDEMARK_BENCH_REPEATS    @default 3
 *   TIDEMARK_BENCH_FLAGS      for Node, of our relay's process: --cpu-prof …
 *   TIDEMARK_BENCH_BEFORE     dist/tide-background.mjs of another build, measured beside this one
 *   TIDEMARK_BENCH_YWS        a command with {port} and {dir} that starts y-websocket-server, or one that speaks like it
 *   TIDEMARK_BENCH_HOCUSPOCUS the same for hocuspocus
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { acknowledgements, BARRIERS } from './acknowledging.ts'
import { fixed, median, quantile, table } from './measure.ts'
import { Documents, Scene } from './relay-load.ts'
import { bare, foreignCores, other, ours, RelayPlace, usageOf, type RelayKind } from './relay-process.ts'

const { env } = process
const CLIENTS = (env['TIDEMARK_BENCH_CLIENTS'] ?? '2,50,200').split(',').map(Number)
const REPEATS = Number(env['TIDEMARK_BENCH_REPEATS'] ?? 3)
const ASKED = env['TIDEMARK_BENCH_RELAY']?.split(',')
const LOW_RATE = 20
const LOW_SLICES = 5
const STORM = 200
const EDITS = 1_000

interface Goal {
  readonly must: string
  readonly star: string
}

/** Of each relay the figures of all repeats. */
type Runs = ReadonlyMap<string, Figures[]>
type Figures = Readonly<Record<string, number>>

const parts: Readonly<Record<string, (documents: Documents) => Promise<void>>> = {
  latency,
  most,
  fresh,
  offline,
  storm,
  idle,
  acknowledged,
}

export async function relayBench(): Promise<void> {
  using documents = new Documents()
  for (const [name, run] of Object.entries(parts)) if (ASKED?.includes(name) !== false) await run(documents)
}

function relays(): readonly RelayKind[] {
  const [before, yws, hocuspocus] = ['BEFORE', 'YWS', 'HOCUSPOCUS'].map((name) => env[`TIDEMARK_BENCH_${name}`])
  return [
    bare,
    ours((env['TIDEMARK_BENCH_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '')),
    ...(before === undefined ? [] : [ours([], 'before', before)]),
    ...(yws === undefined ? [] : [other('y-websocket-server', 'y', yws)]),
    ...(hocuspocus === undefined ? [] : [other('hocuspocus', 'hocuspocus', hocuspocus)]),
  ]
}

/** All relays once a repeat, so that a drift of the machine hits all alike. */
async function inTurn(tasks: number, documents: Documents, measure: (scene: Scene) => Promise<Figures>): Promise<Runs> {
  const runs = new Map(relays().map(({ name }): [string, Figures[]] => [name, []]))
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const kind of relays()) {
      await using scene = await Scene.open(kind, tasks, documents)
      const figures = await measure(scene)
      runs.get(kind.name)?.push('foreign' in figures ? figures : { ...figures, foreign: scene.foreign() })
    }
  }
  return runs
}

/** All relays at once, each heard for a moment in turn: what the machine does to delays meanwhile hits all alike. */
async function latency(documents: Documents): Promise<void> {
  const goal = { must: '3', star: '1.5' }
  for (const clients of CLIENTS) {
    const scenes: Scene[] = []
    try {
      for (const kind of relays()) scenes.push(await Scene.open(kind, 1_000, documents))
      for (const scene of scenes) {
        await scene.join(clients - 1)
        await scene.stage(LOW_RATE, 2, clients - 1)
      }
      const runs = new Map(scenes.map(({ relay }): [string, Figures[]] => [relay.kind.name, []]))
      for (let repeat = 0; repeat < REPEATS; repeat++)
        for (const [name, figures] of await delaysInTurn(scenes, clients)) runs.get(name)?.push(figures)
      print(`${clients} clients, ${LOW_RATE} updates/s: due → heard, ms`, runs, { p99: goal })
    } finally {
      await Promise.all(scenes.map((scene) => scene[Symbol.asyncDispose]()))
    }
  }
}

async function delaysInTurn(scenes: readonly Scene[], clients: number): Promise<ReadonlyMap<string, Figures>> {
  const heard = scenes.map((): number[] => [])
  const foreign = foreignCores(scenes.flatMap(({ pids }) => pids))
  for (let slice = 0; slice < LOW_SLICES; slice++)
    for (const [index, scene] of scenes.entries())
      for (const delay of (await scene.stage(LOW_RATE, 1, clients - 1)).delays) heard[index]?.push(delay)
  const others = foreign()
  return new Map(
    scenes.map(({ relay }, index) => {
      const delays = heard[index] ?? []
      return [relay.kind.name, { p50: median(delays), p99: quantile(delays, 0.99), foreign: others }]
    }),
  )
}

async function most(documents: Documents): Promise<void> {
  const first: Readonly<Record<number, number>> = { 2: 4_000, 50: 1_000, 200: 300 }
  for (const clients of CLIENTS) {
    const runs = await inTurn(1_000, documents, async (scene) => {
      await scene.join(clients - 1)
      const rate = await scene.mostUpdates(clients - 1, first[clients] ?? 500)
      return { 'updates/s': rate, 'peak MiB': usageOf(scene.relay.pid).peakMiB }
    })
    const goal =
      clients === 2 ? { must: '≥ 0.3', star: '≥ 0.5' } : { must: '≥ 0.8 hocuspocus', star: '≥ 1.2 hocuspocus' }
    const title = `${clients} clients, the most updates/s that all come within 1 s (p99)`
    print(title, runs, { 'updates/s': goal, 'peak MiB': { must: '200 MiB', star: '150 MiB' } })
  }
}

async function fresh(documents: Documents): Promise<void> {
  for (const tasks of [1_000, 10_000]) {
    const runs = await inTurn(tasks, documents, async (scene) => {
      const { wholeMs, answeredMs } = await scene.fresh(tasks, tasks > 1_000 ? 3 : 7)
      const figures = { 'applied ms': wholeMs, 'bytes ms': answeredMs, foreign: scene.foreign() }
      return scene.relay.kind.isDurable ? { ...figures, ...(await again(scene, tasks, wholeMs)) } : figures
    })
    print(`a client that has nothing, ${tasks} tasks`, runs, {
      'applied ms': { must: '1.3', star: '1.1' },
      'bytes ms': { must: '3', star: '2' },
      'restarted x fresh': { must: '', star: '1.5 x of itself' },
      'told too early': { must: 'no (0)', star: '' },
    })
  }
}

/** The relay ends, begins again, and someone is there at once. */
async function again(
  { relay, listeners, writer }: Scene,
  tasks: number,
  freshMs: number,
): Promise<Record<string, number>> {
  await writer.ask('leave', undefined)
  await relay.stop()
  await relay.start()
  const { wholeMs, tasksWhenSynced } = await listeners[0].ask('fresh', { place: relay.place, tasks })
  return {
    'restarted ms': wholeMs,
    'restarted x fresh': wholeMs / freshMs,
    'told too early': tasksWhenSynced < tasks ? 1 : 0,
  }
}

async function offline(documents: Documents): Promise<void> {
  const runs = await inTurn(1_000, documents, async (scene) => {
    await scene.join(1)
    const times: number[] = []
    for (let index = 0; index < 5; index++) times.push(await scene.reconnect(EDITS))
    return { ms: median(times) }
  })
  print(`${EDITS} edits made offline, until another client has the last`, runs, { ms: { must: '1.6', star: '1.3' } })
}

async function storm(documents: Documents): Promise<void> {
  for (const isFresh of [true, false]) {
    const runs = await inTurn(1_000, documents, async (scene) => {
      const all: { ms: number; cpuMs: number }[] = []
      for (let index = 0; index < 3; index++) all.push(await scene.storm(STORM, isFresh))
      return {
        ms: median(all.map(({ ms }) => ms)),
        'relay cpu ms each': median(all.map(({ cpuMs }) => cpuMs)),
        'peak MiB': usageOf(scene.relay.pid).peakMiB,
      }
    })
    const goals = isFresh ? { must: '4', star: '1.5, and 1 ms cpu' } : { must: '1.5', star: '1.2' }
    print(`${STORM} clients at once, ${isFresh ? 'with nothing' : 'up to date'}`, runs, { ms: goals })
  }
}

async function idle(documents: Documents): Promise<void> {
  const runs = await inTurn(1_000, documents, async (scene) => {
    await scene.join(9)
    await sleep(3_000)
    return { MiB: usageOf(scene.relay.pid).memoryMiB }
  })
  print('10 connections, 1,000 tasks, nothing happens', runs, { MiB: { must: 'bare + 30', star: '50 in all' } })
}

/** A few of each in turn: what the disk does to others meanwhile hits both. */
async function acknowledged(): Promise<void> {
  const runs: [floor: number, answered: number, foreign: number][] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await using relay = new RelayPlace(ours([]))
    await relay.start()
    const foreign = foreignCores([relay.pid])
    const { url, room } = relay.place
    const [floors, answers] = await acknowledgements(`${url}/${room}`, join(relay.folder, 'floor'))
    runs.push([median(floors), median(answers), foreign()])
  }
  const of = (pick: (run: (typeof runs)[number]) => number, digits: number): string =>
    fixed(median(runs.map(pick)), digits)
  table(
    `an update and its barrier: sent → on the disk → answered; ${BARRIERS} each`,
    ['', 'p50 ms', 'x', 'must', 'star', 'foreign cores'],
    [
      ['write + fdatasync of 100 bytes', of(([floor]) => floor, 3), '1', '', '', ''],
      [
        'ours',
        of(([, answered]) => answered, 3),
        of(([floor, answered]) => answered / floor, 1),
        '5',
        '3',
        of(([, , foreign]) => foreign, 1),
      ],
    ],
  )
}

/** Medians, and the range of the ratios to the first relay of the same repeat. */
function print(title: string, runs: Runs, goals: Readonly<Record<string, Goal>>): void {
  const [base] = runs.values()
  const rows = [...runs].flatMap(([name, own]) =>
    Object.keys(own[0] ?? {}).map((figure) => {
      const values = own.map((run) => run[figure] ?? Number.NaN)
      const ratios = values.map((value, repeat) => value / (base?.[repeat]?.[figure] ?? Number.NaN))
      const { must = '', star = '' } = goals[figure] ?? {}
      const isOurs = name === 'ours'
      return [
        `${name}: ${figure}`,
        fixed(median(values), 2),
        `${fixed(Math.min(...values), 1)} … ${fixed(Math.max(...values), 1)}`,
        figure === 'foreign' ? '' : fixed(median(ratios), 2),
        figure === 'foreign' ? '' : `${fixed(Math.min(...ratios))} … ${fixed(Math.max(...ratios))}`,
        isOurs ? must : '',
        isOurs ? star : '',
      ]
    }),
  )
  table(title, ['', 'median', 'range', 'x bare', 'range', 'must', 'star'], rows)
}
