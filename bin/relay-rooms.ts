/**
 * The relay's rooms over a store on this machine, begun anew after a write that the disk did not take: such a store takes
 * nothing more until it is opened again, and may hold what failed. Whoever was there comes back. Knows no doors.
 */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { openLevelStore } from '../adapters/leveldb/store.ts'
import { asTaskError, Relay, TaskError, type RelayOptions, type Runtime, type Store } from '../src/index.ts'
import { closeAll } from './closing.ts'

export interface RelayRooms extends AsyncDisposable {
  /** While the disk takes nothing it is one that is over: it sends everyone away for a while. */
  readonly relay: Relay
}

interface Open {
  readonly store: Store
  readonly relay: Relay
}

/** The wait before the store is opened again; it doubles while the disk takes nothing. */
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000
/** A disk with less room than this would be full again at once. */
const PROBE_BYTES = 256 * 1024
const PROBE_CELL = 'probe'

export async function openRelayRooms(data: string, options: RelayOptions, runtime: Runtime): Promise<RelayRooms> {
  const rooms = new LastingRooms(data, options, runtime)
  await rooms.open()
  return rooms
}

class LastingRooms implements RelayRooms {
  #open: Open | undefined
  #mending: Promise<void> | undefined
  #closing: Promise<void> | undefined
  readonly #over = new AbortController()
  readonly #data: string
  readonly #options: RelayOptions
  readonly #runtime: Runtime

  constructor(data: string, options: RelayOptions, runtime: Runtime) {
    this.#data = data
    this.#options = options
    this.#runtime = runtime
  }

  get relay(): Relay {
    if (this.#open === undefined) throw new TaskError('FAULT', { problem: 'the rooms of a relay were not opened' })
    return this.#open.relay
  }

  /** `isProbing` writes something first: that a store can be opened says little of whether it can be written. */
  async open({ isProbing = false }: { readonly isProbing?: boolean } = {}): Promise<void> {
    const store = await openLevelStore(this.#data)
    try {
      if (isProbing) {
        await store.commit([{ put: PROBE_CELL, bytes: new Uint8Array(PROBE_BYTES) }])
        await store.commit([{ put: PROBE_CELL, bytes: new Uint8Array() }])
      }
      const { dev, ino } = statSync(this.#data)
      const relay = await Relay.open(
        {
          runtime: this.#runtime,
          store: watched(store, () => this.#mend()),
          place: `${hostname()}:${dev}:${ino}`,
          digest: (text) => createHash('sha256').update(text).digest('hex'),
        },
        { ...this.#options, ...(this.#open && { counters: this.#open.relay.counters }) },
      )
      this.#open = { store, relay }
    } catch (cause) {
      await store[Symbol.asyncDispose]()
      throw cause
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#over.abort()
    await this.#mending
    if (this.#open !== undefined) await closeAll([this.#open.relay, this.#open.store])
  }

  #mend(): void {
    if (this.#over.signal.aborted) return
    this.#mending ??= this.#mendNow().finally(() => (this.#mending = undefined))
  }

  /** Until the disk takes something again. All rooms end, also those without a failure: keys, tokens may be on the disk or not. */
  async #mendNow(): Promise<void> {
    const { signal } = this.#over
    const { log } = this.#runtime
    log({ level: 'error', event: 'relay.unwritable' })
    try {
      if (this.#open !== undefined) await closeAll([this.#open.relay, this.#open.store])
    } catch (cause) {
      log({ level: 'warn', event: 'relay.unclosed', problem: String(cause) })
    }
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
      try {
        await this.#runtime.sleep(waitMs, { signal })
        await this.open({ isProbing: true })
        return log({ level: 'info', event: 'relay.writable' })
      } catch (cause) {
        if (!signal.aborted) log({ level: 'warn', event: 'relay.waiting', code: asTaskError(cause).code })
      }
    }
  }
}

/** The same store; tells once a commit showed that it takes nothing more. */
function watched(store: Store, tell: () => void): Store {
  return {
    read: (log, options) => store.read(log, options),
    cell: (name) => store.cell(name),
    logs: () => store.logs(),
    size: (log) => store.size(log),
    problems: () => store.problems(),
    commit: async (changes) => {
      try {
        await store.commit(changes)
      } catch (cause) {
        if (cause instanceof TaskError && cause.code === 'STORE_UNWRITABLE') tell()
        throw cause
      }
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
