/** What every Files promises of a file that gets another name, and of paths that lead outside. */
import { expect, it } from 'vitest'
import type { FilesUnderTest } from './files.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const one = bytesOf('one\n')
const two = bytesOf('two\r\n\u{1f30a}')

export const outsidePaths: readonly string[] = [
  '',
  '.',
  '..',
  '../a.md',
  'tasks/../../a.md',
  '/etc/passwd',
  'tasks//a.md',
  './a.md',
  'a.md/',
  'a\0b',
]

export function moving(world: () => FilesUnderTest): void {
  it('[P64] a move gives a file another name, in another folder too, and keeps bytes, time and inode', async () => {
    const { files } = world()
    await files.write('tasks/a.md', two, null)
    const before = await files.entry('tasks/a.md')
    expect(await files.move('tasks/a.md', 'tasks/b.md', two)).toBe('written')
    expect(await files.list('')).toEqual([{ ...before, path: 'tasks/b.md' }])
    expect(await files.move('tasks/b.md', 'new/deep/c.md', two)).toBe('written')
    expect(await files.list('')).toEqual([{ ...before, path: 'new/deep/c.md' }])
    expect(await files.move('new/deep/c.md', 'new/deep/c.md', two)).toBe('written')
    expect(await files.read('new/deep/c.md')).toEqual({ bytes: two })
  })

  it('[P64] a move takes place only over the bytes it expects', async () => {
    const { files, outside } = world()
    expect(await files.move('a.md', 'b.md', one)).toBe('missing')
    await outside.put('a.md', 'saved by an editor')
    expect(await files.move('a.md', 'b.md', one)).toBe('changed')
    expect((await files.list('')).map(({ path }) => path)).toEqual(['a.md'])
  })

  it('[P64] a move replaces no file', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    await outside.put('b.md', 'other')
    expect(await files.move('a.md', 'b.md', one)).toBe('exists')
    expect(await files.read('a.md')).toEqual({ bytes: one })
    expect(await files.read('b.md')).toEqual({ bytes: bytesOf('other') })
    await outside.put('folder/c.md', 'one\n')
    expect(await files.move('a.md', 'folder', one)).toBe('exists')
    await expect(files.move('folder', 'd.md', one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  it('[P65] a move that ended half way, with both names there, is finished by the next one', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    await outside.put('b.md', 'one\n')
    expect(await files.move('a.md', 'b.md', one)).toBe('written')
    expect((await files.list('')).map(({ path }) => path)).toEqual(['b.md'])
    expect(await files.read('b.md')).toEqual({ bytes: one })
  })

  it('[P65] of moves to one name at the same time one takes place, and the others keep theirs', async () => {
    const { files, outside } = world()
    const paths = Array.from({ length: 6 }, (_, index) => `${index}.md`)
    for (const path of paths) await outside.put(path, path)
    const outcomes = await Promise.all(paths.map((path) => files.move(path, 'one.md', bytesOf(path))))
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 5 }, () => 'exists'), 'written'])
    const moved = paths[outcomes.indexOf('written')] ?? ''
    expect(await files.read('one.md')).toEqual({ bytes: bytesOf(moved) })
    expect((await files.list('')).map(({ path }) => path)).toEqual(
      [...paths.filter((path) => path !== moved), 'one.md'].toSorted(),
    )
  })

  it('[P65] a save that comes while a move waits for the disk is kept', async () => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    const [outcome] = await Promise.all([files.move('a.md', 'b.md', one), outside.put('a.md', 'saved')])
    expect(['changed', 'written']).toContain(outcome)
    expect(await files.read('a.md')).toEqual({ bytes: bytesOf('saved') })
  })

  it.each(outsidePaths)('[P7] nothing is moved from or to the path %j', async (path) => {
    const { files, outside } = world()
    await outside.put('a.md', 'one\n')
    await expect(files.move('a.md', path, one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    await expect(files.move(path, 'b.md', one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect((await files.list('')).map(({ path: there }) => there)).toEqual(['a.md'])
  })
}
