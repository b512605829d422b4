/**
 * What was let in becomes durable, then known: memory, disk, everyone, answers, in the order in which it came. While one
 * commit is on its way the queue gathers; it leaves as one row and one message.
 */
import { CLOSE, writeMissing, writeSettled, writeUpdate, writeVector } from '../sync/protocol.ts'
import type { Mark, Member } from './member.ts'
import type { Incoming, RoomDocument } from './room-document.ts'
import type { RoomWorld } from './room-world.ts'

type Item =
  | ({ readonly kind: 'update'; readonly from: Member } & Incoming)
  | { readonly kind: 'vector'; readonly vector: Uint8Array; readonly from: Member }
  | { readonly kind: 'barrier'; readonly number: number; readonly since: Mark; readonly from: Member }
  /** Ask a client for what the relay lacks. */
  | { readonly kind: 'ask'; readonly from: Member }
  /** It has taken too much of the relay's time. */
  | { readonly kind: 'dismissal'; readonly from: Member }

type Update = Item & { readonly kind: 'update' }
type Applied = readonly [news: Uint8Array | undefined, workMs: number]

/** The room around it. */
export interface TurnsRoom {
  document(): RoomDocument | undefined
  readonly members: ReadonlySet<Member>
  send(member: Member, frame: Uint8Array): void
  sendAway(member: Member, reason: string): void
  /** Judges once more what was let in on top of something that is not there after all. */
  take(member: Member, update: Uint8Array, isAnswer: boolean): void
  committed(): void
  /** What memory has is not on the disk. */
  failed(cause: unknown): void
}

export class Turns {
  #queue: Item[] = []
  #turning: Promise<void> | undefined
  /** The same bytes for many who come at once are framed once. */
  readonly #frames = new Frames()
  readonly #world: RoomWorld
  readonly #room: TurnsRoom

  constructor(world: RoomWorld, room: TurnsRoom) {
    this.#world = world
    this.#room = room
  }

  add(item: Item): void {
    this.#queue.push(item)
    this.#begin()
  }

  /** Nothing waits any more, and memory is what the disk has. */
  async quiet(): Promise<void> {
    while (this.#turning !== undefined) await this.#turning
  }

  /** What waits is nobody's any more. */
  end(): void {
    this.#queue = []
  }

  #begin(): void {
    this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined
      // It came between the end of the turn and here.
      if (this.#queue.length > 0 && this.#room.document() !== undefined) this.#begin()
    })
  }

  /** Until nothing waits. What comes while the disk works is the next turn's. */
  async #turn(): Promise<void> {
    while (this.#queue.length > 0) {
      const items = this.#queue
      this.#queue = []
      const document = this.#room.document()
      if (document === undefined) return
      try {
        await this.#settle(document, items)
        if (document.isDueForCompaction) await document.compact()
      } catch (cause) {
        return this.#room.failed(cause)
      }
    }
  }

  async #settle(document: RoomDocument, items: readonly Item[]): Promise<void> {
    const updates = items.filter((item) => item.kind === 'update')
    if (updates.length > 0) {
      // Nobody pays for that.
      document.build()
      const [news, workMs] = this.#apply(document, updates) ?? (await this.#applyOneByOne(document, updates))
      const spent = workMs > 0 ? this.#charge(updates, workMs) : []
      if (news !== undefined) {
        this.#world.counters.commits++
        this.#world.counters.updates += updates.length
        await document.commit(news)
        this.#tell(news, updates)
      }
      // Behind the barriers that came meanwhile.
      for (const from of spent) this.#queue.push({ kind: 'dismissal', from })
    }
    for (const item of items) this.#answer(document, item)
  }

  /** What was taken in as one is paid for by share of the bytes. Who cannot pay goes when what it has sent is settled. */
  #charge(updates: readonly Update[], workMs: number): readonly Member[] {
    const shares = new Map<Member, number>()
    for (const { from, update } of updates) shares.set(from, (shares.get(from) ?? 0) + update.length)
    const all = updates.reduce((sum, { update }) => sum + update.length, 0)
    const now = this.#world.runtime.now()
    // Of those who are gone nothing more comes, and what the relay writes itself nobody pays for.
    const here = [...shares].filter(([member]) => this.#room.members.has(member))
    return here.flatMap(([member, share]) => (member.pay((workMs * share) / all, now) ? [] : [member]))
  }

  /** What was new, and how long it took. Undefined where the gate let in what Yjs cannot read. */
  #apply(document: RoomDocument, updates: readonly Update[]): Applied | undefined {
    const began = this.#world.runtime.now()
    try {
      return [document.apply(updates), this.#world.runtime.now() - began]
    } catch {
      return undefined
    }
  }

  /** Whose was it? Memory may have half of it: from the disk, one by one. */
  async #applyOneByOne(document: RoomDocument, updates: readonly Update[]): Promise<Applied> {
    const began = this.#world.runtime.now()
    const good: Incoming[] = []
    for (const item of updates) {
      await document.reload()
      try {
        document.apply([...good, item])
        good.push(item)
      } catch (cause) {
        this.#world.runtime.log({ level: 'warn', event: 'room.update.unreadable', problem: String(cause) })
        this.#world.counters.refused++
        // What broke it may have been prepared by someone else: it is not taken, and nobody is sent away for it.
        item.from.refuse('UPDATE_UNREADABLE', 'an update cannot be read')
      }
    }
    await document.reload()
    const news = good.length === 0 ? undefined : document.apply(good)
    document.relearn()
    this.#judgeAgain()
    return [news, this.#world.runtime.now() - began]
  }

  #judgeAgain(): void {
    const items = this.#queue
    this.#queue = []
    for (const item of items) {
      if (item.kind === 'update') this.#room.take(item.from, item.update, item.isAnswer)
      else this.#queue.push(item)
    }
  }

  /** One message for all; not to the one who alone has said it. */
  #tell(news: Uint8Array, updates: readonly Update[]): void {
    const [first] = updates
    const only = updates.every(({ from }) => from === first?.from) ? first?.from : undefined
    const others = [...this.#room.members].filter((member) => member !== only && member.hasAsked)
    const frame = others.length === 0 ? new Uint8Array() : writeUpdate(news)
    for (const member of others) this.#room.send(member, frame)
    this.#room.committed()
  }

  #answer(document: RoomDocument, item: Item): void {
    const { from } = item
    switch (item.kind) {
      case 'update':
        return
      case 'ask':
        return this.#room.send(from, writeVector(document.vector))
      case 'barrier': {
        const { epoch, runtime } = this.#world
        if (!this.#room.members.has(from)) return
        const status = from.settlement(item.since)
        return this.#room.send(from, writeSettled({ number: item.number, status, epoch, time: runtime.now() }))
      }
      case 'dismissal':
        if (!this.#room.members.has(from)) return
        this.#world.counters.closedBudget++
        return from.connection.close('what you send takes this relay too long: slow down', CLOSE.tooMany)
      case 'vector':
        return this.#answerVector(document, from, item.vector)
    }
  }

  #answerVector(document: RoomDocument, from: Member, vector: Uint8Array): void {
    if (!this.#room.members.has(from)) return
    const parts = document.missing(vector)
    const last = parts?.at(-1)
    if (parts === undefined || last === undefined) return this.#room.sendAway(from, 'a state vector cannot be read')
    from.hasAsked = true
    for (const part of parts)
      this.#room.send(from, part === last ? this.#frames.missing(part) : this.#frames.update(part))
  }
}

/** The last part of each kind, framed. */
class Frames {
  #missing: { readonly bytes: Uint8Array; readonly frame: Uint8Array } | undefined
  #update: { readonly bytes: Uint8Array; readonly frame: Uint8Array } | undefined

  missing(bytes: Uint8Array): Uint8Array {
    if (this.#missing?.bytes !== bytes) this.#missing = { bytes, frame: writeMissing(bytes) }
    return this.#missing.frame
  }

  update(bytes: Uint8Array): Uint8Array {
    if (this.#update?.bytes !== bytes) this.#update = { bytes, frame: writeUpdate(bytes) }
    return this.#update.frame
  }
}
