/**
 * Two arbiters as they should not be, of the same ledger and the same store as the real one, for the controls of the storm: one
 * reads, writes, and then believes it; one answers first and writes a moment later. Both queue nobody and know no line.
 */
import { decide } from '../../src/claims/decide.ts'
import { Ledger, type LedgerChange } from '../../src/claims/ledger.ts'
import type { ClaimRequest, Holding, TimedAnswer } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import type { BookWorld, ClaimBook } from '../../src/claims/book.ts'

const LOOK_AGAIN_MS = 20
const BETWEEN_MS = 5
const LATER_MS = 1_000

/** All that a relay asks of the real one. */
type Book = { [Name in keyof ClaimBook]: ClaimBook[Name] }

abstract class CarelessBook implements Book {
  readonly isBroken: boolean = false
  onChanged: (uids: readonly Uid[]) => void = () => undefined
  onLeases: (uids: readonly Uid[]) => void = () => undefined
  protected readonly ledger: Ledger = new Ledger()
  protected readonly world: BookWorld
  readonly #log: string

  protected constructor(world: BookWorld, log: string) {
    this.world = world
    this.#log = log
  }

  protected static async loaded<Book extends CarelessBook>(book: Book): Promise<Book> {
    for (const { bytes } of await book.world.store.read(book.#log))
      book.ledger.apply(JSON.parse(new TextDecoder().decode(bytes)) as readonly LedgerChange[])
    return book
  }

  holdings(): readonly Holding[] {
    return this.ledger.holdings(this.world.runtime.now())
  }

  leases(): Iterable<Holding> {
    return this.ledger.leases()
  }

  last(uid: Uid): Holding | undefined {
    return this.ledger.last(uid)
  }

  /** Believes that it is. */
  async quiet(): Promise<void> {
    // Nothing is waited for.
  }

  tokens(): ReturnType<Ledger['tokens']> {
    return this.ledger.tokens()
  }

  /** Who waits looks again and again. */
  async ask(request: ClaimRequest, { waitMs = 0 }: { readonly waitMs?: number } = {}): Promise<TimedAnswer> {
    const { runtime } = this.world
    const until = runtime.now() + waitMs
    for (;;) {
      const answer = await this.answer(request)
      if (answer.outcome !== 'held' || waitMs === 0) return answer
      if (runtime.now() >= until) return { ...answer, outcome: 'timeout' }
      await runtime.sleep(LOOK_AGAIN_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is kept open.
  }

  protected abstract answer(request: ClaimRequest): Promise<TimedAnswer>

  protected apply(changes: readonly LedgerChange[]): void {
    this.ledger.apply(changes)
    const uids = changes.flatMap((change) => ('uid' in change ? [change.uid] : []))
    this.onLeases(uids)
    this.onChanged(uids)
  }

  protected commit(changes: readonly LedgerChange[]): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(changes))
    return this.world.store.commit([{ append: this.#log, bytes }])
  }
}

/** Whoever comes between its look and its write is told the same. */
class ReadThenWriteBook extends CarelessBook {
  static load(world: BookWorld, log: string): Promise<ReadThenWriteBook> {
    return CarelessBook.loaded(new ReadThenWriteBook(world, log))
  }

  protected async answer(request: ClaimRequest): Promise<TimedAnswer> {
    const at = this.world.runtime.now()
    const { answer, changes } = decide(this.ledger, request, at)
    if (changes.length > 0) {
      await this.world.runtime.sleep(BETWEEN_MS)
      await this.commit(changes)
      this.apply(changes)
    }
    return { ...answer, at }
  }
}

/** What it has said and not yet written is forgotten when it is killed. */
class AnswerFirstBook extends CarelessBook {
  static load(world: BookWorld, log: string): Promise<AnswerFirstBook> {
    return CarelessBook.loaded(new AnswerFirstBook(world, log))
  }

  protected async answer(request: ClaimRequest): Promise<TimedAnswer> {
    const at = this.world.runtime.now()
    const { answer, changes } = decide(this.ledger, request, at)
    this.apply(changes)
    if (changes.length > 0) void this.world.runtime.sleep(LATER_MS).then(() => this.commit(changes))
    return { ...answer, at }
  }
}

export { AnswerFirstBook, ReadThenWriteBook }
