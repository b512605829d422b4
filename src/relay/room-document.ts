/**
 * One project's document at the relay: in memory and as rows of a log, the log never behind what anyone was told.
 * Takes what the gate let in; knows no connections.
 *
 *   log `room/<project>`     one row per commit; the snapshot of a compacted log is its first row
 */
import * as Y from 'yjs'
import type { Row, Runtime, Store } from '../ports.ts'
import type { Known } from './gate.ts'
import { joinUpdates, type Shaped } from './joining.ts'
import { isEmpty, noteCell, noteOf, StoredState } from './stored-state.ts'

/** Below this a log is never worth compacting. */
const LEAST_LOG_BYTES = 256 * 1024
/** When its project is unloaded a log is compacted sooner: the next to come waits for its rows. */
const LEAST_ROWS = 64
/** Answers to vectors that are kept for whoever asks the same. */
const MOST_ANSWERS = 8
const LONGEST_KEPT_VECTOR = 16 * 1024
/** Of the last commits, for those who ask what came since: as many as these bytes, with some for each. */
const RECENT_BYTES = 512 * 1024
const RECENT_ROW_BYTES = 64

/** Neighbours that Yjs joins at the end of a transaction are copied once for each: memory grows with the square. */
const MOST_AT_ONCE = 500

interface Whole {
  readonly bytes: Uint8Array
  /** As it was read, and not encoded by this document. */
  readonly isRow: boolean
  /** Committed since. */
  readonly since: Uint8Array[]
  sinceBytes: number
}

/** What the gate let in. */
export interface Incoming extends Shaped {
  /** Everything that its sender believes to be missing here; else one write. */
  readonly isAnswer: boolean
}

export class RoomDocument {
  /** What is accepted, also what is on its way to the disk. */
  readonly known: Known
  #built: Y.Doc | undefined
  /** By a transaction since this was looked at last. */
  #isChanged = false
  #read: readonly Row[] = []
  /** While the document is not made of its rows yet. */
  #stored: StoredState | undefined
  #logBytes = 0
  #rows = 0
  #snapshotBytes = 0
  #lastSeq = 0
  /** What the last commits brought, without a gap up to the last. */
  #recent: Uint8Array[] = []
  #recentBytes = 0
  #vector: Uint8Array | undefined
  #whole: Whole | undefined
  #answers = new Map<string, Uint8Array>()
  readonly #store: Store
  readonly #log: string
  readonly #noteCell: string
  readonly #report: Runtime['log']

  private constructor(store: Store, project: string, report: Runtime['log']) {
    this.#store = store
    this.#log = roomLog(project)
    this.#noteCell = noteCell(project)
    this.#report = report
    this.known = new Map()
  }

  static async load(store: Store, project: string, report: Runtime['log']): Promise<RoomDocument> {
    const document = new RoomDocument(store, project, report)
    await document.reload()
    return document
  }

  /** What the disk has; a row that Yjs cannot read is left where it is and reported. */
  async reload(): Promise<void> {
    const rows = await this.#store.read(this.#log)
    const note = await this.#note()
    const size = await this.#store.size(this.#log)
    this.#logBytes = size.bytes
    this.#rows = size.rows
    this.#snapshotBytes = size.snapshotBytes
    this.#lastSeq = rows.at(-1)?.seq ?? 0
    this.#recent = []
    this.#recentBytes = 0
    this.#forgetAnswers()
    this.#whole = undefined
    this.#read = rows
    this.#built = undefined
    this.#stored = StoredState.of(rows, note)
    this.known.clear()
    if (this.#stored === undefined) return this.build()
    for (const [client, clock] of this.#stored.known) this.known.set(client, clock)
  }

  /** Makes the document of its rows, where that was not needed before. */
  build(): void {
    if (this.#built !== undefined) return
    this.#built = documentOf(this.#read, (seq, cause) =>
      this.#report({ level: 'error', event: 'room.row.unreadable', log: this.#log, seq, problem: String(cause) }),
    )
    this.#built.on('afterTransaction', (transaction: Y.Transaction) => (this.#isChanged ||= isChange(transaction)))
    if (this.#stored?.hasToldAll === true) {
      const { snapshot: bytes, since } = this.#stored
      const sinceBytes = since.reduce((sum, { length }) => sum + length, 0)
      this.#whole = { bytes, isRow: true, since: [...since], sinceBytes }
    }
    this.#stored = undefined
    this.#read = []
    this.relearn()
  }

  get #doc(): Y.Doc {
    this.build()
    return this.#built ?? new Y.Doc()
  }

  async #note(): Promise<Uint8Array | undefined> {
    try {
      return await this.#store.cell(this.#noteCell)
    } catch (cause) {
      // The rows say the same, only later.
      this.#report({ level: 'warn', event: 'room.note.unreadable', log: this.#log, problem: String(cause) })
      return undefined
    }
  }

  /** Memory has more than what was accepted by its clocks: what waited for it came in with it. */
  relearn(): void {
    for (const client of this.#doc.store.clients.keys())
      this.known.set(client, Math.max(this.known.get(client) ?? 0, Y.getState(this.#doc.store, client)))
  }

  /** Whether something that this update takes away is still there. */
  lacksRemovalOf(update: Uint8Array): boolean {
    const { clients } = this.#doc.store
    return [...Y.decodeUpdate(update).ds.clients].some(([client, ranges]) => {
      const structs = clients.get(client) ?? []
      return ranges.some(({ clock, len }) => !isRemoved(structs, clock, clock + len))
    })
  }

  /** The number of the last commit: grows by one with each. */
  get seq(): number {
    return this.#lastSeq
  }

  /** What was committed after the commit with this number; undefined where that is not known any more. */
  since(seq: number): readonly Uint8Array[] | undefined {
    const count = this.#lastSeq - seq
    if (count < 0 || count > this.#recent.length) return undefined
    return count === 0 ? [] : this.#recent.slice(-count)
  }

  /** Into memory; returns what was new, as one. Throws at bytes that Yjs cannot read: then `reload`. */
  apply(updates: readonly Incoming[]): Uint8Array | undefined {
    const isWaiting = this.#doc.store.pendingStructs !== null
    const news = groupsOf(updates).flatMap((group) => this.#applyGroup(group))
    // Rows were lost, and what follows them came in now: nobody has sent it, and the gate has not counted it.
    if (isWaiting) this.relearn()
    return news.length < 2 ? news[0] : Y.mergeUpdates(news)
  }

  /** Of writes all that was written, also what others of them superseded; of answers only what was not here yet. */
  #applyGroup(group: readonly Incoming[]): readonly Uint8Array[] {
    const [first] = group
    if (first === undefined || first.isAnswer) return this.#applyAnswers(group)
    // As one, as everyone else will: Yjs pays for each update that it is given, and again to say what was new.
    const joined = group.length === 1 && isInOrder(first) ? first.update : joinUpdates(group)
    if (joined !== undefined) return this.#changes(() => Y.applyUpdate(this.#doc, joined)) ? [joined] : []
    const changed = this.#changes(() =>
      this.#doc.transact(() => {
        for (const { update } of group) Y.applyUpdate(this.#doc, update)
      }),
    )
    return changed ? [Y.mergeUpdates(group.map(({ update }) => update))] : []
  }

  #applyAnswers(group: readonly Incoming[]): readonly Uint8Array[] {
    const heard: Uint8Array[] = []
    const hear = (update: Uint8Array): void => void heard.push(update)
    this.#doc.on('update', hear)
    try {
      for (const { update } of group) Y.applyUpdate(this.#doc, update)
    } finally {
      this.#doc.off('update', hear)
    }
    return heard
  }

  /** Whether anything came or went. */
  #changes(action: () => void): boolean {
    this.#isChanged = false
    action()
    return this.#isChanged
  }

  /** Onto the disk. From then on it is part of every answer. */
  async commit(update: Uint8Array): Promise<void> {
    await this.#store.commit([{ append: this.#log, bytes: update }])
    this.#lastSeq++
    this.#rows++
    this.#logBytes += update.length
    this.#forgetAnswers()
    this.#keep(update)
    this.#remember(update)
  }

  get vector(): Uint8Array {
    return (this.#vector ??= this.#stored?.vector ?? Y.encodeStateVector(this.#doc))
  }

  /**
   * What someone lacks who has this vector: in parts, to be applied in their order, after the last of which all is there.
   * The state of a whole project is encoded once and kept. Undefined for a vector that cannot be read.
   */
  missing(vector: Uint8Array): readonly Uint8Array[] | undefined {
    const told = this.#stored?.missing(vector)
    if (told !== undefined) return told
    if (isEmpty(vector)) return this.#wholeParts()
    const name = vector.length > LONGEST_KEPT_VECTOR ? undefined : latin1(vector)
    const kept = name === undefined ? undefined : this.#answers.get(name)
    if (kept !== undefined) return [kept]
    const answer = this.#difference(vector)
    if (answer === undefined) return undefined
    if (name !== undefined) {
      if (this.#answers.size === MOST_ANSWERS) this.#answers.clear()
      this.#answers.set(name, answer)
    }
    return [answer]
  }

  get isDueForCompaction(): boolean {
    return this.#logBytes >= Math.max(this.#snapshotBytes, LEAST_LOG_BYTES)
  }

  get isWorthCompactingAtRest(): boolean {
    return this.#rows >= LEAST_ROWS || this.isDueForCompaction
  }

  /** Puts the whole state in the place of all rows. Nothing may be applied that is not committed. */
  async compact(): Promise<void> {
    const [doc, through] = [this.#doc, this.#lastSeq]
    const whole = this.#whole
    const isWhole = whole !== undefined && !whole.isRow && whole.since.length === 0
    const snapshot = isWhole ? whole.bytes : Y.encodeStateAsUpdate(doc)
    const note = { put: this.#noteCell, bytes: noteOf(doc, snapshot, through) }
    await this.#store.commit([{ compact: this.#log, through, snapshot }, note])
    this.#logBytes = 0
    this.#rows = 0
    this.#snapshotBytes = snapshot.length
  }

  #wholeParts(): readonly Uint8Array[] {
    const whole = (this.#whole ??= { bytes: Y.encodeStateAsUpdate(this.#doc), isRow: false, since: [], sinceBytes: 0 })
    return whole.since.length === 0 ? [whole.bytes] : [whole.bytes, merged(whole.since)]
  }

  #keep(update: Uint8Array): void {
    const whole = this.#whole
    if (whole === undefined) return
    whole.since.push(update)
    whole.sinceBytes += update.length
    // Merging many small ones for everyone who comes costs more than encoding anew once.
    if (whole.since.length > 256 || whole.sinceBytes > Math.max(64 * 1024, whole.bytes.length / 8))
      this.#whole = undefined
  }

  #remember(update: Uint8Array): void {
    this.#recent.push(update)
    this.#recentBytes += update.length + RECENT_ROW_BYTES
    let forgotten = 0
    while (this.#recentBytes > RECENT_BYTES) {
      this.#recentBytes -= (this.#recent[forgotten]?.length ?? 0) + RECENT_ROW_BYTES
      forgotten++
    }
    if (forgotten > 0) this.#recent = this.#recent.slice(forgotten)
  }

  #difference(vector: Uint8Array): Uint8Array | undefined {
    try {
      return Y.encodeStateAsUpdate(this.#doc, vector)
    } catch {
      return undefined
    }
  }

  #forgetAnswers(): void {
    this.#vector = undefined
    if (this.#answers.size > 0) this.#answers.clear()
  }
}

function isChange({ deleteSet, beforeState, afterState }: Y.Transaction): boolean {
  if (deleteSet.clients.size > 0) return true
  for (const [client, clock] of afterState) if (beforeState.get(client) !== clock) return true
  return false
}

/** Writers from the greatest to the least: of others Yjs' merging would lose some. */
function isInOrder({ shape: { sections } }: Incoming): boolean {
  return sections.every(({ client }, at) => at === 0 || client < (sections[at - 1]?.client ?? 0))
}

/** Answers one by one, writes as many as may be applied at once. */
function groupsOf(updates: readonly Incoming[]): readonly (readonly Incoming[])[] {
  const groups: Incoming[][] = []
  for (const update of updates) {
    const last = groups.at(-1)
    const isFull = last === undefined || last.length === MOST_AT_ONCE || last[0]?.isAnswer === true || update.isAnswer
    if (isFull) groups.push([update])
    else last.push(update)
  }
  return groups
}

export function roomLog(project: string): string {
  return `room/${project}`
}

/** Where a row cannot be read, all is read again without it: what Yjs took of it may be half of it. */
function documentOf(
  rows: readonly { readonly seq: number; readonly bytes: Uint8Array }[],
  unreadable: (seq: number, cause: unknown) => void,
): Y.Doc {
  const doc = new Y.Doc()
  // Yjs tidies formats up after a merge by deleting some. The clients do that: a relay writes nothing of its own.
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    transaction._needFormattingCleanup = false
  })
  for (const { seq, bytes } of rows) {
    try {
      Y.applyUpdate(doc, bytes)
    } catch (cause) {
      unreadable(seq, cause)
      return documentOf(
        rows.filter((row) => row.seq !== seq),
        unreadable,
      )
    }
  }
  return doc
}

function isRemoved(structs: (Y.Item | Y.GC)[], from: number, to: number): boolean {
  if (structs.length === 0) return false
  const last = structs.at(-1)
  if (last === undefined || last.id.clock + last.length < to) return false
  for (let at = from; at < to;) {
    const struct = structs[Y.findIndexSS(structs, at)]
    if (struct === undefined || !struct.deleted) return false
    at = struct.id.clock + struct.length
  }
  return true
}

function merged(updates: Uint8Array[]): Uint8Array {
  const all = updates.length === 1 ? updates[0] : Y.mergeUpdates(updates)
  if (all === undefined) throw new Error('nothing to merge')
  updates.splice(0, updates.length, all)
  return all
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
