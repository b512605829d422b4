/** The arbiter of the simulated world: its process, its disk that is slow or full or gone, its clock that jumps. */
import type { MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import { ClaimBook, type AskOptions, type BookWorld } from '../../src/claims/book.ts'
import type { ClaimRequest, Holding, TimedAnswer } from '../../src/claims/request.ts'
import type { Row, Store } from '../../src/internal.ts'
import { LOG } from './claim-book.ts'
import type { Dice } from './dice.ts'

export interface Arbiter extends AsyncDisposable {
  readonly isBroken: boolean
  ask(request: ClaimRequest, options?: AskOptions): Promise<TimedAnswer>
  holdings(): readonly Holding[]
}

/** What a control breaks on purpose. */
export interface ClaimSabotage {
  readonly open?: (world: BookWorld, log: string) => Promise<Arbiter>
}

/** Few, so that rows become one all the time. */
const MANY_ROWS = 12

export class SimulatedClaimArbiter {
  arbiter: Arbiter | undefined
  isSlow = false
  isFull = false
  /** What its clock shows beside the true time. */
  clockByMs = 0
  #syncs: (() => void)[] = []
  #disk!: MemoryDisk
  #store!: Store
  readonly #runtime: MemoryRuntime
  readonly #dice: Dice
  readonly #open: (world: BookWorld, log: string) => Promise<Arbiter>

  constructor(runtime: MemoryRuntime, dice: Dice, { open }: ClaimSabotage) {
    this.#runtime = runtime
    this.#dice = dice
    this.#open = open ?? ((world, log) => ClaimBook.load(world, log))
  }

  now(): number {
    return this.#runtime.now() + this.clockByMs
  }

  /** A new disk with these rows. */
  async mount(rows: readonly Row[] = []): Promise<void> {
    this.#disk = createMemoryDisk({
      survives: () => this.#dice.chance(0.5),
      sync: () => {
        if (this.isFull) return Promise.reject(new Error('no space left'))
        return this.isSlow ? new Promise((arrive) => void this.#syncs.push(arrive)) : Promise.resolve()
      },
    })
    this.#store = await openMemoryStore(this.#disk)
    if (rows.length > 0) await this.#store.commit(rows.map(({ bytes }) => ({ append: LOG, bytes })))
  }

  async start(): Promise<void> {
    const runtime = {
      now: () => this.now(),
      sleep: (ms: number, options?: { readonly signal?: AbortSignal }) => this.#runtime.sleep(ms, options),
    }
    this.arbiter = await this.#open({ runtime, store: this.#store, manyRows: MANY_ROWS }, LOG)
  }

  async stop(): Promise<void> {
    const stopping = this.arbiter?.[Symbol.asyncDispose]()
    this.arbiter = undefined
    this.sync()
    await this.#runtime.advance(0)
    await stopping
  }

  /** What is on its way to the disk arrives, or does not. */
  async crash(): Promise<void> {
    this.#disk.crash()
    this.#syncs = []
    await this.stop()
  }

  async restart(): Promise<void> {
    this.#store = await openMemoryStore(this.#disk)
    await this.start()
  }

  /** For a backup. */
  rows(): Promise<readonly Row[]> {
    return this.#store.read(LOG)
  }

  /** What waits for the disk arrives. */
  sync(): void {
    for (const arrive of this.#syncs.splice(0)) arrive()
  }
}
