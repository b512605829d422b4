/** Which files may have changed since they were looked at last. Reads no file. */
import type { FileEntry, RepositoryState } from '../ports.ts'
import { ID_TAKEN, isSyncCopy, reasonOf } from './dangers.ts'
import type { FileIndex, FileRow } from './file-index.ts'
import type { MirrorWorld } from './world.ts'

export interface Look {
  /** The files of the format that are there. */
  readonly present: Pick<ReadonlyMap<string, FileEntry>, 'has'>
  readonly changed: readonly FileEntry[]
  readonly gone: readonly string[]
  /** Of those looked at, whatever is known by another name too: no watch hears of all that is done to it. */
  readonly linked: readonly string[]
  /** Something stands there that may not be read: a link out of the workspace. */
  readonly hidden: readonly { readonly path: string; readonly reason: string }[]
  /** What a file synchroniser left behind; undefined where only some files were looked at. */
  readonly syncCopies: readonly string[] | undefined
  readonly repository: RepositoryState | null
  /** Version control did something since: what it put there is no edit. */
  readonly hasMoved: boolean
  /** The folder of the tasks is there. */
  readonly hasFolder: boolean
}

export interface LookOptions {
  /** Sizes and times say nothing. */
  readonly trustsNothing?: boolean
  /** What version control put there is to be read, though it is as it was. */
  readonly takesOlder?: boolean
}

export async function look(world: MirrorWorld, index: FileIndex, options: LookOptions = {}): Promise<Look> {
  const repository = await world.repository.state()
  const present = new Map<string, FileEntry>()
  const syncCopies: string[] = []
  for (const entry of await world.files.list(world.folder)) {
    if (!world.format.covers(entry.path)) continue
    if (isSyncCopy(entry.path)) syncCopies.push(entry.path)
    else present.set(entry.path, entry)
  }
  const changed: FileEntry[] = []
  for (const entry of present.values()) if (isToRead(entry, index, options)) changed.push(entry)
  const absent = [...index.rows.values()].filter(({ path, state }) => state !== 'gone' && !present.has(path))
  const { gone, hidden } = await sorted(world, absent)
  if (changed.length + gone.length > 0) changed.push(...waiting(changed, present, index))
  const hasMoved = isMoved(index, repository)
  const hasFolder = present.size > 0 || gone.length === 0 || (await isFolder(world))
  const linked = [...present.values()].filter(({ isLinked }) => isLinked).map(({ path }) => path)
  return { present, changed, gone, linked, hidden, syncCopies, repository, hasMoved, hasFolder }
}

/** Files left alone because of another one: that one may have changed. */
function waiting(
  changed: readonly FileEntry[],
  present: ReadonlyMap<string, FileEntry>,
  index: FileIndex,
): readonly FileEntry[] {
  const known = new Set(changed.map(({ path }) => path))
  return [...present.values()].filter(
    ({ path }) => !known.has(path) && index.rows.get(path)?.problems.some(({ code }) => code === ID_TAKEN) === true,
  )
}

function isToRead(entry: FileEntry, index: FileIndex, options: LookOptions): boolean {
  if (options.trustsNothing === true || !index.isUnchanged(entry)) return true
  return options.takesOlder === true && index.rows.get(entry.path)?.state === 'older'
}

/** At some files only; the others are as they were. */
export async function lookAt(world: MirrorWorld, index: FileIndex, paths: Iterable<string>): Promise<Look> {
  const repository = await world.repository.state()
  const changed: FileEntry[] = []
  const linked: string[] = []
  const absent: FileRow[] = []
  for (const path of [...paths].sort()) {
    if (!world.format.covers(path) || isSyncCopy(path)) continue
    const entry = await entryOf(world, path)
    const row = index.rows.get(path)
    if (entry?.isLinked === true) linked.push(path)
    if (entry === undefined) {
      if (row !== undefined && row.state !== 'gone') absent.push(row)
    } else if (!index.isUnchanged(entry)) changed.push(entry)
  }
  const { gone, hidden } = await sorted(world, absent)
  const left = new Set(gone)
  const came = new Set(changed.map(({ path }) => path))
  const has = (path: string): boolean => {
    const state = index.rows.get(path)?.state
    return came.has(path) || (state !== undefined && state !== 'gone' && !left.has(path))
  }
  return {
    present: { has },
    changed,
    gone,
    linked,
    hidden,
    syncCopies: undefined,
    repository,
    hasMoved: isMoved(index, repository),
    hasFolder: gone.length === 0 || (await isFolder(world)),
  }
}

/** Many at once are no single deletions anyway: then none is asked for. */
const MOST_ASKED = 32

async function sorted({ files }: MirrorWorld, absent: readonly FileRow[]): Promise<Pick<Look, 'gone' | 'hidden'>> {
  const gone: string[] = []
  const hidden: Look['hidden'][number][] = []
  for (const { path, problems } of absent) {
    const reason = absent.length > MOST_ASKED ? undefined : await refusal(files, path)
    if (reason === undefined) gone.push(path)
    else if (!problems.some(({ code }) => code === 'FILE_UNREADABLE')) hidden.push({ path, reason })
  }
  return { gone, hidden }
}

async function refusal(files: MirrorWorld['files'], path: string): Promise<string | undefined> {
  try {
    await files.entry(path)
    return undefined
  } catch (cause) {
    return reasonOf(cause)
  }
}

function isMoved(index: FileIndex, repository: RepositoryState | null): boolean {
  const before = index.seal?.repository
  return before !== undefined && before !== null && repository !== null && before !== repository.mark
}

/** A name that leads nowhere we may look is no file of ours. */
async function entryOf({ files }: MirrorWorld, path: string): Promise<FileEntry | undefined> {
  try {
    return await files.entry(path)
  } catch {
    return undefined
  }
}

/** To read a folder is refused; where nothing is, nothing is read. */
async function isFolder({ files, folder }: MirrorWorld): Promise<boolean> {
  try {
    return (await files.read(folder)) !== undefined
  } catch {
    return true
  }
}
