/**
 * A note beside the store: what its files looked like when it was last closed. A table never changes once it is written,
 * so to prove each one whenever a store is opened would cost every command milliseconds to learn nothing. What the file
 * system calls unchanged since LevelDB wrote it needs no proof; it does not see bits that turn over on the disk by
 * themselves, but an inspection does, which asks no notes. A note that is lost or damaged costs a little time.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ProvenFiles {
  /** Whether all of these, and no others, are as they were. */
  areAll(files: readonly string[]): boolean
  has(file: string): boolean
  /** For the holder of the store, when it has closed it: what is there now was proven, or written by LevelDB since. */
  keep(): void
}

/** LevelDB leaves files alone whose names it does not know. */
const NOTE = 'PROVEN'
const TABLE = /\.(?:ldb|sst)$/
const CHATTER = /^LO/

export const provenNothing: ProvenFiles = { areAll: () => false, has: () => false, keep: () => undefined }

export function readProvenFiles(path: string): ProvenFiles {
  const known = parseNote(path)
  const seen = new Map<string, string | undefined>()
  const has = (file: string): boolean => {
    const mark = markOf(join(path, file))
    seen.set(file, mark)
    return mark !== undefined && known[file] === mark
  }
  return {
    has,
    areAll: (files) => {
      const lasting = files.filter(isLasting)
      return lasting.length === Object.keys(known).length && lasting.every(has)
    },
    keep: () => {
      const marks: Record<string, string> = {}
      for (const file of readdirSync(path).filter(isLasting)) {
        const mark = markOf(join(path, file))
        // A table that changed while the store was open was changed by somebody else.
        const isOurs = !TABLE.test(file) || !seen.has(file) || seen.get(file) === mark
        if (mark !== undefined && isOurs) marks[file] = mark
      }
      writeNote(path, marks)
    },
  }
}

/** Not the lock, not LevelDB's diary, not the note itself. */
const isLasting = (file: string): boolean => file !== NOTE && !CHATTER.test(file)

/** Changes with every write to the file and with every copy of it. */
function markOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`
}

function parseNote(path: string): Readonly<Record<string, unknown>> {
  try {
    const note: unknown = JSON.parse(readFileSync(join(path, NOTE), 'utf8'))
    return typeof note === 'object' && note !== null ? { ...note } : {}
  } catch {
    return {}
  }
}

function writeNote(path: string, marks: Readonly<Record<string, string>>): void {
  try {
    writeFileSync(join(path, NOTE), JSON.stringify(marks))
  } catch {
    // A full disk: the store is closed and whole, and the next opening takes a little longer.
  }
}
