/**
 * Watches a folder of a real disk and all below it: one watch for each folder, no timer, no file read. Keeps the process alive.
 * The listener is called last, when all is in order again; one that throws is a fault of the process, not caught here.
 *
 * What it cannot see, so that a caller looks at the whole folder now and then: disks that report nothing, files that links
 * lead to outside the folder or that are written through memory, and folders beyond the system's limit of watches (ENOSPC,
 * EMFILE), after which it says once that anything may have changed. What the system drops when its queue is full is guessed
 * from how much was in the queue.
 */
import { lstatSync, readdirSync, realpathSync, statfsSync, statSync, watch, type Dirent, type FSWatcher } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type { Files, FolderWatch } from '../../src/internal.ts'

type Listener = Parameters<Files['watch']>[1]
type Heard = (kind: string, name: string | null) => void

interface Folder {
  readonly real: string
  /** As in the port; the watched folder's own is the one that was asked for. */
  readonly path: string
  /** Undefined where the system refused. */
  readonly watcher: FSWatcher | undefined
  readonly below: Map<string, Folder>
}

/** A quarter of what the queue of events holds on Linux, if nobody changed that. */
const MANY_EVENTS = 4096
/**
 * Linux tells of a change before whoever made it goes on, where the disk is this machine's: ext, tmpfs, XFS, Btrfs, F2FS,
 * overlay, ZFS, bcachefs.
 */
const PROMPT_DISKS = new Set([
  0xef53, 0x01021994, 0x58465342, 0x9123683e, 0xf2f52010, 0x794c7630, 0x2fc12fc1, 0xca451a4e,
])

/** The system's queue of events: one for all watches of a process, and what it has no room for it drops without a word. */
export class WatchQueue {
  readonly #watchings = new Set<Pick<Watching, 'tellAll'>>()
  #inTurn = 0

  add(watching: Pick<Watching, 'tellAll'>): void {
    this.#watchings.add(watching)
  }

  remove(watching: Pick<Watching, 'tellAll'>): void {
    this.#watchings.delete(watching)
  }

  /** A full queue is read in one turn: after so many others may have been lost, of any folder. */
  count(): void {
    if (this.#inTurn === 0) setImmediate(() => (this.#inTurn = 0))
    if (++this.#inTurn === MANY_EVENTS) for (const watching of this.#watchings) watching.tellAll()
  }
}

/** `root` is a real path; `folder` is checked, or empty. */
export function watchFolder(root: string, folder: string, listener: Listener, queue: WatchQueue): FolderWatch {
  const watching = new Watching(root, folder, listener, queue)
  watching.open()
  return watching
}

class Watching implements FolderWatch {
  readonly #root: string
  readonly #folder: string
  readonly #listener: Listener
  /** Of the folders above the watched one, as far as they are there. */
  #above: FSWatcher[] = []
  #top: Folder | undefined
  readonly #queue: WatchQueue
  #isOpen = true
  #isRefused = false
  /** Some of it lies on a disk that tells late, or not of all. */
  #isElsewhere = false

  constructor(root: string, folder: string, listener: Listener, queue: WatchQueue) {
    this.#queue = queue
    this.#root = root
    this.#folder = folder
    this.#listener = listener
  }

  get isPrompt(): boolean {
    return process.platform === 'linux' && this.#isOpen && !this.#isRefused && !this.#isElsewhere
  }

  open(): void {
    this.#queue.add(this)
    this.#begin()
    // Later: the caller does not have what ends the watching yet.
    if (this.#isRefused) queueMicrotask(() => this.#tell(null))
  }

  [Symbol.dispose](): void {
    this.#isOpen = false
    this.#queue.remove(this)
    this.#end()
  }

  tellAll(): void {
    this.#tell(null)
  }

  /** From the root down, each folder watched before the next is looked for: none can come in between. */
  #begin(): void {
    let above = ''
    for (const name of this.#folder === '' ? [] : this.#folder.split('/')) {
      const real = this.#realFolder(above)
      if (real === undefined) return
      const watcher = this.#watch(real, (kind, changed) => {
        const isOnTheWay = kind !== 'change' && (changed === name || changed === basename(real))
        if (changed === null || isOnTheWay) this.#beginAgain()
      })
      if (watcher !== undefined) this.#above.push(watcher)
      above = joined(above, name)
    }
    const real = this.#realFolder(above)
    if (real !== undefined) this.#top = this.#walk(real, above)
  }

  #beginAgain(): void {
    this.#end()
    this.#isRefused = false
    this.#isElsewhere = false
    this.#begin()
    this.#tell(null)
  }

  #end(): void {
    for (const watcher of this.#above) watcher.close()
    if (this.#top !== undefined) closeAll(this.#top)
    this.#above = []
    this.#top = undefined
  }

  #walk(real: string, path: string): Folder {
    const watcher = this.#watch(real, (kind, name) => this.#heard(folder, kind, name))
    const folder: Folder = { real, path, watcher, below: new Map() }
    // Watched before it is read: what comes in between is met by both.
    for (const entry of watcher === undefined ? [] : entriesOf(real)) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) this.#walkBelow(folder, entry.name)
    }
    return folder
  }

  #walkBelow({ real, path, below }: Folder, name: string): void {
    below.set(name, this.#walk(join(real, name), joined(path, name)))
  }

  #heard(folder: Folder, kind: string, name: string | null): void {
    // The system names a folder itself by its last name. For those below the top the folder above says the same.
    const isItself = folder === this.#top && name === basename(folder.real)
    if (name === null || isItself) return this.#beginAgain()
    if (name.startsWith('.')) return
    const known = folder.below.get(name)
    // Windows: a folder changes with what it holds, which its own watch says better.
    if (kind === 'change' && known !== undefined) return
    const isThere = isFolder(join(folder.real, name))
    if (known === undefined && !isThere) return this.#tell([joined(folder.path, name)])
    // Also when it was known: another may have taken its name, even its number on the disk.
    if (known !== undefined) closeAll(known)
    folder.below.delete(name)
    if (isThere) this.#walkBelow(folder, name)
    this.#tell(null)
  }

  #watch(real: string, heard: Heard): FSWatcher | undefined {
    try {
      this.#isElsewhere ||= !PROMPT_DISKS.has(statfsSync(real).type)
      const watcher = watch(real, (kind, name) => {
        this.#queue.count()
        heard(kind, name)
      })
      // Not watched again from here: it could fail for ever. The folder above says when it is another one.
      return watcher.on('error', () => {
        watcher.close()
        this.#isRefused = true
        this.#tell(null)
      })
    } catch {
      this.#isRefused = true
      return undefined
    }
  }

  #tell(paths: readonly string[] | null): void {
    if (this.#isOpen) this.#listener(paths)
  }

  /** Undefined where no folder is, or where a link leads outside the root. */
  #realFolder(path: string): string | undefined {
    try {
      const real = realpathSync.native(join(this.#root, path))
      const root = this.#root.endsWith(sep) ? this.#root : `${this.#root}${sep}`
      return (real === this.#root || real.startsWith(root)) && statSync(real).isDirectory() ? real : undefined
    } catch {
      return undefined
    }
  }
}

function closeAll({ watcher, below }: Folder): void {
  watcher?.close()
  for (const folder of below.values()) closeAll(folder)
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** No linked folders: they are not entered, and a link is watched by its name like a file. */
function isFolder(real: string): boolean {
  try {
    return lstatSync(real).isDirectory()
  } catch {
    return false
  }
}

/** None where it is gone or closed to us: whoever lists it is told so. */
function entriesOf(real: string): readonly Dirent[] {
  try {
    return readdirSync(real, { withFileTypes: true })
  } catch {
    return []
  }
}
