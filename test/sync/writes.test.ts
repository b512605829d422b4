/** What a project tells of its writes, for whoever sends them on. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { memoryWorkspace, once, openProject } from '../support/project.ts'

describe('writes that are told', () => {
  it('[U11] one of several updates counts as written with the last of them', async () => {
    await using project = openProject(memoryWorkspace())
    const told: number[] = []
    project.on('written', ({ written }) => void told.push(written))
    const { task } = await project.caller.call('task.create', { title: 'One', body: 'a text' })
    await project.caller.call('tasks.update', { keys: [task.uid], changes: { body: 'another text', title: 'Two' } })
    expect(told.at(-1)).toBe(2)
    expect(told.filter((one) => one === 2).length, 'a body and a title are two updates and one write').toBe(1)
    expect(told.length).toBeGreaterThan(2)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  })

  it('[U3] the document in memory has what the store began with', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    await project.replica()
    await project.caller.call('task.create', { title: 'One' })
    const kept = new Y.Doc()
    for (const update of await (await project.hold()).document()) Y.applyUpdate(kept, update)
    const { doc } = await project.replica()
    expect(Y.decodeStateVector(Y.encodeStateVector(doc))).toEqual(Y.decodeStateVector(Y.encodeStateVector(kept)))
  })

  it('[U4] what came out of a backup is a write, what came from the relay is none', async () => {
    const from = memoryWorkspace({ seed: 1 })
    const backup = await once(from, async (caller) => {
      await caller.call('task.create', { title: 'Kept' })
      return (await caller.call('workspace.backup', {})).backup
    })
    await using project = openProject({ ...memoryWorkspace({ seed: 2 }), config: from.config })
    const told: Uint8Array[] = []
    project.on('written', ({ update }) => void told.push(update))
    await project.caller.call('workspace.recover', { backup })
    expect((await project.hold()).unsynced).toBe(1)
    const doc = new Y.Doc()
    for (const update of told) Y.applyUpdate(doc, update)
    expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector((await project.replica()).doc))
    await using other = openProject({ ...memoryWorkspace({ seed: 3 }), config: from.config })
    await other.absorb(told, { verb: 'remote', name: null })
    expect((await other.hold()).unsynced).toBe(0)
  })
})
