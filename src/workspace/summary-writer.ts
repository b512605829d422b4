/** Keeps the summary true: appends the lines a change touches, writes the whole anew when its tail has grown long. */
import type { Uid } from '../ids.ts'
import type { SummaryFiles } from '../ports.ts'
import { BODY, CONFIRMED, CREATED, NUMBER, PARENT, TITLE, type Field } from '../task/fields.ts'
import { inOrder } from '../task/query.ts'
import { aliveIn, shown, type Stamp, type TaskState } from '../task/registers.ts'
import { numbersOf, type TaskTable } from '../task/table.ts'
import { isDeleted, isGone, kindOf, parentOf, viewTask, type ViewContext } from '../task/view.ts'
import type { Config } from './config.ts'
import {
  currentLines,
  findLine,
  parseSummary,
  SUMMARY,
  writeHead,
  writeSeal,
  type Seal,
  type Summary,
} from './summary.ts'
import { INDEX_START_BYTES, writeBlocks, writeIndexStart, type BaseLine } from './summary-index.ts'
import { writeLine, type Line, type TextPlace } from './summary-line.ts'

/** What the holder of the store knows for the seal; the rest follows from the lines. */
export interface SealFacts {
  readonly nonce: string
  readonly tail: Stamp | null
  readonly lastNumber: number
}

interface Source {
  readonly tasks: TaskTable
  readonly context: ViewContext
  readonly body: (state: TaskState) => Promise<string>
  readonly seal: SealFacts
}

export interface SummaryChanges extends Source {
  readonly uids: ReadonlySet<Uid>
  /** States before: what did not change is not written again. */
  readonly before: ReadonlyMap<Uid, TaskState | undefined>
  /** Others may know a task that is new here; characters of a body may have come without its register. */
  readonly isFromElsewhere: boolean
}

const SEARCHES_BEFORE_INDEX = 24
const LEAST_TAIL_BYTES = 128 * 1024
const LEAST_TEXT_GARBAGE = 1024 * 1024

export class SummaryWriter {
  readonly #files: SummaryFiles
  readonly #config: Config
  readonly #places = new Map<Uid, TextPlace>()
  #summary: Summary | undefined
  #lines: ReadonlyMap<Uid, Line> | undefined
  #searches = 0
  #texts: string
  #textBytes: number
  #lastOrder: string | null
  #greatest: number
  #mark: string | undefined
  #tailBytes: number
  #baseBytes: number
  /** Of all bytes of the summary so far. */
  #sum: number

  constructor(files: SummaryFiles, config: Config, summary: Summary | undefined) {
    this.#files = files
    this.#config = config
    this.#summary = summary
    this.#texts = summary?.texts ?? 'texts-0'
    this.#textBytes = summary?.seal.textBytes ?? 0
    this.#lastOrder = summary?.seal.lastOrder ?? null
    this.#greatest = summary?.seal.greatestNumber ?? 0
    this.#mark = summary?.seal.mark
    this.#baseBytes = summary === undefined ? 0 : summary.baseEnd - summary.baseStart
    this.#sum = summary?.sum ?? 0
    this.#tailBytes = summary === undefined ? 0 : summary.source.length - summary.tailStart
  }

  /** The greatest order key any task has. */
  get lastOrder(): string | null {
    return this.#lastOrder
  }

  /** The file that texts stand in now. */
  get textsName(): string {
    return this.#texts
  }

  /** Where the text of a task stands, when this process wrote it. */
  placeOf(uid: Uid): TextPlace | undefined {
    return this.#places.get(uid)
  }

  /** Appends the lines of changed tasks, and of those whose line shows something of them. */
  async write(source: SummaryChanges): Promise<void> {
    const { tasks, uids, before, isFromElsewhere } = source
    const lines: string[] = []
    for (const uid of affected(source)) {
      const state = tasks.get(uid)
      if (state === undefined) continue
      const rewrite = uids.has(uid) && (isFromElsewhere || textDiffers(before.get(uid), state))
      const place = rewrite ? await this.#appendText(state, await source.body(state)) : this.#placeNow(uid)
      lines.push(this.#line(state, source.context, place))
    }
    await this.#append(lines, source.seal)
    if (this.#tailBytes > Math.max(LEAST_TAIL_BYTES, this.#baseBytes / 4)) await this.#fold(source.seal)
  }

  /** Everything anew, from a table that is known to be true. */
  async rewrite({ tasks, context, body, seal }: Source): Promise<void> {
    const texts = nextName(this.#texts)
    const lines: BaseLine[] = []
    const bodies: Uint8Array[] = []
    let size = 0
    for (const state of [...gone(tasks), ...inOrder(tasks)]) {
      const bytes = encode(searchText(state, isGone(state) ? '' : await body(state)))
      const place = { at: size, size: bytes.length, sum: this.#files.sum(bytes, 0) }
      bodies.push(bytes)
      size += bytes.length
      this.#places.set(state.uid, place)
      const { uid } = state
      lines.push({ uid, numbers: numbersOf(state), bytes: encode(this.#line(state, context, place)) })
    }
    await this.#files.replace(texts, bodies)
    await this.#replace(texts, size, lines, seal)
    await this.#removeOthers()
  }

  /** A last seal, if the store was opened or written since the one before. */
  async close(seal: SealFacts): Promise<void> {
    if (this.#mark !== this.#files.mark()) await this.#append([], seal)
  }

  /** Texts of a summary that was not believed, of another version say: nobody else takes them away. */
  async #removeOthers(): Promise<void> {
    for (const name of await this.#files.names())
      if (/^texts-\d+$/.test(name) && name !== this.#texts) await this.#files.remove(name)
  }

  #line(state: TaskState, context: ViewContext, place: TextPlace | undefined): string {
    if (isGone(state)) return writeLine(state, undefined, 'dropped', undefined)
    const view = viewTask(state, context)
    if (this.#lastOrder === null || view.order > this.#lastOrder) this.#lastOrder = view.order
    return writeLine(state, view, kindOf(state, this.#config.statuses), place)
  }

  #placeNow(uid: Uid): TextPlace | undefined {
    return this.#places.get(uid) ?? this.#lineOf(uid)?.textPlace()
  }

  /** As it was when this process took the store; after some searches an index of all lines costs less than searching on. */
  #lineOf(uid: Uid): Line | undefined {
    if (this.#summary === undefined) return undefined
    if (this.#lines === undefined && ++this.#searches <= SEARCHES_BEFORE_INDEX) return findLine(this.#summary, uid)
    this.#lines ??= new Map(currentLines(this.#summary).map((line) => [line.uid, line]))
    return this.#lines.get(uid)
  }

  async #appendText(state: TaskState, body: string): Promise<TextPlace> {
    const bytes = encode(searchText(state, body))
    const at = await this.#files.append(this.#texts, bytes)
    const place = { at, size: bytes.length, sum: this.#files.sum(bytes, 0) }
    if (place.at !== this.#textBytes) throw new Error(`${this.#texts} was changed by someone else`)
    this.#textBytes += bytes.length
    this.#places.set(state.uid, place)
    return place
  }

  async #append(lines: readonly string[], facts: SealFacts): Promise<void> {
    const added = encode(lines.join(''))
    const before = this.#files.sum(added, this.#sum)
    const seal = encode(writeSeal(this.#files, this.#seal(facts), before))
    const bytes = new Uint8Array(added.length + seal.length)
    bytes.set(added)
    bytes.set(seal, added.length)
    await this.#files.append(SUMMARY, bytes)
    this.#sum = this.#files.sum(seal, before)
    this.#tailBytes += bytes.length
  }

  #seal({ nonce, tail, lastNumber }: SealFacts): Seal {
    this.#greatest = Math.max(this.#greatest, lastNumber)
    this.#mark = this.#files.mark()
    const [greatestNumber, lastOrder, textBytes] = [this.#greatest, this.#lastOrder, this.#textBytes]
    return { mark: this.#mark, nonce, tail, greatestNumber, lastOrder, textBytes }
  }

  /** The newest lines become the base; texts that nothing names any more go when they are most of their file. */
  async #fold(facts: SealFacts): Promise<void> {
    const source = await this.#files.read(SUMMARY)
    const summary = source === undefined ? undefined : parseSummary(this.#files, source, this.#config)
    const all = await this.#files.read(this.#texts)
    if (summary === undefined || all === undefined) return
    const lines = currentLines(summary)
    const living = lines.reduce((sum, line) => sum + (line.textPlace()?.size ?? 0), 0)
    if (all.length < 2 * living + LEAST_TEXT_GARBAGE) {
      const kept = lines.map((line) => baseLine(line, line.bytes))
      return this.#replace(this.#texts, this.#textBytes, kept, facts)
    }
    const texts = nextName(this.#texts)
    const kept: Uint8Array[] = []
    let size = 0
    const moved = lines.map((line) => {
      const old = line.textPlace()
      if (old === undefined) return baseLine(line, encode(line.withText(undefined)))
      const place = { ...old, at: size }
      kept.push(all.bytes(old.at, old.at + old.size))
      size += old.size
      this.#places.set(line.uid, place)
      return baseLine(line, encode(line.withText(place)))
    })
    await this.#files.replace(texts, kept)
    await this.#replace(texts, size, moved, facts)
  }

  async #replace(texts: string, textBytes: number, lines: readonly BaseLine[], facts: SealFacts): Promise<void> {
    this.#textBytes = textBytes
    const baseBytes = lines.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const blocks = encode(writeBlocks(this.#files, lines))
    const head = encode(writeHead(this.#config, texts, baseBytes, INDEX_START_BYTES + blocks.length))
    const base = [head, ...lines.map(({ bytes }) => bytes)]
    const baseSum = base.reduce((sum, bytes) => this.#files.sum(bytes, sum), 0)
    const start = encode(writeIndexStart({ head: this.#files.sum(head, 0), base: baseSum }))
    const before = this.#files.sum(blocks, this.#files.sum(start, baseSum))
    const seal = encode(writeSeal(this.#files, this.#seal(facts), before))
    await this.#files.replace(SUMMARY, [...base, start, blocks, seal])
    this.#sum = this.#files.sum(seal, before)
    if (texts !== this.#texts) await this.#files.remove(this.#texts)
    this.#texts = texts
    this.#baseBytes = baseBytes
    this.#tailBytes = 0
  }
}

function baseLine(line: Line, bytes: Uint8Array): BaseLine {
  return { uid: line.uid, numbers: line.outline().numbers, bytes }
}

/** The body of a task from the file of texts; undefined when it does not stand there, whole. */
export async function readBodyAt(files: SummaryFiles, texts: string, place: TextPlace): Promise<string | undefined> {
  const part = await files.readPart(texts, place.at, place.size)
  if (part?.length !== place.size || files.sum(part.bytes(0, place.size), 0) !== place.sum) return undefined
  const text = part.text(0, place.size)
  return text.slice(text.indexOf('\n') + 1)
}

/** Purged tasks have no place in the order: their lines stand before all others. */
function gone(tasks: TaskTable): readonly TaskState[] {
  return [...tasks.uids()].flatMap((uid) => {
    const state = tasks.get(uid)
    return state !== undefined && isGone(state) ? [state] : []
  })
}

/** What a search looks through: the title's line, then the body. */
export function searchText(state: TaskState, body: string): string {
  const title = shown(state, TITLE)
  return `${typeof title === 'string' ? title.replaceAll('\n', ' ') : ''}\n${body}`
}

function textDiffers(before: TaskState | undefined, state: TaskState): boolean {
  return before === undefined || !hasSame(before, state, [TITLE, BODY])
}

/** Every task whose line may differ: what changed, who names it, who shares its number or its circle of parents. */
function affected({ tasks, uids, before, context, isFromElsewhere }: SummaryChanges): ReadonlySet<Uid> {
  const found = new Set(uids)
  for (const uid of uids) {
    const [was, is] = [before.get(uid), tasks.get(uid)]
    if (was === undefined && !isFromElsewhere) continue // made here: nobody knows it yet
    for (const other of circles(tasks, uid, was, is)) found.add(other)
    const keepsKey = hasSame(was, is, [NUMBER, CONFIRMED, CREATED])
    if (keepsKey && sameToOthers(was, is, context)) continue
    const rivals = keepsKey ? [] : sharingNumber(tasks, was, is)
    for (const shown of [uid, ...rivals]) {
      found.add(shown)
      for (const other of tasks.referring(shown)) found.add(other)
    }
  }
  return found
}

/** Which of the parents in a circle is ignored depends on all of its moves. */
function circles(tasks: TaskTable, uid: Uid, was: TaskState | undefined, is: TaskState | undefined): readonly Uid[] {
  if (hasSame(was, is, [PARENT])) return []
  return [was, is].flatMap((state) => {
    const way = new Set<Uid>()
    let at = state === undefined ? null : parentOf(state)
    for (; at !== null && at !== uid && !way.has(at); at = parentIn(tasks, at)) way.add(at)
    return at === uid ? [...way] : []
  })
}

function parentIn(tasks: TaskTable, uid: Uid): Uid | null {
  const state = tasks.get(uid)
  return state === undefined ? null : parentOf(state)
}

function sharingNumber(tasks: TaskTable, was: TaskState | undefined, is: TaskState | undefined): readonly Uid[] {
  const numbers = new Set([was, is].flatMap((state) => (state === undefined ? [] : numbersOf(state))))
  return [...numbers].flatMap((number) => [...tasks.withNumber(number)])
}

function hasSame(was: TaskState | undefined, is: TaskState | undefined, fields: readonly Field[]): boolean {
  return fields.every((field) => aliveIn(was, field) === aliveIn(is, field))
}

/** Whether what other lines show of this task stays as it is. */
function sameToOthers(was: TaskState | undefined, is: TaskState | undefined, { statuses }: ViewContext): boolean {
  if (was === undefined || is === undefined) return false
  return (
    kindOf(was, statuses) === kindOf(is, statuses) && isDeleted(was) === isDeleted(is) && isGone(was) === isGone(is)
  )
}

function nextName(texts: string): string {
  return `texts-${Number(texts.slice('texts-'.length)) + 1}`
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
