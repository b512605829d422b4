/** Every failure that a caller can meet: one class, one table from code to sentence, hint and the numbers of each door. */

export interface ErrorRow {
  /** What is wrong; `{name}` is filled from the details. */
  readonly sentence: string
  /** What to do; never a destructive command. */
  readonly hint: string
  /** Exit code of the command line: 1 fault, 2 input, 3 not found, 4 refused, 5 unreachable, 6 lock or time, 7 not authorised. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7
  readonly http: number
  readonly rpc: number
}

const row = (sentence: string, hint: string, exit: ErrorRow['exit'], http: number, rpc: number): ErrorRow => ({
  sentence,
  hint,
  exit,
  http,
  rpc,
})

const INVALID_PARAMS = -32602
const CONNECTION_FAILED = 1001
const NOT_AUTHORISED = 1002
const METHOD_MISSING = 1004
const FILE_ACCESS = 1005
const CONFLICT = 1006
const INTERNAL = -32603

export type ErrorCode =
  | 'USAGE'
  | 'INVALID_INPUT'
  | 'TOO_LARGE'
  | 'NOT_A_WORKSPACE'
  | 'CONFIG_INVALID'
  | 'TASK_NOT_FOUND'
  | 'KEY_AMBIGUOUS'
  | 'CONFLICT_NOT_FOUND'
  | 'CHANGE_NOT_FOUND'
  | 'CHANGED_SINCE'
  | 'PARENT_CYCLE'
  | 'DEPENDENCY_CYCLE'
  | 'NOT_CONFIRMED'
  | 'NOT_DELETED'
  | 'CLAIM_HELD'
  | 'CLAIM_TIMEOUT'
  | 'CLAIM_LOST'
  | 'TOKEN_STALE'
  | 'REQUEST_REUSED'
  | 'NOTHING_READY'
  | 'TASK_CLOSED'
  | 'WORKSPACE_EXISTS'
  | 'FILE_CHANGED'
  | 'FILE_EXISTS'
  | 'FILE_NOT_FOUND'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'EDITOR_FAILED'
  | 'BACKUP_INVALID'
  | 'STORE_LOCKED'
  | 'STORE_UNREADABLE'
  | 'STORE_UNWRITABLE'
  | 'STORE_TOO_NEW'
  | 'DOCUMENT_INVALID'
  | 'OWNER_UNREACHABLE'
  | 'OWNER_MISMATCH'
  | 'CONNECTION_CLOSED'
  | 'RELAY_UNREACHABLE'
  | 'RELAY_DENIED'
  | 'PORT_TAKEN'
  | 'RELAY_IN_USE'
  | 'PROTOCOL_TOO_OLD'
  | 'UP_RUNS'
  | 'ADDRESS_UNUSABLE'
  | 'ADDRESS_OPEN'
  | 'ORIGIN_REFUSED'
  | 'PATH_NOT_FOUND'
  | 'VERB_NOT_ALLOWED'
  | 'FRAME_INVALID'
  | 'METHOD_NOT_FOUND'
  | 'TIMED_OUT'
  | 'FAULT'

export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = {
  USAGE: row('{problem}', 'see: tide help {command}', 2, 400, INVALID_PARAMS),
  INVALID_INPUT: row('{field}: {problem}', '{fix}', 2, 400, INVALID_PARAMS),
  TOO_LARGE: row(
    '{field} is too large: {size} of at most {limit}',
    'split it, or keep it in a file beside the task',
    2,
    413,
    INVALID_PARAMS,
  ),
  NOT_A_WORKSPACE: row(
    'no workspace at or above {dir}',
    'run tide init where the project begins, or name the folder with --dir',
    3,
    404,
    FILE_ACCESS,
  ),
  CONFIG_INVALID: row('{path} cannot be used: {problem}', '{fix}', 2, 422, FILE_ACCESS),
  TASK_NOT_FOUND: row('there is no task {key}', 'see: tide list --all', 3, 404, FILE_ACCESS),
  KEY_AMBIGUOUS: row('{key} fits several tasks: {candidates}', 'name one of them in full', 2, 409, INVALID_PARAMS),
  CONFLICT_NOT_FOUND: row('{key} has no conflict in {field}', 'see: tide conflicts', 3, 404, FILE_ACCESS),
  CHANGE_NOT_FOUND: row('there is no change to take back{where}', 'see: tide history', 3, 404, FILE_ACCESS),
  CHANGED_SINCE: row(
    '{key}: {field} has changed since',
    'see tide history {key}, then set the value you want',
    4,
    409,
    CONFLICT,
  ),
  PARENT_CYCLE: row(
    '{key} cannot go below {parent}: that is below {key} itself',
    'choose another parent',
    4,
    409,
    CONFLICT,
  ),
  DEPENDENCY_CYCLE: row(
    '{key} cannot depend on {dependency}: that would wait for {key} itself',
    'take the other dependency away first',
    4,
    409,
    CONFLICT,
  ),
  NOT_CONFIRMED: row(
    '{action} cannot be taken back and was not confirmed',
    'ask again with --yes if you mean it',
    4,
    428,
    CONFLICT,
  ),
  NOT_DELETED: row('{key} is not deleted', 'a task is deleted first, purged afterwards', 4, 409, CONFLICT),
  CLAIM_HELD: row(
    '{key} is held by {holder} until {until}: already assigned to {holder}',
    'take another task with tide claim --next, or wait for this one with --wait 5m',
    4,
    409,
    CONFLICT,
  ),
  CLAIM_TIMEOUT: row(
    'Lock timeout after {wait}: {key} is held by {holder}',
    'wait longer with --wait, or take another task with tide claim --next',
    6,
    408,
    CONFLICT,
  ),
  CLAIM_LOST: row(
    'the claim on {key} is over: {how}',
    'see tide claims; what you wrote meanwhile is kept',
    4,
    409,
    CONFLICT,
  ),
  TOKEN_STALE: row(
    'token {token} of {key} is no longer valid: {how}',
    'see tide claims; nothing was written',
    4,
    409,
    CONFLICT,
  ),
  TASK_CLOSED: row(
    '{key} is {status}: there is nothing left to claim',
    'open it again with tide reopen, or begin it anew with tide start',
    4,
    409,
    CONFLICT,
  ),
  NOTHING_READY: row(
    'nothing is ready{where}',
    'see tide list for what is open, and tide claims for what others hold',
    3,
    404,
    FILE_ACCESS,
  ),
  REQUEST_REUSED: row(
    'the request id {request} was used for another request',
    'choose a new id for each request, and repeat one only to ask the same again',
    2,
    422,
    INVALID_PARAMS,
  ),
  WORKSPACE_EXISTS: row('{dir} is already a workspace with {setting} {current}', 'see: tide config', 4, 409, CONFLICT),
  FILE_CHANGED: row('{path} changed while it was being written', 'try again: it is read afresh', 4, 409, CONFLICT),
  FILE_EXISTS: row('{path} is already there', 'choose another name', 4, 409, CONFLICT),
  FILE_NOT_FOUND: row('there is no file {path}', 'check the path', 3, 404, FILE_ACCESS),
  FILE_UNREADABLE: row('{path} cannot be read: {reason}', 'check its permissions and the disk', 1, 500, FILE_ACCESS),
  FILE_UNWRITABLE: row(
    '{path} cannot be written: {reason}',
    'check its permissions and the free space; nothing was changed',
    1,
    507,
    FILE_ACCESS,
  ),
  EDITOR_FAILED: row(
    'the editor {editor} did not end well: {reason}',
    'set EDITOR to an editor that waits; what it saved is taken in by the next command',
    1,
    500,
    INTERNAL,
  ),
  BACKUP_INVALID: row(
    '{path} is not a whole backup: {problem}',
    'nothing was changed; try another backup',
    2,
    422,
    INVALID_PARAMS,
  ),
  STORE_LOCKED: row(
    'the store is in use by {holder}',
    'wait for it to end, or stop it; what you asked for was not done',
    6,
    423,
    INTERNAL,
  ),
  STORE_UNREADABLE: row(
    'the store at {path} cannot be opened: {reason}',
    'run tide doctor: it names what is affected and what can be rebuilt',
    1,
    500,
    INTERNAL,
  ),
  STORE_UNWRITABLE: row(
    'the store at {path} did not take a write: {reason}',
    'check the disk; nothing unsaved was reported as saved',
    1,
    507,
    INTERNAL,
  ),
  STORE_TOO_NEW: row(
    'the store at {path} was written by a newer version (format {found}, this one knows {known})',
    'update tidemark here',
    1,
    500,
    INTERNAL,
  ),
  DOCUMENT_INVALID: row(
    'an update cannot be read: {problem}',
    'nothing was changed; run tide doctor',
    1,
    422,
    INTERNAL,
  ),
  OWNER_UNREACHABLE: row(
    '{holder} has the workspace open and does not answer',
    'wait for it to end, or stop it; then look whether what you asked for was done',
    6,
    504,
    INTERNAL,
  ),
  OWNER_MISMATCH: row(
    'the process that has the workspace open does not fit: {theirs} there, {ours} here',
    'stop it and start it again with this version',
    6,
    409,
    INTERNAL,
  ),
  CONNECTION_CLOSED: row('the connection was closed: {reason}', 'try again', 5, 503, 1001),
  RELAY_UNREACHABLE: row(
    'the relay at {url} cannot be reached: {reason}',
    'your work is saved here; check that the relay runs and that its address is right',
    5,
    503,
    CONNECTION_FAILED,
  ),
  RELAY_DENIED: row(
    'the relay does not let you in: {reason}',
    'check the token, and that it is for this project',
    7,
    401,
    NOT_AUTHORISED,
  ),
  PROTOCOL_TOO_OLD: row(
    'this workspace speaks version {spoken} of the protocol, and the relay asks for {least} at least',
    'install a newer version of Tidemark here; what is written meanwhile waits in the workspace',
    7,
    426,
    NOT_AUTHORISED,
  ),
  RELAY_IN_USE: row('the relay at {url} is that of {by}, process {pid}', 'end it with {end} first', 4, 409, CONFLICT),
  UP_RUNS: row(
    'the background process of tide up runs already: process {pid}',
    'use tide up without --foreground, or end it with tide down --all',
    4,
    409,
    CONFLICT,
  ),
  PORT_TAKEN: row(
    'port {port} is in use by another program',
    'stop that program, or choose another port with --port or --http-port',
    4,
    409,
    INTERNAL,
  ),
  ADDRESS_UNUSABLE: row(
    'nothing can listen at {host} port {port}: {reason}',
    'choose another address or port',
    1,
    500,
    INTERNAL,
  ),
  ADDRESS_OPEN: row(
    'listening at {host} would let everyone on the network in',
    'give a token, or listen at 127.0.0.1',
    2,
    400,
    NOT_AUTHORISED,
  ),
  ORIGIN_REFUSED: row(
    'the {what} {value} is not one that this server serves',
    'name it in the settings of the server if it is yours',
    7,
    403,
    NOT_AUTHORISED,
  ),
  PATH_NOT_FOUND: row('there is nothing at {path}', 'see docs/api.md', 3, 404, METHOD_MISSING),
  VERB_NOT_ALLOWED: row('{path} does not take {verb}', 'use one of: {allowed}', 2, 405, METHOD_MISSING),
  FRAME_INVALID: row('a message cannot be read: {problem}', 'see docs/protocol.md', 2, 400, 1003),
  METHOD_NOT_FOUND: row('there is no method {method}', 'see docs/api.md', 2, 404, 1004),
  TIMED_OUT: row('{what} took longer than {limit}', 'try again, or allow more time', 6, 504, INTERNAL),
  FAULT: row(
    'something went wrong that should not: {problem}',
    'run tide doctor, and report it with the output of tide --version',
    1,
    500,
    INTERNAL,
  ),
}

export type ErrorDetails = Readonly<Record<string, unknown>>

/** The only error class of the product. `message` says what is wrong, `hint` what to do, `code` stays stable. */
export class TaskError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { readonly cause?: unknown } = {}) {
    super(fill(errorTable[code].sentence, details), options)
    this.name = 'TaskError'
    this.code = code
    this.details = details
  }

  get hint(): string {
    return fill(errorTable[this.code].hint, this.details)
  }

  get exit(): number {
    return errorTable[this.code].exit
  }

  toJSON(): { code: ErrorCode; message: string; hint: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details }
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorTable, text)
}

/** Anything that was thrown, as the error that a door may show: faults keep their cause for the log. */
export function asTaskError(thrown: unknown): TaskError {
  if (thrown instanceof TaskError) return thrown
  const problem = thrown instanceof Error ? thrown.message : wordsFor(thrown)
  return new TaskError('FAULT', { problem }, { cause: thrown })
}

/** The error that crossed a process border as JSON, made whole again. */
export function taskErrorFrom(json: unknown): TaskError {
  if (typeof json === 'object' && json !== null && 'code' in json && isErrorCode(json.code)) {
    const details = 'details' in json && typeof json.details === 'object' && json.details !== null ? json.details : {}
    return new TaskError(json.code, { ...details })
  }
  return new TaskError('FAULT', { problem: 'an answer carried an error that this version does not know' })
}

/** Some objects cannot even be turned into text. */
function wordsFor(thrown: unknown): string {
  return typeof thrown === 'object' || typeof thrown === 'function'
    ? 'something that is no error was thrown'
    : String(thrown as bigint | boolean | number | string | symbol | null | undefined)
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name]
    if (value === undefined) return ''
    if (Array.isArray(value)) return value.join(', ')
    return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number)
  })
}
