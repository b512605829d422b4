/** What version control had in the files: where it stood, where it stands, what lay between. */
import type { Way } from '../ports.ts'
import { decode } from './dangers.ts'
import { isRemembered } from './explain.ts'
import type { FileIndex } from './file-index.ts'
import type { Look } from './looking.ts'
import { isMissing } from './missing.ts'
import type { Candidate } from './read-file.ts'
import type { MirrorWorld } from './world.ts'

export class Versions {
  readonly #world: MirrorWorld
  readonly #index: FileIndex
  readonly #look: Look
  #wayThere: Way | undefined

  constructor(world: MirrorWorld, index: FileIndex, seen: Look) {
    this.#world = world
    this.#index = index
    this.#look = seen
  }

  /** Without an index, or with one of another state, nobody knows what version control put there. */
  get isUnsureOfMoves(): boolean {
    return this.#look.hasMoved || (this.#index.seal?.nonce ?? '') === ''
  }

  /** Version control may have put any text there that was ever remembered, and someone edited that. */
  mayBeOlder(path: string): boolean {
    return this.isUnsureOfMoves || this.#index.rows.get(path)?.state === 'older'
  }

  /** What the files held in the commit that was checked out when they were looked at last. */
  async blobsFor(candidates: readonly Candidate[]): Promise<ReadonlyMap<string, string>> {
    return this.contents(
      (await this.#way())?.fork ?? this.#index.seal?.head ?? null,
      candidates.filter(({ entry, movedFrom }) => this.mayBeOlder(movedFrom ?? entry.path)),
    )
  }

  /**
   * Whether a commit's text says what nobody has ever read: the file was away when that commit was looked at, and nothing that
   * is remembered of it was made from that text, as far as the commits tell. Then nobody can tell which of them is newer.
   */
  async isUnheard(candidate: Candidate, blob: string): Promise<boolean> {
    const { entry, movedFrom, record } = candidate
    if (isRemembered(record, blob)) return false
    const row = this.#index.rows.get(movedFrom ?? entry.path)
    if (row?.state === 'older') return row.shows === undefined
    if (!this.#look.hasMoved || !isMissing(row)) return false
    const [from, to] = [this.#index.seal?.head ?? null, this.#look.repository?.head ?? null]
    if (from === null || to === null) return false
    for (const commit of (await this.#world.repository.way(to, from)).commits)
      for (const text of (await this.contents(commit, [candidate])).values())
        if (isRemembered(record, text)) return false
    return true
  }

  /** How version control got from where it stood to where it stands; undefined where it did not move. */
  async #way(): Promise<Way | undefined> {
    const [from, to] = [this.#index.seal?.head ?? null, this.#look.repository?.head ?? null]
    if (!this.#look.hasMoved || to === null) return undefined
    this.#wayThere ??= from === null ? { fork: null, commits: [to] } : await this.#world.repository.way(from, to)
    return this.#wayThere
  }

  /** What the files held in each commit since, each text once: taken one by one, so that everyone takes them alike. */
  async stepsOf(candidates: readonly Candidate[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const steps = new Map<string, string[]>()
    const way = await this.#way()
    if (candidates.length === 0 || way === undefined) return steps
    const last = this.#look.repository?.head ?? ''
    for (const commit of way.commits.length === 0 ? [last] : way.commits)
      for (const [path, text] of await this.contents(commit, candidates)) {
        const known = steps.get(path) ?? []
        if (known.at(-1) !== text) steps.set(path, [...known, text])
      }
    return steps
  }

  /** By the names that the files have now; a commit may have them under the former ones. */
  async contents(head: string | null, candidates: readonly Candidate[]): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>()
    if (head === null || candidates.length === 0) return texts
    const paths = candidates.flatMap(({ entry, movedFrom = entry.path }) => [...new Set([movedFrom, entry.path])])
    const found = new Map(await this.#world.repository.contents(head, paths))
    for (const { entry, movedFrom = entry.path } of candidates) {
      const bytes = found.get(movedFrom) ?? found.get(entry.path)
      const text = bytes === undefined ? undefined : decode(entry.path, bytes)
      if (typeof text === 'string') texts.set(entry.path, text)
    }
    return texts
  }
}
