/** What durability costs: one acknowledged write and many at once, beside the disk's own floor and y-leveldb, in one run. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LeveldbPersistence } from 'y-leveldb'
import { storeFingerprint } from '../adapters/leveldb/fingerprint.ts'
import { openLevelStore } from '../adapters/leveldb/store.ts'
import { fixed, median, table } from './measure.ts'

const ROUNDS = 9
const SINGLE = 300
const FEW = 10
const WRITERS = 100
const COMMITS_EACH = 100
const ROW = new Uint8Array(100).fill(7)

interface Round {
  readonly floorMs: number
  readonly singleMs: number
  readonly manyPerSecond: number
  readonly commitsPerSync: number
  readonly loneYMs: number
  readonly manyYPerSecond: number
  readonly openMs: number
  readonly closeMs: number
  readonly fingerprintMs: number
}

export async function storeBench(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tide-bench-'))
  try {
    const rounds: Round[] = []
    for (let round = 0; round <= ROUNDS; round++) rounds.push(await measure(join(folder, String(round))))
    // The first warms the process up.
    print(rounds.slice(1))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure(path: string): Promise<Round> {
  const ours = await measureOurs(`${path}.store`, openFloor(`${path}.floor`))
  const theirs = await measureYLevel(`${path}.y`)
  return { ...ours, ...theirs }
}

interface Floor {
  write(): void
  close(): void
}

/** What the disk takes for one row. */
function openFloor(path: string): Floor {
  const file = openSync(path, 'a')
  return {
    write: () => {
      writeSync(file, ROW)
      fdatasyncSync(file)
    },
    close: () => closeSync(file),
  }
}

type Ours = Pick<
  Round,
  'floorMs' | 'singleMs' | 'manyPerSecond' | 'commitsPerSync' | 'openMs' | 'closeMs' | 'fingerprintMs'
>

async function measureOurs(path: string, floor: Floor): Promise<Ours> {
  let syncs = 0
  const store = await openLevelStore(path, { onSync: () => syncs++ })
  const append = (): Promise<void> => store.commit([{ append: 'log', bytes: ROW }])
  await append()
  // A few of each in turn: what the disk does to others meanwhile hits both.
  const [floors, singles]: [number[], number[]] = [[], []]
  for (let index = 0; index < SINGLE; index += FEW) {
    floors.push(...(await times(FEW, async () => floor.write())))
    singles.push(...(await times(FEW, append)))
  }
  floor.close()
  syncs = 0
  const manyPerSecond = await perSecond(append)
  const commitsPerSync = (WRITERS * COMMITS_EACH) / syncs
  await store[Symbol.asyncDispose]()
  const [opens, closes]: [number[], number[]] = [[], []]
  for (let index = 0; index < 5; index++) {
    const began = performance.now()
    const again = await openLevelStore(path)
    opens.push(performance.now() - began)
    await again.commit([{ append: 'log', bytes: ROW }])
    const closing = performance.now()
    await again[Symbol.asyncDispose]()
    closes.push(performance.now() - closing)
  }
  return {
    floorMs: median(floors),
    singleMs: median(singles),
    manyPerSecond,
    commitsPerSync,
    openMs: median(opens),
    closeMs: median(closes),
    fingerprintMs: median(await times(50, async () => void storeFingerprint(path))),
  }
}

async function measureYLevel(path: string): Promise<Pick<Round, 'loneYMs' | 'manyYPerSecond'>> {
  const persistence = new LeveldbPersistence(path)
  // An update of no structs and no deletions: y-leveldb reads the first it is given.
  const update = new Uint8Array([0, 0, ...ROW])
  const store = (): Promise<unknown> => persistence.storeUpdate('log', update)
  await store()
  const loneYMs = median(await times(SINGLE, store))
  const manyYPerSecond = await perSecond(store)
  await persistence.destroy()
  return { loneYMs, manyYPerSecond }
}

async function times(count: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const each: number[] = []
  for (let index = 0; index < count; index++) {
    const began = performance.now()
    await work()
    each.push(performance.now() - began)
  }
  return each
}

/** Writers that each wait for their own write before the next. */
async function perSecond(write: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  const writer = async (): Promise<void> => {
    for (let index = 0; index < COMMITS_EACH; index++) await write()
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  return (WRITERS * COMMITS_EACH * 1000) / (performance.now() - began)
}

function print(rounds: readonly Round[]): void {
  const of = (pick: (round: Round) => number): string[] => {
    const values = rounds.map(pick)
    return [median(values), Math.min(...values), Math.max(...values)].map((value) => fixed(value, value > 100 ? 0 : 3))
  }
  table(
    `store: rows of ${ROW.length} bytes, ${ROUNDS} rounds in turn`,
    ['', 'median', 'min', 'max', 'goal'],
    [
      ['floor: append and fdatasync, ms', ...of((round) => round.floorMs), ''],
      ['one acknowledged write, ms', ...of((round) => round.singleMs), ''],
      ['  against the floor of its round', ...of((round) => round.singleMs / round.floorMs), '≤ 3, star ≤ 1.5'],
      [`${WRITERS} writers, acknowledged/s`, ...of((round) => round.manyPerSecond), '≥ 10,000, star ≥ 30,000'],
      ['  commits that shared a sync', ...of((round) => round.commitsPerSync), ''],
      ['y-leveldb, one write, not synced, ms', ...of((round) => round.loneYMs), ''],
      [`y-leveldb, ${WRITERS} writers, not synced, /s`, ...of((round) => round.manyYPerSecond), ''],
      ['open, ms', ...of((round) => round.openMs), ''],
      ['close after a commit, ms', ...of((round) => round.closeMs), ''],
      ['fingerprint, ms', ...of((round) => round.fingerprintMs), ''],
    ],
  )
}
