/** Tells a room who came, moved and left: at once, and then not again for a moment. */
import type { Runtime } from '../ports.ts'
import { writeAwareness } from '../sync/protocol.ts'
import type { RelayLimits } from './limits.ts'

export interface PresenceNewsWorld {
  readonly runtime: Runtime
  readonly limits: RelayLimits
  /** The room's end. */
  readonly ended: AbortSignal
  /** What the room has not been told yet; undefined when that is nothing. */
  takeNews(): Uint8Array | undefined
  tell(frame: Uint8Array): void
}

export class PresenceNews {
  #toldAt = -Infinity
  #isDue = false
  readonly #world: PresenceNewsWorld

  constructor(world: PresenceNewsWorld) {
    this.#world = world
  }

  /** Many who move in a moment make one message. */
  tell(): void {
    if (this.#isDue) return
    const { ended, limits, runtime } = this.#world
    const wait = this.#toldAt + limits.presenceMs - runtime.now()
    if (wait <= 0) return this.#tellNow()
    this.#isDue = true
    runtime.sleep(wait, { signal: ended }).then(
      () => {
        this.#isDue = false
        this.#tellNow()
      },
      () => undefined, // the room ended: nobody is there to be told
    )
  }

  #tellNow(): void {
    const news = this.#world.takeNews()
    if (news === undefined) return
    this.#toldAt = this.#world.runtime.now()
    this.#world.tell(writeAwareness(news))
  }
}
