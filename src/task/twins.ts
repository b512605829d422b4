/**
 * One change often reaches several workspaces by another road: both pull the same commit, two agents make the same fix.
 * Of the same text, put into the same gap by writers who did not know of each other, one copy goes: the one with the
 * larger id. Deletes only, and decides by ids alone, so that every workspace decides alike and twice is harmless.
 */
import * as Y from 'yjs'
import type { Uid } from '../ids.ts'
import { replantSeeds } from './lost-seeds.ts'
import { BODIES, type Replica } from './replica.ts'

/** Pieces that stand now and follow one another, the first of them put into a gap. */
interface Sibling {
  readonly head: Y.Item
  readonly pieces: readonly Y.Item[]
}

/** Updates that take the copies away, and bring back what went of a seed before its twin is here; none when there are none. */
export function repairTwins(replica: Replica, uids: Iterable<Uid>): readonly Uint8Array[] {
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array): void => void updates.push(update)
  const bodies = replica.doc.getMap<unknown>(BODIES)
  const wanted = new Set<string>(uids)
  replica.doc.on('update', keep)
  try {
    for (const [name, text] of bodies) {
      if (text instanceof Y.Text && wanted.has(name.slice(0, name.indexOf('/')))) removeTwins(replica.doc, text)
    }
  } finally {
    replica.doc.off('update', keep)
  }
  return [...updates, ...replantSeeds(replica)]
}

/** Of one text; for who has just put something into it that may stand there already. */
export function removeTwins(doc: Y.Doc, text: Y.Text): void {
  const doomed = new Set<Y.Item>()
  for (const siblings of gaps(text)) {
    siblings.sort((a, b) => a.head.id.client - b.head.id.client || a.head.id.clock - b.head.id.clock)
    for (const [index, younger] of siblings.entries()) {
      for (const older of siblings.slice(0, index)) {
        if (older.head.id.client === younger.head.id.client || doomed.has(older.head)) continue
        for (const piece of common(older, younger)) doomed.add(piece)
      }
    }
  }
  if (doomed.size === 0) return
  doc.transact((transaction) => {
    for (const item of doomed) item.delete(transaction)
  }, 'local')
}

/** Siblings by gap: the same characters to the left and to the right when they were written. */
function gaps(text: Y.Text): Sibling[][] {
  const standing: Y.Item[] = []
  for (let item = text._start; item !== null; item = item.right)
    if (!item.deleted && item.content instanceof Y.ContentString) standing.push(item)
  const found = new Map<string, Sibling[]>()
  for (const [index, head] of standing.entries()) {
    const name = `${idText(head.origin)}|${idText(head.rightOrigin)}`
    const sibling = { head, pieces: chain(standing, index) }
    const siblings = found.get(name)
    if (siblings === undefined) found.set(name, [sibling])
    else siblings.push(sibling)
  }
  return [...found.values()].filter((siblings) => siblings.length > 1)
}

/** The piece and those that were written on behind it. */
function chain(standing: readonly Y.Item[], index: number): readonly Y.Item[] {
  const pieces: Y.Item[] = []
  for (let next = index; next < standing.length; next++) {
    const item = standing[next]
    const last = pieces.at(-1)
    if (item === undefined || (last !== undefined && idText(item.origin) !== idText(last.lastId))) break
    pieces.push(item)
  }
  return pieces
}

/** The younger's pieces of the longest text that both begin with, piece by whole piece. */
function common(older: Sibling, younger: Sibling): readonly Y.Item[] {
  const ends = new Set<string>()
  let text = ''
  for (const piece of older.pieces) ends.add((text += stringOf(piece)))
  text = ''
  let count = 0
  for (const [index, piece] of younger.pieces.entries()) if (ends.has((text += stringOf(piece)))) count = index + 1
  return younger.pieces.slice(0, count)
}

function stringOf(item: Y.Item): string {
  return item.content instanceof Y.ContentString ? item.content.str : ''
}

function idText(id: Y.ID | null): string {
  return id === null ? '' : `${id.client}.${id.clock}`
}
