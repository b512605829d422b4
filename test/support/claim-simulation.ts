/**
 * A world of claimants around one arbiter: messages wait, get lost and come twice, processes pause longer than their leases,
 * disks are slow and full, the arbiter dies, comes back with older data, and its clock jumps. A schedule of steps from a seed.
 */
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import type { ClaimRequest, Holding, TimedAnswer } from '../../src/claims/request.ts'
import type { Row } from '../../src/internal.ts'
import { SimulatedClaimArbiter, type ClaimSabotage } from './claim-arbiter.ts'
import { ClaimClient, LONGEST_MS, TASKS } from './claim-client.ts'
import type { ClaimEvent, ClaimRecord } from './claim-history.ts'
import { agent } from './claim-words.ts'
import { createDice, weighted, type Dice } from './dice.ts'
import type { Tally } from './simulation.ts'

export interface ClaimSchedule {
  readonly seed: number
  /** Claimants. */
  readonly workspaces: number
  readonly losesData: boolean
  readonly clockJumps: boolean
  readonly steps: readonly { readonly kind: keyof typeof WEIGHTS; readonly dice: number }[]
}

const WEIGHTS = {
  act: 40,
  deliver: 50,
  reply: 45,
  deliverAll: 3,
  double: 5,
  loseRequest: 4,
  loseReply: 5,
  pause: 3,
  resume: 6,
  tick: 14,
  longTick: 4,
  leave: 2,
  look: 4,
  crash: 3,
  start: 9,
  slowDisk: 4,
  fastDisk: 5,
  sync: 9,
  fullDisk: 1,
  backUp: 2,
  restore: 2,
  clock: 2,
}
const someKind = weighted(WEIGHTS)
const START_MS = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

export function claimScheduleOf(seed: number): ClaimSchedule {
  const dice = createDice(seed)
  return {
    seed,
    workspaces: 2 + dice.below(5),
    losesData: dice.chance(0.4),
    clockJumps: dice.chance(0.35),
    steps: Array.from({ length: 80 + dice.below(240) }, () => ({ kind: someKind(dice), dice: dice.below(2 ** 31) })),
  }
}

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] }

interface Parcel {
  readonly record: Mutable<ClaimRecord>
  readonly client: ClaimClient
}

export class ClaimWorld {
  readonly tally: Tally = {}
  readonly events: ClaimEvent[] = []
  readonly clients: readonly ClaimClient[]
  readonly runtime: MemoryRuntime = memoryRuntime({ startMs: START_MS })
  readonly #schedule: ClaimSchedule
  readonly #host: SimulatedClaimArbiter
  readonly #requests: Parcel[] = []
  readonly #replies: (Parcel & { readonly answer: TimedAnswer })[] = []
  /** Asked of the arbiter and not settled. */
  readonly #open = new Map<AbortController, ClaimRequest>()
  readonly #watcher = new ClaimClient('watcher', agent('watcher', 'w0'))
  #backup: readonly Row[] = []
  #wentBack = false
  #wasRestored = false
  #arrivals = 0
  #moments = 0

  constructor(schedule: ClaimSchedule, sabotage: ClaimSabotage = {}) {
    this.#schedule = schedule
    const dice = createDice(schedule.seed ^ 0x5e1a)
    this.#host = new SimulatedClaimArbiter(this.runtime, dice, sabotage)
    // Two of them have the same name in different workspaces.
    this.clients = Array.from(
      { length: schedule.workspaces },
      (_, place) => new ClaimClient(`p${place}`, agent(`agent-${Math.max(1, place)}`, `w${place}`)),
    )
  }

  async begin(): Promise<void> {
    await this.#host.mount()
    await this.#host.start()
  }

  async take({ kind, dice: seed }: ClaimSchedule['steps'][number]): Promise<void> {
    await this.#do(kind, createDice(seed))
    await this.runtime.advance(0)
    if (this.#host.arbiter?.isBroken !== true) return
    // What is in memory only was told to nobody: it begins again with what the disk has.
    this.#count('arbiter broken')
    await this.#host.stop()
    await this.#host.start()
  }

  /** Everything that was asked comes to its end; then each task is free for somebody new. */
  async heal(): Promise<readonly string[]> {
    const problems: string[] = []
    for (const client of this.clients) client.isPaused = false
    this.#host.isSlow = this.#host.isFull = false
    if (this.#host.arbiter === undefined) await this.#host.restart()
    for (let round = 0; round < 3; round++) {
      this.#host.sync()
      await this.#deliverAll()
      await this.runtime.advance(LONGEST_MS)
    }
    if (this.#open.size > 0) problems.push(`${this.#open.size} askings never end`)
    const last = new ClaimClient('last', agent('last', 'last'))
    for (const [round, isLast] of [false, false, true].entries()) {
      for (const uid of TASKS) {
        const claim = {
          kind: 'claim',
          request: `last ${round} ${uid}`,
          tasks: [uid],
          holder: last.holder,
          leaseMs: HOUR,
        } as const
        const { answer } = await this.#askNow(last, claim)
        if (isLast && answer?.outcome !== 'granted')
          problems.push(`${uid} is free for nobody: ${JSON.stringify(answer)}`)
      }
      // Leases from before the clock was set back count from when somebody asks.
      await this.runtime.advance(LONGEST_MS)
    }
    await this.#askNow(last, { kind: 'list' })
    const before = JSON.stringify(this.#host.arbiter?.holdings())
    await this.#host.stop()
    await this.#host.start()
    const after = JSON.stringify(this.#host.arbiter?.holdings())
    if (before !== after) problems.push(`a restart made of ${before} this: ${after}`)
    await this.#host.stop()
    return problems
  }

  async #do(kind: keyof typeof WEIGHTS, dice: Dice): Promise<void> {
    switch (kind) {
      case 'act':
        return this.#act(dice)
      case 'deliver':
        return this.#deliver(someOf(this.#requests, dice))
      case 'reply':
        return this.#hear(someOf(this.#replies, dice))
      case 'deliverAll':
        return this.#deliverAll()
      case 'double': {
        const parcel = dice.pick(this.#requests)
        // A copy may happen at any moment, and nobody hears its answer.
        if (parcel !== undefined) this.#send(parcel.client, parcel.record.request, parcel.record.waitMs ?? 0, 'doubled')
        return
      }
      case 'loseRequest':
        return this.#counted('requests lost', someOf(this.#requests, dice))
      case 'loseReply':
        return this.#counted('replies lost', someOf(this.#replies, dice))
      case 'pause':
      case 'resume': {
        const client = dice.pick(this.clients)
        if (client !== undefined) client.isPaused = kind === 'pause'
        return
      }
      case 'tick':
        return this.runtime.advance(1 + dice.below(400))
      case 'longTick':
        return this.runtime.advance(1_000 + dice.below(LONGEST_MS))
      case 'leave': {
        const [gone] = dice.pick([...this.#open]) ?? []
        gone?.abort(new Error('the connection is gone'))
        return
      }
      case 'look':
        return this.#look()
      case 'crash':
        if (this.#host.arbiter === undefined) return
        this.#count('arbiter crashed')
        return this.#host.crash()
      case 'start':
        return this.#host.arbiter === undefined ? this.#host.restart() : undefined
      case 'slowDisk':
        this.#host.isSlow = true
        return
      case 'fastDisk':
        this.#host.isSlow = this.#host.isFull = false
        return this.#host.sync()
      case 'sync':
        return this.#host.sync()
      case 'fullDisk':
        this.#host.isFull = true
        return
      case 'backUp':
        if (this.#schedule.losesData && this.#host.arbiter !== undefined) this.#backup = await this.#host.rows()
        return
      case 'restore':
        return this.#schedule.losesData ? this.#restore() : undefined
      case 'clock':
        return this.#schedule.clockJumps ? this.#jump(dice) : undefined
    }
  }

  #act(dice: Dice): void {
    const client = dice.pick(this.clients.filter(({ isPaused }) => !isPaused))
    if (client === undefined) return
    if (client.mustTeach) this.#teach(client)
    const { request, waitMs } = client.next(dice)
    this.#send(client, request, waitMs)
  }

  #teach(client: ClaimClient): void {
    client.mustTeach = false
    const teaching = client.teaching()
    if (teaching !== undefined) this.#send(client, teaching)
  }

  #send(client: ClaimClient, request: ClaimRequest, waitMs = 0, process: string = client.process): void {
    const record: Mutable<ClaimRecord> = {
      process,
      asked: this.#moment(),
      answered: null,
      request,
      waitMs,
      answer: null,
    }
    this.events.push(record)
    this.#requests.push({ record, client })
    this.#count(`sent ${process === 'doubled' ? process : request.kind}`)
  }

  #deliver(parcel: Parcel | undefined): void {
    const { arbiter } = this.#host
    if (parcel === undefined || arbiter === undefined) return
    const { record } = parcel
    const { request, waitMs = 0 } = record
    // Asked again it has the place of the first, unless that one is decided and only waits for the disk: nobody knows.
    const id = idOf(request)
    if (id === undefined || [...this.#open.values()].every((other) => idOf(other) !== id))
      record.arrived = ++this.#arrivals
    const patience = new AbortController()
    this.#open.set(patience, request)
    void arbiter
      .ask(request, { waitMs, signal: patience.signal })
      .then(
        (answer) => {
          if (record.process !== 'doubled') this.#replies.push({ ...parcel, answer })
        },
        () => this.#count('told an error'),
      )
      .finally(() => this.#open.delete(patience))
  }

  #hear(reply: (Parcel & { readonly answer: TimedAnswer }) | undefined): void {
    if (reply === undefined) return
    const { record, client, answer } = reply
    if (client.isPaused) {
      this.#replies.push(reply)
      return
    }
    // What went through JSON is nobody else's any more.
    record.answer = JSON.parse(JSON.stringify(answer)) as TimedAnswer
    record.answered = this.#moment()
    client.hear(record.request, record.answer)
  }

  async #deliverAll(): Promise<void> {
    for (let rounds = 0; rounds < 20 && this.#requests.length + this.#replies.length > 0; rounds++) {
      while (this.#requests.length > 0 && this.#host.arbiter !== undefined) this.#deliver(this.#requests.shift())
      await this.runtime.advance(0)
      for (const reply of this.#replies.splice(0)) this.#hear(reply)
    }
  }

  /** Asked and answered with nothing between. */
  async #askNow(client: ClaimClient, request: ClaimRequest): Promise<ClaimRecord> {
    this.#send(client, request)
    const parcel = this.#requests.pop()
    this.#deliver(parcel)
    await this.runtime.advance(0)
    this.#host.sync()
    await this.runtime.advance(0)
    const place = this.#replies.findIndex(({ record }) => record === parcel?.record)
    if (place >= 0) this.#hear(this.#replies.splice(place, 1)[0])
    if (parcel === undefined) throw new Error('nothing was sent')
    return parcel.record
  }

  /** What the arbiter shows to everybody, as a list that somebody asked for. */
  #look(): void {
    const { arbiter } = this.#host
    // When a lease ends by a clock that went back was decided, maybe, and is not on the disk yet.
    if (arbiter === undefined || this.#wentBack) return
    const asked = this.#moment()
    const shown = JSON.parse(JSON.stringify(arbiter.holdings())) as readonly Holding[]
    const answer: TimedAnswer = { outcome: 'listed', holdings: shown, at: this.#host.now() }
    this.events.push({ process: 'watcher', asked, answered: this.#moment(), request: { kind: 'list' }, answer })
    this.#watcher.hear({ kind: 'list' }, answer)
    this.#count('looked')
  }

  /** The disk is gone, and a backup takes its place. That takes a while. */
  async #restore(): Promise<void> {
    this.#count('older data came back')
    await this.#host.crash()
    const { isSlow } = this.#host
    this.#host.isSlow = this.#host.isFull = false
    await this.runtime.advance(100)
    this.events.push({ mark: 'restored', at: this.#moment() })
    await this.#host.mount(this.#backup)
    await this.#host.start()
    for (const client of this.clients) client.mustTeach = true
    this.#wasRestored = true
    await this.#protectTokens()
    this.#host.isSlow = isSlow
  }

  async #jump(dice: Dice): Promise<void> {
    const byMs = (dice.chance(0.5) ? -1 : 1) * (dice.chance(0.3) ? 365 * 24 * HOUR : 1 + dice.below(5_000))
    this.events.push({ mark: 'clock', at: this.#moment(), byMs })
    this.#host.clockByMs += byMs
    this.#count(byMs < 0 ? 'clock set back' : 'clock jumped ahead')
    if (byMs > 0) return
    this.#wentBack = true
    await this.#protectTokens()
  }

  /** Of tokens that older data forgot the clock takes care. Where that went back too, all who know tell before anything else is asked. */
  async #protectTokens(): Promise<void> {
    if (!this.#wentBack || !this.#wasRestored) return
    const { isSlow, isFull } = this.#host
    this.#host.isSlow = this.#host.isFull = false
    if (this.#host.arbiter === undefined) await this.#host.restart()
    this.#replies.splice(0)
    for (const client of [...this.clients, this.#watcher]) {
      const teaching = client.teaching()
      if (teaching !== undefined) await this.#askNow(client, teaching)
    }
    this.#host.isSlow = isSlow
    this.#host.isFull = isFull
  }

  /** No two things happen at one moment. */
  #moment(): number {
    return this.runtime.now() - START_MS + ++this.#moments / 1_000_000
  }

  #counted(name: string, parcel: unknown): void {
    if (parcel !== undefined) this.#count(name)
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1
  }
}

function idOf(request: ClaimRequest): string | undefined {
  return 'request' in request ? request.request : undefined
}

/** Takes one out. */
function someOf<Item>(items: Item[], dice: Dice): Item | undefined {
  return items.splice(dice.below(items.length), 1)[0]
}
