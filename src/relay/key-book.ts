/**
 * Gives the numbers of keys away for good: the one that was wished for if it is free and not far beyond the others, else
 * the next. The same answer for the same task, whoever asks and however often. Durable before it is told.
 *
 *   log `keys/<project>`     rows of JSON: [[uid, number], …]
 */
import { TaskError } from '../errors.ts'
import { isUid } from '../ids.ts'
import type { Store } from '../ports.ts'

export type Wish = readonly [uid: string, number: number]

const MOST_WISHES = 1_000
const GREATEST_NUMBER = 999_999_999_999_999
/** How far beyond the greatest a number may be: one wish must not make all numbers long that follow. */
const GREATEST_STEP = 1_000_000
/** Rows after which they become one. */
const MANY_ROWS = 1_000

export class KeyBook {
  readonly #numbers = new Map<string, number>()
  readonly #taken = new Set<number>()
  /** Of those that were within reach when they came: the next is counted from here. */
  #greatest = 0
  #rows = 0
  #lastSeq = 0
  #queue: Promise<unknown> = Promise.resolve()
  readonly #store: Store
  readonly #log: string

  private constructor(store: Store, project: string) {
    this.#store = store
    this.#log = keyLog(project)
  }

  static async load(store: Store, project: string): Promise<KeyBook> {
    const book = new KeyBook(store, project)
    const rows = await store.read(book.#log)
    for (const { bytes } of rows)
      for (const [uid, number] of JSON.parse(new TextDecoder().decode(bytes))) book.#enter(uid, number)
    book.#rows = rows.length
    book.#lastSeq = rows.at(-1)?.seq ?? 0
    return book
  }

  /** One after another: two who wish for one number at once get two. */
  confirm(wishes: readonly Wish[]): Promise<readonly Wish[]> {
    return this.#oneAtATime(() => this.#give(wishes, false))
  }

  /** What another relay, or this one before it lost its data, has given away already. What is known here stays. */
  learn(given: readonly Wish[]): Promise<readonly Wish[]> {
    return this.#oneAtATime(() => this.#give(given, true))
  }

  async #give(wishes: readonly Wish[], isGiven: boolean): Promise<readonly Wish[]> {
    const given: Wish[] = []
    const before = this.#greatest
    for (const [uid, number] of wishes) {
      if (this.#numbers.has(uid)) continue
      // Two tasks may have one number for good, given by two relays: each keeps it.
      given.push(this.#enter(uid, isGiven || this.#isFree(number) ? number : this.#next()))
    }
    if (given.length > 0) {
      try {
        await this.#store.commit([{ append: this.#log, bytes: new TextEncoder().encode(JSON.stringify(given)) }])
      } catch (cause) {
        for (const [uid, number] of given) this.#strike(uid, number)
        this.#greatest = before
        throw cause
      }
      this.#lastSeq++
      this.#rows++
      if (this.#rows > MANY_ROWS) await this.#compact()
    }
    return wishes.map(([uid]) => [uid, this.#numbers.get(uid) ?? 0])
  }

  async #compact(): Promise<void> {
    const snapshot = new TextEncoder().encode(JSON.stringify([...this.#numbers]))
    await this.#store.commit([{ compact: this.#log, through: this.#lastSeq, snapshot }])
    this.#rows = 1
  }

  #isFree(number: number): boolean {
    return number <= this.#greatest + GREATEST_STEP && !this.#taken.has(number)
  }

  #next(): number {
    let next = this.#greatest + 1
    // Given elsewhere, out of reach then.
    while (this.#taken.has(next)) next++
    return next
  }

  /** The same for the same rows in their order: a book that is read again goes on where it was. */
  #enter(uid: string, number: number): Wish {
    this.#numbers.set(uid, number)
    this.#taken.add(number)
    if (number <= this.#greatest + GREATEST_STEP) this.#greatest = Math.max(this.#greatest, number)
    return [uid, number]
  }

  #strike(uid: string, number: number): void {
    this.#numbers.delete(uid)
    if (![...this.#numbers.values()].includes(number)) this.#taken.delete(number)
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }
}

function keyLog(project: string): string {
  return `keys/${project}`
}

export function parseWishes(value: unknown): readonly Wish[] {
  if (!Array.isArray(value) || value.length > MOST_WISHES) throw bad(`it is not a list of at most ${MOST_WISHES}`)
  return value.map((wish: unknown) => {
    if (!Array.isArray(wish)) throw bad('a pair of uid and number is missing')
    const [uid, number]: readonly unknown[] = wish
    if (typeof uid !== 'string' || !isUid(uid)) throw bad('a uid cannot be read')
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1 || number > GREATEST_NUMBER)
      throw bad('a number is not from 1 to 15 digits')
    return [uid, number]
  })
}

function bad(problem: string): TaskError {
  return new TaskError('INVALID_INPUT', { field: 'keys', problem, fix: 'give pairs of uid and number' })
}
