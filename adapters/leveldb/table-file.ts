/** A table of LevelDB (.ldb), proven block by block. LevelDB does not check these sums while reading: a doctor must. */
import type { Crc32c } from './crc32c.ts'
import { createReader, uint32At } from './varints.ts'

export interface TableCheck {
  /** Where its rows lie, as its index says. Undefined when the index cannot be trusted. */
  readonly blocks: readonly Handle[] | undefined
  /** One sentence each; empty when every byte that matters is proven. */
  readonly problems: readonly string[]
}

export interface Handle {
  readonly offset: number
  readonly size: number
}

export interface BlockEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const FOOTER = 48
const HANDLES = 40
/** Behind every block: whether it is compressed, and a checksum. */
const BLOCK_TRAILER = 5
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]

export function checkTable(bytes: Uint8Array, crc: Crc32c): TableCheck {
  const end = bytes.length - FOOTER
  const magic = bytes.subarray(bytes.length - MAGIC.length)
  if (end < 0 || MAGIC.some((byte, index) => magic[index] !== byte)) {
    return { blocks: undefined, problems: ['its end is missing or damaged'] }
  }
  const footer = createReader(bytes.subarray(end, end + HANDLES))
  const [filters, index] = [handleFrom(footer), handleFrom(footer)]
  const problems: string[] = []
  const prove = (handle: Handle, what: string): boolean => {
    const sound = isSound(bytes.subarray(0, end), handle, crc)
    if (!sound) problems.push(`${what} at byte ${handle.offset} is damaged`)
    return sound
  }
  if (prove(filters, 'the list of filters')) for (const handle of handlesIn(bytes, filters)) prove(handle, 'a filter')
  const blocks = prove(index, 'the index') ? handlesIn(bytes, index) : undefined
  for (const handle of blocks ?? []) prove(handle, `a block of ${handle.size} bytes`)
  return { blocks, problems }
}

/**
 * Blocks without an index: one after another, each ends where its checksum fits. The last may be cut; behind those of
 * rows come others, of other things.
 */
export function findBlocks(bytes: Uint8Array, crc: Crc32c): readonly Handle[] {
  const found: Handle[] = []
  for (let at = 0; at < bytes.length;) {
    const end = crc.endOf(bytes, at, bytes.length, (after) => uint32At(bytes, after))
    found.push({ offset: at, size: (end ?? bytes.length) - 1 - at })
    at = (end ?? bytes.length) + BLOCK_TRAILER - 1
  }
  return found
}

export interface Block {
  /** Whether its checksum fits. */
  readonly sound: boolean
  /** In a block that is not sound, what looks like entries. */
  readonly entries: readonly BlockEntry[]
}

export function readBlock(bytes: Uint8Array, handle: Handle, crc: Crc32c): Block {
  const sound = isSound(bytes, handle, crc)
  return { sound, entries: sound ? blockEntries(bytes, handle) : guessedEntries(bytes, handle) }
}

function isSound(bytes: Uint8Array, { offset, size }: Handle, crc: Crc32c): boolean {
  const end = offset + size
  return end + BLOCK_TRAILER <= bytes.length && crc.masked(bytes, offset, end + 1) === uint32At(bytes, end + 1)
}

/** None in a compressed block, which only another program can have written: its blocks are not looked into. */
function blockEntries(bytes: Uint8Array, { offset, size }: Handle): readonly BlockEntry[] {
  if (bytes[offset + size] !== 0 || size < 4) return []
  const restarts = uint32At(bytes, offset + size - 4)
  return [...entriesIn(bytes.subarray(offset, Math.max(offset, offset + size - 4 - restarts * 4)))]
}

/** Reading begins anew at every place where a key stands whole, as the end of the block lists them, and at the start. */
function guessedEntries(bytes: Uint8Array, { offset, size }: Handle): readonly BlockEntry[] {
  const block = bytes.subarray(offset, offset + size)
  const count = Math.min(uint32At(block, size - 4), Math.floor(size / 4) - 1)
  const listed = Array.from({ length: Math.max(0, count) }, (_, index) =>
    uint32At(block, size - 4 * (count + 1 - index)),
  )
  const starts = [...new Set([0, ...listed.filter((start) => start < size)])]
  return starts.flatMap((start) => [...entriesIn(block.subarray(start))])
}

/** An entry names how much of the key before it it shares: shared · own · value length · own part of the key · value. */
function* entriesIn(bytes: Uint8Array): Generator<BlockEntry> {
  const reader = createReader(bytes)
  let key: Uint8Array = new Uint8Array()
  while (!reader.atEnd()) {
    const [shared, own, length] = [reader.number(), reader.number(), reader.number()]
    const whole = shared <= key.length
    key = Buffer.concat([key.subarray(0, shared), reader.take(own)])
    const value = reader.take(length)
    if (!whole || !reader.wentWell()) return
    yield { key, value }
  }
}

const handlesIn = (bytes: Uint8Array, handle: Handle): readonly Handle[] =>
  blockEntries(bytes, handle).map(({ value }) => handleFrom(createReader(value)))

function handleFrom(reader: { number(): number }): Handle {
  const offset = reader.number()
  return { offset, size: reader.number() }
}
