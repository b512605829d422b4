/** What was heard from elsewhere is kept, in whatever order it came; a directory put back to an earlier time is another writer. */
import { describe, expect, it } from 'vitest'
import { DOCUMENT } from '../../src/workspace/head.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'

async function updatesOf(workspace: MemoryWorkspace): Promise<readonly Uint8Array[]> {
  return once(workspace, async (_, project) =>
    (await (await project.hold()).store.read(DOCUMENT)).map(({ bytes }) => bytes),
  )
}

describe('updates from elsewhere', () => {
  it('[T20] that wait for an earlier one are stored, and show once it has come', async () => {
    const [here, there] = [memoryWorkspace({ seed: 1 }), memoryWorkspace({ seed: 2 })]
    await once(here, (caller) => caller.call('task.create', { title: 'One' }))
    await once(here, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'First' } }))
    await once(here, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { fields: { estimate: 3 } } }))
    const updates = await updatesOf(here)
    const [title, estimate] = updates.slice(-2)
    const from = { verb: 'remote', name: null } as const
    await once(there, (_, project) => project.absorb(updates.slice(0, -2), from))
    await once(there, (_, project) => project.absorb([estimate ?? new Uint8Array()], from))
    await once(there, (_, project) => project.absorb([title ?? new Uint8Array()], from))
    const { task } = await once(there, (caller) => caller.call('task.get', { key: 'T-1' }))
    expect([task.title, task.fields]).toEqual(['First', { estimate: 3 }])
  })
})

describe('a directory put back to an earlier time', () => {
  it('[Y10] does not write under clocks that a killed process used since', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => caller.call('task.create', { title: 'One' }))
    const note = workspace.note
    const killed = openProject(workspace)
    await killed.hold()
    expect(workspace.note?.client).toBe(note?.client)
    expect(workspace.note?.nonce).not.toBe(note?.nonce)
    await killed[Symbol.asyncDispose]()
  })
})
