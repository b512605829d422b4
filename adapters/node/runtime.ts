/** Runtime on the real clock, the system's dice and real timers. Prints nothing: lines go where the caller says. */
import type { LogEntry, Runtime } from '../../src/internal.ts'

export interface NodeRuntimeOptions {
  /** Takes each log entry as one line of JSON, without its line end. @default nobody */
  readonly log?: (line: string) => void
}

/** Node's timers fire at once when asked for more. */
const MAX_TIMER_MS = 2 ** 31 - 1

export function nodeRuntime({ log }: NodeRuntimeOptions = {}): Runtime {
  return {
    now: () => Date.now(),
    sleep: async (ms, { signal } = {}) => {
      let left = Number.isNaN(ms) ? 0 : ms
      for (; left > MAX_TIMER_MS; left -= MAX_TIMER_MS) await timer(MAX_TIMER_MS, signal)
      await timer(left, signal)
    },
    random: (count) => {
      const bytes = new Uint8Array(count)
      // Loaded at the first use: importing node:crypto costs every start about a millisecond, most commands throw no dice.
      process.getBuiltinModule('node:crypto').randomFillSync(bytes)
      return bytes
    },
    log: (entry) => log?.(lineOf(entry)),
  }
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const stop = (): void => {
      clearTimeout(handle)
      reject(signal?.reason)
    }
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Never throws: what cannot be shown must not break what is being told. */
function lineOf(entry: LogEntry): string {
  const at = new Date().toISOString()
  try {
    return JSON.stringify({ at, ...entry }, showable)
  } catch {
    return JSON.stringify({ at, level: entry.level, event: entry.event, problem: 'its fields have no JSON' })
  }
}

function showable(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return value.message
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  return value
}
