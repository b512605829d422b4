/** A book of claims on a disk of memory, with its clock turned by hand. */
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import { ClaimBook, type AskOptions, type BookWorld } from '../../src/claims/book.ts'
import type { ClaimRequest, TimedAnswer } from '../../src/claims/request.ts'
import type { Store } from '../../src/internal.ts'

export const LOG = 'claims/project'

/** An answer that may not be there yet. */
export interface Asked {
  answer: TimedAnswer | undefined
  error: unknown
}

export class ClaimPlace {
  readonly runtime: MemoryRuntime = memoryRuntime()
  readonly disk: MemoryDisk
  /** What is added to the clock that the book sees. */
  setByMs = 0
  store!: Store
  book!: ClaimBook
  /** Commits that wait for the disk, while it is slow. */
  readonly waiting: { readonly arrive: () => void; readonly fail: (cause: unknown) => void }[] = []
  isSlow = false
  commits = 0
  readonly #more: Partial<BookWorld>

  private constructor(more: Partial<BookWorld>) {
    this.#more = more
    this.disk = createMemoryDisk({ sync: () => this.#sync() })
  }

  static async open(more: Partial<BookWorld> = {}): Promise<ClaimPlace> {
    const place = new ClaimPlace(more)
    await place.start()
    return place
  }

  /** A process that begins on what the disk has. */
  async start(): Promise<void> {
    this.store = await openMemoryStore(this.disk)
    const { runtime, store } = this
    const seen = {
      now: () => runtime.now() + this.setByMs,
      sleep: (ms: number, options?: { readonly signal?: AbortSignal }) => runtime.sleep(ms, options),
    }
    this.book = await ClaimBook.load({ runtime: seen, store, ...this.#more }, LOG)
  }

  /** The process dies; what did not reach the disk is gone. */
  async crash(): Promise<void> {
    const { book } = this
    this.disk.crash()
    this.waiting.splice(0)
    await book[Symbol.asyncDispose]()
    await this.start()
  }

  ask(request: ClaimRequest, options?: AskOptions): Asked {
    const asked: Asked = { answer: undefined, error: undefined }
    void this.book.ask(request, options).then(
      (answer) => (asked.answer = answer),
      (error: unknown) => (asked.error = error),
    )
    return asked
  }

  /** Asks, and waits for the answer. */
  answer(request: ClaimRequest, options?: AskOptions): Promise<TimedAnswer> {
    return this.book.ask(request, options)
  }

  /** Lets the clock go on; everything that can settle settles. */
  async pass(ms = 0): Promise<void> {
    await this.runtime.advance(ms)
  }

  /** What waits for the disk arrives there. */
  async arrive(): Promise<void> {
    for (const { arrive } of this.waiting.splice(0)) arrive()
    await this.pass()
  }

  #sync(): Promise<void> {
    this.commits++
    if (!this.isSlow) return Promise.resolve()
    return new Promise((arrive, fail) => void this.waiting.push({ arrive, fail }))
  }
}
