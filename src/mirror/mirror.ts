/**
 * The files of one workspace beside its document: a peer that was offline. Looks, reads what changed, says what it comes
 * to; then, once that is committed, remembers the texts and writes the files.
 *
 *   look ─▶ read ─▶ plan ─(commit)▶ settle ─▶ render ─▶ records, for the store
 */
import type { Uid } from '../ids.ts'
import type { StoreChange } from '../ports.ts'
import { DELETED } from '../task/fields.ts'
import { isConfirmed } from '../task/keys.ts'
import type { TaskState, Write } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import { isDeleted } from '../task/view.ts'
import { writeRecord, cellOf, type FileRecord } from './base.ts'
import { FILES_WAIT, problem, type FileProblem } from './dangers.ts'
import { FileIndex, type IndexSeal } from './file-index.ts'
import { look, lookAt, type Look, type LookOptions } from './looking.ts'
import type { Reading, ReadOptions, ReadTask } from './read-file.ts'
import { readFiles } from './reading.ts'
import { isSaidBySeeds, readRecordOf, type Committed } from './remembering.ts'
import { waitingFor } from './renaming.ts'
import { renderTasks, rowFor, type Rendered } from './rendering.ts'
import { deletion, isMissing, judgeMissing, MISSING, withoutFile, type Missing } from './missing.ts'
import { moveFiles, type HalfWay, type Moves } from './moving.ts'
import { editPlan, importPlan, NOTHING, type FilePlan, type Numbering } from './planning.ts'
import type { Bodies, MirrorHost, MirrorWorld } from './world.ts'

export class Mirror {
  readonly index: FileIndex
  readonly #world: MirrorWorld
  /** Remembered, and not in the store yet. */
  readonly #pending = new Map<string, FileRecord | null>()
  #halfWays: HalfWay[] = []

  constructor(world: MirrorWorld, index: FileIndex) {
    this.#world = world
    this.index = index
  }

  static async open(world: MirrorWorld): Promise<Mirror> {
    return new Mirror(world, await FileIndex.read(world.index))
  }

  look(options: LookOptions & { readonly paths?: Iterable<string> } = {}): Promise<Look> {
    if (options.paths !== undefined) return lookAt(this.#world, this.index, options.paths)
    return look(this.#world, this.index, options)
  }

  /** Nothing to read, nothing to write, and the store is the one that the index was made for. */
  async isQuiet(mark: string): Promise<boolean> {
    const { seal } = this.index
    if (seal === undefined || seal.mark !== mark || seal.isDue) return false
    const seen = await this.look()
    const copies = seen.syncCopies?.join('\n') === seal.syncCopies.join('\n')
    return (
      copies && seen.changed.length + seen.hidden.length === 0 && this.#missing(seen).length === 0 && !seen.hasMoved
    )
  }

  read(host: MirrorHost, seen: Look, options: ReadOptions): Promise<Reading> {
    return readFiles(this.#world, host, this.index, seen, options)
  }

  /** A record as it will be in the store. */
  pending(path: string): FileRecord | null | undefined {
    return this.#pending.get(path)
  }

  async plans(
    reading: Reading,
    seen: Look,
    host: MirrorHost,
    numbering: Numbering,
    options: ReadOptions,
  ): Promise<readonly FilePlan[]> {
    const missing = judgeMissing(this.index, reading, seen, options, host.tasks)
    const plans = [
      importPlan(reading, host, numbering),
      editPlan(
        'edit',
        reading.files.filter(({ meaning }) => meaning === 'edit' || meaning === 'stale'),
        reading.moved,
      ),
      editPlan(
        'putback',
        reading.files.filter(({ meaning }) => meaning === 'restore'),
      ),
      await this.#deletePlan(reading, missing, host),
      this.#revivePlan(reading, seen, host),
    ]
    return plans.filter(
      ({ writes, bodies, restored, seeds }) => writes.length + bodies.length + restored.length + seeds.length > 0,
    )
  }

  /** Remembers what was read; returns the tasks whose files may have to say more. */
  async settle(
    reading: Reading,
    seen: Look,
    committed: Committed,
    host: MirrorHost,
    options: ReadOptions,
  ): Promise<ReadonlySet<Uid>> {
    // Judged before the rows change; a task that this very look deleted is not one that was deleted before.
    const missing = judgeMissing(this.index, reading, seen, options, committed.before)
    const { due } = host
    const uids = new Set<Uid>()
    for (const { from } of reading.moved) this.#pending.set(from, null)
    for (const { from, to, record } of reading.moved) {
      this.#pending.set(to, record)
      this.index.remove(from)
    }
    for (const file of reading.files) {
      const own = file.tasks.map(({ uid }) => uid)
      const isPlain =
        file.meaning === 'import' && file.tasks.every((task) => isSaidBySeeds(committed.tasks.get(task.uid), task))
      if (!isPlain || !committed.remembered.has(cellOf(file.path)))
        this.#pending.set(file.path, await readRecordOf(file, committed, host.bodies))
      // A task whose file was written over by another's stands nowhere: it gets a file again.
      for (const uid of this.index.rows.get(file.path)?.uids ?? []) if (!own.includes(uid)) uids.add(uid)
      this.index.put({ ...rowFor(file.entry, own), problems: file.problems })
      if (!isPlain || file.tasks.some(({ uid, parsed }) => isToBeNamed(committed.tasks.get(uid), parsed)))
        for (const uid of own) uids.add(uid)
    }
    for (const { entry, uids: own, wasHeld, wasGone, isUnknown } of reading.same) {
      // A deleted task's: put there by version control, unless its own process ended before it took it away.
      const isLeft = due === 'all' || own.some((uid) => due.has(uid))
      const isPut = (wasGone && seen.hasMoved) || (isUnknown && !isLeft)
      const isBack = isPut && own.some((uid) => isGoneTask(committed.tasks.get(uid)))
      this.index.put({ ...rowFor(entry, own), ...(isBack ? { state: 'older' as const } : {}) })
      if (wasHeld) for (const uid of own) uids.add(uid)
    }
    for (const { entry, uids: own, state, problems, shows } of reading.held)
      this.index.put({ ...rowFor(entry, own), state, problems, shows })
    for (const { path, reason } of seen.hidden) {
      const row = this.index.rows.get(path)
      const told = problem(path, 'FILE_UNREADABLE', `${reason}; its task is kept`)
      if (row !== undefined) this.index.put({ ...row, size: -1, state: 'held', problems: [told] })
    }
    this.#settleMissing(missing)
    this.#halfWays = [...reading.halfWay]
    for (const { uid } of reading.halfWay) uids.add(uid)
    const freed = [...reading.moved.map(({ from }) => from), ...missing.meant, ...missing.buried]
    for (const uid of waitingFor(freed, this.index, host, this.#world.folder)) uids.add(uid)
    return uids
  }

  async hasMovedSince(seen: Look): Promise<boolean> {
    return (await this.#world.repository.state())?.mark !== seen.repository?.mark
  }

  /** A merge or rebase would be stopped by files that change under it. */
  async mayWrite(): Promise<boolean> {
    return (await this.#world.repository.state())?.isUnderWay !== true
  }

  async render(host: MirrorHost, bodies: Bodies, uids: Iterable<Uid>): Promise<Rendered> {
    const wanted = [...uids]
    const moves = await this.#move(host, wanted, this.#halfWays.splice(0))
    const rendered = await renderTasks(this.#world, host, this.index, bodies, wanted)
    for (const [path, record] of rendered.records) this.#pending.set(path, record)
    const freed = waitingFor(rendered.removed, this.index, host, this.#world.folder)
    const later = await this.#move(host, freed, [])
    for (const told of [...moves.refused, ...later.refused]) this.#tell(told)
    return {
      ...rendered,
      behind: [...moves.behind, ...rendered.behind, ...later.behind],
      dirty: [...moves.dirty, ...rendered.dirty, ...later.dirty],
      written: [...new Set([...moves.moved, ...rendered.written, ...later.moved])],
    }
  }

  #tell(told: FileProblem): void {
    const row = this.index.rows.get(told.path ?? '')
    const others = row?.problems.filter(({ code }) => code !== told.code) ?? []
    if (row !== undefined) this.index.put({ ...row, problems: [...others, told] })
  }

  /** Before anything is written into them: a move that ended half way left the same under both names. */
  async #move(host: MirrorHost, uids: readonly Uid[], halfWays: readonly HalfWay[]): Promise<Moves> {
    const moves = await moveFiles(this.#world, host, this.index, uids, halfWays)
    for (const [path, record] of moves.records) this.#pending.set(path, record)
    return moves
  }

  /** All that is to be remembered, as changes of the store. */
  takeRecords(): readonly StoreChange[] {
    const changes = [...this.#pending].map(([path, record]) => ({
      put: cellOf(path),
      bytes: record === null ? new Uint8Array() : writeRecord(record),
    }))
    this.#pending.clear()
    return changes
  }

  async save(seal: Omit<IndexSeal, 'syncCopies' | 'repository' | 'head'>, seen?: Look): Promise<void> {
    const before = this.index.seal
    await this.index.save({
      ...seal,
      repository: seen === undefined ? (before?.repository ?? null) : (seen.repository?.mark ?? null),
      head: seen === undefined ? (before?.head ?? null) : (seen.repository?.head ?? null),
      syncCopies: seen?.syncCopies ?? before?.syncCopies ?? [],
    })
  }

  /** What is odd about the files, as `tide status` tells it. */
  problems(): readonly FileProblem[] {
    const rows = [...this.index.rows.values()]
    const older = rows.filter(({ state }) => state === 'older')
    const missing = rows.filter(({ problems }) => problems.some(({ code }) => code === MISSING))
    const told = rows.flatMap(({ problems }) => problems.filter(({ code }) => code !== MISSING))
    const some = (found: typeof rows): string =>
      `${found
        .slice(0, 3)
        .map(({ path }) => path)
        .join(', ')}${found.length > 3 ? ' …' : ''}`
    return [
      ...(older.length === 0
        ? []
        : [
            problem(
              older.length === 1 ? (older[0]?.path ?? null) : null,
              'FILES_OLDER',
              `${count(older.length, 'file shows', 'files show')} an older text, as version control put there (${some(older)}); that was taken for no edit. If you mean it: tide sync --take-files`,
            ),
          ]),
      ...(missing.length === 0
        ? []
        : [
            problem(
              null,
              MISSING,
              `${count(missing.length, 'file is', 'files are')} gone at once (${some(missing)}); no task was deleted. Put them back, or if you mean it: tide sync --take-files`,
            ),
          ]),
      ...(this.index.seal?.isWaiting === true
        ? [problem(null, FILES_WAIT, 'a merge or rebase is under way; files are written when it is over')]
        : []),
      ...(this.index.seal?.syncCopies ?? []).map((path) =>
        problem(
          path,
          'FILE_SYNC_COPY',
          'a file synchroniser left it behind; take over by hand what it holds, then delete it',
        ),
      ),
      ...told,
    ]
  }

  /** While a file cannot be read nobody knows whose it is: it may be that of any task that seems to have none. */
  isAllKnown(): boolean {
    return [...this.index.rows.values()].every(({ state, uids }) => state !== 'held' || uids.length > 0)
  }

  /** Gone, and not known to be. */
  #missing(seen: Look): readonly string[] {
    return seen.gone.filter((path) => !isMissing(this.index.rows.get(path)))
  }

  /** To be looked at again soon. */
  unsettled(reading: Reading, seen: Look, options: ReadOptions, tasks: TaskTable): readonly string[] {
    return [...reading.unsettled, ...judgeMissing(this.index, reading, seen, options, tasks).waiting]
  }

  #settleMissing({ meant, held, buried }: Missing): void {
    for (const path of [...meant, ...buried]) {
      const row = this.index.rows.get(path)
      if (row !== undefined) this.index.put(withoutFile(row))
    }
    for (const path of held) {
      const row = this.index.rows.get(path)
      if (row !== undefined)
        this.index.put({ ...row, size: -1, state: 'held', problems: [problem(path, MISSING, 'it is gone')] })
    }
  }

  async #deletePlan(reading: Reading, missing: Missing, host: MirrorHost): Promise<FilePlan> {
    const writes: Write[] = []
    const { tasks } = host
    for (const path of missing.meant) {
      const newest = (await host.record(path))?.bases.at(-1)
      const shown = newest === undefined ? [] : this.#world.format.parse(path, newest.text).tasks
      for (const uid of this.index.rows.get(path)?.uids ?? []) {
        const place = newest?.tasks.findIndex((task) => task.uid === uid) ?? -1
        const state = tasks.get(uid)
        const isBodySeen = state === undefined || shown[place]?.body === (await host.body(state))
        writes.push(...deletion(uid, newest?.tasks[place], isBodySeen, tasks))
      }
    }
    for (const { removed } of reading.files)
      for (const base of removed) writes.push(...deletion(base.uid, base, true, tasks))
    return { ...NOTHING, verb: 'delete', writes }
  }

  /** A file that went with its task, and was put back. */
  #revivePlan(reading: Reading, seen: Look, host: MirrorHost): FilePlan {
    if (seen.hasMoved) return { ...NOTHING, verb: 'restore' }
    const back = [
      ...reading.same.filter(({ wasGone }) => wasGone).flatMap(({ uids }) => uids),
      ...reading.files
        .filter(({ path }) => this.index.rows.get(path)?.state === 'gone')
        .flatMap(({ tasks }) => tasks.map(({ uid }) => uid)),
    ]
    const writes = back
      .filter((uid) => isGoneTask(host.tasks.get(uid)))
      .map((uid): Write => ({ uid, field: DELETED, value: false }))
    return { ...NOTHING, verb: 'restore', writes }
  }
}

/** Its id, or the key that is certain by now, is still to be written into the file. */
function isToBeNamed(state: TaskState | undefined, parsed: ReadTask['parsed']): boolean {
  return parsed.id === null || (state !== undefined && isConfirmed(state))
}

function isGoneTask(state: TaskState | undefined): boolean {
  return state !== undefined && isDeleted(state)
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
