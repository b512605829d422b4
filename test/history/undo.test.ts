/** Taking a change back: a new change, made only while everything is as the old one left it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Caller, ChangeView, MethodName, Params, TaskDetail } from '../../src/internal.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'
import { listed, pair, set, task, values, type Pair } from '../workspace/pair.ts'
import { expectTrueSummary, turned } from '../workspace/world.ts'

type Step = { [Name in MethodName]: readonly [Name, Params<Name>] }[MethodName]

/** Two tasks with something in every field. */
async function twoTasks(): Promise<MemoryWorkspace> {
  const workspace = memoryWorkspace()
  await once(workspace, async (caller) => {
    await caller.call('task.create', {
      title: 'Fix',
      body: 'one two\nthree\n',
      labels: ['web'],
      assignees: ['sara'],
      priority: 'low',
      fields: { estimate: 3 },
    })
    await caller.call('task.create', { title: 'Other' })
    await caller.call('task.create', { title: 'Deleted' })
    await caller.call('tasks.delete', { keys: ['T-3'] })
  })
  await workspace.runtime.advance(1000)
  return workspace
}

/** All that people see of all tasks, but for when it was written. */
async function everything(caller: Caller): Promise<readonly unknown[]> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  const all = await Promise.all(tasks.map(({ uid }) => caller.call('task.get', { key: uid })))
  return all.map(({ task: view }) => plain(view))
}

function plain(view: TaskDetail): unknown {
  return { ...view, updatedAt: undefined }
}

const undo = (caller: Caller, params: Params<'history.undo'> = {}): Promise<unknown> =>
  caller.call('history.undo', params)

async function newest(caller: Caller): Promise<ChangeView> {
  const [change] = (await caller.call('history.list', { limit: 1 })).changes
  if (change === undefined) throw new Error('nothing has happened')
  return change
}

const refusedWith = (code: string, details: Record<string, unknown> = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) })

const STEPS: readonly Step[] = [
  ['tasks.update', { keys: ['T-1'], changes: { title: 'Mend' } }],
  ['tasks.update', { keys: ['T-1'], changes: { status: 'doing', priority: null } }],
  ['tasks.update', { keys: ['T-1', 'T-2'], changes: { priority: 'high', addLabels: ['x'], removeLabels: ['web'] } }],
  ['tasks.update', { keys: ['T-1'], changes: { labels: [], assignees: ['bob', 'eve'] } }],
  ['tasks.update', { keys: ['T-1'], changes: { dependsOn: ['T-2'], parent: 'T-2' } }],
  ['tasks.update', { keys: ['T-1'], changes: { fields: { estimate: null, due: '2026-01-01' } } }],
  ['tasks.update', { keys: ['T-1'], changes: { body: 'one 2\nthree\nfour\n' } }],
  ['tasks.update', { keys: ['T-1'], changes: { body: '' } }],
  ['tasks.update', { keys: ['T-2'], changes: { body: 'a first body', title: 'With a body' } }],
  ['tasks.update', { keys: ['T-1', 'T-2'], changes: { body: 'the same for both\n' } }],
  ['tasks.transition', { keys: ['T-1', 'T-2'], to: 'done' }],
  ['task.move', { key: 'T-1', after: 'T-2' }],
  ['task.move', { key: 'T-1', parent: 'T-2', before: 'T-2' }],
  ['task.comment', { key: 'T-1', text: 'said too soon' }],
  ['tasks.delete', { keys: ['T-1'] }],
  ['tasks.restore', { keys: ['T-3'] }],
]

describe('undo', () => {
  it.each(STEPS)(
    '[H5] takes %s %j back as a new change, in another process, and that one again by its id',
    async (method, params) => {
      const workspace = await twoTasks()
      const before = await once(workspace, everything)
      await once(workspace, (caller) => caller.call<MethodName>(method, params))
      const after = await once(workspace, everything)
      expect(after).not.toEqual(before)
      const change = await once(workspace, newest)

      const { change: undone } = await once(workspace, (caller) => caller.call('history.undo', {}, { actor: 'bob' }))
      expect(undone).toMatchObject({ verb: 'undo', undoes: change.id, by: { name: 'bob' } })
      expect(await once(workspace, everything)).toEqual(before)
      await expectTrueSummary(workspace)
      const [last, first] = (await once(workspace, (caller) => caller.call('history.list', { limit: 2 }))).changes
      expect([last?.id, last?.undoes, first?.id, first?.undoneBy]).toEqual([undone.id, change.id, change.id, undone.id])

      await once(workspace, (caller) => undo(caller, { change: undone.id }))
      expect(await once(workspace, everything)).toEqual(after)
      await expectTrueSummary(workspace)
    },
  )

  it('[H5] takes a creation back by deleting, and that by restoring', async () => {
    const workspace = await twoTasks()
    await once(workspace, (caller) => caller.call('task.create', { title: 'New', body: 'words', labels: ['a'] }))
    await once(workspace, (caller) => undo(caller))
    const deleted = await once(workspace, (caller) => caller.call('task.get', { key: 'T-4' }))
    expect([deleted.task.deleted, deleted.task.body, deleted.task.conflicts]).toEqual([true, 'words', []])
    const { id } = await once(workspace, newest)
    await once(workspace, (caller) => undo(caller, { change: id }))
    expect((await once(workspace, (caller) => caller.call('task.get', { key: 'T-4' }))).task.deleted).toBe(false)
    await expectTrueSummary(workspace)
  })

  it('[H5] one after the other goes back step by step to the beginning', async () => {
    const workspace = await twoTasks()
    const states = [await once(workspace, everything)]
    const steps = STEPS.slice(0, 14)
    for (const [method, params] of steps) {
      await workspace.runtime.advance(1000)
      await once(workspace, (caller) => caller.call<MethodName>(method, params))
      states.push(await once(workspace, everything))
    }
    for (let n = steps.length - 1; n >= 0; n--) {
      await once(workspace, (caller) => undo(caller))
      expect(await once(workspace, everything)).toEqual(states[n])
    }
    await expectTrueSummary(workspace)
  })

  it('[H6] means the newest change made here of that task, and by its id any change', async () => {
    const workspace = await twoTasks()
    await using project = openProject(workspace)
    const { caller } = project
    await set(caller, { status: 'doing' })
    const { id } = await newest(caller)
    await caller.call('tasks.update', { keys: ['T-2'], changes: { status: 'done' } })
    await undo(caller, { key: 'T-1' })
    expect((await everything(caller)).slice(0, 2)).toMatchObject([{ status: 'todo' }, { status: 'done' }])
    await expect(undo(caller, { change: id })).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
    await expect(undo(caller, { change: 'nosuchid' })).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
  })

  it('[H6] finds nothing where nothing was done here', async () => {
    const workspace = memoryWorkspace()
    await expect(once(workspace, (caller) => undo(caller))).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
    await using both = await pair()
    await expect(undo(both.two)).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
    const { id } = await newest(both.two)
    await expect(undo(both.two, { change: id })).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
  })

  it('[H6] a purge cannot be taken back, nor what came before it', async () => {
    const workspace = await twoTasks()
    await using project = openProject(workspace)
    const { caller } = project
    await set(caller, { status: 'doing' })
    const set1 = await newest(caller)
    await caller.call('tasks.delete', { keys: ['T-1'] })
    await caller.call('tasks.purge', { keys: ['T-1'], confirmed: true })
    const purge = await newest(caller)
    expect(purge.verb).toBe('purge')
    await expect(undo(caller, { change: purge.id })).rejects.toThrow(refusedWith('CHANGE_NOT_FOUND'))
    await expect(undo(caller, { change: set1.id })).rejects.toThrow(
      refusedWith('CHANGED_SINCE', { key: 'T-1', field: 'status' }),
    )
    await expect(undo(caller)).rejects.toThrow(refusedWith('CHANGED_SINCE', { key: 'T-1', field: 'deleted' }))
    expect((await newest(caller)).id).toBe(purge.id)
  })
})

describe('undo of what has changed since', () => {
  it.each<readonly [string, Step, Step, string]>([
    [
      'another value',
      ['tasks.update', { keys: ['T-1'], changes: { status: 'doing' } }],
      ['tasks.update', { keys: ['T-1'], changes: { status: 'done' } }],
      'status',
    ],
    [
      'the value from before, written again',
      ['tasks.update', { keys: ['T-1'], changes: { status: 'doing' } }],
      ['tasks.update', { keys: ['T-1'], changes: { status: 'todo' } }],
      'status',
    ],
    [
      'an element taken out again',
      ['tasks.update', { keys: ['T-1'], changes: { addLabels: ['x'] } }],
      ['tasks.update', { keys: ['T-1'], changes: { removeLabels: ['x'] } }],
      'labels',
    ],
    [
      'one of several fields',
      ['tasks.update', { keys: ['T-1'], changes: { title: 'A', priority: 'high' } }],
      ['tasks.update', { keys: ['T-1'], changes: { priority: 'low' } }],
      'priority',
    ],
    [
      'one of several tasks',
      ['tasks.update', { keys: ['T-1', 'T-2'], changes: { status: 'doing' } }],
      ['tasks.update', { keys: ['T-2'], changes: { status: 'done' } }],
      'status',
    ],
    [
      'a task that was worked on',
      ['task.create', { title: 'New' }],
      ['task.comment', { key: 'T-4', text: 'started' }],
      'comments',
    ],
    [
      'a task whose body was written',
      ['task.create', { title: 'New' }],
      ['tasks.update', { keys: ['T-4'], changes: { body: 'x' } }],
      'body',
    ],
    [
      'a deletion that was restored',
      ['tasks.delete', { keys: ['T-1'] }],
      ['tasks.restore', { keys: ['T-1'] }],
      'deleted',
    ],
  ])('[H7] is refused, saying what, and changes nothing: %s', async (_, [method, params], [then, more], field) => {
    const workspace = await twoTasks()
    await once(workspace, (caller) => caller.call<MethodName>(method, params))
    const { id } = await once(workspace, newest)
    await once(workspace, (caller) => caller.call<MethodName>(then, more))
    const before = await once(workspace, everything)
    await expect(once(workspace, (caller) => undo(caller, { change: id }))).rejects.toThrow(
      refusedWith('CHANGED_SINCE', { field }),
    )
    expect(await once(workspace, everything)).toEqual(before)
    expect((await once(workspace, newest)).verb).not.toBe('undo')
  })

  it('[H7] is refused when another workspace wrote since, also what is not shown', async () => {
    await using both = await pair()
    await set(both.two, { status: 'blocked' })
    await both.later()
    await set(both.one, { status: 'doing' })
    const { id } = await newest(both.one)
    await both.meet()
    expect((await values(both.one))['status']).toEqual(['doing', 'blocked'])
    await expect(undo(both.one, { change: id })).rejects.toThrow(refusedWith('CHANGED_SINCE', { field: 'status' }))
    await both.finish()
  })

  it('[H7] of what others did not touch goes through, and keeps all that they did', async () => {
    await using both = await pair({ title: 'Fix', labels: ['a'] })
    await set(both.one, { title: 'Mend', addLabels: ['b'] })
    await set(both.two, { status: 'doing', addLabels: ['c'] })
    await both.meet()
    await undo(both.one)
    await both.meet()
    expect(await task(both.two)).toMatchObject({ title: 'Fix', status: 'doing', labels: ['a', 'c'] })
    await both.finish()
  })

  it('[H7] brings back every value that a settled conflict had, the shown one shown', async () => {
    for (const settle of [{ take: 1 }, { value: 'review' }]) {
      await using both = await pair()
      await set(both.one, { status: 'doing' })
      await both.later()
      await set(both.two, { status: 'done' })
      await both.meet()
      await both.one.call('conflict.resolve', { key: 'T-1', field: 'status', ...settle })
      await undo(both.one)
      await both.meet()
      expect(await values(both.two)).toEqual({ status: ['done', 'doing'] })
      await both.finish()
    }
  })
})

describe('undo of a body', () => {
  it('[H8] takes out only its own characters and puts back only what it took: what others wrote meanwhile stays', async () => {
    await using both = await pair({ title: 'Fix', body: 'alpha beta gamma\n' })
    await set(both.one, { body: 'alpha BETA gamma delta\n' })
    await set(both.two, { body: 'first line\nalpha beta gamma\nlast line\n' })
    await both.meet()
    expect((await task(both.one)).body).toBe('first line\nalpha BETA gamma delta\nlast line\n')
    await undo(both.one, { key: 'T-1' })
    await both.meet()
    for (const caller of [both.one, both.two])
      expect((await task(caller)).body).toBe('first line\nalpha beta gamma\nlast line\n')
    await both.finish()
  })

  it('[H8] leaves what was typed into the middle of it', async () => {
    await using both = await pair({ title: 'Fix', body: 'start end\n' })
    await set(both.one, { body: 'start one two three end\n' })
    const { id } = await newest(both.one)
    await both.meet()
    await set(both.two, { body: 'start one 2 and more three end\n' })
    await both.meet()
    await undo(both.one, { change: id })
    await both.meet()
    const { body } = await task(both.two)
    expect(body).toMatch(/^start .*2 and more.* ?end\n$/)
    expect(body).not.toMatch(/one|three/)
    await both.finish()
  })

  it('[H8] any edit of any text is taken back to the letter, and once more', async () => {
    const words = fc.constantFrom('alpha', 'beta', '\n', ' ', '\u{1f600}', '\u00e9', 'a', 'b')
    const texts = fc.array(words, { maxLength: 14 }).map((list) => list.join(''))
    await fc.assert(
      fc.asyncProperty(texts, texts, texts, async (first, second, third) => {
        fc.pre(second !== third)
        const workspace = memoryWorkspace()
        await using project = openProject(workspace)
        const { caller } = project
        await caller.call('task.create', { title: 'Fix', body: first })
        await set(caller, { body: second })
        await set(caller, { body: third })
        await undo(caller)
        expect((await task(caller)).body).toBe(second)
        const { id } = await newest(caller)
        await undo(caller, { change: id })
        expect((await task(caller)).body).toBe(third)
      }),
      { numRuns: 300 },
    )
  })

  it('[H8] a series of edits is taken back one by one, each to the letter, and then again in the other direction', async () => {
    const words = fc.constantFrom('alpha', 'beta ', '\n', ' ', '\u{1f600}', 'x', 'gamma\n')
    const texts = fc.array(
      fc.array(words, { maxLength: 10 }).map((list) => list.join('')),
      { minLength: 2, maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(texts, async (list) => {
        const bodies = list.filter((body, n) => n === 0 || body !== list[n - 1])
        const workspace = memoryWorkspace()
        await using project = openProject(workspace)
        const { caller } = project
        await caller.call('task.create', { title: 'Fix', body: bodies[0] ?? '' })
        for (const body of bodies.slice(1)) await set(caller, { body })
        const undoings: string[] = []
        for (const body of bodies.slice(0, -1).reverse()) {
          await undo(caller)
          expect((await task(caller)).body).toBe(body)
          undoings.unshift((await newest(caller)).id)
        }
        for (const [n, body] of bodies.slice(1).entries()) {
          await undo(caller, { change: undoings[n] ?? '' })
          expect((await task(caller)).body).toBe(body)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('[H8] is refused when another body is shown by now', async () => {
    await using both = await withRival()
    await set(both.one, { body: 'Ours, mended\n' })
    const { id } = await newest(both.one)
    await both.one.call('conflict.resolve', { key: 'T-1', field: 'body', take: 1 })
    await expect(undo(both.one, { change: id })).rejects.toThrow(
      refusedWith('CHANGED_SINCE', { key: 'T-1', field: 'body' }),
    )
    expect((await newest(both.one)).verb).toBe('resolve')
    expect((await task(both.one)).body).toBe('A file\n')
    await both.finish()
  })

  it('[H8] of a settled conflict lists the rival bodies again', async () => {
    for (const settle of [{ take: 1 }, { take: 0 }, { value: 'Neither\n' }]) {
      await using both = await withRival()
      const before = await values(both.one)
      expect(before).toEqual({ body: ['Ours\n', 'A file\n'] })
      await both.one.call('conflict.resolve', { key: 'T-1', field: 'body', ...settle })
      expect(await listed(both.one)).toEqual([])
      await undo(both.one)
      expect([(await task(both.one)).body, await values(both.one)]).toEqual(['Ours\n', before])
      await both.meet()
      expect(await values(both.two)).toEqual(before)
      await both.finish()
    }
  })

  it('[H8] knows the first text of a body in a process that did not load it', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => caller.call('task.create', { title: 'Fix', body: 'first words' }))
    await once(workspace, (caller) => undo(caller))
    const undoing = await once(workspace, newest)
    await once(workspace, (caller) => undo(caller, { change: undoing.id }))
    await once(workspace, (caller) => set(caller, { status: 'doing' }))
    await turned(
      workspace,
      once(workspace, (_, project) => project.rebuild()),
    )
    expect((await once(workspace, task)).body).toBe('first words')
    await expectTrueSummary(workspace)
  })
})

/** T-1 has a body of its own, and a file says another. */
async function withRival(): Promise<Pair> {
  const both = await pair({ title: 'Fix', body: 'Ours\n' })
  await both.readFile({ b: 'A file\n' })
  await both.meet()
  return both
}
