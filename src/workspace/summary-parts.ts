/**
 * A few tasks of a summary without the whole of it: its head, its index and its tail are read and proven by the seal, then
 * the blocks of the base that are asked for, each proven by its sum in the index. Whatever is not as it should be makes
 * this answer nothing, and the summary is read, and judged, whole.
 */
import type { Uid } from '../ids.ts'
import type { ByteText, SummaryFiles } from '../ports.ts'
import type { TaskTable } from '../task/table.ts'
import type { Config } from './config.ts'
import { findLine, parseHead, parseSealed, SUMMARY, tailLines, type SummaryHead } from './summary.ts'
import { blockOf, indexedWith, readIndexStart, type Block } from './summary-index.ts'
import { uidAt, type Line } from './summary-line.ts'

/** Longer than any head. */
const HEAD_BYTES = 512
/** A tail that is longer was left by one great change: reading all is as good then. */
const MOST_TAIL_BYTES = 4 * 1024 * 1024

export class SummaryParts {
  readonly texts: string
  readonly #files: SummaryFiles
  readonly #index: ByteText
  readonly #tail: ByteText
  readonly #newest: ReadonlyMap<Uid, Line>
  readonly #baseStart: number
  readonly #blocks = new Map<number, ByteText>()

  private constructor(files: SummaryFiles, { texts, baseStart, baseEnd, tailStart }: SummaryHead, rest: ByteText) {
    const indexBytes = tailStart - baseEnd
    this.#files = files
    this.texts = texts
    this.#baseStart = baseStart
    this.#index = rest.part(0, indexBytes)
    this.#tail = rest.part(indexBytes, rest.length)
    this.#newest = tailLines(this.#tail, 0)
  }

  /** Undefined when there is no summary of now that can be read in parts. */
  static async open(files: SummaryFiles, config: Config): Promise<SummaryParts | undefined> {
    const start = await files.readPart(SUMMARY, 0, HEAD_BYTES)
    const head = start === undefined ? undefined : parseHead(start, config)
    if (head === undefined) return undefined
    const indexBytes = head.tailStart - head.baseEnd
    const most = indexBytes + MOST_TAIL_BYTES
    const rest = indexBytes > 0 ? await files.readPart(SUMMARY, head.baseEnd, most) : undefined
    if (rest === undefined || rest.length <= indexBytes || rest.length === most) return undefined
    const sums = readIndexStart(rest)
    const sealed = sums === undefined ? undefined : parseSealed(files, rest, sums.base)
    // What the seal proves is the index; that proves the head, and each block of the base.
    if (sealed?.seal.mark !== files.mark()) return undefined
    if (start === undefined || files.sum(start.bytes(0, head.baseStart), 0) !== sums?.head) return undefined
    return new SummaryParts(files, head, rest)
  }

  /** What `ask` makes of the tasks it asks for; undefined where it asks for all, or a block is not what the index says. */
  async answer<Answer>(ask: (tasks: TaskTable) => Answer): Promise<Answer | undefined> {
    const tasks = this.#table()
    for (;;) {
      try {
        return ask(tasks)
      } catch (cause) {
        if (!(cause instanceof Wanted)) throw cause
        if (cause.block === undefined || !(await this.#load(cause.block))) return undefined
      }
    }
  }

  #table(): TaskTable {
    const all = (): never => {
      throw new Wanted(undefined)
    }
    return {
      get: (uid) => this.line(uid)?.state(),
      withNumber: (number) => this.#withNumber(number),
      uids: all,
      referring: all,
      get count() {
        return all()
      },
      get greatestNumber() {
        return all()
      },
    }
  }

  /** The newest line of a task; only where the answer asked for it. */
  line(uid: Uid): Line | undefined {
    const newest = this.#newest.get(uid)
    const block = newest === undefined ? blockOf(this.#index, uid) : undefined
    if (block === undefined) return newest
    const source = this.#blocks.get(block.at)
    if (source === undefined) throw new Wanted(block)
    return findLine({ source, baseStart: 0 }, uid)
  }

  #withNumber(number: number): readonly Uid[] {
    const known = new Set([...indexedWith(this.#index, number), ...linesNaming(this.#tail, `#${number}#`)])
    return [...known].filter((uid) => this.line(uid)?.outline().numbers.includes(number) === true)
  }

  async #load({ at, size, sum }: Block): Promise<boolean> {
    const block = await this.#files.readPart(SUMMARY, this.#baseStart + at, size)
    if (block?.length !== size || this.#files.sum(block.bytes(0, size), 0) !== sum) return false
    this.#blocks.set(at, block)
    return true
  }
}

/** Uids of lines that hold the text somewhere: candidates. */
function* linesNaming(source: ByteText, text: string): Iterable<Uid> {
  for (let place = source.indexOf(text); place >= 0; place = source.indexOf(text, place + 1))
    yield uidAt(source, source.lastIndexOf('\n', place) + 1)
}

/** Thrown out of a question: it is asked again when the block is there. Without one, all would be wanted. */
class Wanted extends Error {
  readonly block: Block | undefined

  constructor(block: Block | undefined) {
    super('a part of the summary is not read yet')
    this.block = block
  }
}
