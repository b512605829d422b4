/**
 * One project at the relay, while someone is there: who comes and goes, and what becomes of a frame.
 *
 *   loading ──▶ live ──▶ draining ──▶ gone        who comes while it drains brings it back to life;
 *                ▲          │                     who comes while it loads waits
 *                └──────────┘
 *
 *   frame ─▶ budget ─▶ read ─▶ rights ─▶ gate ─▶ queue ─▶ memory ─▶ disk ─▶ everyone ─▶ answers
 *
 * The gate is intake.ts, what follows it turns.ts. Nothing that is not on the disk is ever told to anyone.
 */
import { asTaskError, TaskError } from '../errors.ts'
import type { Connection } from '../ports.ts'
import type { Changes } from '../sync/exchange.ts'
import { CLOSE, readClientMessage, writeAwareness } from '../sync/protocol.ts'
import { Answering } from './answering.ts'
import type { ClaimDesks } from './claim-desk.ts'
import { ClaimNews } from './claim-news.ts'
import { ClaimsBoard, isClaimsRoom, projectOfRoom } from './claims-board.ts'
import { Desk } from './desk.ts'
import { Intake } from './intake.ts'
import { KeyBook } from './key-book.ts'
import { Member, type Rights } from './member.ts'
import { PresenceNews } from './presence-news.ts'
import { Presences } from './presences.ts'
import { RoomDocument } from './room-document.ts'
import type { RoomWorld } from './room-world.ts'
import { Turns } from './turns.ts'
import { Waiters } from './waiters.ts'

type Phase = 'loading' | 'live' | 'draining' | 'gone'

export class Room {
  readonly project: string
  #phase: Phase = 'loading'
  #document: RoomDocument | undefined
  #keys: KeyBook | undefined
  readonly #claims: ReturnType<ClaimDesks['take']>
  readonly #members = new Set<Member>()
  readonly #house: Member
  #board: ClaimsBoard | undefined
  readonly #claimNews: ClaimNews
  readonly #presences: Presences<Member>
  readonly #answering: Answering
  readonly #waiters = new Waiters()
  readonly #ready: Promise<void>
  readonly #ended = new AbortController()
  #rest: AbortController | undefined
  readonly #turns: Turns
  readonly #intake: Intake
  readonly #presenceNews: PresenceNews
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
    this.#claims = world.claims.take(projectOfRoom(project))
    this.#house = new Member(new Desk(), 'admin', world.limits, world.runtime.now())
    this.#presences = new Presences(world.limits)
    this.#claimNews = new ClaimNews(this.#claims.desk, world, this.#ended.signal, (...news) => this.#send(...news))
    this.#turns = this.#openTurns()
    this.#intake = this.#openIntake()
    this.#presenceNews = this.#openPresenceNews()
    this.#answering = this.#openAnswering()
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
    if (this.#phase === 'live') this.#phase = 'draining'
    await this.#turns.quiet()
    for (const { connection } of this.#members) connection.close(reason, status)
    await this.#drain()
  }

  /** What the room has; undefined when it ended meanwhile. */
  async vector(): Promise<Uint8Array | undefined> {
    await this.#ready
    await this.#turns.quiet()
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
    while (this.#document?.seq === since && !signal.aborted) await this.#waiters.next(signal)
    this.#restIfIdle()
    return this.#document && { seq: this.#document.seq, updates: this.#document.since(since) }
  }

  /** A write of the relay itself. */
  publish(update: Uint8Array): void {
    this.#take(this.#house, update, false)
  }

  /** All that it has, once it is loaded; undefined when it ended meanwhile. */
  async whole(): Promise<readonly Uint8Array[] | undefined> {
    await this.#ready
    await this.#turns.quiet()
    return this.#document?.missing(new Uint8Array())
  }

  /** A question of someone without a lasting connection. Undefined where the room ends first. */
  async ask(json: string, rights: Rights, signal: AbortSignal): Promise<string | undefined> {
    await this.#ready
    // A claim may wait for a long time.
    using _stay = this.#waiters.stay()
    const answer = await this.#answering.ask(json, rights, AbortSignal.any([signal, this.#ended.signal]))
    queueMicrotask(() => this.#restIfIdle())
    return answer
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
      if (isClaimsRoom(this.project))
        this.#board = new ClaimsBoard(this.#claims.desk, this, (cause) => this.#fail(cause))
      this.#restIfIdle()
    } catch (cause) {
      runtime.log({ level: 'error', event: 'room.unloadable', project: this.project, problem: String(cause) })
      this.#end()
      throw cause
    }
  }

  #openTurns(): Turns {
    return new Turns(this.#world, {
      document: () => this.#document,
      members: this.#members,
      send: (member, frame) => this.#send(member, frame),
      sendAway: (member, reason) => this.#sendAway(member, reason),
      take: (member, update, isAnswer) => this.#take(member, update, isAnswer),
      committed: () => this.#waiters.wake(),
      failed: (cause) => this.#fail(cause),
    })
  }

  #openIntake(): Intake {
    return new Intake(this.#world, {
      ended: this.#ended.signal,
      presences: this.#presences,
      letIn: (from, incoming) => this.#turns.add({ kind: 'update', from, ...incoming }),
      ask: (from) => this.#turns.add({ kind: 'ask', from }),
      sendAway: (member, reason) => this.#sendAway(member, reason),
    })
  }

  #openPresenceNews(): PresenceNews {
    return new PresenceNews({
      ...this.#world,
      ended: this.#ended.signal,
      takeNews: () => this.#presences.takeNews(),
      tell: (frame) => {
        for (const member of this.#members) this.#send(member, frame)
      },
    })
  }

  #openAnswering(): Answering {
    return new Answering(this.#world, {
      claims: this.#claims.desk,
      keys: () => this.#keys,
      send: (member, frame) => this.#send(member, frame),
      dismiss: (from) => this.#turns.add({ kind: 'dismissal', from }),
      endNamed: (name, member) => this.#endNamed(name, member),
      watchClaims: (member) => this.#claimNews.hear(member),
    })
  }

  #take(member: Member, update: Uint8Array, isAnswer: boolean): void {
    if (this.#document !== undefined) this.#intake.take(member, this.#document, update, isAnswer)
  }

  #welcome(member: Member): void {
    const { connection } = member
    if (!this.#members.has(member) || this.#document === undefined) return
    // In its turn: memory may be ahead of the disk now.
    this.#turns.add({ kind: 'ask', from: member })
    const everyone = this.#presences.everyone()
    if (everyone !== undefined) this.#send(member, writeAwareness(everyone))
    connection.onFrame((frame) => this.#hear(member, frame))
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return
    member.end('the connection is over')
    this.#world.counters.connected--
    this.#presences.forget(member)
    this.#claimNews.leave(member)
    this.#presenceNews.tell()
    this.#restIfIdle()
  }

  #hear(member: Member, frame: Uint8Array): void {
    const { counters, runtime } = this.#world
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
        return this.#turns.add({ kind: 'vector', vector: message.vector, from: member })
      case 'missing':
      case 'update':
        return this.#take(member, message.update, message.kind === 'missing')
      case 'barrier':
        member.isOurs = true
        return this.#turns.add({ kind: 'barrier', number: message.number, since: member.marked(), from: member })
      case 'awareness': {
        const problem = this.#presences.hear(member, message.update)
        if (problem !== undefined) this.#sendAway(member, problem)
        return this.#presenceNews.tell()
      }
      case 'query awareness': {
        const everyone = this.#presences.everyone()
        if (everyone !== undefined) this.#send(member, writeAwareness(everyone))
        return
      }
      case 'question':
        return void this.#answering.hear(member, message.number, message.json)
      case 'unknown':
        return // of a later version, which must do without an answer
      case 'answer':
      case 'claims':
      case 'denied':
      case 'refused':
      case 'settled':
      case undefined:
        return this.#sendAway(member, 'a message cannot be read')
    }
  }

  #sendAway(member: Member, reason: string): void {
    this.#world.counters.closedHostile++
    member.connection.close(reason, CLOSE.malformed)
  }

  /** Its older connection is over, though nobody may have noticed yet. */
  #endNamed(name: string, member: Member | undefined): void {
    for (const other of Array.from(this.#members)) {
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

  /** What memory has is not on the disk: nobody may hear of it. Everyone comes back to what the disk has. */
  #fail(cause: unknown): void {
    const { counters, runtime } = this.#world
    counters.commitFailures++
    runtime.log({ level: 'error', event: 'room.uncommitted', project: this.project, code: asTaskError(cause).code })
    for (const member of this.#members) member.connection.close('the relay could not write to its disk', CLOSE.fault)
    this.#end()
  }

  #restIfIdle(): void {
    if (this.#members.size === 0 && this.#waiters.isEmpty && this.#phase === 'live') void this.#restThenDrain()
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
    if (this.#members.size === 0 && this.#waiters.isEmpty) await this.#drain()
  }

  async #drain(): Promise<void> {
    if (this.#phase === 'gone') return
    this.#phase = 'draining'
    await this.#turns.quiet()
    try {
      if (this.phase === 'draining' && this.#document?.isWorthCompactingAtRest === true) await this.#document.compact()
    } catch (cause) {
      // All rows are there still: the next to load it reads more of them.
      this.#world.runtime.log({ level: 'warn', event: 'room.uncompacted', problem: String(cause) })
    }
    if (this.phase === 'draining') this.#end()
  }

  #end(): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    const reason = 'the project was unloaded'
    this.#ended.abort(new TaskError('CONNECTION_CLOSED', { reason, executed: 'unknown' }))
    this.#rest?.abort()
    this.#turns.end()
    this.#board?.[Symbol.dispose]()
    this.#claimNews[Symbol.dispose]()
    this.#document = undefined
    this.#keys = undefined
    this.#waiters.wake()
    for (const member of this.#members) member.end(reason)
    this.#gone(Promise.all([this.#answering.quiet(), this.#claims[Symbol.asyncDispose]()]).then(() => undefined))
  }
}
