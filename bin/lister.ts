/** Lists for the command: straight from the summary; through the owner only when the summary is not true and the owner holds the store. */
import { rowLines } from '../adapters/cli/rows.ts'
import type { Listing } from '../adapters/cli/world.ts'
import {
  listTasks,
  searchTasks,
  TaskError,
  type Listing as Listed,
  type Project,
  type StatusDefinition,
  type StatusKind,
  type TaskFilter,
  type TaskView,
} from '../src/index.ts'
import { openBriefly } from './open.ts'
import { OwnerFound, type Place } from './workspace-world.ts'

interface SearchOptions {
  readonly all?: boolean
  readonly limit?: number
}

export async function list(place: Place, filter: TaskFilter): Promise<Listing> {
  return lines(place, (project) => listTasks(project, filter), 'tasks.list', filter)
}

export async function search(place: Place, words: string, options: SearchOptions): Promise<Listing> {
  return lines(place, (project) => searchTasks(project, words, options), 'tasks.search', { words, ...options })
}

async function lines<Method extends 'tasks.list' | 'tasks.search'>(
  place: Place,
  read: (project: Project) => Promise<Listed>,
  method: Method,
  params: Method extends 'tasks.list' ? TaskFilter : { readonly words: string } & SearchOptions,
): Promise<Listing> {
  await using workspace = openBriefly(place, null)
  const { config } = workspace.project.world
  try {
    await workspace.project.lookAtFiles()
    return withRows(await read(workspace.project))
  } catch (cause) {
    if (!(cause instanceof OwnerFound)) throw cause
    using owner = await (await import('./settling.ts')).askHolder(cause, place, workspace.project)
    const answer =
      method === 'tasks.list'
        ? await owner.call('tasks.list', params)
        : await owner.call('tasks.search', wordsIn(params))
    return withRows(fromTasks(answer.tasks, config.statuses))
  }
}

function wordsIn(
  params: TaskFilter | ({ readonly words: string } & SearchOptions),
): { readonly words: string } & SearchOptions {
  if ('words' in params) return params
  throw new TaskError('FAULT', { problem: 'a search lost its words' })
}

function withRows(listed: Listed): Listing {
  return {
    count: listed.count,
    json: () => listed.json(),
    lines: () => listed.lines(),
    rows: () => listed.rows(),
  }
}

function fromTasks(tasks: readonly TaskView[], statuses: readonly StatusDefinition[]): Listed {
  const kindOf = ({ status }: TaskView): StatusKind => statuses.find(({ name }) => name === status)?.kind ?? 'open'
  return {
    count: tasks.length,
    json: () => [JSON.stringify({ schema: 1, tasks })],
    lines: () => [rowLines(tasks)],
    tasks: () => tasks.map((task) => ({ task, kind: kindOf(task) })),
    rows: () => tasks.map((task) => ({ ...task, kind: kindOf(task) })),
  }
}
