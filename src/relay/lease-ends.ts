/** Calls back when leases have run out, while somebody wants to know. All of them are looked at only when one may have. */
import type { Holding } from '../claims/request.ts'
import type { Runtime } from '../ports.ts'

/** Clocks jump: while something is held it is looked at least this often. */
const LOOK_AGAIN_MS = 10_000
/** Many that run out one after the other are told together. */
const REST_MS = 20

export class LeaseEnds implements Disposable {
  #lookedAt: number
  #wakesAt = Infinity
  #nap: AbortController | undefined
  readonly #runtime: Pick<Runtime, 'now' | 'sleep'>
  readonly #leases: () => Iterable<Holding>
  readonly #ranOut: () => void

  constructor(runtime: Pick<Runtime, 'now' | 'sleep'>, leases: () => Iterable<Holding>, ranOut: () => void) {
    this.#runtime = runtime
    this.#lookedAt = runtime.now()
    this.#leases = leases
    this.#ranOut = ranOut
    this.#look()
  }

  /** This one was granted now. */
  expect({ expiresAt }: Holding): void {
    if (expiresAt < this.#wakesAt) this.#sleep(expiresAt, 1)
  }

  [Symbol.dispose](): void {
    this.#nap?.abort()
  }

  #look(): void {
    const now = this.#runtime.now()
    let [next, hasRunOut] = [Infinity, false]
    for (const { expiresAt } of this.#leases()) {
      if (expiresAt > now) next = Math.min(next, expiresAt)
      else if (expiresAt > this.#lookedAt) hasRunOut = true
    }
    this.#lookedAt = now
    this.#sleep(next, REST_MS)
    if (hasRunOut) this.#ranOut()
  }

  #sleep(next: number, leastMs: number): void {
    this.#nap?.abort()
    this.#wakesAt = next
    if (next === Infinity) return
    const nap = new AbortController()
    this.#nap = nap
    const left = next - this.#runtime.now()
    void this.#runtime.sleep(Math.max(leastMs, Math.min(LOOK_AGAIN_MS, left)), { signal: nap.signal }).then(
      () => this.#look(),
      () => undefined, // another comes first, or nobody wants to know any more
    )
  }
}
