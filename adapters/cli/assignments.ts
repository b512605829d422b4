/** `field=value`, `labels+=web`, `labels-=old`: one assignment as typed, taken apart. What its field is, is not known here. */
import type { Json } from '../../src/internal.ts'
import { quote, refuse } from './values.ts'

export type Operator = '=' | '+=' | '-='

export interface Assignment {
  readonly name: string
  readonly operator: Operator
  readonly value: string
}

const MAX_FIELD_NAME = 100

/** The first `=` ends the name; a `+` or `-` right before it belongs to the operator. */
export function parseAssignment(text: string): Assignment {
  const end = text.indexOf('=')
  const sign = text[end - 1]
  const operator = sign === '+' || sign === '-' ? (`${sign}=` as const) : '='
  const name = text.slice(0, end + 1 - operator.length).trim()
  if (end === -1 || name === '' || name.length > MAX_FIELD_NAME || /\p{Cc}/u.test(name)) {
    throw refuse(
      'assignment',
      `${quote(text)} does not say which field gets which value`,
      'write field=value, as in status=doing',
    )
  }
  return { name, operator, value: text.slice(end + 1) }
}

/**
 * The value of a field that Tidemark does not know: JSON where it reads as a number, true, false, null, a list or an object,
 * else the text itself. A number that would not print as it was typed (1.50, 1e5, 20 digits) stays text, so nothing is lost.
 * A JSON text in quotes is always text: "5" is the digit, not the number.
 */
export function parseFreeValue(text: string): Json {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    return text
  }
  return typeof value === 'number' && String(value) !== text.trim() ? text : value
}
