/** Twenty thousand schedules of claimants around an arbiter, or as many as `FUZZ_MINUTES` allows. */
import { expect, it } from 'vitest'
import { claimScheduleOf } from '../support/claim-simulation.ts'
import { failureText } from '../support/playing.ts'
import { claimStatesReached, missedStates, playClaims } from '../support/playing-claims.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'
import { budget, told } from './budget.ts'

const { firstSeed, goesOn, timeoutMs } = budget({ schedules: 20_000 })

it(
  'one holder, growing tokens and answers in some order, whatever breaks',
  async () => {
    const reached: Tally = {}
    let count = 0
    for (let seed = firstSeed; goesOn(count); seed++, count++) {
      const { world, problems } = await playClaims(claimScheduleOf(seed))
      if (problems.length > 0) {
        const again = async (schedule: ReturnType<typeof claimScheduleOf>): Promise<readonly string[]> =>
          (await playClaims(schedule)).problems
        throw new Error(await failureText(claimScheduleOf(seed), again))
      }
      addTo(reached, claimStatesReached(world))
    }
    console.log(told(`${count} schedules of claims from seed ${firstSeed}`, reached))
    expect(count < 100 ? [] : missedStates(reached, count)).toEqual([])
  },
  timeoutMs,
)
