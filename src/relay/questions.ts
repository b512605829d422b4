/** Questions that a client asks, over its connection or without one, and their answers, as JSON. A question never changes a task. */
import { asTaskError, TaskError } from '../errors.ts'
import { CLAIMS_METHOD, type Asking, type ClaimDesk } from './claim-desk.ts'
import { parseWishes, type KeyBook } from './key-book.ts'
import type { Rights } from './member.ts'

export interface Asked extends Asking {
  readonly keys: KeyBook
  readonly claims: ClaimDesk
  /** Who asks wants to be told when claims change. */
  readonly watchClaims: () => void
  /** A client says who it is, so that an older connection of its own does not stand in its way. */
  readonly named: (name: string) => void
  /** Writers of an older protocol are not safe for the others any more. */
  readonly leastProtocol: number
  readonly tooOld: (reason: string) => void
  /** Characters of a question. */
  readonly questionLength: number
}

const LONGEST_NAME = 100

/** `{"result":…}` or `{"error":{code,message,hint,details}}`; never rejects. */
export async function answerQuestion(json: string, asked: Asked): Promise<string> {
  try {
    return `{"result":${await resultOf(json, asked)}}`
  } catch (cause) {
    const { code, message, hint, details } = asTaskError(cause)
    return JSON.stringify({ error: { code, message, hint, details } })
  }
}

/** As JSON. */
async function resultOf(json: string, asked: Asked): Promise<string> {
  const { keys, rights, named, questionLength: limit } = asked
  if (json.length > limit) throw new TaskError('TOO_LARGE', { field: 'a question', size: json.length, limit })
  const question = asked.work((): unknown => JSON.parse(json))
  const { method, params } = isObject(question) ? question : {}
  const given = isObject(params) ? params['keys'] : undefined
  switch (method) {
    case 'keys.confirm':
      assertWriting(rights)
      return JSON.stringify({ keys: await keys.confirm(parseWishes(given)) })
    case 'keys.learn':
      assertWriting(rights)
      return JSON.stringify({ keys: await keys.learn(parseWishes(given)) })
    case 'connection.name':
      assertProtocol(isObject(params) ? params['protocol'] : undefined, asked)
      named(parseName(isObject(params) ? params['name'] : undefined))
      return '{}'
    case 'claims.watch':
      // First: what changes after the answer was made is told.
      asked.watchClaims()
      return asked.claims.answer('claims.list', params ?? {}, asked)
    default:
      if (typeof method === 'string' && method.startsWith(CLAIMS_METHOD))
        return asked.claims.answer(method, params, asked)
      throw new TaskError('METHOD_NOT_FOUND', { method: JSON.stringify(method ?? null) })
  }
}

function parseName(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME) return value
  throw new TaskError('INVALID_INPUT', {
    field: 'name',
    problem: `it is no text of 1 to ${LONGEST_NAME} characters`,
    fix: 'give random ones that nobody else knows',
  })
}

/** The first version did not say its number. */
function assertProtocol(value: unknown, { leastProtocol, tooOld }: Asked): void {
  const spoken = typeof value === 'number' ? value : 1
  if (spoken >= leastProtocol) return
  const error = new TaskError('PROTOCOL_TOO_OLD', { spoken, least: leastProtocol })
  tooOld(error.message)
  throw error
}

function assertWriting(rights: Rights): void {
  if (rights === 'read')
    throw new TaskError('RELAY_DENIED', { url: 'this project', reason: 'this token may read only' })
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
