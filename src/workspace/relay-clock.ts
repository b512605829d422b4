/** This machine's clock, corrected by what a relay's showed last. */
import type { Runtime } from '../ports.ts'

/** The way there takes time too: what is less than this says nothing of the clocks. */
const LEAST_SKEW_MS = 1_000

export class RelayClock {
  readonly #runtime: Pick<Runtime, 'now'>
  #aheadMs = 0

  constructor(runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
  }

  now(): number {
    return this.#runtime.now() + this.#aheadMs
  }

  /** The relay has just said what its clock shows. */
  hear(at: number): void {
    const ahead = at - this.#runtime.now()
    this.#aheadMs = Math.abs(ahead) < LEAST_SKEW_MS ? 0 : ahead
  }
}
