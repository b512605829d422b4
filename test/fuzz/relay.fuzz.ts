/** Ten thousand schedules of workspaces around a relay, or as many as `FUZZ_MINUTES` allows. */
import { expect, it } from 'vitest'
import { failureText } from '../support/playing.ts'
import { playRelay } from '../support/playing-relay.ts'
import { relayStatesReached } from '../support/relay-check.ts'
import { relayScheduleOf } from '../support/relay-simulation.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'
import { budget, told } from './budget.ts'

/** By a hundred schedules. */
const LEAST_REACHED: Tally = {
  'connections lost on one side': 50,
  'garbage sent': 40,
  'logged: room.uncommitted STORE_UNWRITABLE': 5,
  'relay crashed': 30,
  'relay emptied': 1,
  'relay put back': 1,
  'relay: closedHostile': 20,
  'told as saved': 1_000,
  'workspaces killed': 30,
  settled: 40,
}

const { firstSeed, goesOn, timeoutMs } = budget({ schedules: 10_000 })

it(
  'what a relay and its workspaces told as saved is there, and all become alike',
  async () => {
    const reached: Tally = {}
    let count = 0
    for (let seed = firstSeed; goesOn(count); seed++, count++) {
      const { world, problems } = await playRelay(relayScheduleOf(seed))
      if (problems.length > 0) {
        const again = async (schedule: ReturnType<typeof relayScheduleOf>): Promise<readonly string[]> =>
          (await playRelay(schedule)).problems
        throw new Error(await failureText(relayScheduleOf(seed), again))
      }
      addTo(reached, relayStatesReached(world))
    }
    console.log(told(`${count} schedules of a relay from seed ${firstSeed}`, reached))
    const missed = Object.entries(LEAST_REACHED).filter(
      ([name, least]) => count >= 100 && (reached[name] ?? 0) < (least * count) / 200,
    )
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  },
  timeoutMs,
)
