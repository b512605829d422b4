/** What the body's register holds: a first text, or the name of the text it grew from. Knows no Yjs. */
import type { Uid } from '../ids.ts'
import { BODY, type Field } from './fields.ts'
import { canonical, longHash } from './hash.ts'
import { aliveIn, distinct, shownValue, type Alive, type TaskState, type Write } from './registers.ts'
import type { Json } from './types.ts'

/** Body values are equal when they grew from the same text. */
export function sameBody(uid: Uid): (value: Json) => string {
  return (value) => nameOfBody(uid, value) ?? canonical(value)
}

/** When two values of a field say the same. */
export function sameIn(uid: Uid, field: Field): (value: Json) => string {
  return field === BODY ? sameBody(uid) : canonical
}

/** All different bodies of a task, the shown one first. */
export function bodyValues(state: TaskState | undefined): readonly Alive[] {
  return state === undefined ? [] : distinct(aliveIn(state, BODY), sameBody(state.uid))
}

export function nameOfText(uid: Uid, first: string): string {
  return `${uid}/${longHash(first)}`
}

export function nameOfBody(uid: Uid, value: Json): string | undefined {
  if (typeof value === 'string') return nameOfText(uid, value)
  if (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'text') === 'string')
    return `${uid}/${String(Reflect.get(value, 'text'))}`
  return undefined
}

/**
 * What an edit of the shown body writes: the text it grew from, each time anew. Who settled on another body, or purged the
 * task, without having seen the edit leaves it standing and listed. Rivals stay listed unless it settles them.
 */
export function bodyWrites(state: TaskState, reference: Json, settles: boolean): readonly Write[] {
  const { uid } = state
  const values = aliveIn(state, BODY)
  const same = sameBody(uid)
  const shownText = shownValue(values)
  const saw = settles
    ? values
    : values.filter((value) => shownText !== undefined && same(value.value) === same(shownText.value))
  return [{ uid, field: BODY, value: reference, base: saw }]
}
