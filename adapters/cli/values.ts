/** Words of a command line as trusted values, or the error that says what would be right. */
import { priorities, TaskError, type ClaimView, type Priority } from '../../src/internal.ts'

const MAX_NAME = 100

export function refuse(field: string, problem: string, fix: string): TaskError {
  return new TaskError('INVALID_INPUT', { field, problem, fix })
}

export function misuse(command: string, problem: string): TaskError {
  return new TaskError('USAGE', { command, problem })
}

/** A key as typed; whether a task has it is for the workspace to say. */
export function parseKey(text: string | undefined): string {
  const key = text?.trim() ?? ''
  if (key === '' || key.length > MAX_NAME || !isPlain(key)) {
    throw refuse('key', `${quote(key)} is not the key of a task`, 'name a task by its key, as in T-12')
  }
  return key
}

/** Keys in the order they were named, each once. */
export function parseKeys(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.map(parseKey))]
}

/** A key, or `none` for no task at all. */
export function parseKeyOrNone(text: string): string | null {
  return text === 'none' ? null : parseKey(text)
}

export function parseActor(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= MAX_NAME && isPlain(name)) return name
  throw refuse(
    'as',
    `${quote(text)} cannot name a person or an agent`,
    `use 1 to ${MAX_NAME} characters without line breaks`,
  )
}

export function parsePriority(text: string): Priority {
  const known = priorities.find((priority) => priority === text)
  if (known !== undefined) return known
  throw refuse('priority', `${quote(text)} is not a priority`, `use one of ${priorities.join(', ')}`)
}

/** Values of a repeatable option, each of which may itself be a list with commas. */
export function parseList(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(',')).flatMap((part) => part.trim() || [])
}

export function parseCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw refuse(option, `${quote(text)} is not a whole number above 0`, `say how many, as in --${option} 20`)
}

export function parseHolderType(option: string, text: string): ClaimView['type'] {
  if (text === 'agent' || text === 'human') return text
  throw refuse(option, `${quote(text)} is neither agent nor human`, 'say agent or human')
}

/** The token of a claim, as it was printed. It belongs to one task. */
export function parseToken(command: string, text: string | undefined, keys: readonly string[]): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw refuse('token', `${quote(text)} is not the token of a claim`, 'tokens stand in tide claims')
  if (keys.length > 1) throw misuse(command, 'a token belongs to one task: name one key with --token')
  return Number(text)
}

/** Outside text inside a message: short, in quotes, on one line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

function isPlain(text: string): boolean {
  return !/\p{Cc}/u.test(text)
}

/** As people write it: `5s`, `30m`. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, one]) => ms % one === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30s`, `2m`, `500ms`; a bare number is seconds. */
export function durationIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, digits, unit = 's'] = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text) ?? []
  const ms = digits === undefined ? 0 : Number(digits) * (UNITS[unit] ?? 0)
  if (ms > 0) return ms
  throw refuse(name, `${quote(text)} is not a time`, 'give one like 30s, 5m or 1h')
}
