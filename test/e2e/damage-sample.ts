/** A workspace worth damaging, and its state to come back to between one damage and the next. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { TaskDetail, TaskView } from '../../src/index.ts'
import { openWorkspacePlace, type Place } from './support.ts'
import { filesIn, FOLDER } from './task-files.ts'

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
  /** The files of the tasks, byte for byte. */
  readonly files: Readonly<Record<string, string>>
  /** Everything as it was; the folder of the workspace itself stays the same one. */
  reset(): Promise<void>
}

export interface SampleOptions {
  /** Without them the store has to be honest by itself. @default true */
  readonly withFiles?: boolean
}

/** Some tasks with everything, written by many commands, so that the store has tables, a log and a manifest with a past. */
export async function makeSample({ withFiles = true }: SampleOptions = {}): Promise<Sample> {
  const place = await openWorkspacePlace()
  if (!withFiles) await keepNoFiles(place)
  for (let number = 1; number <= TASKS; number++) {
    const body = `body ${number} ${'lorem ipsum '.repeat(number)}`
    await place.prepare(['add', `task ${number}`, '-l', `l${number % 3}`, '--body', body, '--set', `n=${number}`])
  }
  for (const number of [3, 9, 27]) await place.prepare(['comment', `T-${number}`, `comment on ${number}`])
  await place.prepare(['set', 'T-5', 'T-6', 'status=doing', 'depends+=T-1'])
  const earlier = await place.all()
  await place.must(['delete', 'T-7'])
  const details = new Map<string, TaskDetail>()
  for (const key of ['T-3', 'T-6', 'T-30']) {
    const { task } = await place.json(['show', key])
    if (task !== undefined) details.set(key, task)
  }
  const files = await filesIn(place.dir)
  expect(Object.keys(files)).toHaveLength(withFiles ? TASKS - 1 : 0)
  const saved = join(place.root, 'saved')
  const state = join(place.dir, '.tidemark')
  const parts = [
    [state, join(saved, 'state')],
    [place.runtime, join(saved, 'run')],
    ...(withFiles ? [[join(place.dir, FOLDER), join(saved, FOLDER)] as const] : []),
  ] as const
  for (const [from, to] of parts) await cp(from, to, { recursive: true })
  return {
    place,
    state,
    store: join(state, 'store'),
    tasks: await place.all(),
    earlier,
    details,
    files,
    reset: async () => {
      for (const [to, from] of parts) {
        await rm(to, { recursive: true, force: true })
        await cp(from, to, { recursive: true, preserveTimestamps: true })
      }
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

/** From now on the workspace is of a format whose files are not read: it has its store and nothing beside. */
export async function keepNoFiles(place: Place): Promise<void> {
  const path = join(place.dir, 'tidemark.json')
  const settings = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, `${JSON.stringify({ ...settings, format: 'minsky' }, null, 2)}\n`)
}
