/** Laws of files that hold several tasks, and of files that cannot say everything. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isHeld, isInsertion, problemText, saidBy, wishOf } from './format-outcomes.ts'
import {
  edited,
  strangeBodies,
  strangeElements,
  strangeTexts,
  strangeValues,
  type FormatSample,
} from './format-samples.ts'
import type { Suite, TaskPart } from './format-suite.ts'

export function severalTasks(suite: Suite): void {
  insideTheSpan(suite)
  takingTasksOut(suite)
  whatCannotBeSaid(suite)
}

function insideTheSpan({ format, samples, runs }: Suite): void {
  it('[F26] a change of one task lies inside its span', () => {
    const wish = { id: 'a1', key: 'N-1', fields: { title: 'x', new: 1 }, sets: { labels: ['x'] }, body: 'y\n' }
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...samples), edited(samples)), ({ path, text }) => {
        for (const [task, { span }] of format.parse(path, text).tasks.entries()) {
          const patched = format.patch(path, text, [{ task, ...wish }])
          const [before, after] = [text.slice(0, span.start), text.slice(span.end)]
          expect(patched.length).toBeGreaterThanOrEqual(before.length + after.length)
          expect([patched.startsWith(before), patched.endsWith(after)]).toEqual([true, true])
        }
      }),
      { numRuns: runs },
    )
  })
}

function takingTasksOut({ format, samples, holdsSeveral, runs }: Suite): void {
  const every = fc.oneof(fc.constantFrom(...samples), edited(samples))
  const without = ({ path, text }: FormatSample, task: number): string =>
    format.patch(path, text, [{ task, remove: true, fields: { title: 'x' } }])

  it('[F27] a task is taken out of a file of several by deletion alone; the others say what they said', () => {
    fc.assert(
      fc.property(every, (sample) => {
        const { path, text } = sample
        const file = format.parse(path, text)
        const tasks = [...file.tasks.keys()].filter((task) => holdsSeveral(path) && !isHeld(file, task))
        for (const task of tasks) {
          const patched = without(sample, task)
          expect(isInsertion(patched, text)).toBe(true)
          const now = format.parse(path, patched)
          expect(now.tasks.map(saidBy)).toEqual(file.tasks.toSpliced(task, 1).map(saidBy))
          const others = file.problems.filter((problem) => problem.task !== task)
          const placed = others.map(({ task: at = -1, ...rest }) => ({ ...rest, task: at > task ? at - 1 : at }))
          expect(now.problems.map(problemText)).toEqual(placed.map(problemText))
        }
      }),
      { numRuns: runs },
    )
  })

  it('[F27] a file that holds one task, or cannot be read, stays as it is: it goes as a whole', () => {
    fc.assert(
      fc.property(every, (sample) => {
        const file = format.parse(sample.path, sample.text)
        const tasks = [...file.tasks.keys()].filter((task) => !holdsSeveral(sample.path) || isHeld(file, task))
        expect(tasks.filter((task) => without(sample, task) !== sample.text)).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  it('[F27] what is asked of the other tasks at the same time is done to them, in whatever order', () => {
    const wish = { fields: { title: 'x' }, sets: { labels: ['x'] } }
    fc.assert(
      fc.property(every, fc.nat(3), ({ path, text }, gone) => {
        const places = [...format.parse(path, text).tasks.keys()].filter((task) => task !== gone)
        const patches = [...places.map((task) => ({ task, ...wish })), { task: gone, remove: true as const }]
        const inTurn = patches.reduce((now, patch) => format.patch(path, now, [patch]), text)
        const together = format.patch(path, text, patches)
        expect([together, format.patch(path, text, patches.toReversed())]).toEqual([inTurn, inTurn])
      }),
      { numRuns: runs },
    )
  })
}

function whatCannotBeSaid({ format, samples, texts, values, sets, holds }: Suite): void {
  it('[F28] what a file cannot say, and what is said of a task that is not in it, changes nothing', () => {
    const parts: readonly TaskPart[] = [
      ...['a1', '', 'a b', 'a\nb'].flatMap((name) => [{ id: name }, { key: name }]),
      ...texts.flatMap((field) => [...strangeTexts, null].map((value) => ({ field, value }))),
      ...values.flatMap((field) => [...strangeValues, null].map((value) => ({ field, value }))),
      ...sets.flatMap((set) => strangeElements.map((element) => ({ set, elements: ['a', element] }))),
      ...strangeBodies.map((body) => ({ body })),
    ]
    for (const { path, text } of samples) {
      const count = format.parse(path, text).tasks.length
      const absent = [-1, 0.5, count, count + 1].flatMap((task) => [
        { task, ...wishOf({ field: 'title', value: 'x' }), body: 'x' },
        { task, remove: true as const },
      ])
      const unsaid = parts
        .filter((part) => !holds(path, part))
        .flatMap((part) => Array.from({ length: count }, (_, task) => ({ task, ...wishOf(part) })))
      for (const patch of [...absent, ...unsaid]) expect(format.patch(path, text, [patch])).toBe(text)
    }
  })
}
