/** The method table: every method answers, whoever asks; what is no method and what are no params is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createCaller,
  createWorkspace,
  isMethod,
  Project,
  type Caller,
  type MethodName,
  type Params,
} from '../../src/internal.ts'
import { memoryWorkspace, once, openProject } from '../support/project.ts'
import { documentOf, expectTrueSummary, turned } from './world.ts'

type Asked = { readonly [Name in MethodName]: Params<Name> }

/** One sensible call of each method, in an order that makes sense: a method without one does not compile. */
const ASKED: Asked = {
  'server.info': {},
  'task.create': { title: 'Three' },
  'tasks.list': {},
  'tasks.search': { words: 'one' },
  'task.get': { key: 'T-1' },
  'tasks.update': { keys: ['T-1'], changes: { status: 'doing' } },
  'tasks.transition': { keys: ['T-2'], to: 'done' },
  'tasks.start': { keys: ['T-1'] },
  'tasks.claim': { keys: ['T-1'] },
  'tasks.claimNext': {},
  'tasks.assign': { to: ['agent-1'] },
  'task.claim': { key: 'T-1' },
  'tasks.renew': { keys: ['T-1'] },
  'tasks.release': { keys: ['T-1'] },
  'claims.list': {},
  'task.move': { key: 'T-1', after: 'T-2' },
  'task.comment': { key: 'T-1', text: 'hello', by: 'eve' },
  'tasks.delete': { keys: ['T-2'] },
  'tasks.restore': { keys: ['T-2'] },
  'tasks.purge': { keys: ['T-9'], confirmed: true },
  'history.list': {},
  'history.undo': {},
  'conflicts.list': {},
  'conflict.resolve': { key: 'T-1', field: 'status', take: 0 },
  'workspace.status': {},
  'workspace.statuses': {},
  'workspace.sync': {},
  'workspace.settle': {},
  'workspace.backup': {},
  'workspace.recover': { backup: '' },
  'workspace.doctor': {},
}
/** What these calls come to, where it is a refusal. */
const REFUSED: Partial<Record<MethodName, string>> = {
  'tasks.purge': 'TASK_NOT_FOUND',
  'conflict.resolve': 'CONFLICT_NOT_FOUND',
  'workspace.recover': 'BACKUP_INVALID',
}

async function answers(caller: Caller): Promise<Record<string, unknown>> {
  await caller.call('task.create', { title: 'One' })
  await caller.call('task.create', { title: 'Two' })
  const found: Record<string, unknown> = {}
  for (const [method, params] of Object.entries(ASKED)) {
    if (!isMethod(method)) throw new Error(`${method} is no method`)
    found[method] = await caller.call<MethodName>(method, params).then(
      (answer) => answer,
      (cause: unknown) => (cause instanceof Error && 'code' in cause ? cause.code : cause),
    )
  }
  return found
}

describe('the method table', () => {
  it('[A1] every method answers, or refuses with its code', async () => {
    const found = await once(memoryWorkspace(), answers)
    const came = Object.entries(found).map(([method, answer]) => [
      method,
      typeof answer === 'string' ? answer : typeof answer,
    ])
    expect(came).toEqual(
      Object.keys(ASKED)
        .filter(isMethod)
        .map((method) => [method, REFUSED[method] ?? 'object']),
    )
    expect(found['server.info']).toEqual({ version: '0', pid: 1, project: expect.any(String), dir: '/project' })
    expect(found['workspace.statuses']).toMatchObject({
      statuses: [{ name: 'todo', kind: 'open' }, {}, {}, {}, {}, {}],
    })
    expect(found['workspace.status']).toMatchObject({
      workspace: { dir: '/project', format: 'native', tasks: 2 },
      owner: null,
      relay: { url: null, state: 'none' },
      unsynced: 0,
      conflicts: 0,
      problems: [{ code: 'CLAIMS_WAIT' }],
    })
  })

  it('[A2] what is no method is refused, names of objects included', async () => {
    await once(memoryWorkspace(), async (caller) => {
      for (const method of ['task.destroy', '', 'toString', '__proto__', 'constructor', 'TASK.GET', 'task.get ']) {
        expect(isMethod(method)).toBe(false)
        await expect(caller.call(method as MethodName, {} as never)).rejects.toThrow(
          expect.objectContaining({ code: 'METHOD_NOT_FOUND' }),
        )
      }
      for (const method of [undefined, null, 7, {}, { toString: null }, ['task.get']])
        await expect(caller.call(method as never, {} as never)).rejects.toThrow(
          expect.objectContaining({ code: 'METHOD_NOT_FOUND' }),
        )
    })
  })

  it('[A3] params that are no object are refused by every method', async () => {
    await once(memoryWorkspace(), async (caller) => {
      for (const method of Object.keys(ASKED).filter(isMethod)) {
        for (const params of [undefined, null, 'T-1', 7, true, [], ['T-1']])
          await expect(caller.call(method, params as never)).rejects.toThrow(
            expect.objectContaining({ code: 'INVALID_INPUT', details: expect.objectContaining({ field: 'params' }) }),
          )
      }
    })
  })

  it('[A3] whoever acts has a name of one line', async () => {
    await once(memoryWorkspace(), async (caller) => {
      for (const actor of ['', ' ', 'two\nlines', 'x'.repeat(101), '\ud800'])
        await expect(caller.call('task.create', { title: 'x' }, { actor })).rejects.toMatchObject({ exit: 2 })
      expect((await caller.call('tasks.list', {})).tasks).toEqual([])
    })
  })

  it('[A4] calls at the same time each get their answer, and numbers of their own', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => caller.call('task.create', { title: 'One', body: 'first' }))
    workspace.files.clear()
    await using project = openProject(workspace)
    const { caller } = project
    const [list, created, conflicts, history, body, more] = await Promise.all([
      caller.call('tasks.list', {}),
      caller.call('task.create', { title: 'Two' }),
      caller.call('conflicts.list', {}),
      caller.call('history.list', {}),
      caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'first and more' } }),
      caller.call('task.create', { title: 'Three' }),
    ])
    expect(list.tasks.length).toBeGreaterThanOrEqual(1)
    expect([created.task.key, more.task.key, conflicts.conflicts, body.tasks.length]).toEqual(['T-2', 'T-3', [], 1])
    expect(history.changes.length).toBeGreaterThanOrEqual(1)
    const { task } = await caller.call('task.get', { key: 'T-1' })
    expect(task.body).toBe('first and more')
  })
})

describe('many calls at once', () => {
  it('[A4] all get their answers, and the store, the document and the summary say the same afterwards', async () => {
    const calls = fc.array(
      fc.constantFrom('create', 'status', 'body', 'list', 'conflicts', 'history', 'get', 'search'),
      {
        minLength: 2,
        maxLength: 12,
      },
    )
    await fc.assert(
      fc.asyncProperty(calls, fc.boolean(), async (names, isStale) => {
        const memory = memoryWorkspace()
        await once(memory, (caller) => caller.call('task.create', { title: 'One', body: 'zero' }))
        if (isStale) memory.files.clear()
        const project = openProject(memory)
        const { caller } = project
        const call = (name: string, n: number): Promise<unknown> => {
          if (name === 'create') return caller.call('task.create', { title: `Task ${n}`, body: `body ${n}` })
          if (name === 'status') return caller.call('tasks.update', { keys: ['T-1'], changes: { fields: { n } } })
          if (name === 'body') return caller.call('tasks.update', { keys: ['T-1'], changes: { body: `body ${n}` } })
          if (name === 'list') return caller.call('tasks.list', {})
          if (name === 'conflicts') return caller.call('conflicts.list', {})
          if (name === 'history') return caller.call('history.list', {})
          return name === 'get'
            ? caller.call('task.get', { key: 'T-1' })
            : caller.call('tasks.search', { words: 'body' })
        }
        await turned(memory, Promise.all(names.map(call)))
        const { tasks } = await project.replica()
        expect(tasks.count).toBe(1 + names.filter((name) => name === 'create').length)
        const bodies = names.flatMap((name, n) => (name === 'body' ? [`body ${n}`] : []))
        expect((await caller.call('task.get', { key: 'T-1' })).task.body).toBe(bodies.at(-1) ?? 'zero')
        await project[Symbol.asyncDispose]()
        await expectTrueSummary(memory)
        expect((await documentOf(memory)).doc.store.pendingStructs).toBeNull()
      }),
      { numRuns: 150 },
    )
  })
})

describe('a workspace for programs', () => {
  it('[Z3] has a handle for each method, and says what it does in the same words', async () => {
    const memory = memoryWorkspace()
    await using opened = openProject(memory)
    const live = new Project({ ...opened.world, live: true })
    const heard: string[] = []
    await using workspace = createWorkspace({
      dir: '/project',
      call: (method, params, options) => opened.caller.call(method, params, options),
      on: (name, listener) => live.on(name, listener),
      [Symbol.asyncDispose]: () => live[Symbol.asyncDispose](),
    })
    using _listening = workspace.on('changed', ({ tasks, verb }) => heard.push(`${verb} ${tasks.length}`))
    const { tasks, history, conflicts } = workspace
    const one = await tasks.add({ title: 'One', body: 'words' })
    await tasks.add({ title: 'Two' })
    expect((await tasks.set(one.key, { priority: 'high' }))[0]?.priority).toBe('high')
    expect((await tasks.set(['T-1', 'T-2'], { addLabels: ['x'] })).map(({ labels }) => labels)).toEqual([['x'], ['x']])
    expect((await tasks.start('T-1'))[0]?.status).toBe('doing')
    expect((await tasks.done('T-1', 'T-2')).map(({ status }) => status)).toEqual(['done', 'done'])
    expect((await tasks.drop('T-1'))[0]?.status).toBe('dropped')
    expect((await tasks.reopen('T-1', 'T-2')).map(({ status }) => status)).toEqual(['todo', 'todo'])
    expect((await tasks.move('T-2', { before: 'T-1' })).key).toBe('T-2')
    expect((await tasks.comment('T-1', 'hello')).text).toBe('hello')
    expect((await tasks.list()).map(({ key }) => key)).toEqual(['T-2', 'T-1'])
    expect((await tasks.ready({ label: ['x'] })).map(({ key }) => key)).toEqual(['T-2', 'T-1'])
    expect((await tasks.search('words')).map(({ key }) => key)).toEqual(['T-1'])
    expect((await tasks.delete('T-2'))[0]?.deleted).toBe(true)
    expect((await tasks.restore('T-2'))[0]?.deleted).toBe(false)
    expect((await tasks.get('T-1')).comments).toHaveLength(1)
    expect((await history.undo()).change.verb).toBe('undo')
    expect((await history.list({ limit: 1 }))[0]?.verb).toBe('undo')
    expect(await conflicts.list()).toEqual([])
    await expect(conflicts.resolve('T-1', 'status', { take: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'CONFLICT_NOT_FOUND' }),
    )
    expect((await workspace.status()).workspace.tasks).toBe(1)
    expect([workspace.dir, heard]).toEqual(['/project', []])
  })

  it('[Z3] that lives hears of every change, what was written and by which verb', async () => {
    const memory = memoryWorkspace()
    await using opened = openProject(memory)
    await using project = new Project({ ...opened.world, live: true })
    const caller = createCaller(project, { version: '0', pid: 1, since: 'now' })
    const heard: string[] = []
    {
      using _listening = project.on('changed', ({ tasks, change }) =>
        heard.push(`${change.verb}: ${tasks.map(({ title }) => title).join()}`),
      )
      await caller.call('task.create', { title: 'One' })
      await caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Uno' } })
      await caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Uno' } })
      await caller.call('tasks.delete', { keys: ['T-1'] })
      await caller.call('tasks.purge', { keys: ['T-1'], confirmed: true })
    }
    await caller.call('task.create', { title: 'Unheard' })
    expect(heard).toEqual(['create: One', 'set: Uno', 'delete: Uno', 'purge: '])
    expect((await caller.call('workspace.status', {})).owner).toEqual({ pid: 1, since: 'now' })
  })

  it('[Z4] that is closed while it is being opened for a reader lets the store go all the same', async () => {
    for (let delay = 0; delay < 6; delay++) {
      const memory = memoryWorkspace()
      await once(memory, (caller) => caller.call('task.create', { title: 'One' }))
      memory.files.clear()
      const project = openProject(memory)
      const reading = Promise.allSettled([project.hold()])
      for (let turn = 0; turn < delay; turn++) await Promise.resolve()
      await project[Symbol.asyncDispose]()
      await reading
      expect((await once(memory, (caller) => caller.call('task.create', { title: 'Two' }))).task.key).toBe('T-2')
    }
  })

  it('[Z4] that is closed answers no writing any more; what was asked before is finished or refused, as it says', async () => {
    for (let delay = 0; delay < 12; delay++) {
      const memory = memoryWorkspace()
      await once(memory, (caller) => caller.call('task.create', { title: 'One', body: 'words' }))
      const project = openProject(memory)
      const last = Promise.allSettled([
        project.caller.call('task.create', { title: 'Two' }),
        project.caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'other words' } }),
        project.caller.call('conflicts.list', {}),
      ])
      for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => void setImmediate(resolve))
      await Promise.all([project[Symbol.asyncDispose](), project[Symbol.asyncDispose]()])
      const [created, updated, listed] = await last
      const reasons = [created, updated, listed].flatMap((outcome) =>
        outcome.status === 'rejected' ? [String(Reflect.get(Object(outcome.reason), 'code'))] : [],
      )
      expect(reasons.filter((code) => code !== 'CONNECTION_CLOSED')).toEqual([])
      await expect(project.caller.call('task.create', { title: 'Three' })).rejects.toMatchObject({
        code: 'CONNECTION_CLOSED',
      })
      await expect(project.caller.call('history.list', {})).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
      // The store is free for the next, and holds what was answered.
      const { tasks } = await once(memory, (caller) => caller.call('tasks.list', {}))
      expect(tasks.map(({ title }) => title)).toEqual(created.status === 'fulfilled' ? ['One', 'Two'] : ['One'])
      const { task } = await once(memory, (caller) => caller.call('task.get', { key: 'T-1' }))
      expect(task.body).toBe(updated.status === 'fulfilled' ? 'other words' : 'words')
      await expectTrueSummary(memory)
    }
  })
})
