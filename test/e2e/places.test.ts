/** Odd places: paths that are long, foreign, closed to writing; a home or a runtime folder that is not there; a package that belongs to root. */
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { socketPath } from '../../adapters/node/places.ts'
import { buildProgram, startOwner } from './program.ts'
import {
  asOther,
  builtCommand,
  canBeClosed,
  document,
  expectError,
  expectNoTrace,
  expectRefusal,
  giveToNobody,
  isRoot,
  letPass,
  openPlace,
  openWorkspacePlace,
  repository,
  words,
  type Place,
  type RunOptions,
} from './support.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

/** What the command leaves in a runtime folder that is not the test's own. */
function sweep(dir: string): void {
  const socket = socketPath(dir, {}, process.getuid?.())
  for (const path of [socket, socket.replace(/\.sock$/, '.writer')]) rmSync(path, { force: true })
}

/** Makes a workspace, adds, changes, reads and checks it: the status that the task has in the end. */
async function expectWorks(place: Place, options: RunOptions = {}): Promise<string | undefined> {
  await place.must(['init'], options)
  await place.must(['add', 'one', '--body', 'words'], options)
  await place.must(['set', 'T-1', 'status=doing'], options)
  const { task } = await place.json(['show', 'T-1'], options)
  expect(task).toMatchObject({ status: 'doing', body: 'words' })
  await place.must(['doctor'], options)
  return task?.status
}

describe.concurrent('odd places', () => {
  it('[G19] a path with spaces, quotes, other scripts and emoji, alone and with a live owner', async () => {
    for (const name of [
      'with spaces  and\ttabs',
      `it's "quoted" $HOME`,
      '漢字 💥 é e\u0301',
      '-p',
      '.hidden',
      'a:b;c&d|e#f%g',
    ]) {
      await using place = openPlace({ name })
      await expectWorks(place)
      await using owner = await startOwner(program.path, place)
      await place.must(['add', 'two'])
      expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid }, workspace: { dir: place.dir } })
    }
  })

  it('[G19] a path far longer than any socket: with a live owner too', async () => {
    await using place = openPlace({ name: Array.from({ length: 12 }, (_, index) => `${index}`.repeat(100)).join('/') })
    expect(place.dir.length).toBeGreaterThan(1200)
    await expectWorks(place)
    await using owner = await startOwner(program.path, place)
    await place.must(['add', 'two'])
    expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid } })
  })

  it('[G19] a runtime folder that is too long, missing, a file, or open to others: another is taken, for the owner too', async () => {
    const long = (place: Place): string => join(place.root, 'r'.repeat(100))
    const folders: readonly (readonly [name: string, (place: Place) => string | undefined])[] = [
      ['too long', (place) => (mkdirSync(long(place), { mode: 0o700 }), long(place))],
      ['missing', (place) => join(place.root, 'nowhere')],
      ['unset', () => undefined],
      ['empty', () => ''],
      ['relative', () => 'run'],
      ['a file', (place) => (writeFileSync(join(place.root, 'file'), ''), join(place.root, 'file'))],
      [
        'open to others',
        (place) => (
          mkdirSync(join(place.root, 'open')),
          chmodSync(join(place.root, 'open'), 0o777),
          join(place.root, 'open')
        ),
      ],
      ['of another user', (place) => theirs(join(place.root, 'theirs'))],
    ]
    for (const [name, folderOf] of folders) {
      await using place = openPlace()
      const env = { XDG_RUNTIME_DIR: folderOf(place) }
      await expectWorks(place, { env })
      await using owner = await startOwner(program.path, { ...place, env: { ...place.env, ...env } })
      await place.must(['add', 'two'], { env })
      expect(await place.json(['status'], { env }), `${name}`).toMatchObject({ owner: { pid: owner.pid } })
      await owner.leave()
      sweep(place.dir)
      const folder = env.XDG_RUNTIME_DIR
      const isLookedAt = folder?.startsWith(place.root) === true && !['a file', 'missing'].includes(name)
      expect(isLookedAt ? readdirSync(folder) : [], `${name}`).toEqual([])
    }
  })

  it('[G19] no home, no state folder, no locale, no path, no temporary folder', async () => {
    const nothing = { HOME: undefined, XDG_STATE_HOME: undefined, LANG: undefined, PATH: undefined, USER: undefined }
    for (const env of [nothing, { ...nothing, HOME: '' }, { ...nothing, HOME: '/nowhere', TMPDIR: '/nowhere' }]) {
      await using place = openPlace()
      expect(await expectWorks(place, { env })).toBe('doing')
    }
  })

  it.skipIf(process.platform === 'win32')(
    '[G19] a current folder that is gone meanwhile, a temporary folder that is not there: told in words',
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one'])
      const gone = join(place.dir, 'gone')
      // The shell goes there and takes it away under itself.
      const line = `mkdir '${gone}' && cd '${gone}' && rmdir '${gone}' && exec "$0" "$@"`
      const env: NodeJS.ProcessEnv = { ...place.env }
      const tideThere = (...args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
        promisify(execFile)('sh', ['-c', line, process.execPath, builtCommand, ...args], { env })
      const listed = await tideThere('list')
      expect(listed).toMatchObject({ stdout: expect.stringContaining('one'), stderr: '' })
      expect(await tideThere('--version')).toMatchObject({ stderr: '' })
      const demo = await place.tide(['demo', '--json'], { env: { TMPDIR: '/nowhere' } })
      expect(expectError(demo, 1, 'FILE_UNWRITABLE').message).toContain('/nowhere')
    },
  )

  it.skipIf(!canBeClosed)(
    '[G20] a workspace that may only be read can be read; a write is refused, and nothing changed',
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one', '--body', 'words'])
      const before = await place.all()
      const files = (): Promise<string[]> => readdir(place.dir, { recursive: true })
      const [names, summary] = [await files(), await readFile(join(place.dir, '.tidemark', 'summary'))]
      letPass(place.root)
      const other = asOther(place)
      const closed = [place.dir, ...names.map((name) => join(place.dir, name))]
      for (const path of closed) chmodSync(path, existsSync(join(path, '.')) ? 0o555 : 0o444)
      try {
        expect(await place.all(other)).toEqual(before)
        expect((await place.json(['show', 'T-1'], other)).task?.body).toBe('words')
        expect(await place.must(['search', 'words'], other)).toContain('one')
        for (const args of [
          ['add', 'two'],
          ['set', 'T-1', 'status=done'],
          ['comment', 'T-1', 'x'],
          ['undo'],
          ['config', 'set', 'relay', 'none'],
        ]) {
          expectRefusal(await place.tide(args, other), 1, /permission denied/i)
        }
        const inside = join(place.dir, '.tidemark')
        expectRefusal(await place.tide(['init', '--dir', inside], other), 1, inside)
        for (const args of [
          ['status'],
          ['doctor'],
          ['history'],
          ['conflicts'],
          ['backup', join(other.env?.['TMPDIR'] ?? place.temporary, 'a.tide')],
        ]) {
          const ran = await place.tide(args, other)
          expectNoTrace(ran)
          if (ran.exit !== 0 && args[0] !== 'doctor') expectRefusal(ran, 1)
        }
      } finally {
        for (const path of closed) chmodSync(path, existsSync(join(path, '.')) ? 0o755 : 0o644)
      }
      expect(await files()).toEqual(names)
      expect(await readFile(join(place.dir, '.tidemark', 'summary'))).toEqual(summary)
      expect(await place.all()).toEqual(before)
      await place.must(['doctor'])
    },
  )

  it.skipIf(!canBeClosed)(
    '[G20] a directory that one may not enter, a file that one may not read: told in words',
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one'])
      letPass(place.root, place.dir)
      const other = asOther(place)
      const shut = [
        join(place.dir, 'tidemark.json'),
        join(place.dir, '.tidemark', 'summary'),
        join(place.dir, '.tidemark', 'store'),
        join(place.dir, '.tidemark'),
      ]
      for (const path of shut) {
        const mode = existsSync(join(path, '.')) ? 0o755 : 0o644
        chmodSync(path, 0)
        for (const args of [['list'], ['show', 'T-1'], ['add', 'two'], ['status'], ['doctor', '--json'], ['history']]) {
          const ran = await place.tide(args, other)
          expectNoTrace(ran)
          expect(ran.exit, `${path}: ${words(ran)}`).toBe(1)
          if (args.includes('--json')) document(ran.out)
          else expectRefusal(ran, 1)
        }
        chmodSync(path, mode)
      }
      chmodSync(place.dir, 0)
      expectRefusal(await place.tide(['list', '--dir', place.dir], { ...other, cwd: place.root }), 3)
      chmodSync(place.dir, 0o755)
      expect((await place.all()).map((task) => task.title)).toEqual(['one'])
    },
  )

  it.skipIf(!canBeClosed)(
    '[G19] the package may belong to someone else: no cache is written, nothing is said',
    async () => {
      await using place = openPlace()
      const installed = join(place.root, 'package', 'dist')
      mkdirSync(dirname(installed))
      cpSync(dirname(builtCommand), installed, { recursive: true })
      symlinkSync(join(repository, 'node_modules'), join(place.root, 'package', 'node_modules'))
      const caches = (): readonly string[] => readdirSync(installed).filter((name) => name.includes('.cache'))
      for (const name of caches()) rmSync(join(installed, name))
      letPass(place.root, dirname(installed))
      chmodSync(installed, 0o555)
      giveToNobody(place.dir)
      const other = asOther(place)
      const command = join(installed, 'tide.cjs')
      await expectWorks(place, { ...other, command })
      expect(caches()).toEqual([])
      chmodSync(installed, 0o755)
      await place.must(['list'], { command })
      expect(caches(), 'who may write it keeps it').toHaveLength(1)
      for (const spoil of ['', 'x'.repeat(1000)]) {
        await writeFile(join(installed, caches()[0] ?? ''), spoil)
        expect(await place.must(['list'], { command }), 'a cache that is damaged is not used').toContain('one')
      }
    },
  )
})

/** A folder of someone else: made and given away by root, else root's. */
function theirs(path: string): string {
  if (!isRoot) return '/'
  mkdirSync(path, { mode: 0o700 })
  giveToNobody(path)
  return path
}
