/** What a MANIFEST says after all its edits: which log the store goes on with, and which tables it consists of. */
import type { Crc32c } from './crc32c.ts'
import { readLogFile } from './log-file.ts'
import { createReader } from './varints.ts'

export interface Manifest {
  /** Logs below this number are history; 0 before the first one. */
  readonly logNumber: number
  /** No row of a table has a greater number of its write. */
  readonly lastSequence: number
  /** Number and size of every table that is alive. */
  readonly tables: ReadonlyMap<number, number>
}

const COMPARATOR = 1
const LOG_NUMBER = 2
const NEXT_FILE = 3
const LAST_SEQUENCE = 4
const COMPACT_POINTER = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const PREVIOUS_LOG = 9

/** Undefined when it is damaged anywhere. */
export function parseManifest(bytes: Uint8Array, crc: Crc32c): Manifest | undefined {
  const file = readLogFile(bytes, crc)
  const state: State = { logNumber: undefined, lastSequence: 0, tables: new Map() }
  const readable = file.damage.length === 0 && file.records.every((record) => applyEdit(record, state))
  const { logNumber, lastSequence, tables } = state
  if (!readable || logNumber === undefined) return undefined
  // A store that is only just being made has no log yet, and nothing else either.
  const isNewborn = logNumber === 0 && lastSequence === 0 && tables.size === 0
  return logNumber > 0 || isNewborn ? { logNumber, lastSequence, tables } : undefined
}

interface State {
  logNumber: number | undefined
  lastSequence: number
  readonly tables: Map<number, number>
}

function applyEdit(record: Uint8Array, state: State): boolean {
  const read = createReader(record)
  while (!read.atEnd()) {
    const tag = read.number()
    if (tag === COMPARATOR) read.take(read.number())
    else if (tag === LOG_NUMBER) state.logNumber = read.number()
    else if (tag === LAST_SEQUENCE) state.lastSequence = read.number()
    else if (tag === NEXT_FILE || tag === PREVIOUS_LOG) read.number()
    else if (tag === COMPACT_POINTER) {
      read.number()
      read.take(read.number())
    } else if (tag === DELETED_FILE) {
      read.number()
      state.tables.delete(read.number())
    } else if (tag === NEW_FILE) {
      read.number()
      state.tables.set(read.number(), read.number())
      read.take(read.number())
      read.take(read.number())
    } else return false
  }
  return read.wentWell()
}
