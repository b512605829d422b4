/** The questions of one room: over a connection, at its expense, or without one. What is being answered is waited for. */
import { CLOSE, writeQuestion } from '../sync/protocol.ts'
import type { ClaimDesk } from './claim-desk.ts'
import type { KeyBook } from './key-book.ts'
import type { Member, Rights } from './member.ts'
import { answerQuestion, type Asked } from './questions.ts'
import type { RoomWorld } from './room-world.ts'

/** The room around it. */
export interface AnsweringRoom {
  readonly claims: ClaimDesk
  /** Undefined where the room is over. */
  keys(): KeyBook | undefined
  send(member: Member, frame: Uint8Array): void
  /** It has used up what it may: it goes when what it sent is settled. */
  dismiss(member: Member): void
  /** Other connections of this name are over, though nobody may have noticed yet. */
  endNamed(name: string, member: Member | undefined): void
  watchClaims(member: Member): void
}

/** What of a question depends on who asks. */
type Asker = Pick<Asked, 'rights' | 'signal' | 'work' | 'named' | 'watchClaims' | 'tooOld'>

export class Answering {
  /** What they give away may be on its way to the disk. */
  readonly #answering = new Set<Promise<void>>()
  readonly #world: RoomWorld
  readonly #room: AnsweringRoom

  constructor(world: RoomWorld, room: AnsweringRoom) {
    this.#world = world
    this.#room = room
  }

  /** Over a connection, under a number. */
  async hear(member: Member, number: number, json: string): Promise<void> {
    member.isOurs = true
    if (member.isSpent) return
    const answer = await this.#answer(json, {
      rights: member.rights,
      signal: member.signal,
      work: (action) => this.#charge(member, action),
      named: (name) => this.#room.endNamed((member.name = name), member),
      watchClaims: () => this.#room.watchClaims(member),
      tooOld: (reason) => member.connection.close(reason, CLOSE.tooOld),
    })
    if (answer !== undefined) this.#charge(member, () => this.#room.send(member, writeQuestion(number, answer)))
  }

  /** Without a connection. Undefined where the room is over. */
  ask(json: string, rights: Rights, signal: AbortSignal): Promise<string | undefined> {
    return this.#answer(json, {
      rights,
      signal,
      work: (action) => action(),
      named: (name) => this.#room.endNamed(name, undefined),
      tooOld: () => undefined, // the answer says so
      watchClaims: () => undefined, // there is no connection to tell it over
    })
  }

  /** When those that were asked by now are answered. */
  async quiet(): Promise<void> {
    await Promise.all(this.#answering)
  }

  #answer(json: string, asker: Asker): Promise<string | undefined> {
    const { leastProtocol, limits } = this.#world
    const keys = this.#room.keys()
    if (keys === undefined) return Promise.resolve(undefined)
    const { questionLength } = limits
    const answering = answerQuestion(json, { ...asker, questionLength, keys, claims: this.#room.claims, leastProtocol })
    const done = answering.then(() => void this.#answering.delete(done))
    this.#answering.add(done)
    return answering
  }

  #charge<T>(member: Member, action: () => T): T {
    const { runtime } = this.#world
    const began = runtime.now()
    try {
      return action()
    } finally {
      const now = runtime.now()
      if (!member.pay(Math.max(0, now - began), now)) this.#room.dismiss(member)
    }
  }
}
