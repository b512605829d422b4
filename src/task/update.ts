/**
 * Writes a Yjs update by hand: entries appended to an actor's log, and the ids they remove. What Yjs would send for the
 * same edit, made without loading the document. Reads nothing.
 */
import * as encoding from 'lib0/encoding'
import type { ActorId } from '../ids.ts'
import { writeEntry, type Entry } from './entry.ts'
import type { Stamp } from './registers.ts'

/** Where the next entry of a writer goes. */
export interface Cursor {
  readonly actor: ActorId
  /** The Yjs client id of this writer's life, and the next clock it may use. */
  readonly client: number
  readonly clock: number
  /** The last entry of the actor's log, deleted ones too; null while the log is empty. */
  readonly tail: Stamp | null
}

const CONTENT_EMBED = 5
const CONTENT_ANY = 8
const HAS_ORIGIN = 0x80
const MOST_IN_A_PIECE = 100
const LOG_ROOT = 'log/'

export function logName(actor: ActorId): string {
  return LOG_ROOT + actor
}

/** The actor whose log a root of this name is. */
export function actorOfLog(name: string): string | undefined {
  return name.startsWith(LOG_ROOT) ? name.slice(LOG_ROOT.length) : undefined
}

export function encodeUpdate(cursor: Cursor, entries: readonly Entry[], removes: readonly Stamp[]): Uint8Array {
  const encoder = encoding.createEncoder()
  writeEntries(encoder, cursor, entries)
  writeRemoved(encoder, removes)
  return encoding.toUint8Array(encoder)
}

/** The cursor after the entries of one update. */
export function advance(cursor: Cursor, count: number): Cursor {
  if (count === 0) return cursor
  const clock = cursor.clock + count
  return { ...cursor, clock, tail: { client: cursor.client, clock: clock - 1 } }
}

/**
 * The first entry of an edit is an embed, those that follow are one item of many values. Yjs joins neighbouring items of
 * values into one, at a cost that grows with all that stands there; an embed never joins, so edits stay apart until they are
 * deleted. Every removal in an item of values copies what comes behind it: a long edit is cut, each piece with its embed.
 */
function writeEntries(encoder: encoding.Encoder, cursor: Cursor, entries: readonly Entry[]): void {
  if (entries.length === 0) return encoding.writeVarUint(encoder, 0)
  const pieces: (readonly Entry[])[] = []
  for (let at = 0; at < entries.length; at += MOST_IN_A_PIECE) pieces.push(entries.slice(at, at + MOST_IN_A_PIECE))
  encoding.writeVarUint(encoder, 1) // one writer
  encoding.writeVarUint(
    encoder,
    pieces.reduce((sum, { length }) => sum + (length === 1 ? 1 : 2), 0), // structs
  )
  encoding.writeVarUint(encoder, cursor.client)
  encoding.writeVarUint(encoder, cursor.clock)
  let at = cursor
  for (const piece of pieces) {
    writePiece(encoder, at, piece)
    at = advance(at, piece.length)
  }
}

function writePiece(
  encoder: encoding.Encoder,
  { client, clock, tail, actor }: Cursor,
  entries: readonly Entry[],
): void {
  const [first, ...others] = entries
  if (first === undefined) return
  writePlace(encoder, CONTENT_EMBED, tail, actor)
  encoding.writeVarString(encoder, JSON.stringify(writeEntry(first)))
  if (others.length === 0) return
  writePlace(encoder, CONTENT_ANY, { client, clock }, actor)
  encoding.writeVarUint(encoder, others.length)
  for (const entry of others) encoding.writeAny(encoder, writeEntry(entry))
}

/** After `before`, or first in the actor's log. */
function writePlace(encoder: encoding.Encoder, content: number, before: Stamp | null, actor: ActorId): void {
  if (before === null) {
    encoding.writeUint8(encoder, content)
    encoding.writeVarUint(encoder, 1) // the parent is a root, named next
    encoding.writeVarString(encoder, logName(actor))
  } else {
    encoding.writeUint8(encoder, content | HAS_ORIGIN)
    encoding.writeVarUint(encoder, before.client)
    encoding.writeVarUint(encoder, before.clock)
  }
}

export function writeRemoved(encoder: encoding.Encoder, removes: readonly Stamp[]): void {
  const clients = new Map<number, number[]>()
  for (const { client, clock } of removes) {
    const clocks = clients.get(client)
    if (clocks === undefined) clients.set(client, [clock])
    else clocks.push(clock)
  }
  encoding.writeVarUint(encoder, clients.size)
  for (const [client, clocks] of [...clients].sort(([a], [b]) => b - a)) {
    const runs = toRuns(clocks)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, runs.length)
    for (const [clock, length] of runs) {
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarUint(encoder, length)
    }
  }
}

function toRuns(clocks: readonly number[]): readonly (readonly [clock: number, length: number])[] {
  const runs: [number, number][] = []
  for (const clock of [...new Set(clocks)].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] + last[1] === clock) last[1]++
    else runs.push([clock, 1])
  }
  return runs
}
