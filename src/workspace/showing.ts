/** One task with everything it has. In a process that does not hold the store, from the parts of the summary that say it. */
import type { Params, Result } from '../api/methods.ts'
import type { TaskDetail } from '../task/types.ts'
import type { Uid } from '../ids.ts'
import { viewDetail } from '../task/view.ts'
import { findTask } from './find.ts'
import type { Project } from './project.ts'
import { SummaryParts } from './summary-parts.ts'
import { readBodyAt } from './summary-writer.ts'

export async function showTask(project: Project, { key }: Params<'task.get'>): Promise<Result<'task.get'>> {
  if (project.held === undefined) await project.claims.read()
  const task = project.held === undefined ? await showFromParts(project, key) : undefined
  if (task !== undefined) return { task }
  const context = project.context(await project.tasks())
  const state = findTask(key, context)
  return { task: viewDetail(state, await project.body(state), context) }
}

async function showFromParts(project: Project, key: unknown): Promise<TaskDetail | undefined> {
  const { summary: files, config } = project.world
  const parts = await SummaryParts.open(files, config)
  if (parts === undefined) return undefined
  const found = await parts.answer((tasks) => {
    const pathOf = (uid: Uid): string | null => project.files.pathOf(uid, () => parts.line(uid)?.view()?.path)
    const context = { ...project.context(tasks), pathOf }
    const state = findTask(key, context)
    return { detail: viewDetail(state, '', context), place: parts.line(state.uid)?.textPlace() }
  })
  if (found?.place === undefined) return undefined
  const body = await readBodyAt(files, parts.texts, found.place)
  return body === undefined ? undefined : { ...found.detail, body }
}
