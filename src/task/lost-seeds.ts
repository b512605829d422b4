/**
 * Of the same seed that several workspaces made each by itself one stands; the others go. Who hears that its own went, and
 * not yet of the one that stands, has none: what files say would be gone until that arrives. It is made again, by an id that
 * follows from what it says, so that whoever makes it again makes the same.
 */
import * as Y from 'yjs'
import type { Uid } from '../ids.ts'
import { isUid } from '../ids.ts'
import { clientOf } from './body.ts'
import { canonical, longHash } from './hash.ts'
import { isSeed } from './registers.ts'
import { SEEDS, type Replica } from './replica.ts'
import type { Json } from './types.ts'

/** Call after something was heard, while the table still has what the document lost. Updates that bring it back; none mostly. */
export function replantSeeds(replica: Replica): readonly Uint8Array[] {
  const seeds = replica.doc.getMap<Readonly<Record<string, Json>>>(SEEDS)
  const uids = new Set<Uid>()
  for (const [key, item] of seeds._map) {
    const uid = key.slice(0, key.indexOf('/'))
    if (item.deleted && isUid(uid)) uids.add(uid)
  }
  if (uids.size === 0) return []
  const there = new Map<string, Set<string>>()
  for (const [key, values] of seeds) {
    const uid = key.slice(0, key.indexOf('/'))
    const marks = there.get(uid) ?? new Set()
    for (const [field, value] of Object.entries(values)) marks.add(markOf(field, value))
    if (isUid(uid) && uids.has(uid)) there.set(uid, marks)
  }
  const updates: Uint8Array[] = []
  for (const uid of [...uids].sort()) {
    const lost: Record<string, Json>[] = []
    const registers = [...(replica.tasks.get(uid)?.registers ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [field, values] of registers) {
      const gone = values.filter((one) => isSeed(one) && there.get(uid)?.has(markOf(field, one.value)) !== true)
      // Several files may have said it, each otherwise.
      for (const [index, { value }] of gone.entries()) (lost[index] ??= {})[field] = value
    }
    for (const values of lost) {
      const update = seedUpdate(`${uid}/${longHash(canonical(values))}`, values)
      replica.apply([update], 'local')
      updates.push(update)
    }
  }
  return updates
}

function markOf(field: string, value: Json): string {
  return `${field}\n${canonical(value)}`
}

/** Above every writer's id: of one key this one stands, whatever else arrives. */
function seedUpdate(key: string, values: Readonly<Record<string, Json>>): Uint8Array {
  const doc = new Y.Doc({ guid: '' })
  doc.clientID = clientOf(key, 7)
  doc.getMap(SEEDS).set(key, values)
  return Y.encodeStateAsUpdate(doc)
}
