/** Two workspaces that know one task and drift apart: for tests of conflicts, undo and bodies. */
import type { Caller, ConflictView, Json, NewTask, Project, TaskChanges, TaskDetail } from '../../src/internal.ts'
import { parseUid } from '../../src/ids.ts'
import { openReplica } from '../../src/task/replica.ts'
import { importSeeds } from '../../src/task/seeds.ts'
import { memoryWorkspace, openProject } from '../support/project.ts'
import { expectTrueSummary, meet, sibling } from './world.ts'

export interface Pair extends AsyncDisposable {
  readonly one: Caller
  readonly two: Caller
  readonly projects: readonly [Project, Project]
  later(): Promise<void>
  /** Both hear everything. */
  meet(): Promise<void>
  /** The first hears of a file that says this of T-1. */
  readFile(values: Readonly<Record<string, Json>>): Promise<void>
  /** Both closed, both summaries true. */
  finish(): Promise<void>
}

/** Two workspaces that know the same task T-1. */
export async function pair(created: NewTask = { title: 'Fix login' }): Promise<Pair> {
  const first = memoryWorkspace({ seed: 1 })
  const second = { ...sibling(first, 2), runtime: first.runtime }
  const [one, two] = [openProject(first), openProject(second)]
  const close = async (): Promise<void> => {
    await one[Symbol.asyncDispose]()
    await two[Symbol.asyncDispose]()
  }
  const later = (): Promise<void> => first.runtime.advance(1000)
  const both = async (): Promise<void> => {
    await meet(one, two)
    await later()
  }
  const { task: known } = await one.caller.call('task.create', created)
  await both()
  return {
    one: one.caller,
    two: two.caller,
    projects: [one, two],
    later,
    meet: both,
    readFile: async (values) => {
      const reader = openReplica([(await one.replica()).encode()], first.runtime.log)
      const seeds = importSeeds(reader, parseUid(known.uid), values, 77)
      if (seeds === undefined) throw new Error('the file says nothing new')
      await one.absorb([seeds.update], { verb: 'remote', name: null })
    },
    finish: async () => {
      await close()
      await expectTrueSummary(first)
      await expectTrueSummary(second)
    },
    [Symbol.asyncDispose]: close,
  }
}

export function set(caller: Caller, changes: TaskChanges): Promise<unknown> {
  return caller.call('tasks.update', { keys: ['T-1'], changes })
}

export async function task(caller: Caller): Promise<TaskDetail> {
  return (await caller.call('task.get', { key: 'T-1' })).task
}

export async function listed(caller: Caller): Promise<readonly ConflictView[]> {
  return (await caller.call('conflicts.list', {})).conflicts
}

/** Field → values, the shown one first. */
export async function values(caller: Caller): Promise<Record<string, readonly Json[]>> {
  const conflicts = await listed(caller)
  return Object.fromEntries(conflicts.map((conflict) => [conflict.field, conflict.values.map(({ value }) => value)]))
}
