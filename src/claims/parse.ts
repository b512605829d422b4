/** Requests for claims as they come from outside, as JSON: trusted values, or INVALID_INPUT. */
import { TaskError } from '../errors.ts'
import { isUid, type Uid } from '../ids.ts'
import type { HolderType } from '../task/types.ts'
import { isSameHolder } from './decide.ts'
import type { ClaimRequest, Held, Holder, Holding } from './request.ts'

export const claimLimits: {
  readonly tasks: number
  readonly holders: number
  readonly name: number
  readonly reason: number
  readonly shortestLeaseMs: number
  readonly longestLeaseMs: number
  readonly longestWaitMs: number
  /** Leases of a project. Those that ran out give way to new ones. */
  readonly held: number
  /** Tasks of a project of which a token is known, for ever. */
  readonly known: number
  /** Tasks that are waited for in a project, each as often as somebody waits for it; and over one connection. */
  readonly awaited: number
  readonly awaitedByOne: number
} = {
  tasks: 2_000,
  holders: 100,
  name: 100,
  reason: 500,
  shortestLeaseMs: 1_000,
  longestLeaseMs: 30 * 24 * 3_600_000,
  longestWaitMs: 10 * 60_000,
  held: 20_000,
  known: 250_000,
  awaited: 20_000,
  awaitedByOne: 4_000,
}

export const defaultLeaseMs: number = 30 * 60_000

/** Line ends and other control characters, and halves of surrogate pairs. */
const UNSAYABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u

export type RequestKind = ClaimRequest['kind']

const KINDS: readonly RequestKind[] = ['claim', 'take', 'renew', 'release', 'check', 'verify', 'learn', 'list']
const CHANGING = new Set<RequestKind>(['claim', 'take', 'renew', 'release', 'learn'])
/** Greater ones that are learned leave no room above them. */
const GREATEST_LEARNED = 2 ** 52

export function isRequestKind(text: string): text is RequestKind {
  return KINDS.some((kind) => kind === text)
}

/** Whether it needs the right to write. */
export function isChanging(kind: RequestKind): boolean {
  return CHANGING.has(kind)
}

export function parseRequest(kind: RequestKind, params: unknown): ClaimRequest {
  const given = objectOf('the request', params)
  switch (kind) {
    case 'claim':
      return {
        kind,
        request: parseName('request', given['request']),
        tasks: parseUids('tasks', given['tasks']),
        holder: parseHolder(given['holder']),
        leaseMs: parseLease(given['leaseMs']),
        ...(given['steal'] === undefined ? {} : { steal: parseReason(given['steal']) }),
      }
    case 'take':
      return {
        kind,
        request: parseName('request', given['request']),
        candidates:
          given['candidates'] instanceof Array && given['candidates'].length === 0
            ? []
            : parseUids('candidates', given['candidates']),
        holders: parseHolders(given['holders']),
        each: parseWhole('each', given['each'], 1, claimLimits.tasks),
        countsHeld: given['countsHeld'] === true,
        leaseMs: parseLease(given['leaseMs']),
      }
    case 'renew':
      return {
        kind,
        tasks: parseHeld(given['tasks']),
        holder: parseHolder(given['holder']),
        leaseMs: parseLease(given['leaseMs']),
      }
    case 'release':
      return { kind, tasks: parseHeld(given['tasks']), holder: parseHolder(given['holder']) }
    case 'check':
      return { kind, tasks: parseUids('tasks', given['tasks']), holder: parseHolder(given['holder']) }
    case 'verify':
      return { kind, tasks: parseTokens('tasks', given['tasks']) }
    case 'learn':
      return {
        kind,
        tokens: parseTokens('tokens', given['tokens'], GREATEST_LEARNED),
        ...(given['held'] === undefined ? {} : { held: listOrNone('held', given['held']).map(parseHolding) }),
      }
    case 'list':
      return { kind }
  }
}

/** How long a claim may wait; 0 where nothing is said. */
export function parseWait(value: unknown): number {
  return value === undefined ? 0 : parseWhole('waitMs', value, 0, claimLimits.longestWaitMs)
}

export function parseLease(value: unknown): number {
  if (value === undefined) return defaultLeaseMs
  return parseWhole('leaseMs', value, claimLimits.shortestLeaseMs, claimLimits.longestLeaseMs)
}

export function parseHolderType(value: unknown): HolderType {
  if (value === 'agent' || value === 'human') return value
  throw bad('type', 'it is neither agent nor human', 'say agent or human')
}

/** The name of a holder, or of a request: one line. */
export function parseName(field: string, value: unknown): string {
  const name = typeof value === 'string' ? value.trim() : ''
  if (name !== '' && name.length <= claimLimits.name && !UNSAYABLE.test(name)) return name
  throw bad(field, `it is no text of 1 to ${claimLimits.name} characters on one line`, 'give a name')
}

export function parseReason(value: unknown): string {
  const reason = typeof value === 'string' ? value.trim() : ''
  if (reason !== '' && reason.length <= claimLimits.reason && !UNSAYABLE.test(reason)) return reason
  throw bad('steal', `it is no reason of 1 to ${claimLimits.reason} characters on one line`, 'say why it is taken')
}

export function parseWhole(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw bad(field, `it is no whole number from ${least} to ${most}`, `give one from ${least} to ${most}`)
}

function parseHolder(value: unknown): Holder {
  const given = objectOf('holder', value)
  const workspace = given['workspace'] ?? ''
  return {
    by: parseName('by', given['by']),
    type: parseHolderType(given['type']),
    workspace: workspace === '' ? '' : parseName('workspace', workspace),
  }
}

/** The same twice is one. */
function parseHolders(value: unknown): readonly Holder[] {
  const holders = listOf('holders', value, claimLimits.holders).map(parseHolder)
  return holders.filter((holder, place) => holders.findIndex((other) => isSameHolder(other, holder)) === place)
}

/** As another arbiter granted it. */
function parseHolding(value: unknown): Holding {
  const given = objectOf('held', value)
  const moment = (name: string): number => parseWhole(name, given[name], 0, Number.MAX_SAFE_INTEGER)
  return {
    uid: parseUid('held', given['uid']),
    ...parseHolder(given),
    token: parseWhole('token', given['token'], 1, GREATEST_LEARNED),
    grantedAt: moment('grantedAt'),
    leaseMs: parseLease(given['leaseMs']),
    expiresAt: moment('expiresAt'),
  }
}

function listOrNone(field: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.length === 0 ? [] : listOf(field, value, claimLimits.tasks)
}

function parseUids(field: string, value: unknown): readonly Uid[] {
  const uids = listOf(field, value, claimLimits.tasks).map((uid) => parseUid(field, uid))
  return [...new Set(uids)]
}

function parseHeld(value: unknown): readonly Held[] {
  return listOf('tasks', value, claimLimits.tasks).map((pair): Held => {
    const [uid, token]: readonly unknown[] = Array.isArray(pair) ? pair : []
    return [parseUid('tasks', uid), token === null ? null : parseWhole('token', token, 1, Number.MAX_SAFE_INTEGER)]
  })
}

function parseTokens(
  field: string,
  value: unknown,
  greatest: number = Number.MAX_SAFE_INTEGER,
): readonly (readonly [uid: Uid, token: number])[] {
  return listOf(field, value, claimLimits.tasks).map((pair): readonly [Uid, number] => {
    const [uid, token]: readonly unknown[] = Array.isArray(pair) ? pair : []
    return [parseUid(field, uid), parseWhole('token', token, 1, greatest)]
  })
}

function parseUid(field: string, value: unknown): Uid {
  if (typeof value === 'string' && isUid(value)) return value
  throw bad(field, 'a uid cannot be read', 'give ids of ten digits and letters, as in 4fq7k2m9x3')
}

function listOf(field: string, value: unknown, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= most) return value as readonly unknown[]
  throw bad(field, `it is no list of 1 to ${most}`, `give 1 to ${most}`)
}

function objectOf(field: string, value: unknown): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as { readonly [name: string]: unknown }
  throw bad(field, 'it is no object', 'give an object')
}

function bad(field: string, problem: string, fix: string): TaskError {
  return new TaskError('INVALID_INPUT', { field, problem, fix })
}
