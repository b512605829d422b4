/** What happened in a workspace: every verb, with who, when, and what was there before. */
import { describe, expect, it } from 'vitest'
import type { Caller, ChangeView, MethodName, Params } from '../../src/internal.ts'
import { memoryWorkspace, once, openProject } from '../support/project.ts'
import { pair, set, task } from '../workspace/pair.ts'
import { turned } from '../workspace/world.ts'

async function history(caller: Caller, params: Params<'history.list'> = {}): Promise<readonly ChangeView[]> {
  return (await caller.call('history.list', params)).changes
}

/** verb: field before → after, … */
function told({ verb, changes }: ChangeView): string {
  const edits = changes.map(
    ({ key, field, before, after }) => `${key} ${field} ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
  )
  return `${verb}: ${edits.join(', ')}`
}

type Step = { [Name in MethodName]: readonly [Name, Params<Name>, string] }[MethodName]

const STEPS: readonly Step[] = [
  [
    'task.create',
    { title: 'Fix', body: 'one two', labels: ['web'] },
    'create: T-1 title null → "Fix", T-1 status null → "todo", T-1 body null → "one two", T-1 labels [] → ["web"]',
  ],
  ['task.create', { title: 'Other' }, 'create: T-2 title null → "Other", T-2 status null → "todo"'],
  [
    'tasks.update',
    { keys: ['T-1'], changes: { title: 'Mend', priority: 'high' } },
    'set: T-1 title "Fix" → "Mend", T-1 priority null → "high"',
  ],
  [
    'tasks.update',
    { keys: ['T-1', 'T-2'], changes: { addLabels: ['x'], removeLabels: ['web'] } },
    'set: T-1 labels ["web"] → ["x"], T-2 labels [] → ["x"]',
  ],
  ['tasks.update', { keys: ['T-1'], changes: { body: 'one 2' } }, 'set: T-1 body " two" → " 2"'],
  ['tasks.update', { keys: ['T-1'], changes: { fields: { estimate: 3 } } }, 'set: T-1 estimate null → 3'],
  ['tasks.update', { keys: ['T-1'], changes: { addDependsOn: ['T-2'] } }, 'set: T-1 dependsOn [] → ["T-2"]'],
  ['tasks.transition', { keys: ['T-2'], to: 'done' }, 'set: T-2 status "todo" → "done"'],
  ['task.move', { key: 'T-1', after: 'T-2' }, 'move: T-1 order "a0" → "a2"'],
  ['task.move', { key: 'T-1', parent: 'T-2' }, 'move: T-1 parent null → "T-2"'],
  ['tasks.delete', { keys: ['T-1'] }, 'delete: T-1 deleted false → true'],
  ['tasks.restore', { keys: ['T-1'] }, 'restore: T-1 deleted true → false'],
]

describe('the history', () => {
  it('[H2] has every verb as it was, newest first, with who and when; each process reads what the others wrote', async () => {
    const workspace = memoryWorkspace()
    const expected: string[] = []
    for (const [method, params, row] of STEPS) {
      await workspace.runtime.advance(1000)
      const now = new Date(workspace.runtime.now()).toISOString()
      await once(workspace, (caller) =>
        caller.call<MethodName>(method, params, { actor: `actor of ${row.slice(0, 3)}` }),
      )
      expected.unshift(row)
      const [newest] = await once(workspace, (caller) => history(caller))
      expect(newest).toMatchObject({
        at: now,
        by: { name: `actor of ${row.slice(0, 3)}` },
        undoes: null,
        undoneBy: null,
      })
    }
    const all = await once(workspace, (caller) => history(caller))
    expect(all.map(told)).toEqual(expected)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(new Set(all.map(({ by }) => by.workspace)).size).toBe(1)
  })

  it('[H2] has comments, resolutions, undoings and purges too', async () => {
    await using both = await pair()
    await set(both.one, { status: 'doing' })
    await set(both.two, { status: 'done' })
    await both.meet()
    await both.one.call('conflict.resolve', { key: 'T-1', field: 'status', value: 'review' })
    await both.one.call('task.comment', { key: 'T-1', text: 'hello' })
    await both.one.call('history.undo', {})
    await both.one.call('tasks.delete', { keys: ['T-1'] })
    await both.one.call('tasks.purge', { keys: ['T-1'], confirmed: true })
    const rows = await history(both.one)
    expect(rows.slice(0, 6).map(({ verb }) => verb)).toEqual([
      'purge',
      'delete',
      'undo',
      'comment',
      'resolve',
      'remote',
    ])
    expect(told(rows[3] ?? never())).toBe('comment: T-1 comments null → {"by":"sara","text":"hello"}')
    expect(told(rows[0] ?? never())).toBe('purge: T-1 purged null → true')
  })

  it('[H3] of one task shows that task\u2019s part of each change, and as many as asked for', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    const { caller } = project
    for (const title of ['One', 'Two']) await caller.call('task.create', { title })
    await caller.call('tasks.update', { keys: ['T-1', 'T-2'], changes: { status: 'doing' } })
    expect((await history(caller, { key: 'T-2' })).map(told)).toEqual([
      'set: T-2 status "todo" → "doing"',
      'create: T-2 title null → "Two", T-2 status null → "todo"',
    ])
    expect((await history(caller, { limit: 2 })).map(({ verb }) => verb)).toEqual(['set', 'create'])
    expect(await history(caller, { key: 'T-1', limit: 1 })).toHaveLength(1)
    await expect(history(caller, { key: 'T-7' })).rejects.toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }))
  })

  it('[H3] keys of old rows stay those of their time', async () => {
    const workspace = memoryWorkspace()
    const rename = { ...workspace, config: { ...workspace.config, prefix: 'WEB' } }
    await once(workspace, (caller) => caller.call('task.create', { title: 'One' }))
    await turned(
      rename,
      once(rename, (caller) => caller.call('tasks.update', { keys: ['WEB-1'], changes: { status: 'done' } })),
    )
    const rows = await turned(
      rename,
      once(rename, (caller) => history(caller)),
    )
    expect(rows.map(({ changes }) => changes[0]?.key)).toEqual(['WEB-1', 'T-1'])
  })

  it('[H4] what changes nothing leaves no row, and nothing in the store', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) =>
      caller.call('task.create', { title: 'One', body: 'words', labels: ['a'], priority: 'low' }),
    )
    const before = workspace.commits
    const nothing: readonly Step[] = [
      ['tasks.update', { keys: ['T-1'], changes: {} }, ''],
      [
        'tasks.update',
        {
          keys: ['T-1'],
          changes: { title: 'One', body: 'words', labels: ['a'], priority: 'low', status: 'todo', parent: null },
        },
        '',
      ],
      [
        'tasks.update',
        { keys: ['T-1'], changes: { addLabels: ['a'], removeLabels: ['b'], fields: { none: null } } },
        '',
      ],
      ['tasks.transition', { keys: ['T-1'], to: 'open' }, ''],
      ['tasks.restore', { keys: ['T-1'] }, ''],
      ['task.move', { key: 'T-1', before: 'T-1' }, ''],
      ['task.move', { key: 'T-1', parent: null }, ''],
    ]
    for (const [method, params] of nothing) await once(workspace, (caller) => caller.call<MethodName>(method, params))
    // Opening the store is seen on its disk, a commit would be seen as well.
    expect(workspace.commits - before).toBe(nothing.length)
    expect(await once(workspace, (caller) => history(caller))).toHaveLength(1)
  })

  it('[H4] what came from elsewhere is one row, known as such', async () => {
    await using both = await pair()
    await both.one.call('task.create', { title: 'Two' })
    await both.meet()
    await both.meet()
    const rows = await history(both.two)
    expect(rows.map(({ verb }) => verb)).toEqual(['remote', 'remote'])
    expect(await task(both.two)).toMatchObject({ title: 'Fix login' })
  })
})

function never(): never {
  throw new Error('there is no such row')
}
