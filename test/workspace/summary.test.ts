/** The summary when something went wrong: torn, missing, stale or full of look-alikes, the answers stay right. */
import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/internal.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { crash, expectHealthy, expectTrueSummary, titles, turned } from './world.ts'

const SUMMARY = 'summary'

/** Three tasks, one of them with a body, each by a process of its own. */
async function threeTasks(): Promise<MemoryWorkspace> {
  const workspace = memoryWorkspace()
  for (const title of ['One', 'Two', 'Three'])
    await once(workspace, (caller) => caller.call('task.create', { title, body: `Body of ${title}\nand more` }))
  return workspace
}

function bytesOf({ files }: MemoryWorkspace, name: string = SUMMARY): Uint8Array {
  const bytes = files.get(name)
  if (bytes === undefined) throw new Error(`there is no file ${name}`)
  return bytes
}

function textsOf({ files }: MemoryWorkspace): string {
  const names = [...files.keys()].filter((name) => name.startsWith('texts-'))
  expect(names).toHaveLength(1)
  return names[0] ?? ''
}

/** Another process asks. */
function ask<Answer>(workspace: MemoryWorkspace, question: (caller: Caller) => Promise<Answer>): Promise<Answer> {
  return turned(workspace, once(workspace, question))
}

const bodies = (caller: Caller): Promise<readonly string[]> =>
  Promise.all(['T-1', 'T-2', 'T-3'].map(async (key) => (await caller.call('task.get', { key })).task.body))

describe('a summary that is not whole', () => {
  it('[Y2] cut at any byte of what was written last is never believed', async () => {
    const workspace = await threeTasks()
    const before = bytesOf(workspace).length
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'First', addLabels: ['w\u00fcb'] } }),
    )
    const whole = bytesOf(workspace)
    const { commits } = workspace
    expect(whole.length).toBeGreaterThan(before + 300)
    for (let length = before; length < whole.length; length++) {
      // The disk says that nothing has happened since the last seal: only the cut can give it away.
      workspace.commits = commits
      workspace.files.set(SUMMARY, whole.slice(0, length))
      expect([length, await ask(workspace, titles)]).toEqual([length, ['First', 'Two', 'Three']])
    }
    await expectTrueSummary(workspace)
  })

  it.each([
    ['no file at all', () => undefined],
    ['an empty file', () => new Uint8Array()],
    ['other bytes', () => new TextEncoder().encode('something\nelse\n={}\n')],
    [
      'another version',
      (bytes: Uint8Array) => new TextEncoder().encode(new TextDecoder().decode(bytes).replace(' 1\t', ' 2\t')),
    ],
    [
      'a base that is longer than the file',
      (bytes: Uint8Array) =>
        new TextEncoder().encode(new TextDecoder().decode(bytes).replace(/\t(\d+)\n/, '\t99999999$1\n')),
    ],
  ])('[Y3] %s: it is made again from the store', async (_, spoil) => {
    const workspace = await threeTasks()
    const spoilt = spoil(bytesOf(workspace))
    if (spoilt === undefined) workspace.files.delete(SUMMARY)
    else workspace.files.set(SUMMARY, spoilt)
    expect(await ask(workspace, titles)).toEqual(['One', 'Two', 'Three'])
    await expectTrueSummary(workspace)
  })

  it('[Y3] files that go while a process works are made again by that process', async () => {
    const workspace = await threeTasks()
    await using project = openProject(workspace)
    const { caller } = project
    await caller.call('tasks.update', { keys: ['T-2'], changes: { status: 'doing' } })
    workspace.files.clear()
    expect(await titles(caller)).toEqual(['One', 'Two', 'Three'])
    workspace.files.clear()
    expect((await caller.call('tasks.search', { words: 'body' })).tasks).toHaveLength(3)
    workspace.files.clear()
    await caller.call('task.create', { title: 'Four' })
    expect(await titles(caller)).toEqual(['One', 'Two', 'Three', 'Four'])
  })

  it('[Y4] made for other settings it is made again: keys and kinds follow the settings', async () => {
    const workspace = await threeTasks()
    const other = { ...workspace, config: { ...workspace.config, prefix: 'WEB' } }
    expect((await ask(other, (caller) => caller.call('tasks.list', {}))).tasks.map(({ key }) => key)).toEqual([
      'WEB-1',
      'WEB-2',
      'WEB-3',
    ])
    workspace.commits = other.commits
    expect((await ask(workspace, (caller) => caller.call('tasks.list', {}))).tasks.map(({ key }) => key)).toEqual([
      'T-1',
      'T-2',
      'T-3',
    ])
  })
})

describe('a summary that is not of now', () => {
  it('[Y5] what a process committed before it died is there for the next', async () => {
    const workspace = await threeTasks()
    const files = new Map(workspace.files)
    const project = openProject(workspace)
    await project.caller.call('tasks.update', { keys: ['T-3'], changes: { title: 'Third', body: 'new body' } })
    crash(workspace)
    // The disk took the commit, and nothing of the summary.
    workspace.files.clear()
    for (const [name, bytes] of files) workspace.files.set(name, bytes)
    expect(await ask(workspace, titles)).toEqual(['One', 'Two', 'Third'])
    expect(await ask(workspace, bodies)).toEqual(['Body of One\nand more', 'Body of Two\nand more', 'new body'])
    await expectHealthy(workspace)
    await expectTrueSummary(workspace)
  })

  it('[Y5] the same when the first to come writes instead of reading', async () => {
    const workspace = await threeTasks()
    const files = new Map(workspace.files)
    const project = openProject(workspace)
    await project.caller.call('task.create', { title: 'Four' })
    crash(workspace)
    workspace.files.clear()
    for (const [name, bytes] of files) workspace.files.set(name, bytes)
    const five = await ask(workspace, (caller) => caller.call('task.create', { title: 'Five' }))
    expect(five.task.key).toBe('T-5')
    expect(await ask(workspace, titles)).toEqual(['One', 'Two', 'Three', 'Four', 'Five'])
    await expectTrueSummary(workspace)
  })

  it('[Y5] a reader that was open before sees what another process wrote', async () => {
    const workspace = await threeTasks()
    await using reader = openProject(workspace)
    expect((await reader.caller.call('task.get', { key: 'T-1' })).task.title).toBe('One')
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'First', body: 'new' } }),
    )
    expect((await reader.caller.call('task.get', { key: 'T-1' })).task).toMatchObject({ title: 'First', body: 'new' })
    expect(await titles(reader.caller)).toEqual(['First', 'Two', 'Three'])
  })

  it('[Y6] the texts have lost their end when the machine starts again: bodies are right all the same', async () => {
    for (const rest of [() => 0, () => 1, (length: number) => length - 1]) {
      const workspace = await threeTasks()
      const name = textsOf(workspace)
      const whole = bytesOf(workspace, name)
      workspace.files.set(name, whole.slice(0, rest(whole.length)))
      workspace.commits += 1000 // the start of the machine is part of the mark
      expect(await ask(workspace, bodies)).toEqual(['One', 'Two', 'Three'].map((title) => `Body of ${title}\nand more`))
      await expectTrueSummary(workspace)
    }
  })

  it('[Y6] the texts are gone: bodies, searches and further writing are right all the same', async () => {
    const workspace = await threeTasks()
    workspace.files.delete(textsOf(workspace))
    expect(await ask(workspace, bodies)).toEqual(['One', 'Two', 'Three'].map((title) => `Body of ${title}\nand more`))
    workspace.files.delete(textsOf(workspace))
    const found = await ask(workspace, (caller) => caller.call('tasks.search', { words: 'body two' }))
    expect(found.tasks.map(({ title }) => title)).toEqual(['Two'])
    await using project = openProject(workspace)
    await project.hold()
    workspace.files.delete(textsOf(workspace))
    await turned(workspace, project.caller.call('tasks.update', { keys: ['T-3'], changes: { title: 'Third' } }))
    expect(await turned(workspace, bodies(project.caller))).toEqual(
      ['One', 'Two', 'Three'].map((title) => `Body of ${title}\nand more`),
    )
    expect(await turned(workspace, titles(project.caller))).toEqual(['One', 'Two', 'Third'])
    await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
  })
})
