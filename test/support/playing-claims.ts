/** Plays one schedule of claimants to its end and judges its history; counts what it met. */
import { seenIn } from './claim-evidence.ts'
import { checkHistory } from './claim-history.ts'
import type { ClaimSabotage } from './claim-arbiter.ts'
import { ClaimWorld, type ClaimSchedule } from './claim-simulation.ts'
import type { Played } from './playing.ts'
import type { Tally } from './simulation.ts'

export async function playClaims(schedule: ClaimSchedule, sabotage: ClaimSabotage = {}): Promise<Played<ClaimWorld>> {
  const world = new ClaimWorld(schedule, sabotage)
  try {
    await world.begin()
    for (const step of schedule.steps) await world.take(step)
    const problems = await world.heal()
    return { world, problems: [...problems, ...checkHistory(world.events)] }
  } catch (cause) {
    return { world, problems: [`thrown ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`] }
  }
}

/** By a hundred schedules. */
const LEAST_REACHED: Tally = {
  'arbiter broken': 150,
  'arbiter crashed': 200,
  'claim lost': 15,
  'claim reused': 10,
  'claim timeout': 50,
  'clock jumped ahead': 25,
  'clock set back': 25,
  'granted after a wait': 100,
  'lived on past the first lease': 40,
  'older data came back': 60,
  'release lost': 75,
  'renew granted': 60,
  'renew lost': 150,
  'several granted': 200,
  'stood behind who waits': 15,
  'take lost': 3,
  'verify lost': 30,
  stolen: 25,
}

/** Which states of `LEAST_REACHED` so many schedules came to less than half as often as they should. */
export function missedStates(reached: Tally, schedules: number): readonly string[] {
  return Object.entries(LEAST_REACHED)
    .filter(([name, least]) => (reached[name] ?? 0) < (least * schedules) / 200)
    .map(([name]) => `${name}: ${reached[name] ?? 0}`)
}

/** How often each kind of answer was told, beside what happened. */
export function claimStatesReached({ tally, events }: ClaimWorld): Tally {
  const reached: Tally = { ...tally }
  const count = (name: string): void => void (reached[name] = (reached[name] ?? 0) + 1)
  for (const event of events) {
    if ('mark' in event) continue
    const { request, waitMs = 0, asked, answered, answer } = event
    if (answer === null || answered === null) {
      count('never answered')
      continue
    }
    count(`${request.kind} ${answer.outcome}`)
    const granted = answer.outcome === 'granted' ? answer.granted : []
    if (waitMs > 0 && granted.length > 0 && granted[0]?.grantedAt === answer.at && answered - asked > 100)
      count('granted after a wait')
    if (granted.some(({ isRenewed, leaseMs, grantedAt }) => isRenewed === true && answer.at > grantedAt + leaseMs))
      count('lived on past the first lease')
    if (granted.some(({ stolen, isRenewed }) => stolen !== undefined && isRenewed === undefined)) count('stolen')
    if (granted.length > 1) count('several granted')
    if ((answer.outcome === 'held' || answer.outcome === 'timeout') && (answer.awaited ?? []).length > 0)
      count('stood behind who waits')
    if (seenIn(answer).length > 0) count('saw another holder')
  }
  return reached
}
