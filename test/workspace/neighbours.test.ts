/** Lines of tasks that nobody touched, but that show something of a task that was. */
import { describe, expect, it } from 'vitest'
import type { Caller, TaskView } from '../../src/internal.ts'
import { openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { expectTrueSummary, meet, sibling } from './world.ts'

/** Two workspaces that know the same three tasks. */
async function twoWorkspaces(): Promise<readonly [MemoryWorkspace, MemoryWorkspace]> {
  const one = memoryWorkspace({ seed: 1 })
  const two = { ...sibling(one, 2), runtime: one.runtime }
  await once(one, async (caller) => {
    for (const title of ['One', 'Two', 'Three']) await caller.call('task.create', { title })
  })
  await exchange(one, two)
  return [one, two]
}

async function exchange(...workspaces: readonly MemoryWorkspace[]): Promise<void> {
  const projects = workspaces.map(openProject)
  await meet(...projects)
  for (const project of projects) await project[Symbol.asyncDispose]()
  await workspaces[0]?.runtime.advance(1000)
}

async function later(workspace: MemoryWorkspace, work: (caller: Caller) => Promise<unknown>): Promise<void> {
  await workspace.runtime.advance(1000)
  await once(workspace, work)
}

async function tasks(workspace: MemoryWorkspace): Promise<Record<string, TaskView>> {
  const { tasks: all } = await once(workspace, (caller) => caller.call('tasks.list', { all: true }))
  return Object.fromEntries(all.map((task) => [task.title, task]))
}

describe('a line', () => {
  it('[Y1] follows a circle of parents that closes and opens far away', async () => {
    const [one, two] = await twoWorkspaces()
    await later(two, (caller) => caller.call('task.move', { key: 'T-3', parent: 'T-1' }))
    await later(one, (caller) => caller.call('task.move', { key: 'T-2', parent: 'T-3' }))
    await later(one, (caller) => caller.call('task.move', { key: 'T-1', parent: 'T-2' }))
    await exchange(one, two)
    for (const workspace of [one, two]) {
      const { One, Two, Three } = await tasks(workspace)
      expect([One?.parent, Two?.parent, Three?.parent]).toEqual([null, 'T-3', 'T-1'])
      await expectTrueSummary(workspace)
    }
    await later(one, (caller) => caller.call('task.move', { key: 'T-3', parent: null }))
    expect((await tasks(one))['One']?.parent).toBe('T-2')
    await expectTrueSummary(one)
  })

  it('[Y1] follows what it waits for: done, reopened, deleted, restored, purged', async () => {
    const [one] = await twoWorkspaces()
    await later(one, (caller) =>
      caller.call('tasks.update', { keys: ['T-1'], changes: { dependsOn: ['T-2'], parent: 'T-2' } }),
    )
    const steps: readonly (readonly [(caller: Caller) => Promise<unknown>, boolean, readonly string[]])[] = [
      [(caller) => caller.call('tasks.transition', { keys: ['T-2'], to: 'done' }), true, ['T-2']],
      [(caller) => caller.call('tasks.transition', { keys: ['T-2'], to: 'open' }), false, ['T-2']],
      [(caller) => caller.call('tasks.delete', { keys: ['T-2'] }), true, ['T-2']],
      [(caller) => caller.call('tasks.restore', { keys: ['T-2'] }), false, ['T-2']],
      [(caller) => caller.call('tasks.delete', { keys: ['T-2'] }), true, ['T-2']],
      [(caller) => caller.call('tasks.purge', { keys: ['T-2'], confirmed: true }), true, []],
    ]
    for (const [step, ready, dependsOn] of steps) {
      await later(one, step)
      const { One } = await tasks(one)
      expect([One?.ready, One?.dependsOn]).toEqual([ready, dependsOn])
      await expectTrueSummary(one)
    }
  })

  it('[Y1] of a task that came back after a purge is true when it is restored without the document', async () => {
    const [one, two] = await twoWorkspaces()
    await later(one, (caller) => caller.call('tasks.delete', { keys: ['T-2'] }))
    await later(one, (caller) => caller.call('tasks.purge', { keys: ['T-2'], confirmed: true }))
    await later(two, (caller) =>
      caller.call('tasks.update', { keys: ['T-2'], changes: { title: 'Needed', addLabels: ['x'] } }),
    )
    await exchange(one, two)
    const { Needed } = await tasks(one)
    expect([Needed?.deleted, Needed?.labels]).toEqual([true, ['x']])
    await later(one, (caller) => caller.call('tasks.restore', { keys: [Needed?.uid ?? ''] }))
    expect((await tasks(one))['Needed']).toMatchObject({ deleted: false, labels: ['x'], title: 'Needed' })
    await expectTrueSummary(one)
  })

  it('[Y1] of a body whose characters come before the register that names them says what the body says', async () => {
    const [one, two] = await twoWorkspaces()
    await later(one, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'first' } }))
    await exchange(one, two)
    await later(two, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'first and second' } }))
    await using store = await openMemoryStore(two.disk)
    const [characters, register] = (await store.read('document')).slice(-2).map(({ bytes }) => bytes)
    for (const update of [characters, register]) {
      await once(one, (_, project) => project.absorb([update ?? new Uint8Array()], { verb: 'remote', name: null }))
      expect((await once(one, (caller) => caller.call('tasks.search', { words: 'second' }))).tasks).toHaveLength(1)
      await expectTrueSummary(one)
    }
  })
})
