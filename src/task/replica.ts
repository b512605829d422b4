/**
 * A project's tasks in one Yjs document, and the table read from it. Applies updates; never decides what to write.
 *
 *   root `log/<actor>`  one append-only list per workspace: entries (entry.ts); what was superseded is deleted
 *   root `seeds`        uid/hash → the values a file held that nobody remembered
 *   root `bodies`       uid/hash of its first text → Y.Text, from the first edit on
 *   root `about`        the schema's version, names of actors
 */
import * as Y from 'yjs'
import { TaskError } from '../errors.ts'
import { createEmitter, type Emitter } from '../events.ts'
import type { ActorId, Uid } from '../ids.ts'
import { isUid } from '../ids.ts'
import type { Runtime } from '../ports.ts'
import { readEntry } from './entry.ts'
import type { Field } from './fields.ts'
import { fillGaps } from './gaps.ts'
import { replaceValues, seedValue, withoutPurgedSeeds, type Alive, type Stamp, type TaskState } from './registers.ts'
import { StoredState, uidOfLine } from './stored-state.ts'
import { createTaskTable, type MutableTaskTable, type TaskTable } from './table.ts'
import type { Json } from './types.ts'
import { actorOfLog, logName, type Cursor } from './update.ts'

export const BODIES = 'bodies'
export const SEEDS = 'seeds'
export const ABOUT = 'about'
/** Grows only by addition: older readers keep what they do not know. */
export const SCHEMA_VERSION = 1
/** In the range of seeds: no writer ever has it. */
const SCHEMA_CLIENT = 2 ** 32 + SCHEMA_VERSION

export interface ReplicaEvents {
  /** After each transaction that touched tasks; `remote` when the update was applied from elsewhere. */
  changed: {
    readonly uids: readonly Uid[]
    readonly before: ReadonlyMap<Uid, TaskState | undefined>
    readonly origin: unknown
  }
}

export interface Replica extends Pick<Emitter<ReplicaEvents>, 'on'> {
  readonly doc: Y.Doc
  readonly tasks: TaskTable
  /** All or nothing for the reader: an update that cannot be read throws DOCUMENT_INVALID. */
  apply(updates: readonly Uint8Array[], origin?: unknown): void
  /** Applies, and says whether there was anything new in it: also what waits for an earlier update, or for a later version. */
  hear(updates: readonly Uint8Array[], origin?: unknown): boolean
  encode(): Uint8Array
  /** Something lost was stood in for (gaps.ts): for reading only. */
  readonly isFilled: boolean
  /** The schema that the document's newest writer spoke. */
  readonly schema: number
  /** Where `client`, writing for `actor`, goes on. */
  cursor(actor: ActorId, client: number): Cursor
}

interface Difference {
  readonly added: Map<Field, Alive[]>
  readonly removed: Map<Field, Stamp[]>
}

/** `lostFrom`: rows are known to be lost; the log named stands in for writers of whom nothing is left. */
export function openReplica(
  updates: readonly Uint8Array[],
  log: Runtime['log'],
  { lostFrom }: { readonly lostFrom?: ActorId } = {},
): Replica {
  const doc = new Y.Doc()
  const reader = new TableReader(doc)
  const emitter = createEmitter<ReplicaEvents>(log)
  doc.getMap(SEEDS)
  doc.getMap(BODIES)
  doc.getMap(ABOUT)
  applyAll(doc, updates, 'load')
  const isFilled = lostFrom !== undefined && fillGaps(doc, logName(lostFrom))
  reader.readAll()
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    const before = reader.readTransaction(transaction)
    if (before.size > 0) emitter.emit('changed', { uids: [...before.keys()], before, origin: transaction.origin })
  })
  return {
    doc,
    isFilled,
    tasks: reader.table,
    on: emitter.on,
    apply: (more, origin) => applyAll(doc, more, origin),
    hear(more, origin) {
      let isNew = false
      const heard = (): void => void (isNew = true)
      doc.on('update', heard)
      try {
        applyAll(doc, more, origin)
      } finally {
        doc.off('update', heard)
      }
      return isNew || doc.store.pendingStructs !== null || doc.store.pendingDs !== null
    },
    encode: () => Y.encodeStateAsUpdate(doc),
    get schema() {
      const schema = doc.getMap(ABOUT).get('schema')
      return typeof schema === 'number' ? schema : SCHEMA_VERSION
    },
    cursor: (actor, client) => ({
      actor,
      client,
      clock: Y.getState(doc.store, client),
      tail: reader.tailOf(logName(actor)),
    }),
  }
}

/** Whose log an entry stands in; undefined for what is no entry, or is gone. */
export function writerOf(doc: Y.Doc, { client, clock }: Stamp): string | undefined {
  if (clock >= Y.getState(doc.store, client)) return undefined
  const item: unknown = Y.getItem(doc.store, Y.createID(client, clock))
  const parent = item instanceof Y.Item ? item.parent : null
  return parent instanceof Y.AbstractType && parent._item === null ? actorOfLog(Y.findRootTypeKey(parent)) : undefined
}

/** What a document begins with: the same bytes wherever it begins, so that two beginnings are one. */
export function firstUpdate(): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = SCHEMA_CLIENT
  doc.getMap(ABOUT).set('schema', SCHEMA_VERSION)
  return Y.encodeStateAsUpdate(doc)
}

function applyAll(doc: Y.Doc, updates: readonly Uint8Array[], origin: unknown): void {
  try {
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update, origin)
    }, origin)
  } catch (cause) {
    throw new TaskError(
      'DOCUMENT_INVALID',
      { problem: cause instanceof Error ? cause.message : 'unreadable bytes' },
      { cause },
    )
  }
}

/** Keeps the table true to the document. Reads items and deletions of a transaction, so that a change costs what it touches. */
class TableReader {
  readonly table: MutableTaskTable = createTaskTable()
  readonly #doc: Y.Doc
  readonly #logs = new Set<unknown>()
  #rootCount = 0

  constructor(doc: Y.Doc) {
    this.#doc = doc
  }

  readAll(): void {
    const states = new Map<string, StoredState>()
    const stateOf = (uid: Uid): StoredState => {
      const found = states.get(uid)
      if (found !== undefined) return found
      const made = new StoredState(uid)
      states.set(uid, made)
      return made
    }
    for (const [name, type] of this.#doc.share) {
      if (actorOfLog(name) === undefined) continue
      for (let item = type._start; item !== null; item = item.right) {
        if (item.deleted) continue
        const { client, clock } = item.id
        textsOf(item.content).forEach((text, offset) => {
          const uid = uidOfLine(text)
          if (uid !== undefined) stateOf(uid).add(String(text), client, clock + offset)
        })
      }
    }
    for (const [key, value] of this.#doc.getMap(SEEDS)) {
      const uid = uidOfKey(key)
      if (uid !== undefined) for (const [field, seed] of seedsIn(value)) stateOf(uid).addSeed(field, seed)
    }
    for (const state of states.values()) if (state.isReadable) this.table.put(state, state.outline)
  }

  readTransaction(transaction: Y.Transaction): Map<Uid, TaskState | undefined> {
    const differences = new Map<Uid, Difference>()
    this.#readAdded(transaction, differences)
    this.#readRemoved(transaction, differences)
    const before = new Map<Uid, TaskState | undefined>()
    for (const [uid, difference] of differences) {
      before.set(uid, this.table.get(uid))
      this.#change(uid, difference)
    }
    for (const uid of this.#touchedBodies(transaction)) if (!before.has(uid)) before.set(uid, this.table.get(uid))
    return before
  }

  /** The last item of a log, deleted or not: what the next entry follows. */
  tailOf(name: string): Stamp | null {
    let item = this.#doc.share.get(name)?._start ?? null
    while (item?.right) item = item.right
    return item === null ? null : { client: item.lastId.client, clock: item.lastId.clock }
  }

  #change(uid: Uid, { added, removed }: Difference): void {
    const state = this.table.get(uid)
    const registers = new Map(state?.registers)
    for (const field of new Set([...added.keys(), ...removed.keys()])) {
      const values = replaceValues(registers.get(field) ?? [], added.get(field) ?? [], removed.get(field) ?? [])
      if (values.length === 0) registers.delete(field)
      else registers.set(field, values)
    }
    withoutPurgedSeeds(registers)
    if (registers.size === 0) this.table.remove(uid)
    else this.table.put({ uid: state?.uid ?? uid, registers })
  }

  #readAdded(transaction: Y.Transaction, differences: Map<Uid, Difference>): void {
    for (const [client, after] of transaction.afterState) {
      const from = transaction.beforeState.get(client) ?? 0
      if (from === after) continue
      const structs = this.#doc.store.clients.get(client) ?? []
      for (let index = Y.findIndexSS(structs, from); index < structs.length; index++) {
        const item = structs[index]
        if (!(item instanceof Y.Item) || item.deleted || !this.#isLog(item.parent)) continue
        for (const [uid, field, value] of entriesOf(item)) push(differenceOf(differences, uid).added, field, value)
      }
    }
    this.#readSeeds(transaction, differences)
  }

  #readRemoved(transaction: Y.Transaction, differences: Map<Uid, Difference>): void {
    Y.iterateDeletedStructs(transaction, transaction.deleteSet, (item) => {
      // The content of what this transaction deleted is there until it is collected, after this event.
      if (!(item instanceof Y.Item) || !this.#isLog(item.parent)) return
      for (const [uid, field, value] of entriesOf(item)) push(differenceOf(differences, uid).removed, field, value)
    })
  }

  #readSeeds(transaction: Y.Transaction, differences: Map<Uid, Difference>): void {
    const seeds = this.#doc.getMap<unknown>(SEEDS)
    for (const key of transaction.changed.get(seeds as never) ?? []) {
      const uid = key === null ? undefined : uidOfKey(key)
      if (key === null || uid === undefined) continue
      for (const [field, seed] of seedsIn(seeds.get(key))) push(differenceOf(differences, uid).added, field, seed)
    }
  }

  *#touchedBodies(transaction: Y.Transaction): Iterable<Uid> {
    const bodies = this.#doc.getMap(BODIES)
    for (const [type, keys] of transaction.changed) {
      if ((type as unknown) === bodies) {
        for (const key of keys) if (key !== null) yield* uidsOfKey(key)
      } else if (type._item?.parent === bodies && type._item.parentSub !== null) yield* uidsOfKey(type._item.parentSub)
    }
  }

  #isLog(parent: unknown): boolean {
    if (this.#doc.share.size !== this.#rootCount) {
      for (const [name, type] of this.#doc.share) if (actorOfLog(name) !== undefined) this.#logs.add(type)
      this.#rootCount = this.#doc.share.size
    }
    return this.#logs.has(parent)
  }
}

function* entriesOf(item: Y.Item): Iterable<readonly [Uid, Field, Alive]> {
  const { client, clock } = item.id
  let offset = 0
  for (const text of textsOf(item.content)) {
    const entry = readEntry(text)
    if (entry !== undefined) {
      yield [
        entry.uid,
        entry.field,
        { client, clock: clock + offset, at: entry.at, value: entry.value, seen: entry.seen },
      ]
    }
    offset++
  }
}

function textsOf(content: unknown): readonly unknown[] {
  if (content instanceof Y.ContentEmbed) return [content.embed]
  return content instanceof Y.ContentAny ? content.arr : []
}

function* seedsIn(value: unknown): Iterable<readonly [Field, Alive]> {
  if (typeof value !== 'object' || value === null) return
  for (const [field, json] of Object.entries(value)) yield [field, seedValue(field, json as Json)]
}

function uidOfKey(key: string): Uid | undefined {
  const uid = key.slice(0, key.indexOf('/'))
  return isUid(uid) ? uid : undefined
}

function uidsOfKey(key: string): readonly Uid[] {
  const uid = uidOfKey(key)
  return uid === undefined ? [] : [uid]
}

function differenceOf(differences: Map<Uid, Difference>, uid: Uid): Difference {
  const found = differences.get(uid)
  if (found !== undefined) return found
  const made: Difference = { added: new Map(), removed: new Map() }
  differences.set(uid, made)
  return made
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
