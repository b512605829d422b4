/**
 * One workspace of the simulation at the level of the document: a replica, a disk that may lose what was not synced, a
 * clock of its own, files that show what the replica held some time ago. Says in the book what it means to write.
 */
import * as Y from 'yjs'
import type { Change, Verb } from '../../src/history/change.ts'
import type { ActorId, Uid } from '../../src/ids.ts'
import {
  eraseBodies,
  readBody,
  readBodyValue,
  undoBodyEdit,
  type BodyEdit,
  type EditedBody,
} from '../../src/task/body.ts'
import { bodyWrites, nameOfBody, nameOfText } from '../../src/task/body-values.ts'
import { BODY, type Field } from '../../src/task/fields.ts'
import { aliveIn, shownValue, type Alive, type TaskState, type Write } from '../../src/task/registers.ts'
import { BODIES, type Replica } from '../../src/task/replica.ts'
import type { FieldValues } from '../../src/task/seeds.ts'
import type { Json } from '../../src/task/types.ts'
import { planEntries, type PlannedEntries } from '../../src/workspace/plan.ts'
import type { Mechanism } from './mechanisms.ts'
import {
  broughtWord,
  firstWord,
  nameOfValue,
  wordsIn,
  type Book,
  type BookedValue,
  type Operation,
} from './simulated-book.ts'

/** What a person, an agent or a file asks for. */
export interface Intent {
  readonly verb: Verb
  readonly writes: readonly Write[]
  readonly body?:
    | { readonly uid: Uid; readonly next: string; readonly settles?: boolean }
    | { readonly uid: Uid; readonly takeBack: BodyEdit; readonly later: readonly BodyEdit[] }
    | { readonly uid: Uid; readonly erase: true }
  readonly undoes?: string
}

interface Commit {
  readonly updates: readonly Uint8Array[]
  readonly own?: { readonly operation: Operation; readonly change: Change }
}

/** Words that one edit brought into a text or took out of it. */
interface Words {
  readonly text: string
  /** The clock behind what it brought. */
  readonly end: number
  readonly came: readonly string[]
  /** As the book knows them. */
  readonly went: readonly string[]
}

interface Edited {
  readonly updates: readonly Uint8Array[]
  readonly writes: readonly Write[]
  readonly words: readonly Words[]
  readonly texts: Change['texts']
}

const NOT_EDITED: Edited = { updates: [], writes: [], words: [], texts: [] }

/** What a directory holds, and a copy of it too. */
export interface Directory {
  readonly updates: readonly Uint8Array[]
  readonly history: readonly Change[]
  readonly files: ReadonlyMap<Uid, TaskState>
}

export class SimulatedWorkspace {
  readonly place: number
  readonly actor: ActorId
  readonly skewMs: number
  hasLeft = false
  readonly #mechanism: Mechanism
  readonly #book: Book
  #client: number
  #replica: Replica
  #updates: Uint8Array[]
  #history: Change[]
  #files: Map<Uid, TaskState>
  #unsynced: Commit[] = []
  #changes = 0

  constructor(
    what: { readonly place: number; readonly actor: ActorId; readonly client: number; readonly skewMs: number },
    world: { readonly mechanism: Mechanism; readonly book: Book },
    directory: Directory,
  ) {
    this.place = what.place
    this.actor = what.actor
    this.skewMs = what.skewMs
    this.#client = what.client
    this.#mechanism = world.mechanism
    this.#book = world.book
    this.#updates = [...directory.updates]
    this.#history = [...directory.history]
    this.#files = new Map(directory.files)
    this.#replica = this.#mechanism.open(this.#updates)
  }

  get replica(): Replica {
    return this.#replica
  }

  get isWaiting(): boolean {
    const { pendingStructs, pendingDs } = this.#replica.doc.store
    return pendingStructs !== null || pendingDs !== null
  }

  /** Own and inherited changes that reached the disk. */
  get history(): readonly Change[] {
    return this.#history
  }

  /** What is on the disk. */
  get directory(): Directory {
    return { updates: this.#updates, history: this.#history, files: this.#files }
  }

  readonly clockOf = (client: number): number => Y.getState(this.#replica.doc.store, client)

  body(state: TaskState | undefined): string {
    return readBody(this.#replica, state)
  }

  /** The files now show this task as the replica holds it. */
  render(uid: Uid): void {
    const state = this.#replica.tasks.get(uid)
    if (state !== undefined) this.#files.set(uid, state)
  }

  /** Tasks as the files show them. */
  get rendered(): readonly TaskState[] {
    return [...this.#files.values()]
  }

  commit(intent: Intent, now: number): Operation | undefined {
    const edited = this.#editBody(intent)
    const writes = [...intent.writes, ...edited.writes]
    if (writes.length === 0 && edited.updates.length === 0) return undefined
    const cursor = this.#replica.cursor(this.actor, this.#client)
    const planned = planEntries(this.#replica.tasks, writes, cursor, now)
    const values = this.#bookValues(intent, writes, planned, cursor.clock, now)
    const replaced = this.#replacedWords(intent, writes)
    const updates = [...edited.updates, ...this.#mechanism.write(this.#replica, cursor, planned)]
    const change: Change = {
      id: `${this.place}.${this.#client}.${++this.#changes}`,
      at: now,
      actor: this.actor,
      name: null,
      verb: intent.verb,
      edits: planned.edits,
      texts: edited.texts,
      keys: {},
      undoes: intent.undoes ?? null,
    }
    for (const { uid, field } of planned.edits)
      this.#book.leave(change.id, `${uid}/${field}`, aliveIn(this.#replica.tasks.get(uid), field))
    return this.#keep(intent.verb, { values, words: edited.words, replaced, updates, change })
  }

  /** Reads a file that the workspace does not remember. */
  readFile(uid: Uid, file: FieldValues, now: number): Operation | undefined {
    const cursor = this.#replica.cursor(this.actor, this.#client)
    const before = this.#replica.tasks.get(uid)
    const read = this.#mechanism.readFile(this.#replica, cursor, { uid, values: file, now })
    if (read === undefined) return undefined
    const knew = namesIn(before)
    const values = read.values.map(([field, value]): BookedValue => {
      return { name: nameOfValue(uid, field, value), uid, field, value, isFile: true, saw: [], knew, at: value.at }
    })
    return this.#keep('read', { values, words: [], replaced: [], updates: read.updates })
  }

  /** Updates from elsewhere: in the replica at once, on the disk with the next sync. */
  receive(updates: readonly Uint8Array[]): void {
    this.#replica.apply(updates, 'remote')
    this.#unsynced.push({ updates })
  }

  /** Everything is on the disk now; its own commits, which others may hear of from now on. */
  sync(): readonly (readonly Uint8Array[])[] {
    const commits = this.#unsynced.splice(0)
    for (const { updates, own } of commits) {
      this.#updates.push(...updates)
      if (own !== undefined) this.#history.push(own.change)
    }
    return commits.flatMap(({ updates, own }) => (own === undefined ? [] : [updates]))
  }

  /** What was not synced never was. */
  crash(client: number): void {
    for (const { own } of this.#unsynced.splice(0)) if (own !== undefined) own.operation.isDropped = true
    // A file may show what never reached the disk; it is forgotten, as bases stand in the same store.
    this.#files.clear()
    this.#client = client
    this.#replica = this.#mechanism.open(this.#updates)
  }

  /** Ends in good order and begins again, with its own client id if that is still safe. */
  restart({ client = this.#client, compacts = false }: { client?: number; compacts?: boolean } = {}): void {
    if (compacts) this.#updates = [this.#replica.encode()]
    this.#client = client
    this.#replica = this.#mechanism.open(this.#updates)
  }

  #keep(
    what: string,
    done: {
      readonly values: readonly BookedValue[]
      readonly words: readonly Words[]
      readonly replaced: readonly string[]
      readonly updates: readonly Uint8Array[]
      readonly change?: Change
    },
  ): Operation {
    const client = this.#client
    const end = this.clockOf(client)
    const operation: Operation = {
      what,
      writer: this.place,
      client,
      end,
      values: done.values,
      came: [
        ...done.values.flatMap(firstWords),
        ...done.words.flatMap((words) => words.came.map((word) => broughtWord(words.text, word, client, words.end))),
      ],
      went: done.words.flatMap(({ went }) => went),
      replaced: done.replaced,
      isDropped: false,
    }
    this.#book.add(operation)
    const change = done.change ?? emptyChange(this.actor)
    this.#unsynced.push({ updates: done.updates, own: { operation, change } })
    return operation
  }

  #bookValues(
    { verb }: Intent,
    writes: readonly Write[],
    planned: PlannedEntries,
    clock: number,
    now: number,
  ): readonly BookedValue[] {
    const alive = new Map<string, readonly Alive[]>()
    return writes.map((write, index) => {
      const { uid, field } = write
      const state = this.#replica.tasks.get(uid)
      const place = `${uid}/${field}`
      const there = alive.get(place) ?? aliveIn(state, field)
      const base = write.base ?? there
      const entry = planned.entries[index]
      if (entry === undefined) throw new Error('a write became no entry')
      const value: Alive = { client: this.#client, clock: clock + index, at: entry.at, value: write.value, seen: [] }
      alive.set(place, [...there.filter((one) => !base.includes(one)), value])
      const latest = Math.max(0, ...base.map((one) => one.at + 1))
      return {
        name: nameOfValue(uid, field, value),
        uid,
        field,
        value,
        isFile: false,
        saw: verb === 'purge' ? namesIn(state) : base.map((one) => nameOfValue(uid, field, one)),
        // An undo brings an old deletion back, with what that one knew.
        knew: (verb === 'undo' ? this.#book.knewThen(uid, field, write.value) : undefined) ?? namesIn(state),
        at: write.rank === 'below' ? entry.at : Math.max(Math.floor(now), latest),
      }
    })
  }

  /** A write of a body that puts another text in the place of one it saw says so to every word of that one. */
  #replacedWords({ verb }: Intent, writes: readonly Write[]): readonly string[] {
    return writes.flatMap(({ uid, field, value, base }) => {
      if (field !== BODY && verb !== 'purge') return []
      const now = field === BODY ? nameOfBody(uid, value) : undefined
      const state = this.#replica.tasks.get(uid)
      const saw = field === BODY && base !== undefined ? base : aliveIn(state, BODY)
      const texts = new Set(saw.flatMap((one) => nameOfBody(uid, one.value) ?? []))
      return [...texts].flatMap((text) => (text === now ? [] : this.#book.comings(text, this.clockOf)))
    })
  }

  #editBody({ body }: Intent): Edited {
    const state = body === undefined ? undefined : this.#replica.tasks.get(body.uid)
    if (body === undefined || state === undefined) return NOT_EDITED
    if ('erase' in body) {
      const words = this.#textNames(body.uid).map((text): Words => {
        return { text, end: 0, came: [], went: this.#book.comings(text, this.clockOf) }
      })
      return { updates: eraseBodies(this.#replica, body.uid), writes: [], words, texts: [] }
    }
    const shownBody = shownValue(aliveIn(state, BODY))?.value ?? ''
    const before = readBodyValue(this.#replica, body.uid, shownBody)
    const settles = 'next' in body && body.settles === true
    const edited =
      'next' in body
        ? this.#mechanism.editBody(this.#replica, state, body.next, this.#client)
        : undoBodyEdit(this.#replica, state, body.takeBack, this.#client, body.later)
    if (edited === undefined)
      return { ...NOT_EDITED, writes: settles ? [{ uid: body.uid, field: BODY, value: shownBody }] : [] }
    return {
      updates: edited.updates,
      writes: bodyWrites(state, edited.reference, settles),
      words: ['next' in body ? this.#wordsMeant(edited, before, body.next) : this.#wordsTakenBack(edited)],
      texts: [{ uid: body.uid, ...edited.edit }],
    }
  }

  #textNames(uid: Uid): readonly string[] {
    return [...this.#replica.doc.getMap(BODIES).keys()].filter((name) => name.startsWith(`${uid}/`))
  }

  /** An undo says piece by piece what it takes out and what returns. */
  #wordsTakenBack({ edit: { text, to, splices } }: EditedBody): Words {
    const words = (side: 'removed' | 'inserted'): readonly string[] =>
      splices.flatMap((splice) => wordsIn(splice[side]))
    const went = words('removed').flatMap((word) => this.#book.standing(text, word, this.clockOf))
    return { text, end: to, came: words('inserted'), went }
  }

  /** What the writer of an edit meant, however the text was changed to get there. */
  #wordsMeant({ edit: { text, to } }: EditedBody, before: string, after: string): Words {
    const [was, is] = [new Set(wordsIn(before)), new Set(wordsIn(after))]
    const gone = new Set([...was].filter((word) => !is.has(word)))
    return {
      text,
      end: to,
      came: [...is].filter((word) => !was.has(word)),
      went: this.#book.comings(text, this.clockOf, gone),
    }
  }
}

function namesIn(state: TaskState | undefined): readonly string[] {
  if (state === undefined) return []
  return [...state.registers].flatMap(([field, values]) => values.map((value) => nameOfValue(state.uid, field, value)))
}

function firstWords({ uid, field, value }: { uid: Uid; field: Field; value: Alive }) {
  const text: Json = value.value
  if (field !== BODY || typeof text !== 'string') return []
  return wordsIn(text).map((word) => firstWord(nameOfText(uid, text), word))
}

function emptyChange(actor: ActorId): Change {
  return { id: '', at: 0, actor, name: null, verb: 'remote', edits: [], texts: [], keys: {}, undoes: null }
}
