/** What is read and what is written: only files that may have changed, and only over the bytes that were read. */
import { describe, expect, it } from 'vitest'
import { openDesk, type Desk } from './desk.ts'

const FILE = 'tasks/T-1-fix-login.md'
const OTHER = 'tasks/T-2-other.md'

interface Watched {
  readonly desk: Desk
  /** Paths that were read since it was asked last, each once. */
  readonly reads: () => readonly string[]
  /** Done right before the next write reaches the disk. */
  readonly beforeWrite: (act: () => void) => void
}

async function watched(): Promise<Watched> {
  const read = new Set<string>()
  const acts: (() => void)[] = []
  const desk = openDesk({
    through: (files) => ({
      ...files,
      read: async (path) => {
        read.add(path)
        return files.read(path)
      },
      write: async (path, bytes, expected) => {
        acts.shift()?.()
        return files.write(path, bytes, expected)
      },
    }),
  })
  await desk.add('Fix login', { body: 'One.\n\nTwo.\n' })
  await desk.add('Other')
  await desk.sync()
  read.clear()
  return {
    desk,
    reads: () => {
      const paths = [...read].toSorted()
      read.clear()
      return paths
    },
    beforeWrite: (act) => void acts.push(act),
  }
}

describe('reading', () => {
  it('[M52] a command reads no file that has its size, time and inode, and each of the others', async () => {
    const { desk, reads } = await watched()
    await desk.call('tasks.list', {})
    await desk.task('T-1')
    expect(reads()).toEqual([])
    await desk.edit(OTHER, 'status: todo', 'status: done')
    await desk.call('tasks.list', {})
    expect(reads()).toEqual([OTHER])
    await desk.call('tasks.list', {})
    expect(reads()).toEqual([])
    // Another file of the same length at the same time: its inode tells.
    await desk.edit(FILE, 'Two.', 'Six.')
    expect((await desk.task('T-1')).body).toBe('One.\n\nSix.\n')
    expect(reads()).toEqual([FILE])
  })

  it('[M52] a command that writes reads the file it writes, and no other', async () => {
    const { desk, reads } = await watched()
    await desk.set('T-1', { status: 'doing' })
    expect(reads()).toEqual([FILE])
    await desk.call('tasks.list', {})
    expect(reads()).toEqual([])
  })

  it('[M52] an index that is gone, or torn, is made again: no task and no byte changes', async () => {
    const { desk } = await watched()
    for (const spoil of [
      (name: string) => desk.workspace.files.delete(name),
      (name: string) =>
        desk.workspace.files.set(name, (desk.workspace.files.get(name) ?? new Uint8Array()).slice(0, -9)),
    ]) {
      const before = [await desk.text(FILE), await desk.text(OTHER), await desk.task('T-1')]
      for (const name of [...desk.workspace.files.keys()].filter((one) => one.startsWith('files'))) spoil(name)
      expect([await desk.text(FILE), await desk.text(OTHER), await desk.task('T-1')]).toEqual(before)
      await desk.edit(FILE, 'status: todo', 'status: done')
      expect(await desk.task('T-1')).toMatchObject({ status: 'done', conflicts: [] })
      await desk.edit(FILE, 'status: done', 'status: todo')
      expect(await desk.task('T-1')).toMatchObject({ status: 'todo', conflicts: [] })
    }
  })

  it('[M52] sync --force reads all of them', async () => {
    const { desk, reads } = await watched()
    expect((await desk.sync({ force: true })).files).toEqual({ imported: 0, written: 0, refused: [] })
    expect(reads()).toEqual([FILE, OTHER])
  })
})

describe('writing', () => {
  it('[M4] a save between reading and writing is never written over: both are there in the end', async () => {
    const { desk, beforeWrite } = await watched()
    const text = await desk.text(FILE)
    beforeWrite(() => desk.save(FILE, text.replace('Two.', 'Two, saved just now.')))
    await desk.set('T-1', { status: 'done' })
    expect(await desk.text(FILE)).toContain('Two, saved just now.')
    expect(await desk.task('T-1')).toMatchObject({
      status: 'done',
      body: 'One.\n\nTwo, saved just now.\n',
      conflicts: [],
    })
    expect(await desk.text(FILE)).toBe(
      text.replace('status: todo', 'status: done').replace('Two.', 'Two, saved just now.'),
    )
    expect(await desk.problems()).toEqual([])
  })

  it('[M4] saved again before every write, it is left for the next command, which finishes it', async () => {
    const { desk, beforeWrite } = await watched()
    const text = await desk.text(FILE)
    for (let turn = 0; turn < 40; turn++)
      beforeWrite(() => desk.save(FILE, text.replace('Two.', `Two, saved ${'again '.repeat(turn)}now.`)))
    await desk.set('T-1', { status: 'done' })
    for (let turn = 0; turn < 40; turn++) await desk.sync()
    expect(await desk.text(FILE)).toMatch(/status: done\n/)
    expect(await desk.task('T-1')).toMatchObject({ status: 'done', conflicts: [] })
    expect((await desk.task('T-1')).body).toMatch(/^One\.\n\nTwo, saved (?:again )+now\.\n$/)
    expect(await desk.text(FILE)).toContain((await desk.task('T-1')).body)
  })

  it('[M4] a file made by someone else under the name of a new one keeps its bytes; the new one takes another name', async () => {
    const { desk, beforeWrite } = await watched()
    beforeWrite(() => desk.save('tasks/T-3-new.md', '---\ntitle: Not yours\n---\n'))
    await desk.add('New')
    const titles = (await desk.call('tasks.list', {})).tasks.map(({ title, path }) => [title, path])
    expect(titles).toContainEqual(['Not yours', 'tasks/T-3-new.md'])
    expect(titles.filter(([title]) => title === 'New')).toHaveLength(1)
    expect(await desk.text('tasks/T-3-new.md')).toContain('title: Not yours')
    expect(new Set(titles.map(([, path]) => path)).size).toBe(4)
    expect(await desk.problems()).toEqual([])
  })

  it('[M4] taken away before the write it is a deletion, not a file that comes back', async () => {
    const { desk, beforeWrite } = await watched()
    beforeWrite(() => desk.remove(FILE))
    await desk.set('T-1', { status: 'done' })
    const task = await desk.task('T-1')
    // Deleted by someone who had not seen the new status: listed, and nothing is lost.
    expect(task).toMatchObject({ status: 'done', conflicts: ['deleted'] })
  })
})
