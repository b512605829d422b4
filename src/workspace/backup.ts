/** A project's whole state as one file, and back. Coming back merges: nothing that is here is lost. */
import { TaskError } from '../errors.ts'
import type { Change } from '../history/change.ts'
import { longHash } from '../task/hash.ts'
import { quote } from '../task/input.ts'
import type { Json } from '../task/types.ts'
import { renderConfig } from './config.ts'
import type { Project } from './project.ts'

const KIND = 'tidemark-backup'
const VERSION = 1

interface BackupFile {
  readonly kind: typeof KIND
  readonly version: number
  readonly config: Json
  /** The greatest number any key ever had, purged tasks included. */
  readonly lastNumber: number
  readonly document: string
  readonly history: readonly Change[]
  /** Over all of the above: a cut or damaged file is refused whole. */
  readonly sum: string
}

export interface Backup {
  readonly config: string
  readonly lastNumber: number
  readonly document: Uint8Array
  readonly history: readonly Change[]
}

export async function makeBackup(project: Project): Promise<Uint8Array> {
  const replica = await project.replica()
  const held = await project.hold()
  const { lastNumber } = held
  const history = await held.history()
  const config = JSON.parse(renderConfig(project.world.config)) as Json
  const document = toBase64(replica.encode())
  const content = { kind: KIND, version: VERSION, config, lastNumber, document, history } as const
  return new TextEncoder().encode(`${JSON.stringify({ ...content, sum: longHash(JSON.stringify(content)) })}\n`)
}

export function parseBackup(bytes: Uint8Array, path = 'the file'): Backup {
  const bad = (problem: string, cause?: unknown): TaskError =>
    new TaskError('BACKUP_INVALID', { path, problem }, cause === undefined ? {} : { cause })
  let file: BackupFile
  try {
    file = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as BackupFile
  } catch (cause) {
    throw bad('it is cut short or not a backup at all', cause)
  }
  if (typeof file !== 'object' || file === null || file.kind !== KIND) throw bad('it is not a backup of this product')
  if (file.version !== VERSION) throw bad(`it has version ${quote(file.version)}, this one knows ${VERSION}`)
  const { sum, ...content } = file
  if (longHash(JSON.stringify(content)) !== sum) throw bad('its checksum does not fit: it was changed or damaged')
  const { config, lastNumber, document, history } = file
  if (typeof document !== 'string' || !Number.isInteger(lastNumber) || !Array.isArray(history))
    throw bad('a part of it is missing')
  return { config: JSON.stringify(config), lastNumber, document: fromBase64(document), history }
}

/** Merges the backup in; returns how many tasks it touched. */
export async function recoverBackup(project: Project, backup: Backup, by: string | null): Promise<number> {
  const { document, history, lastNumber } = backup
  return (await project.absorb([document], { verb: 'recover', name: by }, { history, lastNumber })).length
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let index = 0; index < bytes.length; index += 3) {
    const [a = 0, b, c] = [bytes[index], bytes[index + 1], bytes[index + 2]]
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    const text =
      DIGITS.charAt(word >> 18) +
      DIGITS.charAt((word >> 12) & 63) +
      DIGITS.charAt((word >> 6) & 63) +
      DIGITS.charAt(word & 63)
    parts.push(c === undefined ? (b === undefined ? `${text.slice(0, 2)}==` : `${text.slice(0, 3)}=`) : text)
  }
  return parts.join('')
}

export function fromBase64(text: string): Uint8Array {
  const clean = text.replace(/=+$/, '')
  const bytes = new Uint8Array(Math.floor((clean.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (const digit of clean) {
    const value = DIGITS.indexOf(digit)
    if (value < 0)
      throw new TaskError('INVALID_INPUT', {
        field: 'backup',
        problem: 'it is not base64',
        fix: 'give the text that workspace.backup answered',
      })
    word = ((word << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (word >> bits) & 0xff
    }
  }
  return bytes
}
