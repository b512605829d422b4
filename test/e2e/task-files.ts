/** The files of tasks beside what the command shows: both must say the same, and looking again must change nothing. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { nativeFormat } from '../../adapters/markdown/native.ts'
import type { Json, ParsedTask, TaskView } from '../../src/internal.ts'
import type { Place } from './support.ts'

export const FOLDER = 'tasks'
const format = nativeFormat({ folder: FOLDER })

/** What a write of a killed process left behind: nobody lists it. */
const LEFT_BEHIND = /^\..*\.tide-tmp$/

/** All that stands in the folder of tasks, by path, byte for byte. */
export async function filesIn(dir: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(join(dir, FOLDER)).catch((): string[] => [])
  const read = names
    .filter((name) => !LEFT_BEHIND.test(name))
    .toSorted()
    .map(async (name) => {
      const path = `${FOLDER}/${name}`
      return [path, await readFile(join(dir, path), 'latin1')] as const
    })
  return Object.fromEntries(await Promise.all(read))
}

/** Every living task has one file that says what is shown, and no file is left over. Returns the tasks. */
export async function expectSameInFiles(
  place: Place,
  { cwd = place.dir, bodyOf }: { readonly cwd?: string; readonly bodyOf?: (task: TaskView) => string | undefined } = {},
): Promise<readonly TaskView[]> {
  const tasks = await place.all({ cwd })
  const living = tasks.filter(({ deleted }) => !deleted)
  const files = await filesIn(cwd)
  expect(Object.keys(files)).toEqual(living.map(({ path }) => String(path)).toSorted())
  for (const task of living) {
    const text = Buffer.from(files[task.path ?? ''] ?? '', 'latin1').toString()
    const { tasks: said, problems } = format.parse(task.path ?? '', text)
    expect(problems, `${task.path}`).toEqual([])
    const [one] = said
    if (one === undefined) throw new Error(`${task.path} says nothing`)
    expect(
      { id: one.id, number: numberIn(one.key ?? task.key), fields: withImplied(one), sets: sorted(one.sets) },
      `${task.path}`,
    ).toEqual(shown(task))
    const body = bodyOf?.(task)
    if (body !== undefined) expect(one.body, `${task.path}`).toBe(body)
  }
  return tasks
}

/** Whoever looks again finds nothing new, and no byte changes; not even where nothing is trusted, unless that is left out. */
export async function expectQuiet(
  place: Place,
  { cwd = place.dir, force = true }: { readonly cwd?: string; readonly force?: boolean } = {},
): Promise<void> {
  const before = await filesIn(cwd)
  for (const args of [['sync'], ...(force ? [['sync', '--force']] : [])])
    expect((await place.look(args, { cwd }))['files'], `${args.join(' ')}`).toEqual({
      imported: 0,
      written: 0,
      refused: [],
    })
  expect(await filesIn(cwd)).toEqual(before)
}

/** What a plain file says without saying it. */
function withImplied({ fields, body = '' }: ParsedTask): ParsedTask['fields'] {
  const heading = /^#+ (.*)$/m.exec(body)?.[1]
  return { status: 'todo', ...(heading === undefined ? {} : { title: heading }), ...fields }
}

/** A number that two tasks took stays in both files until one of them is given another. */
function numberIn(key: string): string | undefined {
  return key.split('.')[0]
}

function shown(task: TaskView): unknown {
  const { uid, key, title, status, priority, parent, fields, labels, assignees, dependsOn } = task
  const single: Record<string, Json> = { ...fields, title, status }
  if (priority !== null) single['priority'] = priority
  if (parent !== null) single['parent'] = parent
  return { id: uid, number: numberIn(key), fields: single, sets: sorted({ labels, assignees, depends: dependsOn }) }
}

/** Absent and empty say the same. */
function sorted(sets: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(sets).flatMap(([name, elements]) => (elements.length === 0 ? [] : [[name, elements.toSorted()]])),
  )
}
