/**
 * Damaged files: nobody is shown wrong tasks as if they were right, every failure is told in words, the doctor names what is
 * affected and mends what can be mended, and the damaged bytes are kept. E2E_FULL=1 tries many more places.
 */
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TaskDetail, TaskView } from '../../src/index.ts'
import { createDice } from '../support/dice.ts'
import { makeSample, TASKS, type Sample } from './damage-sample.ts'
import { document, expectNoTrace, words, type Answer, type Place, type Ran } from './support.ts'
import { expectQuiet, expectSameInFiles, filesIn } from './task-files.ts'

const isFull = process.env['E2E_FULL'] === '1'
/** Rows that one bit may cost: where a key is damaged, those that were stored as what differs from it go too. */
const MOST_LOST_TO_A_BIT = 8

/** What a command that met damage may do: what it would do without, or say what is wrong. */
function judged(ran: Ran): Answer | undefined {
  expectNoTrace(ran)
  expect(ran.err, `${words(ran)}`).toBe('')
  const answer = document(ran.out)
  if (ran.exit === 0) return answer
  expect(ran.exit, `${words(ran)}`).toBe(1)
  expect(answer.error, `${words(ran)}`).toMatchObject({ code: expect.stringMatching(/^(STORE|DOCUMENT)_/) })
  expect(answer.error?.hint, `${words(ran)}`).toMatch(/doctor/)
  return undefined
}

/** The doctor, and whoever writes after it, are processes of their own; those who only look are too with E2E_FULL=1. */
function read(place: Place, args: readonly string[]): Promise<Ran> {
  return isFull ? place.tide(args) : place.here(args)
}

interface Damage {
  readonly what: string
  readonly kind: 'flip' | 'cut' | 'gone' | 'none'
  act(): Promise<void>
}

interface Seen {
  /** All tasks were listed and shown as they were; undefined: refused in words. */
  readonly whole: boolean | undefined
  readonly healthy: boolean
}

/** No task that was never there, no value that was never written: what is shown is right, or the doctor knows of it. */
async function look(sample: Sample, { what, kind }: Damage): Promise<Seen> {
  const { place, tasks, earlier, details } = sample
  const doctor = await place.tide(['doctor', '--json'])
  expectNoTrace(doctor)
  expect(doctor.err, `${words(doctor)}`).toBe('')
  const { healthy, checks, error } = document(doctor.out)
  expect(error, `the doctor always has a report\n${words(doctor)}`).toBe(undefined)
  const told = `${what}\n${JSON.stringify(checks)}`
  const listed = judged(await read(place, ['list', '--all', '--json']))
  const shown: (TaskDetail | undefined)[] = []
  for (const key of details.keys()) shown.push(judgedTask(await read(place, ['show', key, '--json'])))
  for (const task of listed?.tasks ?? []) expectKnown(sample, task, told)
  // The end of a log that was cut off cannot be told from a command that never came so far.
  const known = [tasks, ...(kind === 'cut' && what.includes('.log') ? [earlier] : [])].map((one) => JSON.stringify(one))
  const isListed = known.includes(JSON.stringify(listed?.tasks))
  const isShown = JSON.stringify(shown) === JSON.stringify([...details.values()])
  const wrong = [...(isListed ? [] : ['list']), ...(isShown ? [] : ['show'])]
  expect(healthy === true ? wrong : [], `the doctor saw nothing: ${told}`).toEqual([])
  const isRefused = listed === undefined && shown.every((task) => task === undefined)
  return { whole: isRefused ? undefined : isListed && isShown, healthy: healthy === true }
}

function judgedTask(ran: Ran): TaskDetail | undefined {
  if (ran.exit !== 3) return judged(ran)?.task
  return undefined // the task is what was lost: the doctor has to say so
}

/** A task that is listed is one that was there, with a title that it had, or with none where the row that said it is lost. */
function expectKnown(sample: Sample, task: TaskView, what: string): void {
  const known = sample.tasks.find((one) => one.uid === task.uid)
  expect(known, `${what}\na task that never was: ${JSON.stringify(task)}`).toBeDefined()
  expect(['', known?.title], `${what}`).toContain(task.title)
}

async function flip(path: string, at: number, bit: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  await writeFile(path, bytes)
}

interface Wanted {
  readonly folder: string
  readonly fits: (name: string) => boolean
  readonly seed: number
  /** One flip for so many bytes, and one more for each file. */
  readonly bytesPerFlip: number
  readonly cuts: number
}

async function damagesOf({ folder, fits, seed, bytesPerFlip, cuts }: Wanted): Promise<readonly Damage[]> {
  const dice = createDice(seed)
  const more = isFull ? 10 : 1
  const damages: Damage[] = []
  for (const name of (await readdir(folder)).filter(fits).toSorted()) {
    const path = join(folder, name)
    const { size } = await stat(path)
    if (size === 0) continue
    for (let turn = 0; turn < more + (more * size) / bytesPerFlip; turn++) {
      const [at, bit] = [dice.below(size), dice.below(8)]
      const what = `bit ${bit} of byte ${at} of ${size} in ${name} flipped`
      damages.push({ what, kind: 'flip', act: () => flip(path, at, bit) })
    }
    for (let turn = 0; turn < more * cuts; turn++) {
      const length = dice.below(size)
      damages.push({ what: `${name} cut from ${size} to ${length}`, kind: 'cut', act: () => truncate(path, length) })
    }
    damages.push({ what: `${name} gone`, kind: 'gone', act: () => rm(path) })
  }
  return damages
}

interface Suffering {
  readonly withSummary?: boolean
  /** What is wrong must not be shown, not even where the doctor knows of it. */
  readonly strict?: boolean
}

/** All damages in turn: what went wrong with any of them. */
async function suffer(
  sample: Sample,
  wanted: Wanted,
  { withSummary = true, strict = false }: Suffering = {},
): Promise<string> {
  const tally = { rounds: 0, harmless: 0, refused: 0, right: 0, partly: 0, mended: 0, reported: 0 }
  const failures: string[] = []
  for (const damage of await damagesOf(wanted)) {
    await sample.reset()
    await damage.act()
    if (!withSummary) await rm(join(sample.state, 'summary'), { force: true })
    tally.rounds++
    try {
      const { healthy, whole } = await look(sample, damage)
      expect(strict && whole === false, `${damage.what}: what is wrong was shown as if it were right`).toBe(false)
      if (healthy) tally.harmless++
      else if (whole === undefined) tally.refused++
      else if (whole) tally.right++
      else tally.partly++
      if (healthy) continue
      if (await isMended(sample, damage)) tally.mended++
      else tally.reported++
    } catch (error) {
      failures.push(`${damage.what}: ${error instanceof Error ? error.message.slice(0, 1500) : String(error)}`)
    }
  }
  process.stdout.write(`${JSON.stringify(tally)}\n`)
  expect(tally.rounds).toBeGreaterThan(5)
  return failures.join('\n----\n')
}

/** After `doctor --fix` the workspace works: it lists what is left, takes a new task, and is healthy or says what is lost. */
async function isMended(sample: Sample, { what, kind }: Damage): Promise<boolean> {
  const { place } = sample
  const fixed = await place.tide(['doctor', '--fix', '--json'])
  expectNoTrace(fixed)
  expect(document(fixed.out).error, `${what}\n${words(fixed)}`).toBe(undefined)
  const added = await place.tide(['add', 'after the damage', '--json'])
  expect(added.exit, `${what}: nothing can be added after --fix\n${words(fixed)}\n${words(added)}`).toBe(0)
  const all = await place.all()
  expect(
    all.some((task) => task.title === 'after the damage'),
    `${what}`,
  ).toBe(true)
  for (const task of all) if (task.title !== 'after the damage') expectKnown(sample, task, what)
  const keys = all.map((task) => task.key)
  expect(new Set(keys).size, `${what}: a key stands twice: ${keys.join(' ')}`).toBe(keys.length)
  const lost = TASKS + 1 - all.length
  if (kind === 'flip')
    expect(lost, `${what}: tasks that one bit cost\n${words(fixed)}`).toBeLessThanOrEqual(MOST_LOST_TO_A_BIT)
  const after = await place.tide(['doctor', '--json'])
  expectNoTrace(after)
  const isHealthy = document(after.out)['healthy'] === true
  if (lost > 0)
    expect(isHealthy, `${what}: ${lost} tasks are gone, and the doctor is content\n${words(after)}`).toBe(false)
  return isHealthy
}

/** With whole files beside it a damaged store loses nothing that stands in them, and no byte of them changes. */
async function expectBackFromFiles(sample: Sample, { what, kind }: Damage): Promise<void> {
  const { place, tasks, details, files } = sample
  const fixed = await place.tide(['doctor', '--fix', '--json'])
  expectNoTrace(fixed)
  expect(document(fixed.out).error, `${what}\n${words(fixed)}`).toBe(undefined)
  const told = `${what}\n${words(fixed)}`
  const listed = await expectSameInFiles(place)
  const now = await filesIn(place.dir)
  // That a task was deleted stands in no file: where that was lost it is back, told of like any other loss.
  const isDeleted = new Set(tasks.filter(({ deleted }) => deleted).map(({ uid }) => uid))
  const back = listed.filter(({ uid, deleted }) => isDeleted.has(uid) && !deleted).map(({ path }) => path ?? '')
  expect(Object.fromEntries(Object.entries(now).filter(([path]) => !back.includes(path))), `${told}`).toEqual(files)
  const inFiles = ({ uid, key, title, status, priority, parent, path, ...rest }: TaskView): unknown => {
    const { labels, assignees, dependsOn, fields } = rest
    return [uid, key, title, status, priority, parent, path, labels, assignees, dependsOn, fields]
  }
  const living = (all: readonly TaskView[]): readonly unknown[] =>
    all
      .filter(({ uid }) => !isDeleted.has(uid))
      .toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
      .map(inFiles)
  expect(living(listed), `${told}`).toEqual(living(tasks))
  const lost = back.length > 0 ? ['a deletion'] : []
  for (const [key, detail] of details) {
    const { task } = await place.json(['show', key])
    expect(task?.body, `${told}`).toBe(detail.body)
    if (task?.comments.length !== detail.comments.length) lost.push(`comments of ${key}`)
  }
  const after = await place.tide(['doctor', '--json'])
  // The end of a log that was cut off cannot be told from a command that never came so far.
  const mustBeTold = lost.length > 0 && (kind === 'flip' || !what.includes('.log'))
  const isContent = document(after.out)['healthy'] === true
  expect(mustBeTold && isContent, `${lost.join(', ')}: ${told}\n${words(after)}`).toBe(false)
  await expectQuiet(place)
}

// Each has a sample of its own, so that they can go on side by side.
describe.concurrent('damaged files', { timeout: 900_000 }, () => {
  it('[G15][G16] of the store, with the files of its tasks beside it: what they say is there again', async () => {
    await using sample = await makeSample()
    const wanted = { folder: sample.store, fits: isStoreFile, seed: 4, bytesPerFlip: 30_000, cuts: 1 }
    const failures: string[] = []
    let rounds = 0
    for (const [index, damage] of (await damagesOf(wanted)).entries()) {
      if (index % 6 !== 0 && !isFull) continue
      await sample.reset()
      await damage.act()
      if (rounds++ % 2 === 0) await rm(join(sample.state, 'summary'))
      try {
        await expectBackFromFiles(sample, damage)
      } catch (error) {
        failures.push(`${damage.what}: ${error instanceof Error ? error.message.slice(0, 1500) : String(error)}`)
      }
    }
    expect(failures.join('\n----\n')).toBe('')
    expect(rounds).toBeGreaterThan(2)
  })

  it('[M43][M52][G17] of the index of files: nothing is read wrong, written twice or deleted', async () => {
    await using sample = await makeSample()
    const { place, state, tasks, files } = sample
    const path = join(state, 'files')
    const { size } = await stat(path)
    const dice = createDice(6)
    const failures: string[] = []
    for (let round = 0; round < (isFull ? 300 : 7); round++) {
      await sample.reset()
      const [at, bit, length] = [dice.below(size), dice.below(8), dice.below(size)]
      const what = round === 0 ? 'gone' : round % 3 === 0 ? `cut to ${length}` : `bit ${bit} of byte ${at} flipped`
      await (round === 0 ? rm(path) : round % 3 === 0 ? truncate(path, length) : flip(path, at, bit))
      try {
        expect(await place.all()).toEqual(tasks)
        await place.must(['set', 'T-4', 'T-5', `m=${round}`])
        const now = await filesIn(place.dir)
        const changed = Object.keys({ ...files, ...now }).filter((name) => files[name] !== now[name])
        expect(changed).toEqual(['tasks/T-4-task-4.md', 'tasks/T-5-task-5.md'])
        await expectSameInFiles(place)
        await place.must(['doctor'])
      } catch (error) {
        failures.push(`${what}: ${error instanceof Error ? error.message.slice(0, 800) : String(error)}`)
      }
    }
    expect(failures.join('\n----\n')).toBe('')
  })

  it('[G15][G16] of the store, with a summary beside it: right, or told; mended as far as can be', async () => {
    await using sample = await makeSample({ withFiles: false })
    const wanted = { folder: sample.store, fits: isStoreFile, seed: 1, bytesPerFlip: 60_000, cuts: 0 }
    expect(await suffer(sample, wanted)).toBe('')
  })

  it('[G15][G16] of the store, without a summary: right, or told; mended as far as can be', async () => {
    await using sample = await makeSample({ withFiles: false })
    const wanted = { folder: sample.store, fits: isStoreFile, seed: 2, bytesPerFlip: 90_000, cuts: 1 }
    expect(await suffer(sample, wanted, { withSummary: false })).toBe('')
  })

  it('[G17] of the summary and its texts: what is shown is right all the same, or told', async () => {
    await using sample = await makeSample({ withFiles: false })
    for (const withSummary of [true, false]) {
      await sample.reset()
      if (!withSummary) await rm(join(sample.state, 'summary'))
      const none: Damage = { what: 'no damage', kind: 'none', act: async () => undefined }
      expect(await look(sample, none), 'control').toEqual({ whole: true, healthy: true })
    }
    await sample.reset()
    const wanted = { folder: sample.state, fits: isDerivedFile, seed: 3, bytesPerFlip: 9_000, cuts: 1 }
    expect(await suffer(sample, wanted, { strict: true })).toBe('')
  })
})

function isStoreFile(name: string): boolean {
  return !/^LO(?:G|CK)/.test(name)
}

function isDerivedFile(name: string): boolean {
  return /^(?:summary|texts-\d+)$/.test(name)
}
