/**
 * A project open in one process: answers from the summary while it can, takes the store when something is to be written,
 * loads the document when an edit needs its characters. One writer at a time; a settled commit is on the disk.
 *
 *   summary ── hold() ──▶ store held ── replica() ──▶ document loaded
 */
import { TaskError } from '../errors.ts'
import { createEmitter, type Emitter } from '../events.ts'
import { keysIn, type Change } from '../history/change.ts'
import { newShortId, type ActorId, type Key, type Uid } from '../ids.ts'
import type { Store } from '../ports.ts'
import { shownKey } from '../task/keys.ts'
import type { TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import type { TaskView } from '../task/types.ts'
import { encodeUpdate } from '../task/update.ts'
import { isGone, viewTask, type ViewContext } from '../task/view.ts'
import type { EditedBodies } from './body-edits.ts'
import { Held } from './held.ts'
import { planEntries, type Plan } from './plan.ts'
import { readSummary, type Summary } from './summary.ts'
import { createSummaryTable, type SummaryTable } from './summary-table.ts'
import { readBodyAt, type SummaryChanges } from './summary-writer.ts'
import type { ProjectWorld } from './world.ts'

export interface ProjectEvents {
  changed: { readonly tasks: readonly TaskView[]; readonly change: Change }
}

/** What comes with updates from elsewhere. */
export interface Along {
  readonly history?: readonly Change[]
  readonly lastNumber?: number
}

/** A writer between its commit and its seal needs a moment; after these tries the summary is taken for stale. */
const FRESH_TRIES = 8

export class Project implements AsyncDisposable {
  readonly world: ProjectWorld
  readonly #emitter: Emitter<ProjectEvents>
  #summary: Summary | undefined
  #table: SummaryTable | undefined
  #replica: Replica | undefined
  #held: Held | undefined
  #holding: Promise<Held> | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(world: ProjectWorld) {
    this.world = world
    this.#emitter = createEmitter(world.runtime.log)
  }

  get on(): Emitter<ProjectEvents>['on'] {
    return this.#emitter.on
  }

  /** Whether this process keeps the store for as long as it lives. */
  get isLive(): boolean {
    return this.world.live === true
  }

  /** All tasks as they are now. Without the store when the summary is known to be true. */
  async tasks(): Promise<TaskTable> {
    if (this.#held === undefined && !(await this.#readFresh())) await this.hold()
    return this.#known ?? (await this.replica()).tasks
  }

  /** The summary as it is on the disk now, for lists. */
  async summary(): Promise<Summary> {
    if (this.#held === undefined && (await this.#readFresh()) && this.#summary !== undefined) return this.#summary
    await this.hold()
    const read = (): Promise<Summary | undefined> => readSummary(this.world.summary, this.world.config)
    const summary = await read()
    if (summary !== undefined) return summary
    await this.rebuild() // someone took the files away
    const again = await read()
    if (again !== undefined) return again
    throw new TaskError('FAULT', { problem: 'the summary could not be made' })
  }

  context(tasks: TaskTable): ViewContext & { readonly keyOf: (state: TaskState) => Key } {
    const { prefix, statuses } = this.world.config
    const printed = this.#replica === undefined ? this.#table : undefined
    const keyOf = (state: TaskState): Key => printed?.printedKey(state.uid) ?? shownKey(tasks, state, prefix)
    return { tasks, prefix, statuses, now: this.world.runtime.now(), keyOf }
  }

  async body(state: TaskState): Promise<string> {
    if (this.#replica !== undefined) return (await import('../task/body.ts')).readBody(this.#replica, state)
    const place = this.#held?.writer.placeOf(state.uid) ?? this.#table?.line(state.uid)?.textPlace()
    const texts = this.#held?.writer.textsName ?? this.#summary?.texts
    if (texts === undefined || place === undefined) return ''
    const body = await readBodyAt(this.world.summary, texts, place)
    if (body !== undefined) return body
    const replica = await this.replica() // someone took the file of texts away
    return (await import('../task/body.ts')).readBody(replica, replica.tasks.get(state.uid))
  }

  /** The document with its table; from now on the table is the document's. */
  async replica(): Promise<Replica> {
    const held = await this.hold()
    while (this.#replica === undefined && this.#held === held) {
      const { nonce } = held.seal
      const replica = await this.#openHeld(held)
      // What was read before a commit lacks it, and what someone else opened meanwhile may have edits in it.
      if (held.seal.nonce === nonce) this.#replica ??= replica
    }
    return this.#replica ?? this.replica()
  }

  async history(): Promise<readonly Change[]> {
    return (await this.hold()).history()
  }

  /** What a new task follows: the greatest number ever given, the last place in the order. */
  async lasts(): Promise<{ readonly lastNumber: number; readonly lastOrder: string | null }> {
    const { lastNumber, writer } = await this.hold()
    return { lastNumber, lastOrder: writer.lastOrder }
  }

  async store(): Promise<Store> {
    return (await this.hold()).store
  }

  /** Makes the summary again, whatever it said. */
  async rebuild(): Promise<void> {
    await this.#oneAtATime(async () => this.#rebuild(await this.hold()))
  }

  /** Plans under the lock and writes what was planned: all of it, durable, or nothing. Undefined when nothing differs. */
  async commit(make: (tasks: TaskTable) => Plan | undefined | Promise<Plan | undefined>): Promise<Change | undefined> {
    return this.#oneAtATime(async () => {
      const held = await this.hold()
      const plan = await make(await this.tasks())
      if (plan === undefined || (plan.writes.length === 0 && (plan.bodies ?? []).length === 0)) return undefined
      try {
        const change = await this.#write(held, plan)
        this.#compactSoon(held)
        return change
      } catch (cause) {
        // Whatever the document took in memory may not be on the disk: forget it, the store is the truth.
        await this.#release(held)
        throw cause
      }
    })
  }

  /** Takes updates from elsewhere in: a backup, later a relay. Returns the tasks they touched. */
  async absorb(
    updates: readonly Uint8Array[],
    from: Pick<Change, 'verb' | 'name'>,
    along: Along = {},
  ): Promise<readonly Uid[]> {
    return this.#oneAtATime(async () => {
      const held = await this.hold()
      const replica = await this.replica()
      const before = new Map<Uid, TaskState | undefined>()
      const known = new Set((await held.history()).map(({ id }) => id))
      const change = this.#change(held, { verb: from.verb, by: from.name, writes: [] })
      const past = [...(along.history ?? []).filter(({ id }) => !known.has(id)), change]
      if (replica.isFilled) return this.#absorbIntoGaps(held, updates, past, along.lastNumber)
      try {
        using _watch = replica.on('changed', (event) => event.before.forEach((state, uid) => before.set(uid, state)))
        if (!replica.hear(updates, 'remote')) return []
        // What waits for an earlier update, or for a later version, is kept too: it was heard, and may never be said again.
        await held.commit(
          updates,
          before.size === 0 ? [] : past,
          Math.max(replica.tasks.greatestNumber, along.lastNumber ?? 0),
        )
      } catch (cause) {
        await this.#release(held)
        throw cause
      }
      held.cursor = replica.cursor(held.actor, held.cursor.client)
      const context = this.context(replica.tasks)
      const uids = new Set(before.keys())
      this.#announce(uids, replica.tasks, change)
      await this.#summarise(held, {
        tasks: replica.tasks,
        uids,
        before,
        isFromElsewhere: true,
        context,
        body: (state) => this.body(state),
        seal: held.seal,
      })
      return [...uids]
    })
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
    this.#closed ??= this.#queue.then(() => this.#close())
    return this.#closed
  }

  get #known(): TaskTable | undefined {
    return this.#replica?.tasks ?? this.#table
  }

  async #close(): Promise<void> {
    await this.#holding?.catch(() => undefined)
    const held = this.#held
    this.#held = undefined
    await held?.close()
  }

  async #take(): Promise<Held> {
    const store = await this.world.openStore()
    try {
      const held = await Held.take(this.world, store)
      if (held.summary === undefined) await this.#rebuild(held)
      else {
        this.#summary = held.summary
        this.#table = createSummaryTable(held.summary)
      }
      this.#held = held
      return held
    } catch (cause) {
      this.#replica = undefined
      await store[Symbol.asyncDispose]()
      throw cause
    }
  }

  /** Makes the summary from the document. */
  async #rebuild(held: Held): Promise<void> {
    const opened = this.#replica ?? (await this.#openHeld(held))
    this.#replica ??= opened
    const { tasks } = this.#replica
    held.cursor = this.#replica.cursor(held.actor, held.cursor.client)
    await held.writer.rewrite({
      tasks,
      context: this.context(tasks),
      body: (state) => this.body(state),
      seal: held.seal,
    })
  }

  async #readFresh(): Promise<boolean> {
    if (this.#table !== undefined && this.#summary?.seal.mark === this.world.summary.mark()) return true
    for (let attempt = 0; attempt < FRESH_TRIES; attempt++) {
      const summary = await readSummary(this.world.summary, this.world.config)
      if (summary === undefined) return false
      if (summary.seal.mark === this.world.summary.mark()) {
        this.#summary = summary
        this.#table = createSummaryTable(summary)
        return true
      }
      await this.world.runtime.sleep(1 + attempt)
    }
    return false
  }

  async #write(held: Held, plan: Plan): Promise<Change | undefined> {
    const bodies = await this.#editBodies(held, plan.bodies)
    const tasks = await this.tasks()
    const planned = planEntries(tasks, [...plan.writes, ...bodies.writes], held.cursor, this.world.runtime.now())
    if (planned.entries.length === 0 && bodies.updates.length === 0) return undefined
    const update = encodeUpdate(held.cursor, planned.entries, planned.removes)
    const edits: Change = { ...this.#change(held, plan), edits: planned.edits, texts: bodies.texts }
    const keys = keysIn(edits, (uid) => tasks.get(uid) ?? planned.states.get(uid), this.context(tasks).keyOf)
    const change: Change = { ...edits, keys }
    await held.commit([...bodies.updates, update], [change], plan.lastNumber)
    held.goOn(planned.entries.length)
    if (this.#replica === undefined) for (const state of planned.states.values()) this.#table?.put(state)
    else this.#replica.apply([update], 'local')
    const uids = new Set(planned.states.keys())
    const now = await this.tasks()
    this.#announce(uids, now, change)
    await this.#summarise(held, {
      tasks: now,
      uids,
      before: planned.before,
      isFromElsewhere: false,
      context: this.context(now),
      body: async (state) => plan.newBodies?.get(state.uid) ?? this.body(state),
      seal: held.seal,
    })
    return change
  }

  async #editBodies(held: Held, planned: Plan['bodies'] = []): Promise<EditedBodies> {
    if (planned.length === 0) return { updates: [], writes: [], texts: [], clock: held.cursor.clock }
    const { editBodies } = await import('./body-edits.ts')
    const edited = editBodies(await this.replica(), planned, held.cursor.client)
    if (edited.texts.length > 0) held.cursor = { ...held.cursor, clock: edited.clock }
    return edited
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

  #change(held: Held, { verb, by, undoes }: Plan): Change {
    const { runtime, actorName } = this.world
    const empty = { edits: [], texts: [], keys: {} }
    return {
      id: newShortId(runtime.random),
      at: runtime.now(),
      actor: held.actor,
      name: by ?? actorName,
      verb,
      ...empty,
      undoes: undoes ?? null,
    }
  }

  #announce(uids: Iterable<Uid>, tasks: TaskTable, change: Change): void {
    if (!this.isLive) return
    const context = this.context(tasks)
    const views = [...uids].flatMap((uid) => {
      const state = tasks.get(uid)
      return state === undefined || isGone(state) ? [] : [viewTask(state, context)]
    })
    this.#emitter.emit('changed', { tasks: views, change })
  }

  /** Behind what is asked for, so that nobody waits for it. */
  #compactSoon(held: Held): void {
    if (!held.isDueForCompaction) return
    const compact = async (): Promise<void> => {
      if (this.#held === held)
        await held.compact(async (updates) => {
          const whole = this.#replica?.isFilled === false ? this.#replica : await this.#open(updates)
          return whole.encode()
        })
    }
    this.#queue = this.#queue.then(compact).catch((cause: unknown) => {
      // The updates are all there still; the next commit tries again.
      this.world.runtime.log({ level: 'warn', event: 'store.uncompacted', problem: String(cause) })
    })
  }

  /** What the store has; where rows of it are lost, everything that came after them all the same. */
  async #openHeld(held: Held): Promise<Replica> {
    const updates = await held.document()
    return this.#open(updates, held.lostFrom)
  }

  async #open(updates: readonly Uint8Array[], lostFrom?: ActorId): Promise<Replica> {
    const { openReplica } = await import('../task/replica.ts')
    return openReplica(updates, this.world.runtime.log, lostFrom === undefined ? {} : { lostFrom })
  }

  /** Into a document with gaps: what comes may be what was lost, so it is stored whole and read anew. */
  async #absorbIntoGaps(
    held: Held,
    updates: readonly Uint8Array[],
    past: readonly Change[],
    lastNumber = 0,
  ): Promise<readonly Uid[]> {
    await held.commit(updates, past, lastNumber)
    this.#replica = undefined
    this.#table = undefined
    await this.#rebuild(held)
    return [...(await this.tasks()).uids()]
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work, work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }
}
