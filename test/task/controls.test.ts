/** Plausible ways to keep tasks that lose something: the same checks find what each of them loses. */
import { describe, expect, it } from 'vitest'
import { controls, mapOfValues } from '../support/control-mechanisms.ts'
import type { Mechanism } from '../support/mechanisms.ts'
import { play } from '../support/playing.ts'
import { scheduleOf, type Schedule } from '../support/simulation.ts'

/** Steps that one workspace alone does without any other text, place or time being in play. */
const ALONE = new Set(['copy', 'readFile', 'saveFile', 'undo'])

function alone(seed: number): Schedule {
  const schedule = scheduleOf(seed)
  return { ...schedule, workspaces: 1, steps: schedule.steps.filter(({ kind }) => !ALONE.has(kind)) }
}

/** The first seed of so many whose schedule breaks one of these rules. */
function firstRed(mechanism: Mechanism, rules: readonly string[], seeds: number): number | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems } = play(scheduleOf(seed), mechanism)
    if (problems.some((problem) => rules.includes(problem.slice(0, problem.indexOf(' '))))) return seed
  }
  return undefined
}

const expected: Readonly<Record<string, readonly string[]>> = {
  'a nested map per task': ['T1'],
  'a key per actor, without lanes': ['T1'],
  'a plain key per set element': ['T7'],
  'imports stamped with now': ['T6'],
  'a text seeded by each replica': ['T8'],
  'whole bodies replaced': ['T8'],
  'writes that replace what they did not see': ['T1'],
  'writes that leave what they saw': ['T1'],
}

describe('controls: what loses something is found', () => {
  it('every control has its rule', () => {
    expect(controls.map(({ name }) => name)).toEqual(Object.keys(expected))
  })

  it.each(controls)('$name', (mechanism) => {
    expect(firstRed(mechanism, expected[mechanism.name] ?? [], 60)).toBeDefined()
  })

  it.each(controls)('$name, in a workspace that is alone, loses nothing', (mechanism) => {
    if (mechanism.name === 'writes that leave what they saw') return
    for (let seed = 1; seed <= 25; seed++) expect(play(alone(seed), mechanism).problems).toEqual([])
  })

  it('another structure that is right passes', () => {
    for (let seed = 1; seed <= 60; seed++) expect(play(scheduleOf(seed), mapOfValues).problems).toEqual([])
  })
})
