/** What is held, as a client knows it: listed once, and then kept up with what changed since. */
import type { Uid } from '../ids.ts'
import type { ChangesAnswer, Holding, TimedAnswer } from './request.ts'

export class Listing {
  #version: string | undefined
  #held = new Map<Uid, Holding>()

  /** What to ask `claims.list` or `claims.watch` with. */
  get params(): { readonly since?: string } {
    return this.#version === undefined ? {} : { since: this.#version }
  }

  /** All that is held by an answer, in the order of its tokens; undefined where it lists nothing. */
  take(answer: TimedAnswer | ChangesAnswer): readonly Holding[] | undefined {
    if (answer.outcome === 'listed') {
      this.#held = new Map(answer.holdings.map((holding) => [holding.uid, holding]))
    } else if (answer.outcome === 'changed') {
      for (const uid of answer.ended) this.#held.delete(uid)
      for (const holding of answer.changed) this.#held.set(holding.uid, holding)
      // That one ran out is not told: it was known when it would.
      for (const [uid, { expiresAt }] of this.#held) if (expiresAt <= answer.at) this.#held.delete(uid)
    } else return undefined
    this.#version = answer.version
    return [...this.#held.values()].sort((a, b) => a.token - b.token || (a.uid < b.uid ? -1 : 1))
  }
}
