/** The names things have: uids, keys, actors, projects. Branded, so that only their parsers make them. */
import { TaskError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** The identity of a task: random, never from the title, never reused. */
export type Uid = Branded<'uid'>
/** What people call a task: `T-12`, or `T-12.4f` while another task holds that number. */
export type Key = Branded<'key'>
/** Who wrote: one id per workspace directory, minted again when the directory was copied. */
export type ActorId = Branded<'actor'>
/** The set of tasks that workspaces share. */
export type ProjectId = Branded<'project'>

/** Crockford's alphabet in lower case: no letter that reads like a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const UID_LENGTH = 10
const ACTOR_LENGTH = 8
const PROJECT_LENGTH = 16

const UID = /^[0-9a-hjkmnp-tv-z]{10}$/
const PROJECT = /^[A-Za-z0-9][A-Za-z0-9_.-]{2,63}$/
const PREFIX = /^[A-Za-z][A-Za-z0-9_]{0,15}$/

export type RandomBytes = (count: number) => Uint8Array

export function newUid(random: RandomBytes): Uid {
  return letters(random, UID_LENGTH) as Uid
}

export function newActorId(random: RandomBytes): ActorId {
  return letters(random, ACTOR_LENGTH) as ActorId
}

export function newProjectId(random: RandomBytes): ProjectId {
  return letters(random, PROJECT_LENGTH) as ProjectId
}

/** A random id of the same alphabet for things inside a task: comments, requests. */
export function newShortId(random: RandomBytes): string {
  return letters(random, ACTOR_LENGTH)
}

export function isUid(text: string): text is Uid {
  return UID.test(text)
}

export function parseUid(text: string): Uid {
  if (isUid(text)) return text
  throw new TaskError('INVALID_INPUT', {
    field: 'id',
    problem: `"${text.slice(0, 40)}" is not a task id`,
    fix: 'an id is ten digits and letters, as in 4fq7k2m9x3',
  })
}

export function parseProjectId(text: string): ProjectId {
  if (PROJECT.test(text)) return text as ProjectId
  throw new TaskError('INVALID_INPUT', {
    field: 'project',
    problem: `"${text.slice(0, 80)}" is not a project id`,
    fix: 'use 3 to 64 letters, digits, dots, dashes or underscores',
  })
}

export function parsePrefix(text: string): string {
  if (PREFIX.test(text)) return text
  throw new TaskError('INVALID_INPUT', {
    field: 'prefix',
    problem: `"${text.slice(0, 40)}" cannot stand before the number of a key`,
    fix: 'use a letter, then at most 15 letters, digits or underscores',
  })
}

/** Keys are made only by src/task/keys.ts, which sees all tasks. */
export function keyOf(prefix: string, number: number, suffix = ''): Key {
  return `${prefix}-${number}${suffix === '' ? '' : `.${suffix}`}` as Key
}

function letters(random: RandomBytes, count: number): string {
  let text = ''
  for (const byte of random(count)) text += ALPHABET[byte & 31]
  return text
}
