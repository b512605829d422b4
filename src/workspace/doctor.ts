/** Looks whether all that is kept is whole, and mends what can be made again from something better. */
import type { DoctorReport, Params } from '../api/methods.ts'
import { asTaskError } from '../errors.ts'
import type { ByteText } from '../ports.ts'
import { inOrder } from '../task/query.ts'
import type { TaskView } from '../task/types.ts'
import { viewTask } from '../task/view.ts'
import { taskProblems } from './reading.ts'
import type { Project } from './project.ts'
import { currentLines, readTexts } from './summary.ts'
import type { Line } from './summary-line.ts'
import { searchText } from './summary-writer.ts'

type Check = DoctorReport['checks'][number]

export async function examine(project: Project, params: Params<'workspace.doctor'>): Promise<DoctorReport> {
  const checks: Check[] = []
  const fix = params.fix === true
  if (await examineStore(project, checks, fix)) {
    await examineDocument(project, checks)
    await examineSummary(project, checks, fix)
  }
  return { healthy: checks.every(({ state }) => state !== 'problem'), checks }
}

async function examineStore(project: Project, checks: Check[], fix: boolean): Promise<boolean> {
  try {
    await project.store()
  } catch (cause) {
    const error = asTaskError(cause)
    if (error.code === 'STORE_UNREADABLE' && fix && project.world.repairStore !== undefined) {
      checks.push({ name: 'store', state: 'fixed', message: await project.world.repairStore() })
      return examineStore(project, checks, false)
    }
    checks.push({
      name: 'store',
      state: 'problem',
      message: `${error.message}${fix ? '' : ' (tide doctor --fix mends what can be mended and keeps a copy)'}`,
    })
    return false
  }
  checks.push({ name: 'store', state: 'ok', message: 'opens, and its head is readable' })
  return true
}

async function examineDocument(project: Project, checks: Check[]): Promise<void> {
  try {
    const { tasks } = await project.replica()
    checks.push({ name: 'document', state: 'ok', message: `${inOrder(tasks).length} tasks` })
    const changes = await project.history()
    checks.push({ name: 'history', state: 'ok', message: `${changes.length} changes` })
    for (const problem of taskProblems(tasks, project.context(tasks))) {
      checks.push({ name: 'tasks', state: 'problem', message: problem.message })
    }
  } catch (cause) {
    checks.push({ name: 'document', state: 'problem', message: asTaskError(cause).message })
  }
  const store = await project.store()
  for (const { log, seq, reason } of store.problems()) {
    checks.push({
      name: 'store',
      state: 'problem',
      message: `row ${seq} of ${log} is damaged (${reason}): it is kept aside, all others are read`,
    })
  }
}

/** The summary is made from the document: where they differ the document is right. */
async function examineSummary(project: Project, checks: Check[], fix: boolean): Promise<void> {
  const { tasks } = await project.replica()
  const summary = await project.summary()
  const texts = await readTexts(project.world.summary, summary)
  const context = project.context(tasks)
  const lines = new Map(currentLines(summary).map((line) => [line.uid, line]))
  let wrong = 0
  for (const state of inOrder(tasks)) {
    const line = lines.get(state.uid)
    lines.delete(state.uid)
    const text = searchText(state, await project.body(state))
    if (line === undefined || !shows(line, viewTask(state, context)) || !holds(line, text, texts)) wrong++
  }
  wrong += [...lines.values()].filter((line) => !line.isGone).length
  if (wrong === 0) checks.push({ name: 'summary', state: 'ok', message: 'says the same as the document' })
  else if (!fix)
    checks.push({
      name: 'summary',
      state: 'problem',
      message: `${wrong} lines differ from the document (tide doctor --fix makes it again)`,
    })
  else {
    await project.rebuild()
    checks.push({ name: 'summary', state: 'fixed', message: `made again: ${wrong} lines differed from the document` })
  }
}

function shows(line: Line, view: TaskView): boolean {
  try {
    const shown = line.view()
    if (shown === undefined) return false
    // A time that was ahead of the clock was shown as the moment of writing.
    const [createdAt, updatedAt] = [earlier(shown.createdAt, view.createdAt), earlier(shown.updatedAt, view.updatedAt)]
    return JSON.stringify(shown) === JSON.stringify({ ...view, createdAt, updatedAt })
  } catch {
    return false // a damaged line is a line that differs
  }
}

function holds(line: Line, text: string, texts: ByteText | undefined): boolean {
  const place = line.textPlace()
  return place !== undefined && texts?.text(place.at, place.at + place.size) === text
}

function earlier(a: string, b: string): string {
  return a < b ? a : b
}
