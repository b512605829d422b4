/**
 * The log of a ledger on a disk: a row for each commit, and now and then one for all of them, so that it never is much larger
 * than what it says.
 *
 *   log <name>     rows of JSON: the changes that one commit made, in order
 */
import type { Store, StoreChange } from '../ports.ts'
import type { LedgerChange } from './ledger.ts'

export interface LogWorld {
  readonly store: Pick<Store, 'read' | 'commit'>
  /** Takes changes of the ledger to the disk, with what else belongs into the same commit. @default the store's commit */
  readonly commit?: (changes: readonly StoreChange[]) => Promise<void>
  /** Rows of the log after which they become one. @default 2,000 */
  readonly manyRows?: number
}

const MANY_ROWS = 2_000
/** Below this a log is never worth compacting for its size. */
const LEAST_BYTES = 256 * 1024

export class ClaimLog {
  readonly #world: LogWorld
  readonly #name: string
  #rows = 0
  /** Of the first row, which may be a snapshot, and of the others. */
  #firstBytes = 0
  #bytes = 0

  constructor(world: LogWorld, name: string) {
    this.#world = world
    this.#name = name
  }

  /** All changes, oldest first. */
  async read(): Promise<readonly LedgerChange[]> {
    const rows = await this.#world.store.read(this.#name)
    this.#rows = 0
    this.#bytes = 0
    return rows.flatMap(({ bytes }) => {
      this.#count(bytes)
      return JSON.parse(new TextDecoder().decode(bytes)) as readonly LedgerChange[]
    })
  }

  get isDueForCompaction(): boolean {
    if (this.#rows >= (this.#world.manyRows ?? MANY_ROWS)) return true
    return this.#bytes >= Math.max(this.#firstBytes, LEAST_BYTES)
  }

  async append(changes: readonly LedgerChange[]): Promise<void> {
    const bytes = bytesOf(changes)
    await this.#commit({ append: this.#name, bytes })
    this.#count(bytes)
  }

  /** Puts `whole` in the place of all rows: the changes that come to the same. */
  async compact(whole: readonly LedgerChange[]): Promise<void> {
    const through = (await this.#world.store.read(this.#name)).at(-1)?.seq
    if (through === undefined) return
    const snapshot = bytesOf(whole)
    await this.#commit({ compact: this.#name, through, snapshot })
    this.#rows = 0
    this.#bytes = 0
    this.#count(snapshot)
  }

  #count({ length }: Uint8Array): void {
    if (this.#rows === 0) this.#firstBytes = length
    else this.#bytes += length
    this.#rows++
  }

  #commit(change: StoreChange): Promise<void> {
    return this.#world.commit?.([change]) ?? this.#world.store.commit([change])
  }
}

function bytesOf(changes: readonly LedgerChange[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(changes))
}
