/** Numbers of a whole project: given once, confirmed by their arbiter, never given again. */
import { describe, expect, it } from 'vitest'
import type { Caller, Uid } from '../../src/internal.ts'
import { CONFIRMED } from '../../src/task/fields.ts'
import { shown } from '../../src/task/registers.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { crash, documentOf, expectTrueSummary, meet, sibling, turned } from './world.ts'

async function add(workspace: MemoryWorkspace, title = 'Task'): Promise<string> {
  const created = once(workspace, (caller) => caller.call('task.create', { title }))
  return (await turned(workspace, created)).task.key
}

async function purge(caller: Caller, key: string): Promise<void> {
  await caller.call('tasks.delete', { keys: [key] })
  await caller.call('tasks.purge', { keys: [key], confirmed: true })
}

describe('numbers', () => {
  it('[K8] are given one after the other, and never again: not after purges, rebuilding, or a process that died', async () => {
    const workspace = memoryWorkspace()
    expect([await add(workspace), await add(workspace), await add(workspace)]).toEqual(['T-1', 'T-2', 'T-3'])
    await once(workspace, (caller) => purge(caller, 'T-3'))
    expect(await add(workspace)).toBe('T-4')
    await once(workspace, (caller) => purge(caller, 'T-4'))
    await once(workspace, (_, project) => project.rebuild())
    expect(await add(workspace)).toBe('T-5')
    const project = openProject(workspace)
    await purge(project.caller, 'T-5')
    crash(workspace)
    expect(await add(workspace)).toBe('T-6')
    workspace.files.clear()
    workspace.place = 'elsewhere'
    expect(await add(workspace)).toBe('T-7')
    await expectTrueSummary(workspace)
  })

  it('[K8] taken back with their task stay with it, deleted tasks keep theirs', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'One')
    await add(workspace, 'Two')
    await once(workspace, (caller) => caller.call('history.undo', {}))
    await once(workspace, (caller) => caller.call('tasks.delete', { keys: ['T-1'] }))
    expect(await add(workspace, 'Three')).toBe('T-3')
    const { tasks } = await once(workspace, (caller) => caller.call('tasks.restore', { keys: ['T-1', 'T-2'] }))
    expect(tasks.map(({ key, title }) => `${key} ${title}`)).toEqual(['T-1 One', 'T-2 Two'])
  })

  it('[K8] go on behind those that came from elsewhere', async () => {
    const one = memoryWorkspace({ seed: 1 })
    const two = sibling(one, 2)
    for (let n = 0; n < 3; n++) await add(one)
    await add(two)
    const projects = [openProject(one), openProject(two)] as const
    await turned(one, meet(...projects))
    for (const project of projects) await project[Symbol.asyncDispose]()
    expect([await add(two), await add(one)]).toEqual(['T-4', 'T-4'])
  })
})

describe('a number that two workspaces gave', () => {
  it('[K3] is shown bare by the task that was created first, on both sides, and every key shown finds its task', async () => {
    const one = memoryWorkspace({ seed: 1 })
    const two = { ...sibling(one, 2), runtime: one.runtime }
    await add(one, 'first')
    await one.runtime.advance(1000)
    await add(two, 'second')
    await once(two, (caller) => caller.call('task.create', { title: 'third', dependsOn: ['T-1'], parent: 'T-1' }))
    const projects = [openProject(one), openProject(two)] as const
    await meet(...projects)
    for (const { caller } of projects) {
      const { tasks } = await caller.call('tasks.list', {})
      const keys = Object.fromEntries(tasks.map(({ title, key }) => [title, key]))
      expect(keys['first']).toBe('T-1')
      expect(keys['second']).toMatch(/^T-1\.[0-9a-z]{2}$/)
      const third = tasks.find(({ title }) => title === 'third')
      expect([third?.dependsOn, third?.parent]).toEqual([[keys['second']], keys['second']])
      for (const { title, key } of tasks) expect((await caller.call('task.get', { key })).task.title).toBe(title)
    }
    for (const project of projects) await project[Symbol.asyncDispose]()
    await expectTrueSummary(one)
    await expectTrueSummary(two)
    // Once the holder is gone for good, the other shows the number bare.
    await once(one, (caller) => purge(caller, 'T-1'))
    const { tasks } = await once(one, (caller) => caller.call('tasks.list', {}))
    expect(tasks.map(({ title, key }) => `${key} ${title}`).sort()).toEqual(['T-1 second', 'T-2 third'])
    await expectTrueSummary(one)
  })

  it('[K5] named by a start that fits both is refused with both keys', async () => {
    const one = memoryWorkspace({ seed: 1 })
    const three = [one, sibling(one, 2), sibling(one, 3)]
    for (const workspace of three) {
      await add(workspace)
      await one.runtime.advance(1000)
    }
    const projects = three.map(openProject)
    await turned(one, meet(...projects))
    const [project] = projects
    const refused = project?.caller.call('task.get', { key: 'T-1.' }) ?? Promise.resolve()
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }))
    for (const opened of projects) await opened[Symbol.asyncDispose]()
  })
})

describe('confirming', () => {
  it('[K10] happens at once where the workspace is its own arbiter, and waits for the relay elsewhere', async () => {
    for (const [relay, confirmed] of [
      ['none', 1],
      ['auto', undefined],
      ['wss://relay.example', undefined],
    ] as const) {
      const workspace = memoryWorkspace({ relay })
      await add(workspace)
      const { tasks } = await documentOf(workspace)
      const [uid] = tasks.uids()
      expect(uid === undefined ? 'none' : shown(tasks.get(uid), CONFIRMED)).toBe(confirmed)
    }
  })
})

describe('a key as it was printed', () => {
  it('[K1] is not believed once a rival’s number is another one', async () => {
    const one = memoryWorkspace({ seed: 1 })
    const two = sibling(one, 2)
    await add(one)
    await add(two)
    const projects = [openProject(one), openProject(two)] as const
    await turned(one, meet(...projects))
    for (const project of projects) await project[Symbol.asyncDispose]()
    await using project = openProject(one)
    const before = await project.tasks()
    const keyOf = (uid: Uid): string => {
      const state = before.get(uid)
      return state === undefined ? '' : project.context(before).keyOf(state)
    }
    const [bare, other] = [...before.uids()].sort((a, b) => keyOf(a).length - keyOf(b).length)
    if (bare === undefined || other === undefined) throw new Error('two tasks are missing')
    expect([keyOf(bare), keyOf(other).startsWith('T-1.')]).toEqual(['T-1', true])
    await project.commit(() => ({ verb: 'confirm', writes: [{ uid: bare, field: CONFIRMED, value: 9 }] }))
    const tasks = await project.tasks()
    const { keyOf: now } = project.context(tasks)
    expect([bare, other].map((uid) => now(tasks.get(uid) ?? { uid, registers: new Map() }))).toEqual(['T-9', 'T-1'])
  })
})
