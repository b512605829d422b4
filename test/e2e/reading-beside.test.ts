/** Readers beside a process that holds the workspace: a file that was saved is seen by the next command, however it was saved. */
import { linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { settledByHolder } from '../../bin/settling.ts'
import { placeOf, readConfigFile } from '../../bin/workspace-world.ts'
import { buildProgram, startOwner } from './program.ts'
import { openWorkspacePlace, words, type Place } from './support.ts'

/** So many that readers ask the process that watches them. */
const MANY = 3_000
const FEW = 10
/** Less than the 5 s after which a silent process is given up; a look at so many files takes much less, also on a busy machine. */
const BOUND_MS = 4_500

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

const pathOf = (place: Place, number: number): string => join(place.dir, 'tasks', `T-${number}-task-${number}.md`)

async function withFiles(count: number): Promise<Place> {
  const place = await openWorkspacePlace()
  mkdirSync(join(place.dir, 'tasks'), { recursive: true })
  for (let number = 1; number <= count; number++)
    writeFileSync(
      pathOf(place, number),
      `---\nid: ${number.toString(16).padStart(10, '0')}\nkey: T-${number}\ntitle: Task ${number}\nstatus: todo\n---\n`,
    )
  await place.prepare(['list'])
  return place
}

const titled = (path: string, title: string): string =>
  readFileSync(path, 'utf8').replace(/^title: .*$/m, `title: ${title}`)
const isSettled = (place: Place): Promise<boolean> =>
  settledByHolder(placeOf(place.dir, place.env), readConfigFile(place.dir).config.project)

/** Three ways of saving, of one file or of many. */
const WAYS: readonly ((place: Place, number: number, title: string) => void)[] = [
  (place, number, title) => writeFileSync(pathOf(place, number), titled(pathOf(place, number), title)),
  (place, number, title) => {
    const path = pathOf(place, number)
    writeFileSync(`${path}.tmp`, titled(path, title))
    renameSync(`${path}.tmp`, path)
  },
  (place, number, title) => {
    for (let other = number; other < number + 30; other++)
      writeFileSync(pathOf(place, other), titled(pathOf(place, other), title))
  },
]

describe('a reader beside the process that holds the workspace', () => {
  it('[M62] sees what was saved just before, two hundred times, in place, by a new file, many at once', async () => {
    await using place = await withFiles(MANY)
    await using _owner = await startOwner(program.path, place)
    expect(await isSettled(place)).toBe(true)
    for (let round = 0; round < 200; round++) {
      const [number, title] = [1 + ((round * 37) % (MANY - 30)), `round ${round}`]
      const way = round % WAYS.length
      WAYS[way]?.(place, number, title)
      const isShown = round % 10 === 0
      const shown = isShown ? (await place.json(['show', `T-${number}`])).task?.title : title
      const { tasks = [] } = round % 10 === 5 ? await place.json(['list']) : await place.look(['list'])
      const saved = tasks.filter((task) => task.title === title)
      expect([round, shown, saved.length]).toEqual([round, title, way === 2 ? 30 : 1])
      expect(saved[0]?.path).toBe(`tasks/T-${number}-task-${number}.md`)
      const found = await place.look(['search', title])
      expect(found.tasks?.map(({ key }) => key)).toContain(`T-${number}`)
    }
  }, 240_000)

  it('[M62][P66] sees what changed after more events than the system keeps for the process that watches', async () => {
    await using place = await withFiles(FEW)
    await using owner = await startOwner(program.path, place)
    owner.kill('SIGSTOP')
    await sleep(50) // a signal takes effect when it does
    // Nobody reads the 16,384 events that there is room for: that of the task is dropped.
    for (let turn = 0; turn < 10_000; turn++)
      for (const name of ['one', 'two']) writeFileSync(join(place.dir, 'tasks', name), '')
    WAYS[0]?.(place, 1, 'the last')
    owner.kill('SIGCONT')
    // Long before it would look at all files by itself.
    const last = async (): Promise<string | undefined> => {
      const { result } = await owner.call('task.get', { key: 'T-1' })
      return (result as { readonly task: { readonly title: string } }).task.title
    }
    await vi.waitFor(async () => expect(await last()).toBe('the last'), { timeout: 6_000, interval: 50 })
  })

  it('[M62] sees what was written through a link that was there before', async () => {
    await using place = await withFiles(MANY)
    linkSync(pathOf(place, 1), join(place.dir, 'other.md'))
    const target = join(place.dir, 'linked.md')
    renameSync(pathOf(place, 2), target)
    symlinkSync(target, pathOf(place, 2))
    await using _owner = await startOwner(program.path, place)
    expect(await isSettled(place)).toBe(true)
    for (let round = 0; round < 5; round++) {
      writeFileSync(join(place.dir, 'other.md'), titled(join(place.dir, 'other.md'), `hard ${round}`))
      expect((await place.json(['show', 'T-1'])).task?.title).toBe(`hard ${round}`)
      writeFileSync(target, titled(target, `soft ${round}`))
      expect((await place.json(['list'])).tasks?.find(({ key }) => key === 'T-2')?.title).toBe(`soft ${round}`)
    }
  }, 120_000)

  it('[M63] of few files sees what nobody told the holder: a link made while it lives', async () => {
    await using place = await withFiles(FEW)
    await using _owner = await startOwner(program.path, place)
    expect(await isSettled(place)).toBe(false)
    for (const number of [1, 2, 3]) linkSync(pathOf(place, number), join(place.dir, `other-${number}.md`))
    const write = (number: number, title: string): void => {
      const path = join(place.dir, `other-${number}.md`)
      writeFileSync(path, titled(path, title))
    }
    write(1, 'shown')
    expect((await place.json(['show', 'T-1'])).task?.title).toBe('shown')
    write(2, 'listed')
    expect((await place.json(['list'])).tasks?.find(({ key }) => key === 'T-2')?.title).toBe('listed')
    write(3, 'searched')
    expect((await place.json(['search', 'searched'])).tasks?.map(({ key }) => key)).toEqual(['T-3'])
  })

  it('[M64] answers beside one that is stopped, and never shows as it was what that one must take in', async () => {
    await using place = await withFiles(MANY)
    await using owner = await startOwner(program.path, place)
    WAYS[0]?.(place, 1, 'before')
    expect((await place.json(['show', 'T-1'])).task?.title).toBe('before')
    owner.kill('SIGSTOP')
    await sleep(50) // a signal takes effect when it does
    for (const args of [['show', 'T-1'], ['list'], ['search', 'before']]) {
      const ran = await place.tide([...args, '--json'])
      expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, out: expect.stringContaining('"title":"before"') })
      expect(ran.ms).toBeLessThan(BOUND_MS)
    }
    WAYS[1]?.(place, 1, 'while it was stopped')
    const refused = await place.tide(['show', 'T-1'])
    expect(refused, `${words(refused)}`).toMatchObject({ out: '', err: expect.stringMatching(/does not answer|pid/) })
    expect(refused.exit).not.toBe(0)
    owner.kill('SIGCONT')
    await vi.waitFor(async () => expect((await place.json(['show', 'T-1'])).task?.title).toBe('while it was stopped'), {
      timeout: 10_000,
      interval: 100,
    })
  }, 120_000)
})
