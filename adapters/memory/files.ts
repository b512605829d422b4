/**
 * Files in a map: the twin of the port for tests and simulations. Knows no modes and no links.
 * Watchers hear of a change in a microtask after it, always by its path.
 */
import { TaskError, type ErrorCode, type FileEntry, type Files, type WriteOutcome } from '../../src/internal.ts'

export interface MemoryFiles extends Files {
  /** What an editor or a pull does: no comparison, a new file on the disk. */
  put(path: string, bytes: Uint8Array): void
  /** Takes a file away; says whether it was there. */
  take(path: string): boolean
}

export interface MemoryFilesOptions {
  /** What `modifiedMs` shows. @default a clock that stands at 0 */
  readonly now?: () => number
}

interface Watcher {
  readonly start: string
  readonly listener: Parameters<Files['watch']>[1]
}

interface Held {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
  readonly inode: string
}

export function memoryFiles({ now = () => 0 }: MemoryFilesOptions = {}): MemoryFiles {
  const held = new Map<string, Held>()
  const watchers = new Set<Watcher>()
  let lastInode = 0

  const put = (path: string, bytes: Uint8Array): void => {
    held.set(path, { bytes: bytes.slice(), modifiedMs: now(), inode: String(++lastInode) })
    tell(watchers, path)
  }
  const take = (path: string): boolean => {
    const isThere = held.delete(path)
    if (isThere) tell(watchers, path)
    return isThere
  }
  const differs = (path: string, expected: Uint8Array | null): WriteOutcome | undefined => {
    const before = held.get(path)
    if (expected === null) return before === undefined ? undefined : 'exists'
    if (before === undefined) return 'missing'
    return sameBytes(before.bytes, expected) ? undefined : 'changed'
  }

  return {
    put: (path, bytes) => put(checkPath(path, 'FILE_UNWRITABLE'), bytes),
    take,
    list: async (folder) => {
      const start = startOf(folder)
      if (held.has(folder)) throw new TaskError('FILE_UNREADABLE', { path: folder, reason: 'it is not a folder' })
      return [...held]
        .filter(([path]) => isShownBelow(start, path))
        .map(([path, { bytes, modifiedMs, inode }]): FileEntry => ({ path, size: bytes.byteLength, modifiedMs, inode }))
        .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    },
    entry: async (path) => {
      const found = held.get(checkPath(path, 'FILE_UNREADABLE'))
      if (found === undefined) return undefined
      return { path, size: found.bytes.byteLength, modifiedMs: found.modifiedMs, inode: found.inode }
    },
    read: async (path) => {
      const found = held.get(checkPath(path, 'FILE_UNREADABLE'))
      if (found !== undefined) return { bytes: found.bytes.slice() }
      if (isFolder(held, path)) throw new TaskError('FILE_UNREADABLE', { path, reason: 'it is a folder' })
      return undefined
    },
    write: async (path, bytes, expected) => {
      checkPath(path, 'FILE_UNWRITABLE')
      if (isFolder(held, path)) throw new TaskError('FILE_UNWRITABLE', { path, reason: 'it is a folder' })
      const outcome = differs(path, expected)
      if (outcome !== undefined) return outcome
      if (expected === null || !sameBytes(bytes, expected)) put(path, bytes)
      return 'written'
    },
    remove: async (path, expected) => {
      checkPath(path, 'FILE_UNWRITABLE')
      if (isFolder(held, path)) throw new TaskError('FILE_UNWRITABLE', { path, reason: 'it is a folder' })
      const outcome = differs(path, expected)
      if (outcome === undefined) take(path)
      return outcome ?? 'written'
    },
    move: async (from, to, expected) => {
      checkPath(from, 'FILE_UNWRITABLE')
      checkPath(to, 'FILE_UNWRITABLE')
      if (isFolder(held, from)) throw new TaskError('FILE_UNWRITABLE', { path: from, reason: 'it is a folder' })
      const outcome = differs(from, expected)
      if (outcome !== undefined || from === to) return outcome ?? 'written'
      const there = differs(to, expected)
      if (there === 'changed' || isFolder(held, to)) return 'exists'
      const moved = held.get(from)
      if (there === 'missing' && moved !== undefined) {
        held.set(to, moved)
        tell(watchers, to)
      }
      take(from)
      return 'written'
    },
    watch: (folder, listener) => {
      const watcher: Watcher = { start: startOf(folder), listener }
      watchers.add(watcher)
      return { isPrompt: true, [Symbol.dispose]: () => void watchers.delete(watcher) }
    },
  }
}

/** Those who watch now, unless they have ended it when the microtask runs. */
function tell(watchers: ReadonlySet<Watcher>, path: string): void {
  for (const watcher of watchers) {
    if (!isShownBelow(watcher.start, path)) continue
    queueMicrotask(() => {
      if (watchers.has(watcher)) watcher.listener([path])
    })
  }
}

/** What the paths below a folder begin with. */
function startOf(folder: string): string {
  return folder === '' ? '' : `${checkPath(folder, 'FILE_UNREADABLE')}/`
}

function isShownBelow(start: string, path: string): boolean {
  return path.startsWith(start) && !/(?:^|\/)\./.test(path.slice(start.length))
}

function isFolder(held: ReadonlyMap<string, Held>, path: string): boolean {
  return [...held.keys()].some((other) => other.startsWith(`${path}/`))
}

function checkPath(path: string, code: ErrorCode): string {
  const leaves = path.split('/').some((name) => name === '' || name === '.' || name === '..')
  if (leaves || path.includes('\0')) throw new TaskError(code, { path, reason: 'it is no path inside the workspace' })
  return path
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index])
}
