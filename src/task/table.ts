/** All tasks by uid, with the questions that one task asks of the others. Held in memory here; the summary answers the same. */
import { isUid, type Uid } from '../ids.ts'
import { CONFIRMED, DEPENDENCY, nameOf, NUMBER, PARENT } from './fields.ts'
import { shown, type TaskState } from './registers.ts'

export interface TaskTable {
  readonly count: number
  get(uid: Uid): TaskState | undefined
  uids(): Iterable<Uid>
  /** Tasks that hold, or once held, this number in their key. */
  withNumber(number: number): Iterable<Uid>
  /** Tasks that depend on this one or lie below it. */
  referring(uid: Uid): Iterable<Uid>
  /** The greatest number any task holds; 0 when there is none. */
  readonly greatestNumber: number
}

export interface MutableTaskTable extends TaskTable {
  /** `outline` holds what the task is found by, where reading all of it would cost. */
  put(state: TaskState, outline?: TaskState): void
  remove(uid: Uid): void
}

export function createTaskTable(): MutableTaskTable {
  const states = new Map<Uid, TaskState>()
  const numbers = new Index<number>()
  const references = new Index<Uid>()
  let greatest = 0
  return {
    get count() {
      return states.size
    },
    get greatestNumber() {
      return greatest
    },
    get: (uid) => states.get(uid),
    uids: () => states.keys(),
    withNumber: (number) => numbers.holders(number),
    referring: (uid) => references.holders(uid),
    put(state, outline = state) {
      const before = states.get(state.uid)
      states.set(before?.uid ?? state.uid, state)
      const held = numbersOf(outline)
      for (const number of held) greatest = Math.max(greatest, number)
      numbers.move(state.uid, before === undefined ? [] : numbersOf(before), held)
      references.move(state.uid, before === undefined ? [] : referencesOf(before), referencesOf(outline))
    },
    remove(uid) {
      const before = states.get(uid)
      if (before === undefined) return
      states.delete(uid)
      numbers.move(uid, numbersOf(before), [])
      references.move(uid, referencesOf(before), [])
    },
  }
}

/** The numbers a task's key may be found by: the confirmed one and those its makers gave. */
export function numbersOf(state: TaskState): readonly number[] {
  const found: number[] = []
  for (const field of [CONFIRMED, NUMBER]) {
    for (const { value } of state.registers.get(field) ?? []) {
      if (isKeyNumber(value) && !found.includes(value)) found.push(value)
    }
  }
  return found
}

/** A number that a key can show, and people can type; a document may hold anything. */
export function isKeyNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e15
}

/** The uids a task names: dependencies that are there, and its parent. */
export function referencesOf(state: TaskState): readonly Uid[] {
  const found: Uid[] = []
  for (const [field, values] of state.registers) {
    const name = nameOf(field)
    if (field.startsWith(DEPENDENCY) && isUid(name) && values.some(({ value }) => value === true)) found.push(name)
  }
  const parent = shown(state, PARENT)
  if (typeof parent === 'string' && isUid(parent) && !found.includes(parent)) found.push(parent)
  return found
}

/** From a thing to the tasks that name it; most things are named by one task. */
class Index<Name extends string | number> {
  readonly #holders = new Map<Name, Uid | Set<Uid>>()

  holders(name: Name): Iterable<Uid> {
    const held = this.#holders.get(name)
    if (held === undefined) return []
    return typeof held === 'string' ? [held] : held
  }

  move(uid: Uid, from: readonly Name[], to: readonly Name[]): void {
    for (const name of from) if (!to.includes(name)) this.#drop(name, uid)
    for (const name of to) if (!from.includes(name)) this.#add(name, uid)
  }

  #add(name: Name, uid: Uid): void {
    const held = this.#holders.get(name)
    if (held === undefined) this.#holders.set(name, uid)
    else if (typeof held === 'string') {
      if (held !== uid) this.#holders.set(name, new Set([held, uid]))
    } else held.add(uid)
  }

  #drop(name: Name, uid: Uid): void {
    const held = this.#holders.get(name)
    if (held === uid) this.#holders.delete(name)
    else if (typeof held === 'object') held.delete(uid)
  }
}
