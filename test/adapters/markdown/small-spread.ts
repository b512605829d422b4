/** A small format that spreads a task over two files: a line of an index, and a file with the rest. Proves that the port fits. */
import { afterLine, endOfLine, lineCounter } from '../../../adapters/markdown/lines.ts'
import { replacement, spliced, type Splice } from '../../../adapters/markdown/splices.ts'
import type { Format, FormatFolder, Json, ParsedFile, TaskPatch, TaskSheet } from '../../../src/internal.ts'
import type { TaskPart } from '../../conformance/format-suite.ts'
import { headOf, headSplices, isKey, isTitle, type Head } from './small-head.ts'
import { homeFor, mergedPatches } from './small-parts.ts'
import { problemsOf, readRecord, recordHolds, recordSplices, saysOf } from './small-record.ts'

const LINE = /^(- \[[ x]\] )([\w.-]+)(?:(:[ \t]*)([^]*?))?[ \t]*$/
/** Said in the index. */
const STRANGE: readonly string[] = ['title', 'status']

export const spreadFormat: Format = {
  name: 'spread',
  covers: (path) => isIndex(path) || /^tasks\/[^/]+\.md$/.test(path),
  parse: (path, text) => (isIndex(path) ? parseIndex(text) : parseFile(text)),
  patch: (path, text, patches) => (isIndex(path) ? patchIndex(text, patches) : patchFile(text, patches)),
  create(sheet, folder) {
    const path = homeFor('tasks', folder)
    const index = folder.text(path) ?? ''
    const gap = /[^\r\n]$/.test(index) ? '\n' : ''
    return [
      { path, text: index + gap + newLine(sheet) },
      { path: freePath(sheet.key, folder), text: newFile(sheet) },
    ]
  },
}

export function spreadHolds(path: string, part: TaskPart): boolean {
  if (!isIndex(path)) return recordHolds(part, STRANGE)
  if ('key' in part) return isKey(part.key)
  if (!('field' in part)) return false
  return part.field === 'title' ? isTitle(part.value) : part.field === 'status' && boxOf(part.value) !== undefined
}

export function isIndex(path: string): boolean {
  return /^tasks(?:-\d+)?\.md$/.test(path)
}

function parseIndex(text: string): ParsedFile {
  const tasks = linesOf(text).map((head) => {
    const { start, key, title, mark } = head
    const fields = { status: mark.includes('x') ? 'done' : 'todo', ...(title === '' ? {} : { title }) }
    return { id: null, key, fields, sets: {}, shape: null, span: { start, end: lineEnd(text, head) } }
  })
  return { tasks, problems: [] }
}

function patchIndex(text: string, patches: readonly TaskPatch[]): string {
  const splices = linesOf(text).flatMap((head, task): readonly Splice[] => {
    const { remove, key, fields = {} } = mergedPatches(patches, task)
    if (remove) return [replacement(head.start, lineEnd(text, head), '')]
    const box = boxOf(fields['status'])
    const at = head.start + 3
    const boxes = box === undefined || box === text.charAt(at) ? [] : [replacement(at, at + 1, box)]
    return [...boxes, ...headSplices(head, { key, title: fields['title'] }, ': ')]
  })
  return spliced(text, splices)
}

function parseFile(text: string): ParsedFile {
  const span = { start: 0, end: text.length }
  const record = readRecord(text, span, STRANGE)
  const lineOf = lineCounter(text)
  const problems = problemsOf(record).map(({ code, field, at }) => {
    return { code, field, line: lineOf(at), message: field, task: 0 }
  })
  return { tasks: [{ ...saysOf(text, record, span.end), shape: null, span }], problems }
}

/** Its one task goes with the file. */
function patchFile(text: string, patches: readonly TaskPatch[]): string {
  const { remove, fields: { title: _title, status: _status, ...fields } = {}, ...patch } = mergedPatches(patches, 0)
  if (remove) return text
  const record = readRecord(text, { start: 0, end: text.length }, STRANGE)
  return spliced(text, recordSplices(text, record, text.length, { ...patch, fields }))
}

function linesOf(text: string): readonly Head[] {
  const lines: Head[] = []
  for (let at = 0; at < text.length; at = afterLine(text, endOfLine(text, at))) {
    const head = headOf(LINE, text, at)
    if (head !== undefined) lines.push(head)
  }
  return lines
}

function lineEnd(text: string, { start }: Head): number {
  return afterLine(text, endOfLine(text, start))
}

function boxOf(status: Json | undefined): string | undefined {
  if (status === 'done') return 'x'
  return status === 'todo' ? ' ' : undefined
}

function newLine({ key, fields }: TaskSheet): string {
  return patchIndex(`- [ ] ${key}\n`, [{ task: 0, fields }])
}

function newFile({ id, key, fields, sets, body }: TaskSheet): string {
  return patchFile('', [{ task: 0, id, key, fields, sets, body }])
}

function freePath(key: string, folder: FormatFolder): string {
  const stem = `tasks/${key.replace(/[^\w.-]/g, '-')}`
  for (let number = 1; ; number++) {
    const path = `${stem}${number === 1 ? '' : `-${number}`}.md`
    if (!folder.isTaken(path)) return path
  }
}
