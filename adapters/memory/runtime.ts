/** Runtime whose clock is turned by hand and whose dice follow a seed: the twin that tests and simulations run on. */
import type { LogEntry, Runtime } from '../../src/internal.ts'

export interface MemoryRuntime extends Runtime {
  /** Turns the clock on; whoever wakes on the way runs, in the order of waking, before time goes on. */
  advance(ms: number): Promise<void>
  /** How many sleep. */
  readonly sleeping: number
  /** Everything logged, oldest first. */
  readonly entries: readonly LogEntry[]
}

export interface MemoryRuntimeOptions {
  /** @default 1 */
  readonly seed?: number
  /** What the clock shows first. @default 2025-01-01T00:00:00Z */
  readonly startMs?: number
}

interface Sleeper {
  readonly at: number
  wake(): void
}

export function memoryRuntime({ seed = 1, startMs = Date.UTC(2025, 0, 1) }: MemoryRuntimeOptions = {}): MemoryRuntime {
  let now = startMs
  let turning: Promise<void> = Promise.resolve()
  const sleepers = new Set<Sleeper>()
  const entries: LogEntry[] = []
  const nextByte = dice(seed)

  const turn = async (ms: number): Promise<void> => {
    const end = now + ms
    await settled()
    for (let next = earliest(sleepers, end); next !== undefined; next = earliest(sleepers, end)) {
      now = Math.max(now, next.at)
      sleepers.delete(next)
      next.wake()
      await settled()
    }
    now = end
  }

  return {
    now: () => now,
    sleep: (ms, { signal } = {}) => sleepUntil(sleepers, now + Math.max(0, ms), signal),
    random: (count) => Uint8Array.from({ length: count }, nextByte),
    log: (entry) => void entries.push(entry),
    advance: (ms) => (turning = turning.then(() => turn(ms))),
    get sleeping() {
      return sleepers.size
    },
    entries,
  }
}

function sleepUntil(sleepers: Set<Sleeper>, at: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const stop = (): void => {
      sleepers.delete(sleeper)
      reject(signal?.reason)
    }
    const sleeper: Sleeper = {
      at,
      wake: () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      },
    }
    sleepers.add(sleeper)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Of those who wake at the same time the one who lay down first. */
function earliest(sleepers: Set<Sleeper>, end: number): Sleeper | undefined {
  let first: Sleeper | undefined
  for (const sleeper of sleepers) {
    if (sleeper.at <= end && (first === undefined || sleeper.at < first.at)) first = sleeper
  }
  return first
}

/** One turn of the event loop: every promise that can settle without the outside has settled then. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

/** Mulberry32: small, well spread, the same everywhere. */
function dice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 8) & 0xff
  }
}
