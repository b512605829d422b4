/** Numbers that a relay gave for good: each to one task, and for ever. */
import { isConfirmed, numberOf } from '../../src/task/keys.ts'
import type { TaskTable } from '../../src/task/table.ts'
import type { RelayWorld } from './relay-simulation.ts'

export function confirmedIn(world: RelayWorld, tasks: TaskTable): readonly string[] {
  const holders = new Map<number, string>()
  const problems: string[] = []
  for (const uid of tasks.uids()) {
    const state = tasks.get(uid)
    if (state === undefined || !isConfirmed(state)) continue
    const number = numberOf(state) ?? 0
    const holder = holders.get(number)
    // A relay that forgot what it gave away may give it again, before someone who knows has told it.
    if (holder !== undefined && !world.relay.hasLost) problems.push(`U30 ${number} was given to ${holder} and ${uid}`)
    holders.set(number, uid)
    for (const { numbers } of world.workspaces) {
      const seen = numbers.get(uid)
      if (seen !== undefined && seen !== number) problems.push(`U30 ${uid} was ${seen} somewhere, is ${number}`)
    }
  }
  return problems
}
