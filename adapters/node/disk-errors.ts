/** What a disk refused, in words: the system's codes made into the product's errors. */
import { TaskError, type ErrorCode } from '../../src/internal.ts'

export type Access = Extract<ErrorCode, 'FILE_UNREADABLE' | 'FILE_UNWRITABLE'>

/** Undefined when there is no such file. */
export function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined
    throw cause
  }
}

/** Undefined when the name is taken. */
export function unlessTaken<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return undefined
    throw cause
  }
}

/** Whatever `action` throws, as the error that names the path, why, and its cause. */
export function guarded<T>(access: Access, path: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw failure(access, path, cause)
  }
}

export function failure(access: Access, path: string, cause: unknown): TaskError {
  if (cause instanceof TaskError && cause.code === access) return cause
  const reason = cause instanceof TaskError ? cause.details['reason'] : reasonOf(cause)
  return new TaskError(access, { path, reason }, { cause })
}

function reasonOf(cause: unknown): string {
  switch (codeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space is left on the disk'
    case 'EROFS':
      return 'the disk is read-only'
    case 'ENOTDIR':
      return 'it is not a folder'
    case 'ENAMETOOLONG':
      return 'its name is too long'
    case 'ELOOP':
      return 'its links lead in a circle'
    default:
      return cause instanceof Error ? cause.message : String(cause)
  }
}

/** `ENOENT` and its like; empty for what is no system error. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}
