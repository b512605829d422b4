/**
 * A project and its relay, for as long as the project is open: what a session asks is answered from the document, what it
 * brings is taken in, and what the relay has on its disk is remembered. Where the relay is, the transport knows.
 */
import type { RelayReport } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import { parseUid } from '../ids.ts'
import type { Transport } from '../ports.ts'
import { Peer, type PeerHost, type PeerOptions, type PeerState } from '../sync/peer.ts'
import type { Missing } from '../sync/session.ts'
import { ClaimSync } from './claim-sync.ts'
import { KeyConfirming } from './confirming.ts'
import type { Held } from './held.ts'
import { missingFor, vectorOf } from './offering.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

export interface SyncingOptions extends PeerOptions {
  /** Where the relay is, as people read it; no credentials. A function where it is looked for anew; null: there is none. */
  readonly url: string | (() => string | null)
  /** What this workspace says of itself to others. */
  readonly presence: PresenceState
}

/** Who is connected, and where. */
export interface PresenceState {
  readonly workspace: string
  readonly actor: string | null
  readonly host?: string
}

/** Beyond this the clocks of workspace and relay do not tell the same time. */
const SKEW_MS = 60_000

export class Syncing implements Relaying, AsyncDisposable {
  readonly #peer: Peer
  readonly #project: Project
  readonly #url: () => string | null
  readonly #subscriptions: readonly Disposable[]
  readonly #confirming: KeyConfirming
  readonly #claims: ClaimSync
  #skewMs = 0
  #client = 0
  /** Something here waits for rows that were lost: it cannot be said, and is on nobody's disk. */
  #isPartial = false

  private constructor(project: Project, transport: Transport, { url, presence, ...options }: SyncingOptions) {
    const { runtime } = project.world
    this.#url = typeof url === 'string' ? () => url : url
    this.#project = project
    const state = JSON.stringify(presence)
    this.#peer = new Peer(transport, this.#host(state), runtime, options)
    this.#confirming = new KeyConfirming(project, (method, params) => this.#peer.ask(method, params))
    this.#claims = new ClaimSync(project, this)
    this.#subscriptions = [
      project.on('written', ({ update, written }) => this.#peer.say(update, written)),
      project.on('changed', ({ tasks }) => this.#confirming.soon(tasks.map(({ uid }) => parseUid(uid)))),
      this.#peer.on('changed', ({ state: { phase, ...more } }) => {
        if (phase === 'synced') project.tell('connected', { url: this.#url() })
        if (phase === 'unreachable' || phase === 'denied')
          project.tell('disconnected', { url: this.#url(), reason: 'reason' in more ? more.reason : '' })
      }),
      this.#peer.on('saved', ({ written }) => project.tell('saved', { written })),
      this.#peer.on('unsynced', ({ reason }) => project.tell('unsynced', { reason })),
    ]
  }

  /** The project is held and its document loaded from here on. */
  static async start(project: Project, transport: Transport, options: SyncingOptions): Promise<Syncing> {
    const syncing = new Syncing(project, transport, options)
    await project.hold()
    syncing.#peer.start()
    return syncing
  }

  get state(): PeerState {
    return this.#peer.state
  }

  /** Why the relay does not take what is written here. */
  get refusal(): string | undefined {
    return this.#peer.refusal
  }

  /** How far the relay's clock is ahead of this machine's, where that is more than a minute. */
  get skewMs(): number {
    return Math.abs(this.#skewMs) > SKEW_MS ? this.#skewMs : 0
  }

  /** Writes made here that the relay is not known to have on its disk; undefined while this process has no store. */
  get unsynced(): number | undefined {
    return this.#project.held?.unsynced
  }

  report(): RelayReport {
    const { state } = this.#peer
    const url = this.#url()
    const others = this.others()
    if (url === null && state.phase !== 'synced') return { url, state: 'none', others }
    const reason = 'reason' in state ? state.reason : this.#peer.refusal
    return { url, state: shownPhase(state), others, ...(reason !== undefined && { reason }) }
  }

  /** Who else is connected to the project. */
  others(): readonly PresenceState[] {
    return this.#peer.others.flatMap((state) => {
      const presence = parsePresence(state)
      return presence === undefined ? [] : [presence]
    })
  }

  /** Everything written before is on the relay's disk, and everything of the relay is here. Does not wait for its turn to try. */
  async settle(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#peer.state.phase === 'unreachable') this.wake()
    await this.#peer.settle(options)
  }

  /** Waits where it is not known yet whether the relay is there. */
  async ask(method: string, params: unknown, options: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    if (!(await this.#peer.reached(options))) {
      const { url, reason = 'it is not connected' } = this.report()
      throw new TaskError('RELAY_UNREACHABLE', { url: url ?? 'this machine', reason })
    }
    return this.#peer.ask(method, params, options)
  }

  /** Tries now, also after the relay said no. */
  wake(): void {
    this.#peer.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
    // Together: a question that the relay never answers ends with its connection.
    await Promise.all([
      this.#confirming[Symbol.asyncDispose](),
      this.#claims[Symbol.asyncDispose](),
      this.#peer[Symbol.asyncDispose](),
    ])
  }

  #host(state: string): PeerHost {
    const project = this.#project
    return {
      vector: () => project.inTurn(async (held) => this.#vector(held)),
      missing: (vector) => project.inTurn(async (held) => this.#missing(held, vector)),
      hear: async (updates) => void (await project.absorb(updates, { verb: 'remote', name: null })),
      written: () => (this.#isPartial ? undefined : project.held?.written),
      presence: () => ({ client: (this.#client = project.held?.cursor.client ?? this.#client), state }),
      settled: (event) => this.#settled(event),
      synced: () => {
        this.#confirming.soon()
        this.#claims.soon()
      },
      claimsChanged: () => this.#claims.soon(),
    }
  }

  #settled({ status, epoch, written, time }: Parameters<PeerHost['settled']>[0]): void {
    const { held, world } = this.#project
    this.#skewMs = time - world.runtime.now()
    this.#project.clock.hear(time)
    const isOther = held?.saved?.epoch !== epoch
    if (isOther) {
      this.#confirming.teach()
      this.#claims.teach()
    }
    if (status === 'committed' && !this.#isPartial) held?.markSaved({ epoch, written })
    else if (isOther) held?.markSaved({ epoch, written: 0 })
  }

  async #vector(held: Held): Promise<Uint8Array> {
    return vectorOf(this.#project, held)
  }

  async #missing(held: Held, vector: Uint8Array): Promise<Missing> {
    const { isPartial, ...missing } = await missingFor(this.#project, held, vector)
    this.#isPartial = isPartial
    return missing
  }
}

function shownPhase({ phase }: PeerState): RelayReport['state'] {
  switch (phase) {
    case 'connecting':
    case 'syncing':
      return 'syncing'
    case 'closed':
      return 'unreachable'
    case 'unreachable':
    case 'synced':
    case 'denied':
      return phase
  }
}

/** Foreign clients say what they like of themselves. */
function parsePresence(state: string): PresenceState | undefined {
  try {
    const value: unknown = JSON.parse(state)
    if (typeof value !== 'object' || value === null) return undefined
    const { workspace, actor, host } = value as { readonly [name: string]: unknown }
    return {
      workspace: typeof workspace === 'string' ? workspace.slice(0, 500) : 'another program',
      actor: typeof actor === 'string' ? actor.slice(0, 200) : null,
      ...(typeof host === 'string' ? { host: host.slice(0, 200) } : {}),
    }
  } catch {
    return undefined
  }
}
