/** What one relay does under one load: delays at a rate, the most updates it carries, clients that come. No verdicts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { median } from './measure.ts'
import { documentOf, now, type Fresh, type Schedule } from './relay-clients.ts'
import {
  clientProcess,
  foreignCores,
  RelayPlace,
  usageOf,
  type ClientProcess,
  type RelayKind,
} from './relay-process.ts'

export interface Delays {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly lost: number
  readonly lateMs: number
  /** All of them, sorted. */
  readonly delays: Float64Array
}

/** What was heard in time, and all of it. */
const MOST_DELAY_MS = 1_000
const STAGE_SECONDS = 2
/** The writer itself makes no more than some tens of thousands a second. */
const MOST_RATE = 32_000
/** The greatest good rate and the least bad one differ by no more. */
const PRECISION = 1.3

/** Documents as files, each made once. */
export class Documents implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tide-bench-documents-'))
  readonly #made = new Map<number, string>()

  file(tasks: number): string {
    const known = this.#made.get(tasks)
    if (known !== undefined) return known
    const file = join(this.#folder, String(tasks))
    writeFileSync(file, Y.encodeStateAsUpdate(documentOf(tasks)))
    this.#made.set(tasks, file)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** A relay with a document, one process that writes and has brought it, two that listen. */
export class Scene implements AsyncDisposable {
  readonly relay: RelayPlace
  readonly writer: ClientProcess = clientProcess()
  readonly listeners: readonly [ClientProcess, ClientProcess] = [clientProcess(), clientProcess()]
  readonly foreign: () => number
  readonly #file: string
  #updates = 1

  private constructor(relay: RelayPlace, file: string) {
    this.relay = relay
    this.#file = file
    this.foreign = foreignCores(this.pids)
  }

  get pids(): readonly number[] {
    return [this.relay.pid, this.writer.pid, ...this.listeners.map(({ pid }) => pid)]
  }

  static async open(kind: RelayKind, tasks: number, documents: Documents): Promise<Scene> {
    const relay = new RelayPlace(kind)
    await relay.start()
    const scene = new Scene(relay, documents.file(tasks))
    const { place } = relay
    await scene.writer.ask('beginWriter', { place, file: scene.#file, seeds: true })
    await scene.listeners[0].ask('untilThere', { place, tasks })
    return scene
  }

  async join(count: number): Promise<void> {
    const { place } = this.relay
    await this.#byListener(count, (listener, some) => listener.ask('join', { place, file: this.#file, count: some }))
  }

  /** So many updates a second, to so many listeners. */
  async stage(rate: number, seconds: number, count: number): Promise<Delays> {
    const updates = Math.max(4, Math.round(rate * seconds))
    const from = this.#updates
    this.#updates += updates
    const schedule: Schedule = { from, to: this.#updates, beginsAt: now() + 100, everyMs: 1_000 / rate }
    await this.#byListener(count, (listener, some) => listener.ask('listen', { schedule, most: updates * some }))
    const { lateMs } = await this.writer.ask('write', schedule)
    const wanted = updates * count
    let heard = 0
    for (let until = now() + 2_500; ; await sleep(25)) {
      heard = (await Promise.all(this.listeners.map(({ ask }) => ask('heard', undefined)))).reduce(
        (sum, one) => sum + one.count,
        0,
      )
      if (heard >= wanted || now() > until) break
    }
    const parts = await Promise.all(this.listeners.map(({ ask }) => ask('delays', undefined)))
    const delays = new Float64Array(parts.reduce((sum, one) => sum + one.delays.length, 0))
    let at = 0
    for (const one of parts) {
      delays.set(one.delays, at)
      at += one.delays.length
    }
    delays.sort()
    const share = (part: number): number => delays[Math.floor((delays.length - 1) * part)] ?? Number.POSITIVE_INFINITY
    return { rate, p50: share(0.5), p99: share(0.99), lost: wanted - heard, lateMs, delays }
  }

  /** The most updates a second that all come in time. */
  async mostUpdates(count: number, first: number): Promise<number> {
    await this.stage(first / 2, STAGE_SECONDS, count)
    let [good, bad, rate] = [0, Number.POSITIVE_INFINITY, first]
    while (rate <= MOST_RATE && bad / good >= PRECISION && rate >= 10) {
      if (await this.#carries(rate, count)) good = rate
      else bad = rate
      rate = bad === Number.POSITIVE_INFINITY ? rate * 2 : Math.sqrt(Math.max(good, bad / 8) * bad)
    }
    return good
  }

  /** A second try: the machine is shared. */
  async #carries(rate: number, count: number): Promise<boolean> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const { p99, lost } = await this.stage(rate, STAGE_SECONDS, count)
      if (p99 <= MOST_DELAY_MS && lost === 0) return true
      await this.#isQuiet()
    }
    return false
  }

  /** The relay has worked off what it took. */
  async #isQuiet(): Promise<void> {
    for (let look = 0; look < 20; look++) {
      const { cpuMs } = usageOf(this.relay.pid)
      await sleep(300)
      if (usageOf(this.relay.pid).cpuMs - cpuMs <= 20) return
    }
  }

  async fresh(tasks: number, repeats: number): Promise<Fresh> {
    const runs: Fresh[] = []
    for (let index = 0; index < repeats; index++) {
      const listener = this.listeners[index % 2] ?? this.listeners[0]
      runs.push(await listener.ask('fresh', { place: this.relay.place, tasks }))
      await sleep(50)
    }
    const of = (pick: (run: Fresh) => number): number => median(runs.map(pick))
    return {
      answeredMs: of((run) => run.answeredMs),
      syncedMs: of((run) => run.syncedMs),
      wholeMs: of((run) => run.wholeMs),
      tasksWhenSynced: Math.min(...runs.map((run) => run.tasksWhenSynced)),
    }
  }

  /** Edits made elsewhere until a light client here has the last; it must be up to date. */
  async reconnect(edits: number): Promise<number> {
    const [here, elsewhere] = this.listeners
    const mark = this.#updates++
    await here.ask('listen', { schedule: { from: mark, to: mark + 1, beginsAt: 0, everyMs: 0 }, most: 1 })
    const { beganAt } = await elsewhere.ask('reconnect', { place: this.relay.place, file: this.#file, edits, mark })
    for (let until = now() + 20_000; now() < until; await sleep(2)) {
      const { count, lastAt } = await here.ask('heard', undefined)
      if (count > 0) return lastAt - beganAt
    }
    return Number.POSITIVE_INFINITY
  }

  async storm(count: number, isFresh: boolean): Promise<{ readonly ms: number; readonly cpuMs: number }> {
    const { place } = this.relay
    const [before, began] = [usageOf(this.relay.pid).cpuMs, now()]
    await this.#byListener(count, (listener, some) =>
      listener.ask('storm', { place, file: this.#file, count: some, isFresh }),
    )
    const ms = now() - began
    await sleep(300)
    return { ms, cpuMs: (usageOf(this.relay.pid).cpuMs - before) / count }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [this.writer, ...this.listeners]) process[Symbol.dispose]()
    await this.relay[Symbol.asyncDispose]()
  }

  async #byListener(count: number, told: (listener: ClientProcess, count: number) => Promise<unknown>): Promise<void> {
    const half = Math.floor(count / 2)
    const [one, two] = this.listeners
    await Promise.all([told(one, count - half), ...(half > 0 ? [told(two, half)] : [told(two, 0)])])
  }
}
