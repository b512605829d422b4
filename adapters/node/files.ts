/**
 * Files below one folder of a real disk: compare-and-swap by content, atomic, durable, and never outside the folder.
 * The mode and, where allowed, the owner stay; other hard links, ACLs and extended attributes do not follow a write.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { TaskError, type FileEntry, type Files, type WriteOutcome } from '../../src/internal.ts'
import { guarded, unlessMissing, unlessTaken, type Access } from './disk-errors.ts'
import { beginMove, type Way } from './moving.ts'
import { keepOwnerAndMode, openTemporary, place, syncFolder, synced } from './swap.ts'
import { watchFolder, WatchQueue } from './watching.ts'

export interface FilesOptions {
  /** Larger files are not read. @default 256 MiB */
  readonly maxFileBytes?: number
  /** Shared by all whom this process watches; one of its own where it watches nothing else. */
  readonly queue?: WatchQueue
}

interface Found {
  readonly bytes: Uint8Array
  readonly stats: Stats
}

interface Target {
  readonly real: string
  readonly found: Found | undefined
  /** Folders to sync: the one that holds the file, and those that hold folders made for it. */
  readonly folders: readonly string[]
}

/** The folder must be there; a workspace whose folder vanished is no empty workspace. */
export function openFiles(
  root: string,
  { maxFileBytes = 256 * 1024 * 1024, queue = new WatchQueue() }: FilesOptions = {},
): Files {
  const inside = guarded('FILE_UNREADABLE', root, () => realpathSync.native(root))
  const disk = new Disk(inside, maxFileBytes)
  return {
    list: async (folder) => disk.list(folder),
    entry: async (path) => disk.entry(path),
    read: async (path) => disk.read(path),
    write: (path, bytes, expected) => disk.write(path, bytes, expected),
    remove: (path, expected) => disk.remove(path, expected),
    move: (from, to, expected) => disk.move(from, to, expected),
    watch: (folder, listener) => {
      if (folder !== '') checkedPath(folder, 'FILE_UNREADABLE')
      return watchFolder(inside, folder, listener, queue)
    },
  }
}

// Small reads are synchronous on purpose: a thousand files are read five times as fast as through the thread pool.
// Only the wait for the disk (fsync), milliseconds long, lets others run.
class Disk {
  readonly #root: string
  readonly #maxFileBytes: number
  #lastFolder: { readonly folder: string; readonly real: string } | undefined

  constructor(root: string, maxFileBytes: number) {
    this.#root = root
    this.#maxFileBytes = maxFileBytes
  }

  list(folder: string): readonly FileEntry[] {
    const entries: FileEntry[] = []
    guarded('FILE_UNREADABLE', folder === '' ? '.' : folder, () => {
      const start = folder === '' ? this.#root : this.#follow(checkedPath(folder, 'FILE_UNREADABLE'), 'FILE_UNREADABLE')
      if (start !== undefined) this.#listInto(entries, start, folder)
    })
    return entries.toSorted((one, other) => (one.path < other.path ? -1 : 1))
  }

  entry(path: string): FileEntry | undefined {
    return guarded('FILE_UNREADABLE', path, () => {
      const real = this.#follow(checkedPath(path, 'FILE_UNREADABLE'), 'FILE_UNREADABLE')
      const stats = real === undefined ? undefined : statSync(real, { throwIfNoEntry: false })
      if (stats?.isFile() !== true) return undefined
      return entryOf(path, stats, lstatSync(join(this.#root, path)).isSymbolicLink())
    })
  }

  read(path: string): { readonly bytes: Uint8Array } | undefined {
    return guarded('FILE_UNREADABLE', path, () => {
      const relative = checkedPath(path, 'FILE_UNREADABLE')
      const plain = this.#readPlain(relative, path)
      if (plain !== undefined) return { bytes: plain.bytes }
      const real = this.#follow(relative, 'FILE_UNREADABLE')
      const found = real === undefined ? undefined : this.#look(real, path)
      return found === undefined ? undefined : { bytes: found.bytes }
    })
  }

  /** Most files are no links and lie in the same folder as the one before: that folder is followed once a batch. */
  #readPlain(relative: string, path: string): Found | undefined {
    if (typeof constants.O_NOFOLLOW !== 'number') return undefined // not on Windows
    const folder = dirname(relative)
    if (folder !== this.#lastFolder?.folder) {
      const real = folder === '.' ? this.#root : this.#follow(folder, 'FILE_UNREADABLE')
      if (real === undefined) return undefined
      this.#lastFolder = { folder, real }
      setImmediate(() => (this.#lastFolder = undefined))
    }
    try {
      return this.#look(join(this.#lastFolder.real, basename(relative)), path, constants.O_NOFOLLOW)
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ELOOP' || cause.code === 'EMLINK'))
        return undefined
      throw cause
    }
  }

  async write(path: string, bytes: Uint8Array, expected: Uint8Array | null): Promise<WriteOutcome> {
    const target = guarded('FILE_UNWRITABLE', path, () => this.#targetOf(path, expected))
    if (typeof target === 'string') return target
    // Nothing to change: the file keeps its place on the disk, and nobody is told of an edit.
    if (expected !== null && Buffer.compare(bytes, expected) === 0) return 'written'
    const temporary = guarded('FILE_UNWRITABLE', path, () => openTemporary(target.real))
    let outcome: WriteOutcome
    try {
      guarded('FILE_UNWRITABLE', path, () => {
        if (target.found !== undefined) keepOwnerAndMode(temporary.file, target.found.stats)
        writeFileSync(temporary.file, bytes)
      })
      await synced(temporary.file, path)
      temporary.close()
      outcome = guarded('FILE_UNWRITABLE', path, () => this.#swap(temporary.path, target.real, expected, path))
    } finally {
      temporary.drop()
    }
    if (outcome === 'written') for (const folder of target.folders) await syncFolder(folder, path)
    return outcome
  }

  async remove(path: string, expected: Uint8Array): Promise<WriteOutcome> {
    const absolute = checkedPath(path, 'FILE_UNWRITABLE')
    const outcome = guarded('FILE_UNWRITABLE', path, () => {
      const real = this.#follow(absolute, 'FILE_UNWRITABLE')
      const outcome = compare(real === undefined ? undefined : this.#look(real, path), expected)
      // The name is taken away; what a link leads to belongs to another name.
      if (outcome === undefined) unlinkSync(join(this.#root, absolute))
      return outcome ?? 'written'
    })
    if (outcome === 'written') await syncFolder(dirname(join(this.#root, absolute)), path)
    return outcome
  }

  async move(from: string, to: string, expected: Uint8Array): Promise<WriteOutcome | 'linked'> {
    const begun = guarded('FILE_UNWRITABLE', from, () => this.#beginMove(from, to, expected))
    if (typeof begun === 'string') return begun
    const { way, folders } = begun
    // The new name is on the disk before the old one goes.
    for (const folder of folders) await syncFolder(folder, to)
    const outcome = guarded('FILE_UNWRITABLE', from, () => {
      // Compared again with nothing between this and the end: an editor may have saved meanwhile.
      const late = way.isOver() ? undefined : compare(this.#look(way.from, from), expected)
      if (late === 'changed') way.undo()
      else way.finish()
      return late === 'changed' ? late : 'written'
    })
    await syncFolder(dirname(outcome === 'written' ? way.from : way.to), from)
    return outcome
  }

  #beginMove(
    from: string,
    to: string,
    expected: Uint8Array,
  ): WriteOutcome | 'linked' | { readonly way: Way; readonly folders: readonly string[] } {
    const [source, target] = [checkedPath(from, 'FILE_UNWRITABLE'), checkedPath(to, 'FILE_UNWRITABLE')]
    const folder = dirname(source) === '.' ? this.#root : this.#follow(dirname(source), 'FILE_UNWRITABLE')
    const place = folder === undefined ? undefined : join(folder, basename(source))
    const stats = place === undefined ? undefined : unlessMissing(() => lstatSync(place))
    if (place === undefined || stats === undefined) return 'missing'
    if (stats.isSymbolicLink()) return 'linked'
    const outcome = compare(this.#look(place, from), expected)
    if (outcome !== undefined || source === target) return outcome ?? 'written'
    const made: string[] = []
    const home = this.#makeFolder(dirname(target), made)
    const way = beginMove(
      place,
      join(home, basename(target)),
      (path) => compare(this.#look(path, to), expected) === undefined,
    )
    return way === undefined ? 'exists' : { way, folders: [home, ...made] }
  }

  /** What will be written to, or why nothing will be. */
  #targetOf(path: string, expected: Uint8Array | null): WriteOutcome | Target {
    const relative = checkedPath(path, 'FILE_UNWRITABLE')
    const real = this.#follow(relative, 'FILE_UNWRITABLE')
    const found = real === undefined ? undefined : this.#look(real, path)
    const outcome = compare(found, expected)
    if (outcome !== undefined) return outcome
    if (real !== undefined) return { real, found, folders: [dirname(real)] }
    // A link that leads nowhere holds its name: a new file never goes through it.
    if (lstatSync(join(this.#root, relative), { throwIfNoEntry: false }) !== undefined) return 'exists'
    const made: string[] = []
    const folder = this.#makeFolder(dirname(relative), made)
    return { real: join(folder, basename(relative)), found: undefined, folders: [folder, ...made] }
  }

  #swap(temporary: string, real: string, expected: Uint8Array | null, path: string): WriteOutcome {
    // Compared again with nothing between this and the swap: the wait for the disk was long enough for an editor to save.
    const late = compare(this.#look(real, path), expected)
    if (late !== undefined) return late
    if (expected === null) return place(temporary, real)
    renameSync(temporary, real)
    return 'written'
  }

  /** The place on the disk after all links; undefined when nothing is there. Refuses places outside the root. */
  #follow(relative: string, access: Access): string | undefined {
    const real = unlessMissing(() => realpathSync.native(join(this.#root, relative)))
    if (real !== undefined) this.#checkInside(real, relative, access)
    return real
  }

  #checkInside(real: string, path: string, access: Access): void {
    const root = this.#root.endsWith(sep) ? this.#root : `${this.#root}${sep}`
    if (real === this.#root || real.startsWith(root)) return
    throw new TaskError(access, { path, reason: 'it leads outside the workspace' })
  }

  /** Made from the deepest folder that is there, so that a link on the way cannot lead the new ones outside. */
  #makeFolder(folder: string, made: string[]): string {
    if (folder === '.') return this.#root
    const real = this.#follow(folder, 'FILE_UNWRITABLE')
    if (real !== undefined) return real
    const parent = this.#makeFolder(dirname(folder), made)
    // Taken: another process made it since; its parent is synced all the same.
    unlessTaken(() => mkdirSync(join(parent, basename(folder))))
    made.push(parent)
    return join(parent, basename(folder))
  }

  #look(real: string, path: string, flags = 0): Found | undefined {
    // Not blocking: opening a pipe would wait for its writer for ever.
    const file = unlessMissing(() => openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | flags))
    if (file === undefined) return undefined
    try {
      const stats = fstatSync(file)
      const reason = stats.isDirectory() ? 'it is a folder' : 'it is not a file'
      if (!stats.isFile()) throw new TaskError('FILE_UNREADABLE', { path, reason })
      if (stats.size > this.#maxFileBytes) {
        throw new TaskError('FILE_UNREADABLE', {
          path,
          reason: `it has ${stats.size} bytes, of at most ${this.#maxFileBytes}`,
        })
      }
      const bytes = readFileSync(file)
      return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), stats }
    } finally {
      closeSync(file)
    }
  }

  /** Linked folders are not entered: they could lead in circles, and what they hold has a name of its own. */
  #listInto(entries: FileEntry[], real: string, folder: string): void {
    for (const entry of readdirSync(real, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const absolute = join(real, entry.name)
      if (entry.isDirectory()) this.#listInto(entries, absolute, path)
      else if (entry.isFile() || (entry.isSymbolicLink() && this.#leadsInside(absolute))) {
        const stats = statSync(absolute, { throwIfNoEntry: false })
        if (stats?.isFile() !== true) continue
        entries.push(entryOf(path, stats, entry.isSymbolicLink()))
      }
    }
  }

  #leadsInside(absolute: string): boolean {
    try {
      return realpathSync.native(absolute).startsWith(`${this.#root}${sep}`)
    } catch {
      // It leads nowhere, in a circle, or where we may not look: no file of this workspace. Reading it by name says which.
      return false
    }
  }
}

function entryOf(path: string, stats: Stats, leadsElsewhere: boolean): FileEntry {
  const entry = { path, size: stats.size, modifiedMs: stats.mtimeMs, inode: inodeOf(stats) }
  return leadsElsewhere || stats.nlink > 1 ? { ...entry, isLinked: true } : entry
}

/** With the time of birth: disks give the number of a deleted file to the next one. */
function inodeOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`
}

function compare(found: Found | undefined, expected: Uint8Array | null): WriteOutcome | undefined {
  if (expected === null) return found === undefined ? undefined : 'exists'
  if (found === undefined) return 'missing'
  return Buffer.compare(found.bytes, expected) === 0 ? undefined : 'changed'
}

/** Relative, with plain names only. */
function checkedPath(path: string, access: Access): string {
  const forbidden = process.platform === 'win32' ? /[\0\\:]/ : /\0/
  const leaves = path.split('/').some((name) => name === '' || name === '.' || name === '..')
  if (leaves || forbidden.test(path))
    throw new TaskError(access, { path, reason: 'it is no path inside the workspace' })
  return path
}
