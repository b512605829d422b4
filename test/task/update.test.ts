/** Updates written by hand: the bytes that Yjs itself makes of the same edit, and the states they lead to. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { ActorId, Uid } from '../../src/ids.ts'
import { newActorId } from '../../src/ids.ts'
import { writeEntry, type Entry } from '../../src/task/entry.ts'
import { openReplica, type Replica } from '../../src/task/replica.ts'
import { shown, type Stamp, type Write } from '../../src/task/registers.ts'
import type { TaskTable } from '../../src/task/table.ts'
import { actorOfLog, advance, encodeUpdate, logName, type Cursor } from '../../src/task/update.ts'
import type { Json } from '../../src/task/types.ts'
import { planEntries } from '../../src/workspace/plan.ts'
import { NOON, uidOf } from '../workspace/task-states.ts'

const silent = (): undefined => undefined
const actor: ActorId = newActorId((count) => new Uint8Array(count).fill(9))
const other: ActorId = newActorId((count) => new Uint8Array(count).fill(4))

/** The same edit through Yjs, in one transaction: append, then delete by index. Y.Array itself makes no embeds. */
class YjsWriter {
  readonly doc = new Y.Doc()

  write(cursor: Cursor, entries: readonly Entry[], removes: readonly Stamp[]): Uint8Array {
    const updates: Uint8Array[] = []
    const keep = (update: Uint8Array): void => void updates.push(update)
    this.doc.clientID = cursor.client
    this.doc.on('update', keep)
    this.doc.transact((transaction) => {
      const log = this.doc.getArray<string>(logName(cursor.actor))
      const [first, ...others] = entries.map(writeEntry)
      if (first !== undefined) this.#embed(log, first, transaction)
      if (others.length > 0) log.push(others)
      for (const stamp of removes) this.#remove(stamp)
    })
    this.doc.off('update', keep)
    const [update, ...more] = updates
    if (update === undefined || more.length > 0) throw new Error(`${updates.length} updates of one transaction`)
    return update
  }

  #embed(log: Y.Array<string>, text: string, transaction: Y.Transaction): void {
    let left = log._start
    while (left !== null && left.right !== null) left = left.right
    const { clientID, store } = this.doc
    const id = Y.createID(clientID, Y.getState(store, clientID))
    new Y.Item(id, left, left?.lastId ?? null, null, null, log, null, new Y.ContentEmbed(text as never)).integrate(
      transaction,
      0,
    )
  }

  #remove({ client, clock }: Stamp): void {
    for (const name of this.doc.share.keys()) {
      const log = this.doc.getArray(name)
      let index = 0
      for (let item = log._start; item !== null; item = item.right) {
        if (item.deleted) continue
        if (item.id.client === client && clock >= item.id.clock && clock < item.id.clock + item.length)
          return log.delete(index + clock - item.id.clock, 1)
        index += item.length
      }
    }
    throw new Error(`nothing stands at ${client}:${clock}`)
  }
}

interface Edit {
  /** Writers come and go; each belongs to one of two workspaces. */
  readonly writer: number
  readonly writes: readonly { readonly task: number; readonly field: string; readonly value: Json }[]
}

const values = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json)
const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    writer: fc.nat(3),
    writes: fc.uniqueArray(
      fc.record({
        task: fc.nat(3),
        field: fc.constantFrom('t', 's', 'p', 'lweb', '.a\tb', '.f\u00fcr%25'),
        value: fc.oneof(fc.constantFrom('todo', 'doing', '\u00fc\u{1f600}'), values),
      }),
      { minLength: 1, maxLength: 5, selector: ({ task, field }) => `${task}${field}` },
    ),
  }),
  { minLength: 1, maxLength: 25 },
)

const clientOf = (writer: number): number => 0x40000000 + writer * 7919
const writesOf = (edit: Edit): readonly Write[] =>
  edit.writes.map(({ task, field, value }) => ({ uid: uidOf(task), field, value }))

function statesOf(tasks: TaskTable): Record<string, unknown> {
  const states = [...tasks.uids()]
    .sort()
    .map((uid) => [
      uid,
      Object.fromEntries(
        [...(tasks.get(uid)?.registers ?? [])]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([field, values]) => [field, [...values].sort((a, b) => a.client - b.client || a.clock - b.clock)]),
      ),
    ])
  return Object.fromEntries(states) as Record<string, unknown>
}

describe('an update written without the document', () => {
  it('[E4] has the bytes that Yjs makes of the same edit, and leads every document to the same text and states', () => {
    fc.assert(
      fc.property(edits, (list) => {
        const yjs = new YjsWriter()
        const replica = openReplica([], silent)
        list.forEach((edit, turn) => {
          const cursor = replica.cursor(edit.writer < 2 ? actor : other, clientOf(edit.writer))
          const { entries, removes } = planEntries(replica.tasks, writesOf(edit), cursor, NOON + turn)
          const update = encodeUpdate(cursor, entries, removes)
          expect([...update]).toEqual([...yjs.write(cursor, entries, removes)])
          replica.apply([update], 'local')
        })
        expect([...replica.encode()]).toEqual([...Y.encodeStateAsUpdate(yjs.doc)])
        expect(replica.doc.store.pendingStructs).toBeNull()
        expect(replica.doc.store.pendingDs).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  it('[E5] leads a document to exactly the states that were planned, also where one edit writes a field twice', () => {
    const twice = edits.map((list) => list.map((edit) => ({ ...edit, writes: [...edit.writes, ...edit.writes] })))
    fc.assert(
      fc.property(fc.oneof(edits, twice), (list) => {
        const replica = openReplica([], silent)
        list.forEach((edit, turn) => {
          const cursor = replica.cursor(edit.writer < 2 ? actor : other, clientOf(edit.writer))
          const planned = planEntries(replica.tasks, writesOf(edit), cursor, NOON + turn)
          replica.apply([encodeUpdate(cursor, planned.entries, planned.removes)], 'local')
          for (const [uid, state] of planned.states) expect(replica.tasks.get(uid)).toEqual(state)
          const next = replica.cursor(cursor.actor, cursor.client)
          expect(advance(cursor, planned.entries.length)).toEqual(next)
        })
        expect(statesOf(openReplica([replica.encode()], silent).tasks)).toEqual(statesOf(replica.tasks))
      }),
      { numRuns: 300 },
    )
  })

  it('[E5] can be read again however far ahead the clock of the value was that it replaces', () => {
    const uid = uidOf(1)
    const replica = openReplica([], silent)
    const stranger = replica.cursor(other, 9)
    const last: Entry = { uid, field: 's', at: Number.MAX_SAFE_INTEGER, value: 'doing', seen: [] }
    replica.apply([encodeUpdate(stranger, [last], [])], 'remote')
    for (const value of ['done', 'todo']) {
      const cursor = replica.cursor(actor, 5)
      const { entries, removes } = planEntries(replica.tasks, [{ uid, field: 's', value }], cursor, NOON)
      replica.apply([encodeUpdate(cursor, entries, removes)], 'local')
      const { tasks } = openReplica([replica.encode()], silent)
      expect(shown(tasks.get(uid), 's')).toBe(value)
    }
  })

  it('[E6] of one changed status is at most 60 bytes, also after two million edits', () => {
    const uid: Uid = uidOf(123_456)
    const at = Date.UTC(2040, 0, 1)
    const client = 0x7fffffff
    const sizes = ['todo', 'doing', 'review', 'done'].map((value) => {
      const cursor: Cursor = { actor, client, clock: 2_000_000, tail: { client, clock: 1_999_999 } }
      const entry: Entry = { uid, field: 's', at, value, seen: [] }
      return encodeUpdate(cursor, [entry], [{ client: 0x7ffffffe, clock: 1_900_000 }]).length
    })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(60)
  })

  it('[E5] without entries moves nothing on, and without removals removes nothing', () => {
    const replica: Replica = openReplica([], silent)
    const cursor = replica.cursor(actor, 5)
    expect(advance(cursor, 0)).toBe(cursor)
    replica.apply([encodeUpdate(cursor, [], [])], 'local')
    expect(replica.tasks.count).toBe(0)
    replica.apply([encodeUpdate(cursor, [{ uid: uidOf(1), field: 't', at: 1, value: 'one', seen: [] }], [])], 'local')
    expect(replica.tasks.count).toBe(1)
    expect(replica.cursor(actor, 5)).toEqual({ actor, client: 5, clock: 1, tail: { client: 5, clock: 0 } })
  })
})

describe('the name of a log', () => {
  it('[E4] says whose it is; other roots are nobody\u2019s', () => {
    expect(actorOfLog(logName(actor))).toBe(actor)
    expect(['bodies', 'seeds', 'about', 'logs/x', ''].map(actorOfLog)).toEqual(Array(5).fill(undefined))
  })
})
