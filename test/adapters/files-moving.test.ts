/** Files that get another name on a real disk: links, modes, folders, and what an ended process leaves. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFiles } from '../../adapters/node/files.ts'
import type { Files } from '../../src/internal.ts'

const one = new TextEncoder().encode('one')

describe.skipIf(process.platform === 'win32')('moves on a disk', () => {
  let root: string
  let elsewhere: string
  let files: Files
  const at = (path: string): string => join(root, path)
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tide-moving-'))
    elsewhere = mkdtempSync(join(tmpdir(), 'tide-elsewhere-'))
    files = openFiles(root)
    writeFileSync(at('a.md'), 'one')
  })
  afterEach(async () => {
    for (const folder of [root, elsewhere]) await rm(folder, { recursive: true })
  })

  it('[P64] the mode and other hard links stay', async () => {
    chmodSync(at('a.md'), 0o640)
    linkSync(at('a.md'), at('other.md'))
    expect(await files.move('a.md', 'b.md', one)).toBe('written')
    expect(statSync(at('b.md')).mode & 0o777).toBe(0o640)
    expect(statSync(at('b.md')).ino).toBe(statSync(at('other.md')).ino)
    expect(readdirSync(root).toSorted()).toEqual(['b.md', 'other.md'])
  })

  it('[P64] a link is left alone, and what it leads to is no way half gone', async () => {
    symlinkSync('a.md', at('link.md'))
    expect(await files.move('link.md', 'b.md', one)).toBe('linked')
    expect(await files.move('a.md', 'link.md', one)).toBe('exists')
    expect(lstatSync(at('link.md')).isSymbolicLink()).toBe(true)
    expect(readFileSync(at('link.md'), 'utf8')).toBe('one')
  })

  it('[P64] a linked folder is followed inside the workspace, and refused where it leads outside', async () => {
    mkdirSync(at('real'))
    writeFileSync(at('real/a.md'), 'one')
    symlinkSync('real', at('tasks'))
    expect(await files.move('tasks/a.md', 'tasks/b.md', one)).toBe('written')
    expect(readdirSync(at('real'))).toEqual(['b.md'])
    symlinkSync(elsewhere, at('out'))
    await expect(files.move('a.md', 'out/a.md', one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it('[P64] a name that differs in case only is another file to some disks and the same to others: it is left alone', async () => {
    expect(await files.move('a.md', 'A.md', one)).toBe('exists')
    expect(readFileSync(at('a.md'), 'utf8')).toBe('one')
  })

  it('[P65] both names of one file, as an ended process leaves them, become the new one', async () => {
    linkSync(at('a.md'), at('b.md'))
    expect(await files.move('a.md', 'b.md', one)).toBe('written')
    expect(readdirSync(root)).toEqual(['b.md'])
    expect(readFileSync(at('b.md'), 'utf8')).toBe('one')
  })

  it.skipIf(process.getuid?.() === 0)(
    '[P64] a folder that may not be written to refuses, and the file stays',
    async () => {
      chmodSync(root, 0o500)
      try {
        await expect(files.move('a.md', 'b.md', one)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
      } finally {
        chmodSync(root, 0o700)
      }
      expect(readdirSync(root)).toEqual(['a.md'])
    },
  )
})
