/** What watching a real disk has beyond the port: links, folders that move, limits, and a mirror kept through a storm. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFiles } from '../../adapters/node/files.ts'
import { WatchQueue } from '../../adapters/node/watching.ts'
import type { Files } from '../../src/internal.ts'
import { createDice, type Dice } from '../support/dice.ts'
import { bundle } from './child-process.ts'

type Call = readonly string[] | null

let root: string
let elsewhere: string
let files: Files
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tide-watching-'))
  elsewhere = mkdtempSync(join(tmpdir(), 'tide-elsewhere-'))
  files = openFiles(root)
})
afterEach(() => {
  for (const folder of [root, elsewhere]) rmSync(folder, { recursive: true, force: true })
})

function put(path: string, text = 'one'): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Calls in order, and a wait for the next that fits, counted from the last wait on. */
function hear(folder: string): Disposable & { until(fits: (call: Call) => boolean): Promise<readonly Call[]> } {
  let calls: Call[] = []
  let look = (): void => undefined
  const watching = files.watch(folder, (call) => {
    calls.push(call)
    look()
  })
  const until = (fits: (call: Call) => boolean): Promise<readonly Call[]> =>
    new Promise((resolve) => {
      look = () => {
        const at = calls.findIndex(fits)
        if (at === -1) return
        const before = calls.slice(0, at + 1)
        calls = calls.slice(at + 1)
        resolve(before)
      }
      look()
    })
  return { until, [Symbol.dispose]: () => watching[Symbol.dispose]() }
}

const anything = (call: Call): boolean => call === null
const named = (path: string) => (call: Call) => call?.includes(path) ?? false

describe.skipIf(process.platform === 'win32')('watching a disk', () => {
  it('[P52] files in folders that were made, renamed or replaced later are said by their paths of now', async () => {
    put('tasks/a.md')
    using ear = hear('tasks')
    put('tasks/new/deep/b.md')
    await ear.until(anything)
    put('tasks/new/deep/b.md', 'two')
    await ear.until(named('tasks/new/deep/b.md'))
    renameSync(join(root, 'tasks', 'new'), join(root, 'tasks', 'old'))
    put('tasks/mark.md')
    await ear.until(named('tasks/mark.md'))
    put('tasks/old/deep/b.md', 'three')
    await ear.until(named('tasks/old/deep/b.md'))
    // At once: the new folder may have the number of the old one.
    rmSync(join(root, 'tasks', 'old'), { recursive: true })
    put('tasks/old/c.md')
    await ear.until(anything)
    put('tasks/mark.md', 'two')
    await ear.until(named('tasks/mark.md'))
    put('tasks/old/c.md', 'two')
    expect(await ear.until(named('tasks/old/c.md'))).toContainEqual(['tasks/old/c.md'])
  })

  it('[P53] a folder that was moved out is not heard of any more', async () => {
    put('tasks/sub/a.md')
    using ear = hear('tasks')
    renameSync(join(root, 'tasks', 'sub'), join(elsewhere, 'sub'))
    await ear.until(anything)
    put('tasks/mark.md')
    await ear.until(named('tasks/mark.md'))
    writeFileSync(join(elsewhere, 'sub', 'a.md'), 'two')
    put('tasks/last.md')
    const since = await ear.until(named('tasks/last.md'))
    expect(new Set(since.flatMap((call) => call ?? ['anything']))).toEqual(new Set(['tasks/mark.md', 'tasks/last.md']))
  })

  it('[P53] linked folders below are not entered; the watched folder itself may be linked, inside the root', async () => {
    put('real/a.md')
    symlinkSync(elsewhere, join(root, 'real', 'out'))
    symlinkSync('..', join(root, 'real', 'up'))
    symlinkSync('real', join(root, 'tasks'))
    symlinkSync(elsewhere, join(root, 'leaving'))
    using ear = hear('tasks')
    using outside = hear('leaving')
    writeFileSync(join(elsewhere, 'b.md'), 'one')
    put('c.md')
    put('real/a.md', 'two')
    const calls = await ear.until(named('tasks/a.md'))
    expect(new Set(calls.flat())).toEqual(new Set(['tasks/a.md']))
    // What leads outside is not there; when it leads inside, it is.
    rmSync(join(root, 'leaving'))
    symlinkSync('real', join(root, 'leaving'))
    expect(new Set(await outside.until(anything))).toEqual(new Set([null]))
    put('real/mark.md')
    await ear.until(named('tasks/mark.md'))
    put('real/a.md', 'three')
    expect(await outside.until(named('leaving/a.md'))).toContainEqual(['leaving/a.md'])
  })

  it('[P52] a root that goes is said, with nothing else in it changed', async () => {
    put('tasks/a.md')
    using ear = hear('tasks')
    using whole = hear('')
    renameSync(root, join(elsewhere, 'moved'))
    expect(await ear.until(anything)).toContain(null)
    expect(await whole.until(anything)).toContain(null)
  })

  it('[P55] where the system refuses to watch nothing is thrown, and once anything may have changed', async () => {
    put('tasks/sub/a.md')
    await using program = await bundle('test/adapters/watching-child.ts')
    const limited = ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, program.path, root]
    // It ends by itself: a watch that has ended keeps no process alive.
    expect(execFileSync('sh', limited, { encoding: 'utf8' }).split('\n')).toEqual([
      'returned late null',
      'late ["tasks/a.md"]', // it has ended by then
      '',
    ])
  })

  it.runIf(process.platform === 'linux')(
    '[P66] a watch is prompt on a disk of this machine, and on no other that a folder of it may lie on',
    () => {
      put('tasks/a.md')
      using here = files.watch('tasks', () => undefined)
      expect(here.isPrompt).toBe(true)
      using elsewhere = openFiles('/proc').watch('self/net', () => undefined)
      expect(elsewhere.isPrompt).toBe(false)
      here[Symbol.dispose]()
      expect(here.isPrompt).toBe(false)
    },
  )

  it('[P66] after more events than the system keeps, in another folder too, each watch says that anything may have changed', async () => {
    put('tasks/a.md')
    mkdirSync(join(elsewhere, 'tasks'))
    const queue = new WatchQueue()
    const calls: Call[] = []
    using _one = openFiles(root, { queue }).watch('tasks', (call) => void calls.push(call))
    using _other = openFiles(elsewhere, { queue }).watch('tasks', () => undefined)
    // More than the 16,384 that the queue holds, while nobody reads it: the save after them is lost.
    for (let turn = 0; turn < 10_000; turn++)
      for (const name of ['b', 'c']) writeFileSync(join(elsewhere, 'tasks', name), '')
    put('tasks/a.md', 'two')
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve))
    expect(calls).toContain(null)
    // And nobody says so again for a single one.
    calls.length = 0
    put('tasks/a.md', 'three')
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve))
    expect(new Set(calls.map((call) => JSON.stringify(call)))).toEqual(new Set(['["tasks/a.md"]']))
  })

  it.each([1, 2, 3, 4])('[P52] who reads what is said has the true files after a storm, seed %i', async (seed) => {
    const mirror = new Map<string, string>()
    const read = (path: string): void => {
      const text = textOf(path)
      if (text === undefined) mirror.delete(path)
      else mirror.set(path, text)
    }
    let seen = (): void => undefined
    put('tasks/a.md')
    read('tasks/a.md')
    using _ = files.watch('tasks', (paths) => {
      if (paths === null) mirror.clear()
      for (const path of paths ?? pathsBelow('tasks')) read(path)
      if (mirror.has('tasks/end.md')) seen()
    })
    const dice = createDice(seed)
    for (let step = 0; step < 600; step++) {
      storm(dice, String(step))
      // Now and then the watcher has its turn, in the middle of things.
      if (dice.chance(0.25)) await new Promise((resolve) => void setImmediate(resolve))
    }
    const ended = new Promise<void>((resolve) => (seen = resolve))
    put('tasks/end.md')
    await ended
    expect(Object.fromEntries(mirror)).toEqual(
      Object.fromEntries(pathsBelow('tasks').map((path) => [path, textOf(path)])),
    )
  })
})

/** One thing that other programs do, somewhere among a few names. */
function storm(dice: Dice, text: string): void {
  const name = (): string => dice.pick(['x', 'y', 'z']) ?? ''
  const place = (): string => ['tasks', ...Array.from({ length: dice.below(3) }, name), name()].join('/')
  const at = join(root, place())
  const kind = dice.below(8)
  try {
    if (kind < 3) put(`${place()}/${name()}.md`, text)
    else if (kind < 5) writeFileSync(`${at}.md`, text)
    else if (kind < 7) renameSync(at, join(root, place()))
    else rmSync(dice.chance(0.1) ? join(root, 'tasks') : at, { recursive: true })
  } catch {
    // Nothing was there, or something is in the way: nothing happened.
  }
}

function pathsBelow(folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted()
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
