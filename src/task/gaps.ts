/**
 * Stands in for updates that are lost, so that what came after them can be read. For reading only: a document that was
 * filled is never stored or sent, or the lost updates could not come back from a backup.
 *
 * Yjs keeps everything of a writer back until all that came before is there: one damaged row would hide all later tasks.
 */
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'
import { actorOfLog } from './update.ts'

const CONTENT_DELETED = 1

/** Fills until nothing waits; says whether it filled anything. `fallback` is the log of a writer of whom nothing is there. */
export function fillGaps(doc: Y.Doc, fallback: string): boolean {
  let isFilled = false
  for (let waiting = doc.store.pendingStructs; waiting !== null;) {
    const gaps = gapsBefore(doc, Y.decodeUpdateV2(waiting.update).structs)
    if (gaps.length === 0) return isFilled
    for (const { client, from, to } of gaps)
      Y.applyUpdate(doc, filler(client, from, to, logOf(doc, client) ?? fallback))
    isFilled = true
    const next = doc.store.pendingStructs
    if (
      next !== null &&
      next.update.length >= waiting.update.length &&
      gapsBefore(doc, Y.decodeUpdateV2(next.update).structs).length === 0
    )
      return isFilled
    waiting = next
  }
  return isFilled
}

interface Gap {
  readonly client: number
  readonly from: number
  readonly to: number
}

type Struct = ReturnType<typeof Y.decodeUpdateV2>['structs'][number]

/** For each writer: from what is known to the first thing that waits, or to what something waiting stands on. */
function gapsBefore(doc: Y.Doc, structs: readonly Struct[]): readonly Gap[] {
  const resume = new Map<number, number>()
  const needed = new Map<number, number>()
  for (const struct of structs) {
    if (struct instanceof Y.Skip) continue
    const { client, clock } = struct.id
    if (clock >= Y.getState(doc.store, client)) resume.set(client, Math.min(resume.get(client) ?? clock, clock))
    if (!(struct instanceof Y.Item)) continue
    for (const id of [struct.origin, struct.rightOrigin, struct.parent]) {
      if (id instanceof Y.ID) needed.set(id.client, Math.max(needed.get(id.client) ?? 0, id.clock + 1))
    }
  }
  return [...new Set([...resume.keys(), ...needed.keys()])].flatMap((client) => {
    const from = Y.getState(doc.store, client)
    const to = resume.get(client) ?? needed.get(client) ?? from
    return to > from ? [{ client, from, to }] : []
  })
}

/** A run of deleted entries in a log: what followed the lost ones finds its place behind it. */
function filler(client: number, from: number, to: number, log: string): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, from)
  encoding.writeUint8(encoder, CONTENT_DELETED)
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarString(encoder, log)
  encoding.writeVarUint(encoder, to - from)
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

/** The log that a writer's known entries stand in. */
function logOf(doc: Y.Doc, client: number): string | undefined {
  const parents = new Set(
    doc.store.clients.get(client)?.map((struct) => (struct instanceof Y.Item ? struct.parent : null)),
  )
  for (const [name, type] of doc.share) if (actorOfLog(name) !== undefined && parents.has(type)) return name
  return undefined
}
