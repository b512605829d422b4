/** Damaged files: whatever is flipped, cut or missing, no wrong byte is taken for a good one, and what is left can be had. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCrc32c } from '../../adapters/leveldb/crc32c.ts'
import { inspectLevelStore } from '../../adapters/leveldb/inspecting.ts'
import { readLogFile, writeLogFile } from '../../adapters/leveldb/log-file.ts'
import { repairLevelStore } from '../../adapters/leveldb/repairing.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import { endure, lossOf, newTally } from './leveldb-endurance.ts'
import type { Tally } from './leveldb-endurance.ts'
import { createDice, makeSample, stateOf } from './leveldb-sample.ts'
import type { Sample } from './leveldb-sample.ts'

const FLIPS_PER_FILE = 10
const CUTS_PER_FILE = 4

let sample: Sample
let samples = ''
let folder = ''
let path = ''
beforeAll(async () => {
  samples = await mkdtemp(join(tmpdir(), 'tide-sample-'))
  sample = await makeSample(join(samples, 'store'))
})
afterAll(() => rm(samples, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tide-damage-'))
  path = join(folder, 'store')
  await cp(sample.path, path, { recursive: true })
})
afterEach(() => rm(folder, { recursive: true }))

const filesLike = async (pattern: RegExp): Promise<readonly string[]> =>
  (await readdir(sample.path)).filter((name) => pattern.test(name))

/** Every file of the sample that has bytes, in turn, damaged `rounds` times. */
async function endureEach(
  rounds: number,
  seed: number,
  damage: (file: string, size: number, dice: (sides: number) => number) => [string, (path: string) => Promise<void>],
): Promise<Tally> {
  const [dice, tally] = [createDice(seed), newTally()]
  for (const file of await readdir(sample.path)) {
    const { size } = await stat(join(sample.path, file))
    // LevelDB's diary means nothing to anybody.
    const enough = size === 0 ? 0 : file.startsWith('LOG') ? 1 : rounds
    for (let round = 0; round < enough; round++) {
      const [what, work] = damage(file, size, dice)
      await endure(sample, tally, `${file}: ${what}`, work)
    }
  }
  return tally
}

describe('leveldb: damaged files', () => {
  it('[S13][S18][S19] a flipped bit anywhere gives no wrong byte; what it costs is said, and repaired', async () => {
    const tally = await endureEach(FLIPS_PER_FILE, 1, (file, size, dice) => {
      const [at, bit] = [dice(size), dice(8)]
      const flip = async (copy: string): Promise<void> => {
        const bytes = await readFile(join(copy, file))
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        await writeFile(join(copy, file), bytes)
      }
      return [`bit ${bit} of byte ${at}`, flip]
    })
    expect(tally.complaints).toEqual([])
    expect(tally.refused).toBeGreaterThan(0)
    expect(tally.lostAfterRepair / tally.repaired).toBeLessThan(5)
  })

  it('[S13][S18][S19] a file that was cut short gives no wrong byte; what it costs is said, and repaired', async () => {
    const tally = await endureEach(CUTS_PER_FILE, 2, (file, size, dice) => {
      const length = dice(size)
      return [`cut to ${length} of ${size}`, (copy) => truncate(join(copy, file), length)]
    })
    expect(tally.complaints).toEqual([])
    expect(tally.refused).toBeGreaterThan(0)
  })

  it('[S13][S18][S19] each kind of file that is missing is said by its name, and nothing is deleted in its absence', async () => {
    for (const pattern of [/^CURRENT$/, /^MANIFEST/, /\.log$/, /\.ldb$/]) {
      const [name = ''] = await filesLike(pattern)
      const copy = join(folder, name)
      await cp(sample.path, copy, { recursive: true })
      await rm(join(copy, name))
      const before = (await readdir(copy)).filter((file) => !/LO/.test(file))
      const refusal = await openLevelStore(copy).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'STORE_UNREADABLE', message: expect.stringContaining(name) })
      expect((await readdir(copy)).filter((file) => !/LO/.test(file))).toEqual(before)
      const report = await inspectLevelStore(copy)
      expect(report.files).toContainEqual({ file: name, problem: 'it is missing' })
      const { after } = await repairLevelStore(copy)
      expect(after.fault).toBeUndefined()
    }
  })

  it('[S18] a repair keeps the damaged folder whole, beside the new one, under a name of its own each time', async () => {
    const [log = ''] = await filesLike(/\.log$/)
    for (const round of [1, 2]) {
      const damaged = await readFile(join(sample.path, log))
      damaged[100] = (damaged[100] ?? 0) ^ 1
      await writeFile(join(path, log), damaged)
      const report = await repairLevelStore(path)
      expect(report.damagedFolder).toBe(`${path}.damaged-${round}`)
      expect(await readFile(join(report.damagedFolder, log))).toEqual(damaged)
      await cp(sample.path, path, { recursive: true, force: true })
    }
    expect((await readdir(folder)).sort()).toEqual(['store', 'store.damaged-1', 'store.damaged-2'])
  })

  it('[S18] a repair of a store that is in use is refused, and so is an inspection; the holder keeps its lock', async () => {
    await using store = await openLevelStore(path)
    await expect(repairLevelStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await expect(inspectLevelStore(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await store.commit([{ append: 'doc', bytes: Buffer.from('more') }])
    expect(store.problems()).toEqual([])
  })

  it('[S18] a repair that was cut short between its two steps is not taken for a new store, and can be finished', async () => {
    const { damagedFolder } = await repairLevelStore(path)
    await mkdir(`${path}.repair-x`)
    await rename(path, `${path}.repair-x/repaired`)
    await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' })
    expect(await inspectLevelStore(path)).toMatchObject({ fault: { code: 'STORE_UNREADABLE' } })
    expect(await repairLevelStore(path)).toMatchObject({ damagedFolder, after: { fault: undefined, problems: [] } })
    await using store = await openLevelStore(path)
    expect(lossOf(sample, await stateOf(store))).toEqual({ lost: 0, wrong: [], revived: [] })
  })

  it('[S18][S19] where there is no store none is made', async () => {
    const nowhere = join(folder, 'no', 'store')
    expect(await inspectLevelStore(nowhere)).toMatchObject({ fault: undefined, files: [], logs: [], cells: 0 })
    await expect(repairLevelStore(nowhere)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' })
    expect(existsSync(nowhere)).toBe(false)
  })

  it('[S18] a repair of a sound store changes nothing in it', async () => {
    const { damaged, files, after } = await repairLevelStore(path)
    expect([damaged, files, after.files, after.problems]).toEqual([0, [], [], []])
    await using store = await openLevelStore(path)
    expect(lossOf(sample, await stateOf(store))).toEqual({ lost: 0, wrong: [], revived: [] })
  })
})

describe('leveldb: the log format', () => {
  const crc = createCrc32c()
  const records = [0, 1, 12, 32_754, 32_755, 32_760, 32_761, 32_762, 100_000, 5].map((size) =>
    Buffer.alloc(size, size + 1),
  )

  const isSame = (some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean =>
    some.length === others.length && Buffer.concat(some).equals(Buffer.concat(others))

  it('[S13] what LevelDB wrote is read whole, and written again bit by bit', async () => {
    const [log = ''] = await filesLike(/\.log$/)
    const bytes = await readFile(join(sample.path, log))
    const read = readLogFile(bytes, crc)
    expect([read.damage, read.unfinishedBytes, read.records.length]).toEqual([[], 0, sample.states.length - 1])
    expect(writeLogFile(read.records, crc).equals(bytes)).toBe(true)
    const odd = readLogFile(writeLogFile(records, crc), crc)
    expect([odd.damage, odd.unfinishedBytes, isSame(odd.records, records)]).toEqual([[], 0, true])
  })

  it('[S13] an end that was cut is unfinished, a changed byte is damage: never the other way round', () => {
    const bytes = writeLogFile(records, crc)
    const dice = createDice(3)
    for (let round = 0; round < 300; round++) {
      const cut = readLogFile(bytes.subarray(0, dice(bytes.length)), crc)
      expect([cut.damage, isSame(cut.records, records.slice(0, cut.records.length))]).toEqual([[], true])
      const changed = Buffer.from(bytes)
      const at = dice(bytes.length)
      changed[at] = (changed[at] ?? 0) ^ (1 << dice(8))
      const read = readLogFile(changed, crc)
      // The few bytes that no record fits into at the end of a block mean nothing.
      const isPadding = isSame(read.records, records)
      expect(read.damage.length > 0).toBe(!isPadding)
    }
    const zeros = Buffer.concat([bytes, Buffer.alloc(5000)])
    const { damage, unfinishedBytes } = readLogFile(zeros, crc)
    expect([damage, unfinishedBytes]).toEqual([[], 5000])
  })
})
