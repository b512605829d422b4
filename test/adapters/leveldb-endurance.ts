/** Damages a copy of a sample store and watches what becomes of it: opened, inspected, repaired. Complains of broken promises. */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TaskError } from '../../src/internal.ts'
import { inspectLevelStore } from '../../adapters/leveldb/inspecting.ts'
import { repairLevelStore } from '../../adapters/leveldb/repairing.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import { stateOf } from './leveldb-sample.ts'
import type { Sample, State } from './leveldb-sample.ts'

export interface Tally {
  rounds: number
  /** Opening said STORE_UNREADABLE. */
  refused: number
  /** Opened, and all was there. */
  harmless: number
  /** Opened, something was lost, and the store itself said so. */
  told: number
  /** Opened, something was lost, and only an inspection says so. */
  inspected: number
  repaired: number
  /** Rows and cells, over all rounds. */
  lost: number
  lostAfterRepair: number
  /** Empty, or the product is wrong. */
  readonly complaints: string[]
}

export const newTally = (): Tally => ({
  rounds: 0,
  refused: 0,
  harmless: 0,
  told: 0,
  inspected: 0,
  repaired: 0,
  lost: 0,
  lostAfterRepair: 0,
  complaints: [],
})

export async function endure(
  sample: Sample,
  tally: Tally,
  what: string,
  damage: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tide-endure-'))
  const complain = (problem: string): void => void tally.complaints.push(`${what}: ${problem}`)
  try {
    // Opening changes files, so each look at the damage has its own copy of it.
    const [opened, inspected, repaired] = ['opened', 'inspected', 'repaired'].map((name) => join(folder, name))
    for (const copy of [opened, inspected, repaired]) {
      await cp(sample.path, copy ?? '', { recursive: true })
      await damage(copy ?? '')
    }
    tally.rounds++
    const met = await openDamaged(sample, opened ?? '', complain)
    const known = await isKnown(inspected ?? '')
    if (met === undefined) tally.refused++
    else if (met.lost === 0) tally.harmless++
    else if (met.told) tally.told++
    else tally.inspected++
    tally.lost += met?.lost ?? 0
    if (!known && (met === undefined || met.lost > 0)) complain('the inspection finds nothing')
    if (known) await repairDamaged(sample, tally, repaired ?? '', complain)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export interface Loss {
  readonly lost: number
  /** What was never stored. */
  readonly wrong: readonly string[]
  /** What was stored, and then taken away or written over. */
  readonly revived: readonly string[]
}

/** How a state differs from that of the sample. */
export function lossOf({ states, ever }: Sample, state: State): Loss {
  const whole: State = states.at(-1) ?? new Map()
  // A cut log of LevelDB cannot be told from a crash: then it must be a moment of the past, whole.
  if (states.some((earlier) => isEqual(earlier, state))) return { lost: 0, wrong: [], revived: [] }
  const others = [...state].filter(([name, value]) => whole.get(name) !== value)
  const isOld = ([name, value]: readonly [string, string]): boolean => ever.has(`${name}=${value}`)
  return {
    lost: [...whole].filter(([name, value]) => state.get(name) !== value).length,
    wrong: others.filter((one) => !isOld(one)).map(([name]) => name),
    revived: others.filter(isOld).map(([name]) => name),
  }
}

const isEqual = (one: State, other: State): boolean =>
  one.size === other.size && [...one].every(([name, value]) => other.get(name) === value)

type Complain = (problem: string) => void

async function openDamaged(
  sample: Sample,
  path: string,
  complain: Complain,
): Promise<{ readonly lost: number; readonly told: boolean } | undefined> {
  try {
    await using store = await openLevelStore(path)
    let faults = 0
    const { lost, wrong, revived } = lossOf(sample, await stateOf(store, () => faults++))
    if (wrong.length + revived.length > 0) complain(`taken for good: ${[...wrong, ...revived].join()}`)
    return { lost, told: faults > 0 || store.problems().length > 0 }
  } catch (error) {
    if (!(error instanceof TaskError) || error.code !== 'STORE_UNREADABLE') complain(`opening: ${String(error)}`)
    return undefined
  }
}

async function isKnown(path: string): Promise<boolean> {
  const { fault, files, problems } = await inspectLevelStore(path)
  return fault !== undefined || files.length > 0 || problems.length > 0
}

async function repairDamaged(sample: Sample, tally: Tally, path: string, complain: Complain): Promise<void> {
  const before = await filesOf(path)
  const { after, damagedFolder } = await repairLevelStore(path)
  if (after.fault !== undefined || after.files.length > 0) complain('the repaired store is damaged')
  if ((await filesOf(damagedFolder)) !== before) complain('the damaged folder was changed')
  await using store = await openLevelStore(path)
  // That something was taken away can be lost like anything else: then it is there again.
  const { lost, wrong } = lossOf(sample, await stateOf(store))
  if (wrong.length > 0) complain(`taken for good after the repair: ${wrong.join()}`)
  tally.repaired++
  tally.lostAfterRepair += lost
  const last = (await store.read('doc')).at(-1)?.seq ?? 0
  await store.commit([{ append: 'doc', bytes: Buffer.from('after') }])
  const row = (await store.read('doc')).at(-1)
  if (Buffer.from(row?.bytes ?? []).toString() !== 'after' || (row?.seq ?? 0) <= last) complain('it takes no more rows')
}

async function filesOf(path: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => name !== 'LOCK').sort()
  const texts = await Promise.all(names.map(async (name) => `${name}=${await readFile(join(path, name), 'latin1')}`))
  return texts.join('\n')
}
