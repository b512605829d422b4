/** One timer for all connections of one end: each is looked at every so often since it came, however many there are. */
import type { Runtime } from '../../src/internal.ts'

export interface LookedAt {
  look(): void
}

export class Looks {
  /** When each is due, the next one first: all wait equally long. */
  readonly #due = new Map<LookedAt, number>()
  /** While anyone is here. */
  #waiting: AbortController | undefined
  readonly #runtime: Runtime
  readonly #everyMs: number

  constructor(runtime: Runtime, everyMs: number) {
    this.#runtime = runtime
    this.#everyMs = everyMs
  }

  add(one: LookedAt): void {
    this.#due.set(one, this.#runtime.now() + this.#everyMs)
    if (this.#waiting !== undefined) return
    this.#waiting = new AbortController()
    void this.#wait(this.#waiting.signal)
  }

  /** Harmless when done twice. A process that has no connection is not kept alive by this. */
  delete(one: LookedAt): void {
    this.#due.delete(one)
    if (this.#due.size > 0) return
    this.#waiting?.abort()
    this.#waiting = undefined
  }

  async #wait(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const [next = 0] = this.#due.values()
        await this.#runtime.sleep(Math.min(this.#everyMs, next - this.#runtime.now()), { signal })
        this.#lookAtDue()
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
  }

  #lookAtDue(): void {
    const now = this.#runtime.now()
    for (const [one, at] of this.#due) {
      // Further away than anyone waits: the clock was set back meanwhile.
      if (at > now && at - now <= this.#everyMs) return
      this.#due.delete(one)
      this.#due.set(one, now + this.#everyMs)
      one.look()
    }
  }
}
