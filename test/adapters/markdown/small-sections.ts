/** A small format with several tasks in one file: `## key title` above a record. Proves that the port fits such files. */
import { afterLine, endOfLine, lineCounter } from '../../../adapters/markdown/lines.ts'
import { replacement, spliced, type Splice } from '../../../adapters/markdown/splices.ts'
import type { Format, ParsedFile, Span, TaskPatch, TaskSheet } from '../../../src/internal.ts'
import type { TaskPart } from '../../conformance/format-suite.ts'
import { headOf, headSplices, isKey, isTitle, type Head } from './small-head.ts'
import { homeFor, mergedPatches } from './small-parts.ts'
import { problemsOf, readRecord, recordHolds, recordSplices, saysOf, type SmallRecord } from './small-record.ts'

interface Section extends Span {
  readonly head: Head
  readonly record: SmallRecord
}

const HEAD = /^(## )([\w.-]+)(?:([ \t]+)([^]*?))?[ \t]*$/
/** Said in the heading. */
const STRANGE: readonly string[] = ['key', 'title']

export const sectionsFormat: Format = {
  name: 'sections',
  covers: (path) => /^tasks(?:-\d+)?\.md$/.test(path),
  parse: (_path, text) => parseSections(text),
  patch: (_path, text, patches) => patchSections(text, patches),
  create(sheet, folder) {
    const path = homeFor('tasks', folder)
    const text = folder.text(path) ?? ''
    const at = placeIn(text)
    const before = text.slice(0, at)
    const gap = at === 0 || /[\r\n]$/.test(before) ? '' : '\n'
    return [{ path, text: before + gap + newSection(sheet) + text.slice(at) }]
  },
}

/** What a section can say: a body with headings in it would be several tasks, one without an end would swallow the next. */
export function sectionHolds(part: TaskPart): boolean {
  if ('field' in part && part.field === 'title') return isTitle(part.value)
  if ('key' in part) return isKey(part.key)
  if (!('body' in part)) return recordHolds(part, STRANGE)
  return /^$|\n$/.test(part.body) && !part.body.split(/\r\n?|\n/).some((line) => HEAD.test(line))
}

function parseSections(text: string): ParsedFile {
  const sections = sectionsOf(text)
  const lineOf = lineCounter(text)
  const tasks = sections.map(({ start, end, head, record }) => {
    const { fields, ...says } = saysOf(text, record, end)
    const title = head.title === '' ? {} : { title: head.title }
    return { ...says, key: head.key, fields: { ...fields, ...title }, shape: null, span: { start, end } }
  })
  const problems = sections.flatMap(({ record }, task) =>
    problemsOf(record).map(({ code, field, at }) => ({ code, field, line: lineOf(at), message: field, task })),
  )
  return { tasks, problems }
}

function patchSections(text: string, patches: readonly TaskPatch[]): string {
  return spliced(
    text,
    sectionsOf(text).flatMap((section, task) => sectionSplices(text, section, mergedPatches(patches, task))),
  )
}

function sectionSplices(text: string, { start, end, head, record }: Section, patch: TaskPatch): readonly Splice[] {
  if (patch.remove) return [replacement(start, end, '')]
  const { title, ...fields } = patch.fields ?? {}
  const { body, ...others } = { ...patch, fields }
  const can = body !== undefined && sectionHolds({ body }) ? { ...others, body } : others
  const { key: _key, ...rest } = can
  return [...headSplices(head, { key: patch.key, title }, ' '), ...recordSplices(text, record, end, rest)]
}

function sectionsOf(text: string): readonly Section[] {
  const heads: Head[] = []
  for (let at = 0; at < text.length; at = afterLine(text, endOfLine(text, at))) {
    const head = headOf(HEAD, text, at)
    if (head !== undefined) heads.push(head)
  }
  return heads.map((head, place) => {
    const { start } = head
    const end = heads[place + 1]?.start ?? text.length
    const from = afterLine(text, endOfLine(text, start))
    return { start, end, head, record: readRecord(text, { start: from, end }, STRANGE) }
  })
}

/** At the end; above the last section where that has no line end, which would go into its body. */
function placeIn(text: string): number {
  return /[\r\n]$/.test(text) ? text.length : (sectionsOf(text).at(-1)?.start ?? text.length)
}

function newSection({ id, key, fields, sets, body }: TaskSheet): string {
  return patchSections(`## ${key}\n`, [{ task: 0, id, fields, sets, body }])
}
