/**
 * Claims at our relay, durable before they are answered, beside the bare floor of the same run: a write of 100 bytes and its
 * fdatasync, in this process. Clients ask over sync connections, each again as soon as it was answered; slices of claims and of
 * the floor take turns. And `tide claim` as a whole process beside `node -e 0`.
 *
 *   TIDEMARK_BENCH_CLIENTS    numbers of clients                                    @default 1,24,200
 *   TIDEMARK_BENCH_REPEATS    @default 3
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { initWorkspace } from '../bin/node.ts'
import { readRelayMessage, writeQuestion } from '../src/sync/protocol.ts'
import { fixed, inTurn, median, quantile, table, type Candidate } from './measure.ts'
import { makeFolder, sampleFiles } from './native-folder.ts'
import { foreignCores, ours, RelayPlace } from './relay-process.ts'

const { env } = process
const CLIENTS = (env['TIDEMARK_BENCH_CLIENTS'] ?? '1,24,200').split(',').map(Number)
const REPEATS = Number(env['TIDEMARK_BENCH_REPEATS'] ?? 3)
const SLICES = 5
const SLICE_MS = 600
const FLOORS = 150
const LEASE_MS = 60_000
const ROUNDS = 11
const TASKS = 1_000
const COMMAND = 'dist/tide.cjs'

interface Figures {
  readonly perSecond: number
  readonly grantedPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly floorPerSecond: number
  readonly floor50: number
  readonly floor99: number
  readonly foreign: number
}

/** Which task a client claims in a turn. */
type Wish = (client: number, turn: number) => string

const wishes: Readonly<Record<string, Wish>> = {
  'each its own task': (client) => uid(client),
  'all the same ten tasks': (client, turn) => uid((client + turn) % 10),
}

export async function claimsBench(): Promise<void> {
  for (const [name, wish] of Object.entries(wishes))
    for (const clients of CLIENTS) {
      const runs: Figures[] = []
      for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await measure(clients, wish))
      print(
        `claims by ${clients} ${clients === 1 ? 'client' : 'clients'}, ${name}: asked → on the disk → answered`,
        runs,
      )
    }
  await commands()
}

/** Each claim that is granted is released before the next: that is a write of its own, and is not counted. */
async function measure(clients: number, wish: Wish): Promise<Figures> {
  await using relay = new RelayPlace(ours([]))
  await relay.start()
  const askers = await Promise.all(
    Array.from({ length: clients }, () => Asker.connect(`${relay.place.url}/bench-project`)),
  )
  const file = openSync(join(relay.folder, 'floor'), 'w')
  const [floors, delays]: [number[], number[]] = [[], []]
  const foreign = foreignCores([relay.pid])
  let [granted, claimingMs] = [0, 0]
  for (let slice = -1; slice < SLICES; slice++) {
    const bare = Array.from({ length: FLOORS }, () => syncMs(file))
    const began = performance.now()
    const own = (await Promise.all(askers.map((asker, index) => claimOn(asker, index, wish, began + SLICE_MS)))).flat()
    const ms = performance.now() - began
    if (slice < 0) continue // code that was never run before
    floors.push(...bare)
    for (const { ms: delay, isGranted } of own) {
      delays.push(delay)
      if (isGranted) granted++
    }
    claimingMs += ms
  }
  const others = foreign()
  closeSync(file)
  for (const asker of askers) asker.leave()
  return {
    perSecond: (delays.length * 1_000) / claimingMs,
    grantedPerSecond: (granted * 1_000) / claimingMs,
    p50: median(delays),
    p99: quantile(delays, 0.99),
    floorPerSecond: (floors.length * 1_000) / floors.reduce((sum, ms) => sum + ms, 0),
    floor50: median(floors),
    floor99: quantile(floors, 0.99),
    foreign: others,
  }
}

interface Claimed {
  readonly ms: number
  readonly isGranted: boolean
}

async function claimOn(asker: Asker, client: number, wish: Wish, end: number): Promise<readonly Claimed[]> {
  const claimed: Claimed[] = []
  const holder = { by: `agent-${client}`, type: 'agent', workspace: `bench-${client}` }
  for (let turn = 0; performance.now() < end; turn++) {
    const task = wish(client, turn)
    const request = `${client}-${asker.next}`
    const began = performance.now()
    const answer = await asker.ask('claims.claim', { request, tasks: [task], holder, leaseMs: LEASE_MS })
    const outcome = answer.result?.outcome
    if (outcome !== 'granted' && outcome !== 'held') throw new Error(`a claim was answered ${JSON.stringify(answer)}`)
    const isGranted = outcome === 'granted'
    claimed.push({ ms: performance.now() - began, isGranted })
    if (isGranted) await asker.ask('claims.release', { tasks: [[task, null]], holder })
  }
  return claimed
}

interface Answer {
  readonly result?: { readonly outcome: string }
}

class Asker {
  readonly #socket: WebSocket
  #asked = 0
  readonly #waiting = new Map<number, (answer: Answer) => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      const message = readRelayMessage(data)
      if (message?.kind !== 'answer') return
      this.#waiting.get(message.number)?.(JSON.parse(message.json) as Answer)
      this.#waiting.delete(message.number)
    })
  }

  static async connect(url: string): Promise<Asker> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return new Asker(socket)
  }

  get next(): number {
    return this.#asked + 1
  }

  ask(method: string, params: object): Promise<Answer> {
    const number = ++this.#asked
    this.#socket.send(writeQuestion(number, JSON.stringify({ method, params })))
    return new Promise((resolve) => this.#waiting.set(number, resolve))
  }

  leave(): void {
    this.#socket.terminate()
  }
}

function uid(number: number): string {
  return `task${String(number).padStart(6, '0')}`
}

function syncMs(file: number): number {
  const began = performance.now()
  writeSync(file, new Uint8Array(100))
  fdatasyncSync(file)
  return performance.now() - began
}

function print(title: string, runs: readonly Figures[]): void {
  const of = (pick: (run: Figures) => number, digits: number): string => fixed(median(runs.map(pick)), digits)
  table(
    title,
    ['', 'per second', 'p50 ms', 'p99 ms', 'foreign cores'],
    [
      [
        'write + fdatasync of 100 bytes, one after the other',
        of((run) => run.floorPerSecond, 0),
        '',
        of((run) => run.floor50, 3),
        of((run) => run.floor99, 3),
        '',
      ],
      [
        'ours: claims',
        of((run) => run.perSecond, 0),
        of((run) => run.grantedPerSecond, 0),
        of((run) => run.p50, 3),
        of((run) => run.p99, 3),
        of((run) => run.foreign, 1),
      ],
      [
        'x',
        of((run) => run.perSecond / run.floorPerSecond, 2),
        of((run) => run.grantedPerSecond / run.floorPerSecond, 2),
        of((run) => run.p50 / run.floor50, 1),
        of((run) => run.p99 / run.floor99, 1),
        '',
      ],
    ],
  )
}

async function commands(): Promise<void> {
  await using relay = new RelayPlace(ours([]))
  await relay.start()
  const places = [
    ['relay', new URL(relay.place.url).origin],
    ['no relay', 'none'],
  ] as const
  for (const [name, address] of places) {
    using folder = makeFolder(sampleFiles(TASKS))
    const { dir } = folder
    await initWorkspace({ dir, relay: address })
    const tide = (words: string, args: (round: number) => readonly string[]): Candidate => ({
      name: `tide ${words}, ${name}`,
      argv: (round) => [process.execPath, COMMAND, ...args(round), '--dir', dir],
    })
    const figures = inTurn(
      [
        { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
        tide('claim', (round) => ['claim', `T-${100 + round}`, '--as', 'agent-1']),
        tide('claim --check', (round) => ['claim', `T-${300 + round}`, '--check', '--as', 'agent-1']),
        tide('claim --next', () => ['claim', '--next', '--as', 'agent-1']),
        tide('set status', (round) => ['set', `T-${500 + round}`, 'status=review']),
        tide('release', (round) => ['release', `T-${100 + round}`, '--as', 'agent-1']),
        tide('claims', () => ['claims']),
      ],
      ROUNDS,
    )
    table(
      `claims by command beside ${TASKS} task files, ${name} (x = node -e 0)`,
      ['', 'median ms', 'x median', 'x min', 'peak MiB'],
      figures.map((one) => [
        one.name,
        fixed(one.medianMs, 1),
        fixed(one.ratio),
        fixed(one.minRatio),
        fixed(one.peakMiB, 1),
      ]),
    )
  }
}
