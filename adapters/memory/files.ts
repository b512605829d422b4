/** Files in a map: the twin of the port for tests and simulations. Knows no modes and no links. */
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

interface Held {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
  readonly inode: string
}

export function memoryFiles({ now = () => 0 }: MemoryFilesOptions = {}): MemoryFiles {
  const held = new Map<string, Held>()
  let lastInode = 0

  const put = (path: string, bytes: Uint8Array): void => {
    held.set(path, { bytes: bytes.slice(), modifiedMs: now(), inode: String(++lastInode) })
  }
  const differs = (path: string, expected: Uint8Array | null): WriteOutcome | undefined => {
    const before = held.get(path)
    if (expected === null) return before === undefined ? undefined : 'exists'
    if (before === undefined) return 'missing'
    return sameBytes(before.bytes, expected) ? undefined : 'changed'
  }

  return {
    put: (path, bytes) => put(checkPath(path, 'FILE_UNWRITABLE'), bytes),
    take: (path) => held.delete(path),
    list: async (folder) => {
      const start = folder === '' ? '' : `${checkPath(folder, 'FILE_UNREADABLE')}/`
      if (held.has(folder)) throw new TaskError('FILE_UNREADABLE', { path: folder, reason: 'it is not a folder' })
      return [...held]
        .filter(([path]) => path.startsWith(start) && !/(?:^|\/)\./.test(path.slice(start.length)))
        .map(([path, { bytes, modifiedMs, inode }]): FileEntry => ({ path, size: bytes.byteLength, modifiedMs, inode }))
        .toSorted((one, other) => (one.path < other.path ? -1 : 1))
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
      if (outcome === undefined) held.delete(path)
      return outcome ?? 'written'
    },
  }
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
