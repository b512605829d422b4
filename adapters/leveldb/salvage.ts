/** Copies what can be proven from one database into another; what cannot is kept aside there, as a reader would. */
import { notes } from './damage-book.ts'
import { decodeKey, formatKey } from './keys.ts'
import { readAll } from './level.ts'
import type { Entry, Level, Operation } from './level.ts'
import { formatIn, formatOperation } from './opening.ts'
import { unseal } from './values.ts'

export interface Salvaged {
  /** Rows, cells and notes that were proven. */
  readonly sound: number
  /** What was there and is not what was stored. */
  readonly damaged: number
}

/** `path` is for the error when the store is of a format that is not known here. */
export async function salvage(path: string, from: Level, into: Level): Promise<Salvaged> {
  let [sound, damaged] = [0, 0]
  const copied = ([key, value]: Entry): readonly Operation[] => {
    if (key.equals(formatKey)) {
      formatIn(path, value)
      return []
    }
    if (unseal(key, value) !== undefined) {
      sound++
      return [{ type: 'put', key, value }]
    }
    damaged++
    const reason = 'its bytes are not what was stored'
    return notes(nameOf(key), { seq: numberOf(key) ?? damaged, reason, kept: value })
  }
  await readAll(from, {}, async (entries) => {
    await into.batch(entries.flatMap(copied), { sync: true })
  })
  // Last, so that a salvage that was cut short is no store. That there are notes costs an opening a look, no more.
  await into.batch([formatOperation({ damaged: true })], { sync: true })
  return { sound, damaged }
}

/** The second part of a row's key, the third of a cell's; for a key that is damaged itself, its bytes. */
function nameOf(key: Buffer): string {
  const [space, second, third] = decodeKey(key) ?? []
  const name = space === 'v1' ? second : third
  return typeof name === 'string' ? name : key.toString('hex')
}

function numberOf(key: Buffer): number | undefined {
  const last = decodeKey(key)?.at(-1)
  return typeof last === 'number' ? last : undefined
}
