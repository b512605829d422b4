/** The store in LevelDB and its twin in memory are told the same things at random, and must never differ. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Store, StoreChange } from '../../src/internal.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'

const name = fc.constantFrom('a', 'b', 'log')
const bytes = fc.uint8Array({ maxLength: 20 })
const change: fc.Arbitrary<StoreChange> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: name, bytes }) },
  { weight: 2, arbitrary: fc.record({ put: name, bytes }) },
  { weight: 3, arbitrary: fc.record({ compact: name, through: fc.integer({ min: -1, max: 12 }), snapshot: bytes }) },
  { weight: 1, arbitrary: fc.record({ remove: name }) },
)
/** Commits that are asked for at once; an empty list closes the store and opens it again. */
const turns = fc.array(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 4 }), { maxLength: 12 })

interface Told {
  readonly outcomes: readonly string[]
  readonly state: unknown
}

async function tell(store: Store, commits: readonly (readonly StoreChange[])[]): Promise<Told> {
  const settled = await Promise.allSettled(commits.map((changes) => store.commit(changes)))
  const logs = await store.logs()
  const state = await Promise.all([
    ...logs.map(async (log) => [
      log,
      await store.read(log),
      await store.read(log, { after: 3 }),
      await store.size(log),
    ]),
    ...['a', 'b', 'log'].map((cell) => store.cell(cell)),
  ])
  return { outcomes: settled.map(({ status }) => status), state: [logs, state, store.problems()] }
}

it('[S1][S2][S4][S5][S6][S7] whatever is committed, LevelDB and the reference hold the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tide-twin-'))
  let runs = 0
  await fc.assert(
    fc.asyncProperty(turns, async (script) => {
      const path = join(folder, String(runs++))
      const disk = createMemoryDisk()
      let [real, twin]: [Store, Store] = [await openLevelStore(path), await openMemoryStore(disk)]
      for (const commits of script) {
        if (commits.length === 0) {
          await Promise.all([real[Symbol.asyncDispose](), twin[Symbol.asyncDispose]()])
          ;[real, twin] = [await openLevelStore(path), await openMemoryStore(disk)]
        }
        expect(await tell(real, commits)).toEqual(await tell(twin, commits))
      }
      await Promise.all([real[Symbol.asyncDispose](), twin[Symbol.asyncDispose]()])
    }),
    { numRuns: 60 },
  )
  await rm(folder, { recursive: true })
})
