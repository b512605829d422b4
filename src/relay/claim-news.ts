/** Tells members who asked for it that something is held by others than before. At once, then at most once in a while. */
import { writeClaimsNews } from '../sync/protocol.ts'
import type { ClaimDesk } from './claim-desk.ts'
import type { Member } from './member.ts'
import { Pace } from './pace.ts'
import type { RoomWorld } from './room-world.ts'

export class ClaimNews implements Disposable {
  readonly #listeners = new Set<Member>()
  #watching: Disposable | undefined
  readonly #desk: ClaimDesk
  readonly #pace: Pace
  readonly #send: (member: Member, frame: Uint8Array) => void

  constructor(
    desk: ClaimDesk,
    { runtime, limits }: Pick<RoomWorld, 'runtime' | 'limits'>,
    ended: AbortSignal,
    send: (member: Member, frame: Uint8Array) => void,
  ) {
    this.#desk = desk
    this.#send = send
    this.#pace = new Pace({ runtime, ended, everyMs: limits.presenceMs }, () => this.#tell())
  }

  /** Until `leave`. */
  hear(member: Member): void {
    this.#listeners.add(member)
    this.#watching ??= this.#desk.watch(() => this.#pace.soon())
  }

  leave(member: Member): void {
    if (!this.#listeners.delete(member) || this.#listeners.size > 0) return
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]()
    this.#watching = undefined
  }

  #tell(): boolean {
    const frame = writeClaimsNews()
    // Who reads too slowly leaves meanwhile.
    for (const member of Array.from(this.#listeners)) this.#send(member, frame)
    return true
  }
}
