/** As many schedules of whole projects as the time allows: stores, killed processes, summaries, backups. */
import { expect, it } from 'vitest'
import { failureText, playProject } from '../support/playing.ts'
import { projectScheduleOf } from '../support/project-simulation.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'
import { budget, told } from './budget.ts'

/** By a hundred schedules. */
const LEAST_REACHED: Tally = {
  'backups merged in': 20,
  copies: 20,
  'done: body': 50,
  'done: bulk': 5,
  'done: purge': 1,
  'done: resolve': 5,
  'done: set': 50,
  'done: undo': 20,
  'files read': 50,
  killed: 20,
  looked: 30,
  'processes ended': 40,
  refused: 20,
  told: 200,
}

const { minutes, firstSeed } = budget()

it(
  'projects lose nothing, and answer what their documents say',
  async () => {
    const reached: Tally = {}
    const end = Date.now() + minutes * 60_000
    let count = 0
    for (let seed = firstSeed; Date.now() < end; seed++, count++) {
      const { world, problems } = await playProject(projectScheduleOf(seed))
      if (problems.length > 0) {
        const again = async (schedule: ReturnType<typeof projectScheduleOf>): Promise<readonly string[]> =>
          (await playProject(schedule)).problems
        throw new Error(await failureText(projectScheduleOf(seed), again))
      }
      addTo(reached, world.tally)
    }
    console.log(told(`${count} schedules of projects from seed ${firstSeed}`, reached))
    const missed = Object.entries(LEAST_REACHED).filter(
      ([name, least]) => count >= 100 && (reached[name] ?? 0) < (least * count) / 200,
    )
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  },
  minutes * 60_000 * 4 + 60_000,
)
