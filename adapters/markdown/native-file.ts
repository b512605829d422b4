/** Reads a native file: which entries its front matter has, what each says, where the body begins. Changes nothing. */
import type { FormatProblem, Json } from '../../src/internal.ts'
import { findFrontMatter, type Entry, type FrontMatter } from './front-matter.ts'
import { afterLine, endOfLine, isLineEnd, lineCounter } from './lines.ts'
import { misfit, ruleOf, valueOf, type FieldRule } from './native-fields.ts'
import type { YamlNode } from './yaml-node.ts'
import { readValue } from './yaml-value.ts'

export interface NativeFile {
  readonly front: FrontMatter | undefined
  /** One for each entry of the front matter. */
  readonly entries: readonly NativeEntry[]
  readonly body: number
  readonly problems: readonly FormatProblem[]
}

/** An entry with what it says. One that cannot be read has neither node nor value, and nothing touches it. */
export interface NativeEntry {
  readonly entry: Entry
  readonly rule: FieldRule
  readonly node: YamlNode | undefined
  readonly value: Json | undefined
  /** Why it cannot be read. */
  readonly reason: string
}

export function readNativeFile(text: string): NativeFile {
  const front = findFrontMatter(text)
  if (typeof front === 'string') return withoutFrontMatter(text, front === 'unclosed')
  const problems: FormatProblem[] = []
  const entries = readEntries(text, front, problems)
  const lineOf = lineCounter(text)
  for (const { start } of front.isClosed ? front.strays.slice(0, 1) : front.strays)
    problems.push(strayProblem(text, start, lineOf(start), front.isClosed))
  if (problems.length > 1) problems.sort((one, other) => one.line - other.line)
  return { front, entries, body: bodyStart(text, front), problems }
}

/** Behind the front matter and the one empty line that may follow it; behind the BOM where there is neither. */
export function bodyStart(text: string, front: FrontMatter | undefined): number {
  if (front === undefined) return text.charCodeAt(0) === 0xfeff ? 1 : 0
  const isGap = front.after < text.length && isLineEnd(text.charCodeAt(front.after))
  return isGap ? afterLine(text, front.after) : front.after
}

/** Alone, whatever stands around it. */
export function readEntry(text: string, entry: Entry): NativeEntry {
  const rule = ruleOf(entry.name)
  const node = readValue(text, entry.from, entry.end)
  if (node.kind === 'refusal') return { entry, rule, node: undefined, value: undefined, reason: node.reason }
  const value = valueOf(rule.kind, node)
  if (value !== undefined) return { entry, rule, node, value, reason: '' }
  return { entry, rule, node: undefined, value: undefined, reason: misfit(rule.kind, node) }
}

function withoutFrontMatter(text: string, isUnclosed: boolean): NativeFile {
  const message = 'the front matter has no end: the line --- below it is missing; the file is left as it is'
  const problems = isUnclosed ? [{ code: 'FRONT_MATTER_UNCLOSED', line: 1, message }] : []
  return { front: undefined, entries: [], body: bodyStart(text, undefined), problems }
}

function readEntries(text: string, front: FrontMatter, problems: FormatProblem[]): readonly NativeEntry[] {
  const places = new Map<string, number>()
  const read: NativeEntry[] = []
  const lineOf = lineCounter(text)
  for (const entry of front.entries) {
    const one = readEntry(text, entry)
    const place = read.length
    const first = places.get(entry.name)
    read.push(one)
    if (first === undefined) {
      places.set(entry.name, place)
      if (one.node === undefined) problems.push(fieldProblem(entry, lineOf(entry.start), one.reason))
      continue
    }
    // Which of them counts depends on the reader: neither does.
    for (const twice of [first, place])
      read[twice] = { ...one, entry: front.entries[twice] ?? entry, node: undefined, value: undefined }
    problems.push(fieldProblem(entry, lineOf(entry.start), undefined))
  }
  return read
}

function fieldProblem({ name }: Entry, line: number, reason: string | undefined): FormatProblem {
  if (reason === undefined)
    return {
      code: 'FIELD_TWICE',
      line,
      message: `${quoted(name)} stands twice; keep one of them`,
      field: name,
      task: 0,
    }
  return { code: 'FIELD_UNREADABLE', line, message: `cannot read ${quoted(name)}: ${reason}`, field: name, task: 0 }
}

function strayProblem(text: string, start: number, line: number, isClosed: boolean): FormatProblem {
  if (isClosed) {
    const message = 'the front matter has no lines like "title: Fix login"; it is left as it is'
    return { code: 'FRONT_MATTER_WITHOUT_KEYS', line, message }
  }
  const shown = text.slice(start, endOfLine(text, start))
  const message = `cannot read ${quoted(shown)}: a line begins with a name of letters, then come a colon and a blank`
  return {
    code: 'LINE_UNREADABLE',
    line,
    message,
    field: shown
      .replace(/:(?:\s.*)?$/, '')
      .trim()
      .slice(0, 60),
    task: 0,
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
