/** A task as it lies in the document: lines of text, read into registers when someone asks. Loading thousands of tasks reads none. */
import { isUid, type Uid } from '../ids.ts'
import { readEntry } from './entry.ts'
import { isKnown, PARENT, DEPENDENCY, CONFIRMED, NUMBER, type Field } from './fields.ts'
import { withoutPurgedSeeds, withoutSeenSeeds, type Alive, type TaskState } from './registers.ts'

/** One line with the place it has in its writer's history. */
interface StoredLine {
  readonly text: string
  readonly client: number
  readonly clock: number
}

const UID_LENGTH = 10
/** Letters of registers that other tasks are found by: they are read at once. */
const FOUND_BY = new Set([PARENT, DEPENDENCY, CONFIRMED, NUMBER])

export class StoredState implements TaskState {
  readonly uid: Uid
  #lines: StoredLine[] | undefined = []
  #seeds: (readonly [Field, Alive])[] | undefined
  #registers: ReadonlyMap<Field, readonly Alive[]> | undefined

  constructor(uid: Uid) {
    this.uid = uid
  }

  add(text: string, client: number, clock: number): void {
    this.#lines?.push({ text, client, clock })
  }

  addSeed(field: Field, seed: Alive): void {
    this.#seeds ??= []
    this.#seeds.push([field, seed])
  }

  get registers(): ReadonlyMap<Field, readonly Alive[]> {
    this.#registers ??= this.#read(() => true)
    this.#lines = undefined
    this.#seeds = undefined
    return this.#registers
  }

  /** As much of it as an index over all tasks needs. */
  get outline(): TaskState {
    return { uid: this.uid, registers: this.#registers ?? this.#read((letter) => FOUND_BY.has(letter)) }
  }

  /** Whether there is anything to read: lines of a later version stay in the document, and make no task here. */
  get isReadable(): boolean {
    if (this.#seeds !== undefined) return this.registers.size > 0
    return this.#lines === undefined || this.#lines.some(({ text }) => readEntry(text) !== undefined)
  }

  #read(wanted: (letter: string) => boolean): ReadonlyMap<Field, readonly Alive[]> {
    const registers = new Map<Field, Alive[]>()
    for (const { text, client, clock } of this.#lines ?? []) {
      const entry = wanted(text.charAt(UID_LENGTH)) ? readEntry(text) : undefined
      if (entry !== undefined)
        push(registers, entry.field, { client, clock, at: entry.at, value: entry.value, seen: entry.seen })
    }
    for (const [field, seed] of this.#seeds ?? []) if (wanted(field.charAt(0))) push(registers, field, seed)
    if (this.#seeds === undefined) return registers
    const settled: Map<Field, readonly Alive[]> = registers
    for (const [field, values] of registers) settled.set(field, withoutSeenSeeds(values))
    withoutPurgedSeeds(settled)
    return settled
  }
}

/** The uid a line is about; undefined for what no version that we know wrote. */
export function uidOfLine(text: unknown): Uid | undefined {
  if (typeof text !== 'string' || !isKnown(text.charAt(UID_LENGTH))) return undefined
  const uid = text.slice(0, UID_LENGTH)
  return isUid(uid) ? uid : undefined
}

function push(registers: Map<Field, Alive[]>, field: Field, value: Alive): void {
  const values = registers.get(field)
  if (values === undefined) registers.set(field, [value])
  else values.push(value)
}
