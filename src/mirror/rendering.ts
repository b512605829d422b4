/** Writes what the document says into the files: only the characters of what differs, only where the file is as it was read. */
import type { FileEntry, Json, NewText, TaskSheet } from '../ports.ts'
import type { Uid } from '../ids.ts'
import { TaskError } from '../errors.ts'
import { conflictsOf } from '../task/conflicts.ts'
import { DELETED, SHAPE } from '../task/fields.ts'
import { isConfirmed } from '../task/keys.ts'
import { shown, type TaskState } from '../task/registers.ts'
import { numbersOf } from '../task/table.ts'
import { isDeleted, isGone } from '../task/view.ts'
import { NO_RECORD, withBase, type Base, type BaseTask, type FileRecord } from './base.ts'
import { decode, problem, type FileProblem } from './dangers.ts'
import type { FileIndex } from './file-index.ts'
import { asideOf, wishOf } from './renaming.ts'
import { saidBy, saidIn, sheetFields } from './said.ts'
import { seenNow, textFor } from './saying.ts'
import { impliedBy, type Bodies, type MirrorHost, type MirrorWorld } from './world.ts'

export interface Rendered {
  /** What is remembered from now on; null where nothing is. */
  readonly records: ReadonlyMap<string, FileRecord | null>
  /** Tasks whose files are still behind: not writable now, or changed meanwhile. */
  readonly behind: readonly Uid[]
  /** Files changed under us: they must be looked at again. */
  readonly dirty: readonly string[]
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

export async function renderTasks(
  world: MirrorWorld,
  host: MirrorHost,
  index: FileIndex,
  bodies: Bodies,
  uids: Iterable<Uid>,
): Promise<Rendered> {
  const renderer = new Renderer(world, host, index, bodies)
  for (const uid of uids) await renderer.render(uid)
  return renderer.result
}

class Renderer {
  readonly #world: MirrorWorld
  readonly #host: MirrorHost
  readonly #index: FileIndex
  readonly #bodies: Bodies
  readonly #records = new Map<string, FileRecord | null>()
  readonly #behind: Uid[] = []
  readonly #dirty: string[] = []
  readonly #written: string[] = []
  readonly #removed: string[] = []
  readonly #done = new Set<string>()

  constructor(world: MirrorWorld, host: MirrorHost, index: FileIndex, bodies: Bodies) {
    this.#world = world
    this.#host = host
    this.#index = index
    this.#bodies = bodies
  }

  get result(): Rendered {
    return {
      records: this.#records,
      behind: this.#behind,
      dirty: this.#dirty,
      written: this.#written,
      removed: this.#removed,
    }
  }

  async render(uid: Uid): Promise<void> {
    const state = this.#host.tasks.get(uid)
    const path = this.#index.pathOf(uid)
    if (path === undefined) {
      if (state !== undefined && !isDeleted(state)) await this.#create(state)
      return
    }
    if (this.#done.has(path)) return
    const row = this.#index.rows.get(path)
    if (row === undefined || row.state === 'held' || row.state === 'older') return
    this.#done.add(path)
    if (row.state === 'gone') {
      if (state !== undefined && !isGone(state) && !isWholly(state)) await this.#putBack(path, row.uids)
      return
    }
    await this.#patch(path, row.uids)
  }

  async #patch(path: string, uids: readonly Uid[]): Promise<void> {
    const record = (await this.#host.record(path)) ?? NO_RECORD
    const newest = record.bases.at(-1)
    const bytes = await this.#read(path)
    const text = bytes === undefined ? undefined : decode(path, bytes)
    if (newest === undefined || bytes === undefined || text !== newest.text) {
      this.#dirty.push(path)
      this.#behind.push(...uids)
      return
    }
    const states = uids.map((uid) => this.#host.tasks.get(uid))
    if (states.every((state) => state !== undefined && (isGone(state) || isWholly(state)))) {
      if (await this.#isDone(path, uids, () => this.#world.files.remove(path, bytes))) {
        this.#removed.push(path)
        this.#records.set(path, states.every((state) => state !== undefined && isGone(state)) ? null : record)
        this.#index.put({ ...this.#rowOf(path), state: 'gone', problems: [] })
      }
      return
    }
    const said = await textFor(this.#world, this.#host, { path, text, uids })
    if (said !== text) {
      const next = new TextEncoder().encode(said)
      if (!(await this.#isDone(path, uids, () => this.#world.files.write(path, next, bytes)))) return
      this.#written.push(path)
    }
    await this.#remember(path, { text: said, how: said === text ? newest.how : 'written' }, uids, record)
  }

  async #create(state: TaskState): Promise<void> {
    const { uid } = state
    const { names } = this.#host
    const live = saidIn(state)
    const sheet = {
      id: uid,
      key: names.keyOf(uid) ?? uid,
      ...sheetFields(live, names),
      body: await this.#host.body(state),
      shape: (shown(state, SHAPE) ?? null) as Json,
    }
    const refused = new Set<string>()
    for (let attempt = 0; attempt < 4; attempt++) {
      const isTaken = (path: string): boolean => refused.has(path) || this.#index.isTaken(path)
      const made = this.#newText(sheet, isTaken)
      if (made === undefined) return
      const bytes = new TextEncoder().encode(made.text)
      const outcome = await this.#attempt(made.path, () => this.#world.files.write(made.path, bytes, null))
      if (outcome === undefined) break
      if (outcome === 'exists') {
        refused.add(made.path)
        continue
      }
      this.#written.push(made.path)
      await this.#remember(made.path, { text: made.text, how: 'written' }, [uid], NO_RECORD)
      return
    }
    this.#behind.push(uid)
  }

  /** Where a file of another task has the name, which is to get another one itself, the new one waits for it under its id. */
  #newText(sheet: TaskSheet, isTaken: (path: string) => boolean): NewText | undefined {
    const create = (key: string, folder: (path: string) => boolean): NewText | undefined =>
      this.#world.format.create({ ...sheet, key }, { isTaken: folder, text: () => undefined })[0]
    const first = create(sheet.key, () => false)
    const uid = sheet.id as Uid
    if (first === undefined || !this.#isOthers(first.path, uid)) return create(sheet.key, isTaken)
    const aside = asideOf(first.path, uid, this.#host, this.#world.folder)
    return aside === undefined || isTaken(aside) ? create(sheet.key, isTaken) : { path: aside, text: first.text }
  }

  /** A task's that shares the number, and stands under the plain key without being certain of it. */
  #isOthers(path: string, uid: Uid): boolean {
    const [other] = this.#index.rows.get(path)?.uids ?? []
    const [one, two] = [this.#host.tasks.get(uid), other === undefined ? undefined : this.#host.tasks.get(other)]
    if (one === undefined || two === undefined || one === two) return false
    const isCertain =
      isConfirmed(two) && wishOf(this.#index.rows.get(path), this.#host, this.#world.folder) === undefined
    return !isCertain && numbersOf(one).some((number) => numbersOf(two).includes(number))
  }

  /** A file that was deleted with its task, and is wanted again: where it was, as it was. */
  async #putBack(path: string, uids: readonly Uid[]): Promise<void> {
    const record = (await this.#host.record(path)) ?? NO_RECORD
    const text = record.bases.at(-1)?.text
    if (text === undefined) {
      this.#index.remove(path)
      for (const uid of uids) await this.render(uid)
      return
    }
    const said = await textFor(this.#world, this.#host, { path, text, uids })
    const bytes = new TextEncoder().encode(said)
    const outcome = await this.#attempt(path, () => this.#world.files.write(path, bytes, null))
    if (outcome === 'written') {
      this.#written.push(path)
      await this.#remember(path, { text: said, how: 'written' }, uids, record)
    } else {
      this.#dirty.push(path)
      this.#behind.push(...uids)
    }
  }

  async #remember(
    path: string,
    base: Pick<Base, 'text' | 'how'>,
    uids: readonly Uid[],
    record: FileRecord,
  ): Promise<void> {
    const { tasks } = this.#world.format.parse(path, base.text)
    const { names, firstStatus } = this.#host
    const remembered: BaseTask[] = []
    for (const [place, task] of tasks.entries()) {
      const uid = uids[place]
      const state = uid === undefined ? undefined : this.#host.tasks.get(uid)
      if (uid === undefined) continue
      if (state === undefined) {
        remembered.push({ uid, seen: new Map() })
        continue
      }
      const said = saidBy(task, names, impliedBy(path, task.body, firstStatus))
      remembered.push(
        await seenNow(state, said, task.body, this.#bodies, this.#bodyBefore(path, record, uid, task.body)),
      )
    }
    this.#records.set(path, withBase(record, { ...base, tasks: remembered }))
    const entry = await this.#world.files.entry(path)
    if (entry === undefined) return
    // Someone may have saved it since it was written: what is there now is then not what is remembered.
    const isOurs = await this.#holds(path, base.text)
    if (!isOurs) this.#dirty.push(path)
    this.#index.put({
      ...rowFor(entry, uids),
      ...(isOurs ? {} : { size: -1 }),
      problems: this.#rowOf(path).problems.filter(({ code }) => code !== 'FILE_UNWRITABLE'),
    })
  }

  /** Asked after the size and the time were taken: what changes later has others. */
  async #holds(path: string, text: string): Promise<boolean> {
    const bytes = await this.#read(path)
    return bytes !== undefined && decode(path, bytes) === text
  }

  /** Of the newest text, where it has the same body. */
  #bodyBefore(path: string, record: FileRecord, uid: Uid, body: string | undefined): BaseTask['body'] | undefined {
    const newest = record.bases.at(-1)
    const place = newest?.tasks.findIndex((task) => task.uid === uid) ?? -1
    if (newest === undefined || place < 0) return undefined
    const said = this.#world.format.parse(path, newest.text).tasks[place]?.body
    return said === body ? newest.tasks[place]?.body : undefined
  }

  /** A path that nothing was ever written to is as good as gone. */
  #rowOf(path: string): FileRowLike {
    const none = { path, size: -1, modifiedMs: 0, inode: '', uids: [], state: 'gone' as const, problems: [] }
    return this.#index.rows.get(path) ?? none
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    try {
      return (await this.#world.files.read(path))?.bytes
    } catch (cause) {
      this.#tell(path, cause)
      return undefined
    }
  }

  async #isDone(path: string, uids: readonly Uid[], act: () => Promise<string>): Promise<boolean> {
    const outcome = await this.#attempt(path, act)
    if (outcome === 'written') return true
    if (outcome !== undefined) this.#dirty.push(path)
    this.#behind.push(...uids)
    return false
  }

  /** Undefined where the disk refused; the problem stands in the index. */
  async #attempt(path: string, act: () => Promise<string>): Promise<string | undefined> {
    try {
      return await act()
    } catch (cause) {
      this.#tell(path, cause)
      return undefined
    }
  }

  #tell(path: string, cause: unknown): void {
    if (!(cause instanceof TaskError)) throw cause
    const told: FileProblem = problem(path, cause.code, `${cause.message}; it is tried again with the next command`)
    const row = this.#rowOf(path)
    this.#index.put({ ...row, problems: [...row.problems.filter(({ code }) => code !== cause.code), told] })
  }
}

type FileRowLike = Parameters<FileIndex['put']>[0]

export function rowFor(entry: FileEntry, uids: readonly Uid[]): FileRowLike {
  return { ...entry, uids, state: 'clean', problems: [] }
}

/** Deleted, and nobody wrote to it meanwhile. */
function isWholly(state: TaskState): boolean {
  return isDeleted(state) && !conflictsOf(state).some(({ field }) => field === DELETED)
}
