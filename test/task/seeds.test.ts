/** Reading files that nobody remembers. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { parseUid, type ActorId } from '../../src/ids.ts'
import { editBody } from '../../src/task/body.ts'
import { bodyWrites } from '../../src/task/body-values.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import { BODY, LABEL, PURGED, STATUS, TITLE, type Field } from '../../src/task/fields.ts'
import { aliveIn, shown, stampText, type TaskState, type Write } from '../../src/task/registers.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import { importSeeds } from '../../src/task/seeds.ts'
import type { Json } from '../../src/task/types.ts'
import { repairTwins } from '../../src/task/twins.ts'
import { encodeUpdate } from '../../src/task/update.ts'
import { planEntries } from '../../src/workspace/plan.ts'

const uid = parseUid('f00000000a')
const file = { [TITLE]: 'Fix login', [STATUS]: 'todo', [BODY]: 'one two', [`${LABEL}web`]: true }

function replicaOf(...from: readonly Replica[]): Replica {
  return openReplica(
    from.map((one) => one.encode()),
    () => undefined,
  )
}

function read(replica: Replica, values: Readonly<Record<Field, Json>>, client = 7): Readonly<Record<Field, Json>> {
  return importSeeds(replica, uid, values, client)?.values ?? {}
}

function write(replica: Replica, writes: readonly Write[], client: number): void {
  const cursor = replica.cursor('actor000' as ActorId, client)
  const { entries, removes } = planEntries(replica.tasks, writes, cursor, 1000 + client)
  replica.apply([encodeUpdate(cursor, entries, removes)])
}

function task(replica: Replica): TaskState {
  return replica.tasks.get(uid) ?? { uid, registers: new Map() }
}

function set(replica: Replica, field: Field, value: Json, client: number): void {
  write(replica, [{ uid, field, value }], client)
}

describe('files that nobody remembers', () => {
  it('[T6] read by two stay with the one who hears that its own went, and not yet of the other', () => {
    const [one, other] = [replicaOf(), replicaOf()]
    read(one, file, 5)
    read(other, file, 9)
    const before = Y.encodeStateVector(other.doc)
    other.apply([one.encode()])
    const news = Y.encodeStateAsUpdate(other.doc, before)
    one.hear([news])
    expect(replicaOf(one).tasks.get(uid), 'what it heard takes its own away').toBeUndefined()
    expect(repairTwins(one, [])).toHaveLength(1)
    expect(replicaOf(one).tasks.get(uid)?.registers).toEqual(one.tasks.get(uid)?.registers)
    const again = replicaOf()
    read(again, file, 5)
    again.hear([news])
    repairTwins(again, [])
    for (const replica of [one, again]) replica.hear([other.encode(), one.encode(), again.encode()])
    other.hear([one.encode(), again.encode()])
    for (const replica of [one, other, again]) {
      expect(repairTwins(replica, [])).toEqual([])
      expect([...task(replicaOf(replica)).registers].map(([field, values]) => [field, values.length])).toEqual(
        Object.keys(file)
          .sort()
          .map((field) => [field, 1]),
      )
    }
  })

  it('[T6] are read into a replica that has nothing of them', () => {
    const replica = replicaOf()
    expect(read(replica, file)).toEqual(file)
    expect(shown(task(replica), STATUS)).toBe('todo')
    expect(conflictsOf(task(replica))).toEqual([])
  })

  it('[T6] say nothing the second time, nor where they say what is there', () => {
    const replica = replicaOf()
    read(replica, file)
    expect(importSeeds(replica, uid, file, 8)).toBeUndefined()
    expect(read(replica, { ...file, [STATUS]: 'doing' })).toEqual({ [STATUS]: 'doing' })
  })

  it('[T6] count once where replicas that had not met read them, whatever else each of them knew', () => {
    const [a, b] = [replicaOf(), replicaOf()]
    set(b, TITLE, 'Fix login', 2)
    read(a, file, 11)
    read(b, file, 12)
    const [late, again] = [replicaOf(), replicaOf(a, b)]
    late.apply([a.encode()])
    late.apply([b.encode()])
    for (const replica of [late, again, replicaOf(late)]) {
      expect(aliveIn(task(replica), STATUS)).toHaveLength(1)
      expect(conflictsOf(task(replica))).toEqual([])
    }
  })

  it('[T6] never beat what someone wrote, and are listed where they differ', () => {
    const replica = replicaOf()
    set(replica, STATUS, 'done', 2)
    read(replica, { ...file, [STATUS]: 'doing' })
    expect(shown(task(replica), STATUS)).toBe('done')
    const [conflict] = conflictsOf(task(replica))
    expect(conflict?.values.map(({ value }) => value)).toEqual(['done', 'doing'])
    expect(conflict?.values.map(stampText)[1]).toMatch(/^file:/)
  })

  it('[T6] stay replaced once a write has seen them, also where they are read afterwards', () => {
    const [a, b] = [replicaOf(), replicaOf()]
    read(a, file, 11)
    set(a, STATUS, 'done', 2)
    read(b, file, 12)
    b.apply([a.encode()])
    expect(importSeeds(a, uid, file, 13)).toBeUndefined()
    for (const replica of [a, b, replicaOf(a, b)]) {
      expect(shown(task(replica), STATUS)).toBe('done')
      expect(conflictsOf(task(replica))).toEqual([])
    }
  })

  it('[T6] make no conflict of their own where both sides changed the same field since', () => {
    const [a, b] = [replicaOf(), replicaOf()]
    read(a, file, 11)
    read(b, file, 12)
    set(a, STATUS, 'doing', 2)
    set(b, STATUS, 'done', 3)
    const [conflict, ...others] = conflictsOf(task(replicaOf(a, b)))
    expect(conflict?.values.map(({ value }) => value)).toEqual(['done', 'doing'])
    expect(others).toEqual([])
  })

  it('[T6] say nothing when they hold the body that a text has grown to', () => {
    const replica = replicaOf()
    read(replica, file)
    const edited = editBody(replica, task(replica), 'one two three', 2)
    if (edited === undefined) throw new Error('nothing was edited')
    write(replica, bodyWrites(task(replica), edited.reference, false), 2)
    expect(importSeeds(replica, uid, { ...file, [BODY]: 'one two three' }, 8)).toBeUndefined()
    expect(read(replica, { ...file, [BODY]: 'one' })).toEqual({ [BODY]: 'one' })
  })

  it('[T15] stay away after a purge that saw them', () => {
    const replica = replicaOf()
    read(replica, file)
    const base = [...task(replica).registers.values()].flat()
    write(replica, [{ uid, field: PURGED, value: true, base }], 2)
    expect(importSeeds(replica, uid, file, 8)).toBeUndefined()
    expect([...task(replicaOf(replica)).registers.keys()]).toEqual([PURGED])
  })
})
