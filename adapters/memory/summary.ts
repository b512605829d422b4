/** The files of a summary in memory, for simulations: they outlive the process that wrote them, as files do. */
import { crc32 } from 'node:zlib'
import type { ByteText, SummaryFiles } from '../../src/internal.ts'

export interface MemorySummary extends SummaryFiles {
  readonly files: Map<string, Uint8Array>
}

export function memorySummaryFiles(mark: () => string, files: Map<string, Uint8Array> = new Map()): MemorySummary {
  return {
    files,
    mark,
    read: async (name) => {
      const bytes = files.get(name)
      return bytes === undefined ? undefined : memoryByteText(bytes)
    },
    readPart: async (name, start, size) => {
      const bytes = files.get(name)
      return bytes === undefined ? undefined : memoryByteText(bytes.slice(start, start + size))
    },
    append: async (name, bytes) => {
      const before = files.get(name) ?? new Uint8Array()
      files.set(name, concat([before, bytes]))
      return before.length
    },
    replace: async (name, parts) => void files.set(name, concat(parts)),
    remove: async (name) => void files.delete(name),
    names: async () => [...files.keys()],
    // Of no bytes zlib says 0, whatever was before.
    sum: (bytes, from) => (bytes.length === 0 ? from : crc32(bytes, from)),
  }
}

function memoryByteText(bytes: Uint8Array): ByteText {
  const buffer = Buffer.from(bytes)
  return {
    length: buffer.length,
    byteAt: (offset) => buffer[offset] ?? 0,
    indexOfByte: (byte, from) => buffer.indexOf(byte, from),
    indexOf: (text, from = 0) => buffer.indexOf(text, from),
    lastIndexOf: (text, from = buffer.length) => buffer.lastIndexOf(text, from),
    text: (start, end) => buffer.toString('utf8', start, end),
    units: (start, end) => buffer.toString('latin1', start, end),
    bytes: (start, end) => bytes.subarray(start, end),
    part: (start, end) => memoryByteText(bytes.subarray(start, end)),
    copy: (target, at, start, end) => void buffer.copy(target, at, start, end),
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
