/** Plausible ways to keep tasks that lose something: what the checks of the simulation must find. One of them is right. */
import * as Y from 'yjs'
import { isUid, type ActorId, type Uid } from '../../src/ids.ts'
import type { EditedBody } from '../../src/task/body.ts'
import { nameOfBody, nameOfText } from '../../src/task/body-values.ts'
import { difference } from '../../src/task/difference.ts'
import { ASSIGNEE, BODY, DEPENDENCY, LABEL, type Field } from '../../src/task/fields.ts'
import {
  aliveIn,
  isSeed,
  seedValue,
  shownValue,
  stampText,
  withoutPurgedSeeds,
  withoutSeenSeeds,
  type Alive,
  type TaskState,
} from '../../src/task/registers.ts'
import { ABOUT, BODIES, SCHEMA_VERSION, SEEDS, type Replica } from '../../src/task/replica.ts'
import { createTaskTable, type TaskTable } from '../../src/task/table.ts'
import { encodeUpdate } from '../../src/task/update.ts'
import { planEntries } from '../../src/workspace/plan.ts'
import { logPerActor, says, type Mechanism } from './mechanisms.ts'

const VALUES = 'values'

/** Where in a root map a value stands. Two values at one place: the later to arrive takes it. */
type KeyOf = (uid: Uid, field: Field, value: Alive, actor: ActorId) => string

const keyPerValue: KeyOf = (uid, field, value) => `${uid}\n${field}\n${stampText(value)}`
const keyPerActor: KeyOf = (uid, field, value, actor) =>
  isSeed(value) ? keyPerValue(uid, field, value, actor) : `${uid}\n${field}\n${actor}`
const keyPerElement: KeyOf = (uid, field, value, actor) =>
  [LABEL, ASSIGNEE, DEPENDENCY].includes(field.slice(0, 1)) && !isSeed(value)
    ? `${uid}\n${field}\n`
    : keyPerValue(uid, field, value, actor)

/** As large as a map that forgets nothing, but right: the checks are not made for one structure. */
export const mapOfValues: Mechanism = mapMechanism('a key per value', { keyOf: keyPerValue })

export const controls: readonly Mechanism[] = [
  mapMechanism('a nested map per task', { keyOf: keyPerValue, isNested: true }),
  mapMechanism('a key per actor, without lanes', { keyOf: keyPerActor }),
  mapMechanism('a plain key per set element', { keyOf: keyPerElement }),
  {
    ...logPerActor,
    name: 'imports stamped with now',
    readFile(replica, cursor, { uid, values, now }) {
      const state = replica.tasks.get(uid)
      const writes = Object.entries(values)
        .filter(([field, value]) => !says(replica, state, field, value))
        .map(([field, value]) => ({ uid, field, value, base: [] }))
      if (writes.length === 0) return undefined
      const { entries } = planEntries(replica.tasks, writes, cursor, now)
      const update = encodeUpdate(cursor, entries, [])
      replica.apply([update], 'local')
      const alive = entries.map((entry, index): readonly [Field, Alive] => [
        entry.field,
        { client: cursor.client, clock: cursor.clock + index, at: entry.at, value: entry.value, seen: [] },
      ])
      return { updates: [update], values: alive }
    },
  },
  {
    ...logPerActor,
    name: 'a text seeded by each replica',
    editBody(replica, state, next, client) {
      const { name, first } = bodyOf(state)
      return editText(replica, name, client, (text, isNew) => {
        if (isNew) text.insert(0, first)
        const before = isNew ? first : text.toJSON()
        for (const { at, remove, insert } of difference(before, next).toReversed()) {
          text.delete(at, remove)
          text.insert(at, insert)
        }
      })
    },
  },
  {
    ...logPerActor,
    name: 'whole bodies replaced',
    editBody(replica, state, next, client) {
      const planted = logPerActor.editBody(replica, state, next, client)
      if (planted === undefined) return undefined
      const { removed, splices, from } = planted.edit
      const replaced = editText(replica, planted.edit.text, client, (text) => {
        text.delete(0, text.length)
        text.insert(0, next)
      })
      const edit = { ...replaced.edit, removed, splices, from }
      return { ...replaced, edit, updates: [...planted.updates, ...replaced.updates] }
    },
  },
  {
    ...logPerActor,
    name: 'writes that replace what they did not see',
    write(replica, cursor, planned) {
      const there = planned.entries.flatMap(({ uid, field }) => aliveIn(replica.tasks.get(uid), field))
      return logPerActor.write(replica, cursor, {
        ...planned,
        removes: [...planned.removes, ...there.filter((value) => !isSeed(value))],
      })
    },
  },
  {
    ...logPerActor,
    name: 'writes that leave what they saw',
    write: (replica, cursor, planned) =>
      logPerActor.write(replica, cursor, { ...planned, removes: planned.removes.slice(1) }),
  },
]

function mapMechanism(name: string, layout: { readonly keyOf: KeyOf; readonly isNested?: boolean }): Mechanism {
  const { keyOf, isNested = false } = layout
  const placeOf = (doc: Y.Doc, uid: Uid): Y.Map<unknown> => {
    const root = doc.getMap<unknown>(VALUES)
    if (!isNested) return root
    const there = root.get(uid)
    if (there instanceof Y.Map) return there as Y.Map<unknown>
    const made = new Y.Map<unknown>()
    root.set(uid, made)
    return made
  }
  return {
    ...logPerActor,
    name,
    open: openMap,
    write(replica, cursor, { entries, removes }) {
      return editAs(replica.doc, cursor.client, () => {
        const { actor, client, clock } = cursor
        for (const [index, { uid, field, at, value, seen }] of entries.entries()) {
          const alive: Alive = { client, clock: clock + index, at, value, seen }
          placeOf(replica.doc, uid).set(keyOf(uid, field, alive, actor), alive)
        }
        for (const [map, key, value] of valuesIn(replica.doc))
          if (removes.some((gone) => stampText(gone as Alive) === stampText(value))) map.delete(key)
      })
    },
    readFile(replica, { client, actor }, { uid, values }) {
      const state = replica.tasks.get(uid)
      const fresh = Object.entries(values)
        .filter(([field, value]) => !says(replica, state, field, value))
        .map(([field, value]): readonly [Field, Alive] => [field, seedValue(field, value)])
      if (fresh.length === 0) return undefined
      const updates = editAs(replica.doc, client, () => {
        for (const [field, value] of fresh) placeOf(replica.doc, uid).set(keyOf(uid, field, value, actor), value)
      })
      return { updates, values: fresh }
    },
  }
}

function* valuesIn(doc: Y.Doc): Iterable<readonly [Y.Map<unknown>, string, Alive]> {
  const root = doc.getMap<unknown>(VALUES)
  for (const map of [root, ...root.values()]) {
    if (!(map instanceof Y.Map)) continue
    for (const [key, value] of map) if (!(value instanceof Y.Map)) yield [map, key, value as Alive]
  }
}

/** A table read anew after every change: slow, and without doubt. */
function openMap(updates: readonly Uint8Array[]): Replica {
  const doc = new Y.Doc()
  for (const root of [VALUES, SEEDS, BODIES, ABOUT]) doc.getMap(root)
  let table: TaskTable | undefined
  doc.on('afterTransaction', () => void (table = undefined))
  const apply: Replica['apply'] = (more, origin) =>
    doc.transact(() => more.forEach((one) => Y.applyUpdate(doc, one)), origin)
  apply(updates)
  const current = (): TaskTable => (table ??= readTable(doc))
  return {
    doc,
    schema: SCHEMA_VERSION,
    isFilled: false,
    apply,
    hear(more, origin) {
      apply(more, origin)
      return true
    },
    encode: () => Y.encodeStateAsUpdate(doc),
    cursor: (actor, client) => ({ actor, client, clock: Y.getState(doc.store, client), tail: null }),
    on: () => ({ [Symbol.dispose]: () => undefined }),
    tasks: {
      get count() {
        return current().count
      },
      get greatestNumber() {
        return current().greatestNumber
      },
      get: (uid) => current().get(uid),
      uids: () => current().uids(),
      withNumber: (number) => current().withNumber(number),
      referring: (uid) => current().referring(uid),
    },
  }
}

function readTable(doc: Y.Doc): TaskTable {
  const tasks = new Map<Uid, Map<Field, Alive[]>>()
  for (const [map, key, value] of valuesIn(doc)) {
    const [first = '', second = ''] = key.split('\n')
    const [uid, field] = [first, second]
    if (!isUid(uid) || map.doc === null) continue
    const registers = tasks.get(uid) ?? new Map<Field, Alive[]>()
    tasks.set(uid, registers.set(field, [...(registers.get(field) ?? []), value]))
  }
  const table = createTaskTable()
  for (const [uid, fields] of tasks) {
    const registers = new Map<Field, readonly Alive[]>(
      [...fields].map(([field, values]) => [field, withoutSeenSeeds(values)]),
    )
    withoutPurgedSeeds(registers)
    if (registers.size > 0) table.put({ uid, registers })
  }
  return table
}

function bodyOf(state: TaskState): { readonly name: string; readonly first: string } {
  const value = shownValue(aliveIn(state, BODY))?.value ?? ''
  return {
    name: nameOfBody(state.uid, value) ?? nameOfText(state.uid, ''),
    first: typeof value === 'string' ? value : '',
  }
}

function editText(
  replica: Replica,
  name: string,
  client: number,
  edit: (text: Y.Text, isNew: boolean) => void,
): EditedBody {
  const { doc } = replica
  const from = Y.getState(doc.store, client)
  const updates = editAs(doc, client, () => {
    const bodies = doc.getMap<unknown>(BODIES)
    const there = bodies.get(name)
    const text = there instanceof Y.Text ? there : new Y.Text()
    if (there !== text) bodies.set(name, text)
    edit(text, there !== text)
  })
  const to = Y.getState(doc.store, client)
  return {
    updates,
    edit: { text: name, client, from, to, removed: [], returned: [], splices: [] },
    reference: { text: name.slice(name.indexOf('/') + 1) },
  }
}

function editAs(doc: Y.Doc, client: number, edit: () => void): readonly Uint8Array[] {
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  const idle = doc.clientID
  doc.on('update', keep)
  doc.clientID = client
  try {
    doc.transact(edit, 'local')
    return updates
  } finally {
    doc.clientID = idle
    doc.off('update', keep)
  }
}
