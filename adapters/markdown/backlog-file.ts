/** Reads a file of Backlog.md: which entries its front matter has, what each says by our names, where the body begins. */
import type { FormatProblem, Json } from '../../src/internal.ts'
import { ourName, ruleOf, type BacklogRule } from './backlog-fields.ts'
import { readBacklogValue } from './backlog-value.ts'
import { findFrontMatter, type Entry, type FrontMatter } from './front-matter.ts'
import { endOfLine, lineCounter } from './lines.ts'
import { misfit, valueOf } from './native-fields.ts'
import { bodyStart } from './native-file.ts'
import type { YamlNode } from './yaml-node.ts'

export interface BacklogFile {
  readonly front: FrontMatter | undefined
  readonly entries: readonly BacklogEntry[]
  readonly body: number
  readonly problems: readonly FormatProblem[]
}

/** An entry with what it says. One that cannot be read has neither node nor value, and nothing touches it. */
export interface BacklogEntry {
  readonly entry: Entry
  readonly rule: BacklogRule
  /** What we call it. */
  readonly name: string
  readonly node: YamlNode | undefined
  readonly value: Json | undefined
  /** Why it cannot be read. */
  readonly reason: string
}

/** `isShelved`: the folder says the status. */
export function readBacklogFile(text: string, isShelved: boolean): BacklogFile {
  const front = findFrontMatter(text)
  if (typeof front === 'string') return withoutFrontMatter(text, front === 'unclosed')
  const problems: FormatProblem[] = []
  const entries = readEntries(text, front, isShelved, problems)
  const lineOf = lineCounter(text)
  for (const { start } of front.isClosed ? front.strays.slice(0, 1) : front.strays)
    problems.push(strayProblem(text, start, lineOf(start), front.isClosed))
  problems.sort((one, other) => one.line - other.line)
  return { front, entries, body: bodyStart(text, front), problems }
}

/** Alone, whatever stands around it. */
export function readBacklogEntry(text: string, entry: Entry, isShelved: boolean): BacklogEntry {
  const rule = ruleOf(entry.name)
  const name = ourName(entry.name, isShelved)
  const unread = { entry, rule, name, node: undefined, value: undefined }
  const node = readBacklogValue(text, entry)
  if (node.kind === 'refusal') return { ...unread, reason: node.reason }
  const value = valueOf(rule.kind, node)
  return value === undefined
    ? { ...unread, reason: misfit(rule.kind, node) }
    : { entry, rule, name, node, value, reason: '' }
}

function withoutFrontMatter(text: string, isUnclosed: boolean): BacklogFile {
  const message = 'the front matter has no end: the line --- below it is missing; the file is left as it is'
  const problems = isUnclosed ? [{ code: 'FRONT_MATTER_UNCLOSED', line: 1, message }] : []
  return { front: undefined, entries: [], body: bodyStart(text, undefined), problems }
}

function readEntries(
  text: string,
  { entries }: FrontMatter,
  isShelved: boolean,
  problems: FormatProblem[],
): readonly BacklogEntry[] {
  const lineOf = lineCounter(text)
  const counts = new Map<string, number>()
  for (const { name } of entries) counts.set(name, (counts.get(name) ?? 0) + 1)
  const met = new Set<string>()
  return entries.map((entry): BacklogEntry => {
    const one = readBacklogEntry(text, entry, isShelved)
    const isAgain = met.has(entry.name)
    met.add(entry.name)
    if ((counts.get(entry.name) ?? 0) > 1) {
      const reason = 'it stands twice; keep one of them'
      if (isAgain) problems.push(fieldProblem('FIELD_TWICE', one, lineOf(entry.start), reason))
      // Which of them counts depends on the reader: neither does.
      return { ...one, node: undefined, value: undefined, reason }
    }
    if (one.node === undefined) problems.push(fieldProblem('FIELD_UNREADABLE', one, lineOf(entry.start), one.reason))
    return one
  })
}

function fieldProblem(code: string, { entry, name }: BacklogEntry, line: number, reason: string): FormatProblem {
  return { code, line, message: `cannot read ${quoted(entry.name)}: ${reason}`, field: name, task: 0 }
}

function strayProblem(text: string, start: number, line: number, isClosed: boolean): FormatProblem {
  if (isClosed) {
    const message = 'the front matter has no lines like "title: Fix login"; it is left as it is'
    return { code: 'FRONT_MATTER_WITHOUT_KEYS', line, message }
  }
  const shown = text.slice(start, endOfLine(text, start))
  const message = `cannot read ${quoted(shown)}: a line begins with a name of letters, then come a colon and a blank`
  const field = shown.replace(/:(?:\s.*)?$/, '').trim()
  return { code: 'LINE_UNREADABLE', line, message, field: field.slice(0, 60), task: 0 }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
