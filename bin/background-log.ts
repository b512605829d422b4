/** The log of a background process: lines of JSON in this user's state folder, bounded by turning the file over. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stateFolder, type Environment } from '../adapters/node/places.ts'

const MAX_BYTES = 1024 * 1024

export function logPath(name: string, env: Environment): string {
  return join(stateFolder(env), 'logs', `${name}.log`)
}

/** Never throws: a full disk must not end the process that would say so. The file before the last turn is kept as `.1`. */
export function fileLog(path: string): (line: string) => void {
  let size: number | undefined
  return (line) => {
    try {
      if (size === undefined) {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
        size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
      }
      if (size > MAX_BYTES) {
        renameSync(path, `${path}.1`)
        size = 0
      }
      appendFileSync(path, `${line}\n`, { mode: 0o600 })
      size += Buffer.byteLength(line) + 1
    } catch {
      size = undefined // looked at again with the next line
    }
  }
}
