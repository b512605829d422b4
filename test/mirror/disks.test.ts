/** Many files gone at once, a folder gone, a disk that refuses: no task is deleted, nothing else stops, and it is done later. */
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../src/internal.ts'
import type { MemoryFiles } from '../../adapters/memory/files.ts'
import { openDesk, type Desk, type DeskOptions } from './desk.ts'

const paths = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `tasks/T-${index + 1}-task-${index + 1}.md`)

async function withTasks(count: number, options: DeskOptions = {}): Promise<Desk> {
  const desk = openDesk(options)
  for (let number = 1; number <= count; number++) await desk.add(`Task ${number}`, { body: `Body ${number}.\n` })
  await desk.sync()
  return desk
}

async function living(desk: Desk): Promise<number> {
  return (await desk.call('tasks.list', {})).tasks.length
}

async function codes(desk: Desk): Promise<readonly string[]> {
  return (await desk.problems()).map(({ code }) => code)
}

describe('many files gone', () => {
  it('[M37] five of ten gone at once delete no task; put back, nothing is left of it', async () => {
    const desk = await withTasks(10)
    const texts = new Map<string, string>()
    for (const path of paths(5)) {
      texts.set(path, await desk.text(path))
      desk.remove(path)
    }
    expect(await living(desk)).toBe(10)
    const problems = await desk.problems()
    expect(problems).toEqual([
      { path: null, code: 'FILES_MISSING', message: expect.stringMatching(/^5 files are gone/) },
    ])
    expect(problems[0]?.message).toMatch(/T-1-task-1\.md.*no task was deleted.*tide sync --take-files$/)
    await desk.set('T-1', { status: 'done' })
    expect(await desk.paths(), 'nothing is written for files that are held').toHaveLength(5)
    for (const [path, text] of texts) desk.save(path, text)
    expect(await desk.problems()).toEqual([])
    expect(await living(desk)).toBe(9)
    expect(await desk.text('tasks/T-1-task-1.md')).toContain('status: done')
  })

  it('[M36][M37] four of ten were deleted, and so were five of thirty', async () => {
    for (const [gone, all] of [
      [4, 10],
      [5, 30],
    ] as const) {
      const desk = await withTasks(all)
      for (const path of paths(gone)) desk.remove(path)
      expect(await living(desk)).toBe(all - gone)
      expect(await desk.problems()).toEqual([])
    }
  })

  it('[M37] a folder that is gone deletes no task, whether it held one file or many', async () => {
    for (const count of [1, 3, 12]) {
      const desk = await withTasks(count)
      for (const path of paths(count)) desk.remove(path)
      expect(await living(desk)).toBe(count)
      expect(await codes(desk)).toEqual(['FILES_MISSING'])
      expect(await desk.paths()).toEqual([])
      await desk.sync()
      expect(await living(desk)).toBe(count)
    }
  })

  it('[M37] while a folder is gone a command works, and a task that is new gets its file', async () => {
    const desk = await withTasks(6)
    const texts = await Promise.all(paths(6).map(async (path) => [path, await desk.text(path)] as const))
    for (const path of paths(6)) desk.remove(path)
    await desk.set('T-2', { status: 'doing' })
    expect((await desk.add('While it is gone')).path).toBe('tasks/T-7-while-it-is-gone.md')
    for (const [path, text] of texts) desk.save(path, text)
    expect(await living(desk)).toBe(7)
    expect(await desk.problems()).toEqual([])
    expect(await desk.text('tasks/T-2-task-2.md')).toContain('status: doing')
  })

  it('[M37] one file that went with a checkout is no deletion; another one deleted later is', async () => {
    const desk = await withTasks(4)
    await desk.commit()
    await desk.sync()
    desk.remove('tasks/T-4-task-4.md')
    await desk.commit()
    expect(await living(desk)).toBe(4)
    expect(await codes(desk)).toEqual(['FILES_MISSING'])
    desk.remove('tasks/T-1-task-1.md')
    expect(await living(desk)).toBe(3)
    expect((await desk.task('T-1')).deleted).toBe(true)
    expect((await desk.task('T-4')).deleted).toBe(false)
  })

  it('[M37] files deleted one after the other are deletions, however many they come to', async () => {
    const desk = await withTasks(8)
    for (const path of paths(6)) {
      desk.remove(path)
      await desk.sync()
    }
    expect(await living(desk)).toBe(2)
    expect(await desk.problems()).toEqual([])
  })

  it('[M17][M37] take-files makes deletions of them; undo brings tasks and files back', async () => {
    const desk = await withTasks(10)
    for (const path of paths(6)) desk.remove(path)
    expect(await codes(desk)).toEqual(['FILES_MISSING'])
    await desk.sync({ takeFiles: true })
    expect(await living(desk)).toBe(4)
    expect(await desk.problems()).toEqual([])
    await desk.call('history.undo', {})
    expect(await living(desk)).toBe(10)
    expect(await desk.paths()).toHaveLength(10)
  })
})

describe('a disk that refuses', () => {
  it.each([
    ['read-only', 'the file is read-only'],
    ['full', 'no space left on the disk'],
  ])(
    '[M39] %s: the command is done and says so, status tells, and a later command writes the file',
    async (_name, reason) => {
      const refusal = { on: false }
      const desk = await withTasks(2, { through: (files) => refusing(files, () => (refusal.on ? reason : undefined)) })
      const [path = ''] = paths(1)
      const before = await desk.text(path)
      refusal.on = true
      await desk.set('T-1', { status: 'done' })
      expect((await desk.task('T-1')).status).toBe('done')
      expect(await desk.text(path)).toBe(before)
      expect(await desk.problems()).toEqual([
        { path, code: 'FILE_UNWRITABLE', message: expect.stringMatching(new RegExp(`${reason}.*tried again`)) },
      ])
      // It is tried again, and told once.
      await desk.set('T-1', { priority: 'high' })
      expect(await codes(desk)).toEqual(['FILE_UNWRITABLE'])
      refusal.on = false
      await desk.sync()
      expect(await desk.text(path)).toBe(
        before.replace('status: todo', 'status: done').replace('\n---\n\n', '\npriority: high\n---\n\n'),
      )
      expect(await desk.problems()).toEqual([])
    },
  )

  it('[M39] one file that cannot be written stops no other', async () => {
    const stuck = new Set<string>()
    const desk = await withTasks(3, {
      through: (files) => refusing(files, (path) => (stuck.has(path) ? 'it is read-only' : undefined)),
    })
    stuck.add('tasks/T-2-task-2.md')
    await desk.call('tasks.update', { keys: ['T-1', 'T-2', 'T-3'], changes: { status: 'done' } })
    for (const [index, path] of paths(3).entries())
      expect(await desk.text(path)).toContain(`status: ${index === 1 ? 'todo' : 'done'}\n`)
    expect((await desk.problems()).map(({ path }) => path)).toEqual([...stuck])
    // What is said in the file meanwhile is read as an edit of what it says.
    await desk.edit('tasks/T-2-task-2.md', 'Body 2.', 'Body of two.')
    expect(await desk.task('T-2')).toMatchObject({ status: 'done', body: 'Body of two.\n', conflicts: [] })
    stuck.clear()
    await desk.sync()
    expect(await desk.text('tasks/T-2-task-2.md')).toMatch(/status: done\n[^]*Body of two\./)
    expect(await desk.problems()).toEqual([])
  })

  it('[M39] a task whose new file is refused is a task all the same, and gets it later', async () => {
    const refusal = { on: true }
    const desk = openDesk({ through: (files) => refusing(files, () => (refusal.on ? 'no space left' : undefined)) })
    expect(await desk.add('Fix login')).toMatchObject({ key: 'T-1', path: null })
    expect(await desk.paths()).toEqual([])
    expect(await codes(desk)).toEqual(['FILE_UNWRITABLE'])
    refusal.on = false
    await desk.sync()
    expect(await desk.paths()).toEqual(['tasks/T-1-fix-login.md'])
    expect((await desk.task('T-1')).path).toBe('tasks/T-1-fix-login.md')
    expect(await desk.problems()).toEqual([])
  })

  it('[M39] a file that cannot be taken away keeps its bytes, and its task stays deleted', async () => {
    const refusal = { on: false }
    const desk = await withTasks(2, {
      through: (files) => refusing(files, () => (refusal.on ? 'read-only' : undefined)),
    })
    refusal.on = true
    await desk.call('tasks.delete', { keys: ['T-1'] })
    expect((await desk.task('T-1')).deleted).toBe(true)
    expect(await desk.paths()).toEqual(paths(2))
    expect(await codes(desk)).toEqual(['FILE_UNWRITABLE'])
    refusal.on = false
    await desk.sync()
    expect(await desk.paths()).toEqual(['tasks/T-2-task-2.md'])
    expect((await desk.task('T-1')).deleted).toBe(true)
    expect(await desk.problems()).toEqual([])
  })

  it('[M39] a file that cannot be read keeps its task; the others are read', async () => {
    const stuck = new Set<string>()
    const desk = await withTasks(2, { through: (files) => unreadable(files, stuck) })
    const [one = '', two = ''] = paths(2)
    stuck.add(one)
    await desk.edit(one, 'Body 1.', 'Body of one.')
    await desk.edit(two, 'Body 2.', 'Body of two.')
    expect((await desk.task('T-1')).body).toBe('Body 1.\n')
    expect((await desk.task('T-2')).body).toBe('Body of two.\n')
    expect((await desk.problems()).map(({ path, code }) => [path, code])).toEqual([[one, 'FILE_UNREADABLE']])
    stuck.clear() // its rights were changed: neither its size nor its time tells
    expect((await desk.task('T-1')).body).toBe('Body of one.\n')
    expect(await desk.problems()).toEqual([])
  })
})

describe('new files', () => {
  it('[M9] a new file becomes a task: its id goes into it, and nothing else changes', async () => {
    const desk = await withTasks(1)
    desk.save('tasks/idea.md', '---\ntitle: An idea # said aloud\nlabels:   [b,   a]\nmood: "good"\n---\n\nBody.\n')
    const { tasks } = await desk.call('tasks.list', {})
    const task = tasks.find(({ path }) => path === 'tasks/idea.md')
    expect(task).toMatchObject({ key: 'T-2', title: 'An idea', labels: ['a', 'b'], fields: { mood: 'good' } })
    const text = await desk.text('tasks/idea.md')
    expect(text.replace(`id: ${task?.uid}\n`, '')).toBe(
      '---\ntitle: An idea # said aloud\nlabels:   [b,   a]\nmood: "good"\n---\n\nBody.\n',
    )
    await desk.sync({ force: true })
    expect(await desk.text('tasks/idea.md')).toBe(text)
    expect(await living(desk)).toBe(2)
  })

  it('[M9] plain markdown without front matter is one, called by its heading, else by its name', async () => {
    const desk = await withTasks(1)
    desk.save('tasks/plain.md', '# Buy milk\n\nTwo litres.\n')
    desk.save('tasks/T-7-call-the-bank.md', 'Before noon.\n')
    const { tasks } = await desk.call('tasks.list', {})
    expect(tasks.map(({ title }) => title).toSorted()).toEqual(['Buy milk', 'Task 1', 'call the bank'])
    expect(await desk.text('tasks/plain.md')).toMatch(/^---\nid: \w{10}\n---\n(?:\n)?# Buy milk\n\nTwo litres\.\n$/)
  })

  it('[M9] a file whose id line was taken away is the task it was', async () => {
    const desk = await withTasks(1)
    const [path = ''] = paths(1)
    const { uid } = await desk.task('T-1')
    await desk.edit(path, `id: ${uid}\n`, '')
    expect((await desk.call('tasks.list', {})).tasks.map((task) => task.uid)).toEqual([uid])
    expect(await desk.text(path)).toContain(`id: ${uid}\n`)
  })
})

function refusing(files: MemoryFiles, why: (path: string) => string | undefined): MemoryFiles {
  const check = (path: string): void => {
    const reason = why(path)
    if (reason !== undefined) throw new TaskError('FILE_UNWRITABLE', { path, reason })
  }
  return {
    ...files,
    write: async (path, ...rest) => {
      check(path)
      return files.write(path, ...rest)
    },
    remove: async (path, ...rest) => {
      check(path)
      return files.remove(path, ...rest)
    },
  }
}

function unreadable(files: MemoryFiles, stuck: ReadonlySet<string>): MemoryFiles {
  return {
    ...files,
    read: async (path) => {
      if (stuck.has(path)) throw new TaskError('FILE_UNREADABLE', { path, reason: 'permission denied' })
      return files.read(path)
    },
  }
}
