/**
 * The index between base and tail of a summary: with it one task is read without reading all of them. A line for each block
 * of the base, behind one that says what head and base sum up to; the seal's sum goes over all of it as over any other bytes.
 *
 *   >sum of head and base+sum of the head
 *   >place in the base+size+sum⇥ 4fq7k2m9x3#12# ab3…#13#14#            the block's uids, with the numbers of their keys
 */
import type { Uid } from '../ids.ts'
import type { ByteText, SummaryFiles } from '../ports.ts'

/** A line of the base, and what it is found by. */
export interface BaseLine {
  readonly uid: Uid
  readonly numbers: readonly number[]
  readonly bytes: Uint8Array
}

/** Some lines of the base that stand together. */
export interface Block {
  readonly at: number
  readonly size: number
  readonly sum: number
}

const MARK = '>'
const TAB = 9
/** `>xxxxxxxx+xxxxxxxx`, with its line end. */
export const INDEX_START_BYTES = 19
const BLOCK_BYTES = 32 * 1024
const UID_LENGTH = 10

/** All of the index but its start, which is known when head and base are summed up. */
export function writeBlocks(files: Pick<SummaryFiles, 'sum'>, lines: readonly BaseLine[]): string {
  const blocks: string[] = []
  let [at, size, sum, names] = [0, 0, 0, '']
  const end = (): void => {
    if (size > 0) blocks.push(`${MARK}${at}+${size}+${sum}\t${names}\n`)
    ;[at, size, sum, names] = [at + size, 0, 0, '']
  }
  for (const { uid, numbers, bytes } of lines) {
    size += bytes.length
    sum = files.sum(bytes, sum)
    names += ` ${uid}#${numbers.map((number) => `${number}#`).join('')}`
    if (size >= BLOCK_BYTES) end()
  }
  end()
  return blocks.join('')
}

export interface BaseSums {
  readonly head: number
  /** Of the head and the base behind it. */
  readonly base: number
}

export function writeIndexStart({ head, base }: BaseSums): string {
  return `${MARK}${hexOf(base)}+${hexOf(head)}\n`
}

/** What the index says; the seal behind it proves it. */
export function readIndexStart(index: ByteText): BaseSums | undefined {
  const [, base, head] = /^>([0-9a-f]{8})\+([0-9a-f]{8})\n$/.exec(index.text(0, INDEX_START_BYTES)) ?? []
  if (base === undefined || head === undefined) return undefined
  return { base: Number.parseInt(base, 16), head: Number.parseInt(head, 16) }
}

/** The block in which the base has a line of this task. */
export function blockOf(index: ByteText, uid: Uid): Block | undefined {
  const place = index.indexOf(` ${uid}#`)
  if (place < 0) return undefined
  const start = index.lastIndexOf('\n', place) + 1
  const [at, size, sum] = index
    .text(start + MARK.length, index.indexOfByte(TAB, start))
    .split('+')
    .map(Number)
  return at === undefined || size === undefined || sum === undefined ? undefined : { at, size, sum }
}

/** Whom the base knows by this number. */
export function indexedWith(index: ByteText, number: number): readonly Uid[] {
  const found: Uid[] = []
  const text = `#${number}#`
  for (let place = index.indexOf(text); place >= 0; place = index.indexOf(text, place + 1)) {
    const start = index.lastIndexOf(' ', place) + 1
    found.push(index.text(start, start + UID_LENGTH) as Uid)
  }
  return found
}

function hexOf(sum: number): string {
  return sum.toString(16).padStart(8, '0')
}
