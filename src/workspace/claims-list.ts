/** Everything that is held, as the arbiter says it, or as it was heard last; and what was lost here. */
import type { Result } from '../api/methods.ts'
import { isoTime } from '../task/time.ts'
import { viewTask } from '../task/view.ts'
import { askArbiter } from './arbiter.ts'
import { keysIn, type Asker } from './claim-asking.ts'
import { hearHoldings, settleOutbox } from './claim-settling.ts'
import type { Project } from './project.ts'

export async function listClaims(project: Project, { relaying }: Asker): Promise<Result<'claims.list'>> {
  await settleOutbox(project, relaying)
  const heard = await hearHoldings(project, relaying, () => askArbiter(project, relaying, 'list', {}))
  const tasks = await project.tasks()
  const context = project.context(tasks)
  const claims = [...project.claims.views()].map(([uid, claim]) => {
    const state = tasks.get(uid)
    const { key, title } = state === undefined ? { key: uid, title: '' } : viewTask(state, context)
    const since = claim.state === 'granted' ? project.claims.holding(uid) : undefined
    return { key, uid, title, ...claim, grantedAt: since === undefined ? null : isoTime(since.grantedAt) }
  })
  const keyOf = keysIn(project, tasks)
  const lost = project.claims.state.lost.map(({ uid, holder, at, to }) => ({
    key: keyOf(uid),
    uid,
    by: holder.by,
    type: holder.type,
    at: isoTime(at),
    heldBy: to === null ? null : project.claims.viewOf(to),
  }))
  return { claims, lost, fresh: heard !== undefined }
}
