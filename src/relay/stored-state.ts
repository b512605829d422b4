/**
 * What the rows of a log say before a document is made of them: what they have, and the answers to those who have nothing
 * and to those who have everything of the snapshot. Only where a note speaks of exactly these rows; else a document tells.
 *
 *   cell `snapshot/<project>`   the note: number and length of the snapshot, where its deletions begin, its vector
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { Row } from '../ports.ts'
import { bytesIn } from '../sync/protocol.ts'
import { judge, type Known } from './gate.ts'

interface Note {
  readonly through: number
  readonly length: number
  readonly removedAt: number
  readonly vector: Uint8Array
}

/** Behind the snapshot: more of them are sooner read by a document. */
const MOST_ROWS = 64

export class StoredState {
  /** Client → next clock, of all rows. */
  readonly known: ReadonlyMap<number, number>
  readonly vector: Uint8Array
  readonly snapshot: Uint8Array
  /** Behind the snapshot, oldest first. */
  readonly since: readonly Uint8Array[]
  readonly #clocks: ReadonlyMap<number, number>
  readonly #removedAt: number
  #deletions: readonly Uint8Array[] | undefined
  #whole: readonly Uint8Array[] | undefined

  private constructor({ removedAt, vector }: Note, snapshot: Uint8Array, since: readonly Uint8Array[], known: Known) {
    this.snapshot = snapshot
    this.since = since
    this.known = known
    this.vector = since.length === 0 ? vector : Y.encodeStateVector(known)
    this.#clocks = Y.decodeStateVector(vector)
    this.#removedAt = removedAt
  }

  /** Undefined where the note is of other rows, a row is missing, or one does not go on where the others ended. */
  static of(rows: readonly Row[], bytes: Uint8Array | undefined): StoredState | undefined {
    const note = bytes === undefined ? undefined : readNote(bytes)
    const [first, ...rest] = rows
    if (note === undefined || first === undefined || rest.length > MOST_ROWS) return undefined
    if (first.seq !== note.through || first.bytes.length !== note.length) return undefined
    if (rest.some(({ seq }, at) => seq !== first.seq + at + 1)) return undefined
    const known: Known = Y.decodeStateVector(note.vector)
    for (const row of rest) if ('refused' in judge(row.bytes, known)) return undefined
    const since = rest.map((row) => row.bytes)
    return new StoredState(note, first.bytes, since, known)
  }

  /** In parts, as of a document. Undefined for one who lacks a part: that a document must tell. */
  missing(vector: Uint8Array): readonly Uint8Array[] | undefined {
    if (isEmpty(vector)) return (this.#whole ??= [this.snapshot, ...merged(this.since)])
    return this.#isCoveredBy(vector) ? (this.#deletions ??= [this.#deletionsAlone(), ...merged(this.since)]) : undefined
  }

  /** Someone had nothing: others may follow. */
  get hasToldAll(): boolean {
    return this.#whole !== undefined
  }

  #isCoveredBy(vector: Uint8Array): boolean {
    try {
      const theirs = Y.decodeStateVector(vector)
      return [...this.#clocks].every(([client, clock]) => (theirs.get(client) ?? 0) >= clock)
    } catch {
      return false // who sends that is sent away by whoever must read it
    }
  }

  /** No vector says what was deleted: everyone is told. */
  #deletionsAlone(): Uint8Array {
    const deletions = this.snapshot.subarray(this.#removedAt)
    const update = new Uint8Array(1 + deletions.length)
    update.set(deletions, 1)
    return update
  }
}

/** Of a snapshot that is all of this document; no bytes where something in it waits for what is not there. */
export function noteOf(doc: Y.Doc, snapshot: Uint8Array, through: number): Uint8Array {
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) return new Uint8Array()
  const vector = Y.encodeStateVector(doc)
  // One who has everything is sent no structs (one byte says so) and the same deletions.
  const removedAt = snapshot.length - (Y.encodeStateAsUpdate(doc, vector).length - 1)
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, through)
    encoding.writeVarUint(encoder, snapshot.length)
    encoding.writeVarUint(encoder, removedAt)
    encoding.writeVarUint8Array(encoder, vector)
  })
}

export function noteCell(project: string): string {
  return `snapshot/${project}`
}

/** Of nobody anything: also with trailing zeros some clients write it as no bytes at all. */
export function isEmpty(vector: Uint8Array): boolean {
  return vector.length === 0 || (vector.length === 1 && vector[0] === 0)
}

function readNote(bytes: Uint8Array): Note | undefined {
  const decoder = decoding.createDecoder(bytes)
  try {
    return {
      through: decoding.readVarUint(decoder),
      length: decoding.readVarUint(decoder),
      removedAt: decoding.readVarUint(decoder),
      vector: bytesIn(decoder),
    }
  } catch {
    return undefined // there is none
  }
}

function merged(updates: readonly Uint8Array[]): readonly Uint8Array[] {
  return updates.length < 2 ? updates : [Y.mergeUpdates([...updates])]
}
