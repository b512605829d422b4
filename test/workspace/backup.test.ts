/** A whole project as one file, and back: nothing is lost on either way, and a damaged file is refused whole. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { TaskError, type Caller, type TaskDetail } from '../../src/internal.ts'
import { longHash } from '../../src/task/hash.ts'
import { fromBase64, makeBackup, parseBackup, recoverBackup, toBase64 } from '../../src/workspace/backup.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { thrownBy } from './task-states.ts'
import { expectHealthy, expectTrueSummary, meet, sibling, turned } from './world.ts'

/** A project with a bit of everything: bodies, comments, a conflict, a deleted and a purged task. */
async function full(seed = 1): Promise<MemoryWorkspace> {
  const workspace = memoryWorkspace({ seed })
  await once(workspace, async (caller) => {
    await caller.call('task.create', { title: 'One', body: 'first\n', labels: ['a'], fields: { estimate: 3 } })
    await caller.call('tasks.update', {
      keys: ['T-1'],
      changes: { body: 'first\nsecond \u{1f600}\n', status: 'doing' },
    })
    await caller.call('task.create', { title: 'Two', dependsOn: ['T-1'], parent: 'T-1' })
    await caller.call('task.comment', { key: 'T-2', text: 'said' })
    for (const title of ['Deleted', 'Purged']) await caller.call('task.create', { title })
    await caller.call('tasks.delete', { keys: ['T-3', 'T-4'] })
    await caller.call('tasks.purge', { keys: ['T-4'], confirmed: true })
  })
  const other = { ...sibling(workspace, seed + 100), runtime: workspace.runtime }
  const projects = [openProject(workspace), openProject(other)] as const
  await meet(...projects)
  await projects[0].caller.call('tasks.update', { keys: ['T-2'], changes: { priority: 'high' } })
  await projects[1].caller.call('tasks.update', { keys: ['T-2'], changes: { priority: 'low' } })
  await meet(...projects)
  for (const project of projects) await project[Symbol.asyncDispose]()
  return workspace
}

function empty(of: MemoryWorkspace, seed = 50): MemoryWorkspace {
  return { ...sibling(of, seed), runtime: of.runtime }
}

const backedUp = async (workspace: MemoryWorkspace): Promise<string> =>
  (await once(workspace, (caller) => caller.call('workspace.backup', {}))).backup

const recover = (workspace: MemoryWorkspace, backup: string): Promise<{ tasks: number; changed: number }> =>
  turned(
    workspace,
    once(workspace, (caller) => caller.call('workspace.recover', { backup })),
  )

async function tasksOf(caller: Caller): Promise<readonly TaskDetail[]> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Promise.all(tasks.map(async ({ uid }) => (await caller.call('task.get', { key: uid })).task))
}

describe('a backup', () => {
  it('[R1] makes of an empty workspace what it was: tasks, bodies, comments, conflicts, history', async () => {
    const workspace = await full()
    const backup = await backedUp(workspace)
    const copy = empty(workspace)
    expect(await recover(copy, backup)).toEqual({ tasks: 2, changed: 4 })
    const see = async (caller: Caller): Promise<unknown> => [
      await tasksOf(caller),
      (await caller.call('conflicts.list', {})).conflicts.map(({ values }) =>
        values.map(({ id, value }) => [id, value]),
      ),
    ]
    expect(await once(copy, see)).toEqual(await once(workspace, see))
    const before = (await once(workspace, (caller) => caller.call('history.list', {}))).changes
    const after = (await once(copy, (caller) => caller.call('history.list', {}))).changes
    expect(after.map(({ verb }) => verb)).toEqual(['recover', ...before.map(({ verb }) => verb)])
    expect(after.slice(1)).toEqual(before)
    await expectTrueSummary(copy)
    await expectHealthy(copy)
  })

  it('[R2] merges into a workspace that has tasks of its own: all of both are there', async () => {
    const workspace = await full()
    const backup = await backedUp(workspace)
    const other = empty(workspace, 7)
    await once(other, (caller) => caller.call('task.create', { title: 'Ours', body: 'our body' }))
    await once(other, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'our body, edited' } }))
    await recover(other, backup)
    const tasks = await once(other, tasksOf)
    expect(tasks.map(({ title, body }) => `${title}: ${body}`).sort()).toEqual([
      'Deleted: ',
      'One: first\nsecond \u{1f600}\n',
      'Ours: our body, edited',
      'Two: ',
    ])
    expect(new Set(tasks.map(({ key }) => key)).size).toBe(4)
    await expectTrueSummary(other)
    await expectHealthy(other)
  })

  it('[R2] loses nothing of what was written since it was made', async () => {
    const workspace = await full()
    const backup = await backedUp(workspace)
    await workspace.runtime.advance(1000)
    await once(workspace, async (caller) => {
      await caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Later', body: 'later\n' } })
      await caller.call('task.create', { title: 'New' })
    })
    const before = await once(workspace, tasksOf)
    const answer = await recover(workspace, backup)
    expect(answer.changed).toBe(0)
    expect(await once(workspace, tasksOf)).toEqual(before)
  })

  it('[R3] recovered twice changes nothing the second time, not even the history', async () => {
    const workspace = await full()
    const backup = await backedUp(workspace)
    const copy = empty(workspace)
    await recover(copy, backup)
    const before = await once(copy, async (caller) => [await tasksOf(caller), await caller.call('history.list', {})])
    expect(await recover(copy, backup)).toEqual({ tasks: 2, changed: 0 })
    expect(await once(copy, async (caller) => [await tasksOf(caller), await caller.call('history.list', {})])).toEqual(
      before,
    )
  })

  it('[R4] brings its numbers along: those of purged tasks are not given again, whatever the prefix', async () => {
    for (const prefix of ['T', 'V2', 'a9_7']) {
      const workspace = memoryWorkspace()
      const named = { ...workspace, config: { ...workspace.config, prefix } }
      await once(named, async (caller) => {
        for (let n = 1; n <= 12; n++) await caller.call('task.create', { title: `Task ${n}` })
        await caller.call('tasks.delete', { keys: ['12'] })
        await caller.call('tasks.purge', { keys: ['12'], confirmed: true })
      })
      const copy = empty(named)
      await recover(copy, await backedUp(named))
      const { task } = await once(copy, (caller) => caller.call('task.create', { title: 'Next' }))
      expect(task.key).toBe(`${prefix}-13`)
    }
  })

  it('[R4] writes go on in the recovered workspace without touching what the first one writes', async () => {
    const workspace = await full()
    const copy = empty(workspace)
    await recover(copy, await backedUp(workspace))
    await once(copy, (caller) =>
      caller.call('tasks.update', { keys: ['T-1'], changes: { addLabels: ['copy'], body: 'first\nsecond\n' } }),
    )
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { addLabels: ['first'] } }))
    await recover(copy, await backedUp(workspace))
    const { task } = await once(copy, (caller) => caller.call('task.get', { key: 'T-1' }))
    expect([task.labels, task.body, task.status]).toEqual([['a', 'copy', 'first'], 'first\nsecond\n', 'doing'])
    await expectTrueSummary(copy)
  })
})

describe('a damaged backup', () => {
  let whole = new Uint8Array()
  beforeAll(async () => {
    await using project = openProject(await full())
    whole = new Uint8Array(await makeBackup(project))
  })
  const content = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

  function refusedOrSame(bytes: Uint8Array): boolean {
    const cause = thrownBy(() => parseBackup(bytes))
    // Where it is taken only what stands between the values may differ: nothing of what they say.
    if (cause === undefined && !isDeepStrictEqual(content(bytes), content(whole)))
      throw new Error('damage was taken for truth')
    if (cause !== undefined && !(cause instanceof TaskError && cause.code === 'BACKUP_INVALID'))
      throw new Error('not refused but broken', { cause })
    return cause !== undefined
  }

  it('[R5] with any byte changed is refused whole', () => {
    const bytes = whole
    let refused = 0
    for (let n = 0; n < 200; n++) {
      const place = Math.floor((n * bytes.length) / 200) + (n % 7)
      const bad = bytes.slice()
      bad[Math.min(place, bytes.length - 1)] = (bad[Math.min(place, bytes.length - 1)] ?? 0) ^ (1 << (n % 8))
      if (refusedOrSame(bad)) refused++
    }
    expect(refused).toBe(200)
  })

  it('[R5] cut anywhere is refused whole', () => {
    const bytes = whole
    for (let n = 0; n < 100; n++)
      expect(refusedOrSame(bytes.slice(0, Math.floor((n * (bytes.length - 2)) / 100)))).toBe(true)
    expect(refusedOrSame(bytes.slice(0, -2))).toBe(true)
    expect(refusedOrSame(bytes.slice(0, -1))).toBe(false) // the line end says nothing
  })

  it('[R5] that is refused changes nothing', async () => {
    const bytes = whole
    const workspace = memoryWorkspace({ seed: 9 })
    await once(workspace, (caller) => caller.call('task.create', { title: 'Ours' }))
    const bad = bytes.slice()
    bad[1000] = (bad[1000] ?? 0) ^ 1
    await expect(recover(workspace, toBase64(bad))).rejects.toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }))
    expect((await once(workspace, tasksOf)).map(({ title }) => title)).toEqual(['Ours'])
    expect((await once(workspace, (caller) => caller.call('history.list', {}))).changes).toHaveLength(1)
  })

  it('[R5] made up with a sum that fits is refused when a part is missing, and changes nothing when its document is none', async () => {
    const made = (parts: Record<string, unknown>): Uint8Array => {
      const file = {
        kind: 'tidemark-backup',
        version: 1,
        config: {},
        lastNumber: 1,
        document: 'AAA=',
        history: [],
        ...parts,
      }
      const plain: unknown = JSON.parse(JSON.stringify(file))
      return new TextEncoder().encode(JSON.stringify({ ...Object(plain), sum: longHash(JSON.stringify(plain)) }))
    }
    expect(parseBackup(made({})).document).toEqual(new Uint8Array([0, 0]))
    const bads = [
      { kind: 'other' },
      { version: 2 },
      { version: { toString: null } },
      { document: 7 },
      { document: undefined },
      { history: {} },
      { lastNumber: '9' },
    ]
    for (const parts of bads)
      expect(() => parseBackup(made(parts))).toThrow(expect.objectContaining({ code: 'BACKUP_INVALID' }))

    const workspace = memoryWorkspace({ seed: 9 })
    await using project = openProject(workspace)
    await project.caller.call('task.create', { title: 'Ours' })
    const backup = parseBackup(made({ document: toBase64(new Uint8Array([9, 9, 9, 9, 1])) }))
    await expect(recoverBackup(project, backup, null)).rejects.toThrow(
      expect.objectContaining({ code: 'DOCUMENT_INVALID' }),
    )
    expect((await turned(workspace, tasksOf(project.caller))).map(({ title }) => title)).toEqual(['Ours'])
    await turned(workspace, project.caller.call('task.create', { title: 'More' }))
    await project[Symbol.asyncDispose]()
    await expectTrueSummary(workspace)
  })
})

describe('base64', () => {
  it('[R6] is that of everyone, in both directions', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(toBase64(bytes)).toBe(text)
        expect([...fromBase64(text)]).toEqual([...bytes])
      }),
    )
  })

  it('[R6] with other characters in it is refused', () => {
    for (const text of ['a b', 'ab-_', '\u00fc', 'YQ==YQ=='])
      expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
