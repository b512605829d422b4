/** Claims as one workspace knows them, kept beside its tasks: durable where only it knows them, readable without the store. */
import { ClaimBook } from '../claims/book.ts'
import type { Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'
import type { ClaimView } from '../task/types.ts'
import { isoTime } from '../task/time.ts'
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

export class ClaimsHere {
  readonly #project: ClaimsProject
  #state: ClaimState = NO_CLAIMS
  #settling: Promise<boolean> | undefined
  #hasLookedBack = false
  #book: { readonly held: Held; readonly book: ClaimBook } | undefined

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

  /** Who holds a task now, as far as is known here. */
  view(uid: Uid): ClaimView | null {
    if (this.#state === NO_CLAIMS) return null
    const now = this.#project.now()
    const holding = knownHolding(this.#state, uid, now)
    if (holding !== undefined) return this.viewOf(holding)
    const tentative = tentativeOf(this.#state, uid, now)
    if (tentative === undefined) return null
    const { by, type } = tentative.holder
    return { by, type, token: 0, expiresAt: isoTime(tentative.until), state: 'tentative', scope: this.scope }
  }

  viewOf({ by, type, token, expiresAt }: Holding): ClaimView {
    return { by, type, token, expiresAt: isoTime(expiresAt), state: 'granted', scope: this.scope }
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

  /** What the file says: for readers who do not hold the store. */
  async read(): Promise<void> {
    const text = await this.#project.world.summary.read(CLAIMS)
    const state = text === undefined ? undefined : readState(text.text(0, text.length))
    this.#state = state ?? NO_CLAIMS
  }

  /** Whoever takes the store knows what is durable; what others hold is as it was heard last. */
  async take(held: Pick<Held, 'store'>): Promise<void> {
    await this.read()
    const bytes = await held.store.cell(CLAIMS)
    const own = bytes === undefined ? NO_CLAIMS : readOwn(bytes)
    const { known } = this.#state
    if (bytes !== undefined || this.#state !== NO_CLAIMS) this.#state = { known, outbox: own.outbox, lost: own.lost }
  }

  /** One change after the other; durable when it settles. */
  async change(edit: (state: ClaimState) => ClaimState): Promise<void> {
    await this.#project.inTurn(async (held) => {
      const before = this.#state
      const next = edit(before)
      if (next === before) return
      const shown = this.views()
      if (!isSameOwn(before, next)) await held.commitBeside([{ put: CLAIMS, bytes: writeOwn(next) }])
      this.#state = next
      await this.#project.world.summary.replace(CLAIMS, [writeState(next)])
      await this.#project.reseal(held)
      this.#tell(shown)
    })
  }

  /** What waits is said by one at a time: whoever asks meanwhile gets what came of that. */
  settling(work: () => Promise<boolean>): Promise<boolean> {
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

  /** The ledger of a project without a relay. */
  async book(): Promise<ClaimBook> {
    const held = await this.#project.inTurn(async (one) => one)
    if (this.#book?.held !== held || this.#book.book.isBroken) {
      const { runtime } = this.#project.world
      const commit = (changes: Parameters<Held['commitBeside']>[0]): Promise<void> =>
        this.#project.inTurn(async (now) => {
          await now.commitBeside(changes)
          await this.#project.reseal(now)
        })
      this.#book = { held, book: await ClaimBook.load({ runtime, store: held.store, commit }, CLAIMS) }
    }
    return this.#book.book
  }

  #tell(before: ReadonlyMap<Uid, ClaimView>): void {
    const now = this.views()
    for (const [uid, claim] of now) {
      const other = before.get(uid)
      if (other?.by !== claim.by || other.token !== claim.token || other.state !== claim.state)
        this.#project.tell('claimed', { uid, claim })
    }
    for (const [uid, claim] of before) if (!now.has(uid)) this.#project.tell('released', { uid, claim })
  }
}
