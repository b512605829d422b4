/** Tables and tasks of a replica as texts that are equal if and only if everyone sees the same. */
import { readBody, readBodyValue } from '../../src/task/body.ts'
import { conflictsOf, viewConflict } from '../../src/task/conflicts.ts'
import { BODY, DELETED } from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { dependencyCycles, ignoredParents, inOrder } from '../../src/task/query.ts'
import { byRank, stampText } from '../../src/task/registers.ts'
import type { Replica } from '../../src/task/replica.ts'
import type { TaskTable } from '../../src/task/table.ts'
import { isoTime } from '../../src/task/time.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { keyOfTask, viewDetail, type ViewContext } from '../../src/task/view.ts'

/** Every register with all that lives in it. */
export function tableText(tasks: TaskTable): string {
  const lines: string[] = []
  for (const uid of tasks.uids()) {
    for (const [field, values] of tasks.get(uid)?.registers ?? []) {
      const alive = [...values].sort(byRank)
      const text = alive.map((one) => `${stampText(one)}@${one.at}!${one.seen.join('!')}=${canonical(one.value)}`)
      lines.push(`${uid} ${JSON.stringify(field)} ${text.join(' | ')}`)
    }
  }
  return lines.sort().join('\n')
}

/** Everything a person can be shown. */
export function shownText(replica: Replica, now: number): string {
  const { tasks } = replica
  const context: ViewContext = { tasks, prefix: 'T', statuses: defaultStatuses, now }
  const details = inOrder(tasks).map((state) => ({
    ...viewDetail(state, readBody(replica, state), context),
    conflicts: conflictsOf(state).map((conflict) =>
      viewConflict(state, keyOfTask(state, context), conflict, {
        show: (field, value) =>
          field === BODY ? readBodyValue(replica, state.uid, value) : field === DELETED ? value !== false : value,
        writer: () => '',
        time: (at) => isoTime(Math.min(at, now)),
      }),
    ),
  }))
  return JSON.stringify({ details, ignored: ignoredParents(tasks), cycles: dependencyCycles(tasks, context) })
}
