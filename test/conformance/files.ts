/** What every Files promises. `outside` is another program on the same disk: an editor, a pull, a person. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Files } from '../../src/internal.ts'
import { moving, outsidePaths } from './files-moving.ts'

export interface FilesUnderTest extends AsyncDisposable {
  readonly files: Files
  readonly outside: {
    put(path: string, text: string): Promise<void>
    /** Another file under the name, as `git checkout` and editors that rename leave it. */
    replace(path: string, text: string): Promise<void>
    take(path: string): Promise<void>
    /** With all that it holds. */
    takeFolder(path: string): Promise<void>
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const one = bytesOf('one\n')
const two = bytesOf('two\r\n\u{1f30a}')

export function filesConformance(name: string, open: () => Promise<FilesUnderTest>): void {
  describe(`files: ${name}`, () => {
    let world: FilesUnderTest
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world[Symbol.asyncDispose]())

    reading(() => world)
    writing(() => world)
    moving(() => world)
    racing(() => world)
    watching(() => world)
  })
}

function reading(world: () => FilesUnderTest): void {
  it('[P5] what was written is read, byte for byte; what is not there is undefined', async () => {
    const { files } = world()
    const odd = Uint8Array.from({ length: 256 }, (_, index) => index)
    for (const [index, bytes] of [one, two, odd, new Uint8Array(0), new Uint8Array(300_000).fill(7)].entries()) {
      expect(await files.write(`tasks/${index}.md`, bytes, null)).toBe('written')
      expect(await files.read(`tasks/${index}.md`)).toEqual({ bytes })
    }
    expect(await files.read('tasks/none.md')).toBeUndefined()
    expect(await files.read('none/none.md')).toBeUndefined()
    expect(await files.read('tasks/0.md/none.md')).toBeUndefined()
  })

  it('[P6] a list has every file below the folder, sorted, with its size, and none whose name begins with a dot', async () => {
    const { files, outside } = world()
    const paths = [
      'tasks/b.md',
      'tasks/a.md',
      'tasks/deep/er/c.md',
      'tasks/.d.md',
      'tasks/.git/e.md',
      'f.md',
      'tasks2/g.md',
    ]
    for (const path of paths) await outside.put(path, path)
    const listed = await files.list('tasks')
    expect(listed.map(({ path, size }) => [path, size])).toEqual([
      ['tasks/a.md', 10],
      ['tasks/b.md', 10],
      ['tasks/deep/er/c.md', 18],
    ])
    expect((await files.list('')).map(({ path }) => path)).toEqual([
      'f.md',
      'tasks/a.md',
      'tasks/b.md',
      'tasks/deep/er/c.md',
      'tasks2/g.md',
    ])
    expect(await files.list('none')).toEqual([])
  })

  it('[P6] another file under the same name has another inode', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one')
    const [before] = await files.list('')
    await outside.replace('a.md', 'one')
    const [after] = await files.list('')
    expect(after?.path).toBe('a.md')
    expect(after?.inode).not.toBe(before?.inode)
  })

  it.each(outsidePaths)('[P7] the path %j never leaves the root', async (path) => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    await expect(files.read(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', details: { path } })
    // The empty path is the root: the one folder that can be listed and not written.
    const listing = files.list(path).catch((error: unknown) => error)
    expect(await listing).toMatchObject(path === '' ? [{ path: 'a.md' }] : { code: 'FILE_UNREADABLE' })
    await expect(files.write(path, two, null)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', details: { path } })
    await expect(files.remove(path, one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(await files.read('a.md')).toEqual({ bytes: one })
  })

  it('[P8] a folder is no file, a file is no folder', async () => {
    const { files, outside } = world()
    await outside.put('tasks/a.md', 'one\n')
    await expect(files.read('tasks')).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      details: { reason: 'it is a folder' },
    })
    await expect(files.write('tasks', one, null)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    await expect(files.remove('tasks', one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    await expect(files.list('tasks/a.md')).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      details: { reason: 'it is not a folder' },
    })
  })
}

function writing(world: () => FilesUnderTest): void {
  it('[P9] a write takes place only over the bytes it expects', async () => {
    const { files, outside } = world()
    expect(await files.write('a.md', two, one)).toBe('missing')
    expect(await files.read('a.md')).toBeUndefined()
    expect(await files.write('a.md', one, null)).toBe('written')
    expect(await files.write('a.md', two, null)).toBe('exists')
    await outside.put('a.md', 'saved by an editor')
    expect(await files.write('a.md', two, one)).toBe('changed')
    expect(await files.read('a.md')).toEqual({ bytes: bytesOf('saved by an editor') })
    expect(await files.write('a.md', two, bytesOf('saved by an editor'))).toBe('written')
    expect(await files.read('a.md')).toEqual({ bytes: two })
  })

  it('[P9] bytes that are there already are not written again', async () => {
    const { files } = world()
    await files.write('a.md', one, null)
    const before = await files.list('')
    expect(await files.write('a.md', one.slice(), one)).toBe('written')
    expect(await files.list('')).toEqual(before)
  })

  it('[P9] a removal takes place only over the bytes it expects', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    await outside.take('a.md')
    expect(await files.remove('a.md', one)).toBe('missing')
    await outside.put('a.md', 'two')
    expect(await files.remove('a.md', one)).toBe('changed')
    await outside.put('a.md', 'one\n')
    expect(await files.remove('a.md', one)).toBe('written')
    expect(await files.read('a.md')).toBeUndefined()
  })

  it('[P9] bytes that the caller changes afterwards change nothing here', async () => {
    const { files } = world()
    const given = one.slice()
    await files.write('a.md', given, null)
    given.fill(0)
    const read = await files.read('a.md')
    read?.bytes.fill(0)
    expect(await files.read('a.md')).toEqual({ bytes: one })
  })

  it('[P10] names are kept as they are', async () => {
    const { files } = world()
    const names = [
      'T-1 fix the login.md',
      'ünï–\u{1f30a}.md',
      '-rf.md',
      'a%2e.md',
      'it\'s "q".md',
      `${'x'.repeat(240)}.md`,
    ]
    for (const path of names) expect(await files.write(`tasks/${path}`, one, null)).toBe('written')
    expect((await files.list('tasks')).map(({ path }) => path)).toEqual(names.map((path) => `tasks/${path}`).toSorted())
  })
}

function racing(world: () => FilesUnderTest): void {
  it('[P11] of writes over the same bytes at the same time one takes place', async () => {
    const { files } = world()
    await files.write('a.md', one, null)
    const texts = Array.from({ length: 8 }, (_, index) => bytesOf(`write ${index}`))
    const outcomes = await Promise.all(texts.map((bytes) => files.write('a.md', bytes, one)))
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'changed'), 'written'])
    expect(await files.read('a.md')).toEqual({ bytes: texts[outcomes.indexOf('written')] })
  })

  it('[P11] of new files of one name at the same time one takes place', async () => {
    const { files } = world()
    const outcomes = await Promise.all([one, two, one, two].map((bytes) => files.write('new/deep/a.md', bytes, null)))
    expect(outcomes.toSorted()).toEqual(['exists', 'exists', 'exists', 'written'])
    expect((await files.list('')).map(({ path }) => path)).toEqual(['new/deep/a.md'])
  })

  it('[P11] a save that comes while a write waits for the disk is kept', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    const [outcome] = await Promise.all([files.write('a.md', two, one), outside.put('a.md', 'saved')])
    expect(['changed', 'written']).toContain(outcome)
    expect(await files.read('a.md')).toEqual({ bytes: bytesOf('saved') })
  })
}

interface Ear extends Disposable {
  /** Every call so far. */
  readonly calls: readonly (readonly string[] | null)[]
  /** Makes a change, and resolves with its path when a call since then has it or says that anything may have changed. */
  after(path: string, change: () => Promise<unknown>): Promise<string>
}

function listen(files: Files, folder: string): Ear {
  const calls: (readonly string[] | null)[] = []
  let look = (): void => undefined
  const watching = files.watch(folder, (paths) => {
    calls.push(paths)
    look()
  })
  return {
    calls,
    after: async (path, change) => {
      const since = calls.length
      const heard = new Promise<string>((resolve) => {
        look = () => {
          if (calls.slice(since).some((paths) => paths?.includes(path) ?? true)) resolve(path)
        }
      })
      await change()
      return heard
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  }
}

function watching(world: () => FilesUnderTest): void {
  it('[P52] a watch says each change below its folder: made, changed, replaced, taken, by others and by itself', async () => {
    const { files, outside } = world()
    await outside.put('tasks/a.md', 'one\n')
    using ear = listen(files, 'tasks')
    const paths = ['tasks/b.md', 'tasks/new/c.md', 'tasks/new/deep/er/d.md', 'tasks/ünï \u{1f30a}.md']
    for (const path of ['tasks/a.md', ...paths]) {
      expect(await ear.after(path, () => outside.put(path, 'two'))).toBe(path)
      expect(await ear.after(path, () => outside.put(path, 'three'))).toBe(path)
      expect(await ear.after(path, () => outside.replace(path, 'four'))).toBe(path)
      expect(await ear.after(path, () => outside.take(path))).toBe(path)
      expect(await ear.after(path, () => files.write(path, one, null))).toBe(path)
      expect(await ear.after(path, () => files.write(path, two, one))).toBe(path)
      expect(await ear.after(path, () => files.move(path, 'moved.md', two))).toBe(path)
      expect(await ear.after(path, () => files.move('moved.md', path, two))).toBe(path)
      expect(await ear.after(path, () => files.remove(path, two))).toBe(path)
    }
  })

  it('[P52] a watch is ready when it returns, on the root too, and many changes at once are all said', async () => {
    const { files, outside } = world()
    const paths = Array.from({ length: 200 }, (_, index) => `${index % 7}/${index}.md`)
    using ear = listen(files, '')
    await ear.after('last.md', async () => {
      for (const path of paths) await outside.put(path, path)
      await outside.put('last.md', 'last')
    })
    const heard = new Set(ear.calls.flatMap((call) => call ?? paths))
    expect(paths.filter((path) => !heard.has(path))).toEqual([])
  })

  it('[P52] a folder that is not there yet, goes and returns is watched all the time', async () => {
    const { files, outside } = world()
    using ear = listen(files, 'later/tasks')
    const [one, two] = ['later/tasks/a.md', 'later/tasks/b.md'] as const
    for (let round = 0; round < 3; round++) {
      expect(await ear.after(one, () => outside.put(one, 'one'))).toBe(one)
      expect(await ear.after(two, () => outside.put(two, 'two'))).toBe(two)
      expect(await ear.after(one, () => outside.take(one))).toBe(one)
      expect(await ear.after(two, () => outside.takeFolder('later'))).toBe(two)
    }
  })

  it('[P53] a watch names no path that is not below its folder or that a list passes over', async () => {
    const { files, outside } = world()
    await outside.put('tasks/a.md', 'one')
    using ear = listen(files, 'tasks')
    await ear.after('tasks/a.md', async () => {
      for (const path of ['b.md', 'tasks2/c.md', 'tasks/.d.md', 'tasks/.git/e.md', '.tasks/f.md']) {
        await outside.put(path, 'one')
      }
      await outside.put('tasks/a.md', 'two')
    })
    expect(new Set(ear.calls.flatMap((call) => call ?? []))).toEqual(new Set(['tasks/a.md']))
  })

  it('[P54] a watch that has ended says nothing more, and others go on', async () => {
    const { files, outside } = world()
    await outside.put('tasks/a.md', 'one')
    using going = listen(files, 'tasks')
    const ended = listen(files, 'tasks')
    await Promise.all([
      ended.after('tasks/a.md', async () => undefined),
      going.after('tasks/a.md', () => outside.put('tasks/a.md', 'two')),
    ])
    const before = ended.calls.length
    const unheard = outside.put('tasks/a.md', 'three')
    ended[Symbol.dispose]()
    ended[Symbol.dispose]()
    await unheard
    await going.after('tasks/b.md', () => outside.put('tasks/b.md', 'four'))
    expect(ended.calls).toHaveLength(before)
  })

  it('[P54] a listener can end its own watch', async () => {
    const { files, outside } = world()
    using going = listen(files, '')
    let calls = 0
    const ending = files.watch('', () => {
      calls++
      ending[Symbol.dispose]()
    })
    for (const path of ['a.md', 'b.md', 'c.md']) await going.after(path, () => outside.put(path, 'one'))
    expect(calls).toBe(1)
  })

  it.each(outsidePaths.filter((path) => path !== ''))('[P7] nothing is watched at the path %j', (path) => {
    const { files } = world()
    expect(() => files.watch(path, () => undefined)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
  })
}
