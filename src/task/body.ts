/**
 * The body of a task: plain text until someone edits it, then a Y.Text that every replica grows from the same bytes.
 * Edits are small differences; nothing here decides which body is shown when two texts met (that is the register's).
 *
 * The first edit applies a *seed*: an update whose bytes follow from (uid, first text) alone, so that two replicas which
 * both make it make the same one, and merging it twice changes nothing.
 */
import * as Y from 'yjs'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { difference, type Splice } from './difference.ts'
import { charactersIn, placeBefore, takeBack } from './body-undo.ts'
import { nameOfBody, nameOfText } from './body-values.ts'
import { BODY } from './fields.ts'
import { hash53 } from './hash.ts'
import { aliveIn, shownValue, type TaskState } from './registers.ts'
import { BODIES, type Replica } from './replica.ts'
import type { Json } from './types.ts'

/** Client ids above this are never a writer's: they belong to seeds. */
const SEED_RANGE_START = 2 ** 32
const SEED_RANGE = 2 ** 53 - SEED_RANGE_START

/** Characters that were typed one after the other by one writer. */
export interface Characters {
  readonly client: number
  readonly clock: number
  readonly length: number
}

/** A piece that was taken out, the place it stood at, the characters it consisted of. */
export interface Removed {
  readonly piece: string
  readonly place: Json
  readonly characters: readonly Characters[]
}

/** What one edit did to a text, so that it can be taken back without touching what others did. */
export interface BodyEdit {
  /** Name of the text in the document. */
  readonly text: string
  /** Characters the edit brought in: a run of this writer's clocks. */
  readonly client: number
  readonly from: number
  readonly to: number
  readonly removed: readonly Removed[]
  /** Characters that it put back, and the clock of the first that stands for them since. */
  readonly returned: readonly { readonly of: readonly Characters[]; readonly from: number }[]
  /** What people see of it. */
  readonly splices: readonly { readonly removed: string; readonly inserted: string }[]
}

export interface EditedBody {
  /** Updates in the order they must be stored. */
  readonly updates: readonly Uint8Array[]
  readonly edit: BodyEdit
  /** The value the body's register must hold from now on. */
  readonly reference: Json
}

export function readBody(replica: Replica, state: TaskState | undefined): string {
  const value = shownValue(aliveIn(state, BODY))?.value
  return state === undefined || value === undefined ? '' : readBodyValue(replica, state.uid, value)
}

export function readBodyValue(replica: Replica, uid: Uid, value: Json): string {
  // A first text that nobody edited is most bodies: its long name is asked for only where there is an edited one.
  if (typeof value === 'string' && !hasTexts(replica, uid)) return value
  const name = nameOfBody(uid, value)
  const text = name === undefined ? undefined : findText(replica, name)
  if (text !== undefined) return text.toJSON()
  return typeof value === 'string' ? value : ''
}

/** Changes the shown body to `next` by the smallest readable difference; undefined when nothing differs. */
export function editBody(replica: Replica, state: TaskState, next: string, client: number): EditedBody | undefined {
  const value = shownValue(aliveIn(state, BODY))?.value ?? ''
  const splices = difference(readBodyValue(replica, state.uid, value), next)
  if (splices.length === 0) return undefined
  return change(replica, state.uid, value, client, (text) => applySplices(text, splices))
}

/**
 * Takes one edit back: its characters go, what it took out returns to its place; everything else stays. `later` are the
 * edits since, oldest first. Undefined when another text is shown by now, or nothing of the edit is left.
 */
export function undoBodyEdit(
  replica: Replica,
  state: TaskState,
  edit: BodyEdit,
  client: number,
  later: readonly BodyEdit[] = [],
): EditedBody | undefined {
  const value = shownValue(aliveIn(state, BODY))?.value ?? ''
  if (nameOfBody(state.uid, value) !== edit.text) return undefined
  const undone = change(replica, state.uid, value, client, (text) => takeBack(replica.doc, text, edit, later))
  return undone.edit.splices.length === 0 ? undefined : undone
}

/**
 * Empties every text of a body; for a purge. Only the characters go: what someone writes meanwhile has a text to stand in,
 * and a text that was taken away could never grow from its seed again.
 */
export function eraseBodies(replica: Replica, uid: Uid): readonly Uint8Array[] {
  const { doc } = replica
  const bodies = doc.getMap(BODIES)
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  doc.on('update', keep)
  try {
    doc.transact(() => {
      for (const [name, text] of bodies) {
        if (name.startsWith(`${uid}/`) && text instanceof Y.Text) text.delete(0, text.length)
      }
    }, 'local')
  } finally {
    doc.off('update', keep)
  }
  return updates
}

export type Touched = Pick<BodyEdit, 'removed' | 'returned' | 'splices'>

function change(replica: Replica, uid: Uid, value: Json, client: number, edit: (text: Y.Text) => Touched): EditedBody {
  const { doc } = replica
  const name = nameOfBody(uid, value) ?? nameOfText(uid, '')
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  const idle = doc.clientID
  let letIn = (): void => undefined
  doc.on('update', keep)
  try {
    if (findText(replica, name) === undefined && typeof value === 'string') letIn = plant(doc, bodySeed(uid, value))
    const text = findText(replica, name)
    if (text === undefined)
      throw new TaskError('DOCUMENT_INVALID', { problem: `the text of the body of ${uid} has not arrived yet` })
    doc.clientID = client
    const from = Y.getState(doc.store, client)
    const touched = doc.transact(() => edit(text), 'local')
    const to = Y.getState(doc.store, client)
    return {
      updates,
      edit: { text: name, client, from, to, ...touched },
      reference: { text: name.slice(uid.length + 1) },
    }
  } finally {
    // Updates that are applied later carry the writer's id: to a document of the same id they would look like a stranger's.
    doc.clientID = idle
    letIn()
    doc.off('update', keep)
  }
}

/**
 * Plants a seed. Edits of others may have come before it and wait: they are let in once the edit is made that was meant
 * against the first text, or its places would not fit.
 */
export function plant(doc: Y.Doc, seed: Uint8Array): () => void {
  const { store } = doc
  const { pendingStructs, pendingDs } = store
  store.pendingStructs = null
  store.pendingDs = null
  Y.applyUpdate(doc, seed, 'seed')
  return () => {
    store.pendingStructs = pendingStructs
    store.pendingDs = pendingDs
    Y.applyUpdate(doc, seed, 'seed') // says nothing new, but makes Yjs look at what waits
  }
}

function applySplices(text: Y.Text, splices: readonly Splice[]): Touched {
  const before = text.toJSON()
  const removed = splices
    .filter(({ remove }) => remove > 0)
    .map(({ at, remove }) => ({
      piece: before.slice(at, at + remove),
      place: placeBefore(text, at),
      characters: charactersIn(text, at, remove),
    }))
  // From the end, so that earlier offsets stay true; insert first, so that what is typed stands before what goes.
  for (const { at, remove, insert } of [...splices].reverse()) {
    if (insert !== '') text.insert(at, insert)
    if (remove > 0) text.delete(at + insert.length, remove)
  }
  return {
    removed,
    returned: [],
    splices: splices.map(({ at, remove, insert }) => ({ removed: before.slice(at, at + remove), inserted: insert })),
  }
}

export function bodySeed(uid: Uid, first: string): Uint8Array {
  const seed = new Y.Doc({ guid: '' }) // a random one costs more than the rest of it
  seed.clientID = seedClient(uid, first)
  seed.getMap(BODIES).set(nameOfText(uid, first), new Y.Text(first))
  return Y.encodeStateAsUpdate(seed)
}

/** The characters a first text consists of, in every document that grows it. The text itself comes before them. */
export function seedCharacters(uid: Uid, first: string): readonly Characters[] {
  return first === '' ? [] : [{ client: seedClient(uid, first), clock: 1, length: first.length }]
}

/** A client id that follows from what it stands for. */
export function clientOf(text: string, salt: number): number {
  return SEED_RANGE_START + (hash53(text, salt) % SEED_RANGE)
}

function seedClient(uid: Uid, first: string): number {
  return clientOf(`${uid}\n${first}`, 3)
}

const knownTexts = new WeakMap<Y.Doc, { readonly count: number; readonly uids: ReadonlySet<string> }>()

/** Whether any body of the task was ever edited. Texts only ever come. */
function hasTexts({ doc }: Replica, uid: Uid): boolean {
  const bodies = doc.getMap<unknown>(BODIES)
  const count = bodies._map.size // its own size would count them one by one
  let known = knownTexts.get(doc)
  if (known?.count !== count) {
    known = { count, uids: new Set([...bodies.keys()].map((name) => name.slice(0, name.indexOf('/')))) }
    knownTexts.set(doc, known)
  }
  return known.uids.has(uid)
}

export function findText(replica: Replica, name: string): Y.Text | undefined {
  const text = replica.doc.getMap<unknown>(BODIES).get(name)
  return text instanceof Y.Text ? text : undefined
}
