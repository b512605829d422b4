/**
 * Values read from a file that nobody remembers: seeds. They stand below every written value, under a key that follows
 * from their content, so that equal files say one thing, wherever and however often they are read.
 */
import type { Uid } from '../ids.ts'
import { readBodyValue } from './body.ts'
import { sameBody } from './body-values.ts'
import { seedMark } from './entry.ts'
import { BODY, PURGED, type Field } from './fields.ts'
import { canonical, longHash } from './hash.ts'
import { aliveIn } from './registers.ts'
import { SEEDS, type Replica } from './replica.ts'
import type { Json } from './types.ts'

export type FieldValues = Readonly<Record<Field, Json>>

/** Writes what the file says beside what is there, under the writer's own client id. Undefined when it says nothing new. */
export function importSeeds(
  replica: Replica,
  uid: Uid,
  values: FieldValues,
  client: number,
): { readonly update: Uint8Array; readonly values: FieldValues } | undefined {
  const imported = importAll(replica, [{ uid, values }], client)
  const [fresh] = imported?.values ?? []
  return imported === undefined || fresh === undefined ? undefined : { update: imported.update, values: fresh }
}

/** What many files say, in one update. */
export function importAll(
  replica: Replica,
  all: readonly { readonly uid: Uid; readonly values: FieldValues }[],
  client: number,
): { readonly update: Uint8Array; readonly values: readonly FieldValues[] } | undefined {
  const { doc } = replica
  const seeds = doc.getMap<unknown>(SEEDS)
  const fresh = new Map<string, FieldValues>()
  for (const { uid, values } of all) {
    const unknown = unknownValues(replica, uid, values)
    const key = `${uid}/${longHash(canonical(unknown))}`
    if (Object.keys(unknown).length > 0 && !seeds.has(key)) fresh.set(key, unknown)
  }
  if (fresh.size === 0) return undefined
  const idle = doc.clientID
  let update: Uint8Array = new Uint8Array()
  doc.once('update', (bytes: Uint8Array) => void (update = bytes))
  doc.clientID = client
  try {
    doc.transact(() => {
      for (const [key, values] of fresh) seeds.set(key, values)
    }, 'local')
  } finally {
    // As with bodies: a document that keeps a writer's id takes the writer's later updates for a stranger's.
    doc.clientID = idle
  }
  return { update, values: [...fresh.values()] }
}

/** Those that differ from every alive value and were never replaced. */
function unknownValues(replica: Replica, uid: Uid, values: FieldValues): FieldValues {
  const state = replica.tasks.get(uid)
  const purged = aliveIn(state, PURGED)
  const isKnown = (field: Field, value: Json): boolean => {
    const alive = aliveIn(state, field)
    if (alive.length === 0 && purged.length === 0) return false
    const same = field === BODY ? sameBody(uid) : canonical
    const mark = seedMark(field, value)
    const isSaid = alive.some(
      (one) => same(one.value) === same(value) || (field === BODY && readBodyValue(replica, uid, one.value) === value),
    )
    return isSaid || [...alive, ...purged].some(({ seen }) => seen.includes(mark))
  }
  return Object.fromEntries(
    Object.entries(values)
      .filter(([field, value]) => !isKnown(field, value))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
