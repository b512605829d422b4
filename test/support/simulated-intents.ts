/** What people, agents and files ask of a workspace of the simulation: one random intent of each kind. */
import { planUndo } from '../../src/history/undo.ts'
import { isUid, newUid, parseUid, type Uid } from '../../src/ids.ts'
import { TaskError } from '../../src/errors.ts'
import { conflictsOf, whatIsSeen } from '../../src/task/conflicts.ts'
import { difference } from '../../src/task/difference.ts'
import {
  ASSIGNEE,
  BODY,
  COMMENT,
  CREATED,
  DELETED,
  DEPENDENCY,
  LABEL,
  NUMBER,
  ORDER,
  PARENT,
  PRIORITY,
  PURGED,
  SHAPE,
  STATUS,
  TITLE,
  type Field,
} from '../../src/task/fields.ts'
import { orderBetween } from '../../src/task/order.ts'
import { inOrder, liesBelow } from '../../src/task/query.ts'
import { aliveIn, shown, type TaskState, type Write } from '../../src/task/registers.ts'
import type { Json } from '../../src/task/types.ts'
import { elements, isDeleted, isGone, isPurged, orderOf } from '../../src/task/view.ts'
import type { Dice } from './dice.ts'
import { wordsIn, type Book } from './simulated-book.ts'
import type { Intent, SimulatedWorkspace } from './simulated-workspace.ts'

/** What an intent is made from. */
export interface Occasion {
  readonly workspace: SimulatedWorkspace
  readonly dice: Dice
  readonly now: number
  readonly book: Book
  readonly newWord: () => string
}

type Intend = (occasion: Occasion) => Intent | undefined

/** Tasks that projects begin with, so that those who do not meet change the same ones. */
export const FILES: readonly Uid[] = ['f00000000a', 'f00000000b'].map(parseUid)

const SCALARS: readonly Field[] = [TITLE, STATUS, PRIORITY, '.estimate', '.odd name%', SHAPE]
const ELEMENTS: readonly Field[] = [`${LABEL}web`, `${LABEL}ui`, `${ASSIGNEE}sara`]
const VALUES: readonly Json[] = ['todo', 'doing', 'done', 3, true, { b: [1], a: null }, null]

export type IntentKind =
  | 'create'
  | 'set'
  | 'saveFile'
  | 'setElement'
  | 'editBody'
  | 'move'
  | 'setParent'
  | 'comment'
  | 'delete'
  | 'restore'
  | 'purge'
  | 'undo'
  | 'resolve'

export const intents: Readonly<Record<IntentKind, Intend>> = {
  create({ workspace, dice, now, newWord }) {
    const { tasks } = workspace.replica
    const uid = newUid((count) => dice.bytes(count))
    const last = inOrder(tasks).at(-1)
    const writes: Write[] = [
      { uid, field: TITLE, value: newWord() },
      { uid, field: STATUS, value: 'todo' },
      { uid, field: CREATED, value: now },
      { uid, field: NUMBER, value: tasks.greatestNumber + 1 },
      { uid, field: ORDER, value: orderBetween(last === undefined ? null : orderOf(last), null) },
    ]
    if (dice.chance(0.6)) writes.push({ uid, field: BODY, value: `${newWord()} ${newWord()}\n${newWord()}` })
    return { verb: 'create', writes }
  },
  set(occasion) {
    return onTask(occasion, 'set', (state) => {
      const fields = occasion.dice.chance(0.7) ? [scalar(occasion)] : [STATUS, TITLE, '.estimate']
      return fields.map((field) => ({ uid: state.uid, field, value: someValue(occasion) }))
    })
  },
  /** A file shows an older state of the task; what was changed in it is meant against that. */
  saveFile(occasion) {
    const base = occasion.dice.pick(occasion.workspace.rendered)
    if (base === undefined) return undefined
    const { uid } = base
    const field = occasion.dice.chance(0.6) ? scalar(occasion) : element(occasion, base)
    const value = isElement(field) ? !isThere(base, field) : someValue(occasion)
    return { verb: 'set', writes: [{ uid, field, value, base: aliveIn(base, field) }] }
  },
  setElement(occasion) {
    return onTask(occasion, 'set', (state) => {
      const field = element(occasion, state)
      return [{ uid: state.uid, field, value: !isThere(state, field) }]
    })
  },
  editBody({ workspace, dice, newWord }) {
    const state = someTask(workspace, dice)
    if (state === undefined) return undefined
    const next = editedText(workspace.body(state), dice, newWord)
    return next === undefined ? undefined : { verb: 'set', writes: [], body: { uid: state.uid, next } }
  },
  move(occasion) {
    return onTask(occasion, 'move', (state) => {
      const others = inOrder(occasion.workspace.replica.tasks).filter(({ uid }) => uid !== state.uid)
      const at = occasion.dice.below(others.length + 1)
      const [left, right] = [others[at - 1], others[at]]
      const order = orderBetween(left === undefined ? null : orderOf(left), right === undefined ? null : orderOf(right))
      return [{ uid: state.uid, field: ORDER, value: order }]
    })
  },
  setParent({ workspace, dice }) {
    const { tasks } = workspace.replica
    const isOld = ({ uid }: TaskState): boolean => FILES.includes(uid) || dice.chance(0.2)
    const [state, parent] = [someTask(workspace, dice, isOld), someTask(workspace, dice, isOld)]
    if (state === undefined || (parent !== undefined && liesBelow(tasks, parent.uid, state.uid))) return undefined
    const value = parent === undefined || dice.chance(0.1) ? null : parent.uid
    return { verb: 'move', writes: [{ uid: state.uid, field: PARENT, value }] }
  },
  comment(occasion) {
    return onTask(occasion, 'comment', ({ uid }) => {
      const id = occasion.dice.below(2 ** 30).toString(36)
      return [{ uid, field: COMMENT + id, value: { by: 'sara', text: occasion.newWord() } }]
    })
  },
  delete(occasion) {
    return onTask(occasion, 'delete', (state) =>
      isDeleted(state) ? [] : [{ uid: state.uid, field: DELETED, value: whatIsSeen(state) }],
    )
  },
  restore(occasion) {
    return onTask(
      occasion,
      'restore',
      (state) => [
        { uid: state.uid, field: DELETED, value: false },
        ...(isPurged(state) ? [{ uid: state.uid, field: PURGED, value: false }] : []),
      ],
      isDeleted,
    )
  },
  purge({ workspace, dice }) {
    const state = someTask(workspace, dice, isDeleted)
    if (state === undefined) return undefined
    const base = [...state.registers.values()].flat()
    const writes = [{ uid: state.uid, field: PURGED, value: true, base }]
    return { verb: 'purge', writes, body: { uid: state.uid, erase: true } }
  },
  undo({ workspace, dice, book }) {
    const undone = new Set(workspace.history.map(({ undoes }) => undoes))
    const some = workspace.history.filter(({ id, verb }) => !UNDONE_BY_NOBODY.has(verb) && !undone.has(id))
    const change = dice.pick(some.slice(-4))
    if (change === undefined) return undefined
    try {
      const writes = planUndo(change, workspace.replica.tasks, (uid) => uid)
      const changed = change.edits.filter(
        ({ uid, field }) =>
          ![BODY, NUMBER, CREATED].includes(field) &&
          !book.isAsLeft(change.id, `${uid}/${field}`, aliveIn(workspace.replica.tasks.get(uid), field)),
      )
      if (changed.length > 0) throw new Error(`T17 ${changed.map(({ field }) => field).join()} had changed since`)
      const [text] = change.texts
      const since = workspace.history.slice(workspace.history.indexOf(change) + 1)
      const later = since.flatMap(({ texts }) => texts.filter((edit) => edit.text === text?.text))
      const body = text === undefined ? undefined : { uid: text.uid, takeBack: text, later }
      return { verb: 'undo', writes, undoes: change.id, ...(body === undefined ? {} : { body }) }
    } catch (cause) {
      if (cause instanceof TaskError && cause.code === 'CHANGED_SINCE') return undefined
      throw cause
    }
  },
  resolve(occasion) {
    const { workspace, dice } = occasion
    const state = someTask(workspace, dice, (one) => conflictsOf(one).length > 0)
    const conflict = state === undefined ? undefined : dice.pick(conflictsOf(state))
    if (state === undefined || conflict === undefined) return undefined
    const { uid } = state
    const { field } = conflict
    if (field === DELETED) {
      const value = dice.chance(0.5) ? whatIsSeen(state) : false
      return { verb: 'resolve', writes: [{ uid, field, value }] }
    }
    if (field === BODY && dice.chance(0.5)) {
      const next = editedText(workspace.body(state), dice, occasion.newWord)
      return next === undefined ? undefined : { verb: 'resolve', writes: [], body: { uid, next, settles: true } }
    }
    const taken = dice.pick(conflict.values)
    return taken === undefined ? undefined : { verb: 'resolve', writes: [{ uid, field, value: taken.value }] }
  },
}

const UNDONE_BY_NOBODY = new Set(['purge', 'remote', 'recover'])

export function someTask(
  { replica }: SimulatedWorkspace,
  dice: Dice,
  fits: (state: TaskState) => boolean = () => true,
): TaskState | undefined {
  const states = [...replica.tasks.uids()]
    .sort()
    .flatMap((uid) => replica.tasks.get(uid) ?? [])
    .filter((state) => !isGone(state) && fits(state))
  return dice.pick(states)
}

function isElement(field: Field): boolean {
  return field.startsWith(LABEL) || field.startsWith(ASSIGNEE) || field.startsWith(DEPENDENCY)
}

function onTask(
  { workspace, dice }: Occasion,
  verb: Intent['verb'],
  plan: (state: TaskState) => readonly Write[],
  fits?: (state: TaskState) => boolean,
): Intent | undefined {
  const state = someTask(workspace, dice, fits)
  const writes = state === undefined ? [] : plan(state)
  return writes.length === 0 ? undefined : { verb, writes }
}

function scalar({ dice }: Occasion): Field {
  return dice.pick(SCALARS) ?? STATUS
}

function someValue({ dice, newWord }: Occasion): Json {
  return dice.chance(0.5) ? newWord() : (dice.pick(VALUES) ?? null)
}

function element({ workspace, dice }: Occasion, state: TaskState): Field {
  const others = [...workspace.replica.tasks.uids()].filter((uid) => isUid(uid) && uid !== state.uid).sort()
  return dice.pick([...ELEMENTS, ...others.slice(0, 2).map((uid) => DEPENDENCY + uid)]) ?? `${LABEL}web`
}

function isThere(state: TaskState, field: Field): boolean {
  return elements(state, field.slice(0, 1)).includes(field.slice(1)) || shown(state, field) === true
}

/**
 * Words come in and go at one to three places. What the product's difference would write anew though it stayed (a word
 * between two changes, a line of which little is left) is not asked for: two who write one word anew double it.
 */
export function editedText(before: string, dice: Dice, newWord: () => string): string | undefined {
  const words = wordsIn(before)
  if (new Set(words).size < words.length) return undefined
  for (let attempt = 0; attempt < 3; attempt++) {
    const next = changedText(before, dice, newWord)
    const kept = new Set(wordsIn(next))
    const isPlain = difference(before, next).every(({ at, remove }) =>
      wordsIn(before.slice(at, at + remove)).every((word) => !kept.has(word)),
    )
    if (isPlain && next !== before) return next
  }
  return undefined
}

function changedText(text: string, dice: Dice, newWord: () => string): string {
  const lines = text === '' ? [] : text.split('\n').map((line) => line.split(' '))
  for (let edits = 1 + dice.below(3); edits > 0; edits--) {
    const line = dice.pick(lines)
    const kind = dice.next()
    if (line === undefined || kind < 0.3) lines.splice(dice.below(lines.length + 1), 0, newLine(newWord))
    else if (kind < 0.75) line.splice(dice.below(line.length + 1), 0, newWord())
    else if (kind < 0.95 && line.length > 1) line.splice(dice.below(line.length), 1)
    else if (lines.length > 1) lines.splice(lines.indexOf(line), 1)
  }
  return lines.map((line) => line.join(' ')).join('\n')
}

function newLine(newWord: () => string): string[] {
  return [newWord(), newWord(), newWord()]
}
