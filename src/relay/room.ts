/**
 * One project at the relay, while someone is there: what comes in is judged, made durable, then told to all.
 *
 *   loading ──▶ live ──▶ draining ──▶ gone        who comes while it drains brings it back to life;
 *                ▲          │                     who comes while it loads waits
 *                └──────────┘
 *
 *   frame ─▶ budget ─▶ read ─▶ rights ─▶ gate ─▶ queue ─▶ memory ─▶ disk ─▶ everyone ─▶ answers
 *
 * While one commit is on its way to the disk the queue gathers; it leaves as one row and one message. Nothing that is not
 * on the disk is ever told to anyone.
 */
import { asTaskError } from '../errors.ts'
import type { Connection, Runtime, Store } from '../ports.ts'
import type { Changes } from '../sync/exchange.ts'
import {
  CLOSE,
  readClientMessage,
  writeAwareness,
  writeMissing,
  writeQuestion,
  writeSettled,
  writeUpdate,
  writeVector,
} from '../sync/protocol.ts'
import type { Counters } from './counters.ts'
import { isHostile, judge } from './gate.ts'
import { KeyBook } from './key-book.ts'
import type { RelayLimits } from './limits.ts'
import { Member, type Rights } from './member.ts'
import { Presences } from './presences.ts'
import { answerQuestion } from './questions.ts'
import { RoomDocument, type Incoming } from './room-document.ts'
import { readShape } from './shape.ts'

export interface RoomWorld {
  readonly runtime: Runtime
  readonly store: Store
  readonly limits: RelayLimits
  readonly counters: Counters
  /** Names the relay's data. */
  readonly epoch: string
  /** The oldest protocol that a client of ours may speak. */
  readonly leastProtocol: number
}

type Phase = 'loading' | 'live' | 'draining' | 'gone'

type Item =
  | ({ readonly kind: 'update'; readonly from: Member } & Incoming)
  | { readonly kind: 'vector'; readonly vector: Uint8Array; readonly from: Member }
  | { readonly kind: 'barrier'; readonly number: number; readonly from: Member }
  /** Ask a client for what the relay lacks. */
  | { readonly kind: 'ask'; readonly from: Member }

export class Room {
  readonly project: string
  #phase: Phase = 'loading'
  #document: RoomDocument | undefined
  #keys: KeyBook | undefined
  readonly #members = new Set<Member>()
  readonly #presences: Presences<Member>
  #queue: Item[] = []
  /** Questions that are being answered: what they give away may be on its way to the disk. */
  readonly #answering = new Set<Promise<void>>()
  #turning: Promise<void> | undefined
  #presenceToldAt = -Infinity
  #isPresenceDue = false
  #waiters = new Set<() => void>()
  readonly #ready: Promise<void>
  readonly #ended = new AbortController()
  #rest: AbortController | undefined
  readonly #world: RoomWorld
  readonly #gone: (rest: Promise<void>) => void

  /**
   * Loads once `before`, the rest of the room that was here, is over. `gone` is called once, when nobody may join any more;
   * its `rest` settles when nothing is on its way to the disk.
   */
  constructor(
    world: RoomWorld,
    project: string,
    before: Promise<void> | undefined,
    gone: (rest: Promise<void>) => void,
  ) {
    this.#world = world
    this.project = project
    this.#gone = gone
    this.#presences = new Presences(world.limits)
    world.counters.roomsOpened++
    this.#ready = this.#load(before)
    // Whoever joined is told by `join`; alone, a failed load must not end the process.
    this.#ready.catch(() => undefined)
  }

  get phase(): Phase {
    return this.#phase
  }

  get size(): number {
    return this.#members.size
  }

  /** What its clients say of themselves, as JSON. */
  presences(): readonly string[] {
    return this.#presences.states()
  }

  /** Brings a room back that was on its way out; the connection's frames wait until the room is loaded. */
  join(connection: Connection, rights: Rights): void {
    const { counters, limits, runtime } = this.#world
    if (this.#members.size >= limits.members) {
      connection.close(`this project has ${limits.members} connections already`, CLOSE.tryLater)
      return
    }
    if (this.#phase === 'draining') this.#phase = 'live'
    this.#rest?.abort()
    const member = new Member(connection, rights, limits, runtime.now())
    this.#members.add(member)
    counters.connections++
    counters.connected++
    void connection.closed.then(() => this.#leave(member))
    void this.#ready.then(
      () => this.#welcome(member),
      () => connection.close('the project could not be loaded', CLOSE.fault),
    )
  }

  /** Ends every connection; what was heard before is finished and answered. */
  async close(reason: string, status: number = CLOSE.goingAway): Promise<void> {
    await this.#ready.catch(() => undefined)
    // From here on nothing more is heard.
    if (this.#phase === 'live') this.#phase = 'draining'
    await this.#quiet()
    for (const { connection } of this.#members) connection.close(reason, status)
    await this.#drain()
  }

  /** Ends the connections that a condition holds for. */
  expel(isMeant: (connection: Connection) => boolean, reason: string, status: number): void {
    for (const { connection } of this.#members) if (isMeant(connection)) connection.close(reason, status)
  }

  /** What the room has; undefined when it ended meanwhile. */
  async vector(): Promise<Uint8Array | undefined> {
    await this.#ready
    await this.#quiet()
    return this.#document?.vector
  }

  /** The number of the last commit. */
  async seq(): Promise<number> {
    await this.#ready
    return this.#document?.seq ?? 0
  }

  /**
   * What was committed after this number, once there is something or the signal ends; at once where that is not known any
   * more. Undefined where the room ends first.
   */
  async changes(since: number, signal: AbortSignal): Promise<Omit<Changes, 'epoch'> | undefined> {
    await this.#ready
    while (this.#document?.seq === since && !signal.aborted) await this.#nextCommit(signal)
    this.#restIfIdle()
    return this.#document && { seq: this.#document.seq, updates: this.#document.since(since) }
  }

  /** A question of someone without a lasting connection. Undefined where the room ends first. */
  async ask(json: string, rights: Rights): Promise<string | undefined> {
    await this.#ready
    const keys = this.#keys
    if (keys === undefined) return undefined
    const answering = answerQuestion(json, {
      keys,
      rights,
      leastProtocol: this.#world.leastProtocol,
      named: (name) => this.#endNamed(name, undefined),
      tooOld: () => undefined, // the answer says so
    })
    const done = answering.then(() => void this.#answering.delete(done))
    this.#answering.add(done)
    return answering
  }

  #nextCommit(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#waiters.delete(settle)
        signal.removeEventListener('abort', settle)
        resolve()
      }
      if (signal.aborted) return resolve()
      this.#waiters.add(settle)
      signal.addEventListener('abort', settle, { once: true })
    })
  }

  async #load(before: Promise<void> | undefined): Promise<void> {
    const { runtime, store } = this.#world
    try {
      await before
      const [document, keys] = await Promise.all([
        RoomDocument.load(store, this.project, runtime.log),
        KeyBook.load(store, this.project),
      ])
      this.#document = document
      this.#keys = keys
      this.#phase = 'live'
      this.#restIfIdle()
    } catch (cause) {
      runtime.log({ level: 'error', event: 'room.unloadable', project: this.project, problem: String(cause) })
      this.#end()
      throw cause
    }
  }

  #welcome(member: Member): void {
    const { connection } = member
    if (!this.#members.has(member) || this.#document === undefined) return
    // In its turn: memory may be ahead of the disk now.
    this.#enqueue({ kind: 'ask', from: member })
    const everyone = this.#presences.everyone()
    if (everyone !== undefined) this.#send(member, writeAwareness(everyone))
    connection.onFrame((frame) => this.#hear(member, frame))
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return
    this.#world.counters.connected--
    this.#presences.forget(member)
    this.#tellPresence()
    this.#restIfIdle()
  }

  #hear(member: Member, frame: Uint8Array): void {
    const { counters, limits, runtime } = this.#world
    if (!this.#members.has(member) || this.#phase !== 'live') return
    counters.messages++
    counters.bytesIn += frame.length
    if (!member.isWithinBudget(frame.length, runtime.now())) {
      counters.closedBudget++
      member.connection.close('you send more than this relay takes: slow down', CLOSE.tooMany)
      return
    }
    const message = readClientMessage(frame)
    switch (message?.kind) {
      case 'vector':
        member.vector ??= message.vector
        return this.#enqueue({ kind: 'vector', vector: message.vector, from: member })
      case 'missing':
      case 'update':
        return this.#take(member, message.update, message.kind === 'missing')
      case 'barrier':
        member.isOurs = true
        return this.#enqueue({ kind: 'barrier', number: message.number, from: member })
      case 'awareness': {
        const problem = this.#presences.hear(member, message.update)
        if (problem !== undefined) this.#sendAway(member, problem)
        return this.#tellPresence()
      }
      case 'query awareness': {
        const everyone = this.#presences.everyone()
        if (everyone !== undefined) this.#send(member, writeAwareness(everyone))
        return
      }
      case 'question':
        member.isOurs = true
        if (message.json.length > limits.questionLength) return this.#sendAway(member, 'a question is too long')
        return this.#ask(member, message.number, message.json)
      case 'unknown':
        return // of a later version, which must do without an answer
      default:
        return this.#sendAway(member, 'a message cannot be read')
    }
  }

  #take(member: Member, update: Uint8Array, isAnswer: boolean): void {
    const document = this.#document
    if (document === undefined) return
    if (member.rights === 'read') return this.#takeNothing(member, document, update)
    let verdict = judge(update, document.known, {
      isBoundElsewhere: (client) => this.#presences.isOthers(client, member),
    })
    if ('refused' in verdict && verdict.refused === 'bound' && this.#restoresOnly(member, update))
      verdict = judge(update, document.known)
    if (!('refused' in verdict)) {
      if (verdict.isNew) this.#enqueue({ kind: 'update', update, shape: verdict.shape, isAnswer, from: member })
      return
    }
    this.#world.counters.refused++
    member.refuse(verdict.refused, verdict.reason)
    if (isHostile(verdict.refused)) return this.#sendAway(member, verdict.reason)
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
      const owner = this.#presences.ownerOf(client)
      return owner === undefined || owner === member || to <= owner.clockOf(client)
    })
  }

  /** What it has sent does not fit what is here: it is asked what the relay lacks, at once or after a while. */
  #askAgain(member: Member): void {
    const wait = member.waitBeforeAsking(this.#world.runtime.now())
    if (wait === undefined) return
    if (wait === 0) return this.#enqueue({ kind: 'ask', from: member })
    this.#world.runtime.sleep(wait, { signal: this.#ended.signal }).then(
      () => this.#enqueue({ kind: 'ask', from: member }),
      () => undefined, // the room ended, and with it the connection
    )
  }

  /** Of one who may only read. It repeats what is deleted already: every full answer does. */
  #takeNothing(member: Member, document: RoomDocument, update: Uint8Array): void {
    const shape = readShape(update)
    if ('refused' in shape) return this.#sendAway(member, shape.reason)
    const writes = [...shape.writers].some(([client, { to }]) => to > (document.known.get(client) ?? 0))
    if (writes || (shape.removes.size > 0 && document.lacksRemovalOf(update))) member.refuseWriting()
  }

  #sendAway(member: Member, reason: string): void {
    this.#world.counters.closedHostile++
    member.connection.close(reason, CLOSE.malformed)
  }

  #enqueue(item: Item): void {
    this.#queue.push(item)
    this.#begin()
  }

  #begin(): void {
    this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined
      // It came between the end of the turn and here.
      if (this.#queue.length > 0 && this.#document !== undefined) this.#begin()
    })
  }

  /** Until nothing waits. What comes while the disk works is the next turn's. */
  async #turn(): Promise<void> {
    while (this.#queue.length > 0) {
      const items = this.#queue
      this.#queue = []
      const document = this.#document
      if (document === undefined) return
      try {
        await this.#settle(document, items)
        if (document.isDueForCompaction) await document.compact()
      } catch (cause) {
        return this.#fail(cause)
      }
    }
  }

  async #settle(document: RoomDocument, items: readonly Item[]): Promise<void> {
    const updates = items.filter((item) => item.kind === 'update')
    if (updates.length > 0) {
      const news = await this.#apply(document, updates)
      if (news !== undefined) {
        this.#world.counters.commits++
        this.#world.counters.updates += updates.length
        await document.commit(news)
        this.#tell(news, updates)
      }
    }
    for (const item of items) this.#answerItem(document, item)
  }

  async #apply(
    document: RoomDocument,
    updates: readonly (Item & { kind: 'update' })[],
  ): Promise<Uint8Array | undefined> {
    try {
      return document.apply(updates)
    } catch {
      // The gate let in what Yjs cannot read. Whose was it? Memory may have half of it: from the disk, one by one.
      return this.#applyOneByOne(document, updates)
    }
  }

  async #applyOneByOne(
    document: RoomDocument,
    updates: readonly (Item & { kind: 'update' })[],
  ): Promise<Uint8Array | undefined> {
    const good: Incoming[] = []
    for (const item of updates) {
      const { from } = item
      await document.reload()
      try {
        document.apply([...good, item])
        good.push(item)
      } catch (cause) {
        this.#world.runtime.log({ level: 'warn', event: 'room.update.unreadable', problem: String(cause) })
        this.#world.counters.refused++
        // What broke it may have been prepared by someone else: it is not taken, and nobody is sent away for it.
        from.refuse('UPDATE_UNREADABLE', 'an update cannot be read')
      }
    }
    await document.reload()
    const news = good.length === 0 ? undefined : document.apply(good)
    document.relearn()
    this.#judgeAgain()
    return news
  }

  /** What waits was let in on top of something that is not there after all. */
  #judgeAgain(): void {
    const items = this.#queue
    this.#queue = []
    for (const item of items) {
      if (item.kind === 'update') this.#take(item.from, item.update, item.isAnswer)
      else this.#queue.push(item)
    }
  }

  /** One message for all; not to the one who alone has said it. */
  #tell(news: Uint8Array, updates: readonly (Item & { kind: 'update' })[]): void {
    const frame = writeUpdate(news)
    const [first] = updates
    const only = updates.every(({ from }) => from === first?.from) ? first?.from : undefined
    for (const member of this.#members) if (member !== only && member.hasAsked) this.#send(member, frame)
    for (const wake of [...this.#waiters]) wake()
  }

  #answerItem(document: RoomDocument, item: Item): void {
    const { from } = item
    if (!this.#members.has(from)) return
    switch (item.kind) {
      case 'update':
        return
      case 'ask':
        return this.#send(from, writeVector(document.vector))
      case 'barrier': {
        const { epoch, runtime } = this.#world
        const status = from.settlement()
        return this.#send(from, writeSettled({ number: item.number, status, epoch, time: runtime.now() }))
      }
      case 'vector': {
        const parts = document.missing(item.vector)
        const last = parts?.at(-1)
        if (parts === undefined || last === undefined) return this.#sendAway(from, 'a state vector cannot be read')
        from.hasAsked = true
        for (const part of parts)
          this.#send(from, part === last ? this.#frames.missing(part) : this.#frames.update(part))
      }
    }
  }

  /** The same bytes for many who come at once are framed once. */
  readonly #frames = new Frames()

  #ask(member: Member, number: number, json: string): void {
    const keys = this.#keys
    if (keys === undefined) return
    const answering = this.#answer(keys, member, number, json).finally(() => this.#answering.delete(answering))
    this.#answering.add(answering)
  }

  async #answer(keys: KeyBook, member: Member, number: number, json: string): Promise<void> {
    const answer = await answerQuestion(json, {
      keys,
      rights: member.rights,
      leastProtocol: this.#world.leastProtocol,
      named: (name) => this.#name(member, name),
      tooOld: (reason) => member.connection.close(reason, CLOSE.tooOld),
    })
    if (this.#members.has(member)) this.#send(member, writeQuestion(number, answer))
  }

  #name(member: Member, name: string): void {
    member.name = name
    this.#endNamed(name, member)
  }

  /** Its older connection is over, though nobody may have noticed yet. */
  #endNamed(name: string, member: Member | undefined): void {
    for (const other of [...this.#members]) {
      if (other === member || other.name !== name) continue
      other.connection.close('this client came back over another connection', CLOSE.goingAway)
      this.#leave(other)
    }
  }

  #send(member: Member, frame: Uint8Array): void {
    if (!this.#members.has(member)) return
    if (member.send(frame)) {
      this.#world.counters.bytesOut += frame.length
      return
    }
    this.#world.counters.closedSlow++
    // Its farewell takes a while: what is told meanwhile is not for it, nor is it too slow again.
    this.#leave(member)
  }

  /** At once, and then not again for a moment: many who move make one message. */
  #tellPresence(): void {
    if (this.#isPresenceDue) return
    const { limits, runtime } = this.#world
    const wait = this.#presenceToldAt + limits.presenceMs - runtime.now()
    if (wait <= 0) return this.#tellPresenceNow()
    this.#isPresenceDue = true
    runtime.sleep(wait, { signal: this.#ended.signal }).then(
      () => {
        this.#isPresenceDue = false
        this.#tellPresenceNow()
      },
      () => undefined, // the room ended: nobody is there to be told
    )
  }

  #tellPresenceNow(): void {
    const news = this.#presences.takeNews()
    if (news === undefined) return
    this.#presenceToldAt = this.#world.runtime.now()
    const frame = writeAwareness(news)
    for (const member of this.#members) this.#send(member, frame)
  }

  /** What memory has is not on the disk: nobody may hear of it. Everyone comes back to what the disk has. */
  #fail(cause: unknown): void {
    const { counters, runtime } = this.#world
    counters.commitFailures++
    runtime.log({ level: 'error', event: 'room.uncommitted', project: this.project, code: asTaskError(cause).code })
    for (const member of this.#members) member.connection.close('the relay could not write to its disk', CLOSE.fault)
    this.#end()
  }

  #restIfIdle(): void {
    if (this.#members.size === 0 && this.#waiters.size === 0 && this.#phase === 'live') void this.#restThenDrain()
  }

  async #restThenDrain(): Promise<void> {
    this.#rest?.abort()
    const rest = new AbortController()
    this.#rest = rest
    try {
      await this.#world.runtime.sleep(this.#world.limits.idleMs, { signal: rest.signal })
    } catch {
      return // someone came, or the room ended
    }
    if (this.#members.size === 0 && this.#waiters.size === 0) await this.#drain()
  }

  async #drain(): Promise<void> {
    if (this.#phase === 'gone') return
    this.#phase = 'draining'
    await this.#quiet()
    try {
      if (this.phase === 'draining' && this.#document?.isWorthCompactingAtRest === true) await this.#document.compact()
    } catch (cause) {
      // All rows are there still: the next to load it reads more of them.
      this.#world.runtime.log({ level: 'warn', event: 'room.uncompacted', problem: String(cause) })
    }
    if (this.phase === 'draining') this.#end()
  }

  /** Nothing waits any more, and memory is what the disk has. */
  async #quiet(): Promise<void> {
    while (this.#turning !== undefined) await this.#turning
  }

  #end(): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    this.#ended.abort()
    this.#rest?.abort()
    this.#queue = []
    this.#document = undefined
    this.#keys = undefined
    for (const wake of [...this.#waiters]) wake()
    this.#gone(Promise.all(this.#answering).then(() => undefined))
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
