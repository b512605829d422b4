/**
 * A world of workspaces as people use them: methods of open projects on memory stores, killed processes, spoiled
 * summaries, copied directories, backups. A schedule of steps from a seed; what must hold afterwards is checked elsewhere.
 */
import * as Y from 'yjs'
import { newConfig, newProjectId, type Params, type TaskChanges } from '../../src/internal.ts'
import type { Uid } from '../../src/ids.ts'
import { readBody } from '../../src/task/body.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import { BODY, DELETED, LABEL, publicName, STATUS, TITLE } from '../../src/task/fields.ts'
import { openReplica } from '../../src/task/replica.ts'
import { importSeeds } from '../../src/task/seeds.ts'
import type { TaskState } from '../../src/task/registers.ts'
import { isDeleted, isGone } from '../../src/task/view.ts'
import { createDice, weighted, type Dice } from './dice.ts'
import { Book } from './simulated-book.ts'
import { editedText, FILES } from './simulated-intents.ts'
import { SimulatedProject, type Work } from './simulated-project.ts'
import type { Tally } from './simulation.ts'

export type ProjectStepKind = keyof typeof WEIGHTS

export interface ProjectStep {
  readonly kind: ProjectStepKind
  readonly dice: number
}

export interface ProjectSchedule {
  readonly seed: number
  readonly workspaces: number
  /** All clocks show the same; else they differ, and that of the first workspace is ten years ahead. */
  readonly hasEqualClocks: boolean
  /** The workspaces confirm keys themselves. */
  readonly relay: 'auto' | 'none'
  readonly steps: readonly ProjectStep[]
}

/** What a step asks of one workspace: a call, or nothing when there is nothing to ask it about. */
interface Call {
  readonly work: Work
  /** The body it writes. */
  readonly next?: string
}
type MakeCall = (subject: { readonly state: TaskState; readonly other: TaskState } & Subject) => Call | undefined
type CallKind =
  | 'create'
  | 'set'
  | 'body'
  | 'nest'
  | 'delete'
  | 'restore'
  | 'purge'
  | 'move'
  | 'comment'
  | 'undo'
  | 'resolve'
  | 'bulk'
interface Subject {
  readonly workspace: SimulatedProject
  readonly dice: Dice
  readonly newWord: () => string
}

const WEIGHTS = {
  create: 8,
  set: 14,
  body: 10,
  nest: 6,
  delete: 4,
  restore: 3,
  purge: 2,
  move: 5,
  comment: 3,
  undo: 6,
  resolve: 6,
  readFile: 5,
  tell: 18,
  recover: 2,
  copy: 2,
  bulk: 1,
  close: 4,
  look: 3,
  tick: 4,
}
const someKind = weighted(WEIGHTS)
const TEN_YEARS_MS = 10 * 365 * 86_400_000
const START_MS = Date.UTC(2025, 0, 1)
const MOST_WORKSPACES = 6

export function projectScheduleOf(seed: number): ProjectSchedule {
  const dice = createDice(seed)
  return {
    seed,
    workspaces: 2 + dice.below(dice.chance(0.1) ? 4 : 2),
    hasEqualClocks: dice.chance(0.7),
    relay: dice.chance(0.5) ? 'auto' : 'none',
    steps: Array.from({ length: 10 + dice.below(35) }, () => ({ kind: someKind(dice), dice: dice.below(2 ** 31) })),
  }
}

export class ProjectWorld {
  readonly book: Book = new Book()
  readonly workspaces: SimulatedProject[] = []
  readonly tally: Tally = {}
  readonly problems: string[] = []
  readonly #schedule: ProjectSchedule
  readonly #dice: Dice
  readonly #config: ReturnType<typeof newConfig>
  #words = 0
  #sinceMs = 0

  constructor(schedule: ProjectSchedule) {
    this.#schedule = schedule
    this.#dice = createDice(schedule.seed ^ 0x5eed)
    this.#config = newConfig(
      newProjectId((count) => this.#dice.bytes(count)),
      { relay: schedule.relay },
    )
    for (let place = 0; place < schedule.workspaces; place++) this.#join()
  }

  /** Projects begin as files that several workspaces have. */
  async begin(): Promise<void> {
    for (const workspace of this.workspaces)
      for (const uid of FILES) if (this.#dice.chance(0.5)) await this.#readFile(workspace, this.#dice, uid)
  }

  async take(step: ProjectStep): Promise<void> {
    const dice = createDice(step.dice)
    const workspace = dice.pick(this.workspaces)
    if (workspace === undefined) return
    // More than any wait inside a step, so that clocks which a wait has turned agree again.
    await this.#tick(1000)
    const subject: Subject = { workspace, dice, newWord: () => `w${++this.#words}x` }
    if (isCall(step.kind)) return this.#call(step.kind, subject)
    switch (step.kind) {
      case 'tell':
        return this.#tell(workspace, dice)
      case 'copy':
        return this.#copy(workspace)
      case 'close':
        this.#count('processes ended')
        return workspace.close()
      case 'tick':
        return this.#tick(dice.pick([1, 1000, 3_600_000]) ?? 0)
      case 'readFile':
        return this.#readFile(workspace, dice, dice.pick(FILES))
      case 'recover':
        return this.#recover(workspace, dice)
      case 'look':
        return this.#look(workspace)
    }
  }

  /** Everybody hears everything. */
  async settle(): Promise<void> {
    const [first, ...others] = this.workspaces
    if (first === undefined) return
    await this.#tick(1000)
    for (const other of others) await tell(first, other)
    for (const other of others) await tell(other, first)
  }

  async #call(kind: CallKind, subject: Subject): Promise<void> {
    const { workspace, dice } = subject
    const [state, other] = [someTask(workspace, dice, kind), someTask(workspace, dice)]
    const call =
      kind === 'create' || kind === 'bulk'
        ? createCall(subject, kind === 'bulk')
        : state === undefined || other === undefined
          ? undefined
          : calls[kind]({ ...subject, state, other })
    if (call === undefined) return
    const { work, next } = call
    const meaning = next === undefined ? {} : { next }
    const fate = dice.next()
    const outcome =
      fate < 0.06
        ? await workspace.actAndDie(kind, work, dice, next)
        : fate < 0.09
          ? await workspace.actOnFullDisk(kind, work)
          : await workspace.act(kind, work, { ends: dice.chance(0.6), ...meaning })
    if (fate < 0.09 && dice.chance(0.5)) await this.#look(workspace)
    this.#count(outcome === 'done' ? `done: ${kind}` : outcome)
  }

  async #tell(workspace: SimulatedProject, dice: Dice): Promise<void> {
    const other = dice.pick(this.workspaces.filter((one) => one !== workspace))
    if (other === undefined) return
    this.#count('told')
    await tell(workspace, other, dice.chance(0.6))
    if (dice.chance(0.3)) await tell(other, workspace, dice.chance(0.6))
  }

  async #copy(workspace: SimulatedProject): Promise<void> {
    if (this.workspaces.length >= MOST_WORKSPACES) return
    this.#count('copies')
    await workspace.copyTo(this.#join())
  }

  async #readFile(workspace: SimulatedProject, dice: Dice, uid: Uid | undefined): Promise<void> {
    if (uid === undefined) return
    const scratch = openReplica([workspace.shadow.encode()], () => undefined)
    const version = dice.below(2)
    const values = {
      [TITLE]: `file ${uid}`,
      [STATUS]: ['todo', 'doing'][version] ?? 'todo',
      [BODY]: `w9${version}1x w9${version}2x`,
      [`${LABEL}web`]: true,
    }
    const seeds = importSeeds(scratch, uid, values, 1 + dice.below(2 ** 31 - 1))
    if (seeds === undefined) return
    this.#count('files read')
    await workspace.absorb([seeds.update], dice.chance(0.5), 'read')
  }

  /** A backup of one workspace is merged into another. */
  async #recover(workspace: SimulatedProject, dice: Dice): Promise<void> {
    const other = dice.pick(this.workspaces)
    if (other === undefined) return
    let backup = ''
    await other.act('backup', async ({ caller }) => void ({ backup } = await caller.call('workspace.backup', {})), {
      ends: dice.chance(0.5),
    })
    await workspace.receive('recover', async ({ caller }) => caller.call('workspace.recover', { backup }))
    this.#count('backups merged in')
  }

  /** The summary says what the document says, at any time. */
  async #look(workspace: SimulatedProject): Promise<void> {
    this.#count('looked')
    this.problems.push(...(await workspace.look()))
  }

  async #tick(ms: number): Promise<void> {
    this.#sinceMs += ms
    for (const one of this.workspaces)
      await one.runtime.advance(START_MS + this.#sinceMs - one.runtime.now() + one.skewMs)
  }

  #join(): SimulatedProject {
    const place = this.workspaces.length
    const { hasEqualClocks, seed } = this.#schedule
    const skewMs = hasEqualClocks ? 0 : place === 0 ? TEN_YEARS_MS : this.#dice.below(2000)
    const startMs = START_MS + this.#sinceMs + skewMs
    const what = { place, seed: seed * MOST_WORKSPACES + place, startMs, skewMs, config: this.#config, hasEqualClocks }
    const workspace = new SimulatedProject(what, { book: this.book, dice: this.#dice })
    this.workspaces.push(workspace)
    return workspace
  }

  #count(name: string): void {
    this.tally[name] = (this.tally[name] ?? 0) + 1
  }
}

function isCall(kind: ProjectStepKind): kind is CallKind {
  return Object.hasOwn(calls, kind)
}

const KINDS_OF_DELETED = new Set<ProjectStepKind>(['restore', 'purge'])

function someTask({ shadow }: SimulatedProject, dice: Dice, kind?: ProjectStepKind): TaskState | undefined {
  const states = [...shadow.tasks.uids()].sort().flatMap((uid): TaskState | never[] => shadow.tasks.get(uid) ?? [])
  const wanted = (state: TaskState): boolean => {
    if (isGone(state)) return false
    if (kind === 'resolve') return conflictsOf(state).length > 0
    return kind === undefined || !KINDS_OF_DELETED.has(kind) || isDeleted(state)
  }
  return dice.pick(states.filter(wanted))
}

function createCall({ dice, newWord }: Subject, isBulk: boolean): Call {
  const words = [newWord(), newWord(), newWord()].join(' ')
  // Long enough for the store to compact.
  const body = isBulk ? `${words}\n${'filling '.repeat(40_000)}` : words
  const labels = dice.chance(0.5) ? ['web'] : []
  const task = { title: newWord(), labels, ...(isBulk || dice.chance(0.7) ? { body } : {}) }
  return { work: ({ caller }) => caller.call('task.create', task) }
}

const calls: Readonly<Record<CallKind, MakeCall>> = {
  create: () => undefined,
  bulk: () => undefined,
  set({ state: { uid }, other, dice, newWord }) {
    const changes = dice.pick<TaskChanges>([
      { title: newWord() },
      { status: dice.pick(['todo', 'doing', 'done']) ?? 'todo' },
      { status: 'doing', title: newWord() },
      { priority: dice.pick(['low', 'high', null] as const) ?? null },
      { addLabels: ['web'], removeLabels: ['ui'] },
      { addLabels: ['ui'], removeLabels: ['web'] },
      { assignees: dice.chance(0.5) ? ['sara'] : [] },
      { addDependsOn: [other.uid] },
      { removeDependsOn: [other.uid] },
      { parent: other.uid },
      { parent: null },
      { fields: { estimate: dice.chance(0.3) ? null : newWord() } },
    ])
    return changes === undefined
      ? undefined
      : { work: ({ caller }) => caller.call('tasks.update', { keys: [uid], changes }) }
  },
  body({ workspace, state, dice, newWord }) {
    const next = editedText(readBody(workspace.shadow, state), dice, newWord)
    if (next === undefined) return undefined
    return { next, work: ({ caller }) => caller.call('tasks.update', { keys: [state.uid], changes: { body: next } }) }
  },
  /** Below one another, so that two who do not know make a circle. */
  nest({ workspace, dice }) {
    const [below, above] = dice.chance(0.5) ? FILES : FILES.toReversed()
    const isThere = (uid: Uid | undefined): uid is Uid =>
      uid !== undefined && workspace.shadow.tasks.get(uid) !== undefined
    if (!isThere(below) || !isThere(above)) return undefined
    const changes = { parent: dice.chance(0.15) ? null : above }
    return { work: ({ caller }) => caller.call('tasks.update', { keys: [below], changes }) }
  },
  delete: ({ state: { uid } }) => ({ work: ({ caller }) => caller.call('tasks.delete', { keys: [uid] }) }),
  restore: ({ state: { uid } }) => ({ work: ({ caller }) => caller.call('tasks.restore', { keys: [uid] }) }),
  purge: ({ state: { uid } }) => ({
    work: ({ caller }) => caller.call('tasks.purge', { keys: [uid], confirmed: true }),
  }),
  move: ({ state: { uid }, other, dice }) => {
    const near = dice.chance(0.5) ? { before: other.uid } : { after: other.uid }
    return { work: ({ caller }) => caller.call('task.move', { key: uid, ...near }) }
  },
  comment: ({ state: { uid }, newWord }) => {
    const text = newWord()
    return { work: ({ caller }) => caller.call('task.comment', { key: uid, text }) }
  },
  undo: ({ state: { uid }, dice }) => {
    const params: Params<'history.undo'> = dice.chance(0.6) ? {} : { key: uid }
    return { work: ({ caller }) => caller.call('history.undo', params) }
  },
  resolve({ workspace, state, dice, newWord }) {
    const conflict = dice.pick(conflictsOf(state))
    if (conflict === undefined) return undefined
    const [key, field]: [Uid, string] = [state.uid, publicName(conflict.field)]
    if (conflict.field === BODY && dice.chance(0.5)) {
      const next = editedText(readBody(workspace.shadow, state), dice, newWord)
      if (next === undefined) return undefined
      return { next, work: ({ caller }) => caller.call('conflict.resolve', { key, field, value: next }) }
    }
    const take = dice.below(conflict.values.length)
    const settle = conflict.field === DELETED && dice.chance(0.3) ? { value: dice.chance(0.5) } : { take }
    return { work: ({ caller }) => caller.call('conflict.resolve', { key, field, ...settle }) }
  },
}

/** All that `from` has on its disk and `to` has not. */
async function tell(to: SimulatedProject, from: SimulatedProject, ends = true): Promise<void> {
  const update = Y.encodeStateAsUpdate(from.shadow.doc, Y.encodeStateVector(to.shadow.doc))
  await to.absorb([update], ends)
}
