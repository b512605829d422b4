/**
 * The arbiter of one project: the ledger with the log that keeps it. Answers one request after the other, each when all that
 * it rests on is on the disk; those who wait for a task get it in the order in which they came.
 */
import { asTaskError, TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import type { Runtime } from '../ports.ts'
import { withinBounds } from './bounds.ts'
import { anchored, decide, isFromLater, isSameHolder, isSameRequest, type Decision } from './decide.ts'
import { Ledger, type LedgerChange } from './ledger.ts'
import { Line, type Waiter } from './line.ts'
import { ClaimLog, type LogWorld } from './log.ts'
import type { ClaimAnswer, ClaimRequest, Holding, TimedAnswer } from './request.ts'

export interface BookWorld extends LogWorld {
  readonly runtime: Pick<Runtime, 'now' | 'sleep'> & Partial<Pick<Runtime, 'log'>>
}

export interface AskOptions {
  /** How long a claim may wait for what others hold. @default 0 */
  readonly waitMs?: number
  /** Ends waiting. What is asked with the same one waits for so many tasks at most, in all. */
  readonly signal?: AbortSignal | undefined
}

type Claim = ClaimRequest & { readonly kind: 'claim' }

interface Waiting extends Waiter {
  readonly claim: Claim
  /** Of its tasks the one that was in its way when it was looked at last. */
  from: number
  readonly settle: (answer: TimedAnswer) => void
  readonly fail: (cause: unknown) => void
}

/** Clocks jump: while somebody waits for a lease to run out, the book looks at least this often. */
const LOOK_AGAIN_MS = 10_000
/** And no more often than this, however many leases run out one after the other. */
const REST_MS = 20

export class ClaimBook implements AsyncDisposable {
  /** With all that was decided. */
  readonly #ledger: Ledger = new Ledger()
  /** With what is on the disk. */
  readonly #kept: Ledger = new Ledger()
  readonly #world: BookWorld
  readonly #log: ClaimLog
  /** Decided, and not on its way to the disk yet. */
  #unsaved: LedgerChange[] = []
  #saving: Promise<void> | undefined
  #nextSave: Promise<void> | undefined
  #failure: TaskError | undefined
  #isOver = false
  readonly #line = new Line<Waiting>()
  /** What happened to these may concern who waits for them. */
  readonly #moved = new Set<Uid>()
  #isServing = false
  #nap: AbortController | undefined
  /** The first moment at which something that is in somebody's way may have run out. */
  #wakesAt = Infinity
  #lookedAt = -Infinity
  /** Hears which tasks are held by others now, or by nobody; when that is on the disk. Not that a lease ran out. */
  onChanged: (uids: readonly Uid[]) => void = () => undefined
  /** Hears which tasks have another lease on the disk, or none: also that one was renewed. Before `onChanged`. */
  onLeases: (uids: readonly Uid[]) => void = () => undefined

  private constructor(world: BookWorld, log: ClaimLog, changes: readonly LedgerChange[]) {
    this.#world = world
    this.#log = log
    this.#ledger.apply(changes)
    this.#kept.apply(changes)
  }

  /** There must be no other for this log, nor one that still has something on its way to the disk. */
  static async load(world: BookWorld, name: string): Promise<ClaimBook> {
    const log = new ClaimLog(world, name)
    return new ClaimBook(world, log, await log.read())
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
    if (now >= this.#wakesAt) this.#lookAgain()
    if (request.kind === 'claim') return this.#claim(request, now, { waitMs, signal })
    if (request.kind === 'take' && this.#line.find(request.request) !== undefined)
      return this.#answered({ outcome: 'reused' }, now)
    const tasks = request.kind === 'check' ? request.tasks : request.kind === 'take' ? request.candidates : []
    return this.#settle(decide(this.#ledger, request, now, this.#line.awaited(tasks)), now)
  }

  #claim(
    request: Claim,
    now: number,
    { waitMs, signal }: Pick<Required<AskOptions>, 'waitMs'> & AskOptions,
  ): Promise<TimedAnswer> {
    const same = this.#line.find(request.request)
    if (same !== undefined && !isSameRequest(same.claim, request)) return this.#answered({ outcome: 'reused' }, now)
    // One that asks again, because its first connection was lost, keeps its place.
    const place = same?.place ?? this.#line.nextPlace()
    const tasks = [...new Set(request.tasks)]
    const decision = decide(this.#ledger, request, now, this.#line.awaited(tasks, place))
    const waits = waitMs > 0 && decision.answer.outcome === 'held'
    if (waits) this.#line.assertRoom({ tasks, asker: signal }, same)
    if (same !== undefined) {
      this.#leave(same, now)
      same.fail(new TaskError('CONNECTION_CLOSED', { reason: 'the same request was asked again', executed: 'no' }))
    }
    const answer = waits
      ? this.#wait({ request: request.request, claim: request, tasks, place, asker: signal }, waitMs, signal)
      : this.#settle(decision, now)
    this.#serve(now)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#nap?.abort()
    this.#sendAway(overError())
    await this.#saved().catch(() => undefined) // whoever asked is told
  }

  async #settle({ answer, changes }: Decision, now: number): Promise<TimedAnswer> {
    this.#take(withinBounds(this.#ledger, changes, now))
    this.#serve(now)
    return this.#answered(answer, now)
  }

  /** Also an answer that changes nothing rests on what may not be on the disk yet. */
  async #answered(answer: ClaimAnswer, at: number): Promise<TimedAnswer> {
    await this.#saved()
    return { ...answer, at }
  }

  #take(changes: readonly LedgerChange[]): void {
    if (changes.length === 0) return
    this.#ledger.apply(changes)
    for (const change of changes) {
      this.#unsaved.push(change)
      // Also a grant, and a lease that comes back to life, concern who waits: they may be its own.
      if (change.do !== 'remember' && change.do !== 'learn') this.#moved.add(change.uid)
    }
    void this.#saved().catch(() => undefined) // told to those who asked
  }

  #wait(
    who: Omit<Waiting, 'from' | 'settle' | 'fail'>,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<TimedAnswer> {
    return new Promise((resolve, reject) => {
      const patience = new AbortController()
      const end = (): void => {
        patience.abort()
        signal?.removeEventListener('abort', giveUp)
      }
      const giveUp = (): void => {
        const now = this.#world.runtime.now()
        this.#leave(waiter, now)
        waiter.fail(signal?.reason)
        this.#serve(now)
      }
      const waiter: Waiting = {
        ...who,
        from: 0,
        settle: (answer) => (end(), resolve(answer)),
        fail: (cause) => (end(), reject(cause)),
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#line.add(waiter)
      this.#look(waiter, this.#world.runtime.now())
      // Not by the clock: that one jumps.
      this.#after(waitMs, patience.signal, () => this.#giveWay(waiter))
    })
  }

  /** It has waited as long as it wanted to. */
  #giveWay(waiter: Waiting): void {
    const now = this.#world.runtime.now()
    if (now >= this.#wakesAt) this.#lookAgain()
    if (!this.#line.has(waiter)) return
    const { answer, changes } = this.#decide(waiter, now)
    this.#end(waiter, { answer: answer.outcome === 'held' ? { ...answer, outcome: 'timeout' } : answer, changes }, now)
    this.#serve(now)
  }

  /** Those whom it concerns; a later one never gets what an earlier one waits for. */
  #serve(now: number): void {
    if (this.#isServing || this.#isOver) return
    this.#isServing = true
    try {
      for (const uid of this.#moved) {
        this.#moved.delete(uid)
        const holding = this.#ledger.holding(uid, now)
        // What nobody holds concerns who came first.
        const first = this.#line.first(uid)
        const candidates =
          holding === undefined
            ? Array.from(first === undefined ? [] : [first])
            : [...this.#line.standingAt(uid)].filter(({ claim }) => isSameHolder(holding, claim.holder))
        for (const waiter of candidates) if (this.#line.standingAt(uid).has(waiter)) this.#look(waiter, now)
        if (holding !== undefined && this.#line.standingAt(uid).size > 0) this.#wake(holding.expiresAt)
      }
    } catch (cause) {
      this.#break(asTaskError(cause))
    } finally {
      this.#isServing = false
    }
  }

  /** It goes on to what else stands in its way, or gets all. */
  #look(waiter: Waiting, now: number): void {
    const uid = this.#inTheWay(waiter, now)
    if (uid === undefined) return this.#end(waiter, this.#decide(waiter, now), now)
    this.#line.stand(waiter, uid)
    const holding = this.#ledger.holding(uid, now)
    if (holding === undefined) return
    if (isFromLater(holding, now)) this.#take(anchored(this.#ledger, waiter.tasks, now))
    this.#wake(this.#ledger.last(uid)?.expiresAt ?? Infinity)
  }

  /** The first task that it cannot have, from the one on that was in its way before. */
  #inTheWay(waiter: Waiting, now: number): Uid | undefined {
    const { tasks, claim, place, from } = waiter
    for (let count = 0; count < tasks.length; count++) {
      const at = (from + count) % tasks.length
      const uid = tasks[at]
      if (uid === undefined) continue
      waiter.from = at
      const holding = this.#ledger.holding(uid, now)
      if (holding === undefined ? this.#line.isAwaited(uid, place) : !isSameHolder(holding, claim.holder)) return uid
    }
    return undefined
  }

  #decide({ claim, tasks, place }: Waiting, now: number): Decision {
    return decide(this.#ledger, claim, now, this.#line.awaited(tasks, place))
  }

  #end(waiter: Waiting, decision: Decision, now: number): void {
    this.#leave(waiter, now)
    this.#settle(decision, now).then(waiter.settle, waiter.fail)
  }

  #leave(waiter: Waiting, now: number): void {
    // What is held concerns the others when that ends.
    for (const uid of this.#line.remove(waiter)) if (this.#ledger.holding(uid, now) === undefined) this.#moved.add(uid)
    if (this.#line.isEmpty) this.#rest()
  }

  #rest(): void {
    this.#nap?.abort()
    this.#wakesAt = Infinity
  }

  #sendAway(cause: TaskError): void {
    for (const waiter of this.#line.all()) {
      this.#line.remove(waiter)
      waiter.fail(cause)
    }
  }

  /** At all that stands in somebody's way: it may have run out, or have been taken to before it was granted. */
  #lookAgain(): void {
    const now = this.#world.runtime.now()
    this.#rest()
    this.#lookedAt = now
    for (const uid of this.#line.obstacles()) {
      const holding = this.#ledger.holding(uid, now)
      if (holding === undefined) this.#moved.add(uid)
      else if (!isFromLater(holding, now)) this.#wake(holding.expiresAt)
      else for (const waiter of Array.from(this.#line.standingAt(uid))) this.#look(waiter, now)
    }
    this.#serve(now)
    if (this.#wakesAt === Infinity && !this.#line.isEmpty) this.#wake(now + LOOK_AGAIN_MS)
  }

  /** At this moment at the latest. */
  #wake(at: number): void {
    if (at >= this.#wakesAt) return
    this.#wakesAt = at
    this.#nap?.abort()
    this.#nap = new AbortController()
    const now = this.#world.runtime.now()
    const rest = Math.min(REST_MS, this.#lookedAt + REST_MS - now)
    this.#after(Math.max(1, rest, Math.min(LOOK_AGAIN_MS, at - now)), this.#nap.signal, () => this.#lookAgain())
  }

  #after(ms: number, signal: AbortSignal, action: () => void): void {
    void this.#world.runtime
      .sleep(ms, { signal })
      .then(action, () => undefined) // something happened before
      .catch((cause: unknown) => this.#break(asTaskError(cause)))
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
    let moved: readonly Uid[]
    let leases: readonly Uid[]
    try {
      // Before a commit, not behind it: what is on the disk is told, also where this fails.
      if (this.#log.isDueForCompaction) await this.#log.compact(this.#kept.whole())
      const changes = this.#unsaved
      this.#unsaved = []
      this.#saving = this.#nextSave
      this.#nextSave = undefined
      await this.#log.append(changes)
      moved = uidsOf(changes, (change) => this.#isMove(change))
      leases = uidsOf(changes, () => true)
      this.#kept.apply(changes)
    } catch (cause) {
      throw this.#break(asTaskError(cause))
    }
    // Whatever becomes of that: it is on the disk.
    this.#tell((uids) => this.onLeases(uids), leases)
    this.#tell((uids) => this.onChanged(uids), moved)
  }

  /** Also where a lease that had run out is renewed. */
  #isMove(change: LedgerChange): boolean {
    if (change.do !== 'renew') return true
    return this.#kept.holding(change.uid, this.#world.runtime.now()) === undefined
  }

  #tell(listener: (uids: readonly Uid[]) => void, uids: readonly Uid[]): void {
    if (uids.length === 0) return
    try {
      listener(uids)
    } catch (cause) {
      this.#world.runtime.log?.({ level: 'error', event: 'claims.untold', problem: String(cause) })
    }
  }

  /** Memory is ahead of the disk: nothing that rests on it may be told any more. */
  #break(failure: TaskError): TaskError {
    this.#failure = failure
    this.#nap?.abort()
    this.#sendAway(failure)
    return failure
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isOver) throw overError()
  }
}

/** Of the leases that are changed. */
function uidsOf(changes: readonly LedgerChange[], where: (change: LedgerChange) => boolean): readonly Uid[] {
  const uids = new Set<Uid>()
  for (const change of changes)
    if (change.do !== 'remember' && change.do !== 'learn' && where(change)) uids.add(change.uid)
  return [...uids]
}

function overError(): TaskError {
  return new TaskError('CONNECTION_CLOSED', { reason: 'the arbiter of claims is going away', executed: 'no' })
}
