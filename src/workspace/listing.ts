/** Lists straight from the summary: lines are copied as they stand, and parsed only where a filter asks. */
import type { TaskFilter } from '../api/methods.ts'
import { TaskError } from '../errors.ts'
import { invalid, parseCount, parseElement, parseList, parseSearch, parseStatus } from '../task/input.ts'
import { fits, holdsWords, type TaskQuery } from '../task/query.ts'
import type { StatusKind, TaskView } from '../task/types.ts'
import type { Project } from './project.ts'
import { currentLines, readTexts, type Summary } from './summary.ts'
import { withClaims, type ListedLine } from './claimed-line.ts'
import type { TaskRow } from './summary-line.ts'
import type { ByteText } from '../ports.ts'

const COMMA = 44
const LINE_END = 10
/** First bytes of the accents that join the letter before them (U+0300 to U+036F). */
const ACCENTS = new Set([0xcc, 0xcd])

export interface Listed {
  readonly task: TaskView
  readonly kind: StatusKind
}

export interface Listing {
  readonly count: number
  /** The document `{"schema":1,"tasks":[…]}` in pieces. */
  json(): Iterable<string | Uint8Array>
  tasks(): Iterable<Listed>
  /** A line of tab-separated text for each, in pieces. */
  lines(): Iterable<string | Uint8Array>
  rows(): Iterable<TaskRow>
}

export async function listTasks(project: Project, filter: TaskFilter): Promise<Listing> {
  const query = checkedFilter(filter, project)
  const limit = filter.limit === undefined ? Number.POSITIVE_INFINITY : parseCount('limit', filter.limit)
  const summary = await project.summary()
  return listing(
    cut(
      linesOf(project, summary).filter((line) => lineFits(line, query)),
      limit,
    ),
  )
}

export async function searchTasks(
  project: Project,
  words: unknown,
  options: { readonly all?: boolean; readonly limit?: number } = {},
): Promise<Listing> {
  const wanted = parseSearch(words)
  const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : parseCount('limit', options.limit)
  const { summary, texts } = await withTexts(project)
  const lines = linesOf(project, summary).filter((line) => lineFits(line, { all: options.all === true }))
  return listing(cut(holding(lines, texts, wanted), limit))
}

function linesOf(project: Project, summary: Summary): readonly ListedLine[] {
  return withClaims(currentLines(summary), project.claims.views())
}

async function withTexts(project: Project): Promise<{ readonly summary: Summary; readonly texts: ByteText }> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const summary = await project.summary()
    const texts = await readTexts(project.world.summary, summary)
    if (texts !== undefined) return { summary, texts }
    await project.rebuild() // someone took the file away
  }
  throw new TaskError('FAULT', { problem: 'the texts beside the summary could not be made' })
}

/** How many tasks show, and how many of them hold a conflict. */
export function countTasks(summary: Summary): { readonly tasks: number; readonly conflicts: number } {
  const all = currentLines(summary).filter((line) => !line.isGone)
  return {
    tasks: all.filter((line) => !line.isDeleted).length,
    conflicts: all.reduce((sum, line) => sum + (line.view()?.conflicts.length ?? 0), 0),
  }
}

export function checkedFilter(filter: TaskFilter, project: Project): TaskQuery {
  if (typeof filter !== 'object' || filter === null)
    throw invalid('filter', 'it is not an object', 'give the fields to filter by')
  const list = (name: 'status' | 'label'): readonly unknown[] | undefined =>
    filter[name] === undefined ? undefined : parseList(name, filter[name])
  const status = list('status')?.map((name) => parseStatus(name, project.world.config.statuses))
  const label = list('label')?.map((name) => parseElement('label', name))
  return {
    ...(status === undefined ? {} : { status }),
    ...(label === undefined ? {} : { label }),
    ...(filter.assignee === undefined ? {} : { assignee: parseElement('assignee', filter.assignee) }),
    ready: filter.ready === true,
    all: filter.all === true,
  }
}

/** Flags decide most lines; the rest is parsed. */
function lineFits(line: ListedLine, query: TaskQuery): boolean {
  if (line.isGone) return false
  if (query.all !== true && (line.isDeleted || (query.status === undefined && line.isClosed))) return false
  if (query.ready === true && !line.isReady) return false
  if (query.status === undefined && query.label === undefined && query.assignee === undefined) return true
  const view = line.view()
  return view !== undefined && fits(view, line.kind, query)
}

/** Words of ASCII letters are looked for in all texts at once; others text by text. */
function holding(lines: readonly ListedLine[], texts: ByteText, words: readonly string[]): readonly ListedLine[] {
  // oxlint-disable-next-line no-control-regex -- exactly the bytes that stand for themselves in UTF-8
  const plain = words.filter((word) => /^[\u0000-\u007f]+$/.test(word)).sort((a, b) => b.length - a.length)
  const [longest] = plain
  const candidates = longest === undefined ? lines : withHits(lines, texts, longest.toLowerCase())
  if (words.length === 1 && longest !== undefined) return candidates
  return candidates.filter((line) => {
    const place = line.textPlace()
    return place !== undefined && holdsWords(texts.text(place.at, place.at + place.size), words)
  })
}

function withHits(lines: readonly ListedLine[], texts: ByteText, word: string): readonly ListedLine[] {
  const all = texts.units(0, texts.length).toLowerCase()
  const places = lines.map((line) => line.textPlace())
  const order = lines.map((_, index) => index).sort((a, b) => (places[a]?.at ?? 0) - (places[b]?.at ?? 0))
  const hits = new Set<number>()
  let hit = all.indexOf(word)
  for (const index of order) {
    const place = places[index]
    if (place === undefined) continue
    if (hit >= 0 && hit < place.at) hit = all.indexOf(word, place.at)
    if (hit < 0) break
    const end = hit + word.length
    if (end > place.at + place.size) continue
    // An accent that stands apart belongs to the last letter: it makes another word.
    const isAlone = !ACCENTS.has(texts.byteAt(end))
    if (isAlone || holdsWords(texts.text(place.at, place.at + place.size), [word])) hits.add(index)
  }
  return lines.filter((_, index) => hits.has(index))
}

function listing(lines: readonly ListedLine[]): Listing {
  return {
    count: lines.length,
    json: () => [jsonDocument(lines)],
    lines: () => [plainLines(lines)],
    *tasks() {
      for (const line of lines) {
        const task = line.view()
        if (task !== undefined) yield { task, kind: line.kind }
      }
    },
    *rows() {
      for (const line of lines) {
        const row = line.row()
        if (row !== undefined) yield row
      }
    },
  }
}

/** One piece: thousands of small writes would cost more than all else. */
function jsonDocument(lines: readonly ListedLine[]): Uint8Array {
  const [open, close] = [encode('{"schema":1,"tasks":['), encode(']}')]
  const document = new Uint8Array(roomFor(lines) + open.length + close.length)
  document.set(open)
  let at = open.length
  for (const line of lines) {
    if (at > open.length) document[at++] = COMMA
    at = line.copyJson(document, at)
  }
  document.set(close, at)
  return document.subarray(0, at + close.length)
}

function plainLines(lines: readonly ListedLine[]): Uint8Array {
  const text = new Uint8Array(roomFor(lines))
  let at = 0
  for (const line of lines) {
    at = line.copyRow(text, at)
    text[at++] = LINE_END
  }
  return text.subarray(0, at)
}

/** More than any part of each with a byte behind it: cheaper than to measure first, and what is not touched takes no memory. */
function roomFor(lines: readonly ListedLine[]): number {
  return lines.reduce((sum, line) => sum + line.end - line.start, 0)
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function cut<Item>(items: readonly Item[], limit: number): readonly Item[] {
  return items.length > limit ? items.slice(0, limit) : items
}
