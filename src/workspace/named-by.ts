/** Which files a change may touch beside those of the tasks that changed: a key is shared by all who claim its number. */
import type { Uid } from '../ids.ts'
import { numbersOf, type TaskTable } from '../task/table.ts'

/** The tasks, and those whose keys, or the keys they name others by, differ because of them. */
export function namedBy(uids: Iterable<Uid>, tasks: TaskTable): ReadonlySet<Uid> {
  const named = new Set(uids)
  for (const uid of uids) {
    const state = tasks.get(uid)
    for (const number of state === undefined ? [] : numbersOf(state)) {
      const rivals = [...tasks.withNumber(number)]
      if (rivals.length > 1)
        for (const rival of rivals) for (const other of [rival, ...tasks.referring(rival)]) named.add(other)
    }
  }
  return named
}
