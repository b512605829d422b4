/** A store with a past, for tests that damage it: tables of several sessions, compacted and removed logs, and a log of writes. */
import { TaskError } from '../../src/internal.ts'
import type { StoreChange } from '../../src/internal.ts'
import { openLevelStore } from '../../adapters/leveldb/store.ts'
import type { LevelStore } from '../../adapters/leveldb/store.ts'

/** Everything in a store, by name: `log doc/7` and `cell c1`. */
export type State = ReadonlyMap<string, string>

export interface Sample {
  readonly path: string
  /** After each commit of the last session, which is still in LevelDB's own log; the last is what the store holds. */
  readonly states: readonly State[]
  /** Every value that anything ever had, as `cell c1=value` and `log doc/7=bytes`. */
  readonly ever: ReadonlySet<string>
}

/** The same numbers for the same seed. */
export function createDice(seed: number): (sides: number) => number {
  let state = seed >>> 0
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * sides)
  }
}

export async function makeSample(path: string): Promise<Sample> {
  const dice = createDice(7)
  const ever = new Set<string>()
  const bytes = (size = 20 + dice(400)): Buffer => Buffer.from(Array.from({ length: size }, () => dice(256)))
  const commit = async (store: LevelStore, ...changes: readonly StoreChange[]): Promise<State> => {
    await store.commit(changes)
    const state = await stateOf(store)
    for (const [name, value] of state) ever.add(`${name}=${value}`)
    return state
  }
  const step = (store: LevelStore, size?: number): Promise<State> =>
    commit(
      store,
      { append: 'doc', bytes: bytes(size) },
      { append: 'history', bytes: bytes() },
      { put: `c${dice(12)}`, bytes: bytes() },
    )
  // Three tables: with the fourth, LevelDB would begin to merge them whenever it likes.
  for (let session = 0; session < 3; session++) {
    await using store = await openLevelStore(path)
    for (let index = 0; index < 20; index++) await step(store)
    await commit(store, { append: `old${session % 2}`, bytes: bytes() }, { remove: `old${(session + 1) % 2}` })
    if (session === 1) await commit(store, { compact: 'doc', through: 35, snapshot: bytes(600) })
  }
  await using store = await openLevelStore(path)
  const states = [await stateOf(store)]
  for (let index = 0; index < 14; index++) states.push(await step(store, index === 6 ? 40_000 : undefined))
  return { path, states, ever }
}

const sampleNames = {
  logs: ['doc', 'history', 'old0', 'old1'],
  cells: Array.from({ length: 12 }, (_, index) => `c${index}`),
}

/** All that can be read; `onFault` hears what cannot. */
export async function stateOf(
  store: LevelStore,
  onFault: (error: TaskError) => void = () => undefined,
): Promise<State> {
  const state = new Map<string, string>()
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof TaskError) || error.code !== 'STORE_UNREADABLE') throw error
      onFault(error)
    }
  }
  const logs = new Set(sampleNames.logs)
  await attempt(async () => (await store.logs()).forEach((log) => logs.add(log)))
  for (const log of logs) {
    await attempt(async () => {
      for (const { seq, bytes } of await store.read(log)) state.set(`log ${log}/${seq}`, textOf(bytes))
    })
  }
  for (const cell of sampleNames.cells) {
    await attempt(async () => {
      const bytes = await store.cell(cell)
      if (bytes !== undefined) state.set(`cell ${cell}`, textOf(bytes))
    })
  }
  return state
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
