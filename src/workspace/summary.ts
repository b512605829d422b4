/**
 * The summary beside a store: every task as a line, so that a list, a search or a single write needs no document.
 * Derived and disposable. Its last line, the seal, says for which state of the store it holds.
 *
 *   head   version, digest of the settings that lines depend on, name of the file of texts, bytes of base and index
 *   base   one line a task, in order
 *   index  which of them stand where (summary-index.ts)
 *   tail   lines that replace earlier ones of the same uid, with a seal behind each change
 */
import type { Uid } from '../ids.ts'
import type { ByteText, SummaryFiles } from '../ports.ts'
import { hash53 } from '../task/hash.ts'
import { blockOf } from './summary-index.ts'
import { FLAGS_LENGTH, Line } from './summary-line.ts'
import type { Config } from './config.ts'
import type { Stamp } from '../task/registers.ts'

export const SUMMARY = 'summary'
const MAGIC = 'tidemark-summary 3'
const HEAD_END = '\n'
const LINE_END = 10
const SEAL = '='
const SEAL_BYTE = SEAL.charCodeAt(0)
const FEW_REPLACED = 16

export interface Seal {
  /** Of the store's disk: any reader compares it. */
  readonly mark: string
  /** Of the store's last commit: the holder of the store compares it. */
  readonly nonce: string
  readonly tail: Stamp | null
  readonly greatestNumber: number
  readonly lastOrder: string | null
  /** How long the file of texts is: neither file is synced, and either may have lost its end. */
  readonly textBytes: number
}

export interface Summary {
  readonly source: ByteText
  readonly texts: string
  readonly seal: Seal
  readonly baseStart: number
  readonly baseEnd: number
  /** Behind the index. */
  readonly tailStart: number
  /** Of all its bytes: what is appended continues it. */
  readonly sum: number
}

export type SummaryHead = Pick<Summary, 'texts' | 'baseStart' | 'baseEnd' | 'tailStart'>

/** Undefined when there is none, or when it was not finished or made for other settings. */
export async function readSummary(files: SummaryFiles, config: Config): Promise<Summary | undefined> {
  const source = await files.read(SUMMARY)
  return source === undefined ? undefined : parseSummary(files, source, config)
}

/** The texts of a summary; undefined when they are not whole. */
export async function readTexts(files: SummaryFiles, { texts, seal }: Summary): Promise<ByteText | undefined> {
  const source = await files.read(texts)
  return source === undefined || source.length < seal.textBytes ? undefined : source
}

export async function hasWholeTexts(files: SummaryFiles, { texts, seal }: Summary): Promise<boolean> {
  return seal.textBytes === 0 || (await files.readPart(texts, seal.textBytes - 1, 1))?.length === 1
}

/** A summary with a byte that nobody wrote is none: a write planned on it could take away what it never saw. */
export function parseSummary(files: Pick<SummaryFiles, 'sum'>, source: ByteText, config: Config): Summary | undefined {
  const head = parseHead(source, config)
  if (head === undefined || !(head.tailStart <= source.length)) return undefined
  const { texts, baseStart, baseEnd, tailStart } = head
  const sealed = parseSealed(files, source, 0)
  return sealed === undefined ? undefined : { source, texts, baseStart, baseEnd, tailStart, ...sealed }
}

/** The beginning of a summary; undefined when it was not made for these settings. */
export function parseHead(source: ByteText, config: Config): SummaryHead | undefined {
  const headEnd = source.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const [magic, digest, texts, baseBytes, indexBytes] = source.text(0, headEnd).split('\t')
  if (magic !== MAGIC || digest !== settingsDigest(config) || texts === undefined) return undefined
  const baseStart = headEnd + 1
  const baseEnd = baseStart + Number(baseBytes)
  const tailStart = baseEnd + Number(indexBytes)
  return Number.isSafeInteger(tailStart) ? { texts, baseStart, baseEnd, tailStart } : undefined
}

/** The seal at the end; undefined when the bytes before it, which go on from a sum, are not those that were sealed. */
export function parseSealed(
  files: Pick<SummaryFiles, 'sum'>,
  source: ByteText,
  from: number,
): Pick<Summary, 'seal' | 'sum'> | undefined {
  if (source.text(source.length - 1, source.length) !== '\n') return undefined
  const sealStart = source.lastIndexOf('\n', source.length - 2) + 1
  const before = files.sum(source.bytes(0, sealStart), from)
  const sealed = source.text(sealStart, source.length - 1)
  const seal = parseSeal(sealed)
  if (seal === undefined || sealed !== sealText(files, seal, before)) return undefined
  return { seal, sum: files.sum(source.bytes(sealStart, source.length), before) }
}

export function writeHead(config: Config, texts: string, baseBytes: number, indexBytes: number): string {
  return `${[MAGIC, settingsDigest(config), texts, String(baseBytes), String(indexBytes)].join('\t')}${HEAD_END}`
}

/** `before` is the sum of all bytes in front of it. */
export function writeSeal(files: Pick<SummaryFiles, 'sum'>, seal: Seal, before: number): string {
  return `${sealText(files, seal, before)}\n`
}

function sealText(files: Pick<SummaryFiles, 'sum'>, seal: Seal, before: number): string {
  const json = JSON.stringify(seal)
  return `${SEAL}${files.sum(new TextEncoder().encode(json), before).toString(36)}\t${json}`
}

/** All lines that count, in the order of the tasks. Costs a walk over the bytes, not over their meaning. */
export function currentLines(summary: Summary): readonly Line[] {
  const replaced = tailLines(summary.source, summary.tailStart)
  const base = baseLines(summary)
  if (replaced.size === 0) return base
  const lines: Line[] = []
  const moved: Line[] = []
  const uidOf = namesOf(summary, replaced)
  for (const line of base) {
    const uid = uidOf(line)
    const newer = uid === undefined ? undefined : replaced.get(uid)
    if (uid === undefined || newer === undefined) lines.push(line)
    else {
      replaced.delete(uid)
      if (newer.order === line.order) lines.push(newer)
      else moved.push(newer)
    }
  }
  return insertInOrder(lines, [...moved, ...replaced.values()].sort(byOrder))
}

/** The newest line of a task. */
export function findLine({ source, baseStart }: Pick<Summary, 'source' | 'baseStart'>, uid: Uid): Line | undefined {
  for (
    let place = source.lastIndexOf(` ${uid}\t`);
    place >= 0;
    place = place === 0 ? -1 : source.lastIndexOf(` ${uid}\t`, place - 1)
  ) {
    const start = place - FLAGS_LENGTH + 1
    if (start === baseStart || (start > baseStart && source.byteAt(start - 1) === LINE_END))
      return lineAt(source, start)
  }
  return undefined
}

/** Newest lines that hold the text somewhere: candidates, to be looked at. */
export function* linesWith(summary: Summary, text: string): Iterable<Line> {
  const { source } = summary
  for (let place = source.lastIndexOf(text); place >= summary.baseStart;) {
    const start = source.lastIndexOf('\n', place) + 1
    if (start >= summary.baseEnd && start < summary.tailStart) {
      place = source.lastIndexOf(text, summary.baseEnd - 1) // the index names it, too
      continue
    }
    const line = lineAt(source, start)
    if (findLine(summary, line.uid)?.start === start) yield line
    place = start <= summary.baseStart ? -1 : source.lastIndexOf(text, start - 1)
  }
}

/** No generator: a list of thousands would make as many objects again. */
function baseLines({ source, baseStart, baseEnd }: Summary): readonly Line[] {
  const lines: Line[] = []
  for (let start = baseStart; start < baseEnd;) {
    const line = lineAt(source, start)
    lines.push(line)
    start = line.end + 1
  }
  return lines
}

/** Which of some tasks a line of the base is of. Where they are few, they are looked up instead of reading the uid of each line. */
function namesOf(summary: Summary, replaced: ReadonlyMap<Uid, Line>): (line: Line) => Uid | undefined {
  if (replaced.size > FEW_REPLACED) return (line) => line.uid
  const { source, baseStart, baseEnd, tailStart } = summary
  const index = source.part(baseEnd, tailStart)
  const starts = new Map<number, Uid>()
  for (const uid of replaced.keys()) {
    const block = blockOf(index, uid)
    if (block === undefined) continue
    const at = baseStart + block.at
    const line = findLine({ source: source.part(at, at + block.size), baseStart: 0 }, uid)
    if (line !== undefined) starts.set(at + line.start, uid)
  }
  return (line) => starts.get(line.start)
}

/** The newest of each task behind the base. */
export function tailLines(source: ByteText, tailStart: number): Map<Uid, Line> {
  const found = new Map<Uid, Line>()
  for (let start = tailStart; start < source.length;) {
    const line = lineAt(source, start)
    if (source.byteAt(start) !== SEAL_BYTE) found.set(line.uid, line)
    start = line.end + 1
  }
  return found
}

function lineAt(source: ByteText, start: number): Line {
  const end = source.indexOfByte(LINE_END, start)
  return new Line(source, start, end < 0 ? source.length : end)
}

/** New tasks mostly stand at the end; others find their place by halving. */
function insertInOrder(lines: readonly Line[], moved: readonly Line[]): readonly Line[] {
  if (moved.length === 0) return lines
  const result: Line[] = []
  let from = 0
  for (const line of moved) {
    let low = from
    let high = lines.length
    const last = lines[high - 1]
    if (last === undefined || byOrder(last, line) < 0) low = high
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = lines[middle]
      if (other !== undefined && byOrder(other, line) < 0) low = middle + 1
      else high = middle
    }
    for (; from < low; from++) pushAt(result, lines, from)
    result.push(line)
  }
  for (; from < lines.length; from++) pushAt(result, lines, from)
  return result
}

function pushAt(result: Line[], lines: readonly Line[], index: number): void {
  const line = lines[index]
  if (line !== undefined) result.push(line)
}

function byOrder(a: Line, b: Line): number {
  const [x, y] = [a.order, b.order]
  if (x !== y) return x < y ? -1 : 1
  return a.uid < b.uid ? -1 : 1
}

function parseSeal(text: string): Seal | undefined {
  if (!text.startsWith(SEAL)) return undefined
  try {
    return JSON.parse(text.slice(text.indexOf('\t') + 1)) as Seal
  } catch {
    return undefined // a torn tail: the summary is made again from the store
  }
}

/** Lines are only true for the settings they were made with. */
function settingsDigest({ prefix, statuses }: Config): string {
  return hash53(JSON.stringify([prefix, statuses])).toString(36)
}
