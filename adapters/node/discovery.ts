/** Where this user's relay listens, for programs of the same user: a file only they can read. It informs; it never locks. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { guarded, unlessMissing } from './disk-errors.ts'
import { stateFolder, type Environment } from './places.ts'

export interface RelayRecord {
  /** `ws://127.0.0.1:5173`: the project's path comes behind it. */
  readonly url: string
  /** `http://127.0.0.1:5174` */
  readonly http: string
  readonly pid: number
  readonly host: string
  readonly version: string
  readonly since: string
  /** What it runs in: `tide up` or `tide server`. */
  readonly by: string
  /** Opens everything: for programs that may read this file. */
  readonly secret: string
}

const MAX_BYTES = 16 * 1024

function discoveryPath(env: Environment): string {
  return join(stateFolder(env), 'relay.json')
}

/** Disposing takes the file away if it is still this one. */
export function announceRelay(env: Environment, record: RelayRecord): Disposable {
  const path = discoveryPath(env)
  const text = `${JSON.stringify(record)}\n`
  guarded('FILE_UNWRITABLE', path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const temporary = `${path}.${process.pid}.tide-tmp`
    rmSync(temporary, { force: true })
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, path)
  })
  return {
    [Symbol.dispose]: () => {
      if (readText(path) === text) unlessMissing(() => rmSync(path))
    },
  }
}

/** The relay that announced itself, if its process still lives on this machine. */
export function findRelay(env: Environment): RelayRecord | undefined {
  const text = readText(discoveryPath(env))
  const record = text === undefined ? undefined : parseRecord(text)
  return record !== undefined && record.host === hostname() && isAlive(record.pid) ? record : undefined
}

function readText(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > MAX_BYTES ? undefined : text
  } catch {
    return undefined // none, or not for us: then there is no relay that we know of
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM'
  }
}

function parseRecord(text: string): RelayRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { url, http, pid, host, version, since, by, secret } = value as { readonly [name: string]: unknown }
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  const texts = [url, http, host, version, since, by, secret]
  if (!texts.every((one) => typeof one === 'string')) return undefined
  return { url, http, pid, host, version, since, by, secret } as RelayRecord
}
