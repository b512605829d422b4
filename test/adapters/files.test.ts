/** Files, in memory and on a real disk; then what only a real disk has: modes, links, pipes, temporary files. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { memoryFiles } from '../../adapters/memory/files.ts'
import { openFiles } from '../../adapters/node/files.ts'
import type { Files } from '../../src/internal.ts'
import { filesConformance } from '../conformance/files.ts'
import { bundle, start } from './child-process.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

filesConformance('memory', async () => {
  const files = memoryFiles()
  return {
    files,
    outside: {
      put: async (path, text) => files.put(path, bytesOf(text)),
      replace: async (path, text) => files.put(path, bytesOf(text)),
      take: async (path) => void files.take(path),
      takeFolder: async (folder) => {
        for (const { path } of await files.list(folder)) files.take(path)
      },
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
})
filesConformance('node', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tide-files-'))
  return {
    files: openFiles(root),
    outside: {
      put: async (path, text) => {
        // Without a wait: whatever is under way here meets it between two steps.
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), text)
      },
      replace: async (path, text) => {
        await writeFile(join(root, 'new'), text)
        await rename(join(root, 'new'), join(root, path))
      },
      take: (path) => rm(join(root, path)),
      takeFolder: (path) => rm(join(root, path), { recursive: true }),
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
})

describe.skipIf(process.platform === 'win32')('files on a disk', () => {
  const one = bytesOf('one')
  const two = bytesOf('two')
  let root: string
  let elsewhere: string
  let files: Files
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tide-files-'))
    elsewhere = mkdtempSync(join(tmpdir(), 'tide-elsewhere-'))
    writeFileSync(join(root, 'a.md'), one)
    writeFileSync(join(elsewhere, 'secret.md'), one)
    files = openFiles(root)
  })
  afterEach(() => {
    for (const folder of [root, elsewhere]) rmSync(folder, { recursive: true })
  })

  it.each([0o600, 0o640, 0o664, 0o755, 0o444])('[P19] a write keeps the mode %o', async (mode) => {
    chmodSync(join(root, 'a.md'), mode)
    expect(await files.write('a.md', two, one)).toBe('written')
    expect(statSync(join(root, 'a.md')).mode & 0o7777).toBe(mode)
  })

  it('[P19] a write through a link keeps the link and changes what it leads to', async () => {
    mkdirSync(join(root, 'real'))
    writeFileSync(join(root, 'real', 'b.md'), one)
    symlinkSync('real/b.md', join(root, 'link.md'))
    symlinkSync('real', join(root, 'folder'))
    expect(await files.write('link.md', two, one)).toBe('written')
    expect(await files.write('folder/b.md', one, two)).toBe('written')
    expect(await files.write('folder/new.md', two, null)).toBe('written')
    expect(lstatSync(join(root, 'link.md')).isSymbolicLink()).toBe(true)
    expect(readdirSync(join(root, 'real')).toSorted()).toEqual(['b.md', 'new.md'])
    expect(await files.read('link.md')).toEqual({ bytes: one })
    expect(await files.remove('link.md', one)).toBe('written')
    expect(existsSync(join(root, 'real', 'b.md'))).toBe(true)
  })

  it('[P19] the root may be named through a link', async () => {
    symlinkSync(root, join(elsewhere, 'root'))
    expect(await openFiles(join(elsewhere, 'root')).write('a.md', two, one)).toBe('written')
  })

  it('[P7] a link that leads outside is refused, in the last name and on the way', async () => {
    symlinkSync(join(elsewhere, 'secret.md'), join(root, 'secret.md'))
    symlinkSync(elsewhere, join(root, 'tasks'))
    const outside = { details: { reason: 'it leads outside the workspace' } }
    for (const path of ['secret.md', 'tasks/secret.md']) {
      await expect(files.read(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', ...outside })
      await expect(files.write(path, two, one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', ...outside })
      await expect(files.remove(path, one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', ...outside })
    }
    await expect(files.list('tasks')).rejects.toMatchObject({ code: 'FILE_UNREADABLE', ...outside })
    await expect(files.write('tasks/deep/new.md', two, null)).rejects.toMatchObject(outside)
    expect((await files.list('')).map(({ path }) => path)).toEqual(['a.md'])
    expect(readdirSync(elsewhere)).toEqual(['secret.md'])
    expect(readFileSync(join(elsewhere, 'secret.md'), 'utf8')).toBe('one')
  })

  it('[P7] a link that leads nowhere holds its name and is not written through', async () => {
    symlinkSync(join(elsewhere, 'new.md'), join(root, 'dangling.md'))
    expect(await files.read('dangling.md')).toBeUndefined()
    expect(await files.write('dangling.md', two, null)).toBe('exists')
    expect(await files.write('dangling.md', two, one)).toBe('missing')
    expect(readdirSync(elsewhere)).toEqual(['secret.md'])
  })

  it('[P6] links in circles end: linked folders are not entered', async () => {
    mkdirSync(join(root, 'deep'))
    symlinkSync('..', join(root, 'deep', 'up'))
    symlinkSync('self', join(root, 'self'))
    symlinkSync('a.md', join(root, 'same.md'))
    expect((await files.list('')).map(({ path }) => path)).toEqual(['a.md', 'same.md'])
  })

  it('[P8] a pipe is refused and not waited for', async () => {
    execFileSync('mkfifo', [join(root, 'pipe.md')])
    await expect(files.read('pipe.md')).rejects.toMatchObject({ details: { reason: 'it is not a file' } })
    await expect(files.write('pipe.md', two, one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect((await files.list('')).map(({ path }) => path)).toEqual(['a.md'])
  })

  it('[P20] a write that fails says why, with its cause, and leaves the old bytes and no temporary file', async () => {
    const name = `${'é'.repeat(127)}x`
    const failing = files.write(`${name}longer.md`, two, null)
    await expect(failing).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      details: { reason: 'its name is too long' },
      cause: { code: 'ENAMETOOLONG' },
    })
    // Taken between the comparison and the swap by a folder: the swap itself fails.
    const swapping = files.write('b.md', two, null)
    mkdirSync(join(root, 'b.md'))
    await expect(swapping).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(readdirSync(root).toSorted()).toEqual(['a.md', 'b.md'])
    expect(await files.write(name, two, null)).toBe('written')
  })

  it.skipIf(process.getuid?.() === 0)('[P20] what permissions forbid is said so', async () => {
    chmodSync(join(root, 'a.md'), 0)
    const denied = { details: { reason: 'permission denied' }, cause: { code: 'EACCES' } }
    await expect(files.read('a.md')).rejects.toMatchObject({ code: 'FILE_UNREADABLE', ...denied })
    chmodSync(root, 0o500)
    await expect(files.write('b.md', two, null)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', ...denied })
    chmodSync(root, 0o700)
  })

  it('[P20] a temporary file left by a dead process that had our pid is in nobody’s way', async () => {
    const left = `.a.md.${process.pid}.tide-tmp`
    writeFileSync(join(root, left), 'half')
    expect(await files.write('a.md', two, one)).toBe('written')
    expect(readdirSync(root).toSorted()).toEqual([left, 'a.md'])
    expect((await files.list('')).map(({ path }) => path)).toEqual(['a.md'])
  })

  it('[P20] a root that vanished is an error, not an empty workspace', () => {
    expect(() => openFiles(join(root, 'gone'))).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
  })

  it('[P8] a file larger than the limit is not read', async () => {
    const small = openFiles(root, { maxFileBytes: 2 })
    await expect(small.read('a.md')).rejects.toMatchObject({ details: { reason: 'it has 3 bytes, of at most 2' } })
  })

  it('[P19] other names of the same file keep the old bytes: a write makes a new file', async () => {
    linkSync(join(root, 'a.md'), join(elsewhere, 'kept.md'))
    expect(await files.write('a.md', two, one)).toBe('written')
    expect(readFileSync(join(elsewhere, 'kept.md'), 'utf8')).toBe('one')
  })
})

describe.skipIf(process.platform === 'win32')('writes of several processes', () => {
  let program: Awaited<ReturnType<typeof bundle>>
  beforeAll(async () => {
    program = await bundle('test/adapters/files-child.ts')
  })
  afterAll(() => program[Symbol.asyncDispose]())
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tide-files-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('[P11] of processes that make files of the same names each name goes to one', async () => {
    const children = Array.from({ length: 4 }, () => start(program.path, ['create', root]))
    for (const child of children) expect(await child.line()).toBe('ready')
    for (const child of children) child.leave()
    const counts = await Promise.all(children.map((child) => child.line()))
    expect(counts.map(Number).reduce((sum, count) => sum + count)).toBe(200)
    expect(await openFiles(root).list('new')).toHaveLength(200)
    await Promise.all(children.map((child) => child.ended))
    expect(readdirSync(join(root, 'new')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('[P21] a process killed at whatever moment leaves the old bytes or the new ones, whole', async () => {
    for (let round = 0; round < 12; round++) {
      const child = start(program.path, ['write', root])
      await child.line()
      // After none to three more writes, and somewhere inside the next: it must not matter where.
      for (let writes = round % 4; writes > 0; writes--) await child.line()
      child.kill('SIGKILL')
      await child.ended
      const bytes = readFileSync(join(root, 'a.md'))
      expect([new Set(bytes).size, [300_000, 300_001].includes(bytes.byteLength)]).toEqual([1, true])
      expect((await openFiles(root).list('')).map(({ path }) => path)).toEqual(['a.md'])
    }
  })
})
