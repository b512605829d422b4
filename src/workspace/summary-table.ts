/** The summary as a table of tasks: reads the lines that are asked for, holds what has changed since. */
import type { Key, Uid } from '../ids.ts'
import { CONFIRMED, CREATED, NUMBER, PURGED } from '../task/fields.ts'
import { createTaskTable, numbersOf, referencesOf, type TaskTable } from '../task/table.ts'
import type { TaskState } from '../task/registers.ts'
import { currentLines, findLine, linesWith, type Summary } from './summary.ts'
import type { Line } from './summary-line.ts'

export interface SummaryTable extends TaskTable {
  put(state: TaskState): void
  /** The key as it was printed last; undefined once it may be another. */
  printedKey(uid: Uid): Key | undefined
  line(uid: Uid): Line | undefined
}

/** After so many single look-ups, an index of all lines costs less than searching on. */
const SEARCHES_BEFORE_INDEX = 24
/** What decides whose key a number is. */
const DECIDING = [NUMBER, CONFIRMED, CREATED, PURGED]

export function createSummaryTable(summary: Summary): SummaryTable {
  const changed = createTaskTable()
  const parsed = new Map<Uid, TaskState | undefined>()
  let index: Map<Uid, Line> | undefined
  let searches = 0

  const indexed = (): Map<Uid, Line> => {
    if (index === undefined) {
      index = new Map()
      for (const line of currentLines(summary)) index.set(line.uid, line)
    }
    return index
  }
  const found = new Map<Uid, Line | undefined>()
  const lineOf = (uid: Uid): Line | undefined => {
    if (index !== undefined) return index.get(uid)
    if (found.has(uid)) return found.get(uid)
    if (++searches > SEARCHES_BEFORE_INDEX) return indexed().get(uid)
    const line = findLine(summary, uid)
    found.set(uid, line)
    return line
  }
  const stateOf = (uid: Uid): TaskState | undefined => {
    if (!parsed.has(uid)) parsed.set(uid, lineOf(uid)?.state())
    return parsed.get(uid)
  }
  const get = (uid: Uid): TaskState | undefined => changed.get(uid) ?? stateOf(uid)
  /** Numbers of tasks whose keys may be others since the summary was made. */
  const disputed = new Set<number>()
  let outlines: Outlines | undefined
  let questions = 0
  const asked = (): Outlines | undefined => {
    if (outlines === undefined && ++questions > SEARCHES_BEFORE_INDEX) outlines = outlinesOf(indexed().values())
    return outlines
  }
  /** Where there are outlines and they do not name it, nobody does. */
  function* uidsWith(text: string, known: Outlines | undefined): Iterable<Uid> {
    if (known === undefined) for (const line of linesWith(summary, text)) yield line.uid
  }
  function* holding(uids: Iterable<Uid>, holds: (state: TaskState) => boolean, also: Iterable<Uid>): Iterable<Uid> {
    const found = new Set<Uid>(also)
    for (const uid of uids) {
      const state = changed.get(uid) === undefined ? get(uid) : undefined
      if (state !== undefined && holds(state)) found.add(state.uid)
    }
    yield* found
  }

  return {
    get count() {
      return indexed().size + [...changed.uids()].filter((uid) => !indexed().has(uid)).length
    },
    get greatestNumber() {
      return Math.max(summary.seal.greatestNumber, changed.greatestNumber)
    },
    get,
    *uids() {
      yield* indexed().keys()
      for (const uid of changed.uids()) if (!indexed().has(uid)) yield uid
    },
    withNumber: (number) =>
      holding(
        asked()?.numbers.get(number) ?? uidsWith(`#${number}#`, outlines),
        (state) => numbersOf(state).includes(number),
        changed.withNumber(number),
      ),
    referring: (uid) =>
      holding(
        asked()?.references.get(uid) ?? uidsWith(uid, outlines),
        (state) => referencesOf(state).includes(uid),
        changed.referring(uid),
      ),
    put(state) {
      const before = stateOf(state.uid)
      if (DECIDING.some((field) => before?.registers.get(field) !== state.registers.get(field)))
        for (const number of [...numbersOf(state), ...(before === undefined ? [] : numbersOf(before))])
          disputed.add(number)
      changed.put(state)
    },
    printedKey(uid) {
      const before = stateOf(uid)
      // Whose number it is may have changed with any other task that has it, or had it.
      if (before === undefined || numbersOf(before).some((number) => disputed.has(number))) return undefined
      return lineOf(uid)?.view()?.key
    },
    line: lineOf,
  }
}

interface Outlines {
  readonly numbers: ReadonlyMap<number, readonly Uid[]>
  readonly references: ReadonlyMap<Uid, readonly Uid[]>
}

function outlinesOf(lines: Iterable<Line>): Outlines {
  const numbers = new Map<number, Uid[]>()
  const references = new Map<Uid, Uid[]>()
  for (const line of lines) {
    const { uid } = line
    const outline = line.outline()
    for (const number of outline.numbers) push(numbers, number, uid)
    for (const named of outline.references) push(references, named, uid)
  }
  return { numbers, references }
}

function push<Key>(map: Map<Key, Uid[]>, key: Key, uid: Uid): void {
  const uids = map.get(key)
  if (uids === undefined) map.set(key, [uid])
  else uids.push(uid)
}
