/** Where things live on this machine: sockets, state. The environment comes in; nothing is remembered. */
import { lstatSync, mkdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { TaskError } from '../../src/internal.ts'
import { guarded, unlessMissing, unlessTaken } from './disk-errors.ts'
import { MAX_SOCKET_PATH_BYTES } from './socket-path.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface PlaceOptions {
  /** @default this machine's */
  readonly platform?: NodeJS.Platform
}

/** Others could put a socket of theirs in the place of ours. */
const OTHERS_MAY_WRITE = 0o022

/**
 * A folder that only this user can write to: `$XDG_RUNTIME_DIR`, else `/tmp/tidemark-<uid>`, made when missing.
 * A runtime folder of another user (sudo) or one that is not there counts as none; a `/tmp` folder that is not ours is refused.
 */
export function runtimeFolder(
  env: Environment,
  uid: number | undefined,
  { platform = process.platform }: PlaceOptions = {},
): string {
  if (platform === 'win32') return madeFolder(join(stateFolder(env, { platform }), 'run'))
  const { XDG_RUNTIME_DIR: folder } = env
  if (folder !== undefined && isAbsolute(folder)) {
    const stats = unlessMissing(() => statSync(folder))
    if (stats !== undefined && flawOf(stats, uid) === undefined) return folder
  }
  return temporaryFolder(uid)
}

/** Where state lives that is no workspace's own: not made, only named. */
export function stateFolder(env: Environment, { platform = process.platform }: PlaceOptions = {}): string {
  const { HOME, LOCALAPPDATA, XDG_STATE_HOME } = env
  const home = HOME === undefined || HOME === '' ? homedir() : HOME
  if (platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'tidemark')
  // The standard says that relative paths there are to be ignored.
  if (XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME)) return join(XDG_STATE_HOME, 'tidemark')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'tidemark')
  return join(home, '.local', 'state', 'tidemark')
}

/**
 * Where the owner of a workspace listens: the same for every name of the directory, another for a copy of it or for
 * a directory that took its place.
 */
export function socketPath(
  workspaceDir: string,
  env: Environment,
  uid: number | undefined,
  { platform = process.platform }: PlaceOptions = {},
): string {
  const { real, stats } = guarded('FILE_UNREADABLE', workspaceDir, () => {
    const real = realpathSync.native(workspaceDir)
    return { real, stats: statSync(real, { bigint: true }) }
  })
  const name = fingerprint(`${real}\0${stats.dev}\0${stats.ino}`)
  if (platform === 'win32') return `\\\\.\\pipe\\tidemark-${name}`
  return join(socketFolder(`${name}.sock`, env, uid, { platform }), `${name}.sock`)
}

/** The runtime folder; where the name would be too long for a socket in it, the one in `/tmp`. */
export function socketFolder(
  name: string,
  env: Environment,
  uid: number | undefined,
  { platform = process.platform }: PlaceOptions = {},
): string {
  const folder = runtimeFolder(env, uid, { platform })
  if (platform === 'win32' || Buffer.byteLength(join(folder, name)) <= MAX_SOCKET_PATH_BYTES) return folder
  return temporaryFolder(uid)
}

function madeFolder(path: string): string {
  guarded('FILE_UNWRITABLE', path, () => mkdirSync(path, { recursive: true }))
  return path
}

function temporaryFolder(uid: number | undefined): string {
  const path = `/tmp/tidemark-${uid ?? 'user'}`
  const stats = guarded('FILE_UNWRITABLE', path, () => {
    unlessTaken(() => mkdirSync(path, { mode: 0o700 }))
    return lstatSync(path)
  })
  const flaw = flawOf(stats, uid)
  if (flaw !== undefined) throw new TaskError('FILE_UNWRITABLE', { path, reason: flaw })
  return path
}

function flawOf(stats: Stats, uid: number | undefined): string | undefined {
  if (stats.isSymbolicLink()) return 'it is a link, which someone may have put there to mislead'
  if (!stats.isDirectory()) return 'it is not a folder'
  if (uid !== undefined && stats.uid !== uid) return `it belongs to another user (${stats.uid})`
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0) return 'others may write to it'
  return undefined
}

/**
 * FNV-1a, 64 bits: names a socket, proves nothing (the greeting does). Importing node:crypto for it would cost every start
 * 0.8 ms; this costs 0.05.
 */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}
