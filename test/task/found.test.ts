/** What random schedules broke once, and what they meet rarely, each as the least that shows it. */
import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../src/errors.ts'
import { parseUid, type ActorId, type Uid } from '../../src/ids.ts'
import { readBodyValue } from '../../src/task/body.ts'
import { conflictsOf, whatIsSeen } from '../../src/task/conflicts.ts'
import { BODY, CONFIRMED, CREATED, DELETED, NUMBER, ORDER, PURGED, STATUS, TITLE } from '../../src/task/fields.ts'
import { shownKey } from '../../src/task/keys.ts'
import { orderBetween } from '../../src/task/order.ts'
import { inOrder } from '../../src/task/query.ts'
import { aliveIn, shown, type TaskState, type Write } from '../../src/task/registers.ts'
import { firstUpdate, SCHEMA_VERSION } from '../../src/task/replica.ts'
import { isoTime } from '../../src/task/time.ts'
import { defaultStatuses } from '../../src/task/types.ts'
import { encodeUpdate, logName } from '../../src/task/update.ts'
import { isDeleted, viewTask } from '../../src/task/view.ts'
import { logPerActor } from '../support/mechanisms.ts'
import { Book } from '../support/simulated-book.ts'
import { SimulatedWorkspace, type Directory } from '../support/simulated-workspace.ts'
import { shownText, tableText } from '../support/simulation-text.ts'

const uid = parseUid('f00000000a')
const other = parseUid('f00000000b')
const NOW = Date.UTC(2025, 0, 1)
const TEN_YEARS_MS = 10 * 365 * 86_400_000

function workspaces(count: number): readonly SimulatedWorkspace[] {
  const book = new Book()
  const actor = (place: number): ActorId => `actor00${place}` as ActorId
  const empty: Directory = { updates: [firstUpdate()], history: [], files: new Map() }
  return Array.from({ length: count }, (_, place) => {
    return new SimulatedWorkspace(
      { place, actor: actor(place), client: 100 + place, skewMs: 0 },
      { mechanism: logPerActor, book },
      empty,
    )
  })
}

function set(
  workspace: SimulatedWorkspace,
  writes: Readonly<Record<string, Write['value']>>,
  now = NOW,
  task = uid,
): void {
  const verb = 'set'
  workspace.commit({ verb, writes: Object.entries(writes).map(([field, value]) => ({ uid: task, field, value })) }, now)
}

function edit(workspace: SimulatedWorkspace, next: string): void {
  workspace.commit({ verb: 'set', writes: [], body: { uid, next } }, NOW)
}

/** Everybody hears everything, in this order. */
function meet(...all: readonly SimulatedWorkspace[]): void {
  for (const workspace of all) workspace.sync()
  for (const to of all) {
    for (const from of all) {
      const update = Y.encodeStateAsUpdate(from.replica.doc, Y.encodeStateVector(to.replica.doc))
      if (from !== to) to.receive([update])
    }
  }
  for (const workspace of all) workspace.sync()
}

function task({ replica }: SimulatedWorkspace, name: Uid = uid): TaskState {
  return replica.tasks.get(name) ?? { uid: name, registers: new Map() }
}

/** All bodies of the task, the shown one first. */
function bodies(workspace: SimulatedWorkspace): readonly string[] {
  const conflict = conflictsOf(task(workspace)).find(({ field }) => field === BODY)
  const rivals = conflict?.values.slice(1).map(({ value }) => readBodyValue(workspace.replica, uid, value)) ?? []
  return [workspace.body(task(workspace)), ...rivals]
}

function purge(workspace: SimulatedWorkspace): void {
  const base = [...task(workspace).registers.values()].flat()
  const writes = [{ uid, field: PURGED, value: true, base }]
  workspace.commit({ verb: 'purge', writes, body: { uid, erase: true } }, NOW)
}

function expectAlike(...all: readonly SimulatedWorkspace[]): void {
  const texts = all.map(({ replica }) => [tableText(replica.tasks), shownText(replica, NOW)])
  for (const text of texts) expect(text).toEqual(texts[0])
}

describe('bodies', () => {
  it('[T8] an edit that came before its text does not shift the first edit made here', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [BODY]: 'one two\nthree' })
    meet(a, b)
    edit(a, 'one\nthree')
    const [[seed, removal, entry] = []] = a.sync()
    if (seed === undefined || removal === undefined || entry === undefined) throw new Error('not three updates')
    b.receive([removal])
    edit(b, 'one two\nthree four')
    b.receive([entry, seed])
    meet(a, b)
    expect([bodies(a), bodies(b)]).toEqual([['one\nthree four'], ['one\nthree four']])
  })

  it('[T22] a body whose text has not come yet is not edited', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [BODY]: 'one two' })
    meet(a, b)
    edit(a, 'one')
    const [[, , entry] = []] = a.sync()
    b.receive(entry === undefined ? [] : [entry])
    expect(() => edit(b, 'one three')).toThrow(TaskError)
    meet(a, b)
    edit(b, 'one three')
    meet(a, b)
    expect(bodies(a)).toEqual(['one three'])
  })

  it('[T10] stay listed with their last words when someone settled on another meanwhile', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [BODY]: 'from a' }, NOW)
    set(b, { [BODY]: 'from b' }, NOW + 1)
    meet(a, b)
    edit(b, 'from b, edited')
    meet(a, b)
    expect(bodies(a)).toEqual(['from b, edited', 'from a'])
    set(a, { [BODY]: 'from a' }, NOW + 2)
    edit(b, 'from b, edited again')
    meet(a, b)
    expectAlike(a, b)
    expect([...bodies(a)].sort()).toEqual(['from a', 'from b, edited again'])
  })

  it('[T15] keep what was typed while another purged them', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [TITLE]: 'Fix login', [BODY]: 'one two' })
    edit(a, 'one two three')
    meet(a, b)
    edit(b, 'one two three four')
    purge(a)
    meet(a, b)
    expectAlike(a, b)
    expect(bodies(a)).toEqual([' four'])
    expect(isDeleted(task(a))).toBe(true)
  })

  it('[T15] can be written again after a purge, though they begin with the same text', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [TITLE]: 'Fix login' })
    edit(a, 'one')
    meet(a, b)
    purge(a)
    set(b, { [TITLE]: 'Fix the login' })
    meet(a, b)
    edit(b, 'two')
    meet(a, b)
    expect([bodies(a), bodies(b)]).toEqual([['two'], ['two']])
  })
})

describe('deletions', () => {
  it('[T14] list what they had not seen in the same order everywhere', () => {
    const all = workspaces(4)
    const [a, b, c, d] = all
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error()
    set(a, { [TITLE]: 'Fix login' })
    meet(...all)
    set(a, { [DELETED]: whatIsSeen(task(a)) })
    set(b, { [STATUS]: 'done' })
    set(c, { '.estimate': 3 })
    meet(a, b)
    meet(c, d)
    meet(a, b, c, d)
    expectAlike(...all)
    expect(conflictsOf(task(d)).map(({ field, values }) => [field, values.length])).toEqual([[DELETED, 3]])
  })

  it('[T14] that met a restoring are listed beside it', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [TITLE]: 'Fix login', [DELETED]: {} })
    meet(a, b)
    set(a, { [DELETED]: whatIsSeen(task(a)) }, NOW)
    set(b, { [DELETED]: false }, NOW + 5)
    meet(a, b)
    expect(isDeleted(task(a))).toBe(false)
    expect(conflictsOf(task(a)).map(({ field, values }) => [field, values.length])).toEqual([[DELETED, 2]])
  })
})

describe('clocks, copies, versions', () => {
  it('[T3] one that is ten years ahead spoils only the times of what it wrote', () => {
    const [ahead, b, c] = workspaces(3)
    if (ahead === undefined || b === undefined || c === undefined) throw new Error()
    set(ahead, { [TITLE]: 'from the future', [STATUS]: 'doing' }, NOW + TEN_YEARS_MS)
    meet(ahead, b)
    set(b, { [STATUS]: 'done' }, NOW)
    set(c, { [TITLE]: 'not seen' }, NOW)
    set(c, { '.estimate': 3 }, NOW)
    meet(ahead, b, c)
    expect(shown(task(c), STATUS)).toBe('done')
    expect(aliveIn(task(c), '.estimate').map(({ at }) => at)).toEqual([NOW])
    expect(conflictsOf(task(c)).map(({ field, values }) => [field, values.map(({ value }) => value)])).toEqual([
      [TITLE, ['from the future', 'not seen']],
    ])
    const { tasks } = c.replica
    const view = viewTask(task(c), { tasks, prefix: 'T', statuses: defaultStatuses, now: NOW })
    expect(view.updatedAt).toBe(isoTime(NOW))
  })

  it('[T20] a copied directory that goes on under the same actor loses nothing', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [TITLE]: 'Fix login', [STATUS]: 'todo' })
    a.sync()
    const book = new Book()
    const what = { place: 2, actor: a.actor, client: 300, skewMs: 0 }
    const copy = new SimulatedWorkspace(what, { mechanism: logPerActor, book }, a.directory)
    set(a, { [STATUS]: 'doing' }, NOW)
    set(copy, { [STATUS]: 'done' }, NOW)
    set(copy, { [TITLE]: 'Fix the login' }, NOW)
    set(a, { '.estimate': 3 }, NOW)
    meet(a, copy, b)
    expectAlike(a, copy, b)
    const [conflict, ...others] = conflictsOf(task(b))
    expect([conflict?.field, conflict?.values.map(({ value }) => value).toSorted()]).toEqual([
      STATUS,
      ['doing', 'done'],
    ])
    expect(others).toEqual([])
    expect([shown(task(b), TITLE), shown(task(b), '.estimate')]).toEqual(['Fix the login', 3])
  })

  it('[T23] what a later version wrote stays in the document, unread', () => {
    const [a] = workspaces(1)
    if (a === undefined) throw new Error()
    const cursor = a.replica.cursor(a.actor, 900)
    const entry = { uid, field: 'Q', at: NOW, value: 'later', seen: [] }
    a.receive([encodeUpdate(cursor, [entry, { ...entry, field: TITLE, value: 'Fix login' }], [])])
    set(a, { [STATUS]: 'todo' })
    a.sync()
    a.restart({ compacts: true })
    expect([...task(a).registers.keys()].sort()).toEqual([STATUS, TITLE].sort())
    expect(a.replica.schema).toBe(SCHEMA_VERSION)
    const doc = new Y.Doc()
    Y.applyUpdate(doc, a.replica.encode())
    expect(
      doc
        .getArray<string>(logName(a.actor))
        .toArray()
        .filter((line) => line.includes('Q')),
    ).toHaveLength(1)
  })
})

describe('places and keys', () => {
  it('[T11] tasks that were moved to one place by two who did not know stand there both, alike for all', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    const [first, last] = [parseUid('f000000001'), parseUid('f000000002')]
    set(a, { [ORDER]: 'a0' }, NOW, first)
    set(a, { [ORDER]: 'a1' }, NOW, last)
    set(a, { [ORDER]: 'a2' }, NOW, uid)
    set(a, { [ORDER]: 'a3' }, NOW, other)
    meet(a, b)
    set(a, { [ORDER]: orderBetween('a0', 'a1') }, NOW, uid)
    set(b, { [ORDER]: orderBetween('a0', 'a1') }, NOW, other)
    meet(a, b)
    for (const { replica } of [a, b])
      expect(inOrder(replica.tasks).map((state) => state.uid)).toEqual([first, uid, other, last])
    expect(conflictsOf(task(a))).toEqual([])
  })

  it('[T18][T19] one number given twice is shown once, and who is confirmed keeps it', () => {
    const [a, b] = workspaces(2)
    if (a === undefined || b === undefined) throw new Error()
    set(a, { [CREATED]: NOW, [NUMBER]: 1 }, NOW, uid)
    set(b, { [CREATED]: NOW - 1, [NUMBER]: 1 }, NOW, other)
    const keys = ({ replica: { tasks } }: SimulatedWorkspace): readonly string[] =>
      [uid, other].map((name) => shownKey(tasks, tasks.get(name) ?? { uid: name, registers: new Map() }, 'T'))
    expect(keys(a)[0]).toBe('T-1')
    meet(a, b)
    expect(keys(a)).toEqual(['T-1.f00000000a', 'T-1'])
    set(a, { [CONFIRMED]: 1 }, NOW, uid)
    set(b, { [CONFIRMED]: 2 }, NOW, other)
    meet(a, b)
    expect([keys(a), keys(b)]).toEqual([
      ['T-1', 'T-2'],
      ['T-1', 'T-2'],
    ])
  })
})
