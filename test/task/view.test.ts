/** A task as lists and `show` print it: names, their order, and what stands there when nothing was written. */
import { describe, expect, it } from 'vitest'
import { SEED_CLIENT } from '../../src/task/registers.ts'
import { isReady, kindOf, viewDetail, viewTask } from '../../src/task/view.ts'
import { contextOf, living, NOON, taskOf, uidOf } from '../workspace/task-states.ts'

const EARLIER = NOON - 1000
const iso = (ms: number): string => new Date(ms).toISOString()

const login = taskOf(1, {
  t: 'Fix login',
  s: 'todo',
  p: 'high',
  c: EARLIER - 5000,
  k: 12,
  o: 'a3',
  lweb: true,
  lauth: true,
  lold: false,
  asara: true,
  [`d${uidOf(2)}`]: true,
  [`d${uidOf(3)}`]: false,
  P: uidOf(3),
  '.estimate': 3,
  '.gone': null,
})
const blocker = taskOf(2, { t: 'Blocker', s: 'done', k: 3 })
const epic = taskOf(3, { t: 'Epic', s: 'doing', k: 4 })

describe('the JSON of a task', () => {
  it('[Q1] has exactly the names of the contract, in its order', () => {
    const context = contextOf([login, blocker, epic], {
      pathOf: () => 'tasks/T-12-fix-login.md',
      claimOf: () => ({
        by: 'agent-1',
        type: 'agent',
        token: 7,
        expiresAt: iso(NOON),
        state: 'granted',
        scope: 'relay',
      }),
    })
    expect(JSON.stringify(viewTask(login, context))).toBe(
      `{"uid":"${uidOf(1)}","key":"T-12","title":"Fix login","status":"todo","priority":"high","assignees":["sara"],` +
        `"labels":["auth","web"],"dependsOn":["T-3"],"parent":"T-4","order":"a3","createdAt":"${iso(EARLIER - 5000)}",` +
        `"updatedAt":"${iso(EARLIER)}","deleted":false,"ready":false,"path":"tasks/T-12-fix-login.md",` +
        `"claim":{"by":"agent-1","type":"agent","token":7,"expiresAt":"${iso(NOON)}","state":"granted","scope":"relay"},` +
        `"conflicts":[],"fields":{"estimate":3}}`,
    )
  })

  it('[Q1] says what is not there with null, empty lists and empty texts', () => {
    const bare = taskOf(1, { t: 'Bare' })
    expect(JSON.stringify(viewTask(bare, contextOf([bare])))).toBe(
      `{"uid":"${uidOf(1)}","key":"T-0.${uidOf(1)}","title":"Bare","status":"todo","priority":null,"assignees":[],` +
        `"labels":[],"dependsOn":[],"parent":null,"order":"a0","createdAt":"${iso(EARLIER)}",` +
        `"updatedAt":"${iso(EARLIER)}","deleted":false,"ready":true,"path":null,"claim":null,"conflicts":[],"fields":{}}`,
    )
  })

  it('[Q1] of `show` has body, comments and earlier keys behind it', () => {
    const shown = taskOf(
      1,
      { t: 'Fix login', k: 12 },
      {
        K: [living(15)],
        Cbbbbbbbb: [living({ by: 'sara', text: 'second' }, { at: EARLIER })],
        Caaaaaaaa: [living({ by: 'bob', text: 'first' }, { at: EARLIER - 1 })],
        Ctakenout: [living(null)],
      },
    )
    const detail = viewDetail(shown, 'The body\n', contextOf([shown]))
    expect(Object.keys(detail).slice(-3)).toEqual(['body', 'comments', 'aliases'])
    expect(JSON.stringify([detail.body, detail.comments, detail.aliases])).toBe(
      `["The body\\n",[{"id":"aaaaaaaa","by":"bob","at":"${iso(EARLIER - 1)}","text":"first"},` +
        `{"id":"bbbbbbbb","by":"sara","at":"${iso(EARLIER)}","text":"second"}],["T-12"]]`,
    )
  })

  it('[Q1] a document may hold anything in any field: the shape stays', () => {
    const strange = taskOf(1, {
      t: { a: 1 },
      s: 7,
      p: 'urgent',
      o: 'a\t0\n',
      P: 'no task',
      c: 'yesterday',
      k: 'twelve',
      lweb: 'yes',
      'dnot an id\n': true,
      Cx: 'words',
      Cy: { by: 3, text: null },
    })
    const { title, status, priority, order, parent, labels, dependsOn, createdAt, comments } = viewDetail(
      strange,
      '',
      contextOf([strange]),
    )
    expect({ title, status, priority, order, parent, labels, dependsOn, createdAt }).toEqual({
      title: '{"a":1}',
      status: 'todo',
      priority: null,
      order: 'a0',
      parent: null,
      labels: [],
      dependsOn: [],
      createdAt: iso(EARLIER),
    })
    expect(comments).toEqual([{ id: 'y', by: '3', at: iso(EARLIER), text: '' }])
  })

  it('[Q2] no time lies in the future, however far ahead a clock was', () => {
    const tenYears = NOON + 10 * 365 * 86_400_000
    const ahead = taskOf(
      1,
      { t: 'Ahead', c: tenYears },
      { Caaaaaaaa: [living({ by: 'x', text: 'y' }, { at: tenYears })] },
      tenYears,
    )
    const { createdAt, updatedAt, comments } = viewDetail(ahead, '', contextOf([ahead]))
    expect([createdAt, updatedAt, comments[0]?.at]).toEqual([iso(NOON), iso(NOON), iso(NOON)])
  })

  it('[Q2] was updated when its newest value was written, and created when its first one was, unless it says so itself', () => {
    const times = taskOf(1, { t: 'x' }, { s: [living('todo', { at: 5000 })], p: [living('low', { at: 9000 })] }, 7000)
    const { createdAt, updatedAt } = viewTask(times, contextOf([times]))
    expect([createdAt, updatedAt]).toEqual([iso(5000), iso(9000)])
    const fromFile = taskOf(1, {}, { t: [living('x', { client: SEED_CLIENT, clock: 0, at: 0, seen: ['aaaaaaa'] })] })
    expect(viewTask(fromFile, contextOf([fromFile])).createdAt).toBe(iso(0))
  })
})

describe('ready', () => {
  const waiting = (...dependencies: number[]): ReturnType<typeof taskOf> =>
    taskOf(1, { s: 'todo', ...Object.fromEntries(dependencies.map((n) => [`d${uidOf(n)}`, true])) })
  const ready = (state: ReturnType<typeof taskOf>, ...others: ReturnType<typeof taskOf>[]): boolean =>
    isReady(state, contextOf([state, ...others]))

  it.each([
    ['todo', true],
    ['doing', false],
    ['review', false],
    ['blocked', false],
    ['done', false],
    ['dropped', false],
    ['a word of another project', true],
  ])('[Q3] %s is ready: %s', (status, expected) => {
    expect(ready(taskOf(1, { s: status }))).toBe(expected)
  })

  it('[Q3] every dependency is done, dropped, deleted or purged', () => {
    const over = [
      taskOf(2, { s: 'done' }),
      taskOf(3, { s: 'dropped' }),
      taskOf(4, { s: 'todo', x: { w: 1 } }),
      taskOf(5, { X: true }),
    ]
    expect(ready(waiting(2, 3, 4, 5), ...over)).toBe(true)
    for (const status of ['todo', 'doing', 'review', 'blocked'])
      expect(ready(waiting(2, 3, 4, 5, 6), ...over, taskOf(6, { s: status }))).toBe(false)
  })

  it('[Q3] a dependency that has not arrived holds up; a deleted task is never ready; nor is one that someone holds', () => {
    expect(ready(waiting(9))).toBe(false)
    expect(ready(taskOf(1, { s: 'todo', x: { w: 1 } }))).toBe(false)
    const held = taskOf(1, { s: 'todo' })
    const claim = {
      by: 'a',
      type: 'human',
      token: 1,
      expiresAt: iso(NOON),
      state: 'granted',
      scope: 'workspace',
    } as const
    expect(viewTask(held, contextOf([held], { claimOf: () => claim })).ready).toBe(false)
    expect(viewTask(held, contextOf([held])).ready).toBe(true)
  })

  it('[Q3] what a status means is its kind, and the project says which that is', () => {
    const statuses = [
      { name: 'backlog', kind: 'open' },
      { name: 'shipped', kind: 'done' },
    ] as const
    const task = taskOf(1, { [`d${uidOf(2)}`]: true })
    const shipped = taskOf(2, { s: 'shipped' })
    expect(viewTask(task, contextOf([task, shipped], { statuses }))).toMatchObject({ status: 'backlog', ready: true })
    expect([kindOf(shipped, statuses), kindOf(taskOf(3, { s: 'else' }), statuses)]).toEqual(['done', 'open'])
  })
})

describe('neighbours', () => {
  it('[Q4] stand there by their keys; purged ones not at all, and those that have not arrived by their ids', () => {
    const task = taskOf(1, {
      [`d${uidOf(2)}`]: true,
      [`d${uidOf(3)}`]: true,
      [`d${uidOf(4)}`]: true,
      P: uidOf(3),
    })
    const purged = taskOf(3, { X: true })
    const view = viewTask(task, contextOf([task, taskOf(2, { k: 2, x: { w: 1 } }), purged]))
    expect([view.dependsOn, view.parent]).toEqual([['T-2', uidOf(4)], null])
    const orphan = taskOf(1, { P: uidOf(5) })
    expect(viewTask(orphan, contextOf([orphan])).parent).toBe(uidOf(5))
  })
})
