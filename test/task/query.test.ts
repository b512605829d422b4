/** Questions over all tasks: filters, words, and who waits for or lies below whom. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dependencyCycles,
  fits,
  fold,
  holdsWords,
  ignoredParents,
  inOrder,
  liesBelow,
  waitsFor,
  type TaskQuery,
} from '../../src/task/query.ts'
import type { TaskState } from '../../src/task/registers.ts'
import { effectiveParent, kindOf, parentOf, viewTask } from '../../src/task/view.ts'
import { defaultStatuses, type Json } from '../../src/task/types.ts'
import { contextOf, living, tableOf, taskOf, uidOf } from '../workspace/task-states.ts'

/** A task that waits for others. */
function waiting(n: number, dependencies: readonly number[], status = 'todo'): TaskState {
  return taskOf(n, { s: status, ...Object.fromEntries(dependencies.map((other) => [`d${uidOf(other)}`, true])) })
}

function below(n: number, parent: number | null, at = 1000 + n): TaskState {
  return taskOf(n, {}, { P: [living(parent === null ? null : uidOf(parent), { at })] })
}

describe('filters', () => {
  const tasks = [
    taskOf(1, { s: 'todo', lweb: true, asara: true }),
    taskOf(2, { s: 'doing', lweb: true, lauth: true }),
    taskOf(3, { s: 'done', lweb: true }),
    taskOf(4, { s: 'dropped' }),
    taskOf(5, { s: 'todo', lweb: true, x: { w: 1 } }),
    taskOf(6, { s: 'review', abob: true, asara: true }),
  ]
  const context = contextOf(tasks)
  const found = (query: TaskQuery): readonly number[] =>
    tasks.flatMap((state, index) =>
      fits(viewTask(state, context), kindOf(state, defaultStatuses), query) ? [index + 1] : [],
    )

  it.each([
    ['nothing asked: what is neither closed nor deleted', {}, [1, 2, 6]],
    ['all', { all: true }, [1, 2, 3, 4, 5, 6]],
    ['a status', { status: ['doing'] }, [2]],
    ['a closed status, by its name', { status: ['done'] }, [3]],
    ['one of several', { status: ['todo', 'dropped'] }, [1, 4]],
    ['deleted ones of a status too', { status: ['todo'], all: true }, [1, 5]],
    ['a label', { label: ['web'] }, [1, 2]],
    ['every one of several labels', { label: ['web', 'auth'] }, [2]],
    ['a person', { assignee: 'sara' }, [1, 6]],
    ['ready', { ready: true }, [1]],
    ['everything together', { label: ['web'], assignee: 'sara', status: ['todo'], ready: true }, [1]],
    ['nothing', { label: ['Web'] }, []],
  ] as const)('[Q5] %s', (_, query, expected) => {
    expect(found(query)).toEqual(expected)
  })
})

describe('words', () => {
  const CAFE = 'caf\u00e9'
  const CAFE_APART = 'cafe\u0301'

  it.each([
    ['any case', 'Fix LOGIN page', ['login', 'FIX'], true],
    ['inside a word', 'relogin', ['login'], true],
    ['all of them', 'Fix login', ['fix', 'logout'], false],
    [
      'other scripts',
      '\u041f\u043e\u0447\u0438\u043d\u0438\u0442\u044c \u0432\u0445\u043e\u0434',
      ['\u0412\u0425\u041e\u0414'],
      true,
    ],
    ['an accent written apart, asked as one', CAFE_APART, [CAFE], true],
    ['an accent written as one, asked apart', CAFE, [CAFE_APART], true],
    ['no accent is another letter', CAFE_APART, ['cafe'], false],
    ['no accent is another letter', CAFE, ['cafe'], false],
    ['a start without the accent', CAFE_APART, ['caf'], true],
    ['emoji', 'ship \u{1f680} it', ['\u{1f680}'], true],
  ] as const)('[Q6] are found whatever their case and way of writing: %s', (_, text, words, expected) => {
    expect(holdsWords(text, words)).toBe(expected)
  })

  it('[Q6] folding says the same of a text however it was composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fold(text.normalize('NFD'))).toBe(fold(text.normalize('NFC')))
      }),
    )
  })
})

describe('order', () => {
  it('[Q7] is that of the order keys, by plain comparison, then that of the ids; purged tasks have no place', () => {
    const tasks = [
      taskOf(3, { o: 'a0' }),
      taskOf(1, { o: 'a0' }),
      taskOf(2, { o: 'Zz' }),
      taskOf(4, { o: 'a0V' }),
      taskOf(5, { X: true }),
      taskOf(6, { o: 'not a key' }),
    ]
    expect(inOrder(tableOf(tasks)).map(({ uid }) => uid)).toEqual([2, 1, 3, 6, 4].map(uidOf))
  })
})

describe('dependencies', () => {
  it('[Q8] tasks that wait for each other are found as one group each', () => {
    const tasks = [
      waiting(1, [2]),
      waiting(2, [3]),
      waiting(3, [1, 4]),
      waiting(4, []),
      waiting(5, [6]),
      waiting(6, [5]),
      waiting(7, [1]),
      waiting(8, [8]),
    ]
    const cycles = dependencyCycles(tableOf(tasks), contextOf(tasks))
    expect(cycles.map((group) => [...group])).toEqual(
      expect.arrayContaining([[1, 2, 3].map(uidOf), [5, 6].map(uidOf), [uidOf(8)]]),
    )
    expect(cycles).toHaveLength(3)
  })

  it.each(['done', 'dropped'])('[Q8] a task that is %s waits for nobody', (status) => {
    const tasks = [waiting(1, [2]), waiting(2, [1], status)]
    expect(dependencyCycles(tableOf(tasks), contextOf(tasks))).toEqual([])
  })

  it('[Q8] a deleted task breaks the circle', () => {
    const deleted = taskOf(2, { s: 'todo', [`d${uidOf(1)}`]: true, x: { w: 1 } })
    const tasks = [waiting(1, [2]), deleted]
    expect(dependencyCycles(tableOf(tasks), contextOf(tasks))).toEqual([])
  })

  it('[Q8] chains and circles of ten thousand are walked without running out of stack', () => {
    const chain = Array.from({ length: 10_000 }, (_, n) => waiting(n, n === 9_999 ? [] : [n + 1]))
    const table = tableOf(chain)
    expect(dependencyCycles(table, contextOf([]))).toEqual([])
    expect(waitsFor(table, uidOf(0), uidOf(9_999))).toBe(true)
    expect(waitsFor(table, uidOf(9_999), uidOf(0))).toBe(false)
    table.put(waiting(9_999, [0]))
    expect(dependencyCycles(table, contextOf([])).map((group) => group.length)).toEqual([10_000])
  })

  it('[Q8] what waits for what is what a plain search says', () => {
    const graph = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(graph, (edges) => {
        const tasks = edges.map((dependencies, n) => waiting(n, dependencies))
        const table = tableOf(tasks)
        const reach = edges.map((_, from) => reachable(edges, from))
        for (const [from, ways] of reach.entries())
          for (let to = 0; to < edges.length; to++)
            expect(waitsFor(table, uidOf(from), uidOf(to))).toBe(from === to || ways.has(to))
        const inCycles = new Set(dependencyCycles(table, contextOf(tasks)).flat())
        expect([...inCycles].sort()).toEqual(edges.flatMap((_, n) => (reach[n]?.has(n) === true ? [uidOf(n)] : [])))
      }),
    )
  })
})

/** Everything that can be reached over one or more edges. */
function reachable(edges: readonly (readonly number[])[], from: number): ReadonlySet<number> {
  const found = new Set<number>()
  const stack = [...(edges[from] ?? [])]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (found.has(next)) continue
    found.add(next)
    stack.push(...(edges[next] ?? []))
  }
  return found
}

describe('parents', () => {
  it('[Q9] of concurrent moves that made a circle the latest is ignored and listed, by id where they are equal', () => {
    const table = tableOf([below(1, 2, 10), below(2, 3, 30), below(3, 1, 20), below(4, 1)])
    expect(
      [1, 2, 3, 4].map((n) => effectiveParent(table, below(n, [0, 2, 3, 1, 1][n] ?? null, [0, 10, 30, 20, 5][n]))),
    ).toEqual([uidOf(2), null, uidOf(1), uidOf(1)])
    expect(ignoredParents(table)).toEqual([uidOf(2)])
    expect(ignoredParents(tableOf([below(1, 2, 10), below(2, 1, 10)]))).toEqual([uidOf(2)])
  })

  it('[Q9] a task is never its own parent, and a parent that is not there is kept', () => {
    const self = below(1, 1)
    expect([parentOf(self), effectiveParent(tableOf([self]), self)]).toEqual([null, null])
    const orphan = below(1, 9)
    expect(effectiveParent(tableOf([orphan]), orphan)).toBe(uidOf(9))
    expect(ignoredParents(tableOf([self, orphan]))).toEqual([])
  })

  it('[Q9] whatever was moved where, from every task the way up ends, and only edges of circles are ignored', () => {
    const moves = fc.array(fc.record({ parent: fc.option(fc.nat(7)), at: fc.nat(3) }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(moves, (list) => {
        const tasks = list.map(({ parent, at }, n) => below(n, parent, at))
        const table = tableOf(tasks)
        const edges = list.map(({ parent }, n) => (parent === null || parent === n ? [] : [parent]))
        const ignored = new Set(ignoredParents(table))
        for (const [n, state] of tasks.entries()) {
          expect(!ignored.has(state.uid) || reachable(edges, n).has(n)).toBe(true)
          let steps = 0
          for (let at: TaskState | undefined = state; at !== undefined; steps++) {
            expect(steps).toBeLessThanOrEqual(tasks.length)
            const parent = effectiveParent(table, at)
            at = parent === null ? undefined : table.get(parent)
          }
        }
        // One edge of each circle, no more.
        const circles = new Set(
          edges.flatMap((_, n) => {
            const members = [...reachable(edges, n)].sort((a, b) => a - b)
            return members.includes(n) ? [members.join()] : []
          }),
        )
        expect(ignored.size).toBe(circles.size)
      }),
      { numRuns: 500 },
    )
  })

  it('[Q9] below means at any depth, a task itself included, a circle too', () => {
    const table = tableOf([below(1, null), below(2, 1), below(3, 2), below(4, 5, 10), below(5, 4, 20)])
    const lies = (task: number, ancestor: number): boolean => liesBelow(table, uidOf(task), uidOf(ancestor))
    expect([lies(3, 1), lies(3, 3), lies(1, 3), lies(2, 3), lies(4, 5), lies(5, 4), lies(9, 1)]).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
      false,
    ])
  })

  it('[Q9] a line of two thousand, each below the next, is walked without running out of stack', () => {
    const line = Array.from({ length: 2_000 }, (_, n) => below(n, n === 1_999 ? null : n + 1))
    const table = tableOf(line)
    expect(liesBelow(table, uidOf(0), uidOf(1_999))).toBe(true)
    expect(ignoredParents(table)).toEqual([])
  })
})

describe('a list of a document with anything in it', () => {
  it('[Q7] has an order, and every task in it once', () => {
    const orders = fc.array(fc.oneof(fc.string(), fc.jsonValue()), { maxLength: 12 })
    fc.assert(
      fc.property(orders, (list) => {
        const tasks = list.map((order, n) => taskOf(n, { o: JSON.parse(JSON.stringify(order)) as Json }))
        const ordered = inOrder(tableOf(tasks))
        expect(ordered.map(({ uid }) => uid).sort()).toEqual(tasks.map(({ uid }) => uid))
        const places = ordered.map((state) => `${viewTask(state, contextOf(tasks)).order} ${state.uid}`)
        expect(places).toEqual([...places].sort((a, b) => (a < b ? -1 : 1)))
      }),
    )
  })
})
