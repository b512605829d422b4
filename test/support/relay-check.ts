/** What must hold once everything works again and everybody has settled. */
import * as Y from 'yjs'
import { openReplica } from '../../src/task/replica.ts'
import { confirmedIn } from './relay-numbers.ts'
import type { RelayWorld } from './relay-simulation.ts'
import { lackIn } from './simulated-relay.ts'
import { shownText, tableText } from './simulation-text.ts'
import type { Tally } from './simulation.ts'

/** Call after `heal`. */
export async function relayProblemsOf(world: RelayWorld): Promise<readonly string[]> {
  await world.relay.lookAnew()
  const { durable } = world.relay
  const problems = [...world.problems, ...world.workspaces.flatMap((workspace) => workspace.problems)]
  const there = openReplica([Y.encodeStateAsUpdate(durable)], () => undefined)
  const now = world.relay.runtime.now() + 10 * 86_400_000
  for (const [place, workspace] of world.workspaces.entries()) {
    const name = workspace.isReader ? 'the reader' : `workspace ${place}`
    const state = workspace.syncing?.state
    if (!workspace.isReader && state?.phase !== 'synced')
      problems.push(`U2 ${name} is ${JSON.stringify(state)} after healing`)
    const replica = await workspace.replica()
    const lack = lackIn(replica.doc, Y.encodeStateAsUpdate(durable))
    if (lack !== undefined) problems.push(`U3 ${name} does not have ${lack}`)
    if (workspace.isReader) continue
    if (tableText(replica.tasks) !== tableText(there.tasks)) problems.push(`U3 ${name} has other tasks than the relay`)
    else if (shownText(replica, now) !== shownText(there, now)) problems.push(`U3 ${name} shows something else`)
    for (const { update, written } of workspace.written) {
      const missing = lackIn(durable, update)
      if (missing !== undefined) problems.push(`U1 write ${written} of ${name} is lost: ${missing}`)
    }
    workspace.recheck()
    if (workspace.syncing?.unsynced !== 0)
      problems.push(`U4 ${name} has ${workspace.syncing?.unsynced} writes unsynced`)
    await workspace.lookAtNumbers()
  }
  const stock = lackIn(durable, Y.encodeStateAsUpdate(world.stock.doc))
  if (stock !== undefined) problems.push(`U41 what the stock client wrote is lost: ${stock}`)
  const told = lackIn(world.stock.doc, Y.encodeStateAsUpdate(durable))
  if (told !== undefined) problems.push(`U41 the stock client does not have ${told}`)
  problems.push(...confirmedIn(world, there.tasks), ...logProblems(world))
  return [...new Set([...problems, ...world.workspaces.flatMap((workspace) => workspace.problems)])]
}

const EXPECTED_ERRORS = new Set(['room.uncommitted', 'room.unloadable'])

function logProblems(world: RelayWorld): readonly string[] {
  return world.logs().flatMap((entry) => {
    const text = JSON.stringify(entry)
    if (/\bw\d+x\b/.test(text) || text.includes(world.token)) return [`U44 the log tells too much: ${text}`]
    return entry.level === 'error' && !EXPECTED_ERRORS.has(entry.event) ? [`U44 logged: ${text}`] : []
  })
}

/** How often what is interesting was reached, as logs and counters tell. */
export function relayStatesReached(world: RelayWorld): Tally {
  const reached: Tally = { ...world.tally, schedules: 1 }
  for (const entry of world.logs()) {
    const code = 'code' in entry && typeof entry.code === 'string' ? ` ${entry.code}` : ''
    const name = `logged: ${entry.event}${code}`
    reached[name] = (reached[name] ?? 0) + 1
  }
  return reached
}
