/** Many claimants of one arbiter in a world under a seed: whatever breaks, one holder, and answers in some order. */
import { expect, it } from 'vitest'
import { claimScheduleOf } from '../support/claim-simulation.ts'
import { failureText } from '../support/playing.ts'
import { claimStatesReached, missedStates, playClaims } from '../support/playing-claims.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'

const SEEDS = 300

it('[C1][C2][C8][C9][C28] one holder, growing tokens and answers in some order, whatever breaks', async () => {
  const reached: Tally = {}
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { world, problems } = await playClaims(claimScheduleOf(seed))
    if (problems.length > 0) {
      const again = async (schedule: ReturnType<typeof claimScheduleOf>): Promise<readonly string[]> =>
        (await playClaims(schedule)).problems
      throw new Error(await failureText(claimScheduleOf(seed), again))
    }
    addTo(reached, claimStatesReached(world))
  }
  expect(missedStates(reached, SEEDS)).toEqual([])
})
