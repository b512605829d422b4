/** What was written and is not there, or is there and not shown: each loss is a sentence that begins with its rule. */
import { isUid, type Uid } from '../../src/ids.ts'
import { readBodyValue } from '../../src/task/body.ts'
import { nameOfBody, sameBody } from '../../src/task/body-values.ts'
import { conflictsOf } from '../../src/task/conflicts.ts'
import {
  ASSIGNEE,
  BODY,
  COMMENT,
  CONFIRMED,
  CREATED,
  DELETED,
  DEPENDENCY,
  LABEL,
  NUMBER,
  ORDER,
  OTHER,
  PURGED,
  SHAPE,
  type Field,
} from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { stampText, type Alive } from '../../src/task/registers.ts'
import type { Replica } from '../../src/task/replica.ts'
import { commentsOf, elements } from '../../src/task/view.ts'
import { nameOfValue, wordsIn, type BookedValue, type Operation } from './simulated-book.ts'

/** Registers whose losers nobody settles: they merge by themselves, or the later simply counts. */
const NEVER_LISTED = new Set([LABEL, ASSIGNEE, DEPENDENCY, COMMENT, CREATED, NUMBER, CONFIRMED, ORDER, PURGED, SHAPE])

/** What these operations meant, and the replica that heard of all of them does not hold or does not show. */
export function lossesIn(replica: Replica, heard: readonly Operation[]): readonly string[] {
  const alive = aliveIn(heard)
  return [
    ...lostValues(replica, alive),
    ...unlisted(replica, alive),
    ...wrongDeletions(replica, alive, heard),
    ...wrongElements(replica, alive),
    ...wrongComments(replica, alive),
    ...lostWords(replica, alive, heard),
  ]
}

type Register = Map<string, BookedValue>

/** uid → field → values that no heard write has seen. */
function aliveIn(heard: readonly Operation[]): ReadonlyMap<Uid, ReadonlyMap<Field, Register>> {
  const values = heard.flatMap((operation) => operation.values)
  const seen = new Set(values.flatMap(({ saw }) => saw))
  const alive = new Map<Uid, Map<Field, Register>>()
  for (const value of values) {
    if (seen.has(value.name)) continue
    const fields = alive.get(value.uid) ?? new Map<Field, Register>()
    const register = fields.get(value.field) ?? new Map<string, BookedValue>()
    alive.set(value.uid, fields.set(value.field, register.set(value.name, value)))
  }
  return alive
}
type AliveValues = ReturnType<typeof aliveIn>

/** Exactly the values are there that nobody has seen and replaced. */
function* lostValues({ tasks }: Replica, alive: AliveValues): Iterable<string> {
  const uids = new Set([...alive.keys(), ...tasks.uids()])
  for (const uid of uids) {
    const [meant, held] = [alive.get(uid) ?? new Map<Field, Register>(), tasks.get(uid)]
    for (const field of new Set([...meant.keys(), ...(held?.registers.keys() ?? [])])) {
      const there = new Map(held?.registers.get(field)?.map((value) => [nameOfValue(uid, field, value), value]))
      for (const [name, { value, isFile }] of meant.get(field) ?? []) {
        const found = there.get(name)
        const rule = ruleOf(field, isFile)
        if (found === undefined)
          yield `${rule} ${name} is lost: nobody who saw ${JSON.stringify(value.value)} replaced it`
        else if (canonical(found.value) !== canonical(value.value) || found.at !== value.at)
          yield `${rule} ${name} is ${canonical(found.value)} at ${found.at}, not ${canonical(value.value)} at ${value.at}`
      }
      for (const name of there.keys())
        if (meant.get(field)?.has(name) !== true)
          yield `${meant.has(PURGED) ? 'T15' : ruleOf(field, name.includes('/file:'))} ${name} is back, or nobody wrote it`
    }
  }
}

/** The rule that a loss in this field breaks. */
function ruleOf(field: Field, isFile: boolean): string {
  if (isFile) return 'T6'
  const letter = field.slice(0, 1)
  if ([LABEL, ASSIGNEE, DEPENDENCY].includes(letter)) return 'T7'
  if (letter === COMMENT) return 'T12'
  return letter === OTHER ? 'T13' : 'T1'
}

/** The greatest stamp is shown, other values are listed; equal values are one; nothing else is listed. */
function* unlisted({ tasks }: Replica, alive: AliveValues): Iterable<string> {
  for (const [uid, fields] of alive) {
    const state = tasks.get(uid)
    if (state === undefined) continue
    const listed = new Map(conflictsOf(state).map((conflict) => [conflict.field, conflict.values]))
    for (const [field, register] of fields) {
      if (field === DELETED || NEVER_LISTED.has(field.slice(0, 1))) continue
      const meant = inRank([...register.values()], field === BODY ? sameBody(uid) : canonical)
      const names = listed.get(field)?.map(stampText) ?? []
      const wanted = meant.length > 1 ? meant.map(({ value }) => stampText(value)) : []
      const rule = field === BODY ? 'T9' : meant.some(({ isFile }) => isFile) ? 'T6' : 'T2'
      if (String(names) !== String(wanted))
        yield `${rule} ${uid}/${field} lists ${names.join(', ')}, not ${wanted.join(', ')}`
    }
    for (const field of listed.keys())
      if (field !== DELETED && !fields.has(field)) yield `T2 ${uid}/${field} is listed for no reason`
  }
}

/** One value of each content, later ones first; files below everything written. */
function inRank(values: readonly BookedValue[], same: (value: Alive['value']) => string): readonly BookedValue[] {
  const markOf = ({ isFile, value }: BookedValue): string => (isFile ? (value.seen[0] ?? '') : '')
  const sorted = [...values].sort(
    (a, b) =>
      Number(a.isFile) - Number(b.isFile) ||
      b.value.at - a.value.at ||
      a.value.client - b.value.client ||
      a.value.clock - b.value.clock ||
      (markOf(a) < markOf(b) ? -1 : 1),
  )
  const found = new Map<string, BookedValue>()
  for (const value of sorted) if (!found.has(same(value.value.value))) found.set(same(value.value.value), value)
  return [...found.values()]
}

/** A deletion or purge that had not seen everything, or that met a restoring, is listed with what speaks against it. */
function* wrongDeletions({ tasks }: Replica, alive: AliveValues, heard: readonly Operation[]): Iterable<string> {
  const known = new Map(heard.flatMap(({ values }) => values.map(({ name, knew }) => [name, new Set(knew)])))
  for (const [uid, fields] of alive) {
    const state = tasks.get(uid)
    if (state === undefined) continue
    const register = [...(fields.get(DELETED)?.values() ?? [])]
    const deletions = register.filter(({ value }) => typeof value.value === 'object' && value.value !== null)
    const against = register.length - deletions.length
    const unseen = [...fields].flatMap(([field, values]) =>
      field === DELETED || field === PURGED || deletions.length === 0
        ? []
        : [...values.values()].filter(
            ({ name, isFile }) => !isFile && !deletions.some((deletion) => known.get(deletion.name)?.has(name)),
          ),
    )
    const isContested = deletions.length > 0 && (against > 0 || unseen.length > 0)
    const listed = conflictsOf(state).find(({ field }) => field === DELETED)
    if (isContested !== (listed !== undefined))
      yield `T14 ${uid}: its deletion is ${isContested ? 'contested but not' : 'listed but not'} ${isContested ? 'listed' : 'contested'}`
    const names = new Set(listed?.values.map(stampText))
    for (const { name, value } of unseen)
      if (!names.has(stampText(value))) yield `T14 ${name} speaks against the deletion and is not listed`
  }
}

/** An element is there while one adding lives that no removal had seen. */
function* wrongElements({ tasks }: Replica, alive: AliveValues): Iterable<string> {
  for (const [uid, fields] of alive) {
    const state = tasks.get(uid)
    for (const letter of [LABEL, ASSIGNEE, DEPENDENCY]) {
      const meant = [...fields]
        .filter(
          ([field, values]) => field.startsWith(letter) && [...values.values()].some((one) => one.value.value === true),
        )
        .map(([field]) => field.slice(1))
        .sort()
      const held = state === undefined ? [] : elements(state, letter)
      if (String(meant) !== String(held))
        yield `T7 ${uid} has the elements ${letter}: ${held.join(', ')}, not ${meant.join(', ')}`
    }
  }
}

/** Each comment once, in the order of their times; not those that an undo took back. */
function* wrongComments({ tasks }: Replica, alive: AliveValues): Iterable<string> {
  for (const [uid, fields] of alive) {
    const state = tasks.get(uid)
    const meant = [...fields].flatMap(([field, values]) => {
      const [shown] = field.startsWith(COMMENT) ? inRank([...values.values()], canonical) : []
      return shown === undefined || shown.value.value === null ? [] : [{ at: shown.value.at, id: field.slice(1) }]
    })
    const sorted = meant.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
    const held = state === undefined ? [] : commentsOf(state, Number.MAX_SAFE_INTEGER).map(({ id }) => id)
    if (String(held) !== String(sorted)) yield `T12 ${uid} has the comments ${held.join(' ')}, not ${sorted.join(' ')}`
  }
}

/** Words of a body that lives stand there once for each coming that nobody took back; other bodies were seen and replaced. */
function* lostWords(replica: Replica, alive: AliveValues, heard: readonly Operation[]): Iterable<string> {
  const came = new Map(heard.flatMap((operation) => operation.came.map((word) => [word.id, word])))
  const went = new Set(heard.flatMap((operation) => operation.went))
  const replaced = new Set(heard.flatMap((operation) => operation.replaced))
  const texts = new Map<string, string[]>()
  for (const { text } of came.values()) texts.set(text, [])
  for (const { id, text, word } of came.values()) if (!went.has(id)) texts.get(text)?.push(word)
  for (const [text, words] of texts) {
    const uid = text.slice(0, text.indexOf('/'))
    if (!isUid(uid)) continue
    const bodies = [...(alive.get(uid)?.get(BODY)?.values() ?? [])]
    const body = bodies.find(({ value }) => nameOfBody(uid, value.value) === text)
    if (body === undefined) {
      const lost = [...came.values()].filter((one) => one.text === text && !went.has(one.id) && !replaced.has(one.id))
      if (lost.length > 0)
        yield `T10 ${text} is gone with ${lost.map(({ word }) => word).join(' ')}, which nobody deleted`
      continue
    }
    const there = wordsIn(readBodyValue(replica, uid, body.value.value)).toSorted()
    if (String(there) !== String(words.toSorted()))
      yield `T8 ${text} reads ${there.join(' ')}, not ${words.toSorted().join(' ')}`
  }
}
