/** The summary and the store grow with every change and are folded now and then: nothing gets lost on the way. */
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { documentOf, expectHealthy, expectTrueSummary, summaryOf, titles, turned } from './world.ts'

async function tailBytes(workspace: MemoryWorkspace): Promise<number> {
  const { source, baseEnd } = await summaryOf(workspace)
  return source.length - baseEnd
}

function textNames({ files }: MemoryWorkspace): readonly string[] {
  return [...files.keys()].filter((name) => name.startsWith('texts-'))
}

describe('folding', () => {
  it('[Y12] a long tail of lines becomes the base, by one process or many, and all stays as it was', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, async (caller) => {
      for (let n = 1; n <= 40; n++) await caller.call('task.create', { title: `Task ${n}`, body: `Body ${n}` })
    })
    let longest = 0
    let folded = 0
    for (let round = 0; round < 12; round++) {
      await once(workspace, async (caller) => {
        for (let n = 1; n <= 40; n++)
          await caller.call('tasks.update', {
            keys: [`T-${n}`],
            changes: { fields: { round }, addLabels: [`r${round}`] },
          })
      })
      const tail = await tailBytes(workspace)
      if (tail < longest) folded++
      longest = Math.max(longest, tail)
    }
    expect(folded).toBeGreaterThan(0)
    expect(longest).toBeLessThan(160 * 1024)
    expect(await once(workspace, titles)).toEqual(Array.from({ length: 40 }, (_, n) => `Task ${n + 1}`))
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  })

  it('[Y15] a summary of another version leaves no texts behind, and nothing else is taken away', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => caller.call('task.create', { title: 'One', body: 'Body' }))
    const { files } = workspace
    const summary = new TextDecoder()
      .decode(files.get('summary'))
      .replace(/^tidemark-summary \d+/, 'tidemark-summary 0')
    files.set('summary', new TextEncoder().encode(summary))
    const [own = ''] = textNames(workspace)
    const others = ['texts-7', 'texts-12', 'texts-of-mine', 'files']
    for (const name of others) files.set(name, files.get(own) ?? new Uint8Array())
    expect(await once(workspace, titles)).toEqual(['One'])
    expect(textNames(workspace).toSorted()).toEqual(['texts-1', 'texts-of-mine'])
    expect(files.has('files')).toBe(true)
    await expectTrueSummary(workspace)
  })

  it('[Y12] texts that nobody names any more go, those that are named stay readable', async () => {
    const workspace = memoryWorkspace()
    const body = (n: number): string => `${n} ${'word '.repeat(8_000)}`
    await once(workspace, async (caller) => {
      await caller.call('task.create', { title: 'kept', body: 'kept as it is' })
      await caller.call('task.create', { title: 'big', body: body(0) })
    })
    const names = new Set(textNames(workspace))
    let largest = 0
    await once(workspace, async (caller) => {
      for (let n = 1; n <= 70; n++) {
        await caller.call('tasks.update', {
          keys: ['T-2'],
          changes: { title: `big ${n}`, fields: { pad: 'x'.repeat(5_000) + n } },
        })
        for (const name of textNames(workspace)) names.add(name)
        largest = Math.max(largest, ...textNames(workspace).map((name) => workspace.files.get(name)?.length ?? 0))
      }
      expect((await caller.call('task.get', { key: 'T-1' })).task.body).toBe('kept as it is')
      expect((await caller.call('task.get', { key: 'T-2' })).task.body).toBe(body(0))
      expect((await caller.call('tasks.search', { words: 'kept is' })).tasks).toHaveLength(1)
    })
    expect(names.size).toBeGreaterThan(1)
    expect(textNames(workspace)).toHaveLength(1)
    expect(largest).toBeLessThan(2 * 1024 * 1024)
    await expectTrueSummary(workspace)
  })

  it('[Y13] the store is compacted behind the answers, and holds the same document afterwards', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, async (caller) => {
      for (let n = 1; n <= 12; n++)
        await caller.call('task.create', { title: `Task ${n}`, body: 'word '.repeat(6_000) })
    })
    await workspace.runtime.advance(1000)
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-3'], changes: { title: 'third', body: 'short' } }),
    )
    const rows = async (): Promise<number> => {
      await using store = await openMemoryStore(workspace.disk)
      return (await store.read('document')).length
    }
    expect(await rows()).toBeLessThan(12)
    const { tasks, doc } = await documentOf(workspace)
    expect([tasks.count, doc.store.pendingStructs]).toEqual([12, null])
    const found = await turned(
      workspace,
      once(workspace, (caller) => caller.call('task.get', { key: 'T-3' })),
    )
    expect([found.task.title, found.task.body]).toEqual(['third', 'short'])
    // Further commits go on behind the snapshot.
    await once(workspace, (caller) => caller.call('task.create', { title: 'after' }))
    expect((await once(workspace, titles)).at(-1)).toBe('after')
    await expectTrueSummary(workspace)
    await expectHealthy(workspace)
  })

  it('[Y13] a process that lives long answers the same before and after', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    const { caller } = project
    for (let n = 1; n <= 30; n++) {
      await caller.call('task.create', { title: `Task ${n}`, body: 'word '.repeat(3_000) })
      await caller.call('tasks.update', { keys: [`T-${n}`], changes: { body: `${n} ${'word '.repeat(3_000)}` } })
    }
    for (const n of [1, 15, 30]) {
      const { task } = await caller.call('task.get', { key: `T-${n}` })
      expect(task.body.slice(0, 8)).toBe(`${n} word word`.slice(0, 8))
    }
    await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
  })
})
