/** The owner file: who holds a workspace's store, for people to read. It informs; it never locks. */
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Runtime } from '../../src/internal.ts'
import { codeOf, guarded, unlessMissing } from './disk-errors.ts'

/** What a holder says about itself. */
export interface OwnerNote {
  readonly version: string
  /** What people would recognise it by, as in `tide up`. */
  readonly command: string
  /** Where it listens; commands with another environment would look elsewhere. */
  readonly socket?: string
}

export interface OwnerRecord extends OwnerNote {
  readonly pid: number
  readonly host: string
  /** The process numbers `pid` belongs to: another text is another container. */
  readonly container: string
  /** When it began, in ISO 8601. */
  readonly since: string
  /** What it was last busy with. */
  readonly step: string
}

/** Gone: that process is dead, the record is of no one. Unknown: it is on another host or in another container. */
export type Life = 'alive' | 'gone' | 'unknown'

export interface Announcement extends AsyncDisposable {
  /** Says that work goes on: whoever waits for the store waits longer. Cheap to call often. */
  report(step: string): void
}

const MAX_OWNER_BYTES = 16 * 1024
const MAX_TEXT_LENGTH = 200
/** Those who wait look every few milliseconds but count seconds. */
const REPORT_EVERY_MS = 100

/** Only who holds the store may announce itself. Disposing takes the file away if it is still this one. */
export function announce(dir: string, note: OwnerNote, runtime: Runtime): Announcement {
  const path = ownerPath(dir)
  const { version, command, socket } = note
  const since = new Date(runtime.now()).toISOString()
  const record = { pid: process.pid, host: hostname(), container: container(), version, command, socket, since }
  let text = ''
  let writtenAt = 0
  const write = (step: string): void => {
    writtenAt = runtime.now()
    text = `${JSON.stringify({ ...record, step })}\n`
    guarded('FILE_UNWRITABLE', path, () => replaceFile(path, text))
  }
  write('')
  return {
    report: (step) => {
      if (text !== '' && runtime.now() - writtenAt >= REPORT_EVERY_MS) write(step)
    },
    [Symbol.asyncDispose]: async () => {
      const own = text
      text = ''
      if (own === '' || readOwnerText(dir) !== own) return
      guarded('FILE_UNWRITABLE', path, () => unlessMissing(() => unlinkSync(path)))
    },
  }
}

/** The last that announced itself, dead or alive; undefined when there is none, or nothing that can be read. */
export function readOwner(dir: string): OwnerRecord | undefined {
  const text = readOwnerText(dir)
  return text === undefined ? undefined : parseOwner(text)
}

/** The file as it is: another text is a sign of life. */
export function readOwnerText(dir: string): string | undefined {
  try {
    const file = openSync(ownerPath(dir), 'r')
    try {
      return fstatSync(file).size > MAX_OWNER_BYTES ? undefined : readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  } catch {
    // For people only: a file that cannot be read says nothing, and stops nobody.
    return undefined
  }
}

export function lifeOf(record: OwnerRecord): Life {
  if (record.host !== hostname() || record.container !== container()) return 'unknown'
  try {
    process.kill(record.pid, 0)
    return 'alive'
  } catch (cause) {
    return codeOf(cause) === 'ESRCH' ? 'gone' : 'alive'
  }
}

/** Who holds the store, in words for an error. */
export function holderOf(dir: string): string {
  const record = readOwner(dir)
  const nameless = 'a process that did not give its name'
  if (record === undefined) return nameless
  const { pid, host, version, command, since, step } = record
  switch (lifeOf(record)) {
    case 'gone':
      return `${nameless} (the last that did, ${command} with pid ${pid}, is gone)`
    case 'unknown':
      return `${command} (pid ${pid} on ${host}, another machine or container, version ${version}, since ${since}${doing(step)})`
    case 'alive':
      return `${command} (pid ${pid} on ${host}, version ${version}, since ${since}${doing(step)})`
  }
}

/** Renamed into place so that nobody reads half; not synced, it is worth nothing after a crash. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tide-tmp`
  try {
    writeFileSync(temporary, text)
    renameSync(temporary, path)
  } catch (cause) {
    unlessMissing(() => unlinkSync(temporary))
    throw cause
  }
}

function doing(step: string): string {
  return step === '' ? '' : `, at ${step}`
}

function ownerPath(dir: string): string {
  return join(dir, '.tidemark', 'owner.json')
}

/** Linux names the set of process numbers a process lives in; other systems have one. */
function container(): string {
  if (process.platform !== 'linux') return ''
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    // Without /proc nothing is known: then equal texts still mean the same host.
    return ''
  }
}

function parseOwner(text: string): OwnerRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Readonly<Record<string, unknown>>
  const pid = fields['pid']
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  const socket = fields['socket']
  return {
    pid,
    host: shown(fields['host']),
    container: shown(fields['container']),
    version: shown(fields['version']),
    command: shown(fields['command']),
    since: shown(fields['since']),
    step: shown(fields['step']),
    ...(typeof socket === 'string' ? { socket } : {}),
  }
}

/** It ends on a terminal: short, and nothing that moves the cursor. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\p{C}/gu, '').slice(0, MAX_TEXT_LENGTH) : ''
}
