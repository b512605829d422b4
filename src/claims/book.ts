/**
 * The arbiter of one project: the ledger with the log that keeps it. Answers one request after the other, each when all that
 * it rests on is on the disk; those who wait for a task get it in the order in which they came.
 *
 *   log <name>     rows of JSON: the changes that one commit made, in order
 */
import { asTaskError, TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import type { Runtime, Store, StoreChange } from '../ports.ts'
import { decide, isSameRequest, type Decision } from './decide.ts'
import { Ledger, type LedgerChange } from './ledger.ts'
import type { ClaimAnswer, ClaimRequest, Holding, TimedAnswer } from './request.ts'

export interface BookWorld {
  readonly runtime: Pick<Runtime, 'now' | 'sleep'> & Partial<Pick<Runtime, 'log'>>
  readonly store: Pick<Store, 'read' | 'commit'>
  /** Takes changes of the ledger to the disk, with what else belongs into the same commit. @default the store's commit */
  readonly commit?: (changes: readonly StoreChange[]) => Promise<void>
  /** Rows of the log after which they become one. @default 2,000 */
  readonly manyRows?: number
}

export interface AskOptions {
  /** How long a claim may wait for what others hold. @default 0 */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

type Claim = ClaimRequest & { readonly kind: 'claim' }

interface Waiter {
  readonly request: Claim
  hasWaitedEnough: boolean
  readonly settle: (answer: TimedAnswer) => void
  readonly fail: (cause: unknown) => void
}

const MOVING_VERBS = new Set(['grant', 'end'])
const LEASE_VERBS = new Set(['grant', 'renew', 'end'])
const MANY_ROWS = 2_000
/** Clocks jump: while somebody waits for a lease to run out, the book looks at least this often. */
const LOOK_AGAIN_MS = 10_000

export class ClaimBook implements AsyncDisposable {
  /** With all that was decided. */
  readonly #ledger: Ledger
  /** With what is on the disk. */
  readonly #kept: Ledger
  readonly #world: BookWorld
  readonly #log: string
  #rows: number
  /** Decided, and not on its way to the disk yet. */
  #unsaved: LedgerChange[] = []
  #saving: Promise<void> | undefined
  #nextSave: Promise<void> | undefined
  #failure: TaskError | undefined
  #isOver = false
  /** In the order in which they came. */
  #waiters: Waiter[] = []
  #nap: AbortController | undefined
  /** Hears which tasks are held by others now, or by nobody; when that is on the disk. Not that a lease ran out. */
  onChanged: (uids: readonly Uid[]) => void = () => undefined
  /** Hears which tasks have another lease on the disk, or none: also that one was renewed. Before `onChanged`. */
  onLeases: (uids: readonly Uid[]) => void = () => undefined

  private constructor(world: BookWorld, log: string, rows: readonly (readonly LedgerChange[])[]) {
    this.#world = world
    this.#log = log
    this.#rows = rows.length
    this.#ledger = new Ledger()
    this.#kept = new Ledger()
    for (const changes of rows) {
      this.#ledger.apply(changes)
      this.#kept.apply(changes)
    }
  }

  /** There must be no other for this log, nor one that still has something on its way to the disk. */
  static async load(world: BookWorld, log: string): Promise<ClaimBook> {
    const rows = await world.store.read(log)
    const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))
    return new ClaimBook(
      world,
      log,
      rows.map(({ bytes }) => parse(bytes) as readonly LedgerChange[]),
    )
  }

  /** The disk did not take something: memory is ahead of it, and nothing is answered any more. */
  get isBroken(): boolean {
    return this.#failure !== undefined
  }

  /** Everything that is held now, as far as it is on the disk. */
  holdings(): readonly Holding[] {
    return this.#kept.holdings(this.#world.runtime.now())
  }

  /** What is held or was, as far as it is on the disk and was not ended, in no order. */
  leases(): Iterable<Holding> {
    return this.#kept.leases()
  }

  /** The lease of a task on the disk, also one that ran out, unless it was ended. */
  last(uid: Uid): Holding | undefined {
    return this.#kept.last(uid)
  }

  /** All tokens ever granted, as far as they are on the disk, for another arbiter to learn. */
  tokens(): readonly (readonly [uid: Uid, token: number])[] {
    return this.#kept.tokens()
  }

  /** When all that was decided by now is on the disk, and so what is shown is all. Rejects where the disk does not take it. */
  async quiet(): Promise<void> {
    this.#assertWhole()
    await this.#saved()
  }

  /** Rejects where the disk does not take it, and with the signal's reason while it waits. */
  async ask(request: ClaimRequest, { waitMs = 0, signal }: AskOptions = {}): Promise<TimedAnswer> {
    signal?.throwIfAborted()
    this.#assertWhole()
    const now = this.#world.runtime.now()
    // Who waits came before.
    this.#serve(now)
    if (request.kind !== 'claim' && request.kind !== 'take')
      return this.#settle(decide(this.#ledger, request, now, this.#awaited(this.#waiters)), now)
    const place = this.#waiters.findIndex((waiter) => waiter.request.request === request.request)
    const same = this.#waiters[place]
    if (same !== undefined && !isSameRequest(same.request, request)) return this.#answered({ outcome: 'reused' }, now)
    // One that asks again, because its first connection was lost, keeps its place.
    const before = same === undefined ? this.#waiters : this.#waiters.slice(0, place)
    const decision = decide(this.#ledger, request, now, this.#awaited(before))
    const waits = request.kind === 'claim' && waitMs > 0 && decision.answer.outcome === 'held'
    const answer = waits ? this.#wait(request, waitMs, before.length, signal) : this.#settle(decision, now)
    same?.fail(new TaskError('CONNECTION_CLOSED', { reason: 'the same request was asked again', executed: 'no' }))
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#nap?.abort()
    for (const { fail } of Array.from(this.#waiters)) fail(overError())
    await this.#saved().catch(() => undefined) // whoever asked is told
  }

  #settle({ answer, changes }: Decision, now: number): Promise<TimedAnswer> {
    this.#take(changes, now)
    return this.#answered(answer, now)
  }

  /** Also an answer that changes nothing rests on what may not be on the disk yet. */
  async #answered(answer: ClaimAnswer, at: number): Promise<TimedAnswer> {
    await this.#saved()
    return { ...answer, at }
  }

  #take(changes: readonly LedgerChange[], now: number): void {
    if (changes.length === 0) return
    this.#ledger.apply(changes)
    this.#unsaved.push(...changes)
    void this.#saved().catch(() => undefined) // told to those who asked
    if (changes.some(({ do: verb }) => verb === 'end')) this.#serve(now)
  }

  #awaited(waiters: readonly Waiter[]): ReadonlySet<Uid> {
    return new Set(waiters.flatMap(({ request }) => request.tasks))
  }

  #wait(request: Claim, waitMs: number, place: number, signal: AbortSignal | undefined): Promise<TimedAnswer> {
    return new Promise((resolve, reject) => {
      const patience = new AbortController()
      const leave = (): void => {
        patience.abort()
        signal?.removeEventListener('abort', giveUp)
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
      }
      const giveUp = (): void => {
        leave()
        reject(signal?.reason)
        if (!this.#isOver) this.#serve(this.#world.runtime.now())
      }
      const waiter: Waiter = {
        request,
        hasWaitedEnough: false,
        settle: (answer) => (leave(), resolve(answer)),
        fail: (cause) => (leave(), reject(cause)),
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiters = this.#waiters.toSpliced(place, 0, waiter)
      const { runtime } = this.#world
      // Not by the clock: that one jumps.
      void runtime.sleep(waitMs, { signal: patience.signal }).then(
        () => {
          waiter.hasWaitedEnough = true
          this.#serve(runtime.now())
        },
        () => undefined, // it left before
      )
      this.#sleep()
    })
  }

  /** In the order in which they came: a later one never gets what an earlier one waits for. */
  #serve(now: number): void {
    const awaited = new Set<Uid>()
    for (const waiter of Array.from(this.#waiters)) {
      const { request, hasWaitedEnough } = waiter
      const { answer, changes } = decide(this.#ledger, request, now, awaited)
      if (answer.outcome !== 'held') this.#end(waiter, { answer, changes }, now)
      else if (hasWaitedEnough) this.#end(waiter, { answer: { ...answer, outcome: 'timeout' }, changes }, now)
      else {
        this.#take(changes, now)
        for (const uid of request.tasks) awaited.add(uid)
      }
    }
    this.#sleep()
  }

  #end(waiter: Waiter, decision: Decision, now: number): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    this.#settle(decision, now).then(waiter.settle, waiter.fail)
  }

  /** Until the first lease that somebody waits for runs out. */
  #sleep(): void {
    this.#nap?.abort()
    this.#nap = undefined
    if (this.#waiters.length === 0) return
    const { runtime } = this.#world
    const now = runtime.now()
    const ends = this.#waiters.flatMap(({ request: { tasks } }) =>
      tasks.flatMap((uid) => this.#ledger.holding(uid, now)?.expiresAt ?? []),
    )
    const nap = new AbortController()
    this.#nap = nap
    void runtime
      .sleep(Math.max(1, Math.min(LOOK_AGAIN_MS, ...ends.map((end) => end - now))), { signal: nap.signal })
      .then(
        () => this.#serve(runtime.now()),
        () => undefined, // something happened before
      )
  }

  /** When everything that was decided so far is on the disk. */
  #saved(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#unsaved.length === 0) return this.#nextSave ?? this.#saving ?? Promise.resolve()
    this.#nextSave ??= this.#save(this.#saving)
    return this.#nextSave
  }

  /** What is decided while the disk works goes along with the next. */
  async #save(before: Promise<void> | undefined): Promise<void> {
    await before
    let saved: readonly LedgerChange[]
    try {
      if (this.#rows >= (this.#world.manyRows ?? MANY_ROWS)) await this.#compact()
      const changes = this.#unsaved
      this.#unsaved = []
      this.#saving = this.#nextSave
      this.#nextSave = undefined
      await this.#commit([{ append: this.#log, bytes: bytesOf(changes) }])
      this.#rows++
      this.#kept.apply(changes)
      saved = changes
    } catch (cause) {
      throw this.#break(asTaskError(cause))
    }
    // Whatever becomes of that: it is on the disk.
    this.#tell((uids) => this.onLeases(uids), saved, LEASE_VERBS)
    this.#tell((uids) => this.onChanged(uids), saved, MOVING_VERBS)
  }

  #tell(listener: (uids: readonly Uid[]) => void, changes: readonly LedgerChange[], verbs: ReadonlySet<string>): void {
    const uids = new Set<Uid>()
    for (const change of changes) if (change.do !== 'remember' && verbs.has(change.do)) uids.add(change.uid)
    if (uids.size === 0) return
    try {
      listener([...uids])
    } catch (cause) {
      this.#world.runtime.log?.({ level: 'error', event: 'claims.untold', problem: String(cause) })
    }
  }

  /** Before a commit, not behind it: what is on the disk is told, also where this fails. */
  async #compact(): Promise<void> {
    const through = (await this.#world.store.read(this.#log)).at(-1)?.seq
    if (through === undefined) return
    await this.#commit([{ compact: this.#log, through, snapshot: bytesOf(this.#kept.whole()) }])
    this.#rows = 1
  }

  #commit(changes: readonly StoreChange[]): Promise<void> {
    return this.#world.commit?.(changes) ?? this.#world.store.commit(changes)
  }

  /** Memory is ahead of the disk: nothing that rests on it may be told any more. */
  #break(failure: TaskError): TaskError {
    this.#failure = failure
    this.#nap?.abort()
    for (const { fail } of Array.from(this.#waiters)) fail(failure)
    return failure
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isOver) throw overError()
  }
}

function bytesOf(changes: readonly LedgerChange[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(changes))
}

function overError(): TaskError {
  return new TaskError('CONNECTION_CLOSED', { reason: 'the arbiter of claims is going away', executed: 'no' })
}
