/**
 * Where replicas meet: projects as rooms that come and go, who may enter them, what the whole of it is doing. Sockets,
 * pages and files are others' matter: connections come in, one store is underneath.
 */
import { TaskError } from '../errors.ts'
import { newShortId } from '../ids.ts'
import type { Connection, Runtime, Store } from '../ports.ts'
import type { Changes, ExchangeAnswer, ExchangeRequest, Known } from '../sync/exchange.ts'
import { CLOSE, writeBarrier, writeMissing, writeVector } from '../sync/protocol.ts'
import { ClaimDesks } from './claim-desk.ts'
import { isClaimsRoom, parseRoomName, projectOfRoom } from './claims-board.ts'
import { Counters } from './counters.ts'
import { Desk } from './desk.ts'
import { defaultLimits, type RelayLimits } from './limits.ts'
import type { Rights } from './member.ts'
import { Room } from './room.ts'
import type { RoomWorld } from './room-world.ts'
import { EVERY_PROJECT, Tokens } from './tokens.ts'

export interface RelayWorld {
  readonly runtime: Runtime
  readonly store: Store
  /** SHA-256 as hex. */
  readonly digest: (text: string) => string
  /** Names the store's directory on its disk: a copy, or a backup put elsewhere, is other data. */
  readonly place: string
}

export interface RelayOptions {
  readonly limits?: Partial<RelayLimits>
  /** Tokens that are valid for everything. */
  readonly masters?: readonly string[]
  /** One more, of which only this machine's own programs know. */
  readonly house?: string
  /** The oldest protocol that a client of ours may speak; stock clients say none. @default 1 */
  readonly leastProtocol?: number
  /** Nobody enters without a token, also where none was made yet. @default false */
  readonly needsTokens?: boolean
  /** Goes on counting where another relay ended. @default from zero */
  readonly counters?: Counters
}

/** Who comes in, as far as the door knows. */
export interface Visit {
  readonly project: string
  readonly token: string | null
}

interface Guest {
  readonly project: string
  readonly token: string | null
}

const EPOCH_CELL = 'relay'
/** No commit has this number. */
const NEVER = -1

export class Relay implements AsyncDisposable {
  readonly tokens: Tokens
  readonly counters: Counters
  readonly epoch: string
  readonly #rooms = new Map<string, Room>()
  /** What rooms that ended still have on its way to the disk. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #guests = new Map<Connection, Guest>()
  /** Who waits for changes without a connection. */
  readonly #waiting = new Set<Guest & { readonly stop: AbortController }>()
  readonly #needsTokens: boolean
  readonly #room: RoomWorld
  #closing: Promise<void> | undefined

  private constructor(world: RelayWorld, tokens: Tokens, epoch: string, options: RelayOptions) {
    const { limits, needsTokens = false, counters = new Counters(), leastProtocol = 1 } = options
    this.tokens = tokens
    this.epoch = epoch
    this.counters = counters
    this.#needsTokens = needsTokens
    const { runtime, store } = world
    this.#room = {
      runtime,
      store,
      epoch,
      counters,
      leastProtocol,
      limits: { ...defaultLimits, ...limits },
      claims: new ClaimDesks({ runtime, store }),
    }
  }

  static async open(world: RelayWorld, options: RelayOptions = {}): Promise<Relay> {
    const tokens = await Tokens.load({
      ...world,
      masters: options.masters ?? [],
      ...(options.house === undefined ? {} : { house: options.house }),
    })
    return new Relay(world, tokens, await epochOf(world), options)
  }

  /** Takes a connection into its project's room, or ends it and says why. */
  welcome(connection: Connection, visit: Visit): void {
    const allowed = this.#allow(visit)
    if ('status' in allowed) return connection.close(allowed.reason, allowed.status)
    const room = this.#roomOf(visit.project)
    if (room === undefined) {
      connection.close(`this relay has ${this.#room.limits.rooms} projects open already`, CLOSE.tryLater)
      return
    }
    this.#guests.set(connection, { project: visit.project, token: allowed.token })
    void connection.closed.then(() => this.#guests.delete(connection))
    room.join(connection, allowed.rights)
  }

  /** What a token allows; throws RELAY_DENIED where it allows nothing. */
  rightsOf(visit: Visit): Rights {
    return this.#guestOf(visit).rights
  }

  /** Whether a token opens every project; without tokens for all of them everyone may who comes from this machine. */
  isAdmin(token: string | null): boolean {
    if (token !== null) return this.tokens.rightsOf(token, EVERY_PROJECT)?.rights === 'admin'
    return !this.#needsTokens && !this.tokens.areNeeded(EVERY_PROJECT)
  }

  /** One exchange without a lasting connection; what it brought is on the disk when it settles. */
  async exchange(visit: Visit, { vector, update }: ExchangeRequest): Promise<ExchangeAnswer> {
    const room = this.#admitted(visit)
    const desk = new Desk()
    room.join(desk, this.rightsOf(visit))
    try {
      const theirs = await desk.next('vector')
      if (update.length > 0) desk.say(writeMissing(update))
      desk.say(writeBarrier(1))
      const { status, epoch, time } = await desk.next('settled')
      // Before the answer is made: whoever waits for what comes after it misses nothing.
      const seq = await room.seq()
      const has = update.length === 0 ? theirs.vector : ((await room.vector()) ?? theirs.vector)
      desk.say(writeVector(vector))
      return { status, epoch, time, missing: await desk.missing(), vector: has, seq }
    } finally {
      desk.close('the exchange is over')
    }
  }

  /** What was committed since, once there is something or the signal ends; at once where this relay knows nothing of it. */
  async changes(visit: Visit, known: Known | undefined, signal: AbortSignal): Promise<Changes> {
    const waiting = { project: visit.project, token: this.#guestOf(visit).token, stop: new AbortController() }
    const over = AbortSignal.any([signal, waiting.stop.signal])
    this.#waiting.add(waiting)
    try {
      for (;;) {
        const since = known?.epoch === this.epoch ? known.seq : NEVER
        const changes = await this.#admitted(visit).changes(since, over)
        // Its token may have been taken away while it waited.
        this.rightsOf(visit)
        // Undefined where the room ended meanwhile: the next one goes on counting.
        if (changes !== undefined) return { epoch: this.epoch, ...changes }
      }
    } finally {
      this.#waiting.delete(waiting)
    }
  }

  /** A question without a lasting connection, and its answer, as JSON. */
  async ask(visit: Visit, json: string, signal: AbortSignal): Promise<string> {
    const limit = this.#room.limits.questionLength
    if (json.length > limit) throw new TaskError('TOO_LARGE', { field: 'a question', size: json.length, limit })
    for (;;) {
      const answer = await this.#admitted(visit).ask(json, this.rightsOf(visit), signal)
      if (answer !== undefined) return answer
    }
  }

  /** A token no longer holds: whoever came in with it leaves. */
  async revoke(id: string, project: string): Promise<boolean> {
    const isRevoked = await this.tokens.revoke(id, project)
    if (isRevoked) {
      for (const [connection, guest] of this.#guests)
        if (guest.token === id) connection.close('this token was revoked', CLOSE.denied)
      for (const waiting of this.#waiting) if (waiting.token === id) waiting.stop.abort()
    }
    return isRevoked
  }

  /** The projects that are open. */
  rooms(): readonly {
    readonly project: string
    readonly connections: number
    readonly presences: readonly string[]
  }[] {
    return [...this.#rooms.values()].map((room) => ({
      project: room.project,
      connections: room.size,
      presences: room.presences(),
    }))
  }

  presences(project: string): readonly string[] {
    return this.#rooms.get(project)?.presences() ?? []
  }

  /** Finishes what was heard, tells everyone, leaves the store to who opened it. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#rooms.values()].map((room) => room.close('the relay is going away')))
    await Promise.all(this.#leaving.values())
  }

  #allow({
    project,
    token,
  }: Visit):
    | { readonly rights: Rights; readonly token: string | null }
    | { readonly status: number; readonly reason: string } {
    if (this.#closing !== undefined) return { status: CLOSE.goingAway, reason: 'the relay is going away' }
    const named = projectOfRoom(project)
    try {
      parseRoomName(project)
    } catch {
      return { status: CLOSE.unknownProject, reason: 'this is not the name of a project' }
    }
    if (token !== null) {
      const known = this.tokens.rightsOf(token, named)
      return known === undefined
        ? { status: CLOSE.denied, reason: 'this token does not open this project' }
        : { rights: isClaimsRoom(project) ? 'read' : known.rights, token: known.id }
    }
    if (this.#needsTokens || this.tokens.areNeeded(named))
      return { status: CLOSE.denied, reason: 'this project needs a token' }
    // What is held the relay alone writes.
    return { rights: isClaimsRoom(project) ? 'read' : 'admin', token: null }
  }

  #guestOf(visit: Visit): { readonly rights: Rights; readonly token: string | null } {
    const allowed = this.#allow(visit)
    if (!('status' in allowed)) return allowed
    // Who comes back later is let in: that is no denial.
    if (allowed.status === CLOSE.goingAway)
      throw new TaskError('CONNECTION_CLOSED', { reason: allowed.reason, executed: 'no' })
    throw new TaskError('RELAY_DENIED', { url: visit.project, reason: allowed.reason })
  }

  #admitted(visit: Visit): Room {
    this.rightsOf(visit)
    const room = this.#roomOf(visit.project)
    if (room === undefined)
      throw new TaskError('CONNECTION_CLOSED', { reason: 'the relay has too many projects open', executed: 'no' })
    return room
  }

  #roomOf(project: string): Room | undefined {
    const found = this.#rooms.get(project)
    if (found !== undefined) return found
    if (this.#rooms.size >= this.#room.limits.rooms) return undefined
    const room: Room = new Room(this.#room, project, this.#leaving.get(project), (rest) => {
      this.#rooms.delete(project)
      const leaving = rest.finally(() => {
        if (this.#leaving.get(project) === leaving) this.#leaving.delete(project)
      })
      this.#leaving.set(project, leaving)
    })
    if (room.phase !== 'gone') this.#rooms.set(project, room)
    return room
  }
}

async function epochOf({ runtime, store, place }: RelayWorld): Promise<string> {
  const bytes = await store.cell(EPOCH_CELL)
  const kept =
    bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as { place: string; epoch: string })
  if (kept?.place === place) return kept.epoch
  const epoch = newShortId(runtime.random)
  await store.commit([{ put: EPOCH_CELL, bytes: new TextEncoder().encode(JSON.stringify({ place, epoch })) }])
  return epoch
}
