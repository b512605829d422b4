/** Calls back when leases have run out, while somebody wants to know. All of them are looked at only when one may have. */
import type { Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'
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
  readonly #ranOut: (uids: readonly Uid[]) => void

  constructor(
    runtime: Pick<Runtime, 'now' | 'sleep'>,
    leases: () => Iterable<Holding>,
    ranOut: (uids: readonly Uid[]) => void,
  ) {
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
    let next = Infinity
    const moved: Uid[] = []
    for (const { uid, expiresAt } of this.#leases()) {
      if (expiresAt > now) next = Math.min(next, expiresAt)
      // Or it is held again: the clock was set back.
      if (expiresAt > now !== expiresAt > this.#lookedAt) moved.push(uid)
    }
    this.#lookedAt = now
    this.#sleep(next, REST_MS)
    if (moved.length > 0) this.#ranOut(moved)
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
