/**
 * A project open in one process: answers from the summary while it can, takes the store when something is to be written,
 * loads the document when an edit needs its characters. One writer at a time; a settled commit is on the disk.
 *
 *   summary ── hold() ──▶ store held ── replica() ──▶ document loaded
 */
import { TaskError } from '../errors.ts'
import { createEmitter, type Emitter } from '../events.ts'
import { keysIn, readChange, writeChange, type Change } from '../history/change.ts'
import { newShortId, type Key, type Uid } from '../ids.ts'
import type { Store, StoreChange } from '../ports.ts'
import { shownKey } from '../task/keys.ts'
import type { TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import { advance, encodeUpdate, type Cursor } from '../task/update.ts'
import type { TaskView } from '../task/types.ts'
import { isGone, viewTask, type ViewContext } from '../task/view.ts'
import type { EditedBodies } from './body-edits.ts'
import { DOCUMENT, headChange, HISTORY, inPlace, newHead, readHead, withNonce, type Head } from './head.ts'
import { planEntries, type Plan } from './plan.ts'
import { readSummary, type Summary } from './summary.ts'
import { createSummaryTable, type SummaryTable } from './summary-table.ts'
import { readBodyAt, SummaryWriter, type SealFacts } from './summary-writer.ts'
import type { ProjectWorld } from './world.ts'

export interface ProjectEvents {
  changed: { readonly tasks: readonly TaskView[]; readonly change: Change }
}

/** Below this a log is never worth compacting. */
const LEAST_LOG_BYTES = 256 * 1024

/** Everything that is only there while the store is held. */
interface Held {
  readonly store: Store
  head: Head
  cursor: Cursor
  writer: SummaryWriter
}

export class Project implements AsyncDisposable {
  readonly world: ProjectWorld
  readonly #emitter: Emitter<ProjectEvents>
  #summary: Summary | undefined
  #table: SummaryTable | undefined
  #replica: Replica | undefined
  #held: Held | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(world: ProjectWorld) {
    this.world = world
    this.#emitter = createEmitter(world.runtime.log)
  }

  get on(): Emitter<ProjectEvents>['on'] {
    return this.#emitter.on
  }

  /** All tasks as they are now. Without the store when the summary is known to be true. */
  async tasks(): Promise<TaskTable> {
    if (this.#known !== undefined) return this.#known
    if (this.#table === undefined && !(await this.#readFresh())) await this.hold()
    return this.#known ?? (await this.replica()).tasks
  }

  get #known(): TaskTable | undefined {
    return this.#replica?.tasks ?? this.#table
  }

  /** The summary as it is on the disk now, for lists. */
  async summary(): Promise<Summary> {
    if (this.#held === undefined && (await this.#readFresh()) && this.#summary !== undefined) return this.#summary
    await this.hold()
    const summary = await readSummary(this.world.summary, this.world.config)
    if (summary !== undefined) return summary
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
    return texts === undefined || place === undefined ? '' : readBodyAt(this.world.summary, texts, place)
  }

  /** The document with its table; from now on the table is the document's. */
  async replica(): Promise<Replica> {
    const held = await this.hold()
    if (this.#replica === undefined) {
      const rows = await held.store.read(DOCUMENT)
      const { openReplica } = await import('../task/replica.ts')
      this.#replica = openReplica(
        rows.map((row) => row.bytes),
        this.world.runtime.log,
      )
    }
    return this.#replica
  }

  async history(): Promise<readonly Change[]> {
    const { store } = await this.hold()
    return (await store.read(HISTORY)).map((row) => readChange(row.bytes))
  }

  /** What a new task follows: the greatest number ever given, the last place in the order. */
  async lasts(): Promise<{ readonly lastNumber: number; readonly lastOrder: string | null }> {
    const { head, writer } = await this.hold()
    return { lastNumber: head.lastNumber, lastOrder: writer.lastOrder }
  }

  /** Whether this process keeps the store for as long as it lives. */
  get isLive(): boolean {
    return this.world.live === true
  }

  /** Makes the summary again, whatever it said. */
  async rebuild(): Promise<void> {
    await this.#oneAtATime(async () => this.#rebuild(await this.hold()))
  }

  async store(): Promise<Store> {
    return (await this.hold()).store
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
        this.#replica = undefined
        this.#table = undefined
        this.#held = undefined
        await held.store[Symbol.asyncDispose]()
        throw cause
      }
    })
  }

  /** Takes updates from elsewhere in: a backup, later a relay. Returns the tasks they touched. */
  async absorb(
    updates: readonly Uint8Array[],
    change: Pick<Change, 'verb' | 'name'>,
    along: { readonly history?: readonly Change[]; readonly lastNumber?: number } = {},
  ): Promise<readonly Uid[]> {
    return this.#oneAtATime(async () => {
      const held = await this.hold()
      const replica = await this.replica()
      const uids = new Set<Uid>()
      using _watch = replica.on('changed', (event) => event.uids.forEach((uid) => uids.add(uid)))
      replica.apply(updates, 'remote')
      if (uids.size === 0) return []
      const known = new Set((await this.history()).map(({ id }) => id))
      const older = (along.history ?? []).filter(({ id }) => !known.has(id))
      const row = this.#change(held, { verb: change.verb, by: change.name, writes: [] })
      held.head = { ...held.head, lastNumber: Math.max(held.head.lastNumber, along.lastNumber ?? 0) }
      await this.#store(held, updates, [...older, row])
      await held.writer.write({
        tasks: replica.tasks,
        uids,
        context: this.context(replica.tasks),
        body: (state) => this.body(state),
        seal: this.#seal(held),
      })
      this.#announce(uids, replica.tasks, row)
      return [...uids]
    })
  }

  /** The store with everything checked under its lock. Idempotent. */
  async hold(): Promise<Held> {
    if (this.#closed !== undefined) throw new TaskError('CONNECTION_CLOSED', { reason: 'the workspace was closed' })
    if (this.#held !== undefined) return this.#held
    const store = await this.world.openStore()
    try {
      return await this.#start(store)
    } catch (cause) {
      await store[Symbol.asyncDispose]()
      throw cause
    }
  }

  /** Idempotent; waits for what is being written. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #start(store: Store): Promise<Held> {
    const { runtime, place, config, summary: files, writer: note } = this.world
    const stored = await readHead(store)
    const head = inPlace(stored ?? newHead(runtime.random, place), runtime.random, place)
    const summary = await readSummary(files, config)
    const last = note.load()
    const reuse = last !== undefined && last.nonce === head.nonce && head.nonce !== '' && stored?.place === place
    const client = reuse ? last.client : randomClient(runtime.random)
    const fresh = summary !== undefined && summary.seal.nonce === head.nonce && stored?.place === place
    const cursor: Cursor = {
      actor: head.actor,
      client,
      clock: reuse ? last.clock : 0,
      tail: fresh ? summary.seal.tail : null,
    }
    const held: Held = { store, head, cursor, writer: new SummaryWriter(files, config, summary) }
    this.#held = held
    if (fresh) {
      this.#summary = summary
      this.#table = createSummaryTable(summary)
      return held
    }
    await this.#rebuild(held)
    return held
  }

  /** Makes the summary again from the document. */
  async #rebuild(held: Held): Promise<void> {
    const replica = await this.replica()
    held.cursor = replica.cursor(held.head.actor, held.cursor.client)
    await held.writer.rewrite({
      tasks: replica.tasks,
      context: this.context(replica.tasks),
      body: (state) => this.body(state),
      seal: this.#seal(held),
    })
  }

  async #readFresh(): Promise<boolean> {
    // A writer between its commit and its seal needs a moment; after that the summary is taken for stale.
    for (let attempt = 0; attempt < 8; attempt++) {
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

  async #write(held: Held, plan: Plan): Promise<Change> {
    const { runtime } = this.world
    const bodies = await this.#editBodies(held, plan.bodies)
    const tasks = await this.tasks()
    const planned = planEntries(tasks, [...plan.writes, ...bodies.writes], held.cursor, runtime.now())
    const update = encodeUpdate(held.cursor, planned.entries, planned.removes)
    const change: Change = {
      ...this.#change(held, plan),
      edits: planned.edits,
      texts: bodies.texts,
    }
    held.head = { ...held.head, lastNumber: Math.max(held.head.lastNumber, plan.lastNumber ?? 0) }
    const keys = keysIn(change, (uid) => planned.states.get(uid) ?? tasks.get(uid), this.context(tasks).keyOf)
    await this.#store(held, [...bodies.updates, update], [{ ...change, keys }])
    held.cursor = advance(held.cursor, planned.entries.length)
    if (this.#replica === undefined) for (const state of planned.states.values()) this.#table?.put(state)
    else this.#replica.apply([update], 'local')
    const uids = new Set(planned.states.keys())
    const now = await this.tasks()
    await held.writer.write({
      tasks: now,
      uids,
      before: planned.before,
      context: this.context(now),
      body: async (state) => plan.newBodies?.get(state.uid) ?? this.body(state),
      seal: this.#seal(held),
    })
    const done = { ...change, keys }
    this.#announce(uids, now, done)
    return done
  }

  async #editBodies(held: Held, planned: Plan['bodies'] = []): Promise<EditedBodies> {
    if (planned.length === 0) return { updates: [], writes: [], texts: [], clock: held.cursor.clock }
    const { editBodies } = await import('./body-edits.ts')
    const edited = editBodies(await this.replica(), planned, held.cursor.client)
    if (edited.texts.length > 0) held.cursor = { ...held.cursor, clock: edited.clock }
    return edited
  }

  async #store(held: Held, updates: readonly Uint8Array[], past: readonly Change[]): Promise<void> {
    const bytes = updates.reduce((sum, update) => sum + update.length, 0)
    const head = withNonce({ ...held.head, logBytes: held.head.logBytes + bytes }, this.world.runtime.random)
    const changes: StoreChange[] = updates.map((update) => ({ append: DOCUMENT, bytes: update }))
    const rows: StoreChange[] = past.map((change) => ({ append: HISTORY, bytes: writeChange(change) }))
    await held.store.commit([...changes, ...rows, headChange(head)])
    held.head = head
  }

  #change(held: Held, plan: Plan): Change {
    const { runtime, actorName } = this.world
    const { verb, by, undoes = null } = plan
    return {
      id: newShortId(runtime.random),
      at: runtime.now(),
      actor: held.head.actor,
      name: by ?? actorName,
      verb,
      edits: [],
      texts: [],
      keys: {},
      undoes,
    }
  }

  #seal(held: Held): SealFacts {
    return { nonce: held.head.nonce, tail: held.cursor.tail, lastNumber: held.head.lastNumber }
  }

  async #close(): Promise<void> {
    await this.#queue.catch(() => undefined)
    const held = this.#held
    if (held === undefined) return
    try {
      await held.writer.close(this.#seal(held))
      if (held.head.nonce !== '')
        this.world.writer.save({ client: held.cursor.client, clock: held.cursor.clock, nonce: held.head.nonce })
    } finally {
      await held.store[Symbol.asyncDispose]()
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
    if (held.head.logBytes < Math.max(held.head.snapshotBytes, LEAST_LOG_BYTES)) return
    this.#queue = this.#queue.then(() => this.#compact(held))
  }

  /** Puts one snapshot in the place of the updates so far. */
  async #compact(held: Held): Promise<void> {
    const rows = await held.store.read(DOCUMENT)
    const last = rows.at(-1)
    if (last === undefined) return
    const { openReplica } = await import('../task/replica.ts')
    const snapshot = (
      this.#replica ??
      openReplica(
        rows.map((row) => row.bytes),
        this.world.runtime.log,
      )
    ).encode()
    const head = withNonce({ ...held.head, logBytes: 0, snapshotBytes: snapshot.length }, this.world.runtime.random)
    await held.store.commit([{ compact: DOCUMENT, through: last.seq, snapshot }, headChange(head)])
    held.head = head
    await held.writer.close(this.#seal(held))
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work, work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }
}

/** Below the range of seeds, and small enough to stay a small integer. */
function randomClient(random: (count: number) => Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4)
  return (a & 0x7f) * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d || 1
}
