/** Tells members who asked for it that something is held by others than before. At once, then at most once in a while. */
import { writeClaimsNews } from '../sync/protocol.ts'
import type { ClaimDesk } from './claim-desk.ts'
import type { Member } from './member.ts'
import type { RoomWorld } from './room-world.ts'

export class ClaimNews implements Disposable {
  readonly #listeners = new Set<Member>()
  #watching: Disposable | undefined
  #toldAt = -Infinity
  #isDue = false
  readonly #desk: ClaimDesk
  readonly #world: Pick<RoomWorld, 'runtime' | 'limits'>
  readonly #ended: AbortSignal
  readonly #send: (member: Member, frame: Uint8Array) => void

  constructor(
    desk: ClaimDesk,
    world: Pick<RoomWorld, 'runtime' | 'limits'>,
    ended: AbortSignal,
    send: (member: Member, frame: Uint8Array) => void,
  ) {
    this.#desk = desk
    this.#world = world
    this.#ended = ended
    this.#send = send
  }

  /** Until `leave`. */
  hear(member: Member): void {
    this.#listeners.add(member)
    this.#watching ??= this.#desk.watch(() => this.#tell())
  }

  leave(member: Member): void {
    if (!this.#listeners.delete(member) || this.#listeners.size > 0) return
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]()
    this.#watching = undefined
  }

  #tell(): void {
    if (this.#isDue) return
    const { runtime, limits } = this.#world
    const wait = this.#toldAt + limits.presenceMs - runtime.now()
    if (wait <= 0) return this.#tellNow()
    this.#isDue = true
    runtime.sleep(wait, { signal: this.#ended }).then(
      () => {
        this.#isDue = false
        this.#tellNow()
      },
      () => undefined, // the room ended: nobody is there to be told
    )
  }

  #tellNow(): void {
    this.#toldAt = this.#world.runtime.now()
    const frame = writeClaimsNews()
    for (const member of this.#listeners) this.#send(member, frame)
  }
}
