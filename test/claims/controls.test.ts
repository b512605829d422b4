/** The simulation and its judge see what is broken: each arbiter that breaks one promise is found within a few seeds. */
import { describe, expect, it } from 'vitest'
import { claimScheduleOf } from '../support/claim-simulation.ts'
import {
  answersBeforeCommit,
  countsTokens,
  forgetsRequests,
  readsThenWrites,
  refusesFromMemory,
  servesAnyone,
} from '../support/claim-sabotage.ts'
import type { ClaimSabotage } from '../support/claim-arbiter.ts'
import { playClaims } from '../support/playing-claims.ts'

const FEW = 40

const controls: readonly (readonly [string, () => ClaimSabotage, RegExp])[] = [
  ['looks who holds a task, and then writes', readsThenWrites, /granted (twice|anew twice|while)|overtook/],
  ['answers before it is on the disk', answersBeforeCommit, /granted|told, then|nobody|held by|restart/],
  ['counts its tokens only', countsTokens, /was told, then|granted twice/],
  ['serves whoever asks at the right moment', servesAnyone, /overtook/],
  ['forgets which requests it granted', forgetsRequests, /answered otherwise/],
  ['refuses from memory', refusesFromMemory, /nobody asked for|lived on|was told, then|was held by|granted/],
]

describe('control', () => {
  it.each(controls)('[C28] an arbiter that %s is found', async (_, sabotage, problem) => {
    const found: string[] = []
    let seed = 0
    while (found.length === 0 && seed < FEW) {
      const { problems } = await playClaims(claimScheduleOf(++seed), sabotage())
      found.push(...problems)
    }
    expect(found.join('\n')).toMatch(problem)
  })
})
