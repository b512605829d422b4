/** A relay whose process dies and comes back, on a disk that is slow, full, lost or put back; and what that disk has. */
import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import type { Connection, Store, StoreChange } from '../../src/internal.ts'
import type { RelayLimits } from '../../src/relay/limits.ts'
import { Relay } from '../../src/relay/relay.ts'
import { roomLog } from '../../src/relay/room-document.ts'
import type { Dice } from './dice.ts'
import type { Tally } from './simulation.ts'

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
/** Everything may be asked for with it. */
export const MASTER = 'simulated-master-token'

export interface SimulatedRelayOptions {
  readonly project: string
  readonly seed: number
  readonly startMs: number
  readonly limits: Partial<RelayLimits>
  readonly dice: Dice
  readonly tally: Tally
  /** What the relay's process has in the place of its store: for controls. */
  readonly wrap?: (store: Store) => Store
}

interface Backup {
  readonly changes: readonly StoreChange[]
}

export class SimulatedRelay {
  readonly runtime: MemoryRuntime
  /** What its disk has of the document: nothing else counts as saved. */
  durable: Y.Doc = new Y.Doc()
  /** Its data was lost, or put back from a backup. */
  hasLost = false
  readonly #options: SimulatedRelayOptions
  #disk: MemoryDisk
  #store: Store | undefined
  #relay: Relay | undefined
  #lives = 0
  #seen = 0
  #backup: Backup = { changes: [] }
  #gate: { readonly wait: Promise<void>; readonly open: () => void } | undefined
  #isFull = false

  constructor(options: SimulatedRelayOptions) {
    this.#options = options
    this.runtime = memoryRuntime({ seed: options.seed, startMs: options.startMs })
    this.#disk = this.#newDisk()
  }

  get isUp(): boolean {
    return this.#relay !== undefined
  }

  accept(token: string): ((connection: Connection) => void) | undefined {
    const relay = this.#relay
    return relay === undefined
      ? undefined
      : (connection) => relay.welcome(connection, { project: this.#options.project, token })
  }

  get relay(): Relay | undefined {
    return this.#relay
  }

  async start(): Promise<void> {
    if (this.#relay !== undefined) return
    this.speedUp()
    const { wrap = (store: Store) => store, limits } = this.#options
    const store = await openMemoryStore(this.#disk)
    this.#store = store
    const world = { runtime: this.runtime, store: wrap(store), digest, place: `disk ${this.#lives}` }
    this.#relay = await Relay.open(world, { masters: [MASTER], limits })
  }

  /** Dies: of what was not synced some is kept. */
  crash(): void {
    this.#take()
    this.#disk.crash()
    this.speedUp()
    this.#store = undefined
  }

  async stop(): Promise<void> {
    this.speedUp()
    await this.#take()?.[Symbol.asyncDispose]()
    await this.#store?.[Symbol.asyncDispose]()
    this.#store = undefined
  }

  slowDown(): void {
    if (this.#gate !== undefined) return
    let open = (): void => undefined
    const wait = new Promise<void>((resolve) => (open = resolve))
    this.#gate = { wait, open }
  }

  speedUp(): void {
    this.#gate?.open()
    this.#gate = undefined
    this.#isFull = false
  }

  fill(): void {
    this.speedUp()
    this.#isFull = true
  }

  async backUp(): Promise<void> {
    if (this.#store === undefined) return
    const store = this.#store
    const logs = await Promise.all(
      (await store.logs()).map(async (log) =>
        (await store.read(log)).map(({ bytes }): StoreChange => ({ append: log, bytes })),
      ),
    )
    const cells = await Promise.all(
      ['relay', 'tokens'].map(async (put): Promise<readonly StoreChange[]> => {
        const bytes = await store.cell(put)
        return bytes === undefined ? [] : [{ put, bytes }]
      }),
    )
    this.#backup = { changes: [...logs.flat(), ...cells.flat()] }
  }

  /** `isEmpty`: on a new disk; else that of the last backup, in the same place or another. */
  async restore({ isEmpty, isElsewhere }: { readonly isEmpty: boolean; readonly isElsewhere: boolean }): Promise<void> {
    await this.stop()
    this.#disk = this.#newDisk()
    this.hasLost = true
    if (isElsewhere || isEmpty) this.#lives++
    const store = await openMemoryStore(this.#disk)
    if (!isEmpty && this.#backup.changes.length > 0) await store.commit(this.#backup.changes)
    await store[Symbol.asyncDispose]()
    this.durable = new Y.Doc()
    this.#seen = 0
  }

  /** Reads what reached the disk since. */
  async look(): Promise<void> {
    const log = roomLog(this.#options.project)
    const store = this.#store ?? (await openMemoryStore(this.#disk))
    const rows = await store.read(log, { after: this.#seen })
    if (store !== this.#store) await store[Symbol.asyncDispose]()
    for (const { seq, bytes } of rows) {
      Y.applyUpdate(this.durable, bytes)
      this.#seen = seq
    }
  }

  /** From its first row: a snapshot must say all that the rows before it said. */
  async lookAnew(): Promise<void> {
    this.durable = new Y.Doc()
    this.#seen = 0
    await this.look()
  }

  #take(): Relay | undefined {
    const relay = this.#relay
    this.#relay = undefined
    const { tally } = this.#options
    for (const [name, count] of Object.entries(relay?.counters ?? {}))
      if (typeof count === 'number') tally[`relay: ${name}`] = (tally[`relay: ${name}`] ?? 0) + count
    return relay
  }

  #newDisk(): MemoryDisk {
    const { dice, tally } = this.#options
    return createMemoryDisk({
      survives: () => {
        const survives = dice.chance(0.5)
        if (survives) tally['committed and never answered'] = (tally['committed and never answered'] ?? 0) + 1
        return survives
      },
      sync: () => (this.#isFull ? Promise.reject(new Error('no space left')) : (this.#gate?.wait ?? Promise.resolve())),
    })
  }
}

/** What an update says that a document does not have; undefined when it has all. */
export function lackIn(doc: Y.Doc, update: Uint8Array): string | undefined {
  const { to } = Y.parseUpdateMeta(update)
  for (const [client, clock] of to)
    if (Y.getState(doc.store, client) < clock) return `${client} to ${clock}, there to ${Y.getState(doc.store, client)}`
  for (const [client, ranges] of Y.decodeUpdate(update).ds.clients) {
    for (const { clock, len } of ranges) {
      const structs = doc.store.clients.get(client)
      for (let at = clock; at < clock + len;) {
        const struct =
          structs === undefined || Y.getState(doc.store, client) <= at ? undefined : structs[Y.findIndexSS(structs, at)]
        if (struct?.deleted !== true) return `that ${client} ${at} is deleted`
        at = struct.id.clock + struct.length
      }
    }
  }
  return undefined
}
