/** Joins a project with its files: what people changed becomes changes of the project, what changed there goes into the files. */
import { TaskError } from '../errors.ts'
import type { Change } from '../history/change.ts'
import type { Uid } from '../ids.ts'
import type { FileProblem } from '../mirror/dangers.ts'
import type { Look } from '../mirror/looking.ts'
import { Mirror } from '../mirror/mirror.ts'
import { cellOf, readRecord, type FileRecord } from '../mirror/base.ts'
import type { ReadOptions } from '../mirror/read-file.ts'
import type { Committed } from '../mirror/remembering.ts'
import type { MirrorHost, MirrorWorld } from '../mirror/world.ts'
import type { StoreChange } from '../ports.ts'
import type { BodyBase } from '../task/body-at.ts'
import type { TaskState } from '../task/registers.ts'
import type { TaskTable } from '../task/table.ts'
import type { Differing } from './file-comparison.ts'
import type { FilesOptions, FilesOutcome } from './files-exchange.ts'
import { dueBeside, type Held } from './held.ts'
import { lookWhenReady } from './looking-when-ready.ts'
import { bodiesOf, hostOf, withoutFile, numberingOf, planFor } from './mirror-host.ts'
import { namedBy } from './named-by.ts'
import { applyPlan, writtenBy, type OpenProject } from './applying.ts'
import type { ProjectWorld } from './world.ts'

/** The project as its files see it, while nobody else writes. */
export interface MirroredProject extends OpenProject {
  body(state: TaskState): Promise<string>
  announce(uids: Iterable<Uid>, tasks: TaskTable, change: Change): void
  summarise(
    uids: ReadonlySet<Uid>,
    before: ReadonlyMap<Uid, TaskState | undefined>,
    isFromElsewhere: boolean,
  ): Promise<void>
}

interface Rendering {
  readonly newBodies?: ReadonlyMap<Uid, string> | undefined
  /** Somebody knows by now which files are there. */
  readonly isLooked?: boolean
  /** Read, and nothing is left to be said in their files. */
  readonly settled?: readonly Uid[]
  /** What is behind, of which the head of the store names only a few. */
  readonly due?: Held['due']
}

/** How long a file that may be half written, or gone for a moment, is left alone. */
const QUIET_MS = 80
const MOST_ROUNDS = 4

export class Mirroring {
  readonly #world: ProjectWorld
  readonly #mirrorWorld: MirrorWorld
  #mirror: Mirror
  /** For whom the index was proven. */
  #proven: Held | undefined
  #isWaiting = false
  /** Files with another name that no watch hears of, as far as they were seen. */
  readonly linked: Set<string> = new Set()
  /** The index could not be trusted: tasks may stand in no file, and nobody knows. */
  #mayLack = false
  /** Of lost rows of the document: first what it has nothing of, then what it says otherwise. */
  #asking: { readonly phase: 'lost' | 'differing'; readonly due: ReadonlySet<Uid> } | undefined

  private constructor(world: ProjectWorld, mirrorWorld: MirrorWorld, mirror: Mirror) {
    this.#world = world
    this.#mirrorWorld = mirrorWorld
    this.#mirror = mirror
  }

  static async open(world: ProjectWorld, mirrorWorld: MirrorWorld): Promise<Mirroring> {
    return new Mirroring(world, mirrorWorld, await Mirror.open(mirrorWorld))
  }

  pathOf(uid: Uid): string | undefined {
    const path = this.#mirror.index.pathOf(uid)
    return path === undefined || this.#mirror.index.rows.get(path)?.state === 'gone' ? undefined : path
  }

  problems(): readonly FileProblem[] {
    return this.#mirror.problems()
  }

  /** What differs from what was seen last, of some files or of all; null where any may. */
  async changed(paths?: ReadonlySet<string>): Promise<readonly string[] | null> {
    const { seal } = this.#mirror.index
    const { changed, gone, hidden, hasMoved, syncCopies } = await this.#mirror.look(
      paths === undefined ? {} : { paths },
    )
    const hasOthers = syncCopies !== undefined && syncCopies.join('\n') !== seal?.syncCopies.join('\n')
    if (seal === undefined || hasMoved || hasOthers) return null
    return [...changed.map(({ path }) => path), ...gone, ...hidden.map(({ path }) => path)]
  }

  /** Without the store: nothing changed since someone looked. */
  async isQuiet({ force, takeFiles, compares }: FilesOptions): Promise<boolean> {
    if (force === true || takeFiles === true || compares !== undefined) return false
    return this.#mirror.isQuiet(this.#world.summary.mark())
  }

  /** Reads what changed and writes what is behind, until both are quiet. */
  async exchange(project: MirroredProject, options: FilesOptions): Promise<FilesOutcome> {
    await this.#prove(project.held)
    if (project.held.hasUnaskedLosses) await this.#ask(project)
    let imported = 0
    const written = new Set<string>()
    let waited = new Set<string>()
    let hasMoved = false
    for (let round = 1; ; round++) {
      const looked = await lookWhenReady(
        this.#mirror,
        this.#world.runtime,
        this.#mayLack ? { ...options, paths: undefined } : options,
        round,
      )
      hasMoved ||= looked.hasMoved
      if (looked.syncCopies !== undefined) this.linked.clear() // all were looked at
      for (const path of looked.linked) this.linked.add(path)
      const seen = { ...looked, hasMoved }
      const reading: ReadOptions = {
        takesFiles: options.takeFiles === true,
        isSettled: (path) => waited.has(path),
      }
      const done = await this.#round(project, seen, reading)
      imported += done.imported
      for (const path of done.written) written.add(path)
      if (done.again.length === 0 || round === MOST_ROUNDS) break
      waited = new Set(done.again)
      await this.#world.runtime.sleep(QUIET_MS)
    }
    const { compares } = options
    const differing = compares === undefined ? undefined : await this.#compare(project, compares === 'mends')
    await this.seal(project.held)
    const refused = this.problems().flatMap(({ path, message }) => (path === null ? [] : [{ path, reason: message }]))
    return { imported, written: written.size, refused, ...(differing === undefined ? {} : { differing }) }
  }

  /** Writes the files of tasks that just changed; says whose files were written. */
  async follow(
    project: MirroredProject,
    uids: ReadonlySet<Uid>,
    newBodies?: ReadonlyMap<Uid, string>,
  ): Promise<readonly Uid[]> {
    await this.#prove(project.held)
    const { due } = project.held
    // A process that ended between the look before this change and the change may have left files behind, or written them
    // and told nobody. Where tasks stand has to be known before one is written, or it is written a second time.
    const others = due === 'all' ? [] : due.filter((uid) => !uids.has(uid))
    const isUnknown = this.#mayLack || others.some((uid) => this.pathOf(uid) === undefined)
    const look = (): Promise<Look> => lookWhenReady(this.#mirror, this.#world.runtime, {}, 1)
    const isKnown = !isUnknown || (await this.#round(project, await look(), {}, newBodies)).again.length === 0
    const wanted = isKnown ? new Set([...uids, ...others]) : uids
    return (await this.#render(project, wanted, { newBodies })).uids
  }

  /** The index says for which state of the store it holds. */
  async seal(held: Held | undefined, seen?: Look): Promise<void> {
    // One that was found broken, or was another state's, and that nobody has made anew, holds for none.
    if (held === undefined || (this.#proven !== held && !this.#isOf(held))) return
    await this.#mirror.save(
      {
        mark: this.#world.summary.mark(),
        nonce: held.filesNonce,
        isDue: held.due.length > 0 || held.hasUnaskedLosses,
        isWaiting: this.#isWaiting,
      },
      seen,
    )
  }

  /** The index as whoever had the store before left it: it may have been read while they wrote. */
  async refresh(held: Held): Promise<void> {
    if (this.#proven !== held && !this.#isOf(held)) this.#mirror = await Mirror.open(this.#mirrorWorld)
  }

  /** An index of another store, or of another state of this one, says nothing of what is in files. */
  async #prove(held: Held): Promise<void> {
    await this.refresh(held)
    if (this.#proven !== held && !this.#isOf(held)) await this.#lookAnew()
    this.#proven = held
  }

  #isOf({ filesNonce }: Held): boolean {
    return (this.#mirror.index.seal?.nonce ?? '') === filesNonce
  }

  /** All files are read as if for the first time; where tasks stood, what is gone, and where version control was stays known. */
  async #lookAnew(): Promise<void> {
    const { index } = this.#mirror
    const { seal } = index
    const rows = [...index.rows.values()]
    index.clear()
    if (seal !== undefined) index.seal = { ...seal, mark: '', nonce: '' }
    const { present } = await this.#mirror.look()
    for (const row of rows) index.put(row.state !== 'gone' && present.has(row.path) ? { ...row, size: -1 } : row)
    this.#mayLack = true
  }

  /** Rows of the document are lost: what files say comes in again, before anything is written over it. */
  async #ask(project: MirroredProject): Promise<void> {
    const { held } = project
    const { onlyLost, isWronglyDeleted, wholeBodies } = await import('./asking.ts')
    await project.replica() // only now all that is lost is known
    held.writeAnew()
    this.#mirror.takeRecords()
    await this.#lookAnew()
    const now = await lookWhenReady(this.#mirror, this.#world.runtime, {}, 1)
    // An empty file says nothing now, and nothing is to be made of it.
    const seen = { ...now, changed: now.changed.filter(({ size }) => size > 0), hasMoved: false }
    const due = new Set(held.due === 'all' ? (await project.tasks()).uids() : held.due)
    try {
      this.#asking = { phase: 'lost', due }
      const host = await this.#host(project)
      const reading = await this.#mirror.read(host, seen, {})
      for (const file of reading.files)
        if (isWronglyDeleted(file, host.tasks, due))
          this.#mirror.index.put({ ...file.entry, uids: file.tasks.map(({ uid }) => uid), state: 'gone', problems: [] })
      const plans = await this.#mirror.plans(
        reading,
        seen,
        host,
        numberingOf(host.tasks, held, this.#world.config, this.#world.runtime.now()),
        {},
      )
      for (const plan of plans.filter(({ verb }) => verb === 'import'))
        await applyPlan(project, await planFor(onlyLost(plan, host.tasks, due), project))
      const writes = await wholeBodies(reading.files, host, due)
      if (writes.length > 0) await applyPlan(project, { verb: 'edit', writes })
      const forgotten = seen.changed.map(({ path }): StoreChange => ({ put: cellOf(path), bytes: new Uint8Array() }))
      await held.commitRecords(forgotten, [...due])
      this.#asking = { phase: 'differing', due }
      await this.#round(project, seen, {})
      await held.commitRecords([], held.due === 'all' ? [] : held.due, { areAsked: true })
    } finally {
      this.#asking = undefined
    }
    await project.summarise(new Set((await project.tasks()).uids()), new Map(), true)
    await this.seal(held)
  }

  async #compare(project: MirroredProject, mends: boolean): Promise<Differing | undefined> {
    const { mirror } = this.#world
    if (mirror === undefined) return undefined
    const { compareFiles } = await import('./file-comparison.ts')
    const compare = async (): Promise<Differing> =>
      compareFiles(mirror, await this.#host(project), this.#mirror.index.rows.values())
    const found = await compare()
    if (!mends || found.behind.length + found.homeless.length === 0) return found
    await this.#lookAnew() // where tasks stand may be what is wrong
    await this.#round(project, await lookWhenReady(this.#mirror, this.#world.runtime, {}, 1), {})
    const left = await compare()
    const tasks = await project.tasks()
    const uids = new Set([...left.behind, ...left.homeless].filter((uid) => tasks.get(uid) !== undefined))
    const rendered = await this.#render(project, uids)
    await project.summarise(new Set([...uids, ...rendered.uids]), new Map(), false)
    return found
  }

  async #round(
    project: MirroredProject,
    seen: Look,
    options: ReadOptions,
    newBodies?: ReadonlyMap<Uid, string>,
  ): Promise<{ readonly imported: number; readonly written: readonly string[]; readonly again: readonly string[] }> {
    const { held } = project
    const host = await this.#host(project, newBodies)
    const reading = await this.#mirror.read(host, seen, options)
    // Version control moved while it was read: nothing is concluded, all is looked at again.
    if (await this.#mirror.hasMovedSince(seen)) return { imported: 0, written: [], again: [''] }
    const { config, runtime } = this.#world
    const numbering = numberingOf(host.tasks, held, config, runtime.now())
    const plans = await this.#mirror.plans(reading, seen, host, numbering, options)
    // As it is before this look: what it reads it settles itself.
    const [isFirst, dueBefore] = [held.filesNonce === '', held.due]
    const again = [...this.#mirror.unsettled(reading, seen, options, host.tasks)]
    const before = new Map<Uid, TaskState | undefined>()
    const bases = new Map<Uid, BodyBase>()
    const remembered = new Set<string>()
    const changes: Change[] = []
    let isFromElsewhere = false
    for (const plan of plans) {
      const applied = await applyPlan(project, await planFor(plan, project))
      if (applied === undefined) continue
      changes.push(applied.change)
      isFromElsewhere ||= applied.isFromElsewhere
      for (const [uid, state] of applied.before) if (!before.has(uid)) before.set(uid, state)
      for (const [uid, base] of applied.bases ?? []) bases.set(uid, base)
      for (const change of plan.records) if ('put' in change) remembered.add(change.put)
    }
    const tasks = await project.tasks()
    const stateBefore = (uid: Uid): TaskState | undefined => (before.has(uid) ? before.get(uid) : tasks.get(uid))
    const written = writtenBy(changes, tasks)
    const committed: Committed = { tasks, before: { get: stateBefore }, bases, written, remembered }
    const uids = await this.#mirror.settle(reading, seen, committed, await this.#host(project), options)
    // A project that never had files gets them now.
    const due = isFirst ? withoutFile(tasks, (uid) => this.pathOf(uid)) : dueBefore === 'all' ? tasks.uids() : dueBefore
    const standing = [...(this.#asking === undefined ? [] : tasks.uids())].filter(
      (uid) => this.pathOf(uid) !== undefined,
    )
    const isAllKnown = this.#mayLack && again.length === 0 && this.#mirror.isAllKnown()
    const homeless = isAllKnown ? withoutFile(tasks, (uid) => this.pathOf(uid)) : []
    this.#mayLack &&= !isAllKnown
    const toRender = new Set([...uids, ...due, ...standing, ...homeless])
    const read = reading.files.flatMap(({ tasks: own }) => own.map(({ uid }) => uid))
    const behind = dueBefore === 'all' ? dueBefore : [...new Set([...dueBefore, ...before.keys()])]
    const rendered = await this.#render(project, toRender, { newBodies, isLooked: true, settled: read, due: behind })
    for (const change of changes) project.announce(new Set(change.edits.map(({ uid }) => uid)), tasks, change)
    const told = new Set([...before.keys(), ...rendered.uids, ...uids, ...read])
    for (const { uids: own } of reading.same)
      for (const uid of own) if (host.names.keyOf(uid) !== undefined) told.add(uid)
    if (told.size > 0) await project.summarise(told, before, isFromElsewhere)
    const left = [...again, ...rendered.dirty]
    // While something waits, where version control stood is what it is judged by.
    await this.seal(held, left.length === 0 ? seen : undefined)
    return {
      imported: reading.files.filter(({ tasks: own }) => own.some(({ isLive }) => isLive !== true)).length,
      written: rendered.written,
      again: left,
    }
  }

  async #render(
    project: MirroredProject,
    uids: ReadonlySet<Uid>,
    { newBodies, isLooked = false, settled = [], due }: Rendering = {},
  ): Promise<{
    readonly written: readonly string[]
    readonly dirty: readonly string[]
    readonly uids: readonly Uid[]
  }> {
    const { held } = project
    this.#isWaiting = uids.size > 0 && !(await this.#mirror.mayWrite())
    // Where nobody has looked yet the files may be there already.
    if (this.#isWaiting || (this.#mirror.index.seal === undefined && !isLooked)) {
      await held.commitRecords(this.#mirror.takeRecords(), dueBeside(due ?? held.due, uids, uids))
      return { written: [], dirty: [], uids: [] }
    }
    try {
      const host = await this.#host(project, newBodies)
      const body = async (state: TaskState): Promise<string> => {
        const text = await host.body(state)
        this.#mustBeAsked(held)
        return text
      }
      this.#mustBeAsked(held)
      const rendered = await this.#mirror.render({ ...host, body }, bodiesOf(project), namedBy(uids, host.tasks))
      await held.commitRecords(
        this.#mirror.takeRecords(),
        dueBeside(due ?? held.due, new Set([...uids, ...settled]), rendered.behind, host.tasks),
      )
      const touched = [...rendered.written, ...rendered.removed].flatMap(
        (path) => this.#mirror.index.rows.get(path)?.uids ?? [],
      )
      return { written: rendered.written, dirty: rendered.dirty, uids: touched }
    } catch (cause) {
      if (!(cause instanceof LossFound)) throw cause
      await this.#ask(project)
      return { written: [], dirty: [], uids: [] }
    }
  }

  /** What a document with gaps does not say is no reason to take it out of a file. */
  #mustBeAsked(held: Held): void {
    if (held.hasUnaskedLosses && this.#asking === undefined) throw new LossFound()
  }

  #host(project: MirroredProject, newBodies?: ReadonlyMap<Uid, string>): Promise<MirrorHost> {
    return hostOf(project, this.#world.config, (path) => this.#record(project, path), newBodies)
  }

  async #record(project: MirroredProject, path: string): Promise<FileRecord | undefined> {
    const { held } = project
    const pending = this.#mirror.pending(path)
    if (pending !== undefined) return pending ?? undefined
    // Before the first of them there are none to be looked up.
    if (held.filesNonce === '') return undefined
    if (this.#asking !== undefined) return this.#asked(project, path)
    try {
      return readRecord(await held.store.cell(cellOf(path)))
    } catch (cause) {
      // What was remembered of one file is damaged: nobody remembers it. The store tells of it.
      if (cause instanceof TaskError && cause.code === 'STORE_UNREADABLE') return undefined
      throw cause
    }
  }

  async #asked(project: MirroredProject, path: string): Promise<FileRecord | undefined> {
    const { mirror } = this.#world
    if (this.#asking?.phase !== 'differing' || mirror === undefined) return undefined
    const { recordFromDocument } = await import('./asking.ts')
    return recordFromDocument(mirror, await this.#host(project), bodiesOf(project), {
      path,
      due: this.#asking.due,
    })
  }
}

/** Thrown out of writing files: the document turned out to have lost something, so they are read first. */
class LossFound extends Error {}
