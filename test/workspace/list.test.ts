/** Lists and searches straight from the summary: the same bytes, the same tasks, the same order as from the document. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  listTasks,
  rowText,
  searchTasks,
  type Caller,
  type NewTask,
  type Project,
  type TaskView,
} from '../../src/internal.ts'
import { holdsWords } from '../../src/task/query.ts'
import { memoryWorkspace, once, openProject } from '../support/project.ts'
import { pair, set } from './pair.ts'
import { expectTrueSummary, titles } from './world.ts'

async function create(caller: Caller, task: NewTask): Promise<TaskView> {
  return (await caller.call('task.create', task)).task
}

async function printed(project: Project, filter = {}): Promise<string> {
  const pieces = [...(await listTasks(project, filter)).json()]
  return pieces.map((piece) => (typeof piece === 'string' ? piece : new TextDecoder().decode(piece))).join('')
}

function rowOf({ key, title, status, priority, labels, assignees, deleted, ready, conflicts }: TaskView): object {
  return { key, title, status, priority, labels, assignees, deleted, ready, conflicts }
}

/** Titles that look like everything a line or its look-ups are made of. */
const LOOK_ALIKES = [
  '"key":"T-1"',
  '\\n\\t\\u0000 {"uid":"',
  '#1# #2#',
  'o-r 4fq7k2m9x3',
  '={"mark":"9"}',
  '{"schema":1,"tasks":[]}',
  '\u{1f600} \u00fc\u0308 \ufeff',
  'X-- ',
  ',"dependsOn":["T-9"]',
  '"conflicts":["status"]',
]

describe('a list', () => {
  it('[Y7] prints byte for byte what the tasks are as JSON, each filter its own', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    expect(await printed(project)).toBe('{"schema":1,"tasks":[]}')
    for (const [n, title] of LOOK_ALIKES.entries())
      await create(project.caller, {
        title,
        labels: [`l${n % 2}`, ' \u2028x'.trim().replace('\u2028', ' ')],
        body: `${title}\n`,
      })
    await project.caller.call('tasks.transition', { keys: ['T-1', 'T-2'], to: 'done' })
    for (const filter of [
      {},
      { all: true },
      { label: ['l1'] },
      { limit: 2 },
      { status: ['done'] },
      { ready: true },
      { limit: 1, all: true },
    ]) {
      const { tasks } = await project.caller.call('tasks.list', filter)
      const text = await printed(project, filter)
      expect(text).toBe(JSON.stringify({ schema: 1, tasks }))
      expect((await listTasks(project, filter)).count).toBe(tasks.length)
    }
  })

  it('[Y7] look-ups are not confused by titles, fields, labels and bodies that look like ids, keys, lines or seals', async () => {
    const workspace = memoryWorkspace()
    const uids: string[] = []
    for (const title of LOOK_ALIKES) {
      const known = uids.at(-1) ?? '4fq7k2m9x3'
      const { uid } = await once(workspace, (caller) =>
        create(caller, {
          title: `${title} ${known}`,
          body: `${title}\t${known}\n=${title}`,
          labels: [known, ` ${known} `.trim(), `${known}x`],
          fields: { note: `\t${known}\t\n${title}`, [`n ${known}`]: [` ${known}\t`] },
        }),
      )
      uids.push(uid)
    }
    for (const [n, uid] of uids.entries()) {
      const byKey = await once(workspace, (caller) => caller.call('task.get', { key: `T-${n + 1}` }))
      const byUid = await once(workspace, (caller) => caller.call('task.get', { key: uid }))
      expect(byKey.task.uid).toBe(uid)
      expect(byUid.task).toEqual(byKey.task)
      expect(byKey.task.body).toMatch(/\n=/)
    }
    // And writing, which looks for its line and for the lines that name it.
    await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: ['T-2'], changes: { addDependsOn: ['T-3'] } }),
    )
    await once(workspace, (caller) => caller.call('tasks.transition', { keys: ['T-3'], to: 'done' }))
    const { task } = await once(workspace, (caller) => caller.call('task.get', { key: 'T-2' }))
    expect([task.dependsOn, task.ready]).toEqual([['T-3'], true])
    await expectTrueSummary(workspace)
  })

  it('[Y7] rows say what the tasks say, whatever titles and fields look like', async () => {
    await using both = await pair({ title: '"conflicts":[]', labels: ['web'] })
    const [project] = both.projects
    for (const title of LOOK_ALIKES)
      await create(both.one, {
        title,
        labels: [title.replace(/\W/g, '') || 'x'],
        assignees: ['sara'],
        fields: { note: '"conflicts":["status"]', nested: { dependsOn: [title], conflicts: [title] } },
      })
    await both.one.call('tasks.transition', { keys: ['T-2'], to: 'done' })
    await both.one.call('tasks.delete', { keys: ['T-3', 'T-4'] })
    await both.one.call('tasks.purge', { keys: ['T-4'], confirmed: true })
    await both.meet()
    await set(both.one, { status: 'review' })
    await set(both.two, { status: 'blocked', priority: 'high' })
    await both.meet()
    const listing = await listTasks(project, { all: true })
    const rows = [...listing.rows()]
    const lines = [...listing.lines()].map((piece) =>
      typeof piece === 'string' ? piece : new TextDecoder().decode(piece),
    )
    expect(lines.join('')).toBe([...listing.tasks()].map(({ task }) => `${rowText(task)}\n`).join(''))
    expect(rows).toEqual(
      [...listing.tasks()].map(({ task, kind }) => expect.objectContaining({ ...rowOf(task), kind })),
    )
    expect([rows.length, rows.filter(({ conflicts }) => conflicts.length > 0).length]).toEqual([LOOK_ALIKES.length, 1])
    expect(rows.filter(({ deleted }) => deleted).length).toBe(1)
  })

  it('[Y7] more look-ups than are worth a search each find the same', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, async (caller) => {
      for (let n = 1; n <= 60; n++) await create(caller, { title: `Task ${n}` })
    })
    const keys = Array.from({ length: 60 }, (_, n) => `T-${n + 1}`)
    const { tasks } = await once(workspace, (caller) =>
      caller.call('tasks.update', { keys: keys.toReversed(), changes: { addLabels: ['seen'] } }),
    )
    expect(tasks.map(({ title }) => title)).toEqual(keys.toReversed().map((key) => key.replace('T-', 'Task ')))
    await expectTrueSummary(workspace)
  })

  it('[Y8] moved tasks stand where they were put, each process adding to what the last one wrote', async () => {
    const workspace = memoryWorkspace()
    for (const title of ['a', 'b', 'c', 'd', 'e']) await once(workspace, (caller) => create(caller, { title }))
    const move = (key: string, to: { before?: string; after?: string }): Promise<readonly string[]> =>
      once(workspace, async (caller) => {
        await caller.call('task.move', { key, ...to })
        return titles(caller)
      })
    expect(await move('T-5', { before: 'T-1' })).toEqual(['e', 'a', 'b', 'c', 'd'])
    expect(await move('T-1', { after: 'T-3' })).toEqual(['e', 'b', 'c', 'a', 'd'])
    expect(await move('T-4', { before: 'T-2' })).toEqual(['e', 'd', 'b', 'c', 'a'])
    expect(await move('T-5', { after: 'T-1' })).toEqual(['d', 'b', 'c', 'a', 'e'])
    expect(await move('T-5', { after: 'T-5' })).toEqual(['d', 'b', 'c', 'a', 'e'])
    await expectTrueSummary(workspace)
  })

  it('[Y8] purged tasks disturb no order, also in a summary that was made again', async () => {
    const workspace = memoryWorkspace()
    for (const title of ['a', 'b', 'c', 'd']) await once(workspace, (caller) => create(caller, { title }))
    await once(workspace, async (caller) => {
      await caller.call('tasks.delete', { keys: ['T-2'] })
      await caller.call('tasks.purge', { keys: ['T-2'], confirmed: true })
    })
    await once(workspace, (_, project) => project.rebuild())
    const order = await once(workspace, async (caller) => {
      await caller.call('task.move', { key: 'T-4', before: 'T-1' })
      return titles(caller)
    })
    expect(order).toEqual(['d', 'a', 'c'])
    await expectTrueSummary(workspace)
  })
})

describe('a search', () => {
  const CAFE = 'Caf\u00e9'
  const tasks = [
    { title: 'Fix login', body: 'The PASSWORD page\nends with foo' },
    { title: 'Barometer', body: 'Password reset for the caf\u00e9' },
    { title: 'Third', body: 'visit the cafe\u0301 and the cafe' },
    {
      title: '\u041f\u043e\u0447\u0438\u043d\u0438\u0442\u044c \u0432\u0445\u043e\u0434',
      body: 'emoji \u{1f680} here',
    },
    { title: 'Only e\u0301 here: cafe\u0301', body: '' },
  ]
  const found = async (words: string): Promise<readonly number[]> => {
    const workspace = memoryWorkspace()
    for (const task of tasks) await once(workspace, (caller) => create(caller, task))
    const { tasks: hits } = await once(workspace, (caller) => caller.call('tasks.search', { words }))
    return hits.map(({ key }) => Number(key.slice(2)))
  }

  it.each([
    ['one word, any case', 'password', [1, 2]],
    ['in the title', 'LOGIN', [1]],
    ['in title and body together', 'login password', [1]],
    ['every word must be there', 'login cafe', []],
    ['part of a word', 'aromet', [2]],
    ['other scripts', '\u0432\u0445\u041e\u0434', [4]],
    ['emoji', '\u{1f680}', [4]],
    ['an accent, however written', CAFE, [2, 3, 5]],
    ['an accent, asked apart', 'cafe\u0301', [2, 3, 5]],
    ['no accent: another word, however the text is written', 'cafe', [3]],
    ['no accent, among several words', 'visit cafe', [3]],
    ['a start before the accent', 'caf', [2, 3, 5]],
    ['never over the border of two tasks', 'foobarometer', []],
    ['nor over the border of two texts', 'fooBar', []],
    ['nor over the border of title and body', 'loginThe', []],
    ['what no text holds', 'zebra', []],
  ] as const)('[Q6] %s: %s', async (_, words, expected) => {
    expect(await found(words)).toEqual(expected)
  })

  it('[Q6] finds exactly the tasks whose own text holds all words, whichever there are', async () => {
    const unit = fc.constantFrom('a', 'b', 'A', '\u00e4', 'a\u0308', '\u0308', '\u00c4', ' ', '\n', '\u00df', 'K', '0')
    const texts = fc.array(
      fc.record({ title: fc.string({ unit, maxLength: 5 }), body: fc.string({ unit, maxLength: 8 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.string({ unit, minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 }),
        async (list, asked) => {
          const words = asked
            .join(' ')
            .split(/\s+/)
            .filter((word) => word !== '')
          fc.pre(words.length > 0)
          const workspace = memoryWorkspace()
          await using project = openProject(workspace)
          const expected: string[] = []
          for (const { title, body } of list) {
            const { task } = await project.caller.call('task.create', {
              title: `t${title}`.replaceAll('\n', ' '),
              body,
            })
            if (holdsWords(`${task.title}\n${body}`, words)) expected.push(task.key)
          }
          const hits = await project.caller.call('tasks.search', { words: asked.join(' ') })
          expect(hits.tasks.map(({ key }) => key)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('[Q5][Q6] shows closed and deleted tasks only when asked for all, and as many as asked for, in order', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    const { caller } = project
    for (let n = 1; n <= 5; n++) await create(caller, { title: `needle ${n}` })
    await caller.call('tasks.transition', { keys: ['T-1'], to: 'done' })
    await caller.call('tasks.delete', { keys: ['T-2'] })
    const keys = async (options = {}): Promise<readonly string[]> =>
      (await caller.call('tasks.search', { words: 'needle', ...options })).tasks.map(({ key }) => key)
    expect(await keys()).toEqual(['T-3', 'T-4', 'T-5'])
    expect(await keys({ all: true })).toEqual(['T-1', 'T-2', 'T-3', 'T-4', 'T-5'])
    expect(await keys({ limit: 2 })).toEqual(['T-3', 'T-4'])
    await caller.call('task.move', { key: 'T-5', before: 'T-3' })
    expect(await keys({ limit: 2 })).toEqual(['T-5', 'T-3'])
    await caller.call('tasks.purge', { keys: ['T-2'], confirmed: true })
    expect(await keys({ all: true })).toEqual(['T-1', 'T-5', 'T-3', 'T-4'])
    const pieces = [...(await searchTasks(project, 'needle')).json()]
    expect(pieces.map((piece) => (typeof piece === 'string' ? piece : new TextDecoder().decode(piece))).join('')).toBe(
      JSON.stringify({ schema: 1, tasks: (await caller.call('tasks.search', { words: 'needle' })).tasks }),
    )
  })

  it('[Q6] finds what was edited just now, and no longer what it said before', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => create(caller, { title: 'One', body: 'old words' }))
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { body: 'new words' } }))
    const search = (words: string): Promise<number> =>
      once(workspace, async (caller) => (await caller.call('tasks.search', { words })).tasks.length)
    expect([await search('old'), await search('new'), await search('words')]).toEqual([0, 1, 1])
    await once(workspace, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Uno' } }))
    expect([await search('one'), await search('uno new')]).toEqual([0, 1])
  })
})
