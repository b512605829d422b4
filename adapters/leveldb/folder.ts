/** The files of a LevelDB folder, looked at without opening it: what is there, what is damaged. Changes nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCrc32c } from './crc32c.ts'
import type { Crc32c } from './crc32c.ts'
import { readLogFile } from './log-file.ts'
import { parseManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { provenNothing } from './proven-files.ts'
import type { ProvenFiles } from './proven-files.ts'
import { checkTable } from './table-file.ts'

export interface FileDamage {
  readonly file: string
  readonly problem: string
}

interface FolderCheck {
  /** Nothing was ever stored here. */
  readonly empty: boolean
  readonly damage: readonly FileDamage[]
}

const LOG = /^(\d+)\.log$/
const TABLE = /^(\d+)\.(?:ldb|sst)$/

/**
 * What LevelDB must not be given: it takes a folder without CURRENT for a new one and deletes the tables; it drops
 * damaged records of its log and deletes the log; keys out of order in a damaged table end the process. So this comes
 * before every opening. What is in `proven` is not proven again, except the log, which LevelDB is about to consume.
 */
export function checkFolder(path: string, proven: ProvenFiles = provenNothing): FolderCheck {
  try {
    const names = namesIn(path)
    const folder = { path, names, proven, crc: createCrc32c() }
    if (names.includes('CURRENT')) {
      // As it was when it was last closed: then only what LevelDB is about to consume is looked at.
      return { empty: false, damage: proven.areAll(names) ? logsDamage(folder, 0) : damageIn(folder) }
    }
    const empty = !names.some((name) => LOG.test(name) || TABLE.test(name))
    return { empty, damage: empty ? [] : [missing('CURRENT')] }
  } catch (error) {
    if (!isMissing(error)) throw error
    return { empty: false, damage: [{ file: path, problem: 'files vanish while they are read' }] }
  }
}

interface Folder {
  readonly path: string
  readonly names: readonly string[]
  readonly proven: ProvenFiles
  readonly crc: Crc32c
}

function damageIn(folder: Folder): readonly FileDamage[] {
  const { path, names, crc } = folder
  const found = readManifest(path, crc)
  if ('problem' in found) return [found]
  const { logNumber, tables } = found
  // LevelDB makes a log before it names it, and deletes it after it has named the next.
  const isThere = logNumber === 0 || names.some((file) => numberOf(LOG, file) === logNumber)
  return [
    ...(isThere ? [] : [missing(fileOf(logNumber, 'log'))]),
    ...logsDamage(folder, logNumber),
    ...[...tables].flatMap(([number, size]) => tableDamage(folder, number, size)),
  ]
}

/** Of the store in a folder, or what is wrong with it. Throws when there is no CURRENT. */
export function readManifest(path: string, crc: Crc32c): Manifest | FileDamage {
  const name = /^(MANIFEST-\d+)\n$/.exec(readFileSync(join(path, 'CURRENT'), 'utf8'))?.[1]
  if (name === undefined) return { file: 'CURRENT', problem: 'it names no MANIFEST' }
  if (!existsSync(join(path, name))) return missing(name)
  return parseManifest(readFileSync(join(path, name)), crc) ?? { file: name, problem: 'it is damaged' }
}

/** Logs below a number are history, which LevelDB does not read. */
function logsDamage({ path, names, crc }: Folder, from: number): readonly FileDamage[] {
  return names
    .filter((file) => numberOf(LOG, file) >= from)
    .flatMap((file) => {
      const { damage } = readLogFile(readFileSync(join(path, file)), crc)
      return damage.map(({ offset, reason }) => ({ file, problem: `${reason} at byte ${offset}` }))
    })
}

function tableDamage({ path, names, proven, crc }: Folder, number: number, size: number): readonly FileDamage[] {
  const file = names.find((one) => numberOf(TABLE, one) === number)
  if (file === undefined) return [missing(fileOf(number, 'ldb'))]
  if (proven.has(file)) return []
  const bytes = readFileSync(join(path, file))
  const cut = bytes.length === size ? [] : [`it has ${bytes.length} of ${size} bytes`]
  return [...cut, ...checkTable(bytes, crc).problems].map((problem) => ({ file, problem }))
}

/** Newest file of the log and the text of CURRENT: undefined when there is no store. */
export function newestLog(path: string): { readonly current: string; readonly log: string } | undefined {
  const names = namesIn(path)
  if (!names.includes('CURRENT')) return undefined
  const numbers = names.flatMap((name) => LOG.exec(name)?.[1] ?? [])
  const newest = numbers.reduce((best, number) => (Number(number) > Number(best) ? number : best), '')
  return { current: readFileSync(join(path, 'CURRENT'), 'utf8'), log: newest === '' ? '' : `${newest}.log` }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Not a number for other names, which compares to nothing. */
const numberOf = (pattern: RegExp, name: string): number => Number(pattern.exec(name)?.[1] ?? Number.NaN)
const missing = (file: string): FileDamage => ({ file, problem: 'it is missing' })
const fileOf = (number: number, ending: string): string => `${String(number).padStart(6, '0')}.${ending}`
