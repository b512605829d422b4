/** Opens a LevelDB folder as a store of this format, or says why not. Nothing that is damaged is handed to LevelDB. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { asTaskError, TaskError } from '../../src/internal.ts'
import type { StoreProblem } from '../../src/internal.ts'
import { claimFolder } from './claimed-folders.ts'
import { checkFolder } from './folder.ts'
import { decodeKey, formatKey, problemsRange } from './keys.ts'
import {
  asUnreadable,
  asUnwritable,
  holdsAny,
  isLocked,
  lockedError,
  lookUp,
  openLevel,
  scan,
  unreadable,
} from './level.ts'
import type { Entry, Level, Operation } from './level.ts'
import { readProvenFiles } from './proven-files.ts'
import type { ProvenFiles } from './proven-files.ts'
import { draft, kinds, seal, unseal } from './values.ts'

export interface Opened {
  readonly level: Level
  /** The format is stored with the first commit: opening writes nothing of its own. */
  readonly fresh: boolean
  readonly problems: readonly StoreProblem[]
  /** Once, when nothing uses the store any more. */
  close(): Promise<void>
}

const STORE_FORMAT = 1

export async function openChecked(path: string): Promise<Opened> {
  const claim = claimed(path)
  try {
    const proven = readProvenFiles(path)
    const { empty } = await refuseDamage(path, proven)
    if (empty && halfRepaired(path) !== undefined) throw unreadable(path, 'a repair of it was cut short')
    const level = await openLevel(path, { create: true })
    const close = async (): Promise<void> => {
      try {
        await level.close()
        proven.keep()
      } catch (error) {
        throw asUnwritable(path, error)
      } finally {
        claim.release()
      }
    }
    try {
      if (empty) syncFolder(dirname(resolve(path)))
      return { level, ...(await readOpening(path, level)), close }
    } catch (error) {
      await close()
      throw error
    }
  } catch (error) {
    claim.release()
    throw asUnreadable(path, error)
  }
}

function claimed(path: string): { release(): void } {
  try {
    mkdirSync(path, { recursive: true })
    return claimFolder(path)
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

/** A folder that a running holder is just changing can look damaged: what is in use is not judged, what is not is looked at again. */
async function refuseDamage(path: string, proven: ProvenFiles): Promise<{ readonly empty: boolean }> {
  const first = checkFolder(path, proven)
  if (first.damage.length === 0) return first
  if (await isLocked(path)) throw lockedError(path)
  const again = checkFolder(path, proven)
  const [damage] = again.damage
  if (damage === undefined) return again
  throw unreadable(path, `${damage.file}: ${damage.problem}`)
}

/** In the folder that a repair works in: the new store, whole, before it takes the place of the old. */
export const REPAIRED = 'repaired'

/**
 * The folder in which a repair was cut short between its two renames. Then there is no store here: a new one in its
 * place would look like a loss of everything.
 */
export function halfRepaired(path: string): string | undefined {
  const whole = resolve(path)
  return readdirSync(dirname(whole))
    .filter((name) => name.startsWith(`${basename(whole)}.repair-`))
    .map((name) => join(dirname(whole), name))
    .find((folder) => existsSync(join(folder, REPAIRED)))
}

/** One look-up for a store that is whole. */
async function readOpening(path: string, level: Level): Promise<{ fresh: boolean; problems: readonly StoreProblem[] }> {
  const value = await lookUp(level, formatKey)
  if (value === undefined) {
    if (await holdsAny(level)) throw unreadable(path, 'it does not say its format')
    return { fresh: true, problems: [] }
  }
  const format = formatIn(path, value)
  if (format === undefined) throw unreadable(path, 'the row that says its format is damaged')
  if (!format.damaged) return { fresh: false, problems: [] }
  const { entries, fault } = await scan(level, problemsRange)
  if (fault !== undefined) throw fault
  return { fresh: false, problems: entries.map(problemIn) }
}

interface Format {
  /** Whether there are notes of damage. */
  readonly damaged: boolean
}

/** What the row of the format says. Undefined when it is damaged; throws STORE_TOO_NEW for one from the future. */
export function formatIn(path: string, value: Buffer): Format | undefined {
  const read = unseal(formatKey, value)
  if (read?.kind !== kinds.format) return undefined
  const [number, state] = Buffer.from(read.bytes).toString().split(' ')
  const found = Number(number)
  if (found > STORE_FORMAT) throw new TaskError('STORE_TOO_NEW', { path, found, known: STORE_FORMAT })
  return found >= 1 ? { damaged: state === 'damaged' } : undefined
}

export function formatOperation({ damaged }: Format): Operation {
  const text = damaged ? `${STORE_FORMAT} damaged` : String(STORE_FORMAT)
  return { type: 'put', key: formatKey, value: seal(formatKey, draft(kinds.format, Buffer.from(text))) }
}

/** All of it is in the key; a note whose key was damaged says at least that there was one. */
function problemIn([key]: Entry): StoreProblem {
  const [, , log, seq, reason] = decodeKey(key) ?? []
  return {
    log: typeof log === 'string' ? log : '',
    seq: typeof seq === 'number' ? seq : 0,
    reason: typeof reason === 'string' ? reason : 'the note about it is damaged',
  }
}

/** Makes the name of a new folder survive a power cut; where folders cannot be synced the system does it itself. */
export function syncFolder(path: string): void {
  try {
    const handle = openSync(path, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    if (process.platform !== 'win32') throw asTaskError(error)
  }
}
