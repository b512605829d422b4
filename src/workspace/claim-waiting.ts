/** A claim that waits: for what others hold, and for a relay that is away; as long as somebody wants it. */
import type { Holder, TimedAnswer } from '../claims/request.ts'
import type { Runtime } from '../ports.ts'
import { askArbiter } from './arbiter.ts'
import type { Asker } from './claim-asking.ts'
import { settleOutbox } from './claim-settling.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

/** Somebody listens to one question at most so long: the ways to a relay have limits of their own. */
const SLICE_MS = 20_000
const AGAIN_MS = 10_000
const RETRY_MS = 300

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
    const asking = askInTurn(project, { relaying, ...(signal && { signal }) }, params, isHere ? 0 : left)
    const answer = await orAgain(runtime, asking, signal)
    if (waitMs > 0 && signal?.aborted === true) {
      // What is still on its way to nobody.
      void asking.then((late) => giveBack(project, relaying, params, late)).catch(() => undefined) // its lease runs out
      throw signal.reason
    }
    if (answer === 'again') continue
    if (left === 0) return waitMs > 0 && answer?.outcome === 'held' ? { ...answer, outcome: 'timeout' } : answer
    if (answer !== undefined && answer.outcome !== 'held' && answer.outcome !== 'timeout') return answer
    if (isHere || answer === undefined) {
      await project.letGo()
      await runtime.sleep(Math.min(RETRY_MS, left), { ...(signal && { signal }) })
    }
  }
}

/** What was asked for before is decided first. */
async function askInTurn(
  project: Project,
  { relaying, signal }: Pick<Asker, 'relaying' | 'signal'>,
  params: object,
  left: number,
): Promise<TimedAnswer | undefined> {
  if (project.claims.state.outbox.length > 0) {
    if (!(await settleOutbox(project, relaying))) return undefined
  }
  // Longer than anybody listens: who asks again under the same id keeps its place in the line.
  const asked = { ...params, waitMs: Math.min(left, SLICE_MS + AGAIN_MS) }
  return askArbiter(project, relaying, 'claim', asked, signal)
}

/** The answer, or that it is time to ask again. */
async function orAgain(
  runtime: Pick<Runtime, 'sleep'>,
  asking: Promise<TimedAnswer | undefined>,
  signal: AbortSignal | undefined,
): Promise<TimedAnswer | undefined | 'again'> {
  const over = new AbortController()
  const stop = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])])
  const rung = runtime.sleep(SLICE_MS, { signal: stop }).then(
    () => 'again' as const,
    () => 'again' as const,
  )
  try {
    return await Promise.race([asking, rung])
  } finally {
    over.abort()
    // Where it is asked again this asking ends with an error of its own.
    asking.catch(() => undefined)
  }
}

/** Nobody would work on it until its lease ran out. What its holder had before stays. */
async function giveBack(
  project: Project,
  relaying: Relaying | undefined,
  { holder }: { readonly holder: Holder },
  answer: TimedAnswer | undefined,
): Promise<void> {
  if (answer?.outcome !== 'granted') return
  const tasks = answer.granted.filter(({ isRenewed }) => isRenewed !== true).map(({ uid, token }) => [uid, token])
  if (tasks.length > 0) await askArbiter(project, relaying, 'release', { tasks, holder })
}
