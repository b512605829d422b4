/** A workspace worth damaging, and its state to come back to between one damage and the next. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TaskDetail, TaskView } from '../../src/index.ts'
import { openWorkspacePlace, type Place } from './support.ts'

export const TASKS = 30

export interface Sample extends AsyncDisposable {
  readonly place: Place
  /** The folder .tidemark */
  readonly state: string
  readonly store: string
  readonly tasks: readonly TaskView[]
  /** As they were before the last command: what is left when the end of the log is cut off. */
  readonly earlier: readonly TaskView[]
  readonly details: ReadonlyMap<string, TaskDetail>
  /** Everything as it was; the folder of the workspace itself stays the same one. */
  reset(): Promise<void>
}

/** Some tasks with everything, written by many commands, so that the store has tables, a log and a manifest with a past. */
export async function makeSample(): Promise<Sample> {
  const place = await openWorkspacePlace()
  for (let number = 1; number <= TASKS; number++) {
    const body = `body ${number} ${'lorem ipsum '.repeat(number)}`
    await place.must(['add', `task ${number}`, '-l', `l${number % 3}`, '--body', body, '--set', `n=${number}`])
  }
  for (const number of [3, 9, 27]) await place.must(['comment', `T-${number}`, `comment on ${number}`])
  await place.must(['set', 'T-5', 'T-6', 'status=doing', 'depends+=T-1'])
  const earlier = await place.all()
  await place.must(['delete', 'T-7'])
  const details = new Map<string, TaskDetail>()
  for (const key of ['T-3', 'T-6', 'T-30']) {
    const { task } = await place.json(['show', key])
    if (task !== undefined) details.set(key, task)
  }
  const [state, saved] = [join(place.dir, '.tidemark'), join(place.root, 'saved')]
  await cp(state, join(saved, 'state'), { recursive: true })
  await cp(place.runtime, join(saved, 'run'), { recursive: true })
  return {
    place,
    state,
    store: join(state, 'store'),
    tasks: await place.all(),
    earlier,
    details,
    reset: async () => {
      for (const [from, to] of [
        ['state', state],
        ['run', place.runtime],
      ] as const) {
        await rm(to, { recursive: true, force: true })
        await cp(join(saved, from), to, { recursive: true })
      }
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}
