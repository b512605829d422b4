/** Where things live, for many environments and users. */
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runtimeFolder, socketPath, stateFolder } from '../../adapters/node/places.ts'

describe.skipIf(process.platform === 'win32')('places', () => {
  const uid = process.getuid?.() ?? 0
  /** Users nobody has: their folders in /tmp are ours to make and to spoil. */
  const strangers = [4_000_000_001, 4_000_000_002, 4_000_000_003]
  const folderOf = (user: number): string => `/tmp/tidemark-${user}`
  let folder: string
  const clean = (): void => {
    for (const user of strangers) rmSync(folderOf(user), { recursive: true, force: true })
  }
  beforeEach(() => {
    clean()
    folder = mkdtempSync(join(tmpdir(), 'tide-places-'))
  })
  afterEach(() => {
    clean()
    rmSync(folder, { recursive: true })
  })

  it('[P25] the runtime folder is the session’s, if it is this user’s alone', () => {
    expect(runtimeFolder({ XDG_RUNTIME_DIR: folder }, uid)).toBe(folder)
  })

  it('[P25] one that is missing, relative, shared or another user’s counts as none', () => {
    const own = folderOf(uid)
    expect(runtimeFolder({}, uid)).toBe(own)
    expect(statSync(own).mode & 0o077).toBe(0)
    for (const other of ['', 'run', join(folder, 'none')])
      expect(runtimeFolder({ XDG_RUNTIME_DIR: other }, uid)).toBe(own)
    chmodSync(folder, 0o770)
    expect(runtimeFolder({ XDG_RUNTIME_DIR: folder }, uid)).toBe(own)
  })

  it('[P25] a folder in /tmp that others can write to, that is a link or another user’s is refused', () => {
    const [shared = 0, linked = 0, foreign = 0] = strangers
    // Made by us for a user who is not us: it belongs to another.
    mkdirSync(folderOf(foreign), { mode: 0o700 })
    const refused = (reason: string): unknown =>
      expect.objectContaining({ code: 'FILE_UNWRITABLE', details: expect.objectContaining({ reason }) })
    expect(() => runtimeFolder({}, foreign)).toThrow(refused(`it belongs to another user (${uid})`))
    symlinkSync(folder, folderOf(linked))
    expect(() => runtimeFolder({}, linked)).toThrow(
      refused('it is a link, which someone may have put there to mislead'),
    )
    mkdirSync(folderOf(shared))
    chmodSync(folderOf(shared), 0o777)
    // Only root can give a folder away: for others this one is foreign first.
    if (uid === 0) chownSync(folderOf(shared), shared, shared)
    const flaw = uid === 0 ? 'others may write to it' : `it belongs to another user (${uid})`
    expect(() => runtimeFolder({ XDG_RUNTIME_DIR: folderOf(shared) }, shared)).toThrow(refused(flaw))
    expect(readdirSync(folder)).toEqual([])
  })

  it.each<[NodeJS.Platform, Record<string, string>, string]>([
    ['linux', { XDG_STATE_HOME: '/state', HOME: '/home/sara' }, '/state/tidemark'],
    ['linux', { XDG_STATE_HOME: 'state', HOME: '/home/sara' }, '/home/sara/.local/state/tidemark'],
    ['linux', {}, join(homedir(), '.local/state/tidemark')],
    ['darwin', { HOME: '/Users/sara' }, '/Users/sara/Library/Application Support/tidemark'],
    ['darwin', { HOME: '/Users/sara', XDG_STATE_HOME: '/state' }, '/state/tidemark'],
    ['win32', { LOCALAPPDATA: '/C/Local' }, '/C/Local/tidemark'],
  ])('[P26] the state folder on %s with %j', (platform, env, expected) => {
    expect(stateFolder(env, { platform })).toBe(expected)
  })

  it('[P27] all names of a directory have one socket; copies, and what takes its place, have others', () => {
    const env = { XDG_RUNTIME_DIR: folder }
    const dir = join(folder, 'work')
    mkdirSync(dir)
    symlinkSync(dir, join(folder, 'link'))
    const path = socketPath(dir, env, uid)
    expect(path).toMatch(new RegExp(`^${folder}/[0-9a-f]{16}\\.sock$`))
    expect([socketPath(`${dir}/`, env, uid), socketPath(join(folder, 'link'), env, uid)]).toEqual([path, path])
    cpSync(dir, join(folder, 'copy'), { recursive: true })
    renameSync(dir, join(folder, 'moved'))
    mkdirSync(dir)
    const others = [dir, join(folder, 'copy'), join(folder, 'moved')].map((one) => socketPath(one, env, uid))
    expect(new Set([path, ...others]).size).toBe(4)
  })

  it('[P27] where the session’s folder has too long a name the one in /tmp is taken', () => {
    const deep = join(folder, 'x'.repeat(90))
    mkdirSync(deep, { mode: 0o700 })
    expect(socketPath(folder, { XDG_RUNTIME_DIR: deep }, uid)).toMatch(/^\/tmp\/tidemark-\d+\/[0-9a-f]{16}\.sock$/)
  })

  it('[P27] on Windows it is a named pipe', () => {
    expect(socketPath(folder, {}, undefined, { platform: 'win32' })).toMatch(/^\\\\\.\\pipe\\tidemark-[0-9a-f]{16}$/)
  })

  it('[P27] a directory that is not there is an error', () => {
    expect(() => socketPath(join(folder, 'none'), {}, uid)).toThrow(
      expect.objectContaining({ code: 'FILE_UNREADABLE' }),
    )
  })
})
