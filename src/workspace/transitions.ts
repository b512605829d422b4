/** `start`, `done`, `drop`, `reopen` as statuses; what is closed is released by who held it. */
import type { Params, Result } from '../api/methods.ts'
import { viewsOf } from '../task/view.ts'
import type { Asker } from './claim-asking.ts'
import type { Project } from './project.ts'
import { transitionTasks } from './writing.ts'

export async function transition(
  project: Project,
  params: Params<'tasks.transition'>,
  asker: Asker,
): Promise<Result<'tasks.transition'>> {
  const { token, to } = params
  const done =
    token === undefined
      ? await transitionTasks(project, params, asker.by)
      : await (await import('./fenced-writes.ts')).transitionFenced(project, params, asker)
  const isClosed = to === 'done' || to === 'dropped'
  const uids = done.tasks.map(({ uid }) => uid)
  if (isClosed && project.claims.views().size > 0)
    await (await import('./claim-keeping.ts')).releaseDone(project, uids, asker, token)
  const all = await project.tasks()
  const tasks = viewsOf(uids, all, project.context(all))
  return 'waiting' in done && done.waiting !== undefined ? { tasks, waiting: done.waiting } : { tasks }
}
