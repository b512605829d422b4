/** The files of a summary on a disk. Plain calls that wait: a command reads one or two files and is gone. */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writevSync,
} from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { TaskError } from '../../src/internal.ts'
import type { ByteText, SummaryFiles } from '../../src/internal.ts'
import { unlessTaken } from './disk-errors.ts'

export interface SummaryFilesOptions {
  /** What the store's disk looks like now. */
  readonly fingerprint: () => string
}

export function nodeSummaryFiles(folder: string, { fingerprint }: SummaryFilesOptions): SummaryFiles {
  const path = (name: string): string => join(folder, name)
  let boot: string | undefined
  return {
    // After a start of the machine a tail that was never synced may be missing: then no summary is believed.
    mark: () => `${(boot ??= bootMark())} ${fingerprint()}`,
    read: async (name) => {
      try {
        return byteText(readFileSync(path(name)))
      } catch (cause) {
        return missing(cause, path(name))
      }
    },
    readPart: async (name, start, size) => readPart(path(name), start, size),
    append: async (name, bytes) =>
      writing(path(name), () => {
        makeFolder(folder)
        const at = sizeOf(path(name))
        appendFileSync(path(name), bytes)
        return at
      }),
    replace: async (name, parts) =>
      writing(path(name), () => {
        makeFolder(folder)
        const aside = `${path(name)}.new`
        const file = openSync(aside, 'w')
        try {
          for (let index = 0; index < parts.length; index += 512) writeAll(file, parts.slice(index, index + 512))
        } finally {
          closeSync(file)
        }
        renameSync(aside, path(name))
      }),
    remove: async (name) => writing(path(name), () => rmSync(path(name), { force: true })),
    names: async () => {
      try {
        return readdirSync(folder)
      } catch (cause) {
        return missing(cause, folder) ?? []
      }
    },
    // Of no bytes zlib says 0, whatever was before.
    sum: (bytes, from) => (bytes.length === 0 ? from : crc32(bytes, from)),
  }
}

/** Only itself: where the workspace is gone, none is made. */
function makeFolder(folder: string): void {
  unlessTaken(() => mkdirSync(folder))
}

function byteText(buffer: Buffer): ByteText {
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
  return {
    length: buffer.length,
    byteAt: (offset) => buffer[offset] ?? 0,
    // Buffer's own search and copy check what they are given so often that V8 compiles the checks: 5 MiB of a command's peak.
    indexOfByte: (byte, from) => bytes.indexOf(byte, from),
    indexOf: (text, from = 0) => buffer.indexOf(text, from),
    lastIndexOf: (text, from = buffer.length) => buffer.lastIndexOf(text, from),
    text: (start, end) => buffer.toString('utf8', start, end),
    units: (start, end) => buffer.toString('latin1', start, end),
    bytes: (start, end) => bytes.subarray(start, end),
    part: (start, end) => byteText(buffer.subarray(start, end)),
    copy: (target, at, start, end) => target.set(bytes.subarray(start, end), at),
  }
}

function writeAll(file: number, parts: readonly Uint8Array[]): void {
  const whole = parts.reduce((sum, part) => sum + part.length, 0)
  let done = writevSync(file, parts)
  if (done === whole) return
  const rest = Buffer.concat(parts)
  while (done < whole) done += writevSync(file, [rest.subarray(done)])
}

function readPart(path: string, start: number, size: number): ByteText | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    return missing(cause, path)
  }
  try {
    const bytes = Buffer.allocUnsafe(size)
    let done = 0
    while (done < size) {
      const count = readSync(file, bytes, done, size - done, start + done)
      if (count === 0) break
      done += count
    }
    return byteText(bytes.subarray(0, done))
  } finally {
    closeSync(file)
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function bootMark(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    // Not Linux: the time of the last start, as coarse as clocks are corrected.
    return String(Math.round((Date.now() - uptime() * 1000) / 60_000))
  }
}

function missing(cause: unknown, path: string): undefined {
  if (codeOf(cause) === 'ENOENT') return undefined
  throw new TaskError('FILE_UNREADABLE', { path, reason: codeOf(cause) }, { cause })
}

function writing<Result>(path: string, write: () => Result): Result {
  try {
    return write()
  } catch (cause) {
    throw new TaskError('FILE_UNWRITABLE', { path, reason: codeOf(cause) }, { cause })
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}
