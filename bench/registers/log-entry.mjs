/**
 * The text of one register value in a log.
 *
 *   entry = uid code [name TAB] at tag value
 *   uid   = ten characters
 *   code  = a lower-case letter: a known field | "." and a capital letter: followed by a name (unknown field, set element)
 *   at    = milliseconds in base 36, "0" for a seed
 *   tag   = "'" the rest is the string itself, unquoted | ":" the rest is JSON
 *
 * `q3v8k0m2xz` `s` `mupcxk00` `'` `doing`: 25 bytes. The tag ends `at`, so nothing else has to separate; it is not a
 * double quote because an entry may travel inside JSON, which would escape it.
 */
const CODES = {
  id: 'k',
  title: 't',
  status: 's',
  priority: 'p',
  assignee: 'w',
  labels: 'l',
  created: 'c',
  updated: 'u',
  due: 'd',
  estimate: 'e',
  parent: 'a',
  order: 'o',
  body: 'b',
}
const UID_LENGTH = 10
const QUOTE = 39
const COLON = 58
const LOWER_A = 97
const LOWER_Z = 122

/** The short form of a field name, used by every structure so that only the structures are compared. */
export const codeOf = (field) =>
  CODES[field] ?? '.' + field.replace(/[%\t]/g, (found) => (found === '%' ? '%25' : '%09'))

export const formatEntry = (uid, field, at, value) => {
  const code = codeOf(field)
  // A lone surrogate cannot travel as UTF-8: such a string goes as JSON, which escapes it.
  const plain = typeof value === 'string' && value.isWellFormed()
  return (
    uid + code + (isKnown(code, 0) ? '' : '\t') + at.toString(36) + (plain ? "'" + value : ':' + JSON.stringify(value))
  )
}

const isKnown = (text, index) => text.charCodeAt(index) >= LOWER_A && text.charCodeAt(index) <= LOWER_Z

export const uidOfEntry = (entry) => entry.slice(0, UID_LENGTH)

/** The field's code, with its name where it has one. */
export const codeOfEntry = (entry) => {
  if (isKnown(entry, UID_LENGTH)) return entry[UID_LENGTH]
  return entry.slice(UID_LENGTH, entry.indexOf('\t', UID_LENGTH))
}

export const parseEntry = (entry) => {
  const code = codeOfEntry(entry)
  const start = UID_LENGTH + code.length + (isKnown(code, 0) ? 0 : 1)
  let end = start
  while (end < entry.length && entry.charCodeAt(end) !== QUOTE && entry.charCodeAt(end) !== COLON) end++
  const rest = entry.slice(end + 1)
  return {
    uid: uidOfEntry(entry),
    code,
    at: parseInt(entry.slice(start, end), 36),
    value: entry.charCodeAt(end) === QUOTE ? rest : JSON.parse(rest),
  }
}
