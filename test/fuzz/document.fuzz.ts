/** As many schedules of the task document as the time allows: `FUZZ_MINUTES=10 FUZZ_SEED=1 npm run fuzz`. */
import { expect, it } from 'vitest'
import { failureText, play } from '../support/playing.ts'
import { scheduleOf, type Tally } from '../support/simulation.ts'
import { addTo, statesReached } from '../support/simulation-states.ts'
import { budget, told } from './budget.ts'

/** Per minute; on a machine that is slow, or busy, a minute takes longer. */
const LEAST_SCHEDULES = 10_000

/** A fuzzer that no longer comes here proves nothing; by ten thousand schedules. */
const LEAST_REACHED: Tally = {
  'bodies in edit at once': 500,
  'conflicts listed': 2000,
  'conflicts with a file': 1000,
  'confirmed keys': 500,
  copies: 1000,
  crashes: 1000,
  'deletions contested': 500,
  'delivered lost': 1000,
  'delivered out of order': 1000,
  'delivered torn': 200,
  'delivered twice': 1000,
  'dependency cycles': 20,
  'done: purge': 200,
  'done: undo': 1000,
  'keys confirmed twice': 50,
  'late files read': 1000,
  'numbers shared': 300,
  'parent cycles': 30,
  partitions: 1000,
  'purged tasks with new life': 100,
  restarts: 1000,
  'rival bodies': 500,
  'stamps still to come': 2000,
  'workspaces that never return': 300,
  'writes from an old base': 300,
}

const { minutes, firstSeed } = budget()

it(
  'documents lose nothing',
  async () => {
    const reached: Tally = {}
    const end = Date.now() + minutes * 60_000
    let count = 0
    for (let seed = firstSeed; count < minutes * LEAST_SCHEDULES || Date.now() < end; seed++, count++) {
      const { world, problems } = play(scheduleOf(seed))
      if (problems.length > 0)
        throw new Error(await failureText(scheduleOf(seed), (schedule) => play(schedule).problems))
      addTo(reached, statesReached(world))
      // Timers and messages of the runner wait for a turn.
      if (count % 500 === 0) await new Promise((resolve) => void setImmediate(resolve))
    }
    console.log(told(`${count} schedules of documents from seed ${firstSeed}`, reached))
    const share = count / LEAST_SCHEDULES
    const missed = Object.entries(LEAST_REACHED).filter(([name, least]) => (reached[name] ?? 0) < least * share * 0.5)
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  },
  minutes * 60_000 * 10 + 60_000,
)
