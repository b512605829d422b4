/** The files beside a project, from the first look to the watcher's end. Loads what it needs when it is needed. */
import type { Uid } from '../ids.ts'
import type { FileProblem } from '../mirror/dangers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import type { Held } from './held.ts'
import type { FilesOptions, FilesOutcome } from './files-exchange.ts'
import type { MirroredProject, Mirroring } from './mirroring.ts'
import type { FileWatch } from './watching.ts'
import type { ProjectWorld } from './world.ts'

const NO_FILES: FilesOutcome = { imported: 0, written: 0, refused: [] }
/** More with another name than this are not asked for each time. */
const MOST_LINKED = 256

export class FilesBeside {
  readonly #world: ProjectWorld
  #mirroring: Mirroring | undefined
  #watch: FileWatch | undefined

  constructor(world: ProjectWorld) {
    this.#world = world
  }

  get areThere(): boolean {
    return this.#world.mirror !== undefined
  }

  /** As the summary has it where nobody looked. */
  pathOf(uid: Uid, listed: () => string | null | undefined): string | null {
    if (this.#mirroring === undefined && this.areThere) return listed() ?? null
    return this.#mirroring?.pathOf(uid) ?? null
  }

  /** Knows where files are, from now on. */
  async ready(held: Held): Promise<void> {
    await (await this.#opened())?.refresh(held)
  }

  async problems(): Promise<readonly FileProblem[]> {
    return (await this.#opened())?.problems() ?? []
  }

  /** One exchange; `hold` is asked for only where something may have changed. */
  async exchange(
    options: FilesOptions | undefined,
    isHeld: boolean,
    hold: (work: (project: MirroredProject) => Promise<FilesOutcome>) => Promise<FilesOutcome>,
  ): Promise<FilesOutcome> {
    if (options === undefined && (await this.#isSettled(isHeld))) return NO_FILES
    const mirroring = await this.#opened()
    if (mirroring === undefined || !this.#isInPlace) return NO_FILES
    if (!isHeld && (await mirroring.isQuiet(options ?? {}))) return NO_FILES
    return hold((project) => mirroring.exchange(project, options ?? {}))
  }

  /**
   * Takes in what the watcher heard of, and what somebody else found (null: any file may have changed). False where something
   * may have been saved that nobody heard of.
   */
  async settle(found: readonly string[] | null = []): Promise<boolean> {
    const watch = this.#watch
    if (watch === undefined || !this.#isInPlace) return false
    const unheard = await this.#unheard()
    const isKnown = unheard !== undefined
    const paths = found === null || unheard === null ? null : [...found, ...(unheard ?? [])]
    return (await watch.settled(paths)) && isKnown
  }

  /** What this process found changed, for whoever holds the store; none where it did not look. */
  async found(): Promise<readonly string[] | null> {
    return this.#mirroring === undefined ? [] : this.#mirroring.changed()
  }

  /** Writes the files of tasks that just changed. */
  async follow(
    project: MirroredProject,
    uids: ReadonlySet<Uid>,
    newBodies?: ReadonlyMap<Uid, string>,
  ): Promise<readonly Uid[]> {
    return this.#isInPlace ? ((await (await this.#opened())?.follow(project, uids, newBodies)) ?? []) : []
  }

  /** What the document has lost comes in again, before anyone is answered: nobody else has the store yet. */
  async ask(project: MirroredProject, replica: Replica, rebuild: () => Promise<unknown>): Promise<void> {
    if (!project.held.hasUnaskedLosses) return
    const tasks = async (): Promise<TaskTable> => replica.tasks
    const summarise = async (): Promise<void> => void (await rebuild())
    await (await this.#opened())?.exchange({ ...project, tasks, replica: async () => replica, summarise }, {})
  }

  async seal(held: Held): Promise<void> {
    if (this.#isInPlace) await this.#mirroring?.seal(held)
  }

  /** From now on, until the end, changed files are taken in as they change. */
  async watch(exchange: (options: FilesOptions) => Promise<unknown>): Promise<void> {
    const { mirror, runtime } = this.#world
    if (mirror === undefined || this.#watch !== undefined) return
    const { FileWatch } = await import('./watching.ts')
    const { files, folder } = mirror
    this.#watch = new FileWatch({
      files,
      folder,
      runtime,
      exchange: async (paths) => void (await exchange({ paths })),
    })
    // What changed before the watcher was ready.
    await exchange({})
  }

  async endWatch(): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]()
  }

  /** Nothing is to be looked for here: who watches has taken it in. */
  async #isSettled(isHeld: boolean): Promise<boolean> {
    if (this.#watch === undefined) return !isHeld && (await this.#world.settledByHolder?.()) === true
    await this.settle()
    return true
  }

  /** Changed under another name, of which no watch tells; undefined where they are too many to be asked for. */
  async #unheard(): Promise<readonly string[] | null | undefined> {
    const linked = this.#mirroring?.linked
    if (this.#mirroring === undefined || linked === undefined || linked.size === 0) return []
    return linked.size > MOST_LINKED ? undefined : this.#mirroring.changed(linked)
  }

  /** Beside a directory that was moved away other files may stand by now: nothing is read there, and nothing written. */
  get #isInPlace(): boolean {
    return this.#world.isInPlace?.() !== false
  }

  async #opened(): Promise<Mirroring | undefined> {
    if (this.#world.mirror === undefined) return undefined
    if (this.#mirroring === undefined) {
      const { Mirroring } = await import('./mirroring.ts')
      this.#mirroring ??= await Mirroring.open(this.#world, this.#world.mirror)
    }
    return this.#mirroring
  }
}
