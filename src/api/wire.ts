/** The messages of a call between processes, as bytes: hello, request, answer, ping. Knows no connection and no time. */
import { TaskError, taskErrorFrom } from '../errors.ts'
import type { MethodName, Methods } from './methods.ts'

/** Grows when an older reader would misunderstand; processes of different numbers do not talk. */
const WIRE_PROTOCOL = 1
/** Requests that one connection may have unanswered. A caller keeps the rest back; who sends more is cut off. */
export const MAX_IN_FLIGHT = 64
/** The end of an owner in order: it has answered all that it began. */
export const LEAVING = 'the owner leaves'
export const MAX_REQUEST_BYTES: number = 64 * 1024 * 1024
const MAX_NAME_LENGTH = 4_096
const MAX_ACTOR_LENGTH = 200

/** What each side says first. `workspace` names the directory; both sides must mean the same. */
export interface Hello {
  readonly workspace: string
  readonly project: string
  readonly version: string
}

export interface PeerHello extends Hello {
  readonly protocol: number
}

export interface Request {
  readonly id: number
  readonly method: MethodName
  /** An object from outside: whoever answers the method checks its fields. */
  readonly params: Methods[MethodName]['params']
  readonly actor: string | undefined
  /** Not begun after this time: the caller has given up by then, and said that nothing was done. */
  readonly until: number | undefined
}

export type CallerMessage =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'ping'; readonly ping: number }
  | { readonly kind: 'invalid'; readonly id: number | null; readonly error: TaskError }

export type OwnerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: TaskError }
  /** About no request: the owner could not read what came. */
  | { readonly kind: 'refusal'; readonly error: TaskError }
  | { readonly kind: 'pong' }

/** Typed as a record, so that a method missing here does not compile. */
const methodNames: Readonly<Record<MethodName, true>> = {
  'server.info': true,
  'tasks.list': true,
  'tasks.search': true,
  'task.get': true,
  'task.create': true,
  'tasks.update': true,
  'tasks.transition': true,
  'tasks.start': true,
  'tasks.claim': true,
  'tasks.claimNext': true,
  'tasks.assign': true,
  'task.claim': true,
  'tasks.renew': true,
  'tasks.release': true,
  'claims.list': true,
  'tasks.delete': true,
  'tasks.restore': true,
  'tasks.purge': true,
  'task.move': true,
  'task.comment': true,
  'history.list': true,
  'history.undo': true,
  'conflicts.list': true,
  'conflict.resolve': true,
  'workspace.status': true,
  'workspace.statuses': true,
  'workspace.sync': true,
  'workspace.settle': true,
  'workspace.backup': true,
  'workspace.recover': true,
  'workspace.doctor': true,
}

function isMethodName(name: unknown): name is MethodName {
  return typeof name === 'string' && Object.hasOwn(methodNames, name)
}

/** One message as a frame; throws what JSON throws for values that have no JSON. */
export function writeMessage(message: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

/** A written request with the time after which it is not begun: known only when it leaves, and never a reason to write it again. */
export function withUntil(request: Uint8Array, until: number): Uint8Array {
  const end = new TextEncoder().encode(`,"until":${until}}`)
  const whole = new Uint8Array(request.byteLength - 1 + end.byteLength)
  whole.set(request.subarray(0, -1))
  whole.set(end, request.byteLength - 1)
  return whole
}

export function writeHello({ workspace, project, version }: Hello): Uint8Array {
  return writeMessage({ tide: WIRE_PROTOCOL, workspace, project, version })
}

/** Of a hello of another protocol only the numbers are read: the rest may have moved. */
export function readHello(frame: Uint8Array): PeerHello {
  const fields = parseObject(frame, MAX_NAME_LENGTH * 4)
  const protocol = fields['tide']
  if (!isCount(protocol)) throw invalid('it is no greeting')
  const version = nameIn(fields, 'version')
  if (protocol !== WIRE_PROTOCOL) return { protocol, version: version ?? 'unknown', workspace: '', project: '' }
  const workspace = nameIn(fields, 'workspace')
  const project = nameIn(fields, 'project')
  if (version === undefined || workspace === undefined || project === undefined) {
    throw invalid('a greeting names workspace, project and version')
  }
  return { protocol, workspace, project, version }
}

/** Undefined when both sides may talk; else what to tell the one who is `ours`. */
export function mismatchOf(ours: Hello, theirs: PeerHello): TaskError | undefined {
  const differ = (their: string, our: string): TaskError =>
    new TaskError('OWNER_MISMATCH', { theirs: their, ours: our, version: theirs.version })
  if (theirs.protocol !== WIRE_PROTOCOL) {
    return differ(`${theirs.version}, protocol ${theirs.protocol}`, `${ours.version}, protocol ${WIRE_PROTOCOL}`)
  }
  if (theirs.project !== ours.project) return differ(`project ${theirs.project}`, `project ${ours.project}`)
  if (theirs.workspace !== ours.workspace) return differ(`workspace ${theirs.workspace}`, `workspace ${ours.workspace}`)
  return undefined
}

/** What a caller sent, once it was greeted. Never throws: a bad message is a message about itself. */
export function readCallerMessage(frame: Uint8Array, maxBytes: number): CallerMessage {
  let id: number | null = null
  try {
    const fields = parseObject(frame, maxBytes)
    const ping = fields['ping']
    if (isCount(ping)) return { kind: 'ping', ping }
    if (!isCount(fields['id'])) throw invalid('id is not a whole number from 0')
    id = fields['id']
    return { kind: 'request', request: parseRequest(id, fields) }
  } catch (error) {
    if (error instanceof TaskError) return { kind: 'invalid', id, error }
    throw error
  }
}

/** What the owner sent; throws FRAME_INVALID. */
export function readOwnerMessage(frame: Uint8Array): OwnerMessage {
  const fields = parseObject(frame, Number.POSITIVE_INFINITY)
  const id = fields['id']
  if (isCount(fields['pong'])) return { kind: 'pong' }
  const error = fields['error'] === undefined ? undefined : taskErrorFrom(fields['error'])
  if (id === null && error !== undefined) return { kind: 'refusal', error }
  if (!isCount(id)) throw invalid('it answers nothing')
  if (error !== undefined) return { kind: 'error', id, error }
  if (fields['result'] === undefined) throw invalid('an answer has neither result nor error')
  return { kind: 'result', id, result: fields['result'] }
}

function parseRequest(id: number, fields: Readonly<Record<string, unknown>>): Request {
  const { method, params = {}, actor, until } = fields
  if (typeof method !== 'string') throw invalid('method is not a text')
  if (!isMethodName(method)) throw new TaskError('METHOD_NOT_FOUND', { method: method.slice(0, 80) })
  if (!isObject(params)) throw invalid('params is not an object')
  if (actor !== undefined && !(typeof actor === 'string' && actor.length <= MAX_ACTOR_LENGTH)) {
    throw invalid(`actor is not a text of at most ${MAX_ACTOR_LENGTH} characters`)
  }
  if (until !== undefined && typeof until !== 'number') throw invalid('until is not a number')
  return { id, method, params: params as Request['params'], actor, until }
}

function parseObject(frame: Uint8Array, maxBytes: number): Readonly<Record<string, unknown>> {
  if (frame.byteLength > maxBytes) throw invalid(`it has ${frame.byteLength} bytes, of at most ${maxBytes}`)
  const value = parseJson(frame)
  if (!isObject(value)) throw invalid('it is not a JSON object')
  return value
}

function parseJson(frame: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(frame)
  } catch (cause) {
    throw invalid('it is not UTF-8', cause)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid('it is not JSON', cause)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function nameIn(fields: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = fields[field]
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH ? value : undefined
}

function invalid(problem: string, cause?: unknown): TaskError {
  return new TaskError('FRAME_INVALID', { problem }, cause === undefined ? {} : { cause })
}
