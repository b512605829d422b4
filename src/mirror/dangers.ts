/** What must not be taken for an edit: texts that nobody meant, or that cannot be read. One rule each, each with its words. */
import type { FormatProblem } from '../ports.ts'

/** Something odd about a file, as `tide status` tells it. */
export interface FileProblem {
  readonly path: string | null
  readonly code: string
  readonly message: string
}

export const MAX_FILE_BYTES: number = 5 * 1024 * 1024

/** The text of a file; a BOM stays in it. */
export function decode(path: string, bytes: Uint8Array): string | FileProblem {
  if (bytes.length > MAX_FILE_BYTES) return tooLarge(path, bytes.length)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return problem(path, 'FILE_NOT_UTF8', 'it is not UTF-8 text; it is left alone. Save it as UTF-8')
  }
  const nul = text.indexOf('\0')
  if (nul < 0) return text
  return problem(path, 'FILE_BINARY', `line ${lineAt(text, nul)} holds a NUL byte; it is left alone. Save it as text`)
}

export function tooLarge(path: string, size: number): FileProblem {
  const limit = `${MAX_FILE_BYTES / 1024 / 1024} MB`
  return problem(path, 'FILE_TOO_LARGE', `it has ${size} bytes, more than ${limit}; it is left alone. Split it`)
}

/** Why a text is no edit of what the file held before; undefined when it may be one. */
export function danger(path: string, text: string, before: string | undefined): FileProblem | undefined {
  if (text.trim() === '' && before === undefined)
    return problem(path, 'FILE_EMPTY', 'it is empty; it becomes a task when it says something')
  if (text.trim() === '' && before?.trim() !== '')
    return problem(path, 'FILE_EMPTY', 'it is empty; its task is kept. Delete the file if the task is to go')
  const line = conflictLine(text)
  if (line === undefined || (before !== undefined && conflictLine(before) !== undefined)) return undefined
  return problem(
    path,
    'FILE_CONFLICT_MARKERS',
    `line ${line} begins a merge conflict; it is read again when the lines <<<<<<<, ======= and >>>>>>> are gone`,
  )
}

/** An editor that is still writing: the beginning of what was there, cut inside a line. */
export function isHalfWritten(text: string, before: string | undefined): boolean {
  return before !== undefined && text.length < before.length && before.startsWith(text) && !/[\n\r]$/.test(text)
}

/** A problem of the whole file: nothing of it is read, and nothing is written. */
export function wholeFileProblem(path: string, problems: readonly FormatProblem[]): FileProblem | undefined {
  const found = problems.find(({ field, task }) => (field === undefined && task === undefined) || field === 'id')
  return found === undefined ? undefined : told(path, found)
}

export function told(path: string, { code, line, message }: FormatProblem): FileProblem {
  return problem(path, code, `line ${line}: ${message}`)
}

/** Nothing is wrong: it is only not the time yet. */
export const FILES_WAIT = 'FILES_WAIT'

/** Another file has the id. */
export const ID_TAKEN = 'ID_TAKEN'

export function problem(path: string | null, code: string, message: string): FileProblem {
  return { path, code, message }
}

/** Copies that a file synchroniser left behind: never a task of their own. */
export function isSyncCopy(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /\.sync-conflict-|\bconflicted copy\b/i.test(name)
}

/** The line of the first of the three markers, where all three stand in order at the starts of lines, outside fences. */
function conflictLine(text: string): number | undefined {
  if (!text.includes('<<<<<<<')) return undefined
  let begun: number | undefined
  let isDivided = false
  let fence: string | undefined
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark !== undefined && begun === undefined) {
      if (fence === undefined) fence = mark
      else if (mark.startsWith(fence)) fence = undefined
    }
    if (fence !== undefined) continue
    if (/^<{7}(?: |$)/.test(line)) begun ??= index + 1
    else if (begun !== undefined && /^={7}$/.test(line)) isDivided = true
    else if (isDivided && /^>{7}(?: |$)/.test(line)) return begun
  }
  return undefined
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
