/** Processes that end at a rename: the next one finishes it, and nothing is lost, doubled or told of that nobody did. */
import { expect, it } from 'vitest'
import type { MemoryFiles } from '../../adapters/memory/files.ts'
import type { Uid } from '../../src/ids.ts'
import { CONFIRMED } from '../../src/task/fields.ts'
import { confirm, expectSettled, namesOf } from './confirming.ts'
import { openDesk, type Desk } from './desk.ts'

const BODY = 'One.\n\nTwo.\n'

type Ending = (files: MemoryFiles, from: string, to: string, bytes: Uint8Array) => Promise<unknown>

/** At the move, and at the write into the moved file. */
const endings: readonly (readonly [when: string, end: Ending])[] = [
  ['before', async () => undefined],
  ['half way', (files, _, to, bytes) => files.write(to, bytes, null)],
  ['after', (files, from, to, bytes) => files.move(from, to, bytes)],
]

/** Files of which the process ends at the move of that place. */
function ending(
  place: number,
  end: Ending,
): { readonly through: (files: MemoryFiles) => MemoryFiles; readonly spare: () => void } {
  let left = place
  let isDead = false
  return {
    spare: () => void ([isDead, left] = [false, Number.POSITIVE_INFINITY]),
    through: (files) => {
      const alive = async <Result>(act: () => Promise<Result>): Promise<Result> => {
        if (isDead) throw new Error('killed')
        return act()
      }
      return {
        ...files,
        write: (...args) => alive(() => files.write(...args)),
        move: (from, to, bytes) =>
          alive(async () => {
            if (left-- > 0) return files.move(from, to, bytes)
            isDead = true
            await end(files, from, to, bytes)
            throw new Error('killed')
          }),
      }
    },
  }
}

const cases = endings.flatMap(([when, end]) => [0, 1, 2].map((place) => ({ when, place, end })))

/** A chain of two, and one by itself; the process ends at one of the three moves. */
async function ended({ place, end }: (typeof cases)[number]): Promise<readonly [desk: Desk, uids: readonly string[]]> {
  const { through, spare } = ending(place, end)
  const desk = openDesk({ through })
  const uids: string[] = []
  for (const title of ['Task', 'Task', 'Other']) uids.push((await desk.add(title, { body: BODY })).uid)
  const [one = '', two = '', three = ''] = uids
  await expect(confirm(desk, { [one]: 2, [two]: 3, [three]: 9 })).rejects.toThrow('killed')
  spare()
  return [desk, uids]
}

async function expectFinished(desk: Desk, verbs: readonly string[]): Promise<void> {
  await expectSettled(desk)
  expect(await namesOf(desk)).toEqual({
    'tasks/T-2-task.md': 'T-2 Task',
    'tasks/T-3-task.md': 'T-3 Task',
    'tasks/T-9-other.md': 'T-9 Other',
  })
  expect(await desk.conflicts()).toEqual([])
  expect((await desk.verbs()).filter((verb) => verb !== 'create')).toEqual(verbs)
}

it.each(cases)('[M5][M60] a process that ends $when the move $place is finished by a look', async (one) => {
  const [desk, uids] = await ended(one)
  await expectFinished(desk, [])
  for (const uid of uids) expect((await desk.task(uid)).body).toBe(BODY)
})

it.each(cases)('[M5][M60] a process that ends $when the move $place is finished by a command', async (one) => {
  const [desk, [uid = '']] = await ended(one)
  await desk.set(uid, { status: 'doing' })
  await expectFinished(desk, ['set'])
  expect(await desk.text('tasks/T-2-task.md')).toContain('status: doing')
})

it.each(cases)(
  '[M5][M60] a process that ends $when the move $place, and files edited before the next one',
  async (one) => {
    for (const place of [0, 1, 2]) {
      const [desk, uids] = await ended(one)
      const uid = uids[place] ?? ''
      const texts = await Promise.all((await desk.paths()).map(async (path) => [path, await desk.text(path)] as const))
      // The file that it has: where there are two, a move was only half made, and an editor knows of the first.
      const path = texts.filter(([, text]) => text.includes(`id: ${uid}`)).map(([own]) => own)[0] ?? ''
      await desk.edit(path, 'Two.', 'Two, edited.')
      await expectFinished(desk, ['edit'])
      expect((await desk.task(uid)).body).toBe('One.\n\nTwo, edited.\n')
    }
  },
)

it.each([0, 1, 2, 3])('[M5][M60] files renamed, and the process ended after %i commits', async (count) => {
  const desk = openDesk()
  const uids: string[] = []
  for (const title of ['Task', 'Task', 'Other']) uids.push((await desk.add(title, { body: BODY })).uid)
  const [one = '', two = '', three = ''] = uids
  const writes = [one, two, three].map((uid, index) => ({ uid: uid as Uid, field: CONFIRMED, value: index + 2 }))
  const running = desk.run(async (_, project) => {
    await project.lookAtFiles()
    const store = (await project.hold()).store
    const commit = store.commit.bind(store)
    let left = count
    store.commit = async (changes) => {
      if (left-- === 0) throw new Error('killed')
      await commit(changes)
    }
    await project.commit(() => ({ verb: 'confirm', writes }))
  })
  await running.catch(() => undefined)
  if (count === 0) await confirm(desk, { [one]: 2, [two]: 3, [three]: 4 })
  await expectSettled(desk)
  expect(await namesOf(desk)).toEqual({
    'tasks/T-2-task.md': 'T-2 Task',
    'tasks/T-3-task.md': 'T-3 Task',
    'tasks/T-4-other.md': 'T-4 Other',
  })
})

it('[M60] both names of one file, the index lost: one task, one file', async () => {
  const { through, spare } = ending(0, (files, _, to, bytes) => files.write(to, bytes, null))
  const desk = openDesk({ through })
  await desk.add('Fix', { body: BODY })
  await expect(confirm(desk, { 'T-1': 4 })).rejects.toThrow('killed')
  spare()
  desk.workspace.files.clear()
  await expectSettled(desk)
  expect(await namesOf(desk)).toEqual({ 'tasks/T-4-fix.md': 'T-4 Fix' })
})
