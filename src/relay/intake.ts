/** What a member sends is let in, or it is told why not: its rights, the gate, and whom a client id belongs to. */
import type { RoomWorld } from './room-world.ts'
import { isHostile, judge } from './gate.ts'
import type { Member } from './member.ts'
import type { Presences } from './presences.ts'
import type { Incoming, RoomDocument } from './room-document.ts'
import { readShape } from './shape.ts'

export interface IntakeDesk {
  /** The room's end. */
  readonly ended: AbortSignal
  readonly presences: Presences<Member>
  letIn(member: Member, incoming: Incoming): void
  /** Asks a client for what the relay lacks. */
  ask(member: Member): void
  sendAway(member: Member, reason: string): void
}

export class Intake {
  readonly #world: RoomWorld
  readonly #desk: IntakeDesk

  constructor(world: RoomWorld, desk: IntakeDesk) {
    this.#world = world
    this.#desk = desk
  }

  take(member: Member, document: RoomDocument, update: Uint8Array, isAnswer: boolean): void {
    if (member.rights === 'read') return this.#takeNothing(member, document, update)
    if (member.isSpent) return member.refuse('work', 'what you send takes this relay too long')
    const { presences } = this.#desk
    let verdict = judge(update, document.known, { isBoundElsewhere: (client) => presences.isOthers(client, member) })
    if ('refused' in verdict && verdict.refused === 'bound' && this.#restoresOnly(member, update))
      verdict = judge(update, document.known)
    if (!('refused' in verdict)) {
      const { sections, removedAt } = verdict.shape
      if (verdict.isNew) this.#desk.letIn(member, { update, shape: { sections, removedAt }, isAnswer })
      return
    }
    this.#world.counters.refused++
    member.refuse(verdict.refused, verdict.reason)
    if (isHostile(verdict.refused)) return this.#desk.sendAway(member, verdict.reason)
    this.#askAgain(member)
  }

  /**
   * Whether of others who are here it has only what they had written when they came. A relay that lost something gets it
   * from whoever has it: two who each have the other's part would otherwise wait for each other for ever.
   */
  #restoresOnly(member: Member, update: Uint8Array): boolean {
    const shape = readShape(update)
    if ('refused' in shape) return false
    return [...shape.writers].every(([client, { to }]) => {
      const owner = this.#desk.presences.ownerOf(client)
      return owner === undefined || owner === member || to <= owner.clockOf(client)
    })
  }

  /** What it has sent does not fit what is here: it is asked what the relay lacks, at once or after a while. */
  #askAgain(member: Member): void {
    const wait = member.waitBeforeAsking(this.#world.runtime.now())
    if (wait === undefined) return
    if (wait === 0) return this.#desk.ask(member)
    this.#world.runtime.sleep(wait, { signal: this.#desk.ended }).then(
      () => this.#desk.ask(member),
      () => undefined, // the room ended, and with it the connection
    )
  }

  /** Of one who may only read. It repeats what is deleted already: every full answer does. */
  #takeNothing(member: Member, document: RoomDocument, update: Uint8Array): void {
    const shape = readShape(update)
    if ('refused' in shape) return this.#desk.sendAway(member, shape.reason)
    const writes = [...shape.writers].some(([client, { to }]) => to > (document.known.get(client) ?? 0))
    if (writes || (shape.removes.size > 0 && document.lacksRemovalOf(update))) member.refuseWriting()
  }
}
