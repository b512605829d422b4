/** The store while this process holds it: its head, where the writer goes on, the summary beside it. Knows no tasks. */
import { TaskError } from '../errors.ts'
import { readChange, writeChange, type Change } from '../history/change.ts'
import { newShortId, type Uid } from '../ids.ts'
import type { Store, StoreChange } from '../ports.ts'
import { longHash } from '../task/hash.ts'
import type { TaskTable } from '../task/table.ts'
import { advance, type Cursor } from '../task/update.ts'
import { DOCUMENT, headChange, HISTORY, inPlace, newHead, readHead, unsyncedIn, withNonce, type Head } from './head.ts'
import { hasWholeTexts, readSummary, type Summary } from './summary.ts'
import { SummaryWriter, type SealFacts } from './summary-writer.ts'
import type { ProjectWorld } from './world.ts'

/** Below this a log is never worth compacting. */
const LEAST_LOG_BYTES = 256 * 1024

/** What a commit takes along beside updates and history. */
export interface Along {
  /** The greatest number given away. */
  readonly lastNumber?: number | undefined
  /** Tasks whose files it leaves behind. */
  readonly due?: Iterable<Uid>
  /** What is remembered of files. */
  readonly records?: readonly StoreChange[] | undefined
  /** Of files that no index takes for unchanged: it holds on. */
  readonly remembered?: readonly StoreChange[] | undefined
  /** Updates that were written elsewhere: before those written here. */
  readonly heard?: readonly Uint8Array[]
}

/** What a relay has on its disk. */
export interface Saved {
  readonly epoch: string
  /** Of the writes made here, counted since ever. */
  readonly written: number
}

export class Held {
  readonly store: Store
  readonly writer: SummaryWriter
  /** The summary, if it says what the store holds. */
  readonly summary: Summary | undefined
  cursor: Cursor
  /** Hears of each write made here, in order, when it is durable. */
  onWritten: (write: { readonly update: Uint8Array; readonly written: number }) => void = () => undefined
  #saved: Saved | undefined
  readonly #world: ProjectWorld
  #head: Head
  /** Nothing was ever committed. */
  #isNew: boolean
  /** The disk knows who writes here. */
  #isNamed: boolean

  private constructor(world: ProjectWorld, store: Store, stored: Head | undefined, summary: Summary | undefined) {
    const { runtime, place, config, summary: files, writer: note } = world
    this.#world = world
    this.#isNew = stored === undefined
    this.#isNamed = stored?.place === place
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

  /** Of the last commit of what is remembered of files. */
  get filesNonce(): string {
    return this.#head.files ?? ''
  }

  /** Tasks whose files are behind the document. */
  get due(): readonly Uid[] | 'all' {
    return this.#head.due ?? []
  }

  /** Updates and what happened, in one commit; with the tasks whose files they leave behind. */
  async commit(
    updates: readonly Uint8Array[],
    past: readonly Change[],
    { lastNumber = 0, due = [], records = [], remembered = [], heard = [] }: Along = {},
  ): Promise<void> {
    const first = this.#isNew ? [(await import('../task/replica.ts')).firstUpdate()] : []
    const own = [...first, ...updates]
    const all = [...heard, ...own]
    const written = this.written + (updates.length === 0 ? 0 : 1)
    const bytes = all.reduce((sum, update) => sum + update.length, 0)
    const head = withNonce(
      {
        ...this.#head,
        logBytes: this.#head.logBytes + bytes,
        lastNumber: Math.max(this.#head.lastNumber, lastNumber),
        ...dueIn(this.due, due),
        written,
        ...this.#savedNow,
        ...(records.length === 0 ? {} : { files: newShortId(this.#world.runtime.random) }),
      },
      this.#world.runtime.random,
    )
    const changes: StoreChange[] = [
      ...all.map((update) => ({ append: DOCUMENT, bytes: update })),
      ...past.map((change) => ({ append: HISTORY, bytes: writeChange(change) })),
    ]
    await this.store.commit([...changes, ...records, ...remembered, headChange(head)])
    this.#head = head
    this.#isNew = false
    // One that is not the last does not make the write whole.
    for (const [at, update] of own.entries())
      this.onWritten({ update, written: at < own.length - 1 ? Math.max(0, written - 1) : written })
  }

  /** How many writes were made here, ever. */
  get written(): number {
    return this.#head.written ?? 0
  }

  /** Writes made here that no relay is known to have. */
  get unsynced(): number {
    return unsyncedIn({ written: this.written, ...this.#savedNow })
  }

  /** As far as it is known; undefined where no relay was ever met. */
  get saved(): Saved | undefined {
    return this.#saved ?? this.#head.saved
  }

  /** Remembered with the next commit: a crash before it makes what is saved look unsaved, never the other way. */
  markSaved(saved: Saved): void {
    this.#saved = saved
  }

  /** Rows of the document are known to be lost, and nobody asked the files what they said. */
  get hasUnaskedLosses(): boolean {
    const losses = this.#losses
    return losses !== undefined && losses !== this.#head.asked
  }

  /** What is remembered of files, and which are behind still; `areAsked` for all that is lost. */
  async commitRecords(
    records: readonly StoreChange[],
    due: readonly Uid[] | 'all',
    { areAsked = false }: { readonly areAsked?: boolean } = {},
  ): Promise<void> {
    if (records.length === 0 && due.length === 0 && this.due.length === 0 && !areAsked) return
    const { due: _before, ...kept } = this.#head
    const files = newShortId(this.#world.runtime.random)
    const asked = areAsked ? this.#losses : kept.asked
    const next = {
      ...kept,
      files,
      ...(due === 'all' ? { due } : dueIn([], due)),
      ...(asked === undefined ? {} : { asked }),
    }
    const head = withNonce(next, this.#world.runtime.random)
    await this.store.commit([...records, headChange(head)])
    this.#head = head
    this.#isNew = false
  }

  /** The name of this directory as a writer: from now on also that of the processes to come. */
  async named(): Promise<Cursor['actor']> {
    if (!this.#isNamed) await this.commitBeside([])
    return this.actor
  }

  /** What is kept beside tasks and files. */
  async commitBeside(changes: readonly StoreChange[]): Promise<void> {
    const head = withNonce(this.#head, this.#world.runtime.random)
    await this.store.commit([...changes, headChange(head)])
    this.#head = head
    this.#isNew = false
    this.#isNamed = true
  }

  goOn(entries: number): void {
    this.cursor = advance(this.cursor, entries)
  }

  get #savedNow(): Pick<Head, 'saved'> | Record<string, never> {
    return this.saved === undefined ? {} : { saved: this.saved }
  }

  async document(): Promise<readonly Uint8Array[]> {
    return (await this.store.read(DOCUMENT)).map((row) => row.bytes)
  }

  /** The actor, where rows of the document are known to be lost; asked after they were read. */
  get lostFrom(): Cursor['actor'] | undefined {
    return this.#losses === undefined ? undefined : this.actor
  }

  /** From now on this process writes as a new writer: of the old one something is lost, and its clocks with it. */
  writeAnew(): void {
    this.cursor = { ...this.cursor, client: randomClient(this.#world.runtime.random), clock: 0 }
  }

  get #losses(): string | undefined {
    const lost = this.store.problems().flatMap(({ log, seq }) => (log === DOCUMENT ? [seq] : []))
    return lost.length === 0 ? undefined : longHash(lost.sort((a, b) => a - b).join(' '))
  }

  async history(): Promise<readonly Change[]> {
    return (await this.store.read(HISTORY)).map((row) => readChange(row.bytes))
  }

  get isDueForCompaction(): boolean {
    return this.#head.logBytes >= Math.max(this.#head.snapshotBytes, LEAST_LOG_BYTES)
  }

  async #keepSaved(): Promise<void> {
    this.#head = { ...this.#head, ...this.#savedNow }
    await this.store.commit([headChange(this.#head)])
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
  async close(seal: () => Promise<void> | undefined = () => undefined): Promise<void> {
    try {
      // Where the directory was before it was moved nothing is left behind.
      if (this.#world.isInPlace?.() !== false) {
        if (this.#saved !== undefined && !isSame(this.#saved, this.#head.saved)) await this.#keepSaved()
        await this.writer.close(this.seal)
      }
      await seal()
      const { client, clock } = this.cursor
      if (!this.#isNew) this.#world.writer.save({ client, clock, nonce: this.#head.nonce })
    } finally {
      await this.store[Symbol.asyncDispose]()
    }
  }
}

function isSame(a: Saved, b: Saved | undefined): boolean {
  return a.epoch === b?.epoch && a.written === b.written
}

/** Beyond this many, all files are looked at: the head is written with every commit. */
const MOST_DUE = 200

/** What is due after some tasks were seen to: what was due beside them, and what is left of them. */
export function dueBeside(
  before: readonly Uid[] | 'all',
  seenTo: ReadonlySet<Uid>,
  left: Iterable<Uid>,
  all?: Pick<TaskTable, 'uids'>,
): readonly Uid[] | 'all' {
  if (before !== 'all') return [...new Set([...before.filter((uid) => !seenTo.has(uid)), ...left])]
  const isAll = all !== undefined && [...all.uids()].every((uid) => seenTo.has(uid))
  return isAll ? [...left] : 'all'
}

function dueIn(before: Head['due'] = [], more: Iterable<Uid>): Pick<Head, 'due'> | Record<string, never> {
  if (before === 'all') return { due: 'all' }
  const due = new Set([...before, ...more])
  return due.size === 0 ? {} : { due: due.size > MOST_DUE ? 'all' : [...due] }
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
