/** A process that ends after any of its commits: the next one finishes what was begun, and nothing is lost or made twice. */
import { expect, it } from 'vitest'
import { listTasks, type Caller, type TaskView } from '../../src/internal.ts'
import { openDesk, type Desk, type DeskOptions } from './desk.ts'

const COUNT = 4
const paths = Array.from({ length: COUNT }, (_, index) => `tasks/T-${index + 1}-task.md`)
const keys = paths.map((_, index) => `T-${index + 1}`)

/** Tasks whose files said `doing` before, and say `todo` now. */
async function withTasks(through?: DeskOptions['through']): Promise<Desk> {
  const desk = openDesk(through === undefined ? {} : { through })
  for (const key of keys) await desk.add('Task', { body: `One of ${key}.\n\nTwo.\n` })
  for (const status of ['doing', 'todo']) await desk.call('tasks.update', { keys, changes: { status } })
  return desk
}

/** A command that ends when it has made so many commits; says whether it came that far. */
async function dies(desk: Desk, after: number, work: (caller: Caller) => Promise<unknown>): Promise<boolean> {
  let left = after
  const ran = desk.run(async (caller, project) => {
    const store = (await project.hold()).store
    const commit = store.commit.bind(store)
    store.commit = async (changes) => {
      if (left-- === 0) throw new Error('killed')
      await commit(changes)
    }
    await work(caller)
  })
  return ran.then(
    () => false,
    () => true,
  )
}

/** Every file says what the project says, and a task is where its file is. */
async function expectSame(desk: Desk): Promise<void> {
  expect((await desk.sync()).problems).toEqual([])
  const { tasks } = await desk.call('tasks.list', { all: true })
  const found = await Promise.all(
    tasks.map(async ({ key, status, conflicts, path }) => {
      const text = await desk.text(path ?? `${key} has no path`)
      return { key, conflicts, isSaid: text.includes(`\nstatus: ${status}\n`) }
    }),
  )
  expect(found).toEqual(tasks.map(({ key }) => ({ key, conflicts: [], isSaid: true })))
}

const commits = [0, 1, 2, 3]

it.each(commits)('[M5] a command that changes many, ended after %i commits', async (count) => {
  const desk = await withTasks()
  const hasDied = await dies(desk, count, (caller) =>
    caller.call('tasks.update', { keys, changes: { status: 'doing' } }),
  )
  await expectSame(desk)
  const statuses = (await desk.call('tasks.list', {})).tasks.map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([hasDied && count === 0 ? 'todo' : 'doing']))
  expect(await desk.verbs()).not.toContain('edit')
  expect(await desk.verbs()).not.toContain('putback')
})

it.each([0, 1, 2, 3])('[M5] a command that changes many, ended after %i files were written', async (count) => {
  let left = Number.POSITIVE_INFINITY
  const desk = await withTasks((files) => ({
    ...files,
    write: async (...args) => {
      if (left-- === 0) throw new Error('killed')
      return files.write(...args)
    },
  }))
  left = count
  await expect(desk.call('tasks.update', { keys, changes: { status: 'doing', addLabels: ['web'] } })).rejects.toThrow(
    'killed',
  )
  left = Number.POSITIVE_INFINITY
  const [path = ''] = paths
  await desk.edit(path, 'Two.', 'Two, and more.')
  await expectSame(desk)
  for (const key of keys) expect(await desk.task(key)).toMatchObject({ status: 'doing', labels: ['web'] })
  expect((await desk.task('T-1')).body).toBe('One of T-1.\n\nTwo, and more.\n')
  expect(await desk.verbs()).not.toContain('putback')
})

it('[M5] words written into a file, and not remembered yet, are not taken for words of who edits it next', async () => {
  const desk = await withTasks()
  const [path = ''] = paths
  // The document and the file have the new words; what the file consists of was not remembered any more.
  const changes = { status: 'doing', body: 'One of T-1.\n\nTwo, by command.\n\nThree, by command.\n' }
  await dies(desk, 1, (caller) => caller.call('tasks.update', { keys: ['T-1'], changes }))
  await desk.edit(path, 'Two, by command.', 'Two, by command and by hand.')
  await expectSame(desk)
  expect((await desk.task('T-1')).body).toBe('One of T-1.\n\nTwo, by command and by hand.\n\nThree, by command.\n')
  expect(await desk.text(path)).toContain('Two, by command and by hand.\n\nThree, by command.\n')
})

it('[M5] an edit that was read, and not remembered yet, is not read again with what is written next', async () => {
  const desk = await withTasks()
  const [path = ''] = paths
  await desk.edit(path, 'Two.', 'Two, by hand.\n\nThree.')
  await dies(desk, 1, (caller) => caller.call('workspace.sync', {}))
  await desk.edit(path, 'Two, by hand.', 'Two, all by hand.')
  await expectSame(desk)
  expect((await desk.task('T-1')).body).toBe('One of T-1.\n\nTwo, all by hand.\n\nThree.\n')
})

it.each(commits)('[M5] edits of many files, ended after %i commits', async (count) => {
  const desk = await withTasks()
  for (const path of paths) await desk.edit(path, 'Two.', 'Two, and more.')
  const texts = await Promise.all(paths.map((path) => desk.text(path)))
  await dies(desk, count, (caller) => caller.call('workspace.sync', {}))
  await expectSame(desk)
  for (const key of keys) expect((await desk.task(key)).body).toBe(`One of ${key}.\n\nTwo, and more.\n`)
  expect(await Promise.all(paths.map((path) => desk.text(path)))).toEqual(texts)
  await desk.set('T-1', { status: 'doing' })
  await expectSame(desk)
})

it.each(commits)('[M5] new files, with ids and without, ended after %i commits', async (count) => {
  const desk = openDesk()
  desk.save('tasks/one.md', '---\nid: 4fq7k2m9x3\nkey: T-1\ntitle: One\nstatus: todo\n---\n\nOne.\n')
  desk.save('tasks/two.md', '---\ntitle: Two\nstatus: doing\n---\n\nTwo.\n')
  await dies(desk, count, (caller) => caller.call('workspace.sync', {}))
  await expectSame(desk)
  const { tasks } = await desk.call('tasks.list', {})
  expect(tasks.map(({ key, title, path }) => [key, title, path])).toEqual([
    ['T-1', 'One', 'tasks/one.md'],
    ['T-2', 'Two', 'tasks/two.md'],
  ])
  expect((await desk.text('tasks/two.md')).match(/^id: /gm)).toHaveLength(1)
  expect(await desk.paths()).toEqual(['tasks/one.md', 'tasks/two.md'])
  await desk.set('T-2', { status: 'done' })
  await expectSame(desk)
})

it.each(commits)('[M5] a file deleted, another renamed, ended after %i commits', async (count) => {
  const desk = await withTasks()
  const [one = '', two = ''] = paths
  const text = await desk.text(two)
  desk.remove(one)
  desk.remove(two)
  desk.save('tasks/renamed.md', text)
  await dies(desk, count, (caller) => caller.call('workspace.sync', {}))
  expect((await desk.sync()).problems).toEqual([])
  expect(await desk.task('T-1')).toMatchObject({ deleted: true, conflicts: [] })
  expect(await desk.task('T-2')).toMatchObject({ deleted: false, path: 'tasks/renamed.md', conflicts: [] })
  expect((await desk.call('tasks.list', {})).tasks).toHaveLength(COUNT - 1)
  expect(await desk.paths()).toEqual(['tasks/T-3-task.md', 'tasks/T-4-task.md', 'tasks/renamed.md'])
})

it.each(commits)(
  '[M5] an older text put back, ended after %i commits: it is put back once, with one conflict',
  async (count) => {
    const desk = await withTasks()
    const [path = ''] = paths
    const text = await desk.text(path)
    await desk.set('T-1', { status: 'done' })
    desk.save(path, text)
    await dies(desk, count, (caller) => caller.call('workspace.sync', {}))
    await desk.sync()
    expect(await desk.task('T-1')).toMatchObject({ status: 'todo', conflicts: ['status'] })
    expect((await desk.conflicts())[0]?.values.map(([value]) => value)).toEqual(['todo', 'done'])
    expect(await desk.text(path)).toBe(text)
    expect((await desk.verbs()).filter((verb) => verb === 'putback')).toHaveLength(1)
  },
)

it.each([
  ['left without its file', false],
  ['written, and not remembered,', true],
])(
  '[M5] a task %s by a process that ended after another had looked: it has its file, once, and lists say where',
  async (_name, isWritten) => {
    let isKilling = false
    const desk = await withTasks((files) => ({
      ...files,
      write: async (...args) => {
        if (!isKilling) return files.write(...args)
        if (isWritten) await files.write(...args)
        throw new Error('killed')
      },
    }))
    isKilling = true
    await expect(desk.call('task.create', { title: 'Left behind', body: 'Its words.\n' })).rejects.toThrow('killed')
    isKilling = false
    const { uid } = (await desk.run((_caller, project) => listed(project))).find(({ title }) => title === 'Task') ?? {}
    if (uid === undefined) throw new Error('there are tasks')
    // It does not look again: when it looked all was quiet.
    await desk.run(async (_caller, project) =>
      project.commit(() => ({ verb: 'set', writes: [{ uid, field: 's', value: 'review' }] })),
    )
    const tasks = await desk.run((_caller, project) => listed(project))
    expect(tasks.map(({ path }) => path)).toEqual([...paths, 'tasks/T-5-left-behind.md'])
    expect((await desk.task('T-5')).body).toBe('Its words.\n')
    expect(await desk.problems()).toEqual([])
    await expectSame(desk)
  },
)

/** As the summary says it, without a look at the files. */
async function listed(project: Parameters<Parameters<Desk['run']>[0]>[1]): Promise<readonly TaskView[]> {
  return [...(await listTasks(project, {})).tasks()].map(({ task }) => task)
}
