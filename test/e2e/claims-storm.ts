/**
 * A storm of claimants as processes of their own, against a relay as a process of its own, over wires that lose replies. Processes
 * and relay stand still for longer than leases last, and the relay is killed and begins again on what is on its disk.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseProjectId, type Uid } from '../../src/ids.ts'
import { checkHistory, type ClaimRecord } from '../support/claim-history.ts'
import { createDice, type Dice } from '../support/dice.ts'
import { recordsIn } from './claims-record.ts'
import type { Hold, StormOptions } from './claims-storm-child.ts'
import { changing, startProgram, type Program } from './program.ts'
import { bundleProgram, openRelayPlace, until, type RelayPlace, type RelayProcess } from './relay-place.ts'
import { openPlace, repository } from './support.ts'

export interface Plan {
  readonly seed: number
  readonly processes: number
  /** Of each of them. */
  readonly claims: number
  readonly tasks: number
  /** Of the relay. */
  readonly kills: number
  /** Of claimants, each followed by another that goes on where it was, in the same worktree. */
  readonly deaths: number
  /** How many claimants stand still at a time, at most. */
  readonly paused: number
  readonly ways: readonly StormOptions['way'][]
  /** Another relay than the built one. */
  readonly program?: string
  readonly timeoutMs: number
}

export interface Played {
  readonly problems: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly judgedMs: number
  /** What the processes found wrong, which they must not. */
  readonly faults: readonly string[]
}

/** Everyone has left; the relay is there still. */
type Afterwards = (relay: RelayProcess, project: string) => Promise<void>

/** One claimant, from its start to its end. */
interface Life {
  readonly options: StormOptions
  readonly program: Program
  isOver: boolean
  /** Of what it said, how much was looked at, and how many turns were in that. */
  looked: number
  turns: number
}

interface Scene {
  readonly relays: RelayPlace
  readonly lives: readonly Life[]
  /** Grows, also while others end. */
  readonly begin: (options: StormOptions) => void
  readonly wire: Wire
  readonly dice: Dice
  relay: RelayProcess
  readonly counts: { kills: number; deaths: number; pauses: number; relayPauses: number; cuts: number }
}

const LONGEST_PAUSE_MS = 3_500
const SHORTEST_PAUSE_MS = 1_200

/** The program of a claimant; what the library asks is recorded where it leaves for the relay. */
export function bundleClaimant(): ReturnType<typeof bundleProgram> {
  const recorder = JSON.stringify(join(repository, 'test/e2e/claims-record.ts'))
  return bundleProgram('test/e2e/claims-storm-child.ts', [
    changing(
      /sync[\\/]peer\.ts$/,
      /this\.#session\.ask\((JSON\.stringify\(\{ method, params \}\))\)/,
      `(await import(${recorder})).recorded(JSON.parse(process.argv[2]).name, method, params, () => this.#session.ask($1))`,
    ),
  ])
}

/** The built relay with another arbiter in it. */
export function bundleCareless(book: 'ReadThenWriteBook' | 'AnswerFirstBook'): ReturnType<typeof bundleProgram> {
  const books = JSON.stringify(join(repository, 'test/e2e/claims-careless-books.ts'))
  const careless = `import { ${book} as ClaimBook } from ${books}`
  return bundleProgram('bin/background.ts', [
    changing(/relay[\\/]claim-desk\.ts$/, /import \{ ClaimBook \} from '\.\.\/claims\/book\.ts'/, careless),
  ])
}

export async function playStorm(
  claimant: string,
  plan: Plan,
  afterwards: Afterwards = async () => undefined,
): Promise<Played> {
  const dice = createDice(plan.seed)
  const start = plan.program === undefined ? {} : { program: plan.program }
  await using relays = await openRelayPlace()
  const relay = await relays.start(start)
  await using wire = await openWire(Number(new URL(relay.url).port))
  await using place = openPlace()
  const { project, tasks } = await prepared(place, wire, plan)
  const lives: Life[] = []
  const begin = (options: StormOptions): void => {
    const program = startProgram(claimant, [JSON.stringify(options)], place.env)
    const life: Life = { options, program, isOver: false, looked: 0, turns: 0 }
    lives.push(life)
    void program.ended.then(() => (life.isOver = true))
  }
  try {
    for (let index = 0; index < plan.processes; index++) {
      const way = plan.ways[index % plan.ways.length] ?? 'socket'
      const name = `p${index}`
      const dir = join(place.root, name)
      if (way === 'library') {
        mkdirSync(dir)
        copyFileSync(join(place.dir, 'tidemark.json'), join(dir, 'tidemark.json'))
      }
      const addresses = { url: `ws://127.0.0.1:${wire.port}`, http: `http://127.0.0.1:${wire.port}` }
      begin({ name, seed: plan.seed + index, way, ...addresses, project, dir, tasks, claims: plan.claims })
    }
    const counts = { kills: 0, deaths: 0, pauses: 0, relayPauses: 0, cuts: 0 }
    const scene: Scene = { relays, lives, begin, wire, dice, relay, counts }
    await disturb(scene, plan, start)
    await afterwards(scene.relay, project)
    const said = lives.map(({ program }) => program.said)
    const records = said.flatMap(recordsIn)
    const faults = said.flatMap((lines) => [...lines.filter((line) => line.startsWith('{"fault"')), ...untrue(lines)])
    const before = performance.now()
    const problems = checkHistory(records)
    const judgedMs = performance.now() - before
    return { problems, faults, counts: { ...counts, turns: turnsIn(lives), ...countsOf(records) }, judgedMs }
  } finally {
    for (const { program } of lives) await program[Symbol.asyncDispose]()
  }
}

async function prepared(
  place: ReturnType<typeof openPlace>,
  wire: Wire,
  { ways, tasks }: Plan,
): Promise<{ readonly project: string; readonly tasks: readonly Uid[] }> {
  if (!ways.includes('library')) {
    const uids = Array.from({ length: tasks }, (_, index) => `task${String(index).padStart(6, '0')}` as Uid)
    return { project: parseProjectId('k3v9x0c2m4n6p8q1'), tasks: uids }
  }
  await place.prepare(['init', '--relay', `ws://127.0.0.1:${wire.port}`])
  for (let index = 0; index < tasks; index++) await place.prepare(['add', `task ${index}`])
  await place.prepare(['sync', '--wait'])
  const { workspace } = await place.look(['status'])
  const { project } = workspace as { readonly project: string }
  return { project, tasks: (await place.all()).map(({ uid }) => uid) }
}

/** Until all of them have left. */
async function disturb(scene: Scene, plan: Plan, start: { readonly program?: string }): Promise<void> {
  const { lives, dice, counts } = scene
  await until('all claimants are there', () => lives.every(({ program }) => program.said.length > 0), plan.timeoutMs)
  const all = plan.processes * plan.claims
  const paused = new Set<Life>()
  const pausing: Promise<void>[] = []
  const isDue = (done: number, times: number): boolean =>
    done < times && turnsIn(lives) >= (all * (done + 1)) / (times + 1)
  await until(
    'all claimants have left',
    async () => {
      const alive = lives.filter(({ isOver }) => !isOver)
      if (isDue(counts.kills, plan.kills)) await killRelay(scene, start)
      if (isDue(counts.deaths, plan.deaths)) await replace(scene, dice.pick(alive))
      // As much for each, also when few are left.
      const often = (0.02 * alive.length) / plan.processes
      if (dice.chance(often)) counts.cuts += scene.wire.loseReply(dice)
      if (dice.chance(often) && paused.size < plan.paused)
        pausing.push(pause(scene, dice.pick(alive.filter((life) => !paused.has(life))), paused))
      return alive.length === 0
    },
    plan.timeoutMs,
  )
  await Promise.all(pausing)
}

/** Another goes on where it was, and with what it left: a workspace with what it had not told the relay yet. */
async function replace({ begin, counts, dice }: Scene, life: Life | undefined): Promise<void> {
  if (life === undefined) return
  const { options, program } = life
  program.kill('SIGKILL')
  await program.ended
  counts.deaths++
  begin({ ...options, name: `${options.name}+`, seed: dice.below(1_000_000), claims: options.claims - turnsIn([life]) })
}

/** Dead at once, and alive again on what is on its disk; sometimes it stood still before. */
async function killRelay(scene: Scene, start: { readonly program?: string }): Promise<void> {
  const { relays, dice, counts } = scene
  if (counts.kills % 2 === 1) {
    process.kill(scene.relay.pid, 'SIGSTOP')
    await sleep(SHORTEST_PAUSE_MS)
    process.kill(scene.relay.pid, 'SIGCONT')
    counts.relayPauses++
    await sleep(dice.below(50))
  }
  await scene.relay.kill('SIGKILL')
  await sleep(dice.below(300))
  scene.relay = await relays.start(start)
  counts.kills++
}

async function pause({ dice, counts }: Scene, life: Life | undefined, paused: Set<Life>): Promise<void> {
  if (life === undefined) return
  const { program } = life
  paused.add(life)
  program.kill('SIGSTOP')
  await sleep(SHORTEST_PAUSE_MS + dice.below(LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS))
  program.kill('SIGCONT')
  paused.delete(life)
  counts.pauses++
}

/** What a claimant was told it holds, and no answer of the arbiter says; nothing is said of what is tentative. */
function untrue(said: readonly string[]): readonly string[] {
  const answers = recordsIn(said).map(({ answer }) => answer)
  const granted = new Set(
    answers
      .flatMap((answer) => (answer !== null && 'granted' in answer ? answer.granted : []))
      .map(({ uid, token }) => `${uid} ${token}`),
  )
  return said
    .filter(isTurn)
    .flatMap((line) => (JSON.parse(line) as { readonly holds: readonly Hold[] }).holds)
    .filter(({ uid, token }) => token > 0 && !granted.has(`${uid} ${token}`))
    .map(({ uid, token }) => `${uid} was never granted under token ${token}`)
}

function turnsIn(lives: readonly Life[]): number {
  for (const life of lives) {
    const { said } = life.program
    for (; life.looked < said.length; life.looked++) if (isTurn(said[life.looked])) life.turns++
  }
  return lives.reduce((sum, { turns }) => sum + turns, 0)
}

function isTurn(line: string | undefined): boolean {
  return line?.startsWith('{"turn"') === true
}

function countsOf(records: readonly ClaimRecord[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { askings: records.length }
  const count = (name: string, by = 1): void => void (counts[name] = (counts[name] ?? 0) + by)
  const leases = new Map<string, { readonly token: number; readonly expiresAt: number }[]>()
  for (const { request, answer, asked, answered } of records) {
    if (answer === null || answered === null) {
      count('unanswered')
      continue
    }
    count(`${request.kind} ${answer.outcome}`)
    if (request.kind === 'claim' && request.tasks.length > 1 && answer.outcome === 'granted') count('several granted')
    if (answer.outcome !== 'granted') continue
    if (request.kind === 'claim' && answered - asked > 100) count('granted after waiting')
    for (const { uid, token, expiresAt, isRenewed, stolen } of answer.granted) {
      if (isRenewed !== true) count('grants')
      if (stolen !== undefined) count('stolen')
      leases.set(uid, [...(leases.get(uid) ?? []), { token, expiresAt }])
    }
  }
  for (const own of leases.values()) {
    const inOrder = own.toSorted((a, b) => a.token - b.token || a.expiresAt - b.expiresAt)
    for (const [index, { token }] of inOrder.entries()) {
      const before = inOrder[index - 1]
      // A token is the clock where the last one was granted before.
      if (before !== undefined && before.token < token && before.expiresAt <= token) count('after a lease ran out')
    }
  }
  return counts
}

interface Wire extends AsyncDisposable {
  readonly port: number
  /** One connection ends when the relay says something next: it has heard, and is not heard. How many were there. */
  loseReply(dice: Dice): number
}

/** Between claimants and the relay, at a port of its own. */
async function openWire(relayPort: number): Promise<Wire> {
  const pairs = new Set<{ readonly client: Socket; readonly relay: Socket; isLosing: boolean }>()
  const server = createServer((client) => {
    const relay = connect(relayPort, '127.0.0.1')
    const pair = { client, relay, isLosing: false }
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      relay.destroy()
    }
    pairs.add(pair)
    for (const socket of [client, relay]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (bytes) => relay.write(bytes))
    relay.on('data', (bytes) => (pair.isLosing ? end() : client.write(bytes)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    loseReply: (dice) => {
      const pair = dice.pick([...pairs])
      if (pair === undefined) return 0
      pair.isLosing = true
      return 1
    },
    [Symbol.asyncDispose]: async () => {
      for (const { client } of Array.from(pairs)) client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
