/**
 * Claims of one project at its relay: who asks is answered by the book, who watches hears what changed, also that a lease ran
 * out. Shared by all that need it, and gone when nobody does.
 */
import { ClaimBook } from '../claims/book.ts'
import { isChanging, isRequestKind, parseRequest, parseWait } from '../claims/parse.ts'
import type { Holding } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import { newShortId, type Uid } from '../ids.ts'
import type { Runtime, Store } from '../ports.ts'
import { ClaimList } from './claim-list.ts'
import { LeaseEnds } from './lease-ends.ts'
import type { Rights } from './member.ts'

interface DeskWorld {
  readonly runtime: Runtime
  readonly store: Store
}

/** Who asks. */
export interface Asking {
  readonly rights: Rights
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Does what takes the relay's time, at the expense of who asks. */
  readonly work: <T>(action: () => T) => T
}

interface Opened {
  readonly book: ClaimBook
  readonly list: ClaimList
}

export const CLAIMS_METHOD = 'claims.'

export class ClaimDesk implements AsyncDisposable {
  #book: ClaimBook | undefined
  #opening: Promise<Opened> | undefined
  readonly #watchers = new Set<(uids: readonly Uid[]) => void>()
  #ends: LeaseEnds | undefined
  readonly #world: DeskWorld
  readonly #project: string

  readonly #before: Promise<void> | undefined

  /** `before`: what an earlier desk of the project has on its way to the disk is read by this one. */
  constructor(world: DeskWorld, project: string, before?: Promise<void>) {
    this.#world = world
    this.#project = project
    this.#before = before
  }

  /** As JSON. `method` is `claims.<kind>`. Rejects where it cannot be read, is not allowed, or the disk does not take it. */
  async answer(method: string, params: unknown, { rights, signal, work }: Asking): Promise<string> {
    const kind = method.slice(CLAIMS_METHOD.length)
    if (!isRequestKind(kind)) throw new TaskError('METHOD_NOT_FOUND', { method: JSON.stringify(method) })
    if (rights === 'read' && isChanging(kind))
      throw new TaskError('RELAY_DENIED', { url: 'this project', reason: 'this token may read only' })
    const request = work(() => parseRequest(kind, params))
    const { waitMs: wait, since } = params as { readonly waitMs?: unknown; readonly since?: unknown }
    const waitMs = parseWait(wait)
    const { book, list } = await this.#opened()
    try {
      if (kind !== 'list') {
        const answer = await work(() => book.ask(request, { waitMs, signal }))
        return work(() => JSON.stringify(answer))
      }
      await book.quiet()
      return work(() => list.answer(since, this.#world.runtime.now()))
    } finally {
      // What is in memory only was told to nobody: the next to ask begins with what the disk has.
      if (book.isBroken) this.#forget(book)
    }
  }

  async holdings(): Promise<readonly Holding[]> {
    return (await this.#opened()).book.holdings()
  }

  /** Of these tasks those that are held now. */
  async holdingsOf(uids: Iterable<Uid>): Promise<readonly Holding[]> {
    const { book } = await this.#opened()
    const now = this.#world.runtime.now()
    const leases = Array.from(uids, (uid) => book.last(uid))
    return leases.filter((lease): lease is Holding => lease !== undefined && lease.expiresAt > now)
  }

  /** Hears each time that something is held by others than before, or by nobody. */
  watch(changed: (uids: readonly Uid[]) => void): Disposable {
    const watcher = (uids: readonly Uid[]): void => changed(uids)
    this.#watchers.add(watcher)
    if (this.#watchers.size === 1) this.#watchEnds()
    return {
      [Symbol.dispose]: () => {
        if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#watchEnds()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ends?.[Symbol.dispose]()
    const opening = this.#opening
    this.#opening = undefined
    await (await opening?.catch(() => undefined))?.book[Symbol.asyncDispose]()
  }

  #opened(): Promise<Opened> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<Opened> {
    try {
      await this.#before
      const book = await ClaimBook.load(this.#world, `claims/${this.#project}`)
      const list = new ClaimList(newShortId(this.#world.runtime.random), book)
      book.onLeases = (uids) => list.move(uids)
      book.onChanged = (uids) => this.#hear(book, uids)
      this.#book = book
      this.#watchEnds()
      return { book, list }
    } catch (cause) {
      this.#opening = undefined
      throw cause
    }
  }

  #forget(book: ClaimBook): void {
    if (this.#book !== book) return
    this.#book = undefined
    this.#opening = undefined
    void book[Symbol.asyncDispose]()
  }

  #hear(book: ClaimBook, uids: readonly Uid[]): void {
    for (const uid of uids) {
      const lease = book.last(uid)
      if (lease !== undefined) this.#ends?.expect(lease)
    }
    this.#tell(uids)
  }

  #tell(uids: readonly Uid[]): void {
    for (const tell of Array.from(this.#watchers)) {
      try {
        tell(uids)
      } catch (cause) {
        this.#world.runtime.log({ level: 'error', event: 'claims.untold', problem: String(cause) })
      }
    }
  }

  /** While somebody watches. */
  #watchEnds(): void {
    const book = this.#book
    this.#ends?.[Symbol.dispose]()
    this.#ends = undefined
    if (book === undefined || this.#watchers.size === 0) return
    const { runtime } = this.#world
    this.#ends = new LeaseEnds(
      runtime,
      () => book.leases(),
      (uids) => this.#tell(uids),
    )
  }
}

/** One desk for each project that somebody is at. */
export class ClaimDesks {
  readonly #desks = new Map<string, { readonly desk: ClaimDesk; users: number }>()
  /** What desks that are gone still have on its way to the disk. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #world: DeskWorld

  constructor(world: DeskWorld) {
    this.#world = world
  }

  /** Until what is answered is disposed. */
  take(project: string): { readonly desk: ClaimDesk } & AsyncDisposable {
    const known = this.#desks.get(project) ?? {
      desk: new ClaimDesk(this.#world, project, this.#leaving.get(project)),
      users: 0,
    }
    this.#desks.set(project, known)
    known.users++
    let isOver = false
    return {
      desk: known.desk,
      [Symbol.asyncDispose]: async () => {
        if (isOver) return
        isOver = true
        known.users--
        if (known.users > 0) return
        if (this.#desks.get(project) === known) this.#desks.delete(project)
        // One that was never opened leaves at once, and an earlier one may still have something on its way.
        const leaving = Promise.all([this.#leaving.get(project), known.desk[Symbol.asyncDispose]()])
          .then(() => undefined)
          .finally(() => {
            if (this.#leaving.get(project) === leaving) this.#leaving.delete(project)
          })
        this.#leaving.set(project, leaving)
        await leaving
      },
    }
  }
}
