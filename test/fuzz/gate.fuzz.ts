/** As many mutated updates as the time allows, before a gate and a document: `FUZZ_MINUTES=10 FUZZ_SEED=1 npm run fuzz`. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Guarded, handWritten, mutate, Play } from '../relay/hostile.ts'
import { createDice } from '../support/dice.ts'
import type { Tally } from '../support/simulation.ts'
import { budget, told } from './budget.ts'

/** Per minute; on a machine that is slow, or busy, a minute takes longer. */
const LEAST_FRAMES = 200_000

/** A fuzzer that no longer comes here proves nothing; by a minute's frames. */
const LEAST_REACHED: Tally = {
  accepted: 20_000,
  'too-many': 2_000,

  clock: 5,
  gap: 30,
  malformed: 20_000,
  orphan: 5_000,
  overlap: 100,
  seed: 100,
  subdocument: 100,
}

const { minutes, firstSeed } = budget()

it(
  'the gate lets in nothing that waits or throws',
  async () => {
    const reached: Tally = {}
    const end = Date.now() + minutes * 60_000
    let frames = 0
    for (let seed = firstSeed; frames < minutes * LEAST_FRAMES || Date.now() < end; seed++) {
      const dice = createDice(seed)
      const made = new Play(dice, 2 + dice.below(4))
      for (let step = 10 + dice.below(50); step > 0; step--) made.step()
      const guarded = new Guarded()
      for (const update of made.updates) {
        if (guarded.isSpoiled) break
        for (let count = 0; count < 5 && !guarded.isSpoiled; count++, frames++) {
          let mutated = mutate(dice, update, dice.pick(made.updates) ?? update)
          while (mutated.length > 0 && dice.chance(0.2)) mutated = mutate(dice, mutated, update)
          const code = guarded.hear(mutated) ?? 'accepted'
          reached[code] = (reached[code] ?? 0) + 1
        }
        if (!guarded.isSpoiled) guarded.hear(update)
        expect([seed, guarded.problem]).toEqual([seed, undefined])
      }
      if (guarded.isSpoiled) reached['spoiled, as known'] = (reached['spoiled, as known'] ?? 0) + 1
      // Timers and messages of the runner wait for a turn.
      if (seed % 100 === 0) await new Promise((resolve) => void setImmediate(resolve))
    }
    console.log(told(`${frames} frames before the gate from seed ${firstSeed}`, reached))
    const share = frames / LEAST_FRAMES
    const missed = Object.entries(LEAST_REACHED).filter(([name, least]) => (reached[name] ?? 0) < least * share * 0.5)
    expect(missed.map(([name]) => `${name}: ${reached[name] ?? 0}`)).toEqual([])
  },
  minutes * 60_000 * 10 + 60_000,
)

it(
  'nor of what is written by hand',
  async () => {
    const end = Date.now() + (minutes * 60_000) / 2
    let rounds = 0
    for (let seed = firstSeed; rounds === 0 || Date.now() < end; seed++, rounds++) {
      fc.assert(
        fc.property(fc.array(handWritten, { minLength: 1, maxLength: 20 }), (updates) => {
          const guarded = new Guarded()
          for (const update of updates) guarded.hear(update)
          expect(guarded.problem).toBeUndefined()
        }),
        { numRuns: 1_000, seed },
      )
      await new Promise((resolve) => void setImmediate(resolve))
    }
    console.log(`${rounds} thousand rows of updates by hand from seed ${firstSeed}`)
  },
  minutes * 60_000 * 10 + 60_000,
)
