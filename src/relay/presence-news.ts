/** Tells a room who came, moved and left: at once, and then not again for a moment. */
import type { Runtime } from '../ports.ts'
import { writeAwareness } from '../sync/protocol.ts'
import type { RelayLimits } from './limits.ts'
import { Pace } from './pace.ts'

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
  readonly #world: PresenceNewsWorld
  readonly #pace: Pace

  constructor(world: PresenceNewsWorld) {
    this.#world = world
    this.#pace = new Pace({ ...world, everyMs: world.limits.presenceMs }, () => this.#tellNow())
  }

  /** Many who move in a moment make one message. */
  tell(): void {
    this.#pace.soon()
  }

  #tellNow(): boolean {
    const news = this.#world.takeNews()
    if (news !== undefined) this.#world.tell(writeAwareness(news))
    return news !== undefined
  }
}
