/**
 * A world of workspaces on one machine's memory, at the level of the document: a schedule of steps from a seed, played
 * exactly the same each time. What must hold afterwards is checked elsewhere.
 */
import * as Y from 'yjs'
import { TaskError } from '../../src/errors.ts'
import { newActorId, type Uid } from '../../src/ids.ts'
import { BODY, CONFIRMED, LABEL, PRIORITY, STATUS, TITLE, type Field } from '../../src/task/fields.ts'
import { isConfirmed, numberOf } from '../../src/task/keys.ts'
import { aliveIn, shownValue, stampText, type Alive } from '../../src/task/registers.ts'
import { firstUpdate } from '../../src/task/replica.ts'
import type { FieldValues } from '../../src/task/seeds.ts'
import type { Json } from '../../src/task/types.ts'
import { createDice, weighted, type Dice } from './dice.ts'
import { logPerActor, says, type Mechanism } from './mechanisms.ts'
import { Arbiter, wrongKeys } from './simulated-arbiter.ts'
import { Book } from './simulated-book.ts'
import { FILES, intents, someTask, type IntentKind, type Occasion } from './simulated-intents.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedWorkspace } from './simulated-workspace.ts'
import { tableText } from './simulation-text.ts'

/** One thing that happens. Its dice are its own, so that leaving a step out leaves the others as they are. */
export interface Step {
  readonly kind: StepKind
  readonly dice: number
}

export interface Schedule {
  readonly seed: number
  readonly workspaces: number
  /** The first workspace's clock is ten years ahead. */
  readonly isAhead: boolean
  readonly steps: readonly Step[]
}

export type StepKind =
  | IntentKind
  | 'render'
  | 'readFile'
  | 'confirm'
  | 'deliver'
  | 'syncTwo'
  | 'partition'
  | 'heal'
  | 'tick'
  | 'crash'
  | 'restart'
  | 'copy'
  | 'leave'

/** How often a schedule met what it is for. */
export type Tally = Record<string, number>

const WEIGHTS: Readonly<Record<StepKind, number>> = {
  create: 4,
  set: 14,
  saveFile: 9,
  setElement: 8,
  editBody: 14,
  move: 3,
  setParent: 8,
  comment: 2,
  delete: 3,
  restore: 2,
  purge: 2,
  undo: 6,
  resolve: 4,
  render: 7,
  readFile: 7,
  confirm: 5,
  deliver: 34,
  syncTwo: 6,
  partition: 2,
  heal: 2,
  tick: 5,
  crash: 2,
  restart: 3,
  copy: 2,
  leave: 1,
}
const someKind = weighted(WEIGHTS)

const TEN_YEARS_MS = 10 * 365 * 86_400_000
const START_MS = Date.UTC(2025, 0, 1)
const MOST_WORKSPACES = 6

export function scheduleOf(seed: number): Schedule {
  const dice = createDice(seed)
  const isLarge = dice.chance(0.06)
  return {
    seed,
    workspaces: 2 + dice.below(isLarge ? MOST_WORKSPACES - 1 : 2),
    isAhead: dice.chance(0.2),
    steps: Array.from({ length: 8 + dice.below(isLarge ? 150 : 26) }, () => ({
      kind: someKind(dice),
      dice: dice.below(2 ** 31),
    })),
  }
}

export class World {
  readonly book: Book = new Book()
  readonly workspaces: SimulatedWorkspace[] = []
  readonly problems: string[] = []
  readonly tally: Tally = {}
  readonly arbiter: Arbiter = new Arbiter()
  readonly #mechanism: Mechanism
  readonly #network = new SimulatedNetwork()
  readonly #torn = new Set<number>()
  #nowMs = START_MS
  #words = 0

  constructor(schedule: Schedule, mechanism: Mechanism = logPerActor) {
    this.#mechanism = mechanism
    const dice = createDice(schedule.seed ^ 0x5eed)
    for (let place = 0; place < schedule.workspaces; place++) {
      const skewMs = place === 0 && schedule.isAhead ? TEN_YEARS_MS : (dice.pick([0, 0, 1, -3, 700]) ?? 0)
      this.#join(dice, skewMs)
    }
    // Most projects begin as files that several workspaces have, and that nobody's store remembers.
    for (const workspace of this.workspaces)
      for (const uid of FILES) if (dice.chance(0.45)) this.#readFile(workspace, uid, dice.chance(0.8) ? 0 : 1)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get living(): readonly SimulatedWorkspace[] {
    return this.workspaces.filter(({ hasLeft }) => !hasLeft)
  }

  take(step: Step): void {
    this.#nowMs++
    const dice = createDice(step.dice)
    const workspace = dice.pick(this.living)
    if (workspace === undefined) return
    if (isIntent(step.kind)) this.#intend(step.kind, workspace, dice)
    else this.#take(step.kind, workspace, dice)
  }

  /** Everybody who is still there hears everything. */
  settle(): void {
    this.#network.heal()
    const [first, ...others] = this.living
    if (first === undefined) return
    for (const one of this.living) this.#sync(one)
    for (const one of others) tell(first, one)
    // What a workspace had begun to tell it finishes before it goes: a relay takes no commit with a gap before or in it.
    for (const gone of this.workspaces)
      if (gone.hasLeft && (first.isWaiting || this.#torn.has(gone.place))) tell(first, gone)
    for (const one of others) tell(one, first)
    for (const one of this.living) one.sync()
  }

  #take(kind: Exclude<StepKind, IntentKind>, workspace: SimulatedWorkspace, dice: Dice): void {
    switch (kind) {
      case 'deliver':
        return this.#deliver(dice)
      case 'syncTwo':
        return this.#syncTwo(workspace, dice)
      case 'partition': {
        const sides = dice.below(2 ** MOST_WORKSPACES)
        this.#count('partitions')
        return this.#network.partition((place) => (sides >> place) & 1)
      }
      case 'heal':
        return this.#network.heal()
      case 'tick':
        this.#nowMs += dice.pick([10, 1000, 3_600_000]) ?? 0
        return
      case 'render': {
        const state = someTask(workspace, dice)
        return state === undefined ? undefined : workspace.render(state.uid)
      }
      case 'readFile':
        for (const uid of [dice.pick(FILES) ?? []].flat()) this.#readFile(workspace, uid, dice.below(VERSIONS))
        return
      case 'confirm':
        return this.#confirm(workspace, dice)
      case 'crash':
        this.#count('crashes')
        this.#network.forget(workspace.place)
        return workspace.crash(newClient(dice))
      case 'restart':
        return this.#restart(workspace, dice)
      case 'copy':
        return this.#copy(workspace, dice)
      case 'leave':
        return this.#leave(workspace)
    }
  }

  #intend(kind: IntentKind, workspace: SimulatedWorkspace, dice: Dice): void {
    const occasion: Occasion = {
      workspace,
      dice,
      now: this.#clock(workspace),
      book: this.book,
      newWord: () => `w${++this.#words}x`,
    }
    const intent = intents[kind](occasion)
    if (intent === undefined) return
    if (intent.writes.some(({ uid, field, base }) => isOld(base, aliveIn(workspace.replica.tasks.get(uid), field))))
      this.#count('writes from an old base')
    try {
      if (workspace.commit(intent, occasion.now) === undefined) return
    } catch (cause) {
      if (!(cause instanceof TaskError) || cause.code !== 'DOCUMENT_INVALID') throw cause
      return this.#count('bodies whose text had not come')
    }
    this.#count(`done: ${kind}`)
    if (dice.chance(0.75)) this.#sync(workspace)
  }

  #readFile(workspace: SimulatedWorkspace, uid: Uid, version: number): void {
    const file = fileOf(uid, version)
    const before = workspace.replica.tasks.get(uid)
    const isSaid = (field: Field, value: Json): boolean => says(workspace.replica, before, field, value)
    const known = Object.entries(file).filter(
      ([field, value]) => isSaid(field, value) || this.book.wasRead(uid, field, value),
    )
    const operation = workspace.readFile(uid, file, this.#clock(workspace))
    this.#count(
      operation === undefined ? 'files that say nothing new' : before === undefined ? 'files read' : 'late files read',
    )
    const after = workspace.replica.tasks.get(uid)
    for (const [field, value] of Object.entries(file)) {
      const was = shownValue(aliveIn(before, field))
      const is = shownValue(aliveIn(after, field))
      const isKept = was === undefined || this.book.cameFromFile(uid, field, was) || nameOf(was) === nameOf(is)
      if (!isKept) this.problems.push(`T6 ${uid}/${field}: an old file beat a newer value`)
      const isHeard = known.some(([name]) => name === field) || operation?.values.some((one) => one.field === field)
      if (isSaid(field, value) && operation?.values.some((one) => one.field === field) === true)
        this.problems.push(`T6 ${uid}/${field}: a file said what was there, and it stands there twice`)
      if (isHeard !== true) this.problems.push(`T6 ${uid}/${field}: ${JSON.stringify(value)} of a file went nowhere`)
    }
    this.#sync(workspace)
  }

  #confirm(workspace: SimulatedWorkspace, dice: Dice): void {
    const state = someTask(workspace, dice, (one) => !isConfirmed(one) && numberOf(one) !== undefined)
    if (state === undefined) return
    const number = this.arbiter.confirm(state.uid, numberOf(state) ?? 1)
    workspace.commit(
      { verb: 'remote', writes: [{ uid: state.uid, field: CONFIRMED, value: number }] },
      this.#clock(workspace),
    )
    this.#count('keys confirmed')
    if (dice.chance(0.75)) this.#sync(workspace)
  }

  #deliver(dice: Dice): void {
    for (let times = 1 + dice.below(4); times > 0; times--) {
      const delivery = this.#network.next(dice)
      if (delivery === undefined) return
      this.#count(`delivered ${delivery.how}`)
      const to = this.workspaces[delivery.to]
      if (delivery.how === 'torn') this.#torn.add(delivery.from)
      if (delivery.how !== 'lost') to?.receive(delivery.updates)
      if (to !== undefined && dice.chance(0.5)) this.#sync(to)
    }
  }

  #syncTwo(workspace: SimulatedWorkspace, dice: Dice): void {
    const other = dice.pick(this.living.filter((one) => one !== workspace))
    if (other === undefined || !this.#network.reaches(workspace.place, other.place)) return
    this.#sync(workspace)
    this.#sync(other)
    tell(workspace, other)
    if (dice.chance(0.8)) tell(other, workspace)
  }

  #restart(workspace: SimulatedWorkspace, dice: Dice): void {
    this.#sync(workspace)
    const before = workspace.isWaiting ? undefined : tableText(workspace.replica.tasks)
    this.#network.forget(workspace.place)
    workspace.restart({ compacts: dice.chance(0.3), ...(dice.chance(0.5) ? {} : { client: newClient(dice) }) })
    this.#count('restarts')
    const after = tableText(workspace.replica.tasks)
    this.problems.push(...wrongKeys(this.arbiter, workspace.replica))
    if (before !== undefined && before !== after)
      this.problems.push(`T5 a restart changed the table\n  before ${before}\n  after  ${after}`)
  }

  #copy(workspace: SimulatedWorkspace, dice: Dice): void {
    if (this.workspaces.length >= MOST_WORKSPACES) return
    this.#count('copies')
    this.#join(dice, workspace.skewMs === TEN_YEARS_MS ? 0 : workspace.skewMs, workspace)
  }

  #leave(workspace: SimulatedWorkspace): void {
    if (this.living.length < 3) return
    this.#count('workspaces that never return')
    workspace.hasLeft = true
    this.#network.leave(workspace.place)
  }

  #join(dice: Dice, skewMs: number, from?: SimulatedWorkspace): void {
    const place = this.workspaces.length
    // A copied directory does not know that it is one until it looks: it goes on under the same actor.
    const actor = from?.actor ?? newActorId((count) => dice.bytes(count))
    const world = { mechanism: this.#mechanism, book: this.book }
    const directory = from?.directory ?? { updates: [firstUpdate()], history: [], files: new Map() }
    this.workspaces.push(new SimulatedWorkspace({ place, actor, client: newClient(dice), skewMs }, world, directory))
    this.#network.join(place)
  }

  #sync(workspace: SimulatedWorkspace): void {
    for (const updates of workspace.sync()) this.#network.send(workspace.place, updates)
  }

  #clock({ skewMs }: SimulatedWorkspace): number {
    return this.#nowMs + skewMs
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1
  }
}

const VERSIONS = 3

/** What one file held at three times; words of the first remain in the others. */
function fileOf(uid: Uid, version: number): FieldValues {
  const at = uid.charCodeAt(9) * 100
  const status = ['todo', 'doing', 'done'][version] ?? 'todo'
  const values: Record<Field, Json> = {
    [TITLE]: `file ${uid}`,
    [STATUS]: status,
    [BODY]: `w90${at}1x w90${at}2x\nw90${at}3x${version === 2 ? ` w90${at}4x` : ''}`,
    [`${LABEL}web`]: true,
  }
  if (version > 0) values[PRIORITY] = 'high'
  if (version > 1) values[`${LABEL}ui`] = true
  return values
}

/** All that `from` has and `to` has not. */
function tell(to: SimulatedWorkspace, from: SimulatedWorkspace): void {
  to.receive([Y.encodeStateAsUpdate(from.replica.doc, Y.encodeStateVector(to.replica.doc))])
}

function nameOf(value: Alive | undefined): string {
  return value === undefined ? '' : stampText(value)
}

/** Whether a write was meant against something else than what is there. */
function isOld(base: readonly Alive[] | undefined, alive: readonly Alive[]): boolean {
  return base !== undefined && (base.length !== alive.length || base.some((value) => !alive.includes(value)))
}

function isIntent(kind: StepKind): kind is IntentKind {
  return Object.hasOwn(intents, kind)
}

function newClient(dice: Dice): number {
  return 1 + dice.below(2 ** 31 - 1)
}
