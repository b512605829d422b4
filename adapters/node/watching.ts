/**
 * Watches a folder of a real disk and all below it: one watch for each folder, no timer, no file read. Keeps the process alive.
 * The listener is called last, when all is in order again; one that throws is a fault of the process, not caught here.
 *
 * What it cannot see, so that a caller looks at the whole folder now and then: changes beyond the queue of the system
 * (dropped without a word), disks that report nothing, files that links lead to outside the folder, and folders beyond
 * the system's limit of watches (ENOSPC, EMFILE), after which it says once that anything may have changed.
 */
import { lstatSync, readdirSync, realpathSync, statSync, watch, type Dirent, type FSWatcher } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type { Files } from '../../src/internal.ts'

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

/** `root` is a real path; `folder` is checked, or empty. */
export function watchFolder(root: string, folder: string, listener: Listener): Disposable {
  const watching = new Watching(root, folder, listener)
  watching.open()
  return { [Symbol.dispose]: () => watching.close() }
}

class Watching {
  readonly #root: string
  readonly #folder: string
  readonly #listener: Listener
  /** Of the folders above the watched one, as far as they are there. */
  #above: FSWatcher[] = []
  #top: Folder | undefined
  #isOpen = true
  #isRefused = false

  constructor(root: string, folder: string, listener: Listener) {
    this.#root = root
    this.#folder = folder
    this.#listener = listener
  }

  open(): void {
    this.#begin()
    // Later: the caller does not have what ends the watching yet.
    if (this.#isRefused) queueMicrotask(() => this.#tell(null))
  }

  close(): void {
    this.#isOpen = false
    this.#end()
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
      const watcher = watch(real, heard)
      // Not watched again from here: it could fail for ever. The folder above says when it is another one.
      return watcher.on('error', () => {
        watcher.close()
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
