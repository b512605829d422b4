/** The reference store: what a store promises, on a disk of memory that can lose power at any moment. */
import { TaskError } from '../../src/internal.ts'
import type { LogSize, Row, Store, StoreChange } from '../../src/internal.ts'

/** Outlives the stores that are opened on it, as a disk outlives processes. */
export interface MemoryDisk {
  /** Ends the holder: what was not synced is kept or dropped, whole commits in their order; the lock is free. */
  readonly crash: () => void
  /** For the store that is opened on it. */
  mount(): Mounted
}

export interface MemoryDiskOptions {
  /**
   * Asked at a crash for each commit that was on its way to the disk, oldest first, until the first that did not arrive.
   * @default () => false
   */
  readonly survives?: () => boolean
  /**
   * Resolves when what was asked for before is on the disk; rejects for a disk that takes no writes.
   * @default () => Promise.resolve()
   */
  readonly sync?: () => Promise<void>
}

/** The disk as its one holder sees it. */
export interface Mounted {
  readonly logs: ReadonlyMap<string, MemoryLog>
  readonly cells: ReadonlyMap<string, Uint8Array>
  /** Throws when the holder died. */
  assertAlive(): void
  write(changes: readonly StoreChange[]): Promise<void>
  /** Waits for the writes that run, then frees the disk. */
  unmount(): Promise<void>
}

export interface MemoryLog {
  readonly first: number
  readonly next: number
  readonly compacted: boolean
  readonly rows: readonly Row[]
}

export async function openMemoryStore(disk: MemoryDisk = createMemoryDisk()): Promise<Store> {
  const mounted = disk.mount()
  let closing: Promise<void> | undefined
  const opened = (): Mounted => {
    if (closing !== undefined) throw new TaskError('FAULT', { problem: 'a store was used after it was closed' })
    mounted.assertAlive()
    return mounted
  }
  return {
    read: async (log, { after = 0 } = {}) =>
      (opened().logs.get(log)?.rows ?? [])
        .filter((row) => row.seq > after)
        .map(({ seq, bytes }) => ({ seq, bytes: bytes.slice() })),
    cell: async (name) => opened().cells.get(name)?.slice(),
    commit: async (changes) => opened().write(changes.map(copyOf)),
    logs: async () => [...opened().logs].flatMap(([name, { rows }]) => (rows.length > 0 ? [name] : [])).sort(),
    size: async (log) => sizeOf(opened().logs.get(log)),
    problems: () => [],
    [Symbol.asyncDispose]: () => (closing ??= mounted.unmount()),
  }
}

interface OnItsWay {
  readonly changes: readonly StoreChange[]
  readonly settle: (error?: unknown) => void
}

export function createMemoryDisk({
  survives = () => false,
  sync = () => Promise.resolve(),
}: MemoryDiskOptions = {}): MemoryDisk {
  const logs = new Map<string, MemoryLog>()
  const cells = new Map<string, Uint8Array>()
  /** Of the one that has the disk mounted. */
  let holder: OnItsWay[] | undefined

  function arrive(waiting: OnItsWay): void {
    try {
      apply(waiting.changes, logs, cells)
      waiting.settle()
    } catch (error) {
      waiting.settle(error)
    }
  }

  /** Those that are asked for while a sync runs wait for the next together. */
  async function drain(queue: OnItsWay[]): Promise<void> {
    while (queue.length > 0) {
      const count = queue.length
      const failure = await sync().then(() => undefined, unwritable)
      if (holder !== queue) return
      for (const waiting of queue.splice(0, count)) {
        if (failure === undefined) arrive(waiting)
        else waiting.settle(failure)
      }
    }
  }

  function mount(): Mounted {
    if (holder !== undefined) throw new TaskError('STORE_LOCKED', { holder: 'another process' })
    const queue: OnItsWay[] = []
    holder = queue
    let draining: Promise<void> | undefined
    const begin = (): void => {
      draining ??= drain(queue).finally(() => {
        draining = undefined
        // It came between the end of the last sync and here.
        if (queue.length > 0 && holder === queue) begin()
      })
    }
    return {
      logs,
      cells,
      assertAlive: () => {
        if (holder !== queue) throw crashedError()
      },
      write: (changes) =>
        new Promise((resolve, reject) => {
          queue.push({ changes, settle: (error) => (error === undefined ? resolve() : reject(error)) })
          begin()
        }),
      unmount: async () => {
        while (draining !== undefined) await draining
        if (holder === queue) holder = undefined
      },
    }
  }

  return {
    mount,
    crash: () => {
      const queue = holder ?? []
      holder = undefined
      let reached = true
      for (const { changes, settle } of queue.splice(0)) {
        reached = reached && survives()
        if (reached) arrive({ changes, settle: () => undefined })
        settle(crashedError())
      }
    },
  }
}

const emptyLog: MemoryLog = { first: 1, next: 1, compacted: false, rows: [] }

function apply(changes: readonly StoreChange[], logs: Map<string, MemoryLog>, cells: Map<string, Uint8Array>): void {
  const changed = new Map<string, MemoryLog>()
  const of = (log: string): MemoryLog => changed.get(log) ?? logs.get(log) ?? emptyLog
  for (const change of changes) {
    if ('append' in change) changed.set(change.append, appended(of(change.append), change.bytes))
    else if ('compact' in change) changed.set(change.compact, compacted(of(change.compact), change))
    else if ('remove' in change) changed.set(change.remove, { ...emptyLog, ...numbersAfter(of(change.remove)) })
  }
  // Nothing is touched before everything was found to make sense.
  for (const [name, log] of changed) logs.set(name, log)
  for (const change of changes) if ('put' in change) cells.set(change.put, change.bytes)
}

function appended(log: MemoryLog, bytes: Uint8Array): MemoryLog {
  return { ...log, next: log.next + 1, rows: [...log.rows, { seq: log.next, bytes }] }
}

function compacted(log: MemoryLog, change: Extract<StoreChange, { compact: string }>): MemoryLog {
  const { compact: name, through, snapshot } = change
  // A later snapshot holds all that this one holds.
  if (through < log.first) return log
  if (through >= log.next) throw noSuchRow(name, through)
  const rest = log.rows.filter((row) => row.seq > through)
  return { ...log, first: through, compacted: true, rows: [{ seq: through, bytes: snapshot }, ...rest] }
}

const numbersAfter = ({ next }: MemoryLog): { first: number; next: number } => ({ first: next, next })

function sizeOf({ rows, compacted: hasSnapshot }: MemoryLog = emptyLog): LogSize {
  const behind = hasSnapshot ? rows.slice(1) : rows
  return {
    rows: behind.length,
    bytes: behind.reduce((sum, row) => sum + row.bytes.length, 0),
    snapshotBytes: hasSnapshot ? (rows[0]?.bytes.length ?? 0) : 0,
  }
}

/** Not `slice`: that of a Buffer shares its memory. */
function copyOf(change: StoreChange): StoreChange {
  if ('append' in change) return { append: sayable(change.append), bytes: new Uint8Array(change.bytes) }
  if ('put' in change) return { put: sayable(change.put), bytes: new Uint8Array(change.bytes) }
  if ('remove' in change) return { remove: sayable(change.remove) }
  const { compact, through, snapshot } = change
  if (!(Number.isInteger(through) && through >= 0)) throw noSuchRow(compact, through)
  return { compact: sayable(compact), through, snapshot: new Uint8Array(snapshot) }
}

/** A store on a real disk keeps names as UTF-8, which has no bytes for half of a surrogate pair. */
function sayable(name: string): string {
  if (!/\p{Surrogate}/u.test(name)) return name
  throw new TaskError('INVALID_INPUT', {
    field: 'name',
    problem: 'it holds half of a surrogate pair',
    fix: 'use whole characters',
  })
}

const noSuchRow = (log: string, through: number): TaskError =>
  new TaskError('FAULT', { problem: `a snapshot of ${log} through ${through}, which is none of its rows` })

const crashedError = (): TaskError =>
  new TaskError('STORE_UNWRITABLE', { path: '(memory)', reason: 'its process ended' })

const unwritable = (cause: unknown): TaskError =>
  new TaskError('STORE_UNWRITABLE', { path: '(memory)', reason: String(cause) }, { cause })
