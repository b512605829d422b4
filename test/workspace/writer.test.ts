/** Who writes: one actor per directory, one client id per life, going on only where nobody has written since. */
import { describe, expect, it } from 'vitest'
import { openMemoryStore, createMemoryDisk } from '../../adapters/memory/store.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { copyOf, crash, documentOf, expectHealthy, expectTrueSummary, meet, sibling, titles, turned } from './world.ts'

/** Client ids below the range of seeds that have written anything. */
async function writers(workspace: MemoryWorkspace): Promise<readonly number[]> {
  const { doc } = await documentOf(workspace)
  return [...doc.store.clients.keys()].filter((client) => client < 2 ** 32)
}

async function actors(workspace: MemoryWorkspace): Promise<readonly string[]> {
  const { doc } = await documentOf(workspace)
  return [...doc.share.keys()].filter((name) => name.startsWith('log/'))
}

function add(workspace: MemoryWorkspace, title: string): Promise<unknown> {
  return turned(
    workspace,
    once(workspace, (caller) => caller.call('task.create', { title })),
  )
}

const listed = (workspace: MemoryWorkspace): Promise<readonly string[]> => turned(workspace, once(workspace, titles))

describe('short commands', () => {
  it('[Y9] one after the other write as one writer, bodies included', async () => {
    const workspace = memoryWorkspace()
    for (const title of ['a', 'b', 'c']) await add(workspace, title)
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'one' } }))
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'one two' } }))
    await add(workspace, 'd')
    expect([(await writers(workspace)).length, (await actors(workspace)).length]).toEqual([1, 1])
    await expectHealthy(workspace)
  })

  it('[Y9] take another client id when the note is gone, or is of another commit', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'a')
    const note = workspace.note
    expect(note).toBeDefined()
    workspace.note = undefined
    await add(workspace, 'b')
    expect(await writers(workspace)).toHaveLength(2)
    workspace.note = note // of the commit before the last
    await add(workspace, 'c')
    expect([await writers(workspace), await actors(workspace)].map(({ length }) => length)).toEqual([3, 1])
    expect(await listed(workspace)).toEqual(['a', 'b', 'c'])
  })

  it('[Y9] take another client id after a process that died with its commit on the disk', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'a')
    const project = openProject(workspace)
    await project.caller.call('task.create', { title: 'b' })
    crash(workspace)
    await add(workspace, 'c')
    expect(await writers(workspace)).toHaveLength(2)
    expect(await listed(workspace)).toEqual(['a', 'b', 'c'])
    await expectTrueSummary(workspace)
  })

  it('[Y9] that only read leave the note as it is', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'a')
    await once(workspace, (caller) => caller.call('history.list', {}))
    await once(workspace, (caller) => caller.call('conflicts.list', {}))
    await add(workspace, 'b')
    expect(await writers(workspace)).toHaveLength(1)
  })
})

describe('a copy of the directory', () => {
  it('[Y10] is another writer with a log of its own: what both write is there after they meet', async () => {
    const workspace = memoryWorkspace()
    for (const title of ['a', 'b']) await add(workspace, title)
    const copy = await copyOf(workspace, { place: 'elsewhere' })
    await add(workspace, 'c')
    await add(copy, 'C')
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-1'], changes: { status: 'doing', body: 'here' } }),
    )
    await turned(
      copy,
      once(copy, (caller) =>
        caller.call('tasks.update', { keys: ['T-1'], changes: { status: 'done', body: 'there' } }),
      ),
    )
    expect((await actors(copy)).length).toBe(2)
    const projects = [openProject(workspace), openProject(copy)]
    await turned(workspace, meet(...projects))
    for (const project of projects) {
      expect([...(await titles(project.caller, { all: true }))].sort()).toEqual(['C', 'a', 'b', 'c'])
      const { conflicts } = await project.caller.call('conflicts.list', {})
      expect(
        conflicts.map(({ field, values }) => [field, values.map(({ value }) => JSON.stringify(value)).sort()]),
      ).toEqual([['status', ['"doing"', '"done"']]])
      const { task } = await project.caller.call('task.get', { key: 'T-1' })
      expect(task.body).toMatch(/^(herethere|therehere)$/)
      await project[Symbol.asyncDispose]()
    }
    await expectTrueSummary(workspace)
    await expectTrueSummary(copy)
  })

  it('[Y10] moved to another place keeps everything, and writes as someone else from there on', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'a')
    workspace.place = 'moved'
    await add(workspace, 'b')
    await add(workspace, 'c')
    expect([await actors(workspace), await writers(workspace)].map(({ length }) => length)).toEqual([2, 2])
    expect(await listed(workspace)).toEqual(['a', 'b', 'c'])
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  })

  it('[Y10] put back over the directory it came from does not go on with clocks that were used since', async () => {
    const workspace = memoryWorkspace()
    await add(workspace, 'a')
    const before = await copyOf(workspace)
    await add(workspace, 'b')
    const other = sibling(workspace, 9)
    const heard = [openProject(workspace), openProject(other)]
    await turned(workspace, meet(...heard))
    for (const project of heard) await project[Symbol.asyncDispose]()
    // The older state is put back in place; the note of the newer one lies outside of it.
    const restored: MemoryWorkspace = { ...before, note: workspace.note }
    await add(restored, 'c')
    const projects = [openProject(restored), openProject(other)]
    await turned(restored, meet(...projects))
    for (const project of projects) {
      expect([...(await titles(project.caller))].sort()).toEqual(['a', 'b', 'c'])
      expect((await project.replica()).doc.store.pendingStructs).toBeNull()
      await project[Symbol.asyncDispose]()
    }
  })
})

describe('a disk that fails', () => {
  it('[Y11] a commit that fails changes nothing, neither on the disk nor in the answers, and the next one goes through', async () => {
    let broken = false
    const disk = createMemoryDisk({ sync: () => (broken ? Promise.reject(new Error('no space')) : Promise.resolve()) })
    const workspace = { ...memoryWorkspace(), disk }
    await using project = openProject(workspace)
    await project.caller.call('task.create', { title: 'a', body: 'first' })
    const question = async (): Promise<unknown> => [
      await turned(workspace, titles(project.caller)),
      (await turned(workspace, project.caller.call('task.get', { key: 'T-1' }))).task.body,
    ]
    broken = true
    const fails = [
      () => project.caller.call('task.create', { title: 'b' }),
      () => project.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'A', body: 'first and more' } }),
    ]
    for (const fail of fails) await expect(turned<unknown>(workspace, fail())).rejects.toThrow(/no space/)
    broken = false
    expect(await question()).toEqual([['a'], 'first'])
    await turned(workspace, project.caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'first, then' } }))
    expect(await question()).toEqual([['a'], 'first, then'])
    await project[Symbol.asyncDispose]()
    await using store = await openMemoryStore(disk)
    expect((await store.read('history')).length).toBe(2)
    await store[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
  })

  it('[Y11] what came from elsewhere and could not be stored is taken in when it comes again', async () => {
    let broken = false
    const disk = createMemoryDisk({ sync: () => (broken ? Promise.reject(new Error('no space')) : Promise.resolve()) })
    const workspace = { ...memoryWorkspace(), disk }
    const other = sibling(workspace, 5)
    await add(other, 'theirs')
    const document = (await documentOf(other)).encode()
    await using project = openProject(workspace)
    await project.caller.call('task.create', { title: 'ours' })
    broken = true
    await expect(project.absorb([document], { verb: 'remote', name: null })).rejects.toThrow(
      expect.objectContaining({ code: 'STORE_UNWRITABLE' }),
    )
    broken = false
    expect(await turned(workspace, titles(project.caller))).toEqual(['ours'])
    expect(await turned(workspace, project.absorb([document], { verb: 'remote', name: null }))).toHaveLength(1)
    await project[Symbol.asyncDispose]()
    expect([...(await listed(workspace))].sort()).toEqual(['ours', 'theirs'])
    await expectTrueSummary(workspace)
  })
})
