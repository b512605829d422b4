/**
 * A world of workspaces, a stock client, a reader and a hostile one around one relay: frames wait, connections break, disks
 * fill, processes die, data is lost and put back. A schedule of steps from a seed; some things are looked at with each step.
 */
import { newConfig, newProjectId, type Connection, type Store } from '../../src/internal.ts'
import type { RelayLimits } from '../../src/relay/limits.ts'
import { createDice, weighted, type Dice } from './dice.ts'
import { SimulatedLine, told, type LineOptions } from './simulated-line.ts'
import { HostileClient, StockClient } from './simulated-clients.ts'
import { lackIn, MASTER, SimulatedRelay } from './simulated-relay.ts'
import { commandOf, type CommandKind } from './relay-commands.ts'
import { SimulatedSync, turn } from './simulated-sync.ts'
import type { Tally } from './simulation.ts'

export type RelayStepKind = keyof typeof WEIGHTS

type RelayDeed =
  | 'backUp'
  | 'crashRelay'
  | 'fastDisk'
  | 'fullDisk'
  | 'loseData'
  | 'slowDisk'
  | 'startRelay'
  | 'stopRelay'

export interface RelayStep {
  readonly kind: RelayStepKind
  readonly dice: number
}

export interface RelaySchedule {
  readonly seed: number
  readonly workspaces: number
  /** The relay's data may be lost, or put back from a backup. */
  readonly losesData: boolean
  /** Its limits are small: slow readers and busy writers are sent away. */
  readonly isNarrow: boolean
  readonly steps: readonly RelayStep[]
}

/** What a control breaks on purpose. */
export interface Sabotage {
  readonly wrapStore?: (store: Store) => Store
  readonly wrapAccept?: (connection: Connection) => Connection
  readonly line?: Pick<LineOptions, 'toClient' | 'toRelay'>
}

const WEIGHTS = {
  create: 7,
  set: 9,
  label: 4,
  body: 7,
  remove: 2,
  comment: 3,
  file: 3,
  stock: 5,
  hostile: 3,
  deliver: 26,
  deliverAll: 9,
  cut: 3,
  lose: 3,
  notice: 3,
  part: 2,
  join: 4,
  wake: 3,
  tick: 8,
  crashRelay: 2,
  stopRelay: 1,
  startRelay: 5,
  slowDisk: 3,
  fastDisk: 4,
  fullDisk: 1,
  kill: 2,
  close: 2,
  settle: 5,
  backUp: 2,
  loseData: 1,
  storm: 1,
}
const someKind = weighted(WEIGHTS)
const START_MS = Date.UTC(2025, 0, 1)
const NARROW: Partial<RelayLimits> = { waitingBytes: 1_200, messagesPerSecond: 4, messagesAtOnce: 10, idleMs: 2_000 }

export function relayScheduleOf(seed: number): RelaySchedule {
  const dice = createDice(seed)
  return {
    seed,
    workspaces: 2 + dice.below(3),
    losesData: dice.chance(0.3),
    isNarrow: dice.chance(0.25),
    steps: Array.from({ length: 15 + dice.below(45) }, () => ({ kind: someKind(dice), dice: dice.below(2 ** 31) })),
  }
}

export class RelayWorld {
  readonly tally: Tally = {}
  readonly problems: string[] = []
  readonly workspaces: SimulatedSync[] = []
  readonly stock: StockClient
  readonly hostile: HostileClient
  readonly relay: SimulatedRelay
  readonly #schedule: RelaySchedule
  readonly #sabotage: Sabotage
  readonly #lines: SimulatedLine[] = []
  /** What the relay said to anyone since it was looked at. */
  readonly #told: Uint8Array[] = []
  #readToken = ''
  #words = 0

  constructor(schedule: RelaySchedule, sabotage: Sabotage = {}) {
    this.#schedule = schedule
    this.#sabotage = sabotage
    const dice = createDice(schedule.seed ^ 0x5e1a)
    const project = newProjectId((count) => dice.bytes(count))
    const { wrapStore } = sabotage
    this.relay = new SimulatedRelay({
      project,
      seed: schedule.seed,
      startMs: START_MS + dice.below(5_000),
      limits: schedule.isNarrow ? NARROW : {},
      dice,
      tally: this.tally,
      ...(wrapStore === undefined ? {} : { wrap: wrapStore }),
    })
    const config = { ...newConfig(project, { relay: 'auto' }) }
    for (let place = 0; place <= schedule.workspaces; place++) {
      const isReader = place === schedule.workspaces
      this.workspaces.push(
        new SimulatedSync({
          place,
          seed: schedule.seed * 8 + place,
          startMs: START_MS + dice.below(90_000),
          config,
          withFiles: dice.chance(0.25),
          isReader,
          dice,
          tally: this.tally,
          relay: this.relay,
          line: this.#line(() => (isReader ? this.#readToken : MASTER)),
        }),
      )
    }
    this.stock = new StockClient(
      this.#line(() => MASTER),
      1_000_003,
    )
    this.hostile = new HostileClient(this.#line(() => MASTER))
  }

  /** Those whose writes count. */
  get writers(): readonly SimulatedSync[] {
    return this.workspaces.filter(({ isReader }) => !isReader)
  }

  async begin(): Promise<void> {
    for (const line of this.#lines) await line.begin()
    await this.relay.start()
    await this.#admitReader()
    for (const workspace of this.workspaces) await workspace.open()
    await this.stock.connect()
    await this.#look()
  }

  async take(step: RelayStep): Promise<void> {
    const dice = createDice(step.dice)
    await this.#do(step.kind, dice)
    for (let turns = 0; turns < 3; turns++) await turn()
    await this.#look()
  }

  /** Everything works again, for long enough. */
  async heal(): Promise<void> {
    this.relay.speedUp()
    await this.relay.start()
    for (const line of this.#lines) {
      line.isUp = true
      line.cut()
    }
    for (const workspace of this.workspaces) await workspace.open()
    for (let round = 0; round < 8; round++) {
      for (const workspace of this.workspaces) workspace.syncing?.wake()
      await this.stock.connect()
      await this.#deliverEverything()
      await this.#tick(round < 6 ? 1_100 : 16_000)
      await this.#deliverEverything()
      await this.#look()
    }
  }

  async #deliverEverything(): Promise<void> {
    for (let count = 1; count > 0;) {
      for (let turns = 0; turns < 4; turns++) await turn()
      count = this.#lines.reduce((sum, line) => sum + line.deliverAll(), 0)
    }
  }

  async end(): Promise<void> {
    for (const workspace of this.workspaces) await workspace.close()
    await this.relay.stop()
  }

  logs(): readonly { readonly event: string; readonly level: string }[] {
    return [this.relay.runtime, ...this.workspaces.map(({ runtime }) => runtime)].flatMap(({ entries }) => entries)
  }

  get token(): string {
    return this.#readToken
  }

  async #do(kind: RelayStepKind, dice: Dice): Promise<void> {
    const workspace = dice.pick(this.workspaces)
    const line = dice.pick(this.#lines)
    if (workspace === undefined || line === undefined) return
    switch (kind) {
      case 'create':
      case 'set':
      case 'label':
      case 'body':
      case 'remove':
      case 'comment':
        return this.#act(kind, workspace, dice)
      case 'file':
        return workspace.editFile(this.#word(), dice)
      case 'stock':
        await this.stock.connect()
        return this.stock.write(this.#word())
      case 'hostile':
        this.#count('garbage sent')
        return this.hostile.act(dice)
      case 'deliver':
        for (const one of this.#lines) one.deliver(dice)
        return
      case 'deliverAll':
        for (const one of this.#lines) if (dice.chance(0.7)) one.deliverAll()
        return
      case 'cut':
        this.#count('connections cut')
        return line.cut()
      case 'lose':
        this.#count('connections lost on one side')
        return line.lose()
      case 'notice':
        return line.cut()
      case 'part':
        this.#count('partitions')
        line.isUp = false
        return
      case 'join':
        for (const one of this.#lines) one.isUp = true
        return
      case 'wake':
        return workspace.syncing?.wake()
      case 'tick':
        return this.#tick(dice.pick([1, 60, 300, 2_000, 20_000, 40_000]) ?? 1)
      case 'storm':
        this.#count('storms')
        for (const one of this.#lines) {
          if (dice.chance(0.5)) one.cut()
          else one.lose()
        }
        for (const one of this.workspaces) one.syncing?.wake()
        return
      case 'kill':
        return workspace.die(
          commandOf(dice.pick(['create', 'set', 'body'] as const) ?? 'set', workspace, { dice, newWord: this.#word }),
          dice,
        )
      case 'close':
        await workspace.close()
        return workspace.open()
      case 'settle':
        return workspace.settle()
      case 'backUp':
      case 'crashRelay':
      case 'fastDisk':
      case 'fullDisk':
      case 'loseData':
      case 'slowDisk':
      case 'startRelay':
      case 'stopRelay':
        return this.#doToRelay(kind, dice)
    }
  }

  async #doToRelay(kind: RelayDeed, dice: Dice): Promise<void> {
    switch (kind) {
      case 'crashRelay':
        this.#count('relay crashed')
        this.relay.crash()
        for (const line of this.#lines) line.cut()
        await turn()
        return this.relay.lookAnew()
      case 'stopRelay':
        this.#count('relay stopped')
        await this.relay.stop()
        return this.relay.lookAnew()
      case 'startRelay':
        return this.relay.start()
      case 'slowDisk':
        return this.relay.slowDown()
      case 'fastDisk':
        return this.relay.speedUp()
      case 'fullDisk':
        this.#count('relay disk full')
        return this.relay.fill()
      case 'backUp':
        return this.relay.backUp()
      case 'loseData':
        return this.#loseData(dice)
    }
  }

  async #loseData(dice: Dice): Promise<void> {
    if (!this.#schedule.losesData) return
    const isEmpty = dice.chance(0.4)
    this.#count(isEmpty ? 'relay emptied' : 'relay put back')
    await this.relay.restore({ isEmpty, isElsewhere: dice.chance(0.5) })
    for (const line of this.#lines) line.cut()
    this.#told.length = 0
    for (const workspace of this.workspaces) workspace.forgetClaims()
    await this.relay.start()
    await this.#admitReader()
  }

  async #admitReader(): Promise<void> {
    const made = await this.relay.relay?.tokens.create('*', 'read', 'simulated reader')
    this.#readToken = made?.token ?? ''
  }

  async #act(kind: CommandKind, workspace: SimulatedSync, dice: Dice): Promise<void> {
    await workspace.act(kind, commandOf(kind, workspace, { dice, newWord: this.#word }))
  }

  /** What is on the relay's disk now, against what was told. */
  async #look(): Promise<void> {
    await this.relay.look()
    for (const update of this.#told.splice(0)) {
      const lack = lackIn(this.relay.durable, update)
      if (lack !== undefined) this.problems.push(`U43 told, and not on the disk: ${lack}`)
    }
    for (const workspace of this.workspaces) workspace.check()
  }

  async #tick(ms: number): Promise<void> {
    // Frames that are sent because of it wait: only the clocks turn.
    for (const { runtime } of [this.relay, ...this.workspaces]) await runtime.advance(ms)
  }

  #line(token: () => string): SimulatedLine {
    const { line = {}, wrapAccept = (connection: Connection) => connection } = this.#sabotage
    const watched = (connection: Connection): Connection => told(connection, (update) => this.#told.push(update))
    const made = new SimulatedLine({
      relay: () => {
        const accept = this.relay.accept(token())
        return accept === undefined ? undefined : (connection) => accept(watched(wrapAccept(connection)))
      },
      ...line,
    })
    this.#lines.push(made)
    return made
  }

  readonly #word = (): string => `w${++this.#words}x`

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1
  }
}
