/**
 * One workspace of the simulation as people use it: processes that open a project, call methods, end or are killed. A
 * shadow replica reads what reached the disk, and the book learns from it what each call did.
 */
import * as Y from 'yjs'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { readChange, type Change, type TextEdit } from '../../src/history/change.ts'
import type { Uid } from '../../src/ids.ts'
import { TaskError, type Config, type Project, type Store } from '../../src/internal.ts'
import { readBody } from '../../src/task/body.ts'
import { canonical } from '../../src/task/hash.ts'
import { nameOfBody, nameOfText } from '../../src/task/body-values.ts'
import { BODY, type Field } from '../../src/task/fields.ts'
import { aliveIn, isSeed, stampText, type Alive, type TaskState } from '../../src/task/registers.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import type { Dice } from './dice.ts'
import { differencesIn } from './project-answers.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from './project.ts'
import {
  broughtWord,
  firstWord,
  nameOfValue,
  wordsIn,
  type Book,
  type BookedValue,
  type BookedWord,
  type Operation,
} from './simulated-book.ts'

type OpenProject = ReturnType<typeof openProject>
/** One thing that a process does. */
export type Work = (project: OpenProject) => Promise<unknown>
export type Outcome = 'done' | 'refused' | 'killed'

/** What a caller may meet without anything being wrong. */
const REFUSALS = new Set([
  'CHANGED_SINCE',
  'CHANGE_NOT_FOUND',
  'CONFLICT_NOT_FOUND',
  'DEPENDENCY_CYCLE',
  'INVALID_INPUT',
  'NOT_DELETED',
  'PARENT_CYCLE',
  'STORE_UNWRITABLE',
  'TASK_NOT_FOUND',
])

/** What is on the disk of a directory, and what is kept beside it. */
interface Rows {
  document: number
  history: number
}

export class SimulatedProject {
  readonly place: number
  readonly skewMs: number
  /** No stamp that it meets lies ahead of its clock. */
  readonly hasEqualClocks: boolean
  readonly shadow: Replica = openReplica([], () => undefined)
  readonly problems: string[] = []
  readonly #book: Book
  readonly #memory: MemoryWorkspace
  readonly #rows: Rows = { document: 0, history: 0 }
  #project: OpenProject | undefined
  #gate: Promise<void> | undefined
  #letGo: () => void = () => undefined
  #oldFiles = new Map<string, Uint8Array>()

  constructor(
    what: {
      readonly place: number
      readonly seed: number
      readonly startMs: number
      readonly skewMs: number
      readonly hasEqualClocks: boolean
      readonly config: Config
    },
    world: { readonly book: Book; readonly dice: Dice },
  ) {
    this.place = what.place
    this.skewMs = what.skewMs
    this.hasEqualClocks = what.hasEqualClocks
    this.#book = world.book
    this.#memory = {
      ...memoryWorkspace({ seed: what.seed }),
      config: what.config,
      runtime: memoryRuntime({ seed: what.seed, startMs: what.startMs }),
      disk: createMemoryDisk({
        survives: () => world.dice.chance(0.5),
        sync: () => this.#gate ?? Promise.resolve(),
      }),
      place: `place-${what.place}`,
    }
  }

  get runtime(): MemoryRuntime {
    return this.#memory.runtime
  }

  /** In the process that is there, or in a new one; `ends`: as short commands do. */
  async act(what: string, work: Work, { ends, next }: { ends: boolean; next?: string }): Promise<Outcome> {
    this.#oldFiles = new Map(this.#memory.files)
    const project = (this.#project ??= openProject(this.#memory))
    const outcome = await this.#outcome(what, work(project))
    if (ends) await this.close()
    const operation = await this.catchUp({ what, ...(next === undefined ? {} : { next }) })
    if (outcome === 'refused' && operation !== undefined)
      this.problems.push(`T21 ${what} was refused and changed something`)
    return outcome
  }

  /** The process is killed while it works; what had not reached the disk may still arrive, or never does. */
  async actAndDie(what: string, work: Work, dice: Dice, next?: string): Promise<Outcome> {
    this.#oldFiles = dice.chance(0.5) ? new Map(this.#memory.files) : this.#oldFiles
    const project = (this.#project ??= openProject(this.#memory))
    this.#gate = new Promise((resolve) => (this.#letGo = resolve))
    const running = work(project).catch(() => undefined)
    for (let turns = dice.below(8); turns > 0; turns--) await turn()
    this.#memory.disk.crash()
    this.#letGo()
    this.#gate = undefined
    await pumped(this.runtime, running)
    this.#memory.disk.crash() // it may have opened the store only after the first blow
    this.#memory.commits++ // what arrived all the same shows on the disk
    this.#project = undefined
    this.#spoilFiles(dice)
    await this.catchUp({ what, ...(next === undefined ? {} : { next }) })
    return 'killed'
  }

  /** The disk takes no writes while the process works: it says so, nothing has changed, and it goes on. */
  async actOnFullDisk(what: string, work: Work): Promise<Outcome> {
    const project = (this.#project ??= openProject(this.#memory))
    this.#gate = Promise.reject(new Error('no space left'))
    this.#gate.catch(() => undefined)
    const outcome = await this.#outcome(what, work(project))
    this.#gate = undefined
    if ((await this.catchUp({ what })) !== undefined) this.problems.push(`T20 ${what} on a full disk changed something`)
    return outcome
  }

  /** Updates from elsewhere come in: of others, or made from a file that was read here. */
  async absorb(updates: readonly Uint8Array[], ends: boolean, what?: string): Promise<void> {
    const project = (this.#project ??= openProject(this.#memory))
    await pumped(this.runtime, project.absorb(updates, { verb: 'remote', name: null }))
    if (ends) await this.close()
    await this.catchUp(what === undefined ? undefined : { what })
  }

  /** A call that brings in what others did. */
  async receive(what: string, work: Work): Promise<void> {
    await this.#outcome(what, work((this.#project ??= openProject(this.#memory))))
    await this.catchUp()
  }

  /** Where what the methods answer differs from what is on the disk. */
  async look(): Promise<readonly string[]> {
    const { caller } = (this.#project ??= openProject(this.#memory))
    const { config, runtime } = this.#memory
    const found = differencesIn(caller, this.shadow, {
      config,
      now: runtime.now(),
      hasEqualClocks: this.hasEqualClocks,
    })
    return (await pumped(runtime, found)).map((text) => `T21 workspace ${this.place}: ${text}`)
  }

  async close(): Promise<void> {
    const project = this.#project
    this.#project = undefined
    if (project !== undefined) await pumped(this.runtime, project[Symbol.asyncDispose]())
  }

  /** All that is in the directory, somewhere else. */
  async copyTo(other: SimulatedProject): Promise<void> {
    await this.close()
    const from = this.#memory.disk.mount()
    const to = await openMemoryStore(other.#memory.disk)
    const rows = [...from.logs].flatMap(([append, log]) => log.rows.map(({ bytes }) => ({ append, bytes })))
    await to.commit([...rows, ...[...from.cells].map(([put, bytes]) => ({ put, bytes }))])
    await Promise.all([from.unmount(), to[Symbol.asyncDispose]()])
    for (const [name, bytes] of this.#memory.files) other.#memory.files.set(name, bytes)
    other.#memory.commits = this.#memory.commits
    await other.catchUp()
  }

  readonly clockOf = (client: number): number => Y.getState(this.shadow.doc.store, client)

  /** Reads what has reached the disk since; `meant`: it was done here, and this is what it was. */
  async catchUp(meant?: { readonly what: string; readonly next?: string }): Promise<Operation | undefined> {
    const before = new Map<Uid, TaskState | undefined>()
    const bodies = new Map<Uid, string>()
    for (const uid of this.shadow.tasks.uids()) bodies.set(uid, readBody(this.shadow, this.shadow.tasks.get(uid)))
    using _watch = this.shadow.on('changed', (event) =>
      event.before.forEach((state, uid) => before.has(uid) || before.set(uid, state)),
    )
    const { updates, changes } = await this.#newRows()
    this.shadow.apply(updates)
    const change = changes.at(-1)
    if (meant !== undefined && change !== undefined) this.problems.push(...this.#missing(change))
    if (meant === undefined || change === undefined || before.size === 0) return undefined
    const operation = this.#operation(meant, before, bodies, change)
    this.#book.add(operation)
    return operation
  }

  /** What stands in the history as done must stand in the document: no later call can have changed it yet. */
  #missing({ verb, edits }: Change): readonly string[] {
    const last = new Map(edits.map((edit) => [`${edit.uid}/${edit.field}`, edit]))
    return [...last].flatMap(([place, { uid, field, value }]) => {
      const alive = aliveIn(this.shadow.tasks.get(uid), field)
      const isThere = alive.some((one) => canonical(one.value) === canonical(value))
      return isThere ? [] : [`T20 ${verb} of ${place} to ${canonical(value)} was acknowledged and is not there`]
    })
  }

  async #newRows(): Promise<{ readonly updates: readonly Uint8Array[]; readonly changes: readonly Change[] }> {
    const isOpen = this.#project !== undefined
    const store: Store = isOpen ? await this.#openStore() : await openMemoryStore(this.#memory.disk)
    try {
      const updates = await store.read('document', { after: this.#rows.document })
      const changes = await store.read('history', { after: this.#rows.history })
      this.#rows.document = updates.at(-1)?.seq ?? this.#rows.document
      this.#rows.history = changes.at(-1)?.seq ?? this.#rows.history
      return { updates: updates.map(({ bytes }) => bytes), changes: changes.map(({ bytes }) => readChange(bytes)) }
    } finally {
      if (!isOpen) await store[Symbol.asyncDispose]()
    }
  }

  async #openStore(): Promise<Store> {
    const project: Project | undefined = this.#project
    if (project === undefined) throw new Error('no process is there')
    return pumped(
      this.runtime,
      project.hold().then((held) => held.store),
    )
  }

  async #outcome(what: string, working: Promise<unknown>): Promise<Outcome> {
    try {
      await pumped(this.runtime, working)
      return 'done'
    } catch (cause) {
      if (cause instanceof TaskError && REFUSALS.has(cause.code)) return 'refused'
      this.problems.push(`T21 ${what} failed: ${cause instanceof Error ? cause.stack : String(cause)}`)
      return 'refused'
    }
  }

  /** Nobody waits for the summary's files to be on the disk: after a crash they may be older, or cut. */
  #spoilFiles(dice: Dice): void {
    const { files } = this.#memory
    const fate = dice.next()
    if (fate < 0.4) {
      files.clear()
      for (const [name, bytes] of this.#oldFiles) files.set(name, bytes)
    } else if (fate < 0.7) {
      const [name, bytes] = dice.pick([...files]) ?? []
      if (name !== undefined && bytes !== undefined) files.set(name, bytes.slice(0, dice.below(bytes.length + 1)))
    }
  }

  #operation(
    { what, next }: { readonly what: string; readonly next?: string },
    before: ReadonlyMap<Uid, TaskState | undefined>,
    bodies: ReadonlyMap<Uid, string>,
    change: Change,
  ): Operation {
    const values = [...before].flatMap(([uid, was]) => this.#valuesOf(uid, was, change.verb))
    const written = values.filter(({ isFile }) => !isFile).map(({ value }) => value)
    const client = written[0]?.client ?? 0
    const words = change.texts.map((text) => {
      if (change.verb === 'undo') return this.#wordsTakenBack(text)
      const [was, is] = [new Set(wordsIn(bodies.get(text.uid) ?? '')), new Set(wordsIn(next ?? ''))]
      const gone = new Set([...was].filter((word) => !is.has(word)))
      const came = [...is].filter((word) => !was.has(word))
      return {
        came: came.map((word) => broughtWord(text.text, word, text.client, text.to)),
        went: this.#book.comings(text.text, this.clockOf, gone),
      }
    })
    const purged = change.verb === 'purge' ? values.map(({ uid }) => uid) : []
    const erased = purged.flatMap((uid) =>
      [...this.shadow.doc.getMap('bodies').keys()]
        .filter((name) => name.startsWith(`${uid}/`))
        .flatMap((name) => this.#book.comings(name, this.clockOf)),
    )
    return {
      what,
      writer: this.place,
      client,
      end: this.clockOf(client),
      values,
      came: [...values.flatMap(firstWords), ...words.flatMap(({ came }) => came)],
      went: [...words.flatMap(({ went }) => went), ...erased],
      replaced: values.flatMap((value) => this.#replacedBy(change, value, before.get(value.uid))),
      isDropped: false,
    }
  }

  /** Values that are there now and were not before; what is no longer there they were meant to replace. */
  #valuesOf(uid: Uid, was: TaskState | undefined, verb: Change['verb']): readonly BookedValue[] {
    const is = this.shadow.tasks.get(uid)
    const knew = [...(was?.registers ?? [])].flatMap(([field, values]) =>
      values.map((value) => nameOfValue(uid, field, value)),
    )
    return [...(is?.registers ?? [])].flatMap(([field, values]) => {
      const here = new Set(values.map(stampText))
      const there = new Set(aliveIn(was, field).map(stampText))
      const gone = aliveIn(was, field).filter((value) => !here.has(stampText(value)))
      const names = gone.map((value) => nameOfValue(uid, field, value))
      return values
        .filter((value) => !there.has(stampText(value)))
        .map((value): BookedValue => {
          const then = verb === 'undo' ? this.#book.knewThen(uid, field, value.value) : undefined
          const name = nameOfValue(uid, field, value)
          const saw = verb === 'purge' ? knew : names
          return { name, uid, field, value, isFile: isSeed(value), saw, knew: then ?? knew, at: value.at }
        })
    })
  }

  #wordsTakenBack({ text, client, to, splices }: TextEdit): {
    readonly came: readonly BookedWord[]
    readonly went: readonly string[]
  } {
    return {
      came: splices.flatMap(({ inserted }) => wordsIn(inserted).map((word) => broughtWord(text, word, client, to))),
      went: splices.flatMap(({ removed }) =>
        wordsIn(removed).flatMap((word) => this.#book.standing(text, word, this.clockOf)),
      ),
    }
  }

  #replacedBy({ verb }: Change, { uid, field, value }: BookedValue, was: TaskState | undefined): readonly string[] {
    if (field !== BODY && verb !== 'purge') return []
    const now = field === BODY ? nameOfBody(uid, value.value) : undefined
    const still = new Set(aliveIn(this.shadow.tasks.get(uid), BODY).map(stampText))
    const gone = aliveIn(was, BODY).filter((one) => !still.has(stampText(one)))
    const texts = new Set(gone.flatMap((one) => nameOfBody(uid, one.value) ?? []))
    return [...texts].flatMap((text) => (text === now ? [] : this.#book.comings(text, this.clockOf)))
  }
}

function firstWords({ uid, field, value }: { uid: Uid; field: Field; value: Alive }): readonly BookedWord[] {
  const text = value.value
  if (field !== BODY || typeof text !== 'string') return []
  return wordsIn(text).map((word) => firstWord(nameOfText(uid, text), word))
}

/** Whoever sleeps is woken: nothing else turns the clock while a call runs. */
async function pumped<Result>(runtime: MemoryRuntime, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const finished = work.finally(() => (isDone = true))
  finished.catch(() => undefined)
  for (await turn(); !isDone; await turn()) if (runtime.sleeping > 0) await runtime.advance(1)
  return finished
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
