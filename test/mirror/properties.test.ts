/** What holds for files in any schedule: people's edits, commands, version control, documents on their way, killed processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mirrorScheduleOf } from '../support/mirror-simulation.ts'
import { failureText, playMirror } from '../support/playing.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'

/** `npm run fuzz` plays as many as there is time for; seeds that were red once are stories in found.test.ts. */
const SCHEDULES = 150

/** Rule → what broke it, as the fewest steps; seeds that broke it. */
const known = new Map<string, { readonly seeds: number[]; readonly text: string }>()
const reached: Tally = {}

/** Problems begin with their rule; what begins otherwise was thrown, and breaks them all. */
async function remember(problems: readonly string[], seed: number): Promise<void> {
  const ruleOf = (problem: string): string => /^[MT]\d+/.exec(problem)?.[0] ?? 'thrown'
  for (const rule of new Set(problems.map(ruleOf))) {
    const before = known.get(rule)
    const again = async (schedule: ReturnType<typeof mirrorScheduleOf>): Promise<readonly string[]> =>
      (await playMirror(schedule)).problems.filter((problem) => ruleOf(problem) === rule)
    if (before === undefined) known.set(rule, { seeds: [seed], text: await failureText(mirrorScheduleOf(seed), again) })
    else before.seeds.push(seed)
  }
}

function broken(...rules: readonly string[]): readonly unknown[] {
  return [...rules, 'thrown'].flatMap((rule) => known.get(rule) ?? [])
}

describe('files of workspaces that hear of each other late, twice, out of order', () => {
  beforeAll(async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { world, problems } = await playMirror(mirrorScheduleOf(seed))
      addTo(reached, world.tally)
      await remember(problems, seed)
    }
  }, 300_000)
  afterAll(() => known.clear())

  it('[M1] lines, comments, keys and line ends that nobody touched are as they were', () => {
    expect(broken('M1')).toEqual([])
  })

  it('[M2] no word that someone wrote is lost, none stands twice, and file and document say the same', () => {
    expect(broken('M2')).toEqual([])
  })

  it('[M3] a second look by a process that trusts nothing changes neither files nor document', () => {
    expect(broken('M3')).toEqual([])
  })

  it('[M6] files that began equal end equal, and every workspace has a file of each task', () => {
    expect(broken('M6', 'T4')).toEqual([])
  })

  it('[M5][M9] a task that someone made is there once, whatever was killed meanwhile', () => {
    expect(broken('M9')).toEqual([])
  })

  it('[M36][M37] no task is gone that nobody took away, and a deleted one has no file', () => {
    expect(broken('M37', 'M42')).toEqual([])
  })

  it('the schedules come to where it is interesting', () => {
    const least: Tally = {
      'done: checkout': 30,
      'done: command': 120,
      'done: deliver': 60,
      'done: edit': 240,
      'done: pull': 6,
      'done: putBack': 12,
      'done: share': 30,
      'done: stale': 12,
      killed: 12,
    }
    expect(Object.entries(least).filter(([name, count]) => (reached[name] ?? 0) < count)).toEqual([])
  })
})
