/**
 * Makes one update of several that came one after the other, by their bytes: what each writer wrote is put end to end,
 * nothing of it is read again or left out. (Yjs' own merging sorts all of them once for each; a transaction's own update
 * leaves out what was written and superseded within it, which others may want to know of.)
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Section, UpdateShape } from './shape.ts'

export interface Shaped {
  readonly update: Uint8Array
  /** Of its shape what joining asks: the rest is not kept while it waits for the disk. */
  readonly shape: Pick<UpdateShape, 'sections' | 'removedAt'>
}

interface Piece {
  readonly bytes: Uint8Array
  readonly section: Section
}

type Range = readonly [clock: number, length: number]

/** Undefined where one of them does not go on where the one before it ended: then they are not one after the other. */
export function joinUpdates(updates: readonly Shaped[]): Uint8Array | undefined {
  const writers = new Map<number, Piece[]>()
  const removed = new Map<number, Range[]>()
  for (const { update, shape } of updates) {
    for (const section of shape.sections) {
      const pieces = writers.get(section.client)
      if (pieces === undefined) writers.set(section.client, [{ bytes: update, section }])
      else if (pieces.at(-1)?.section.to === section.from) pieces.push({ bytes: update, section })
      else return undefined
    }
    readRemoved(update, shape.removedAt, removed)
  }
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, writers.size)
  // The greatest first, as Yjs writes them: its merging passes over whatever stands in another order.
  for (const [client, pieces] of [...writers].sort(([a], [b]) => b - a)) writeWriter(encoder, client, pieces)
  encoding.writeVarUint(encoder, removed.size)
  for (const [client, ranges] of removed) writeRemoved(encoder, client, ranges)
  return encoding.toUint8Array(encoder)
}

function writeWriter(encoder: encoding.Encoder, client: number, pieces: readonly Piece[]): void {
  encoding.writeVarUint(
    encoder,
    pieces.reduce((sum, { section }) => sum + section.count, 0),
  )
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, pieces[0]?.section.from ?? 0)
  for (const { bytes, section } of pieces) encoding.writeUint8Array(encoder, bytes.subarray(section.start, section.end))
}

/** The gate has read these bytes: they are whole. */
function readRemoved(update: Uint8Array, from: number, removed: Map<number, Range[]>): void {
  const decoder = decoding.createDecoder(update)
  decoder.pos = from
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const client = decoding.readVarUint(decoder)
    const ranges = removed.get(client) ?? []
    removed.set(client, ranges)
    for (let more = decoding.readVarUint(decoder); more > 0; more--)
      ranges.push([decoding.readVarUint(decoder), decoding.readVarUint(decoder)])
  }
}

/** Sorted, and what touches or overlaps made one: as a document of Yjs would write them. */
function writeRemoved(encoder: encoding.Encoder, client: number, ranges: Range[]): void {
  const merged: [clock: number, end: number][] = []
  for (const [clock, length] of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last !== undefined && clock <= last[1]) last[1] = Math.max(last[1], clock + length)
    else merged.push([clock, clock + length])
  }
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, merged.length)
  for (const [clock, end] of merged) {
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarUint(encoder, end - clock)
  }
}
