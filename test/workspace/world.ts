/** Workspaces that meet, machines that lose power, and what a summary must say: for tests of whole projects. */
import { expect } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { memorySummaryFiles } from '../../adapters/memory/summary.ts'
import type { Caller, Config, Project, SummaryFiles, TaskView } from '../../src/internal.ts'
import { readBody } from '../../src/task/body.ts'
import { inOrder } from '../../src/task/query.ts'
import { shown, type Alive, type TaskState } from '../../src/task/registers.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import { numbersOf, type TaskTable } from '../../src/task/table.ts'
import { viewDetail, viewTask, type ViewContext } from '../../src/task/view.ts'
import { DOCUMENT } from '../../src/workspace/head.ts'
import { currentLines, readSummary, type Summary } from '../../src/workspace/summary.ts'
import { SummaryParts } from '../../src/workspace/summary-parts.ts'
import { createSummaryTable } from '../../src/workspace/summary-table.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from '../support/project.ts'

/** Another workspace of the same project, with nothing in it yet. */
export function sibling(of: { readonly config: Config }, seed: number): MemoryWorkspace {
  return { ...memoryWorkspace({ seed }), config: of.config }
}

/** Each hears all that the other knows, as over a relay. */
export async function meet(...projects: readonly Project[]): Promise<void> {
  const documents = await Promise.all(projects.map(async (project) => (await project.replica()).encode()))
  for (const project of projects) await project.absorb(documents, { verb: 'remote', name: null })
}

/** Work that waits for the clock: it is turned on until the work is done. */
export async function turned<Result>({ runtime }: MemoryWorkspace, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const done = (): void => void (isDone = true)
  work.then(done, done)
  while (!isDone) await runtime.advance(1)
  return work
}

/** The process ends in the middle of what it does: nothing is closed, the lock is free. */
export function crash({ disk }: MemoryWorkspace): void {
  disk.crash()
}

function filesOf(workspace: MemoryWorkspace): SummaryFiles {
  return memorySummaryFiles(() => String(workspace.commits), workspace.files)
}

/** What the disk holds, when nobody has it open. */
export async function documentOf({ disk, runtime }: MemoryWorkspace): Promise<Replica> {
  await using store = await openMemoryStore(disk)
  return openReplica(
    (await store.read(DOCUMENT)).map((row) => row.bytes),
    runtime.log,
  )
}

export async function summaryOf(workspace: MemoryWorkspace): Promise<Summary> {
  const summary = await readSummary(filesOf(workspace), workspace.config)
  if (summary === undefined) throw new Error('there is no summary that can be read')
  return summary
}

/** Every byte a list, a search or a single write could read, compared with the document on the disk. */
export async function expectTrueSummary(workspace: MemoryWorkspace): Promise<void> {
  const replica = await documentOf(workspace)
  const { tasks } = replica
  const summary = await summaryOf(workspace)
  const { prefix, statuses } = workspace.config
  const context = { tasks, prefix, statuses, now: workspace.runtime.now() }
  const lines = currentLines(summary)
  const shownLines = lines.filter((line) => line.view() !== undefined)
  const texts = await filesOf(workspace).read(summary.texts)

  const views = inOrder(tasks).map((state, index): TaskView => {
    const view = viewTask(state, context)
    // A time that was ahead of the clock was shown as the moment of writing; the registers below tell them apart.
    const { createdAt, updatedAt } = shownLines[index]?.view() ?? view
    return {
      ...view,
      createdAt: createdAt < view.createdAt ? createdAt : view.createdAt,
      updatedAt: updatedAt < view.updatedAt ? updatedAt : view.updatedAt,
    }
  })
  expect(shownLines.map((line) => line.view())).toEqual(views)
  expect(lines.map((line) => line.uid).sort()).toEqual([...tasks.uids()].sort())
  for (const line of lines) {
    const state = line.uid === undefined ? undefined : tasks.get(line.uid)
    if (state === undefined) throw new Error('a line of no task')
    expect(plainState(line.state())).toEqual(plainState(state))
    const place = line.textPlace()
    if (line.view() === undefined || place === undefined || texts === undefined) continue
    const title = shown(state, 't')
    expect(texts.text(place.at, place.at + place.size)).toBe(
      `${typeof title === 'string' ? title.replaceAll('\n', ' ') : ''}\n${readBody(replica, state)}`,
    )
  }
  await expectTrueParts(workspace, summary, context)
  const table = createSummaryTable(summary)
  for (const uid of tasks.uids()) expect([...table.referring(uid)].sort()).toEqual([...tasks.referring(uid)].sort())
  for (let number = 0; number <= tasks.greatestNumber; number++)
    expect([...table.withNumber(number)].sort()).toEqual([...tasks.withNumber(number)].sort())
  expect(table.greatestNumber).toBeGreaterThanOrEqual(tasks.greatestNumber)
}

/** Read in parts it says of each task what the whole says. */
async function expectTrueParts(workspace: MemoryWorkspace, summary: Summary, context: ViewContext): Promise<void> {
  const parts = await SummaryParts.open(filesOf(workspace), workspace.config)
  // Only a summary of now is read in parts.
  expect(parts === undefined).toBe(summary.seal.mark !== filesOf(workspace).mark())
  const whole = createSummaryTable(summary)
  for (const { uid } of currentLines(summary)) {
    const detail = (tasks: TaskTable): unknown => {
      const state = tasks.get(uid)
      const named = state === undefined ? [] : numbersOf(state).map((number) => [...tasks.withNumber(number)].sort())
      return [state && viewDetail(state, '', { ...context, tasks }), named]
    }
    if (parts === undefined) continue
    expect(await parts.answer(detail)).toEqual(detail(whole))
    expect(parts.line(uid)?.textPlace()).toEqual(whole.line(uid)?.textPlace())
  }
}

/** Registers without the order their values came in; the first text of a body stands elsewhere. */
function plainState(state: TaskState | undefined): unknown {
  const value = ({ value, ...stamp }: Alive, field: string, count: number): unknown => ({
    ...stamp,
    value: field === 'b' && count === 1 && typeof value === 'string' ? { texts: true } : value,
  })
  return [...(state?.registers ?? [])]
    .map(([field, values]) => [
      field,
      [...values]
        .sort((a, b) => a.client - b.client || a.clock - b.clock)
        .map((one) => value(one, field, values.length)),
    ])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/** The doctor's word on what is kept; circles that people made of their tasks are theirs. */
export async function expectHealthy(workspace: MemoryWorkspace): Promise<void> {
  await using project = openProject(workspace)
  const { checks } = await turned(workspace, project.caller.call('workspace.doctor', {}))
  expect(checks.filter(({ name, state }) => state !== 'ok' && name !== 'tasks')).toEqual([])
}

/** Titles as a list shows them. */
export async function titles(caller: Caller, filter = {}): Promise<readonly string[]> {
  return (await caller.call('tasks.list', filter)).tasks.map(({ title }) => title)
}

/** The directory as a copy of it would be, on another disk; who writes there must notice. */
export async function copyOf(
  workspace: MemoryWorkspace,
  changes: Partial<MemoryWorkspace> = {},
): Promise<MemoryWorkspace> {
  const disk = createMemoryDisk()
  await using from = await openMemoryStore(workspace.disk)
  await using to = await openMemoryStore(disk)
  for (const log of await from.logs())
    await to.commit((await from.read(log)).map(({ bytes }) => ({ append: log, bytes })))
  const head = await from.cell('head')
  if (head !== undefined) await to.commit([{ put: 'head', bytes: head }])
  return { ...workspace, disk, files: new Map(workspace.files), ...changes }
}
