/** An index of files that is missing, or older than the store: nothing is written twice, deleted or forgotten for it. */
import { describe, expect, it } from 'vitest'
import { openProject } from '../support/project.ts'
import { turned } from '../workspace/world.ts'
import { openDesk, type Desk } from './desk.ts'

const paths = ['tasks/T-1-one.md', 'tasks/T-2-two.md', 'tasks/T-3-three.md']

async function withTasks(): Promise<Desk> {
  const desk = openDesk()
  for (const title of ['One', 'Two', 'Three']) await desk.add(title, { body: `Body of ${title}.\n`, labels: ['web'] })
  await desk.sync()
  return desk
}

describe('an index of files', () => {
  it('[M52] that was read before another process wrote: no file is written a second time', async () => {
    const desk = await withTasks()
    await using slow = openProject(desk.workspace)
    // It looks, finds nothing, and takes the store only when it has something to write.
    expect((await turned(desk.workspace, slow.caller.call('tasks.list', {}))).tasks).toHaveLength(3)
    await desk.set('T-1', { status: 'doing' })
    await desk.add('Four')
    await desk.call('tasks.delete', { keys: ['T-2'] })
    const changes = { priority: 'high' } as const
    await turned(desk.workspace, slow.caller.call('tasks.update', { keys: ['T-1', 'T-3', 'T-4'], changes }))
    await slow[Symbol.asyncDispose]()
    expect(await desk.paths()).toEqual([paths[0], paths[2], 'tasks/T-4-four.md'])
    for (const path of await desk.paths()) expect(await desk.text(path)).toContain('priority: high')
    expect(await desk.text('tasks/T-1-one.md')).toContain('status: doing')
    expect(await desk.problems()).toEqual([])
  })

  it('[M52][Y1] that was read before another process wrote, where the summary has to be made again: it says where each file is', async () => {
    const desk = await withTasks()
    await using slow = openProject(desk.workspace)
    await turned(desk.workspace, slow.caller.call('tasks.list', {}))
    await desk.add('Four')
    desk.workspace.files.delete('summary')
    await turned(desk.workspace, slow.caller.call('tasks.update', { keys: ['T-1'], changes: { priority: 'high' } }))
    await slow[Symbol.asyncDispose]()
    const { tasks } = await desk.call('tasks.list', {})
    expect(tasks.map(({ path }) => path)).toEqual([...paths, 'tasks/T-4-four.md'])
  })

  it('[M52] that is gone: all files are as they were, and the next change goes into the right one', async () => {
    const desk = await withTasks()
    const texts = await Promise.all(paths.map((path) => desk.text(path)))
    desk.workspace.files.delete('files')
    await desk.set('T-2', { status: 'doing' })
    expect(await Promise.all(paths.map((path) => desk.text(path)))).toEqual([
      texts[0],
      texts[1]?.replace('todo', 'doing'),
      texts[2],
    ])
    expect(await desk.paths()).toEqual(paths)
    expect((await desk.call('history.list', {})).changes).toHaveLength(4)
  })

  it('[M52] that is gone while a task has no file: the file is made again', async () => {
    const desk = await withTasks()
    const text = await desk.text('tasks/T-2-two.md')
    desk.workspace.files.delete('files')
    desk.remove('tasks/T-2-two.md')
    await desk.sync()
    expect(await desk.text('tasks/T-2-two.md')).toBe(text)
    expect((await desk.call('workspace.doctor', {})).healthy).toBe(true)
  })

  it('[M32][M52] that is gone while a file is being merged: its task does not get a second one', async () => {
    const desk = await withTasks()
    const text = await desk.text('tasks/T-2-two.md')
    const torn = text.replace('Body of Two.', '<<<<<<< here\nBody of Two.\n=======\nBody.\n>>>>>>> there')
    desk.workspace.files.delete('files')
    desk.save('tasks/T-2-two.md', torn)
    await desk.set('T-1', { status: 'doing' })
    await desk.sync()
    expect(await desk.paths()).toEqual(paths)
    expect(await desk.text('tasks/T-2-two.md')).toBe(torn)
    desk.save('tasks/T-2-two.md', text)
    expect(await desk.problems()).toEqual([])
    expect((await desk.call('workspace.doctor', {})).healthy).toBe(true)
  })

  it('[Z1] the doctor names a task without a file, and a file that says something else; --fix writes both', async () => {
    const desk = await withTasks()
    const texts = await Promise.all(paths.map((path) => desk.text(path)))
    // As if the index had been written by someone who saw other files: rows of the right size and time, of other tasks.
    const index = Buffer.from(desk.workspace.files.get('files') ?? []).toString('latin1')
    const [one, two] = await Promise.all([desk.task('T-1'), desk.task('T-2')])
    const swapped = index.replaceAll(one.uid, '?').replaceAll(two.uid, one.uid).replaceAll('?', two.uid)
    desk.workspace.files.set('files', Buffer.from(swapped, 'latin1'))
    const { healthy } = await desk.call('workspace.doctor', { fix: true })
    expect(healthy).toBe(true)
    expect(await desk.paths()).toEqual(paths)
    expect(await Promise.all(paths.map((path) => desk.text(path)))).toEqual(texts)
    await desk.set('T-1', { status: 'doing' })
    expect(await desk.text('tasks/T-1-one.md')).toContain('doing')
    expect(await desk.text('tasks/T-2-two.md')).toBe(texts[1])
  })
})
