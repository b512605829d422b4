/**
 * A project open in one process: answers from the summary while it can, takes the store when something is to be written,
 * loads the document when an edit needs its characters. One writer at a time; a settled commit is on the disk.
 *
 *   summary ── hold() ──▶ store held ── replica() ──▶ document loaded
 */
import { TaskError } from '../errors.ts'
import { createEmitter, type Emitter } from '../events.ts'
import type { Change } from '../history/change.ts'
import type { Key, Uid } from '../ids.ts'
import { shownKey } from '../task/keys.ts'
import type { TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import type { FileProblem } from '../mirror/dangers.ts'
import type { ClaimView } from '../task/types.ts'
import { type ViewContext, viewsOf } from '../task/view.ts'
import { applyPlan, type Applied } from './applying.ts'
import { ClaimsHere } from './claims-here.ts'
import { FilesBeside } from './files-beside.ts'
import type { ProjectEvents, RelayEvents } from './project-events.ts'
import type { AlongRemote } from './absorbing.ts'
import { Held } from './held.ts'
import type { FilesOptions, FilesOutcome } from './files-exchange.ts'
import type { MirroredProject } from './mirroring.ts'
import type { Plan } from './plan.ts'
import { readFreshSummary, readMended } from './fresh-summary.ts'
import type { Summary } from './summary.ts'
import { createSummaryTable, type SummaryTable } from './summary-table.ts'
import { readBodyBeside } from './body-beside.ts'
import type { SummaryChanges } from './summary-writer.ts'
import { openReplicaOf } from './open-replica.ts'
import { RelayClock } from './relay-clock.ts'
import type { ProjectWorld } from './world.ts'

/** From this many on, the summary is made anew. */
const MANY_TASKS = 500

export class Project implements AsyncDisposable {
  readonly world: ProjectWorld
  readonly #emitter: Emitter<ProjectEvents>
  readonly files: FilesBeside
  /** Who holds what, as far as is known here. */
  readonly claims: ClaimsHere
  readonly clock: RelayClock
  #summary: Summary | undefined
  #table: SummaryTable | undefined
  #replica: Replica | undefined
  #held: Held | undefined
  #holding: Promise<Held> | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined
  readonly #written: ProjectEvents['written'][] = []

  constructor(world: ProjectWorld) {
    this.world = world
    this.#emitter = createEmitter(world.runtime.log)
    this.files = new FilesBeside(world)
    this.claims = new ClaimsHere(this)
    this.clock = new RelayClock(world.runtime)
  }

  get on(): Emitter<ProjectEvents>['on'] {
    return this.#emitter.on
  }

  now(): number {
    return this.clock.now()
  }

  /** What its relay has to say. */
  tell<Name extends keyof RelayEvents>(name: Name, event: ProjectEvents[Name]): void {
    this.#emitter.emit(name, event)
  }

  get isLive(): boolean {
    return this.world.live === true
  }

  /** All tasks as they are now. Without the store when the summary is known to be true. */
  async tasks(): Promise<TaskTable> {
    if (this.#held === undefined && !(await this.#readFresh())) await this.hold()
    return this.#replica?.tasks ?? this.#table ?? (await this.replica()).tasks
  }

  /** The summary as it is on the disk now, for lists. */
  async summary(): Promise<Summary> {
    if (this.#held === undefined && (await this.#readFresh()) && this.#summary !== undefined) return this.#summary
    await this.hold()
    return readMended(this.world, () => this.rebuild())
  }

  context(tasks: TaskTable): ViewContext & { readonly keyOf: (state: TaskState) => Key } {
    const { prefix, statuses } = this.world.config
    const printed = this.#replica === undefined ? this.#table : undefined
    const keyOf = (state: TaskState): Key => printed?.printedKey(state.uid) ?? shownKey(tasks, state, prefix)
    const pathOf = (uid: Uid): string | null => this.files.pathOf(uid, () => this.#table?.line(uid)?.view()?.path)
    const claimOf = (uid: Uid): ClaimView | null => this.claims.view(uid)
    return { tasks, prefix, statuses, now: this.now(), keyOf, pathOf, claimOf }
  }

  async body(state: TaskState): Promise<string> {
    if (this.#replica !== undefined)
      return (await import('../task/body.ts')).readBody(this.#replica, this.#replica.tasks.get(state.uid) ?? state)
    const place = this.#held?.writer.placeOf(state.uid) ?? this.#table?.line(state.uid)?.textPlace()
    const texts = this.#held?.writer.textsName ?? this.#summary?.texts
    return readBodyBeside(this.world.summary, { texts, place }, state, () => this.replica())
  }

  /** The document with its table; from now on the table is the document's. */
  async replica(): Promise<Replica> {
    const held = await this.hold()
    while (this.#replica === undefined && this.#held === held) {
      const { nonce } = held.seal
      const replica = await openReplicaOf(await held.document(), this.world, held)
      // What was read before a commit lacks it, and what someone else opened meanwhile may have edits in it.
      if (held.seal.nonce === nonce) this.#replica ??= replica
    }
    return this.#replica ?? this.replica()
  }

  /** One exchange with the files: what people changed comes in, what the document says goes out. */
  async lookAtFiles(options?: FilesOptions): Promise<FilesOutcome> {
    return this.files.exchange(options, this.#held !== undefined, (work) =>
      this.inTurn((held) => work(this.#asMirrored(held))),
    )
  }

  /** From now on, for as long as the project is open, changed files are taken in as they change. */
  async watchFiles(): Promise<void> {
    await this.files.watch((options) => this.lookAtFiles(options))
  }

  /** What is odd about the files. */
  async fileProblems(): Promise<readonly FileProblem[]> {
    return this.files.problems()
  }

  async rebuild(): Promise<void> {
    await this.#oneAtATime(async () => void (await this.#rebuild(await this.hold())))
  }

  /** Plans under the lock and writes what was planned: all of it, durable, or nothing. Undefined when nothing differs. */
  async commit(make: (tasks: TaskTable) => Plan | undefined | Promise<Plan | undefined>): Promise<Change | undefined> {
    return this.#oneAtATime(async () => {
      const held = await this.hold()
      const plan = await make(await this.tasks())
      if (plan === undefined || (plan.writes.length === 0 && (plan.bodies ?? []).length === 0)) return undefined
      try {
        const applied = await applyPlan(this.#asMirrored(held), plan)
        if (applied === undefined) return undefined
        await this.#finish(held, applied)
        this.#compactSoon(held)
        return applied.change
      } catch (cause) {
        // Whatever the document took in memory may not be on the disk: forget it, the store is the truth.
        await this.#release(held)
        throw cause
      }
    })
  }

  /** Takes updates from elsewhere in: a backup's, a relay's. Returns the tasks they touched. */
  async absorb(
    updates: readonly Uint8Array[],
    from: Pick<Change, 'verb' | 'name'>,
    along: AlongRemote = {},
  ): Promise<readonly Uid[]> {
    return this.inTurn(async (held) => {
      const replica = await this.replica()
      const { absorbUpdates, storeUpdates } = await import('./absorbing.ts')
      if (replica.isFilled) {
        await storeUpdates(held, updates, from, along)
        return this.#readAnew(held)
      }
      const applied = await absorbUpdates(this.#asMirrored(held), replica, updates, from, along)
      if (applied === undefined) return []
      await this.#finish(held, applied)
      this.#compactSoon(held)
      return [...applied.before.keys()]
    })
  }

  /** While nobody else writes; what is thrown makes the project forget what it has in memory: the store is the truth. */
  async inTurn<Result>(work: (held: Held) => Promise<Result>): Promise<Result> {
    return this.#oneAtATime(async () => {
      const held = await this.hold()
      try {
        return await work(held)
      } catch (cause) {
        await this.#release(held)
        throw cause
      }
    })
  }

  /** The store, where this process has it now. */
  get held(): Held | undefined {
    return this.#held
  }

  /** After something was committed beside the tasks: what is derived from the store holds on. */
  async reseal(held: Held): Promise<void> {
    await held.writer.close(held.seal)
    await this.files.seal(held)
  }

  /** Others may have the store until it is needed here. A live process keeps it. */
  async letGo(): Promise<void> {
    if (!this.isLive) await this.#oneAtATime(() => this.#close())
  }

  /** The store with everything checked under its lock. Idempotent. */
  async hold(): Promise<Held> {
    if (this.#held !== undefined) return this.#held
    if (this.#closed !== undefined) throw new TaskError('CONNECTION_CLOSED', { reason: 'the workspace was closed' })
    this.#holding ??= this.#take().finally(() => (this.#holding = undefined))
    return this.#holding
  }

  /** Idempotent; waits for what is being written. */
  [Symbol.asyncDispose](): Promise<void> {
    this.claims.end()
    this.#closed ??= this.files.endWatch().then(() => this.#queue.then(() => this.#close()))
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#holding?.catch(() => undefined)
    const held = this.#held
    this.#held = undefined
    await held?.close(() => this.files.seal(held))
  }

  #asMirrored(held: Held): MirroredProject {
    return {
      held,
      hasFiles: this.files.areThere,
      tasks: () => this.tasks(),
      loaded: () => this.#replica,
      replica: () => this.replica(),
      body: (state) => this.body(state),
      context: (tasks) => this.context(tasks),
      put: (states) => {
        for (const state of states) this.#table?.put(state)
      },
      world: this.world,
      now: () => this.now(),
      announce: (uids, tasks, change) => this.#announce(uids, tasks, change),
      summarise: (uids, before, isFromElsewhere) => this.#summariseAll(held, uids, before, { isFromElsewhere }),
    }
  }

  async #take(): Promise<Held> {
    const store = await this.world.openStore()
    try {
      const held = await Held.take(this.world, store)
      held.onWritten = (write) => void this.#written.push(write)
      if (held.summary === undefined) {
        const replica = await this.#rebuild(held)
        await this.files.ask(this.#asMirrored(held), replica, () => this.#rebuild(held))
      } else {
        this.#summary = held.summary
        this.#table = createSummaryTable(held.summary)
      }
      await this.claims.take(held)
      this.#held = held
      return held
    } catch (cause) {
      this.#replica = undefined
      await store[Symbol.asyncDispose]()
      throw cause
    }
  }

  /** Makes the summary from the document. */
  async #rebuild(held: Held): Promise<Replica> {
    await this.files.ready(held)
    const opened = this.#replica ?? (await openReplicaOf(await held.document(), this.world, held))
    const replica = (this.#replica ??= opened)
    const { tasks } = replica
    held.cursor = replica.cursor(held.actor, held.cursor.client)
    const body = (state: TaskState): Promise<string> => this.body(state)
    await held.writer.rewrite({ tasks, context: this.#lineContext(tasks), body, seal: held.seal })
    return replica
  }

  async #readFresh(): Promise<boolean> {
    if (this.#table === undefined || this.#summary?.seal.mark !== this.world.summary.mark()) {
      const summary = await readFreshSummary(this.world)
      if (summary === undefined) return false
      this.#summary = summary
      this.#table = createSummaryTable(summary)
    }
    return this.claims.read()
  }

  /** The files, whoever listens, the summary. */
  async #finish(held: Held, { change, before, isFromElsewhere, newBodies }: Applied): Promise<void> {
    const uids = new Set(before.keys())
    const written = await this.files.follow(this.#asMirrored(held), uids, newBodies)
    this.#announce(uids, await this.tasks(), change)
    await this.#summariseAll(held, new Set([...uids, ...written]), before, { isFromElsewhere, newBodies })
  }

  async #summariseAll(
    held: Held,
    uids: ReadonlySet<Uid>,
    before: ReadonlyMap<Uid, TaskState | undefined>,
    { isFromElsewhere, newBodies }: Pick<Applied, 'isFromElsewhere' | 'newBodies'>,
  ): Promise<void> {
    const tasks = await this.tasks()
    if (uids.size > MANY_TASKS && this.#replica !== undefined) await this.#rebuild(held)
    else
      await this.#summarise(held, {
        tasks,
        uids,
        before,
        isFromElsewhere,
        context: this.#lineContext(tasks),
        body: async (state) => newBodies?.get(state.uid) ?? this.body(state),
        seal: held.seal,
      })
    await this.files.seal(held)
  }

  /** Lines of the summary say nothing of claims: those change without the task. */
  #lineContext(tasks: TaskTable): ViewContext {
    const { claimOf: _elsewhere, ...context } = this.context(tasks)
    return context
  }

  /** What is committed is committed: a summary that cannot be written is made again by whoever opens the store next. */
  async #summarise(held: Held, changes: SummaryChanges): Promise<void> {
    try {
      await held.writer.write(changes)
    } catch (cause) {
      this.world.runtime.log({ level: 'warn', event: 'summary.unwritten', problem: String(cause) })
      await this.#release(held)
    }
  }

  async #release(held: Held): Promise<void> {
    this.#replica = undefined
    this.#table = undefined
    this.#held = undefined
    await held.store[Symbol.asyncDispose]()
  }

  /** What was committed in this turn, now that the document has it too. */
  #tellWritten(): void {
    for (const write of this.#written.splice(0)) {
      // What a document begins with comes from the store, not from a plan.
      if (write.written === 0) this.#replica?.apply([write.update], 'local')
      this.#emitter.emit('written', write)
    }
  }

  #announce(uids: Iterable<Uid>, tasks: TaskTable, change: Change): void {
    if (!this.isLive) return
    const views = viewsOf(uids, tasks, this.context(tasks))
    this.#emitter.emit('changed', { tasks: views, change })
  }

  /** Behind what is asked for, so that nobody waits for it. */
  #compactSoon(held: Held): void {
    if (!held.isDueForCompaction) return
    const compact = async (): Promise<void> => {
      if (this.#held !== held) return
      await held.compact(async (updates) => {
        const whole = this.#replica?.isFilled === false ? this.#replica : await openReplicaOf(updates, this.world)
        return whole.encode()
      })
      await this.files.seal(held)
    }
    this.#queue = this.#queue.then(compact).catch((cause: unknown) => {
      // The updates are all there still; the next commit tries again.
      this.world.runtime.log({ level: 'warn', event: 'store.uncompacted', problem: String(cause) })
    })
  }

  /** The document with gaps, read anew now that something came that may have been lost. */
  async #readAnew(held: Held): Promise<readonly Uid[]> {
    this.#replica = undefined
    this.#table = undefined
    await this.#rebuild(held)
    const uids = new Set((await this.tasks()).uids())
    await this.files.follow(this.#asMirrored(held), uids)
    return [...uids]
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work, work).finally(() => this.#tellWritten())
    this.#queue = turn.catch(() => undefined)
    return turn
  }
}
