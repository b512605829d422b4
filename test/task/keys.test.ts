/** Keys: who holds a number, what the others show, and which task a name means. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUid } from '../../src/ids.ts'
import { aliasesOf, findAll, isConfirmed, numberOf, shownKey } from '../../src/task/keys.ts'
import type { TaskState } from '../../src/task/registers.ts'
import { findTask, findTasks } from '../../src/workspace/find.ts'
import { contextOf, living, tableOf, taskOf, thrownBy, uidOf } from '../workspace/task-states.ts'

const a = parseUid('4faaaaaaaa')
const b = parseUid('4fbbbbbbbb')
const c = parseUid('4gcccccccc')

function keysOf(...states: readonly TaskState[]): readonly string[] {
  const table = tableOf(states)
  return states.map((state) => shownKey(table, state, 'T'))
}

/** A task that was given a number, and when its arbiter confirmed one. */
function numbered(
  uid: TaskState['uid'],
  created: number,
  number: number,
  confirmed?: { number: number; at: number },
): TaskState {
  const races = confirmed === undefined ? {} : { K: [living(confirmed.number, { at: confirmed.at })] }
  return taskOf(uid, { t: uid, c: created, k: number }, races)
}

describe('the key a task shows', () => {
  it('[K1] is its number, while no other task has that number', () => {
    expect(keysOf(numbered(a, 1, 12), numbered(b, 1, 13))).toEqual(['T-12', 'T-13'])
  })

  it('[K1] of several with one number the earliest created holds it, and of those the lowest id', () => {
    expect(keysOf(numbered(a, 2, 12), numbered(b, 1, 12))).toEqual(['T-12.4fa', 'T-12'])
    expect(keysOf(numbered(b, 1, 12), numbered(a, 1, 12))).toEqual(['T-12.4fb', 'T-12'])
  })

  it('[K1] a confirmed number is held before any that is not, and by the first that was confirmed', () => {
    expect(keysOf(numbered(a, 1, 12), numbered(b, 2, 12, { number: 12, at: 9 }))).toEqual(['T-12.4fa', 'T-12'])
    const both = [numbered(a, 1, 12, { number: 12, at: 9 }), numbered(b, 2, 12, { number: 12, at: 8 })]
    expect(keysOf(...both)).toEqual(['T-12.4fa', 'T-12'])
  })

  it('[K1] the confirmed number counts, not the one that was given first', () => {
    const moved = numbered(a, 1, 12, { number: 15, at: 9 })
    expect(keysOf(moved, numbered(b, 2, 12))).toEqual(['T-15', 'T-12'])
    expect([numberOf(moved), isConfirmed(moved), isConfirmed(numbered(b, 2, 12))]).toEqual([15, true, false])
  })

  it('[K1] of two confirmations of one task the first stays, whatever came later', () => {
    const twice = taskOf(a, { t: 'a', c: 1, k: 12 }, { K: [living(14, { at: 20 }), living(13, { at: 10 })] })
    expect(keysOf(twice)).toEqual(['T-13'])
  })

  it('[K2] of one that does not hold its number adds the shortest start of its id that no rival shares, two letters at least', () => {
    const [first, second, third] = keysOf(numbered(uidOf(0), 1, 7), numbered(a, 2, 7), numbered(c, 2, 7))
    expect([first, second, third]).toEqual(['T-7', 'T-7.4f', 'T-7.4g'])
    expect(keysOf(numbered(uidOf(0), 1, 7), numbered(a, 2, 7))).toEqual(['T-7', 'T-7.4f'])
    expect(keysOf(numbered(uidOf(0), 1, 7), numbered(a, 2, 7), numbered(b, 2, 7)).slice(1)).toEqual([
      'T-7.4fa',
      'T-7.4fb',
    ])
    const near = [parseUid('4faaaaaaa0'), parseUid('4faaaaaaa1')]
    expect(keysOf(numbered(uidOf(0), 1, 7), ...near.map((uid) => numbered(uid, 2, 7))).slice(1)).toEqual([
      'T-7.4faaaaaaa0',
      'T-7.4faaaaaaa1',
    ])
  })

  it('[K1] a number that no key can show counts as none', () => {
    const strange = [0, -3, 1.5, 1e15, 1e300, '12', null].map((number, n) =>
      taskOf(uidOf(n), { k: number }, { K: [living(number)] }),
    )
    expect(keysOf(...strange)).toEqual(strange.map(({ uid }) => `T-0.${uid}`))
    expect([...tableOf(strange).withNumber(1.5)]).toEqual([])
    expect(tableOf(strange).greatestNumber).toBe(0)
  })

  it('[K3] all tasks show different keys, and each key finds its task alone', () => {
    const tasks = fc.uniqueArray(
      fc.record({
        uid: fc.string({ unit: fc.constantFrom('4', 'f'), minLength: 10, maxLength: 10 }).map(parseUid),
        created: fc.nat(2),
        number: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        confirmed: fc.option(fc.record({ number: fc.integer({ min: 1, max: 3 }), at: fc.nat(2) }), { nil: undefined }),
        deleted: fc.boolean(),
      }),
      { selector: ({ uid }) => uid, maxLength: 12 },
    )
    fc.assert(
      fc.property(tasks, (list) => {
        const states = list.map(({ uid, created, number, confirmed, deleted }) =>
          taskOf(
            uid,
            { c: created, ...(number === undefined ? {} : { k: number }), ...(deleted ? { x: { seen: 1 } } : {}) },
            confirmed === undefined ? {} : { K: [living(confirmed.number, { at: confirmed.at })] },
          ),
        )
        const table = tableOf(states)
        const keys = states.map((state) => shownKey(table, state, 'T'))
        expect(new Set(keys).size).toBe(states.length)
        states.forEach((state, index) => expect(findAll(table, keys[index] ?? '', 'T')).toEqual([state.uid]))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the task a name means', () => {
  const holder = numbered(uidOf(0), 1, 7)
  const second = numbered(a, 2, 7)
  const third = numbered(b, 3, 7)
  const renamed = numbered(c, 4, 5, { number: 9, at: 50 })
  const states = [holder, second, third, renamed]
  const context = contextOf(states)
  const uidFor = (name: string): string => findTask(name, context).uid

  it.each([
    ['its key', 'T-7', holder],
    ['in any case', 't-7', holder],
    ['the number alone', '7', holder],
    ['with blanks around it', '  T-7 ', holder],
    ['its id', a, second],
    ['the key with its suffix', 'T-7.4fa', second],
    ['the suffix in capitals', 't-7.4FA', second],
    ['a longer start of its id', 'T-7.4faaaa', second],
    ['the number and suffix alone', '7.4fb', third],
    ['a key it had before', 'T-5', renamed],
    ['leading zeros', 'T-007', holder],
  ])('[K4] is found by %s', (_, name, state) => {
    expect(uidFor(name)).toBe(state.uid)
  })

  it.each(['T-8', 'X-7', 'T7', 'T-', '-7', 'T-7.', 'T-7.zz', '4faaaaaaa9', 'T-9999999999999999', 'T-7 x'])(
    '[K4] %s is no task',
    (name) => {
      expect(() => findTask(name, context)).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }))
    },
  )

  it.each([
    ['', 'INVALID_INPUT'],
    [' ', 'INVALID_INPUT'],
    ['T'.repeat(101), 'INVALID_INPUT'],
    [12, 'INVALID_INPUT'],
    [null, 'INVALID_INPUT'],
  ])('[K4] %j names nothing', (name, code) => {
    expect(() => findTask(name, context)).toThrow(expect.objectContaining({ code }))
  })

  it('[K5] a name that fits several is refused, and all of them are named', () => {
    expect(thrownBy(() => findTask('T-7.4f', context))).toMatchObject({
      code: 'KEY_AMBIGUOUS',
      details: { key: 'T-7.4f', candidates: ['T-7.4fa', 'T-7.4fb'] },
    })
  })

  it('[K5] a deleted task stands back behind a living one, and is found when it is the only one', () => {
    const deleted = taskOf(b, { t: 'b', c: 3, k: 5, x: { writer: 1 } }, { K: [living(8)] })
    const withDeleted = contextOf([...states, deleted])
    expect(findTask('T-5', withDeleted).uid).toBe(renamed.uid)
    expect(findTask('T-8', withDeleted).uid).toBe(deleted.uid)
    expect(findTask(b, withDeleted).uid).toBe(deleted.uid)
    const thirdDeleted = contextOf([holder, second, taskOf(b, { c: 3, k: 7, x: { writer: 1 } })])
    expect(findTask('T-7.4f', thirdDeleted).uid).toBe(second.uid)
    expect(findTask('T-7.4fb', thirdDeleted).uid).toBe(b)
  })

  it('[K5] what was purged is found by nothing', () => {
    const purged = taskOf(b, { X: true })
    const context = contextOf([purged])
    expect(() => findTask(b, context)).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }))
  })

  it('[K6] an earlier key finds its task while no other shows it, and is listed only then', () => {
    const table = tableOf(states)
    expect(aliasesOf(table, renamed, 'T')).toEqual(['T-5'])
    expect(aliasesOf(table, holder, 'T')).toEqual([])
    const taker = numbered(parseUid('4haaaaaaaa'), 9, 5)
    const shadowed = contextOf([...states, taker])
    expect(findTask('T-5', shadowed).uid).toBe(taker.uid)
    expect(aliasesOf(shadowed.tasks, renamed, 'T')).toEqual([])
  })

  it('[K7] several names are several tasks, each once, in the order they were named', () => {
    expect(findTasks(['T-9', '7', 'T-7', a], context).map(({ uid }) => uid)).toEqual([c, uidOf(0), a])
    for (const nothing of [[], 'T-7', {}, undefined])
      expect(() => findTasks(nothing, context)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect(() => findTasks(Array(10_001).fill('T-7'), context)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})
