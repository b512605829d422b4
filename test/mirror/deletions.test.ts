/** Files and tasks that are deleted and come back: nobody's words go with them unseen. */
import { expect, it } from 'vitest'
import { exchange, openDesk, type Desk } from './desk.ts'
import { expectEqual, FILE as SHARED, two } from './clones.ts'

const FILE = 'tasks/T-1-fix-login.md'
const OTHER = 'tasks/T-2-other.md'

async function withTasks(): Promise<{ readonly desk: Desk; readonly text: string }> {
  const desk = openDesk()
  await desk.add('Fix login', { body: 'One.\n\nTwo.\n', labels: ['web'] })
  await desk.add('Other')
  return { desk, text: await desk.text(FILE) }
}

it('[M36] one file deleted is its task deleted; put back, task and text are back', async () => {
  const { desk, text } = await withTasks()
  desk.remove(FILE)
  expect((await desk.task('T-1')).deleted).toBe(true)
  expect((await desk.verbs())[0]).toBe('delete')
  expect(await desk.paths()).toEqual([OTHER])
  desk.save(FILE, text)
  expect(await desk.task('T-1')).toMatchObject({ deleted: false, body: 'One.\n\nTwo.\n', conflicts: [] })
  expect(await desk.text(FILE)).toBe(text)
  expect(await desk.problems()).toEqual([])
})

it('[M36] a deletion by file is restored by command, and taken back by undo: the file is there again, byte for byte', async () => {
  const { desk, text } = await withTasks()
  for (const back of ['restore', 'undo'] as const) {
    desk.remove(FILE)
    expect((await desk.task('T-1')).deleted).toBe(true)
    if (back === 'restore') await desk.call('tasks.restore', { keys: ['T-1'] })
    else await desk.call('history.undo', {})
    expect(await desk.text(FILE)).toBe(text)
    expect((await desk.task('T-1')).deleted).toBe(false)
  }
})

it('[M36] put back with other words it is back with these', async () => {
  const { desk, text } = await withTasks()
  desk.remove(FILE)
  await desk.sync()
  desk.save(FILE, text.replace('Two.', 'Two, after all.'))
  expect(await desk.task('T-1')).toMatchObject({ deleted: false, body: 'One.\n\nTwo, after all.\n' })
})

it('[M36] gone for the moment of a save is not gone', async () => {
  const { desk, text } = await withTasks()
  desk.remove(FILE)
  const { runtime } = desk.workspace
  const running = desk.run((caller) => caller.call('workspace.sync', {}))
  for (let turn = 0; runtime.sleeping === 0 && turn < 1000; turn++) await Promise.resolve()
  desk.save(FILE, text.replace('status: todo', 'status: doing'))
  await running
  expect(await desk.task('T-1')).toMatchObject({ deleted: false, status: 'doing' })
  expect(await desk.verbs()).not.toContain('delete')
})

it('[M42] a task deleted by command takes its file away', async () => {
  const { desk } = await withTasks()
  await desk.call('tasks.delete', { keys: ['T-1'] })
  expect(await desk.paths()).toEqual([OTHER])
  expect((await desk.task('T-1')).deleted).toBe(true)
  await desk.call('tasks.restore', { keys: ['T-1'] })
  expect(await desk.paths()).toEqual([FILE, OTHER])
})

it('[M42] words saved while the task was being deleted are kept: the file stays, the conflict is listed', async () => {
  const { desk } = await withTasks()
  await desk.run(async (caller, project) => {
    await caller.call('task.get', { key: 'T-1' })
    // The editor saves after the command has looked and before it writes.
    const store = (await project.hold()).store
    const commit = store.commit.bind(store)
    store.commit = async (changes) => {
      await commit(changes)
      store.commit = commit
      await desk.edit(FILE, 'Two.', 'Two, said last.')
    }
    await caller.call('tasks.delete', { keys: ['T-1'] })
  })
  const task = await desk.task('T-1')
  expect(task.body).toBe('One.\n\nTwo, said last.\n')
  expect(await desk.text(FILE)).toContain('Two, said last.')
  expect(task.conflicts).toEqual(['deleted'])
})

it('[M42] words that arrived after the file was gone are not deleted with it: the file returns, the conflict is listed', async () => {
  const [one, other, text] = await two()
  await exchange(one, other)
  other.save(SHARED, text.replace('See the log.', 'See the long log.'))
  await other.sync()
  const update = await other.run(async (_caller, project) => (await project.replica()).encode())
  one.remove(SHARED)
  await one.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
  expect(await one.task('T-1')).toMatchObject({ conflicts: ['deleted'] })
  expect(await one.text(SHARED)).toContain('See the long log.')
})

it('[M42] a task that another workspace deletes keeps a file in which someone just wrote', async () => {
  const [one, other, text] = await two()
  await exchange(one, other)
  await other.call('tasks.delete', { keys: ['T-1'] })
  const update = await other.run(async (_caller, project) => (await project.replica()).encode())
  one.save(SHARED, text.replace('See the log.', 'See the long log.'))
  await one.run((_caller, project) => project.absorb([update], { verb: 'remote', name: null }))
  expect(await one.task('T-1')).toMatchObject({ conflicts: ['deleted'] })
  expect(await one.text(SHARED)).toContain('See the long log.')
  await exchange(one, other)
  await exchange(one, other)
  await expectEqual(one, other)
  await other.call('tasks.restore', { keys: ['T-1'] })
  await exchange(one, other)
  await expectEqual(one, other)
  expect(await other.task('T-1')).toMatchObject({ deleted: false, conflicts: [] })
  expect((await other.task('T-1')).body).toContain('See the long log.')
})

it('[M36][M42] the file of a task that someone else changed before, and that showed it, deletes all of it', async () => {
  const [one, other, text] = await two()
  await exchange(one, other)
  other.save(SHARED, text.replace('See the log.', 'See the long log.'))
  await other.sync()
  await exchange(one, other)
  expect(await one.text(SHARED)).toContain('See the long log.')
  one.remove(SHARED)
  await one.sync()
  await exchange(one, other)
  for (const desk of [one, other]) {
    expect(await desk.task('T-1')).toMatchObject({ deleted: true, conflicts: [] })
    expect(await desk.paths()).toEqual(['tasks/T-2-other.md'])
  }
})

it.each(['deleted', 'purged'])(
  '[M37][M50] a file of a %s task that an old branch brings back: told, and over when it is left',
  async (end) => {
    const { desk, text } = await withTasks()
    await desk.add('Third')
    const old = await desk.commit()
    await desk.sync()
    await desk.call('tasks.delete', { keys: ['T-1'] })
    if (end === 'purged') await desk.call('tasks.purge', { keys: ['T-1'], confirmed: true })
    const now = await desk.commit()
    await desk.sync()
    const living = async (): Promise<readonly string[]> =>
      (await desk.call('tasks.list', {})).tasks.map(({ title }) => title).toSorted()

    desk.workspace.repository.checkout(old)
    desk.save(FILE, text)
    expect(await living()).toEqual(['Other', 'Third'])
    expect(await desk.text(FILE)).toBe(text)
    expect((await desk.problems()).map(({ code, path }) => [code, path])).toEqual([['FILES_OLDER', FILE]])

    desk.workspace.repository.checkout(now)
    desk.remove(FILE)
    expect(await living()).toEqual(['Other', 'Third'])
    expect(await desk.problems()).toEqual([])
  },
)

it('[M36] a file that is given another id is another task, and the one it was is deleted; undo brings it back', async () => {
  const { desk, text } = await withTasks()
  const { uid } = await desk.task('T-1')
  desk.save(FILE, text.replace(`id: ${uid}\nkey: T-1\n`, 'id: 4fq7k2m9x3\n'))
  expect(await desk.task('4fq7k2m9x3')).toMatchObject({ title: 'Fix login', path: FILE, deleted: false })
  expect(await desk.task(uid)).toMatchObject({ deleted: true, conflicts: [] })
  await desk.call('tasks.restore', { keys: [uid] })
  expect(await desk.task(uid)).toMatchObject({ deleted: false, title: 'Fix login', body: 'One.\n\nTwo.\n' })
  expect(await desk.paths()).toHaveLength(3)
  expect(await desk.problems()).toEqual([])
})
