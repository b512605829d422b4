/** kill -9 at any moment: what was acknowledged is there, what is there is whole, and nobody who comes next is kept waiting. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDice, type Dice } from '../support/dice.ts'
import { buildProgram, startOwner, startProgram } from './program.ts'
import { expectRefusal, openWorkspacePlace, words, type Place } from './support.ts'
import { expectQuiet, expectSameInFiles } from './task-files.ts'

const ROUNDS = process.env['E2E_FULL'] === '1' ? 50 : 15
const CONTROL_ROUNDS = 25
/** A command that finds nobody in its way needs a small part of it, also on a busy machine; whoever waits for a lock needs 5 s. */
const AT_ONCE_MS = 4_000

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

/** Runs a writer and kills it some moment after it said so many titles: the titles that it had said by then. */
async function killedWriter(
  place: Place,
  when: 'after' | 'before',
  round: number,
  dice: Dice,
): Promise<readonly string[]> {
  await using writer = startProgram(program.path, ['write', place.dir, when, String(round)], place.env)
  await writer.line(dice.below(40))
  // The moment is what is tried here, so it comes by chance: inside a commit, between two, while a file is renamed.
  await sleep(dice.next() * 12)
  writer.kill('SIGKILL')
  await writer.ended
  return writer.said
}

/** As the program writes it. */
const bodyOf = (title: string): string => `${title} ${'lorem ipsum '.repeat(200)}`

async function missing(place: Place, acknowledged: readonly string[]): Promise<readonly string[]> {
  const titles = new Set((await place.all()).map((task) => task.title))
  return acknowledged.filter((title) => !titles.has(title))
}

async function expectHealthy(place: Place): Promise<void> {
  const ran = await place.tide(['doctor'])
  expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
}

async function expectAtOnce(place: Place, args: readonly string[]): Promise<string> {
  const ran = await place.tide(args)
  expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, err: '' })
  expect(ran.ms, `${words(ran)}`).toBeLessThan(AT_ONCE_MS)
  return ran.out
}

describe('kill -9', () => {
  it(
    `[G13][G14] of a program that writes, ${ROUNDS} times: every acknowledged task is there, and nothing blocks`,
    { timeout: 180_000 },
    async () => {
      const dice = createDice(13)
      await using place = await openWorkspacePlace()
      const acknowledged: string[] = []
      for (let round = 0; round < ROUNDS; round++) {
        acknowledged.push(...(await killedWriter(place, 'after', round, dice)))
        const title = `after ${round}`
        // Who comes first may be the one that mends what was left: a reader in one round, a writer in the other.
        await expectAtOnce(place, dice.chance(0.5) ? ['add', title] : ['list'])
        const again = place.must(['add', `${title} again`])
        const healthy = round % 3 === 0 ? expectHealthy(place) : undefined
        await Promise.all([healthy, again])
        // Whatever was being written when it died: each file is there, once, and says what is shown.
        const kept = await expectSameInFiles(place, {
          bodyOf: (task) => (task.labels.length > 0 ? bodyOf(task.title) : ''),
        })
        const titles = new Set(kept.map((task) => task.title))
        expect(acknowledged.filter((title) => !titles.has(title))).toEqual([])
        if (round % 4 === 0) await expectQuiet(place, { force: round % 8 === 0 })
      }
      const tasks = await place.all()
      expect(new Set(tasks.map((task) => task.key)).size).toBe(tasks.length)
      for (let turn = 0; turn < 10; turn++) {
        const title = dice.pick(acknowledged) ?? ''
        const { key = title } = tasks.find((task) => task.title === title) ?? {}
        expect((await place.json(['show', key])).task?.body).toBe(bodyOf(title))
      }
      process.stdout.write(`${acknowledged.length} acknowledged, none lost, in ${ROUNDS} rounds\n`)
      expect(acknowledged.length).toBeGreaterThan(ROUNDS * 10)
    },
  )

  it('[G13] control: a program that acknowledges before it has written is caught', { timeout: 120_000 }, async () => {
    const dice = createDice(31)
    await using place = await openWorkspacePlace()
    let lost: readonly string[] = []
    for (let round = 0; round < CONTROL_ROUNDS && lost.length === 0; round++) {
      lost = await missing(place, await killedWriter(place, 'before', round, dice))
    }
    expect(lost.length, 'no loss was seen: the test above would prove nothing').toBeGreaterThan(0)
  })

  it(
    '[G13][G14] of commands in a storm: what ended well is there once, what was killed is there whole or not at all',
    { timeout: 180_000 },
    async () => {
      const dice = createDice(17)
      await using place = await openWorkspacePlace()
      const usual = (await place.tide(['add', 'next'])).ms
      const [done, killed, failed]: [string[], string[], string[]] = [[], [], []]
      const worker = async (_: unknown, number: number): Promise<void> => {
        for (let turn = 0; turn < 18; turn++) {
          const title = `w${number}t${turn}`
          const args = ['add', title, '-l', 'one,two,three', '--body', `body of ${title}`, '--set', 'estimate=3']
          // Two of three are to die, at any moment of a life that is longer while others run.
          const killAfterMs = Math.ceil(usual * (0.3 + 2.2 * dice.next()))
          const ran = await place.tide(args, dice.chance(0.67) ? { killAfterMs } : {})
          if (ran.signal !== null) killed.push(title)
          else if (ran.exit === 0) done.push(title)
          else if (ran.exit !== 6) failed.push(words(ran))
        }
      }
      await Promise.all(Array.from({ length: 4 }, worker))
      expect(failed.join('\n')).toBe('')
      await expectAtOnce(place, ['done', 'T-1'])
      const tasks = (await place.all()).filter((task) => task.title !== 'next')
      const titles = tasks.map((task) => task.title)
      process.stdout.write(
        `${done.length} done, ${killed.length} killed, of those ${tasks.length - done.length} were written\n`,
      )
      expect(done.filter((title) => !titles.includes(title))).toEqual([])
      expect(new Set(titles).size).toBe(titles.length)
      for (const task of tasks) expect(task).toMatchObject({ labels: ['one', 'three', 'two'], fields: { estimate: 3 } })
      for (const task of tasks.slice(-5)) {
        expect((await place.json(['show', task.key])).task?.body).toBe(`body of ${task.title}`)
      }
      await expectSameInFiles(place, {
        bodyOf: ({ title }) => (title === 'next' ? undefined : `body of ${title}`),
      })
      await expectQuiet(place)
      await expectHealthy(place)
      expect(killed.length).toBeGreaterThan(15)
      expect(done.length).toBeGreaterThan(20)
      expect((await readdir(place.dir)).toSorted()).toEqual(['.tidemark', 'tasks', 'tidemark.json'])
    },
  )

  it(
    '[G14] of a live owner: the next command works at once, and the next owner takes its place',
    { timeout: 120_000 },
    async () => {
      await using place = await openWorkspacePlace()
      for (let round = 0; round < 5; round++) {
        await using owner = await startOwner(program.path, place)
        const answer = await owner.call('task.create', { title: `owned ${round}` })
        expect(answer['result']).toMatchObject({ task: { title: `owned ${round}` } })
        await place.must(['add', `through ${round}`])
        owner.kill('SIGKILL')
        await owner.ended
        const sockets = (await readdir(place.runtime)).filter((name) => name.endsWith('.sock'))
        expect(sockets, 'what it left is there, or the test shows nothing').toHaveLength(1)
        const first = [['list'], ['add', `after ${round}`], ['status'], ['doctor'], ['show', 'T-1']][round] ?? ['list']
        await expectAtOnce(place, first)
        expect(await place.json(['status'])).toMatchObject({ owner: null, problems: [] })
        await expectSameInFiles(place)
        await expectQuiet(place, { force: false })
        await expectHealthy(place)
      }
      const titles = (await place.all()).map((task) => task.title)
      for (let round = 0; round < 5; round++)
        expect(titles).toEqual(expect.arrayContaining([`owned ${round}`, `through ${round}`]))
    },
  )

  it(
    '[G14] of a live owner while commands wait for its answer: they end with a word, and asking again works',
    { timeout: 120_000 },
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one'])
      await using owner = await startOwner(program.path, place)
      owner.kill('SIGSTOP')
      const waiting = Array.from({ length: 4 }, (_, number) => place.tide(['add', `waiting ${number}`]))
      await sleep(500) // they are to be in the middle of their call
      owner.kill('SIGKILL')
      await owner.ended
      for (const ran of await Promise.all(waiting)) {
        expect(ran.ms, `${words(ran)}`).toBeLessThan(AT_ONCE_MS)
        if (ran.exit !== 0) expectRefusal(ran, ran.exit === 5 ? 5 : 6)
      }
      await expectAtOnce(place, ['add', 'again'])
      expect(existsSync(place.dir)).toBe(true)
      await expectHealthy(place)
    },
  )
})
