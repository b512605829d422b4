/** Makes a damaged store readable again: what can be proven is moved to a new folder, the old one is kept whole beside it. */
import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { createCrc32c } from './crc32c.ts'
import { mendedLog } from './damaged-logs.ts'
import { logOfDamaged } from './damaged-tables.ts'
import { checkFolder, readManifest } from './folder.ts'
import type { FileDamage } from './folder.ts'
import { holdFolder } from './held-folder.ts'
import { inspectLevelStore } from './inspecting.ts'
import type { StoreReport } from './inspecting.ts'
import { asUnreadable, openLevel, unreadable } from './level.ts'
import { halfRepaired, REPAIRED, syncFolder } from './opening.ts'
import { salvage } from './salvage.ts'
import type { Salvaged } from './salvage.ts'

export interface RepairReport extends Salvaged {
  /** Where the old folder lies now, as it was. */
  readonly damagedFolder: string
  /** What was wrong with its files. */
  readonly files: readonly FileDamage[]
  /** What the new one looks like. */
  readonly after: StoreReport
}

/**
 * Throws STORE_LOCKED when the store is in use, STORE_UNREADABLE when nothing can be made of it: then nothing was changed.
 * What a damaged part held is not in the new store; it is reported, and its bytes are in the old one.
 */
export async function repairLevelStore(path: string): Promise<RepairReport> {
  try {
    const repaired = checkFolder(path).empty ? await finishRepair(path) : await repairHeld(await realpath(path))
    return { ...repaired, after: await inspectLevelStore(path) }
  } catch (error) {
    throw asUnreadable(path, error)
  }
}

type Repaired = Omit<RepairReport, 'after'>

/** Takes the last step of a repair that was cut short before it. */
async function finishRepair(path: string): Promise<Repaired> {
  const workshop = halfRepaired(path)
  if (workshop === undefined) throw unreadable(path, 'there is nothing to repair')
  await rename(join(workshop, REPAIRED), path)
  await rm(workshop, { recursive: true })
  return { damagedFolder: damagedName(path, freeNumber(path) - 1), files: [], sound: 0, damaged: 0 }
}

async function repairHeld(path: string): Promise<Repaired> {
  await using _held = await holdFolder(path)
  const files = checkFolder(path).damage
  const workshop = await mkdtemp(`${path}.repair-`)
  try {
    const [copy, fresh, repaired] = [join(workshop, 'copy'), join(workshop, 'fresh'), join(workshop, REPAIRED)]
    await copyStore(path, copy)
    await ClassicLevel.repair(copy)
    const salvaged = await salvageInto(path, copy, fresh)
    await rename(fresh, repaired)
    const damagedFolder = damagedName(path, freeNumber(path))
    await swap(path, damagedFolder, repaired)
    return { damagedFolder, files, ...salvaged }
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** A copy that LevelDB's own repair can be trusted with. */
async function copyStore(from: string, to: string): Promise<void> {
  mkdirSync(to)
  const crc = createCrc32c()
  const names = await readdir(from)
  const manifest = names.includes('CURRENT') ? readManifest(from, crc) : undefined
  const lastNumber = manifest !== undefined && 'lastSequence' in manifest ? manifest.lastSequence : undefined
  for (const name of names) {
    // Closing any handle of the lock file would free the lock that is held.
    if (name === 'LOCK' || name.startsWith('LOG')) continue
    const bytes = await readFile(join(from, name))
    const log = name.endsWith('.log')
      ? mendedLog(bytes, crc)
      : isTable(name)
        ? logOfDamaged(bytes, crc, lastNumber)
        : undefined
    if (log === undefined) await writeFile(join(to, name), bytes)
    else await writeFile(join(to, `${parse(name).name}.log`), log)
  }
}

const isTable = (name: string): boolean => /\.(?:ldb|sst)$/.test(name)

async function salvageInto(path: string, copy: string, fresh: string): Promise<Salvaged> {
  const from = await openLevel(copy, { create: false })
  try {
    const into = await openLevel(fresh, { create: true })
    try {
      return await salvage(path, from, into)
    } finally {
      await into.close()
    }
  } finally {
    await from.close()
  }
}

async function swap(path: string, aside: string, repaired: string): Promise<void> {
  await rename(path, aside)
  try {
    await rename(repaired, path)
  } catch (error) {
    await rename(aside, path)
    throw error
  }
  syncFolder(dirname(path))
}

const damagedName = (path: string, number: number): string => `${path}.damaged-${number}`

function freeNumber(path: string): number {
  for (let number = 1; ; number++) if (!existsSync(damagedName(path, number))) return number
}
