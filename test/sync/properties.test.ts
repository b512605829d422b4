/** What holds between workspaces and their relay in any schedule: lost connections, killed processes, full disks, lost data. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failureText } from '../support/playing.ts'
import { playRelay } from '../support/playing-relay.ts'
import { relayStatesReached } from '../support/relay-check.ts'
import { relayScheduleOf, type Sabotage } from '../support/relay-simulation.ts'
import {
  acknowledgesBeforeCommit,
  countsWhenSent,
  resumesWithNothing,
  tellsBeforeCommit,
} from '../support/relay-sabotage.ts'
import type { Tally } from '../support/simulation.ts'
import { addTo } from '../support/simulation-states.ts'

const SCHEDULES = 120

/** Rule → what broke it, as the fewest steps; seeds that broke it. */
const known = new Map<string, { readonly seeds: number[]; readonly text: string }>()
const reached: Tally = {}

const ruleOf = (problem: string): string => /^U\d+/.exec(problem)?.[0] ?? 'thrown'

async function remember(problems: readonly string[], seed: number): Promise<void> {
  for (const rule of new Set(problems.map(ruleOf))) {
    const before = known.get(rule)
    const again = async (schedule: ReturnType<typeof relayScheduleOf>): Promise<readonly string[]> =>
      (await playRelay(schedule)).problems.filter((problem) => ruleOf(problem) === rule)
    if (before === undefined) known.set(rule, { seeds: [seed], text: await failureText(relayScheduleOf(seed), again) })
    else before.seeds.push(seed)
  }
}

function broken(...rules: readonly string[]): readonly unknown[] {
  return [...rules, 'thrown'].flatMap((rule) => known.get(rule) ?? [])
}

describe('workspaces around a relay', () => {
  beforeAll(async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { world, problems } = await playRelay(relayScheduleOf(seed))
      addTo(reached, relayStatesReached(world))
      await remember(problems, seed)
    }
  }, 120_000)
  afterAll(() => known.clear())

  it('[U1] what was told as saved is on the relay’s disk at every later instant, and nothing written is lost', () => {
    expect(broken('U1')).toEqual([])
  })

  it('[U2] nobody is told that everything is here before it is; after any trouble everyone settles', () => {
    expect(broken('U2')).toEqual([])
  })

  it('[U3] whoever settled shows the same, the relay and stock clients included', () => {
    expect(broken('U3', 'U41')).toEqual([])
  })

  it('[U4] writes are counted as unsynced until the relay has them', () => {
    expect(broken('U4')).toEqual([])
  })

  it('[U21] a reader is never told that what it wrote is saved', () => {
    expect(broken('U21')).toEqual([])
  })

  it('[U30] a number that was confirmed is one task’s, and stays', () => {
    expect(broken('U30')).toEqual([])
  })

  it('[U43] what the relay says to anyone is on its disk', () => {
    expect(broken('U43')).toEqual([])
  })

  it('[U44] no text of a task and no token is logged, and no listener fails', () => {
    expect(broken('U44')).toEqual([])
  })

  it('the schedules come to where it is interesting', () => {
    const least: Tally = {
      'committed and never answered': 1,
      'connections lost on one side': 50,
      'garbage sent': 50,
      'logged: peer.refused bound': 1,
      'logged: room.uncommitted STORE_UNWRITABLE': 5,
      'relay crashed': 30,
      'relay disk full': 10,
      'relay emptied': 1,
      'relay put back': 2,
      'relay: closedBudget': 1,
      'relay: closedHostile': 30,
      'relay: closedSlow': 1,
      'told as saved': 1_000,
      'workspaces killed': 30,
      settled: 50,
      storms: 10,
    }
    const missed = Object.entries(least).filter(([name, count]) => (reached[name] ?? 0) < count)
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  })
})

describe('controls', () => {
  async function rulesBroken(sabotage: () => Sabotage): Promise<ReadonlySet<string>> {
    const rules = new Set<string>()
    for (let seed = 1; seed <= 15; seed++)
      for (const problem of (await playRelay(relayScheduleOf(seed), sabotage())).problems) rules.add(ruleOf(problem))
    return rules
  }

  it('a relay that answers before it has written is found', async () => {
    expect(await rulesBroken(acknowledgesBeforeCommit)).toContain('U1')
  }, 60_000)

  it('a relay that tells others before it has written is found', async () => {
    const rules = await rulesBroken(tellsBeforeCommit)
    expect(rules).toContain('U43')
  }, 60_000)

  it('a client that counts as saved what it has sent is found', async () => {
    expect(await rulesBroken(countsWhenSent)).toContain('U1')
  }, 60_000)

  it('a client that offers nothing when it comes back is found', async () => {
    expect(await rulesBroken(resumesWithNothing)).toContain('U1')
  }, 60_000)
})
