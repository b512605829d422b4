/** Which key each task shows: a pure function of all tasks. Nothing is written because two tasks took one number. */
import { isUid, keyOf, type Key, type Uid } from '../ids.ts'
import { CONFIRMED, CREATED, DELETED, NUMBER } from './fields.ts'
import { aliveIn, shown, type Alive, type TaskState } from './registers.ts'
import { isKeyNumber, numbersOf, type TaskTable } from './table.ts'

/** The key people see. The holder of a number shows it bare; any other task adds the start of its uid. */
export function shownKey(tasks: TaskTable, state: TaskState, prefix: string): Key {
  const number = numberOf(state)
  if (number === undefined) return keyOf(prefix, 0, state.uid)
  const rivals = [...tasks.withNumber(number)].flatMap((uid) => {
    const rival = uid === state.uid ? undefined : tasks.get(uid)
    return rival !== undefined && numberOf(rival) === number ? [rival] : []
  })
  if (rivals.every((rival) => holdsBefore(state, rival))) return keyOf(prefix, number)
  return keyOf(
    prefix,
    number,
    shortestUnique(
      state.uid,
      rivals.map((rival) => rival.uid),
    ),
  )
}

/** The number in the key: the confirmed one for ever, until then the one its maker gave. */
export function numberOf(state: TaskState): number | undefined {
  const confirmed = confirmation(state)
  if (confirmed !== undefined) return confirmed.number
  const given = shown(state, NUMBER)
  return isKeyNumber(given) ? given : undefined
}

export function isConfirmed(state: TaskState): boolean {
  return confirmation(state) !== undefined
}

/** Earlier keys of a task, without those that a living task shows now. */
export function aliasesOf(tasks: TaskTable, state: TaskState, prefix: string): readonly Key[] {
  const own = numberOf(state)
  return numbersOf(state)
    .filter((number) => number !== own)
    .map((number) => keyOf(prefix, number))
    .filter((key) => !findAll(tasks, key, prefix).some((uid) => uid !== state.uid))
}

/** Every task that a name may mean: one that shows it, else those that once did. */
export function findAll(
  tasks: TaskTable,
  name: string,
  prefix: string,
  keyOf = (state: TaskState): Key => shownKey(tasks, state, prefix),
): readonly Uid[] {
  const match = /^(?:([A-Za-z][A-Za-z0-9_]*)-)?(\d{1,15})(?:\.([0-9a-z]+))?$/i.exec(name)
  if (match === null) return []
  const [, givenPrefix, digits, suffix] = match
  if (givenPrefix !== undefined && givenPrefix.toLowerCase() !== prefix.toLowerCase()) return []
  const wanted = `${prefix}-${Number(digits)}${suffix === undefined ? '' : `.${suffix.toLowerCase()}`}`
  const holders = [...tasks.withNumber(Number(digits)), ...withoutNumber(tasks, Number(digits), suffix?.toLowerCase())]
  const showing = holders.filter((uid) => {
    const state = tasks.get(uid)
    return state !== undefined && keyOf(state) === wanted
  })
  if (showing.length > 0) return showing
  if (suffix !== undefined) return holders.filter((uid) => uid.startsWith(suffix.toLowerCase()))
  return holders.filter((uid) => isAlive(tasks.get(uid)))
}

/** A task whose number has not arrived shows 0 and its whole id. */
function withoutNumber(tasks: TaskTable, number: number, suffix = ''): readonly Uid[] {
  if (number !== 0 || !isUid(suffix)) return []
  const state = tasks.get(suffix)
  return state !== undefined && numberOf(state) === undefined ? [suffix] : []
}

function isAlive(state: TaskState | undefined): boolean {
  const deleted = shown(state, DELETED)
  return state !== undefined && (deleted === undefined || deleted === false)
}

/** The lowest confirmed entry holds a number, else the earliest maker; the uid breaks ties. */
function holdsBefore(a: TaskState, b: TaskState): boolean {
  const [first, second] = [claimOn(a), claimOn(b)]
  for (let index = 0; index < first.length; index++) {
    const [x, y] = [first[index] ?? 0, second[index] ?? 0]
    if (x !== y) return x < y
  }
  return a.uid < b.uid
}

function claimOn(state: TaskState): readonly number[] {
  const confirmed = confirmation(state)
  return [confirmed === undefined ? 1 : 0, confirmed?.at ?? 0, createdIn(state) ?? Number.MAX_SAFE_INTEGER]
}

/** Whoever found a task in a file later says a later time: the first one counts. */
export function createdIn(state: TaskState): number | undefined {
  let first: number | undefined
  for (const { value } of aliveIn(state, CREATED))
    if (typeof value === 'number' && (first === undefined || value < first)) first = value
  return first
}

/** Two arbiters (a restored one and its ghost) may both have confirmed: the first confirmation is the one that counts. */
function confirmation(state: TaskState): { readonly number: number; readonly at: number } | undefined {
  let first: Alive | undefined
  for (const value of aliveIn(state, CONFIRMED)) {
    if (isKeyNumber(value.value) && (first === undefined || confirmedBefore(value, first) < 0)) first = value
  }
  return isKeyNumber(first?.value) ? { number: first.value, at: first.at } : undefined
}

function confirmedBefore(a: Alive, b: Alive): number {
  return a.at - b.at || a.client - b.client || a.clock - b.clock
}

function shortestUnique(uid: Uid, others: readonly Uid[]): string {
  let length = 2
  while (length < uid.length && others.some((other) => other.startsWith(uid.slice(0, length)))) length++
  return uid.slice(0, length)
}
