/** Which interesting states a world came to, so that a fuzzer that no longer reaches them is noticed. */
import { sameBody } from '../../src/task/body-values.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import { BODY, CONFIRMED, DELETED, NUMBER } from '../../src/task/fields.ts'
import { isConfirmed, shownKey } from '../../src/task/keys.ts'
import { dependencyCycles, ignoredParents } from '../../src/task/query.ts'
import { aliveIn, distinct, isSeed, type TaskState } from '../../src/task/registers.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { isGone, isPurged } from '../../src/task/view.ts'
import type { Tally, World } from './simulation.ts'

export function statesReached({ living, tally, nowMs }: World): Tally {
  const [first] = living
  if (first === undefined) return tally
  const { tasks } = first.replica
  const states = [...tasks.uids()].flatMap((uid): TaskState | readonly TaskState[] => tasks.get(uid) ?? [])
  const conflicts = states.flatMap((state) => conflictsOf(state))
  const alive = states.flatMap((state) => [...state.registers.values()].flat())
  const count = (found: readonly unknown[]): number => found.length
  return {
    ...tally,
    schedules: 1,
    'conflicts listed': count(conflicts.filter(({ field }) => field !== DELETED)),
    'conflicts with a file': count(conflicts.filter(({ values }) => values.some(isSeed) && !values.every(isSeed))),
    'rival bodies': count(states.filter((state) => bodiesOf(state).length > 1)),
    'bodies in edit at once': count(states.filter((state) => aliveIn(state, BODY).length > bodiesOf(state).length)),
    'deletions contested': count(conflicts.filter(({ field }) => field === DELETED)),
    'purged tasks with new life': count(states.filter((state) => isPurged(state) && !isGone(state))),
    'parent cycles': count(ignoredParents(tasks)),
    'dependency cycles': count(dependencyCycles(tasks, { statuses: defaultStatuses })),
    'numbers shared': count(
      states.filter((state) => shownKey(tasks, state, 'T').includes('.') && aliveIn(state, NUMBER).length > 0),
    ),
    'confirmed keys': count(states.filter(isConfirmed)),
    'keys confirmed twice': count(states.filter((state) => aliveIn(state, CONFIRMED).length > 1)),
    'stamps still to come': count(alive.filter(({ at }) => at > nowMs + 86_400_000)),
  }
}

function bodiesOf(state: TaskState): readonly unknown[] {
  return distinct(aliveIn(state, BODY), sameBody(state.uid))
}

export function addTo(sum: Tally, tally: Tally): void {
  for (const [name, count] of Object.entries(tally)) sum[name] = (sum[name] ?? 0) + count
}
