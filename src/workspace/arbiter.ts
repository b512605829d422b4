/** Who decides about claims of a project: its relay, or its own store where it has none. Undefined is: nobody could be asked. */
import { parseRequest, parseWait, type RequestKind } from '../claims/parse.ts'
import type { Grant, Holder, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { Asker } from './claim-asking.ts'
import { knowing } from './claim-state.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

/** The relay is not there, or was not until the end. Asked again under the same id it says what became of it. */
const AWAY = new Set<ErrorCode>(['RELAY_UNREACHABLE', 'CONNECTION_CLOSED', 'TIMED_OUT'])
/** One question waits at most so long: the ways to a relay have limits of their own. */
const SLICE_MS = 20_000
const RETRY_MS = 300

export async function askArbiter(
  project: Project,
  relaying: Relaying | undefined,
  kind: RequestKind,
  params: object,
  signal?: AbortSignal,
): Promise<TimedAnswer | undefined> {
  if (project.claims.scope === 'workspace') return askHere(project, kind, params, signal)
  if (relaying === undefined) return undefined
  try {
    return (await relaying.ask(`claims.${kind}`, params)) as TimedAnswer
  } catch (cause) {
    if (cause instanceof TaskError && AWAY.has(cause.code)) return undefined
    throw cause
  }
}

/**
 * A claim that may wait: for what others hold, and for a relay that is away. Where whoever asked is gone meanwhile it waits no
 * more, and nothing that was granted to it is kept.
 */
export async function askAndWait(
  project: Project,
  { relaying, signal }: Pick<Asker, 'relaying' | 'signal'>,
  params: { readonly holder: Holder; readonly [name: string]: unknown },
  waitMs: number,
): Promise<TimedAnswer | undefined> {
  const { runtime } = project.world
  const until = runtime.now() + waitMs
  for (;;) {
    const left = Math.max(0, until - runtime.now())
    // Whoever releases it must be able to write here.
    if (left > 0) await project.letGo()
    const isHere = project.claims.scope === 'workspace' && !project.isLive
    const asked = { ...params, waitMs: isHere ? 0 : Math.min(left, SLICE_MS) }
    const answer = await askArbiter(project, relaying, 'claim', asked, signal)
    if (signal?.aborted === true && answer?.outcome === 'granted')
      await giveBack(project, relaying, params, answer.granted)
    if (waitMs > 0) signal?.throwIfAborted()
    if (left === 0) return waitMs > 0 && answer?.outcome === 'held' ? { ...answer, outcome: 'timeout' } : answer
    if (answer !== undefined && answer.outcome !== 'held' && answer.outcome !== 'timeout') return answer
    if (isHere || answer === undefined) {
      await project.letGo()
      await runtime.sleep(Math.min(RETRY_MS, left), { ...(signal && { signal }) })
    }
  }
}

/** Nobody would work on it until its lease ran out. What its holder had before stays. */
async function giveBack(
  project: Project,
  relaying: Relaying | undefined,
  { holder }: { readonly holder: Holder },
  granted: readonly Grant[],
): Promise<void> {
  const tasks = granted.filter(({ isRenewed }) => isRenewed !== true).map(({ uid, token }) => [uid, token])
  if (tasks.length > 0) await askArbiter(project, relaying, 'release', { tasks, holder })
}

async function askHere(
  project: Project,
  kind: RequestKind,
  params: object,
  signal: AbortSignal | undefined,
): Promise<TimedAnswer> {
  const request = parseRequest(kind, params)
  const waitMs = parseWait((params as { readonly waitMs?: unknown }).waitMs)
  const book = await project.claims.book()
  const answer = await book.ask(request, { waitMs, ...(signal && waitMs > 0 ? { signal } : {}) })
  const known = book.holdings()
  if (kind !== 'check' && kind !== 'verify' && kind !== 'list')
    await project.claims.change((state) => knowing(state, known))
  return answer
}
