/** Claims as one workspace knows them, kept beside its tasks: durable where only it knows them, readable without the store. */
import { ClaimBook } from '../claims/book.ts'
import type { Holding } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import type { StoreChange } from '../ports.ts'
import type { ClaimView } from '../task/types.ts'
import { isoTime } from '../task/time.ts'
import { viewOfHolding } from './claim-outcome.ts'
import {
  CLAIMS,
  isSameOwn,
  knownHolding,
  NO_CLAIMS,
  readOwn,
  readState,
  tentativeOf,
  writeOwn,
  writeState,
  type ClaimState,
  type PendingClaim,
  type Settled,
} from './claim-state.ts'
import type { Held } from './held.ts'
import type { ProjectEvents } from './project-events.ts'
import type { ProjectWorld } from './world.ts'

/** The project as far as claims need it. */
export interface ClaimsProject {
  readonly world: ProjectWorld
  now(): number
  inTurn<Result>(work: (held: Held) => Promise<Result>): Promise<Result>
  /** After a commit beside the tasks: what is derived from the store is true still. */
  reseal(held: Held): Promise<void>
  tell<Name extends 'claimed' | 'released'>(name: Name, event: ProjectEvents[Name]): void
}

/** Clocks are set: while somebody holds a task, whether its lease is over is looked at so often at least. */
const LOOK_AGAIN_MS = 60_000
const OPENED_ANEW = 'the store was opened anew'

export class ClaimsHere {
  readonly #project: ClaimsProject
  #state: ClaimState = NO_CLAIMS
  /** Of the state; undefined where no file says it. */
  #count: number | undefined
  /** As it was told last. */
  #told: ReadonlyMap<Uid, ClaimView> | undefined
  #nap: AbortController | undefined
  #isOver = false
  /** The store knows more than the file. */
  #isBehind = false
  #settling: Promise<Settled> | undefined
  #hasLookedBack = false
  #book: { readonly held: Held; readonly opening: Promise<ClaimBook> } | undefined

  constructor(project: ClaimsProject) {
    this.#project = project
  }

  get state(): ClaimState {
    return this.#state
  }

  /** Who decides: the relay, or this workspace where the project has none. */
  get scope(): ClaimView['scope'] {
    return this.#project.world.config.relay === 'none' ? 'workspace' : 'relay'
  }

  /** The arbiter here has written down what the file does not say yet. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Who holds a task now, as far as is known here. */
  view(uid: Uid): ClaimView | null {
    if (this.#state === NO_CLAIMS) return null
    const holding = this.holding(uid)
    if (holding !== undefined) return this.viewOf(holding)
    const tentative = this.tentative(uid)
    if (tentative === undefined) return null
    const { by, type } = tentative.holder
    return { by, type, token: 0, expiresAt: isoTime(tentative.until), state: 'tentative', scope: this.scope }
  }

  /** A lease ends by the clock of who granted it. */
  holding(uid: Uid): Holding | undefined {
    return knownHolding(this.#state, uid, this.#project.now())
  }

  /** Nobody has granted it yet: it ends by this machine's clock, whatever others show meanwhile. */
  tentative(uid: Uid): PendingClaim | undefined {
    return tentativeOf(this.#state, uid, this.#project.world.runtime.now())
  }

  viewOf(holding: Holding): ClaimView {
    return viewOfHolding(holding, this.scope)
  }

  /** All tasks that somebody holds. */
  views(): ReadonlyMap<Uid, ClaimView> {
    const { known, outbox } = this.#state
    const uids = [
      ...known.map(({ uid }) => uid),
      ...outbox.flatMap((pending) => (pending.kind === 'claim' ? pending.tasks : [])),
    ]
    const found = new Map<Uid, ClaimView>()
    for (const uid of uids) {
      const view = this.view(uid)
      if (view !== null) found.set(uid, view)
    }
    return found
  }

  /** What the file says, for readers who do not hold the store. False where it says nothing, and the store may. */
  async read(): Promise<boolean> {
    const file = await this.#project.world.summary.read(CLAIMS)
    const read = file === undefined ? undefined : readState(file.text(0, file.length))
    this.#count = read?.count
    this.#state = read ?? NO_CLAIMS
    return read !== undefined || (file === undefined && this.scope === 'relay')
  }

  /** Whoever takes the store knows what is durable; what others hold is as it was heard last. A file that says less is made anew. */
  async take(held: Pick<Held, 'store'>): Promise<void> {
    const isRead = await this.read()
    const bytes = await held.store.cell(CLAIMS)
    const own = bytes === undefined ? { ...NO_CLAIMS, count: this.#count ?? 0 } : readOwn(bytes)
    const isTrue = isRead && own.count === (this.#count ?? 0)
    const known = isTrue || this.scope === 'relay' ? this.#state.known : await this.#granted(held)
    if (bytes !== undefined || this.#state !== NO_CLAIMS || known.length > 0)
      this.#state = { known, outbox: own.outbox, lost: own.lost }
    this.#count = own.count
    if (!isTrue) await this.#write()
    this.#told ??= this.views()
    this.#sleep()
  }

  /** One change after the other; durable when it settles. */
  async change(edit: (state: ClaimState) => ClaimState): Promise<void> {
    await this.#project.inTurn(async (held) => {
      const before = this.#state
      const next = edit(before)
      if (next === before) return
      if (!isSameOwn(before, next)) await held.commitBeside([this.#cell(next)])
      this.#state = next
      await this.#write()
      await this.#project.reseal(held)
      this.#tell()
    })
  }

  /** For the commit that makes it true; to be changed here afterwards all the same. */
  cellWith(edit: (state: ClaimState) => ClaimState): StoreChange {
    return this.#cell(edit(this.#state))
  }

  /** Nothing is told any more. */
  end(): void {
    this.#isOver = true
    this.#nap?.abort()
  }

  /** What waits is said by one at a time: whoever asks meanwhile gets what came of that. */
  settling(work: () => Promise<Settled>): Promise<Settled> {
    this.#settling ??= work().finally(() => (this.#settling = undefined))
    return this.#settling
  }

  /** What this workspace granted while it was the arbiter itself: taken out, for the relay to decide. Undefined where it was not. */
  async formerBook(): Promise<ClaimBook | undefined> {
    if (this.scope === 'workspace' || this.#hasLookedBack) return undefined
    const { store } = await this.#project.inTurn(async (held) => held)
    const book = await ClaimBook.load({ runtime: this.#project.world.runtime, store }, CLAIMS)
    if (book.tokens().length > 0) return book
    this.#hasLookedBack = true
    return undefined
  }

  /** The relay knows now what was granted here. */
  async forgetBook(): Promise<void> {
    await this.#project.inTurn(async (held) => {
      await held.commitBeside([{ remove: CLAIMS }])
      await this.#project.reseal(held)
    })
  }

  /** The ledger of a project without a relay: one for each opening of the store, whoever asks at once. */
  async book(): Promise<ClaimBook> {
    for (;;) {
      const held = await this.#project.inTurn(async (one) => one)
      const last = this.#book
      if (last?.held === held) {
        const book = await last.opening
        if (!book.isBroken) return book
      }
      // Else somebody has begun another meanwhile.
      if (this.#book === last) this.#book = { held, opening: this.#open(held, last?.opening) }
    }
  }

  async #open(held: Held, last: Promise<ClaimBook> | undefined): Promise<ClaimBook> {
    const { runtime } = this.#project.world
    const commit = (changes: Parameters<Held['commitBeside']>[0]): Promise<void> =>
      this.#project.inTurn(async (now) => {
        // Another book has read what this one does not know of.
        if (now !== held) throw new TaskError('CONNECTION_CLOSED', { reason: OPENED_ANEW, executed: 'no' })
        // Not sealed before the file says so, too: who reads that only must not take it for true.
        await now.commitBeside([...changes, this.#cell(this.#state)])
      })
    // Who waits there asks the new one.
    void last?.then((book) => book[Symbol.asyncDispose]()).catch(() => undefined)
    try {
      return await ClaimBook.load({ runtime, store: held.store, commit }, CLAIMS)
    } catch (cause) {
      if (this.#book?.held === held) this.#book = undefined
      throw cause
    }
  }

  async #granted({ store }: Pick<Held, 'store'>): Promise<readonly Holding[]> {
    return (await ClaimBook.load({ runtime: this.#project.world.runtime, store }, CLAIMS)).holdings()
  }

  /** Counted before it is committed: a file without it is older, also where this process ends before it is made anew. */
  #cell(state: ClaimState): StoreChange {
    this.#count = (this.#count ?? 0) + 1
    this.#isBehind = true
    return { put: CLAIMS, bytes: writeOwn(state, this.#count) }
  }

  async #write(): Promise<void> {
    await this.#project.world.summary.replace(CLAIMS, [writeState(this.#state, this.#count ?? 0)])
    this.#isBehind = false
  }

  /** Against what was told last: also what ran out meanwhile. */
  #tell(): void {
    const before = this.#told ?? new Map<Uid, ClaimView>()
    const now = this.views()
    this.#told = now
    for (const [uid, claim] of now) {
      const other = before.get(uid)
      if (other?.by !== claim.by || other.token !== claim.token || other.state !== claim.state)
        this.#project.tell('claimed', { uid, claim })
    }
    for (const [uid, claim] of before) if (!now.has(uid)) this.#project.tell('released', { uid, claim })
    this.#sleep()
  }

  /** Until the first of them is over: nobody says so. */
  #sleep(): void {
    this.#nap?.abort()
    const { live, runtime } = this.#project.world
    if (live !== true || this.#isOver || this.#told === undefined || this.#told.size === 0) return
    let left = LOOK_AGAIN_MS
    for (const uid of this.#told.keys()) {
      const [holding, tentative] = [this.holding(uid), this.tentative(uid)]
      if (holding !== undefined) left = Math.min(left, holding.expiresAt - this.#project.now())
      else if (tentative !== undefined) left = Math.min(left, tentative.until - runtime.now())
    }
    const nap = new AbortController()
    this.#nap = nap
    void runtime.sleep(Math.max(1, left), { signal: nap.signal }).then(
      () => this.#tell(),
      () => undefined, // something happened before, or nobody listens any more
    )
  }
}
