/** Clones of one repository in memory: the same files, the same project, replicas of their own. */
import { expect } from 'vitest'
import { openDesk, type Desk } from './desk.ts'

export const FILE = 'tasks/T-1-fix-login.md'
export const BODY = 'The login fails.\n\nIt reads the token twice.\n\nSee the log.\n'

/** Clones with the same commit checked out, each with a replica of its own. */
export async function clones(count: number): Promise<readonly Desk[]> {
  const first = openDesk({ seed: 1 })
  await first.add('Fix login', { body: BODY, labels: ['web'] })
  await first.add('Other')
  await first.commit()
  await first.sync()
  const desks = [first]
  for (let seed = 2; seed <= count; seed++) desks.push(await cloneOf(first, seed))
  return desks
}

export async function cloneOf(first: Desk, seed: number): Promise<Desk> {
  const desk = openDesk({ seed, cloneOf: first })
  for (const path of await first.paths()) desk.save(path, await first.bytes(path))
  await desk.commit()
  await desk.sync()
  return desk
}

export async function two(): Promise<readonly [one: Desk, other: Desk, text: string]> {
  const [one, other] = await clones(2)
  if (one === undefined || other === undefined) throw new Error('there are two')
  return [one, other, await one.text(FILE)]
}

/** A pull: the file as it is in a new commit that is checked out. */
export async function pull(desk: Desk, text: string, path: string = FILE): Promise<void> {
  desk.save(path, text)
  await desk.commit()
  await desk.sync()
}

export async function expectEqual(...desks: readonly Desk[]): Promise<void> {
  const [first, ...others] = desks
  if (first === undefined) return
  for (const other of others) {
    expect(await other.paths()).toEqual(await first.paths())
    for (const path of await first.paths()) expect(await other.text(path)).toBe(await first.text(path))
    expect(await listOf(other)).toEqual(await listOf(first))
    expect(await other.conflicts()).toEqual(await first.conflicts())
  }
}

async function listOf(desk: Desk): Promise<readonly unknown[]> {
  const { tasks } = await desk.call('tasks.list', { all: true })
  return tasks.map(({ uid, key, title, status, labels, deleted, path }) => [
    uid,
    key,
    title,
    status,
    labels,
    deleted,
    path,
  ])
}
