/** Values that lost a race, between two workspaces that meet: listed, taken, replaced, and settled everywhere. */
import { describe, expect, it } from 'vitest'
import type { Caller, Json, TaskChanges } from '../../src/internal.ts'
import { listed, pair, set, task, values } from './pair.ts'

describe('a race', () => {
  it('[X1] shows the later value everywhere, and lists all with who wrote them, as far as that is known here', async () => {
    await using both = await pair()
    await set(both.one, { status: 'doing' })
    await both.meet()
    await set(both.one, { status: 'review' })
    await both.later()
    await both.two.call('tasks.update', { keys: ['T-1'], changes: { status: 'done' } }, { actor: 'bob' })
    await set(both.two, { status: 'blocked' })
    await both.meet()
    const [conflict] = await listed(both.two)
    expect(conflict).toMatchObject({ key: 'T-1', field: 'status' })
    expect(conflict?.values.map(({ n, value, by, origin }) => [n, value, by.replace(/ \(.*/, ''), origin])).toEqual([
      [0, 'blocked', 'sara', 'edit'],
      [1, 'review', 'another workspace', 'edit'],
    ])
    expect(new Set(conflict?.values.map(({ id }) => id)).size).toBe(2)
    expect((await task(both.one)).conflicts).toEqual(['status'])
    expect(await values(both.one)).toEqual(await values(both.two))
    await both.finish()
  })

  const RACES: readonly (readonly [string, TaskChanges, TaskChanges, TaskChanges, Json, Json, Json])[] = [
    ['title', { title: 'Mine' }, { title: 'Theirs' }, { title: 'Ours' }, 'Mine', 'Theirs', 'Ours'],
    ['status', { status: 'doing' }, { status: 'done' }, { status: 'review' }, 'doing', 'done', 'review'],
    ['priority', { priority: 'high' }, { priority: null }, { priority: 'low' }, 'high', null, 'low'],
    [
      'estimate',
      { fields: { estimate: 3 } },
      { fields: { estimate: { days: 2 } } },
      { fields: { estimate: [1] } },
      3,
      { days: 2 },
      [1],
    ],
    [
      'due',
      { fields: { due: '2026-01-01' } },
      { fields: { due: '2026-02-01' } },
      { fields: { due: '2026-03-01' } },
      '2026-01-01',
      '2026-02-01',
      '2026-03-01',
    ],
  ]

  it.each(RACES)(
    '[X6] in %s is settled everywhere by taking what is listed, by a new value, or by setting the field, also to what is shown',
    async (field, mine, theirs, ours, first, second, third) => {
      const settlings: readonly (readonly [Json, (caller: Caller) => Promise<unknown>])[] = [
        [second, (caller) => caller.call('conflict.resolve', { key: 'T-1', field, take: 0 })],
        [first, (caller) => caller.call('conflict.resolve', { key: 'T-1', field, take: 1 })],
        [third, (caller) => caller.call('conflict.resolve', { key: 'T-1', field, value: third })],
        [third, (caller) => set(caller, ours)],
        [second, (caller) => set(caller, theirs)],
      ]
      for (const [expected, settle] of settlings) {
        await using both = await pair({ title: 'Fix login', priority: 'critical' })
        await set(both.one, mine)
        await both.later()
        await set(both.two, theirs)
        await both.meet()
        expect(await values(both.one)).toEqual({ [field]: [second, first] })
        expect(await values(both.two)).toEqual({ [field]: [second, first] })
        await settle(both.one)
        await both.meet()
        for (const caller of [both.one, both.two]) {
          const view = await task(caller)
          const now: unknown = Reflect.get(view, field) ?? view.fields[field] ?? null
          expect([now, view.conflicts, await listed(caller)]).toEqual([expected, [], []])
        }
        await both.finish()
      }
    },
  )

  it('[X6] settled differently by two is a conflict again', async () => {
    await using both = await pair()
    await set(both.one, { status: 'doing' })
    await set(both.two, { status: 'done' })
    await both.meet()
    await set(both.one, { status: 'review' })
    await both.later()
    await set(both.two, { status: 'dropped' })
    await both.meet()
    expect(await values(both.one)).toEqual({ status: ['dropped', 'review'] })
    await both.finish()
  })

  it('[X6] of parents is settled too, by keys, and never into a circle', async () => {
    await using both = await pair()
    for (const title of ['Two', 'Three']) await both.one.call('task.create', { title })
    await both.meet()
    await set(both.one, { parent: 'T-2' })
    await both.later()
    await set(both.two, { parent: 'T-3' })
    await both.meet()
    expect(await values(both.one)).toEqual({ parent: ['T-3', 'T-2'] })
    await both.one.call('tasks.update', { keys: ['T-2'], changes: { parent: 'T-1' } })
    await expect(both.one.call('conflict.resolve', { key: 'T-1', field: 'parent', value: 'T-2' })).rejects.toThrow(
      expect.objectContaining({ code: 'PARENT_CYCLE' }),
    )
    expect(await values(both.one)).toEqual({ parent: ['T-3', 'T-2'] })
    await both.one.call('task.move', { key: 'T-1', parent: 'T-3' })
    await both.meet()
    expect([await values(both.two), (await task(both.two)).parent]).toEqual([{}, 'T-3'])
    await both.finish()
  })

  it('[X2] leaves sets, comments and orders without conflict: everything that was added is there', async () => {
    await using both = await pair({ title: 'Fix', labels: ['old', 'kept'] })
    await both.one.call('task.create', { title: 'Other' })
    await both.meet()
    await set(both.one, { addLabels: ['one'], removeLabels: ['old'], addAssignees: ['sara'], addDependsOn: ['T-2'] })
    await set(both.two, { labels: ['two', 'old'], addAssignees: ['bob'] })
    await both.one.call('task.comment', { key: 'T-1', text: 'first' })
    await both.later()
    await both.two.call('task.comment', { key: 'T-1', text: 'second' })
    await both.one.call('task.move', { key: 'T-1', after: 'T-2' })
    await both.two.call('task.move', { key: 'T-1', before: 'T-2' })
    await both.meet()
    const view = await task(both.two)
    expect([view.labels, view.assignees, view.dependsOn]).toEqual([['one', 'two'], ['bob', 'sara'], ['T-2']])
    expect(view.comments.map(({ text }) => text)).toEqual(['first', 'second'])
    expect(await listed(both.one)).toEqual([])
    expect(await task(both.one)).toEqual(view)
    await both.finish()
  })
})

describe('two bodies', () => {
  const OURS = 'What we wrote\nin two lines\n'
  const FILE = 'What a file says\nin two lines\n'

  it('[X7] edits of one body are merged, word by word, and are no conflict', async () => {
    await using both = await pair({ title: 'Fix', body: 'one two three\nfour five six\n' })
    await set(both.one, { body: 'one 2 three\nfour five six\n' })
    await set(both.two, { body: 'one two three\nfour 5 six\nseven\n' })
    await both.meet()
    expect((await task(both.one)).body).toBe('one 2 three\nfour 5 six\nseven\n')
    expect(await listed(both.two)).toEqual([])
    await both.finish()
  })

  it('[X7] that began apart are never run together: one is shown, the other is listed whole', async () => {
    await using both = await pair({ title: 'Fix', body: OURS })
    await both.readFile({ b: FILE })
    await both.meet()
    for (const caller of [both.one, both.two]) {
      expect([(await task(caller)).body, await values(caller)]).toEqual([OURS, { body: [OURS, FILE] }])
      expect((await listed(caller))[0]?.values.map(({ origin }) => origin)).toEqual(['edit', 'file'])
    }
    // Working on goes with the one that is shown; the other stays as it was.
    await set(both.one, { body: `${OURS}and a third\n` })
    await set(both.two, { body: `Above\n${OURS}` })
    await both.meet()
    const merged = `Above\n${OURS}and a third\n`
    for (const caller of [both.one, both.two]) expect(await values(caller)).toEqual({ body: [merged, FILE] })
    await both.finish()
  })

  it('[X7] are settled by taking either or by saying a third, and are edited together afterwards', async () => {
    const THIRD = 'What we wrote\nand what a file says\n'
    const settlings: readonly (readonly [string, { take: number } | { value: string }])[] = [
      [OURS, { take: 0 }],
      [FILE, { take: 1 }],
      [THIRD, { value: THIRD }],
      [OURS, { value: OURS }],
      ['', { value: '' }],
    ]
    for (const edited of [false, true]) {
      for (const [expected, settle] of settlings) {
        await using both = await pair({ title: 'Fix', body: edited ? OURS.replace('wrote', 'said') : OURS })
        if (edited) await set(both.two, { body: OURS })
        await both.meet()
        await both.readFile({ b: FILE })
        await both.meet()
        await both.two.call('conflict.resolve', { key: 'T-1', field: 'body', ...settle })
        await both.meet()
        for (const caller of [both.one, both.two])
          expect([(await task(caller)).body, await values(caller)]).toEqual([expected, {}])
        await set(both.one, { body: `${expected}one\n` })
        await both.meet()
        await set(both.two, { body: `zero\n${expected}one\n` })
        await set(both.one, { body: `${expected}one\ntwo\n` })
        await both.meet()
        for (const caller of [both.one, both.two]) expect((await task(caller)).body).toBe(`zero\n${expected}one\ntwo\n`)
        await both.finish()
      }
    }
  })

  it('[X7] that nobody wrote here, only files: one of them is shown, the same everywhere', async () => {
    await using both = await pair()
    await both.readFile({ b: 'First file' })
    await both.readFile({ b: 'Second file' })
    await both.meet()
    const shown = (await task(both.one)).body
    expect(['First file', 'Second file']).toContain(shown)
    expect((await task(both.two)).body).toBe(shown)
    expect(new Set((await values(both.one))['body'])).toEqual(new Set(['First file', 'Second file']))
    await both.finish()
  })
})

describe('a value from a file', () => {
  it('[X4] that nobody remembers never beats what was written, is listed as such, and can be taken', async () => {
    await using both = await pair()
    await set(both.one, { status: 'doing' })
    await both.readFile({ s: 'todo', t: 'Fix login', '.estimate': 3 })
    const [conflict] = await listed(both.one)
    expect(conflict?.values.map(({ value, origin }) => [value, origin])).toEqual([
      ['doing', 'edit'],
      ['todo', 'file'],
    ])
    expect((await task(both.one)).fields).toEqual({ estimate: 3 })
    await both.one.call('conflict.resolve', { key: 'T-1', field: 'status', take: 1 })
    await both.meet()
    expect([(await task(both.two)).status, await values(both.two)]).toEqual(['todo', {}])
    await both.finish()
  })
})

describe('a deletion', () => {
  async function race(): ReturnType<typeof pair> {
    const both = await pair()
    await both.one.call('tasks.delete', { keys: ['T-1'] })
    await both.later()
    await set(both.two, { status: 'doing', addLabels: ['urgent'] })
    await both.meet()
    return both
  }

  it('[X5] that did not see an edit stands, and lists the edit beside itself', async () => {
    await using both = await race()
    for (const caller of [both.one, both.two]) {
      expect((await caller.call('tasks.list', {})).tasks).toEqual([])
      const view = await task(caller)
      expect([view.deleted, view.status, view.conflicts]).toEqual([true, 'doing', ['deleted']])
      expect((await listed(caller))[0]?.values.map(({ n, value, origin }) => [n, value, origin])).toEqual([
        [0, true, 'deletion'],
        [1, 'doing', 'edit'],
        [2, true, 'edit'],
      ])
    }
    await both.finish()
  })

  it.each([
    ['the deletion is taken', { take: 0 }, true],
    ['the edit is taken', { take: 1 }, false],
    ['true is said', { value: true }, true],
    ['false is said', { value: false }, false],
  ])('[X5] is settled everywhere when %s', async (_, settle, deleted) => {
    await using both = await race()
    await both.two.call('conflict.resolve', { key: 'T-1', field: 'deleted', ...settle })
    await both.meet()
    for (const caller of [both.one, both.two]) {
      const view = await task(caller)
      expect([view.deleted, view.status, view.labels, view.conflicts]).toEqual([deleted, 'doing', ['urgent'], []])
    }
    await both.finish()
  })

  it('[X5] is settled by restoring the task, too', async () => {
    await using both = await race()
    await both.one.call('tasks.restore', { keys: ['T-1'] })
    await both.meet()
    expect([(await task(both.two)).deleted, await listed(both.two)]).toEqual([false, []])
    await both.finish()
  })

  it('[X5] by two who both saw the other\u2019s edits, or nothing to see, is no conflict', async () => {
    await using both = await pair()
    await both.one.call('tasks.delete', { keys: ['T-1'] })
    await both.two.call('tasks.delete', { keys: ['T-1'] })
    await both.meet()
    expect([(await task(both.one)).deleted, await listed(both.two)]).toEqual([true, []])
    await both.finish()
  })

  it('[X5] and a restoring by someone who did not know of it are both listed; either can be taken', async () => {
    for (const [take, deleted] of [
      [0, true],
      [1, false],
    ] as const) {
      await using both = await pair()
      await both.one.call('tasks.delete', { keys: ['T-1'] })
      await both.meet()
      await both.one.call('tasks.restore', { keys: ['T-1'] })
      await both.two.call('tasks.restore', { keys: ['T-1'] })
      await both.later()
      await both.two.call('tasks.delete', { keys: ['T-1'] })
      await both.meet()
      expect((await listed(both.one))[0]?.values.map(({ value, origin }) => [value, origin])).toEqual([
        [true, 'deletion'],
        [false, 'edit'],
      ])
      await both.one.call('conflict.resolve', { key: 'T-1', field: 'deleted', take })
      await both.meet()
      expect([(await task(both.two)).deleted, await listed(both.two)]).toEqual([deleted, []])
      await both.finish()
    }
  })

  it('[X8] what was written while a task was purged elsewhere comes back as a deleted task, and can be restored', async () => {
    await using both = await pair({ title: 'Fix login', body: 'words' })
    await both.one.call('tasks.delete', { keys: ['T-1'] })
    await both.meet()
    await both.one.call('tasks.purge', { keys: ['T-1'], confirmed: true })
    await set(both.two, { title: 'Still needed', body: 'words and more' })
    const { uid } = await task(both.two)
    await both.meet()
    for (const caller of [both.one, both.two]) {
      const { task: back } = await caller.call('task.get', { key: uid })
      expect([back.title, back.deleted]).toEqual(['Still needed', true])
      expect(back.body).toMatch(/ and more$/)
    }
    await both.one.call('tasks.restore', { keys: [uid] })
    await both.meet()
    for (const caller of [both.one, both.two])
      expect((await caller.call('tasks.list', {})).tasks.map(({ title, deleted }) => [title, deleted])).toEqual([
        ['Still needed', false],
      ])
    await both.finish()
  })
})

describe('settling', () => {
  it('[X9] of what is no conflict, by what is not listed, or by nothing, is refused and changes nothing', async () => {
    await using both = await pair()
    await set(both.one, { status: 'doing' })
    await set(both.two, { status: 'done' })
    await both.meet()
    const before = await values(both.one)
    const refused = async (params: Record<string, unknown>, code: string): Promise<void> => {
      await expect(both.one.call('conflict.resolve', { key: 'T-1', field: 'status', ...params })).rejects.toThrow(
        expect.objectContaining({ code }),
      )
      expect(await values(both.one)).toEqual(before)
    }
    for (const field of ['title', 'deleted', 'body', 'labels', 'estimate', '', '__proto__'])
      await refused({ field, take: 0 }, 'CONFLICT_NOT_FOUND')
    for (const take of [2, -1, 0.5, '0', null, {}, { toString: null }, [0]]) await refused({ take }, 'INVALID_INPUT')
    for (const value of ['started', 7, {}]) await refused({ value }, 'INVALID_INPUT')
    await refused({}, 'INVALID_INPUT')
    await refused({ key: 'T-9', take: 0 }, 'TASK_NOT_FOUND')
    await refused({ field: 7, take: 0 }, 'INVALID_INPUT')
  })

  it('[X9] a deletion takes true or false and nothing else', async () => {
    await using both = await pair()
    await both.one.call('tasks.delete', { keys: ['T-1'] })
    await set(both.two, { status: 'done' })
    await both.meet()
    for (const value of ['yes', 1, null, {}])
      await expect(both.one.call('conflict.resolve', { key: 'T-1', field: 'deleted', value })).rejects.toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT', hint: expect.stringContaining('true') }),
      )
    await expect(both.one.call('conflict.resolve', { key: 'T-1', field: 'deleted' })).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
    expect((await listed(both.one)).map(({ field }) => field)).toEqual(['deleted'])
  })

  it('[X9] lists of one task hold that task\u2019s conflicts only', async () => {
    await using both = await pair()
    await both.one.call('task.create', { title: 'Other' })
    await both.meet()
    for (const key of ['T-1', 'T-2']) {
      await both.one.call('tasks.update', { keys: [key], changes: { status: 'doing' } })
      await both.two.call('tasks.update', { keys: [key], changes: { status: 'done' } })
    }
    await both.meet()
    const { conflicts } = await both.one.call('conflicts.list', { key: 'T-2' })
    expect(conflicts.map(({ key }) => key)).toEqual(['T-2'])
    expect((await both.one.call('workspace.status', {})).conflicts).toBe(2)
  })
})
