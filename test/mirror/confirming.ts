/** A desk whose relay has answered: keys that are certain, and the names of the files since. */
import { expect } from 'vitest'
import { CONFIRMED } from '../../src/task/fields.ts'
import type { Uid } from '../../src/ids.ts'
import type { Desk } from './desk.ts'

/** The relay's answer: which task has which number for good. */
export async function confirm(desk: Desk, given: Readonly<Record<string, number>>): Promise<void> {
  const uids = new Map<string, Uid>()
  for (const key of Object.keys(given)) uids.set(key, (await desk.task(key)).uid as Uid)
  await desk.run(async (_, project) => {
    await project.lookAtFiles()
    await project.commit(() => ({
      verb: 'confirm',
      writes: Object.entries(given).map(([key, value]) => ({
        uid: uids.get(key) ?? ('' as Uid),
        field: CONFIRMED,
        value,
      })),
      lastNumber: Math.max(...Object.values(given)),
    }))
  })
}

/** Each file by its name, with the key and the title it says. */
export async function namesOf(desk: Desk): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const path of await desk.paths()) {
    const text = await desk.text(path)
    found[path] = `${/^key: (.*)$/m.exec(text)?.[1] ?? '-'} ${/^title: (.*)$/m.exec(text)?.[1] ?? '-'}`
  }
  return found
}

/** No problem is told, every task is where its file is, and nothing is left to be done. */
export async function expectSettled(desk: Desk): Promise<void> {
  expect(await desk.sync()).toMatchObject({ problems: [] })
  expect(await desk.problems()).toEqual([])
  const { tasks } = await desk.call('tasks.list', {})
  expect(tasks.map(({ path }) => path ?? '').toSorted()).toEqual(await desk.paths())
  expect(await desk.sync({ force: true })).toMatchObject({ files: { imported: 0, written: 0 }, problems: [] })
}
