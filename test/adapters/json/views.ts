/**
 * A format as the laws of all formats can be tried on it. They know no keys that a file gives itself, and no tasks that
 * stand inside of others: so a view leaves keys out, and shows some of the tasks only.
 */
import type { Format, ParsedFile, ParsedTask, TaskPatch } from '../../../src/internal.ts'

type Shows = (task: ParsedTask, all: readonly ParsedTask[]) => boolean

/** Without keys. */
export function withoutKeys(format: Format): Format {
  return {
    ...format,
    parse: (path, text) => {
      const { tasks, problems } = format.parse(path, text)
      return { tasks: tasks.map(nameless), problems }
    },
  }
}

export function viewOf(format: Format, shows: Shows): Format {
  const placesIn = (path: string, text: string): readonly number[] => {
    const { tasks } = format.parse(path, text)
    return tasks.flatMap((task, place) => (shows(task, tasks) ? [place] : []))
  }
  return {
    ...format,
    parse: (path, text): ParsedFile => {
      const { tasks, problems } = format.parse(path, text)
      const places = placesIn(path, text)
      return {
        tasks: places.flatMap((place) => tasks.slice(place, place + 1)).map(nameless),
        problems: problems.flatMap((problem) => {
          if (problem.task === undefined) return [problem]
          const task = places.indexOf(problem.task)
          return task < 0 ? [] : [{ ...problem, task }]
        }),
      }
    },
    patch: (path, text, patches) => {
      const places = placesIn(path, text)
      // One that the view does not show is none.
      const there = patches.map((patch): TaskPatch => ({ ...patch, task: places[patch.task] ?? -1 }))
      return format.patch(path, text, there)
    },
  }
}

export const isInside: Shows = ({ fields }) => fields['parent'] !== undefined

/** Of tasks: whether others stand inside of it. */
export const isAround: Shows = (task, all) => all.some((other) => other !== task && inside(other, task))

function nameless(task: ParsedTask): ParsedTask {
  return { ...task, key: null }
}

function inside(other: ParsedTask, { span }: ParsedTask): boolean {
  return other.span.start > span.start && other.span.end <= span.end
}
