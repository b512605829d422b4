/** Ids of Backlog.md and our keys for them: `task-007`, `TASK-7` and `7` are one id, whose key is TASK-7. */
import type { BacklogConfig } from './backlog-config.ts'

type Numbering = Pick<BacklogConfig, 'prefix' | 'zeroPadding'>

/** What Backlog.md takes for an id. */
const ID = /^([a-z]+)-([a-z0-9]+(?:[._-][a-z0-9]+)*)$/i
const NUMBERS = /^\d+(?:\.\d+)*$/

/** Null where the text is no name at all; an id of another kind stays as it is written. */
export function keyOfId(text: string, { prefix }: Pick<Numbering, 'prefix'>): string | null {
  const said = text.trim()
  if (said === '') return null
  if (NUMBERS.test(said)) return `${prefix.toUpperCase()}-${withoutZeros(said)}`
  const [, letters = '', body = ''] = ID.exec(said) ?? []
  return letters === '' ? said : `${letters.toUpperCase()}-${withoutZeros(body)}`
}

/** The key behind a reference to another task; what is no reference to a numbered task or draft stays as it is. */
export function keyOfReference(text: string, numbering: Pick<Numbering, 'prefix'>): string {
  return numberOf(text, numbering) === undefined ? text : (keyOfId(text, numbering) ?? text)
}

/** How an id or a reference is written: filled up with zeros where the folder wants it, a subtask's own number to two digits. */
export function idOfKey(key: string, numbering: Numbering): string {
  const body = numberOf(key, numbering)
  if (body === undefined || numbering.zeroPadding === 0) return key
  const [number = '', ...own] = body.split('.')
  const filled = [number.padStart(numbering.zeroPadding, '0'), ...own.map((one) => one.padStart(2, '0'))]
  return key.slice(0, -body.length) + filled.join('.')
}

/** Whether an id line can say the key, so that Backlog.md and we read it back. */
export function isIdKey(key: string): boolean {
  return ID.test(key) && keyOfId(key, { prefix: 'task' }) === key
}

/** Whether we may have given it: the prefix and a number, and letters behind it while another task has that number too. */
export function isCountedKey(key: string, { prefix }: Pick<Numbering, 'prefix'>): boolean {
  const [, letters = '', suffix] = /^([a-z]+)-\d+(?:\.([0-9a-z]+))?$/i.exec(key) ?? []
  return letters.toLowerCase() === prefix && (suffix === undefined || /[a-z]/i.test(suffix))
}

/** The id in a file's name: `task-7.1 - Fix-login.md`. */
export function keyOfFileName(name: string, numbering: Pick<Numbering, 'prefix'>): string | null {
  const [, id = ''] = /^([a-z]+-[a-z0-9]+(?:[._-][a-z0-9]+)*) - /i.exec(name) ?? []
  return keyOfId(id, numbering)
}

/** Behind the prefix of a task or draft of this folder. */
function numberOf(id: string, { prefix }: Pick<Numbering, 'prefix'>): string | undefined {
  const [, letters = '', body = ''] = ID.exec(id) ?? []
  return [prefix, 'draft'].includes(letters.toLowerCase()) && NUMBERS.test(body) ? body : undefined
}

function withoutZeros(body: string): string {
  return body
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? part.replace(/^0+(?=\d)/, '') : part))
    .join('.')
}
