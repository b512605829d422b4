/**
 * Gives files the names that their tasks' keys ask for: never over another file, only as they were read, each by one move
 * that can be finished by whoever comes after. What has to wait is tried again when the name is free.
 */
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import type { FileRecord } from './base.ts'
import { decode, problem, type FileProblem } from './dangers.ts'
import type { FileIndex } from './file-index.ts'
import { folded } from './folded.ts'
import { allWishes, asideOf, wishOf, type Wish } from './renaming.ts'
import type { MirrorHost, MirrorWorld } from './world.ts'

export interface Moves {
  /** What is remembered from now on; null where nothing is. */
  readonly records: ReadonlyMap<string, FileRecord | null>
  readonly behind: readonly Uid[]
  readonly dirty: readonly string[]
  /** The new names. */
  readonly moved: readonly string[]
  /** What the disk refused, to be told. */
  readonly refused: readonly FileProblem[]
}

const NOTHING_MOVED: Moves = { records: new Map(), behind: [], dirty: [], moved: [], refused: [] }

/** A file that stands under its former name as well: a process ended between the two halves of a move. */
export interface HalfWay extends Wish {
  readonly text: string
}

export async function moveFiles(
  world: MirrorWorld,
  host: MirrorHost,
  index: FileIndex,
  uids: Iterable<Uid>,
  halfWays: readonly HalfWay[] = [],
): Promise<Moves> {
  const wishes = [...uids].flatMap((uid) => {
    const path = index.pathOf(uid)
    const wish = wishOf(path === undefined ? undefined : index.rows.get(path), host, world.folder)
    return wish === undefined ? [] : [wish]
  })
  // Mostly: who moves something looks at the names of all files first.
  if (wishes.length + halfWays.length === 0) return NOTHING_MOVED
  const mover = new Mover(world, host, index)
  await mover.all(wishes, halfWays)
  return mover
}

class Mover implements Moves {
  readonly records = new Map<string, FileRecord | null>()
  readonly behind: Uid[] = []
  readonly dirty: string[] = []
  readonly moved: string[] = []
  readonly refused: FileProblem[] = []
  readonly #world: MirrorWorld
  readonly #host: MirrorHost
  readonly #index: FileIndex
  /** By the name that each has now. */
  readonly #waiting = new Map<string, Wish>()
  /** Names that are somebody's; made once, there may be many. */
  readonly #taken: Set<string>
  /** All that would like another name, by it. */
  #wishes: ReadonlyMap<string, readonly Wish[]> | undefined

  constructor(world: MirrorWorld, host: MirrorHost, index: FileIndex) {
    this.#world = world
    this.#host = host
    this.#index = index
    // A row without a task is of a file that was left alone: the disk says whether it stands there still.
    const rows = [...index.rows.values()].filter(({ state, uids }) => state !== 'gone' && uids.length > 0)
    this.#taken = new Set(rows.map(({ path }) => folded(path)))
  }

  async all(wishes: readonly Wish[], halfWays: readonly HalfWay[]): Promise<void> {
    const repository = await this.#world.repository.state()
    if (repository?.isBusy === true || repository?.isUnderWay === true) {
      this.behind.push(...[...wishes, ...halfWays].map(({ uid }) => uid))
      return
    }
    for (const halfWay of halfWays) await this.#finish(halfWay)
    for (const wish of wishes) this.#waiting.set(wish.from, wish)
    for (let isGoing = true; isGoing;) isGoing = (await this.#moveFree()) || (await this.#breakCircle())
  }

  /** Of a file that is known under its new name; one that is known under the old one is moved like any other. */
  async #finish({ uid, from, to, text }: HalfWay): Promise<void> {
    if (this.#index.pathOf(uid) !== to) return
    const outcome = await this.#attempt(from, () => this.#world.files.move(from, to, new TextEncoder().encode(text)))
    if (outcome !== 'written') this.behind.push(uid)
  }

  /** All whose new name is free, and those whose name gets free by it. */
  async #moveFree(): Promise<boolean> {
    let hasMoved = false
    for (const wish of this.#waiting.values()) {
      if (this.#taken.has(folded(wish.to))) continue
      this.#waiting.delete(wish.from)
      if (!(await this.#move(wish))) continue
      hasMoved = true
      this.#wishes ??= byTarget(allWishes(this.#index, this.#host, this.#world.folder))
      for (const next of this.#wishes.get(folded(wish.from)) ?? [])
        if (this.#index.pathOf(next.uid) === next.from) this.#waiting.set(next.from, next)
    }
    return hasMoved
  }

  /** Each has the name of the next, the last that of the first: one steps aside, to a name which it goes on from. */
  async #breakCircle(): Promise<boolean> {
    for (const wish of this.#waiting.values()) {
      if (!this.#isInCircle(wish)) continue
      const aside = asideOf(wish.from, wish.uid, this.#host, this.#world.folder)
      if (aside === undefined || this.#taken.has(folded(aside))) continue
      this.#waiting.delete(wish.from)
      if (!(await this.#move({ ...wish, to: aside }))) continue
      this.#waiting.set(aside, { ...wish, from: aside })
      return true
    }
    return false
  }

  #isInCircle(first: Wish): boolean {
    let wish: Wish | undefined = first
    for (let steps = 0; steps <= this.#waiting.size; steps++) {
      wish = this.#waiting.get(wish.to)
      if (wish === undefined || wish === first) return wish === first
    }
    return false
  }

  async #move({ uid, from, to }: Wish): Promise<boolean> {
    const record = this.records.get(from) ?? (await this.#host.record(from))
    const newest = record?.bases.at(-1)
    const bytes = (await this.#attempt(from, () => this.#world.files.read(from)))?.bytes
    // Not as it was remembered: read again first.
    if (record === undefined || bytes === undefined || decode(from, bytes) !== newest?.text)
      return this.#isDirty(uid, from)
    const outcome = await this.#attempt(from, async () => {
      const { files } = this.#world
      const outcome = await files.move(from, to, bytes)
      return outcome === 'exists' && (await this.#isOutdated(to, record, bytes)) ? files.move(from, to, bytes) : outcome
    })
    if (outcome === 'missing' || outcome === 'changed') return this.#isDirty(uid, from)
    if (outcome === undefined) this.behind.push(uid)
    const entry = outcome === 'written' ? await this.#world.files.entry(to) : undefined
    if (entry === undefined) return false
    // Someone may have saved it under its new name by now.
    const now = (await this.#attempt(to, () => this.#world.files.read(to)))?.bytes
    const isSame = now !== undefined && decode(to, now) === newest?.text
    const problems = this.#index.rows.get(from)?.problems ?? []
    this.#index.remove(from)
    this.#index.put({
      ...entry,
      ...(isSame ? {} : { size: -1 }),
      uids: [uid],
      state: 'clean',
      problems: problems.filter(({ code }) => code !== 'FILE_UNWRITABLE').map((one) => ({ ...one, path: to })),
    })
    this.#taken.delete(folded(from))
    this.#taken.add(folded(to))
    this.records.set(from, null)
    this.records.set(to, record)
    this.moved.push(to)
    return true
  }

  /** An editor saved under the former name what it had open: the file under the new one says what that was made from. */
  async #isOutdated(to: string, record: FileRecord, bytes: Uint8Array): Promise<boolean> {
    const { files } = this.#world
    const there = (await files.read(to))?.bytes
    const text = there === undefined ? undefined : decode(to, there)
    if (there === undefined || !record.bases.some((base) => base.text === text)) return false
    return (await files.write(to, bytes, there)) === 'written'
  }

  #isDirty(uid: Uid, path: string): false {
    this.dirty.push(path)
    this.behind.push(uid)
    return false
  }

  /** Undefined where the disk refused. */
  async #attempt<Outcome>(path: string, act: () => Promise<Outcome>): Promise<Outcome | undefined> {
    try {
      return await act()
    } catch (cause) {
      if (!(cause instanceof TaskError)) throw cause
      this.refused.push(problem(path, cause.code, `${cause.message}; it is tried again with the next command`))
      return undefined
    }
  }
}

function byTarget(wishes: readonly Wish[]): ReadonlyMap<string, readonly Wish[]> {
  const found = new Map<string, Wish[]>()
  for (const wish of wishes) found.set(folded(wish.to), [...(found.get(folded(wish.to)) ?? []), wish])
  return found
}
