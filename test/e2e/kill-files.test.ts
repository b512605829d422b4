/** Commands killed in the middle of writing many files: the next one finishes them, and nobody's words or statuses change. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPlace, type Place } from './support.ts'
import { problems } from './one-task.ts'

const COUNT = 60
const STATUSES = ['doing', 'review', 'blocked', 'todo'] as const

const pathOf = (place: Place, number: number): string => join(place.dir, 'tasks', `T-${number}-task.md`)
const numbers = Array.from({ length: COUNT }, (_, index) => index + 1)
const keys = numbers.map((number) => `T-${number}`)

function writeTasks(place: Place): void {
  mkdirSync(join(place.dir, 'tasks'))
  for (const number of numbers) {
    const id = number.toString(16).padStart(10, '0')
    const front = `---\nid: ${id}\nkey: T-${number}\ntitle: Task ${number}\nstatus: todo\n---\n`
    writeFileSync(pathOf(place, number), `${front}\nOne.\n\nTwo of ${number}.\n`)
  }
}

/** What the files say is what the project says; nothing is in conflict, nothing odd. */
async function expectSame(place: Place): Promise<readonly string[]> {
  await place.must(['sync'])
  const tasks = await place.all()
  expect(tasks).toHaveLength(COUNT)
  for (const { path, status, conflicts } of tasks) {
    expect(readFileSync(join(place.dir, path ?? 'no file'), 'utf8')).toContain(`\nstatus: ${status}\n`)
    expect(conflicts).toEqual([])
  }
  expect(await problems(place)).toEqual([])
  return [...new Set(tasks.map(({ status }) => status))]
}

describe('killed', () => {
  it('[M5] while many files are written: all of a command or nothing of it, in the end in every file', async () => {
    await using place = openPlace()
    writeTasks(place)
    await place.must(['init'])
    await place.must(['list'])
    const began = performance.now()
    await place.must(['set', ...keys, 'status=done'])
    const whole = performance.now() - began
    let wasKilled = 0
    for (const [round, status] of [...STATUSES, ...STATUSES].entries()) {
      const ran = await place.tide(['set', ...keys, `status=${status}`], {
        killAfterMs: Math.ceil(whole * (0.3 + 0.08 * round)),
      })
      if (ran.signal !== null) wasKilled++
      expect(await expectSame(place)).toHaveLength(1)
    }
    expect(wasKilled).toBeGreaterThan(0)
    const { changes } = await place.json(['history'])
    const verbs = new Set((changes as readonly { readonly verb: string }[]).map(({ verb }) => verb))
    expect([...verbs].toSorted()).toEqual(['import', 'set'])
  })

  it('[M5] while many files are read: no edit is lost, none is made twice', async () => {
    await using place = openPlace()
    writeTasks(place)
    await place.must(['init'])
    for (let round = 0; round < 6; round++) {
      for (const number of numbers) {
        const text = readFileSync(pathOf(place, number), 'utf8')
        writeFileSync(
          pathOf(place, number),
          text.replace(/One.*\./, (line) => `${line.slice(0, -1)}, ${round}.`),
        )
      }
      const before = numbers.map((number) => readFileSync(pathOf(place, number), 'utf8'))
      await place.tide(['list'], { killAfterMs: 90 + 50 * round })
      await expectSame(place)
      expect(numbers.map((number) => readFileSync(pathOf(place, number), 'utf8'))).toEqual(before)
    }
    const { task } = await place.json(['show', 'T-7'])
    expect(task?.body).toBe('One, 0, 1, 2, 3, 4, 5.\n\nTwo of 7.\n')
  })

  it('[M5] while a folder is taken in for the first time: all tasks are there, each once, and no byte is changed', async () => {
    await using place = openPlace()
    writeTasks(place)
    const before = numbers.map((number) => readFileSync(pathOf(place, number), 'utf8'))
    await place.tide(['init'], { killAfterMs: 150 })
    await place.must(['init'])
    for (let round = 0; round < 3; round++) await place.tide(['list'], { killAfterMs: 80 + 60 * round })
    await expectSame(place)
    expect(numbers.map((number) => readFileSync(pathOf(place, number), 'utf8'))).toEqual(before)
    expect(new Set((await place.all()).map(({ uid }) => uid)).size).toBe(COUNT)
  })
})
