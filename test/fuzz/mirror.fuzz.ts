/** As many schedules of files as the time allows: people's edits, commands, version control, killed processes. */
import { expect, it } from 'vitest'
import { mirrorScheduleOf, type MirrorSchedule } from '../support/mirror-simulation.ts'
import { failureText, playMirror } from '../support/playing.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'
import { budget, told } from './budget.ts'

/** By a hundred schedules. */
const LEAST_REACHED: Tally = {
  'done: checkout': 40,
  'done: command': 150,
  'done: deliver': 80,
  'done: edit': 250,
  'done: pull': 6,
  'done: putBack': 15,
  'done: rename': 30,
  'done: share': 40,
  'done: stale': 15,
  killed: 12,
  'renamed by its key': 5,
}

const { firstSeed, goesOn, timeoutMs } = budget({ schedules: 10_000 })

it(
  'files lose nothing, and say what their documents say',
  async () => {
    const reached: Tally = {}
    let count = 0
    for (let seed = firstSeed; goesOn(count); seed++, count++) {
      const { world, problems } = await playMirror(mirrorScheduleOf(seed))
      if (problems.length > 0) {
        const again = async (schedule: MirrorSchedule): Promise<readonly string[]> =>
          (await playMirror(schedule)).problems
        throw new Error(await failureText(mirrorScheduleOf(seed), again))
      }
      addTo(reached, world.tally)
    }
    console.log(told(`${count} schedules of files from seed ${firstSeed}`, reached))
    const missed = Object.entries(LEAST_REACHED).filter(
      ([name, least]) => count >= 100 && (reached[name] ?? 0) < (least * count) / 200,
    )
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  },
  timeoutMs,
)
