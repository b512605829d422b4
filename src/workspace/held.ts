/** The store while this process holds it: its head, where the writer goes on, the summary beside it. Knows no tasks. */
import { TaskError } from '../errors.ts'
import { readChange, writeChange, type Change } from '../history/change.ts'
import type { Store, StoreChange } from '../ports.ts'
import { advance, type Cursor } from '../task/update.ts'
import { DOCUMENT, headChange, HISTORY, inPlace, newHead, readHead, withNonce, type Head } from './head.ts'
import { hasWholeTexts, readSummary, type Summary } from './summary.ts'
import { SummaryWriter, type SealFacts } from './summary-writer.ts'
import type { ProjectWorld } from './world.ts'

/** Below this a log is never worth compacting. */
const LEAST_LOG_BYTES = 256 * 1024

export class Held {
  readonly store: Store
  readonly writer: SummaryWriter
  /** The summary, if it says what the store holds. */
  readonly summary: Summary | undefined
  cursor: Cursor
  readonly #world: ProjectWorld
  #head: Head
  /** Nothing was ever committed. */
  #isNew: boolean

  private constructor(world: ProjectWorld, store: Store, stored: Head | undefined, summary: Summary | undefined) {
    const { runtime, place, config, summary: files, writer: note } = world
    this.#world = world
    this.#isNew = stored === undefined
    this.#head = inPlace(stored ?? newHead(runtime.random, place), runtime.random, place)
    this.store = store
    this.writer = new SummaryWriter(files, config, summary)
    const inItsPlace = stored?.place === place
    this.summary = inItsPlace && summary?.seal.nonce === stored.nonce ? summary : undefined
    // The last writer's clocks go on only where no one, and no copy, has written since.
    const last = note.load()
    const goesOn = inItsPlace && last !== undefined && last.nonce === stored.nonce
    // Once only: a directory put back to this state after this process was killed must not write under the same clocks again.
    if (goesOn) note.save({ ...last, nonce: '' })
    this.cursor = {
      actor: this.#head.actor,
      client: goesOn ? last.client : randomClient(runtime.random),
      clock: goesOn ? last.clock : 0,
      tail: this.summary?.seal.tail ?? null,
    }
  }

  static async take(world: ProjectWorld, store: Store): Promise<Held> {
    const summary = await readSummary(world.summary, world.config)
    const isWhole = summary !== undefined && (await hasWholeTexts(world.summary, summary))
    const head = await readHead(store)
    if (head === undefined && summary !== undefined && summary.seal.nonce !== '') throw storeGone(world.dir)
    return new Held(world, store, head, isWhole ? summary : undefined)
  }

  get actor(): Cursor['actor'] {
    return this.#head.actor
  }

  get lastNumber(): number {
    return this.#head.lastNumber
  }

  get seal(): SealFacts {
    return { nonce: this.#head.nonce, tail: this.cursor.tail, lastNumber: this.#head.lastNumber }
  }

  /** Updates and what happened, in one commit. */
  async commit(updates: readonly Uint8Array[], past: readonly Change[], lastNumber = 0): Promise<void> {
    const first = this.#isNew ? [(await import('../task/replica.ts')).firstUpdate()] : []
    const all = [...first, ...updates]
    const bytes = all.reduce((sum, update) => sum + update.length, 0)
    const head = withNonce(
      {
        ...this.#head,
        logBytes: this.#head.logBytes + bytes,
        lastNumber: Math.max(this.#head.lastNumber, lastNumber),
      },
      this.#world.runtime.random,
    )
    const changes: StoreChange[] = [
      ...all.map((update) => ({ append: DOCUMENT, bytes: update })),
      ...past.map((change) => ({ append: HISTORY, bytes: writeChange(change) })),
    ]
    await this.store.commit([...changes, headChange(head)])
    this.#head = head
    this.#isNew = false
  }

  goOn(entries: number): void {
    this.cursor = advance(this.cursor, entries)
  }

  async document(): Promise<readonly Uint8Array[]> {
    return (await this.store.read(DOCUMENT)).map((row) => row.bytes)
  }

  /** The actor, where rows of the document are known to be lost; asked after they were read. */
  get lostFrom(): Cursor['actor'] | undefined {
    return this.store.problems().some(({ log }) => log === DOCUMENT) ? this.actor : undefined
  }

  async history(): Promise<readonly Change[]> {
    return (await this.store.read(HISTORY)).map((row) => readChange(row.bytes))
  }

  get isDueForCompaction(): boolean {
    return this.#head.logBytes >= Math.max(this.#head.snapshotBytes, LEAST_LOG_BYTES)
  }

  /** Puts one snapshot in the place of the updates so far; `encode` makes it of them. */
  async compact(encode: (updates: readonly Uint8Array[]) => Promise<Uint8Array>): Promise<void> {
    const rows = await this.store.read(DOCUMENT)
    const last = rows.at(-1)
    if (last === undefined) return
    const snapshot = await encode(rows.map((row) => row.bytes))
    const head = withNonce({ ...this.#head, logBytes: 0, snapshotBytes: snapshot.length }, this.#world.runtime.random)
    await this.store.commit([{ compact: DOCUMENT, through: last.seq, snapshot }, headChange(head)])
    this.#head = head
    await this.writer.close(this.seal)
  }

  /** Leaves everything as the next one needs it, and lets go. */
  async close(): Promise<void> {
    try {
      await this.writer.close(this.seal)
      const { client, clock } = this.cursor
      if (!this.#isNew) this.#world.writer.save({ client, clock, nonce: this.#head.nonce })
    } finally {
      await this.store[Symbol.asyncDispose]()
    }
  }
}

/** An empty store beside a summary that knows tasks: someone took it away, and nobody should find out by an empty list. */
function storeGone(dir: string): TaskError {
  return new TaskError('STORE_UNREADABLE', {
    path: `${dir}/.tidemark/store`,
    reason:
      'it is empty, and the summary beside it knows of tasks: put the folder back, or recover a backup in a new directory',
  })
}

/** Below the range of seeds, and small enough to stay a small integer. */
function randomClient(random: (count: number) => Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4)
  return (a & 0x7f) * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d || 1
}
