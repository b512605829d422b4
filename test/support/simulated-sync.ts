/** One workspace of the simulation with its connection to the relay: commands, kills, restarts, and what it was told. */
import * as Y from 'yjs'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import { memoryFiles } from '../../adapters/memory/files.ts'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { TaskError, type Caller, type Config, type Project } from '../../src/internal.ts'
import type { Uid } from '../../src/ids.ts'
import { CONFIRMED } from '../../src/task/fields.ts'
import { isConfirmed, numberOf } from '../../src/task/keys.ts'
import { shown } from '../../src/task/registers.ts'
import { Syncing } from '../../src/workspace/syncing.ts'
import type { Dice } from './dice.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from './project.ts'
import type { SimulatedLine } from './simulated-line.ts'
import { lackIn, type SimulatedRelay } from './simulated-relay.ts'
import type { Tally } from './simulation.ts'

type OpenProject = Project & { readonly caller: Caller }
export type Work = (caller: Caller) => Promise<unknown>

/** What a caller may meet without anything being wrong. */
const REFUSALS = new Set(['TASK_NOT_FOUND', 'INVALID_INPUT', 'DEPENDENCY_CYCLE', 'PARENT_CYCLE', 'NOT_DELETED'])

interface Process {
  readonly project: OpenProject
  readonly syncing: Syncing
}

/** Written here, and up to which count of writes that was. */
interface Written {
  readonly update: Uint8Array
  readonly written: number
}

export interface SimulatedSyncOptions {
  readonly place: number
  readonly seed: number
  readonly startMs: number
  readonly config: Config
  readonly withFiles: boolean
  readonly isReader: boolean
  readonly dice: Dice
  readonly tally: Tally
  readonly line: SimulatedLine
  readonly relay: SimulatedRelay
}

export class SimulatedSync {
  readonly line: SimulatedLine
  readonly isReader: boolean
  readonly problems: string[] = []
  /** Everything that was durable here and told so. */
  readonly written: Written[] = []
  /** Told as saved, and not looked for on the relay's disk yet. */
  readonly claims: number[] = []
  readonly numbers: Map<Uid, number> = new Map()
  readonly #options: SimulatedSyncOptions
  readonly #memory: MemoryWorkspace
  #process: Process | undefined

  constructor(options: SimulatedSyncOptions) {
    this.#options = options
    this.line = options.line
    this.isReader = options.isReader
    const { dice, seed, startMs, config, withFiles, place } = options
    const runtime = memoryRuntime({ seed, startMs })
    this.#memory = {
      ...memoryWorkspace({ seed }),
      config,
      isLive: true,
      runtime,
      folder: withFiles ? memoryFiles({ now: () => runtime.now() }) : undefined,
      disk: createMemoryDisk({ survives: () => dice.chance(0.5) }),
      place: `place-${place}`,
    }
  }

  get runtime(): MemoryRuntime {
    return this.#memory.runtime
  }

  get syncing(): Syncing | undefined {
    return this.#process?.syncing
  }

  async open(): Promise<void> {
    if (this.#process !== undefined) return
    const project = openProject(this.#memory)
    let process: Process | undefined
    project.on('written', (written) => void this.written.push(written))
    const presence = { workspace: `place-${this.#options.place}`, actor: 'sara' }
    const syncing = await Syncing.start(project, this.line, { url: 'ws://memory', presence })
    process = { project, syncing }
    this.#process = process
    project.on('saved', ({ written }) => {
      if (this.#process === process) this.claims.push(written)
    })
  }

  async act(what: string, work: Work): Promise<void> {
    await this.open()
    const { caller } = this.#process?.project ?? {}
    if (caller === undefined) return
    try {
      await pumped(this.runtime, work(caller))
      this.#count(`done: ${what}`)
    } catch (cause) {
      if (!(cause instanceof TaskError) || !REFUSALS.has(cause.code))
        this.problems.push(`thrown by ${what}: ${cause instanceof Error ? cause.stack : String(cause)}`)
    }
  }

  /** What someone typed into a file. */
  async editFile(word: string, dice: Dice): Promise<void> {
    const { folder } = this.#memory
    if (folder === undefined) return
    await this.open()
    const { project } = this.#process ?? {}
    const files = (await folder.list('tasks')).map(({ path }) => path)
    const path = dice.pick(files.sort())
    const file = path === undefined ? undefined : await folder.read(path)
    if (path === undefined || file === undefined || file === null || project === undefined) return
    folder.put(path, new TextEncoder().encode(`${new TextDecoder().decode(file.bytes)}${word}\n`))
    await pumped(this.runtime, project.lookAtFiles())
    this.#count('done: file')
  }

  /** Ends as people end it. */
  async close(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    await process?.syncing[Symbol.asyncDispose]()
    if (process !== undefined) await pumped(this.runtime, process.project[Symbol.asyncDispose]())
  }

  /** Dies while it does something; its connection stays behind, or ends with it. */
  async die(work: Work, dice: Dice): Promise<void> {
    await this.open()
    const process = this.#process
    if (process === undefined) return
    const running = work(process.project.caller).catch(() => undefined)
    for (let turns = dice.below(6); turns > 0; turns--) await turn()
    this.#process = undefined
    this.#memory.disk.crash()
    this.#memory.commits++
    if (dice.chance(0.5)) this.line.lose()
    else this.line.cut()
    await pumped(this.runtime, running)
    await pumped(this.runtime, process.syncing[Symbol.asyncDispose]())
    this.#memory.disk.crash()
    this.#count('workspaces killed')
  }

  /** Asks for all to be saved; looks at once when that is told. */
  settle(): void {
    const process = this.#process
    if (process === undefined) return
    const { relay } = this.#options
    const own = this.written.length
    const there = Y.encodeStateVector(relay.durable)
    const lost = relay.hasLost
    void process.syncing.settle().then(
      async () => {
        this.#count('settled')
        if (process !== this.#process) return
        this.#settledFirst = Math.max(this.#settledFirst, own)
        if (relay.hasLost !== lost) return
        const { doc } = await process.project.replica()
        for (const [client, clock] of Y.decodeStateVector(there))
          if (Y.getState(doc.store, client) < clock)
            this.problems.push(`U2 told of everything without ${client} ${clock}`)
      },
      () => this.#count('not settled'),
    )
  }

  /** Whether what was told as saved is on the relay's disk. */
  check(): void {
    const most = Math.max(0, ...this.claims.splice(0))
    this.#check(
      this.written.filter(({ written }) => written > 0 && written <= most),
      'saved',
    )
    this.#check(
      this.written.slice(0, this.#settledFirst).filter(({ written }) => written > 0),
      'settled',
    )
    this.#settledFirst = 0
    const held = this.#process?.project.held
    if (held?.saved !== undefined && held.saved.written > held.written)
      this.problems.push(`U4 ${held.saved.written} writes are said to be saved, of ${held.written}`)
  }

  /** All that was ever told as saved, again. */
  recheck(): void {
    this.#check(
      this.written.filter((one) => this.#saved.has(one)),
      'saved before',
    )
  }

  /** How many of what was written were settled, somebody was told. */
  #settledFirst = 0
  readonly #saved = new Set<Written>()

  #check(claimed: readonly Written[], how: string): void {
    const { durable } = this.#options.relay
    if (claimed.length > 0 && this.isReader) this.problems.push('U21 a reader was told that it is saved')
    for (const one of claimed) {
      if (this.#saved.has(one) && how !== 'saved before') continue
      const lack = lackIn(durable, one.update)
      if (lack !== undefined) this.problems.push(`U1 ${how} and not on the relay's disk: write ${one.written}, ${lack}`)
      this.#saved.add(one)
      this.#count('told as saved')
    }
  }

  /** The relay's data went: nothing is known to be there any more. */
  forgetClaims(): void {
    this.#saved.clear()
    this.claims.length = 0
    this.#settledFirst = 0
  }

  async replica(): Promise<Awaited<ReturnType<Project['replica']>>> {
    await this.open()
    if (this.#process === undefined) throw new Error('no process is there')
    return pumped(this.runtime, this.#process.project.replica())
  }

  /** A number that was confirmed stays. */
  async lookAtNumbers(): Promise<void> {
    const { tasks } = await this.replica()
    for (const uid of tasks.uids()) {
      const state = tasks.get(uid)
      if (state === undefined || !isConfirmed(state)) continue
      const number = numberOf(state) ?? 0
      const before = this.numbers.get(uid)
      if (before !== undefined && before !== number) this.problems.push(`U30 ${uid} was ${before}, is ${number}`)
      this.numbers.set(uid, number)
      if (shown(state, CONFIRMED) === undefined) this.problems.push(`U30 ${uid} is confirmed and says nothing`)
    }
  }

  #count(name: string): void {
    this.#options.tally[name] = (this.#options.tally[name] ?? 0) + 1
  }
}

/** Whoever sleeps is woken: nothing else turns the clock while a call runs. */
async function pumped<Result>(runtime: MemoryRuntime, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const finished = work.finally(() => (isDone = true))
  finished.catch(() => undefined)
  for (let turns = 0; !isDone; turns++) {
    await turn()
    if (turns > 3 && runtime.sleeping > 0) await runtime.advance(1)
    if (turns > 20_000) throw new Error('it never ends')
  }
  return finished
}

export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
