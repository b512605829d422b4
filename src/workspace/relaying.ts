/** A workspace's relay as methods see it: what its state is, and one exchange with it within a time. */
import type { Params, RelayReport } from '../api/methods.ts'
import { asTaskError, TaskError } from '../errors.ts'
import type { Runtime } from '../ports.ts'
import { parseCount } from '../task/input.ts'
import type { Project } from './project.ts'

/** Whoever keeps a project together with its relay, or exchanges with it once. */
export interface Relaying {
  report(): RelayReport
  /** How far the relay's clock is ahead, where that is more than a minute. */
  readonly skewMs: number
  /** Both sides have everything of each other, durable. Rejects with why not, or with the signal's reason. */
  settle(options: { readonly signal: AbortSignal }): Promise<void>
  /** One question; rejects with RELAY_UNREACHABLE or CONNECTION_CLOSED where nobody answers, and with the signal's reason. */
  ask(method: string, params: unknown, options?: { readonly signal?: AbortSignal }): Promise<unknown>
}

const WAIT_MS = 30_000
const BRIEF_MS = 2_000
const LONGEST_MS = 24 * 3_600_000

export const NO_RELAY: RelayReport = { url: null, state: 'none', others: [] }

/** Throws only where the caller asked to wait for it. */
export async function settleWithin(
  relaying: Relaying,
  runtime: Runtime,
  { wait = false, timeoutMs }: Pick<Params<'workspace.sync'>, 'wait' | 'timeoutMs'>,
): Promise<void> {
  const ms = timeoutMs === undefined ? (wait ? WAIT_MS : BRIEF_MS) : parseCount('timeoutMs', timeoutMs, LONGEST_MS)
  const over = new AbortController()
  const rung = runtime.sleep(ms, { signal: over.signal }).then(
    () => over.abort(new TaskError('TIMED_OUT', { what: 'the exchange with the relay', limit: `${ms / 1_000} s` })),
    () => undefined, // it was done before
  )
  try {
    await relaying.settle({ signal: over.signal })
  } catch (cause) {
    if (wait) throw unreachable(relaying, cause)
  } finally {
    over.abort()
    await rung
  }
}

/** How many writes made here are not known to be on a relay's disk; none where no relay was ever met. */
export async function unsynced(project: Project): Promise<number> {
  const held = await project.hold()
  return held.saved === undefined ? 0 : held.unsynced
}

/** Time ran out because nobody was there: that is what to tell. */
function unreachable(relaying: Relaying, cause: unknown): TaskError {
  const { state, url, reason } = relaying.report()
  const error = asTaskError(cause)
  if (error.code !== 'TIMED_OUT' || state !== 'unreachable') return error
  return new TaskError('RELAY_UNREACHABLE', { url: url ?? 'this machine', reason: reason ?? 'no answer' }, { cause })
}
