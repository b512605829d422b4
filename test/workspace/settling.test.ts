/** A live workspace is asked to take in what was saved: what its watch heard of, what others found, what has two names. */
import { describe, expect, it } from 'vitest'
import type { MemoryFiles } from '../../adapters/memory/files.ts'
import { createCaller, Project, type Caller } from '../../src/internal.ts'
import { memoryWorkspace, once, openProject } from '../support/project.ts'

const COUNT = 3

interface Live extends AsyncDisposable {
  readonly caller: Caller
  readonly titles: () => Promise<readonly string[]>
  /** A save that the watch hears of, or not. */
  readonly save: (number: number, title: string, options?: { readonly isHeard: boolean }) => Promise<void>
  readonly settle: (paths?: readonly string[] | null) => Promise<boolean>
  /** Files that have another name; known from the next look at them on. */
  readonly linked: Set<string>
  isPrompt: boolean
  /** Whether the next look at files fails. */
  fails: boolean
}

const pathOf = (number: number): string => `tasks/T-${number}-task-${number}.md`

async function live(linked: readonly string[] = []): Promise<Live> {
  const memory = memoryWorkspace({ withFiles: true })
  const folder = memory.folder
  if (folder === undefined) throw new Error('it has no files')
  for (let number = 1; number <= COUNT; number++)
    await once(memory, (caller) => caller.call('task.create', { title: `Task ${number}` }))
  let isHeard = true
  const links = new Set(linked)
  const withLinks: MemoryFiles = {
    ...folder,
    list: async (below) => {
      if (made.fails) throw new Error('the disk is away')
      return (await folder.list(below)).map((entry) => (links.has(entry.path) ? { ...entry, isLinked: true } : entry))
    },
    watch: (below, listener) => {
      const watch = folder.watch(below, (paths) => isHeard && listener(paths))
      return {
        get isPrompt() {
          return made.isPrompt
        },
        [Symbol.dispose]: () => watch[Symbol.dispose](),
      }
    },
  }
  const opened = openProject({ ...memory, folder: withLinks })
  const project = new Project({ ...opened.world, live: true })
  const caller = createCaller(project, { version: '0', pid: 1, since: 'now' })
  const made: Live = {
    caller,
    linked: links,
    isPrompt: true,
    fails: false,
    titles: async () => (await caller.call('tasks.list', {})).tasks.map(({ title }) => title),
    save: async (number, title, { isHeard: hears } = { isHeard: true }) => {
      const text = new TextDecoder().decode((await folder.read(pathOf(number)))?.bytes)
      isHeard = hears
      folder.put(pathOf(number), new TextEncoder().encode(text.replace(/^title: .*$/m, `title: ${title}`)))
      await new Promise((resolve) => void setImmediate(resolve))
      isHeard = true
    },
    settle: async (paths) => (await caller.call('workspace.settle', paths === undefined ? {} : { paths })).settled,
    [Symbol.asyncDispose]: async () => {
      await project[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    },
  }
  await project.hold()
  await project.watchFiles()
  return made
}

const SILENT = { isHeard: false }

describe('a live workspace that is asked to settle', () => {
  it('[M62] has taken in what it heard of, without time going on', async () => {
    await using one = await live()
    for (let turn = 0; turn < 20; turn++) {
      await one.save(1 + (turn % COUNT), `saved ${turn}`)
      expect(await one.settle()).toBe(true)
      expect(await one.titles()).toContain(`saved ${turn}`)
    }
  })

  it('[M63] looks where somebody saw a change that it did not hear of, and only there; at all files where nobody can say', async () => {
    await using one = await live()
    await one.save(1, 'unheard one', SILENT)
    await one.save(2, 'unheard two', SILENT)
    await one.settle([])
    expect(await one.titles()).toEqual(['Task 1', 'Task 2', 'Task 3'])
    await one.settle([pathOf(1), '../../etc/passwd', '', 'tasks/none.md'])
    expect(await one.titles()).toEqual(['unheard one', 'Task 2', 'Task 3'])
    await one.save(1, 'unheard again', SILENT)
    await one.settle(null)
    expect(await one.titles()).toEqual(['unheard again', 'unheard two', 'Task 3'])
    await one.save(3, 'among very many', SILENT)
    await one.settle(Array.from({ length: 2_000 }, (_, index) => `tasks/other-${index}.md`))
    expect(await one.titles()).toContain('among very many')
  })

  it('[M63] refuses what are no paths', async () => {
    await using one = await live()
    for (const paths of ['tasks/a.md', 7, {}, [7], [null]])
      await expect(one.settle(paths as never)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('[M62] looks each time at files that have another name, whatever is asked', async () => {
    await using one = await live([pathOf(2)])
    await one.save(2, 'by its other name', SILENT)
    expect(await one.titles()).toContain('by its other name')
    await one.save(2, 'once more', SILENT)
    expect(await one.settle()).toBe(true)
    expect(await one.titles()).toContain('once more')
  })

  it('[M62] says that something may be missing while its watch is late, or while what failed was not looked at again', async () => {
    await using one = await live()
    one.isPrompt = false
    expect(await one.settle()).toBe(false)
    one.isPrompt = true
    expect(await one.settle()).toBe(true)
    one.fails = true
    await one.save(1, 'on a disk that was away')
    await one.settle(null)
    one.fails = false
    await one.save(2, 'meanwhile')
    expect(await one.settle()).toBe(false)
    expect(await one.settle(null)).toBe(true)
    expect(await one.titles()).toEqual(['on a disk that was away', 'meanwhile', 'Task 3'])
  })

  it('[M63] in a process of its own looks at the files itself', async () => {
    const memory = memoryWorkspace({ withFiles: true })
    await once(memory, (caller) => caller.call('task.create', { title: 'Task 1' }))
    expect(await once(memory, (caller) => caller.call('workspace.settle', {}))).toEqual({ settled: true })
  })
})

describe('a reader beside it', () => {
  it('[M62] that is told so looks at no file, and knows paths all the same; else it looks', async () => {
    const memory = memoryWorkspace({ withFiles: true })
    await once(memory, (caller) => caller.call('task.create', { title: 'Task 1' }))
    const { folder } = memory
    if (folder === undefined) throw new Error('it has no files')
    let looks = 0
    const counting: MemoryFiles = {
      ...folder,
      list: async (below) => {
        looks++
        return folder.list(below)
      },
    }
    await using opened = openProject({ ...memory, folder: counting })
    let isSettled = true
    await using reader = new Project({ ...opened.world, settledByHolder: async () => isSettled })
    const caller = createCaller(reader, { version: '0', pid: 1, since: 'now' })
    expect((await caller.call('task.get', { key: 'T-1' })).task.path).toBe(pathOf(1))
    expect((await caller.call('tasks.list', {})).tasks[0]?.path).toBe(pathOf(1))
    expect([looks, await reader.files.found()]).toEqual([0, []])
    isSettled = false
    await caller.call('tasks.list', {})
    expect(looks).toBe(1)
    folder.put(pathOf(1), new TextEncoder().encode('---\ntitle: Other\n---\n'))
    expect(await reader.files.found()).toEqual([pathOf(1)])
  })
})
