/** Files under a name that the mirror has taken from them: what a process left that ended, and what an editor saved that was open. */
import type { Uid } from '../ids.ts'
import { NO_RECORD, type FileRecord } from './base.ts'
import { decode } from './dangers.ts'
import type { FileIndex } from './file-index.ts'
import type { Look } from './looking.ts'
import type { HalfWay } from './moving.ts'
import type { Opened } from './read-file.ts'
import { renamed } from './renaming.ts'
import type { MirrorHost, MirrorWorld } from './world.ts'

export class FormerNames {
  readonly halfWay: HalfWay[] = []
  readonly #world: MirrorWorld
  readonly #host: MirrorHost
  readonly #index: FileIndex
  readonly #look: Look
  /** What stands in the changed files that can be read. */
  readonly #texts = new Map<string, string>()

  constructor(world: MirrorWorld, host: MirrorHost, index: FileIndex, look: Look) {
    this.#world = world
    this.#host = host
    this.#index = index
    this.#look = look
  }

  see(path: string, text: string): void {
    this.#texts.set(path, text)
  }

  /** Of a file whose tasks have stood elsewhere since what was remembered there: a process ended that was to forget what was here. */
  async recordOf(path: string, record: FileRecord = NO_RECORD): Promise<FileRecord> {
    let known = record
    for (const { uid } of record.bases.at(-1)?.tasks ?? []) {
      const before = this.#index.pathOf(uid)
      if (before === undefined || before === path || this.#look.present.has(before)) return record
      const later = await this.#host.record(before)
      if (later?.bases.at(-1)?.tasks.some((task) => task.uid === uid) !== true) return record
      known = later
    }
    return known
  }

  /** The same under both names: only the old one has still to go. */
  async isHalfWay(uid: Uid, path: string, other: string): Promise<boolean> {
    const ways = [
      { from: path, to: other },
      { from: other, to: path },
    ]
    const way = ways.find(({ from, to }) => this.isFormer(from, uid, to))
    const text = this.#texts.get(path)
    if (way === undefined || text === undefined || text !== (await this.#textAt(other))) return false
    this.halfWay.push({ uid, ...way, text })
    return true
  }

  /** By an editor that had it open while it got its new name, under which nobody has saved anything since. */
  isSaved({ entry: { path }, parsed }: Opened, uid: Uid, other: string): boolean {
    if (this.#look.hasMoved || parsed.tasks.length > 1 || this.#texts.has(other)) return false
    const isThere = (this.#index.rows.get(path)?.state ?? 'gone') !== 'gone'
    return !isThere && this.#index.rows.get(other)?.state === 'clean' && this.isFormer(path, uid, other)
  }

  isFormer(from: string, uid: Uid, to: string): boolean {
    return renamed(from, uid, this.#host, this.#world.folder) === to
  }

  async #textAt(path: string): Promise<string | undefined> {
    const known = this.#texts.get(path)
    if (known !== undefined) return known
    try {
      const content = await this.#world.files.read(path)
      const text = content === undefined ? undefined : decode(path, content.bytes)
      return typeof text === 'string' ? text : undefined
    } catch {
      return undefined // then it is not known to be the same
    }
  }
}
