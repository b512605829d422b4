/** Keeps what a live workspace knows of claims true while it is connected: what waits is settled, what changes is heard. */
import { Listing } from '../claims/listing.ts'
import type { ChangesAnswer, Holding, TimedAnswer } from '../claims/request.ts'
import { hearHoldings, settleOutbox, teachTokens } from './claim-settling.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

/** Renewals are not told: a lease is asked for again before it seems to run out. */
const BEFORE_END = 0.85
const LEAST_MS = 1_000

export class ClaimSync implements AsyncDisposable {
  readonly #project: Project
  readonly #relaying: Relaying
  readonly #ended = new AbortController()
  #working: Promise<void> | undefined
  readonly #listing = new Listing()
  #isDue = false
  #isTeaching = false
  #nap: AbortController | undefined

  constructor(project: Project, relaying: Relaying) {
    this.#project = project
    this.#relaying = relaying
  }

  /** Once for all that happens until then. */
  soon(): void {
    if (this.#ended.signal.aborted) return
    this.#isDue = true
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#isDue) this.soon()
    })
  }

  /** The relay may have forgotten what it granted: tokens to come must be greater. */
  teach(): void {
    this.#isTeaching = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.#nap?.abort()
    await this.#working
  }

  async #work(): Promise<void> {
    const { runtime } = this.#project.world
    try {
      while (this.#isDue && !this.#ended.signal.aborted) {
        this.#isDue = false
        if (this.#isTeaching) this.#isTeaching = !(await teachTokens(this.#project, this.#relaying))
        await this.#settle()
        const holdings = await hearHoldings(this.#project, this.#relaying, () => this.#watch())
        if (holdings === undefined) return
        this.#sleep(holdings)
      }
    } catch (cause) {
      // Without a connection nothing is known: the next one asks again.
      if (!this.#ended.signal.aborted) runtime.log({ level: 'info', event: 'claims.unheard', problem: String(cause) })
    }
  }

  /** What changed since it was asked last, on top of what was held then. */
  async #watch(): Promise<TimedAnswer | undefined> {
    const answer = (await this.#relaying.ask('claims.watch', this.#listing.params)) as TimedAnswer | ChangesAnswer
    const holdings = this.#listing.take(answer)
    return holdings && { outcome: 'listed', holdings, at: answer.at }
  }

  /** Who holds what is heard also where something that waits could not be settled. */
  async #settle(): Promise<void> {
    try {
      await settleOutbox(this.#project, this.#relaying)
    } catch (cause) {
      this.#project.world.runtime.log({ level: 'warn', event: 'claims.unsettled', problem: String(cause) })
    }
  }

  #sleep(holdings: readonly Holding[]): void {
    this.#nap?.abort()
    if (holdings.length === 0 || this.#ended.signal.aborted) return
    const { runtime } = this.#project.world
    const nap = new AbortController()
    this.#nap = nap
    const now = this.#project.now()
    const moments = holdings.map(({ expiresAt }) => Math.ceil((expiresAt - now) * BEFORE_END))
    void runtime.sleep(Math.max(LEAST_MS, Math.min(...moments)), { signal: nap.signal }).then(
      () => this.soon(),
      () => undefined, // something was heard before
    )
  }
}
