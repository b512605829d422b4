/** Tells something at once, and then not again for a moment: what happens meanwhile is told together. */
import type { Runtime } from '../ports.ts'

export interface PaceWorld {
  readonly runtime: Pick<Runtime, 'now' | 'sleep'>
  /** The least time between two tellings. */
  readonly everyMs: number
  /** Nobody is there any more to be told. */
  readonly ended: AbortSignal
}

export class Pace {
  #toldAt = -Infinity
  #isDue = false
  readonly #world: PaceWorld
  readonly #tell: () => boolean

  /** `tell` says whether there was anything to be told. */
  constructor(world: PaceWorld, tell: () => boolean) {
    this.#world = world
    this.#tell = tell
  }

  soon(): void {
    if (this.#isDue) return
    const { ended, everyMs, runtime } = this.#world
    // No longer than that, also where the clock was set back meanwhile.
    const wait = Math.min(everyMs, this.#toldAt + everyMs - runtime.now())
    if (wait <= 0) return this.#now()
    this.#isDue = true
    runtime.sleep(wait, { signal: ended }).then(
      () => {
        this.#isDue = false
        this.#now()
      },
      () => undefined, // it ended
    )
  }

  #now(): void {
    if (this.#tell()) this.#toldAt = this.#world.runtime.now()
  }
}
