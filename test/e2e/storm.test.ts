/**
 * Eight processes at a time on one workspace, one command after another: everything they were told is done is there.
 * `npm test` runs 8 × 10; E2E_FULL=1 runs 8 × 50.
 */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import type { TaskDetail, TaskView } from '../../src/index.ts'
import { buildProgram, startOwner } from './program.ts'
import { openWorkspacePlace, words, type Place, type Ran } from './support.ts'
import { expectQuiet, expectSameInFiles } from './task-files.ts'

const WORKERS = 8
const COMMANDS = process.env['E2E_FULL'] === '1' ? 50 : 10

/** One command, and how to see that it was done, once. */
interface Errand {
  readonly args: readonly string[]
  isDone(project: Project): boolean
}

interface Project {
  readonly tasks: readonly TaskView[]
  /** The one task that everyone writes to. */
  readonly shared: TaskDetail
}

const once = <Item>(items: readonly Item[], fits: (item: Item) => boolean): boolean => items.filter(fits).length === 1

/** Five kinds in turn; a task is closed with the key that its own add printed. */
function errandOf(worker: number, turn: number, ownKey: string): Errand {
  const name = `w${worker}t${turn}`
  switch (turn % 5) {
    case 0:
      return { args: ['add', name, '-l', 'storm'], isDone: ({ tasks }) => once(tasks, (task) => task.title === name) }
    case 1:
      return {
        args: ['set', 'T-1', `${name}=${turn}`],
        isDone: ({ shared }) => shared.fields[name] === turn,
      }
    case 2:
      return {
        args: ['comment', 'T-1', name],
        isDone: ({ shared }) => once(shared.comments, (comment) => comment.text === name),
      }
    case 3:
      return {
        args: ['done', ownKey],
        isDone: ({ tasks }) => once(tasks, (task) => task.key === ownKey && task.status === 'done'),
      }
    default:
      return {
        args: ['set', 'T-1', ownKey, `labels+=${name}`],
        isDone: ({ tasks, shared }) => labelled(tasks, shared, ownKey, name),
      }
  }
}

function labelled(tasks: readonly TaskView[], shared: TaskDetail, ownKey: string, label: string): boolean {
  const own = tasks.find((task) => task.key === ownKey)
  return own?.labels.includes(label) === true && shared.labels.includes(label)
}

interface Storm {
  readonly done: readonly Errand[]
  /** Ended with 6: another had the store for too long. None, unless the machine is very busy. */
  readonly late: readonly Errand[]
  readonly failed: readonly Ran[]
  readonly slowest: number
  readonly took: number
}

async function storm(place: Place): Promise<Storm> {
  const [done, late]: [Errand[], Errand[]] = [[], []]
  const failed: Ran[] = []
  let slowest = 0
  const began = performance.now()
  const worker = async (_: unknown, number: number): Promise<void> => {
    let ownKey = 'T-1'
    for (let turn = 0; turn < COMMANDS; turn++) {
      const errand = errandOf(number, turn, ownKey)
      const ran = await place.tide(errand.args)
      slowest = Math.max(slowest, ran.ms)
      if (ran.exit === 6) late.push(errand)
      else if (ran.exit !== 0 || ran.err !== '') failed.push(ran)
      else done.push(errand)
      if (errand.args[0] === 'add' && ran.exit === 0) ownKey = ran.out.trim()
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
  return { done, late, failed, slowest, took: performance.now() - began }
}

async function projectOf(place: Place): Promise<Project> {
  const { task } = await place.json(['show', 'T-1'])
  if (task === undefined) throw new Error('the shared task is gone')
  return { tasks: await place.all(), shared: task }
}

/** Every effect is there, once; nothing that nobody asked for; what failed ran out of time, and did nothing. */
async function expectEffects(place: Place, { done, late, failed, slowest, took }: Storm): Promise<Project> {
  const count = `${done.length} done, ${late.length} ran out of time`
  process.stdout.write(`${count}; ${Math.round(took)} ms, the slowest ${Math.round(slowest)} ms\n`)
  expect(failed.map(words).join('\n')).toBe('')
  expect(done.length + late.length).toBe(WORKERS * COMMANDS)
  const project = await projectOf(place)
  const textOf = ({ args }: Errand): string => args.join(' ')
  expect(done.filter((errand) => !errand.isDone(project)).map(textOf)).toEqual([])
  expect(late.filter((errand) => errand.isDone(project)).map(textOf)).toEqual([])
  expect(new Set(project.tasks.map((task) => task.key)).size).toBe(project.tasks.length)
  expect(project.tasks).toHaveLength(1 + done.filter(({ args }) => args[0] === 'add').length)
  expect((await place.json(['history', '--limit', '1000']))['changes']).toHaveLength(1 + done.length)
  expect(await place.json(['status'])).toMatchObject({ conflicts: 0, problems: [] })
  expect(await place.json(['doctor'])).toMatchObject({ healthy: true })
  await expectSameInFiles(place)
  await expectQuiet(place)
  return project
}

/** What the store alone says, without the lines that every command kept up beside it. */
async function expectSameWithoutSummary(place: Place, { tasks, shared }: Project): Promise<void> {
  const cwd = join(place.root, 'copy')
  await cp(place.dir, cwd, { recursive: true })
  await rm(join(cwd, '.tidemark', 'summary'))
  expect(await place.all({ cwd })).toEqual(tasks)
  expect((await place.json(['show', 'T-1'], { cwd })).task).toEqual(shared)
}

describe('a storm of commands', () => {
  it(
    `[G11] ${WORKERS} × ${COMMANDS} commands without an owner: every effect is there`,
    { timeout: 180_000 },
    async () => {
      await using place = await openWorkspacePlace()
      await place.prepare(['add', 'shared'])
      const project = await expectEffects(place, await storm(place))
      expect(project.tasks.length).toBeGreaterThan(WORKERS)
      await expectSameWithoutSummary(place, project)
    },
  )

  it(
    `[G11] ${WORKERS} × ${COMMANDS} commands with a live owner: every effect is there`,
    { timeout: 180_000 },
    async () => {
      await using program = await buildProgram()
      await using place = await openWorkspacePlace()
      await place.prepare(['add', 'shared'])
      await using owner = await startOwner(program.path, place)
      const told = await storm(place)
      expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid } })
      const project = await expectEffects(place, told)
      expect(await owner.leave()).toBe(0)
      expect(await place.json(['status'])).toMatchObject({ owner: null })
      expect(await projectOf(place)).toEqual(project)
      await expectSameWithoutSummary(place, project)
    },
  )
})
