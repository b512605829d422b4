/** The table of all tasks: what one task asks of the others is always true to the states that were put in. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TaskState } from '../../src/task/registers.ts'
import { createTaskTable, isKeyNumber, numbersOf, referencesOf } from '../../src/task/table.ts'
import { living, taskOf, uidOf } from '../workspace/task-states.ts'

const tasks = fc.record({
  uid: fc.nat(5),
  given: fc.option(fc.integer({ min: 1, max: 4 })),
  confirmed: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  depends: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
  dropped: fc.uniqueArray(fc.nat(5), { maxLength: 2 }),
  parent: fc.option(fc.nat(5)),
})

describe('the table of tasks', () => {
  it('[K9] finds by number and by reference exactly what its states say, whatever came and went', () => {
    const steps = fc.array(fc.oneof({ weight: 4, arbitrary: tasks }, { weight: 1, arbitrary: fc.nat(5) }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(steps, (list) => {
        const table = createTaskTable()
        const states = new Map<string, TaskState>()
        let greatest = 0
        for (const step of list) {
          if (typeof step === 'number') {
            table.remove(uidOf(step))
            states.delete(uidOf(step))
            continue
          }
          const { uid, given, confirmed, depends, dropped, parent } = step
          const state = taskOf(
            uid,
            {
              ...Object.fromEntries(dropped.map((other) => [`d${uidOf(other)}`, false])),
              ...Object.fromEntries(depends.map((other) => [`d${uidOf(other)}`, true])),
              ...(given === null ? {} : { k: given }),
              ...(parent === null ? {} : { P: uidOf(parent) }),
            },
            confirmed.length === 0 ? {} : { K: confirmed.map((number) => living(number)) },
          )
          table.put(state)
          states.set(state.uid, state)
          greatest = Math.max(greatest, given ?? 0, ...confirmed)
        }
        expect([...table.uids()].sort()).toEqual([...states.keys()].sort())
        expect(table.count).toBe(states.size)
        // A number that was there once is never given again, so it counts although its task is gone.
        expect(table.greatestNumber).toBe(greatest)
        const holding = (holds: (state: TaskState) => boolean): readonly string[] =>
          [...states.values()]
            .filter(holds)
            .map(({ uid }) => uid)
            .sort()
        for (let n = 0; n < 6; n++) {
          expect(table.get(uidOf(n))).toBe(states.get(uidOf(n)))
          expect([...table.withNumber(n)].sort()).toEqual(holding((state) => numbersOf(state).includes(n)))
          expect([...table.referring(uidOf(n))].sort()).toEqual(
            holding((state) => referencesOf(state).includes(uidOf(n))),
          )
        }
      }),
      { numRuns: 500 },
    )
  })

  it('[K9] a task is found by every number it ever had, and refers to what it waits for and lies below', () => {
    const state = taskOf(
      1,
      { k: 12, [`d${uidOf(2)}`]: true, [`d${uidOf(3)}`]: false, P: uidOf(4) },
      { K: [living(15), living(13)] },
    )
    expect(numbersOf(state)).toEqual([15, 13, 12])
    expect(referencesOf(state)).toEqual([uidOf(2), uidOf(4)])
    expect(referencesOf(taskOf(1, { [`d${uidOf(2)}`]: true, P: uidOf(2) }))).toEqual([uidOf(2)])
  })

  it('[K9] what is no number of a key and no id of a task is not found at all', () => {
    expect(referencesOf(taskOf(1, { 'dsome\nthing': true, P: 'a\tb' }))).toEqual([])
    expect([1, 999_999_999_999_999].filter(isKeyNumber)).toEqual([1, 999_999_999_999_999])
    expect([0, -1, 1.5, 1e15, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined].filter(isKeyNumber)).toEqual(
      [],
    )
  })
})
