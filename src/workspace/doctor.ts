/** Looks whether all that is kept is whole, and mends what can be made again from something better. */
import type { DoctorReport, Params } from '../api/methods.ts'
import { asTaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
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
  await project.fileProblems() // where files are is part of what the summary says
  if (await examineStore(project, checks, fix)) {
    const areRead = await lookAtFiles(project, checks)
    await examineDocument(project, checks)
    await examineSummary(project, checks, fix)
    if (areRead) await examineFiles(project, checks, fix)
  }
  return { healthy: checks.every(({ state }) => state !== 'problem'), checks }
}

async function examineStore(project: Project, checks: Check[], fix: boolean): Promise<boolean> {
  try {
    await project.hold()
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
    const changes = await (await project.hold()).history()
    checks.push({ name: 'history', state: 'ok', message: `${changes.length} changes` })
    for (const problem of taskProblems(tasks, project.context(tasks))) {
      checks.push({ name: 'tasks', state: 'problem', message: problem.message })
    }
  } catch (cause) {
    checks.push({ name: 'document', state: 'problem', message: asTaskError(cause).message })
  }
  const { store } = await project.hold()
  for (const { log, seq, reason } of store.problems()) {
    checks.push({
      name: 'store',
      state: 'problem',
      message: `row ${seq} of ${log} is damaged (${reason}): it is kept aside, all others are read`,
    })
  }
}

/** What people changed comes in first, as with every command: it is no damage. */
async function lookAtFiles(project: Project, checks: Check[]): Promise<boolean> {
  try {
    await project.lookAtFiles()
    return true
  } catch (cause) {
    checks.push({ name: 'files', state: 'problem', message: asTaskError(cause).message })
    return false
  }
}

/** What `tide status` tells of them, which only a person can mend; and whether the others say what their tasks say. */
async function examineFiles(project: Project, checks: Check[], fix: boolean): Promise<void> {
  if (project.world.mirror === undefined) return
  const problems = await project.fileProblems()
  const before = checks.length
  for (const { path, message } of problems)
    checks.push({ name: 'files', state: 'problem', message: path === null ? message : `${path}: ${message}` })
  const found = await differingFiles(project, fix)
  const left = fix && found !== undefined ? await differingFiles(project, false) : found
  if (left !== undefined) checks.push({ name: 'files', state: 'problem', message: left })
  else if (found !== undefined) checks.push({ name: 'files', state: 'fixed', message: `written again: ${found}` })
  if (checks.length === before)
    checks.push({ name: 'files', state: 'ok', message: 'say what the document says, and none is left alone' })
}

async function differingFiles(project: Project, mends: boolean): Promise<string | undefined> {
  const { differing } = await project.lookAtFiles({ compares: mends ? 'mends' : 'tells' })
  if (differing === undefined) return undefined
  const tasks = await project.tasks()
  const { keyOf } = project.context(tasks)
  const keys = (uids: readonly Uid[]): string => {
    const some = uids.slice(0, 3).map((uid) => {
      const state = tasks.get(uid)
      return state === undefined ? uid : keyOf(state)
    })
    return uids.length > 3 ? `${some.join(', ')} and ${uids.length - 3} more` : some.join(', ')
  }
  const { behind, homeless } = differing
  const said = behind.length === 0 ? [] : [`the files of ${keys(behind)} say something else than the document`]
  const none = homeless.length === 0 ? [] : [`${keys(homeless)} stand in no file`]
  const words = [...said, ...none].join('; ')
  return words === '' ? undefined : words
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
