/** One file put in the place of another so that a reader sees the old or the new bytes: temporary file, sync, swap. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, failure, guarded, unlessMissing, unlessTaken } from './disk-errors.ts'

/** Files that writes of a process that died left behind are named so; nothing lists them. */
const TEMPORARY = '.tide-tmp'
/** Names have at most 255 bytes; ours adds to one that may be as long. */
const MAX_NAME_BYTES = 200

/** How disks say that they make no links (FAT, some network shares), or none to this file. */
export const HAS_NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

export interface Temporary {
  readonly file: number
  readonly path: string
  close(): void
  /** Idempotent: closes and takes the file away if it still has its name. */
  drop(): void
}

/** Beside the target, so that the rename stays on one disk. */
export function openTemporary(target: string): Temporary {
  const name = Buffer.from(basename(target))
    .subarray(0, MAX_NAME_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  const start = join(dirname(target), `.${name}.${process.pid}`)
  // A number when the name is taken: by another write of this process, or by a dead process that had our pid.
  for (let number = 0; ; number++) {
    const path = `${start}${number === 0 ? '' : `-${number}`}${TEMPORARY}`
    const file = unlessTaken(() => openSync(path, 'wx'))
    if (file !== undefined) return temporaryOf(file, path)
  }
}

function temporaryOf(file: number, path: string): Temporary {
  let isOpen = true
  const close = (): void => {
    if (isOpen) closeSync(file)
    isOpen = false
  }
  return {
    file,
    path,
    close,
    drop: () => {
      close()
      unlessMissing(() => unlinkSync(path))
    },
  }
}

export function keepOwnerAndMode(file: number, before: Stats): void {
  const now = fstatSync(file)
  if (now.uid !== before.uid || now.gid !== before.gid) {
    try {
      fchownSync(file, before.uid, before.gid)
    } catch (cause) {
      // Only root gives files away; for everyone else the file becomes theirs, as with any editor that renames.
      if (codeOf(cause) !== 'EPERM') throw cause
    }
  }
  fchmodSync(file, before.mode & 0o7777)
}

/** Puts a new file under a name that must be free; a link, unlike a rename, replaces nothing. */
export function place(temporary: string, target: string): 'written' | 'exists' {
  try {
    linkSync(temporary, target)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'EEXIST') return 'exists'
    // The comparison a moment ago has to do.
    if (!HAS_NO_LINKS.has(code)) throw cause
    renameSync(temporary, target)
  }
  return 'written'
}

export function synced(file: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (cause) => (cause === null ? resolve() : reject(failure('FILE_UNWRITABLE', path, cause))))
  })
}

/** A rename is on the disk only when its folder is. */
export async function syncFolder(folder: string, path: string): Promise<void> {
  // Windows opens no folders; its file system orders renames by itself.
  if (process.platform === 'win32') return
  const file = guarded('FILE_UNWRITABLE', path, () => openSync(folder, constants.O_RDONLY))
  try {
    await synced(file, path)
  } finally {
    closeSync(file)
  }
}
