/** A workspace on this machine: where it is, what it is made of, who has it open. Joins the adapters for one directory. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { storeFingerprint } from '../adapters/leveldb/fingerprint.ts'
import { nativeFormat } from '../adapters/markdown/native.ts'
import { openFiles } from '../adapters/node/files.ts'
import type { WatchQueue } from '../adapters/node/watching.ts'
import { gitRepository } from '../adapters/node/repository.ts'
import { acquire, findOwner } from '../adapters/node/owner.ts'
import { holderOf } from '../adapters/node/owner-file.ts'
import { socketPath, type Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { unlessTaken } from '../adapters/node/disk-errors.ts'
import { nodeSummaryFiles } from '../adapters/node/summary.ts'
import {
  parseConfig,
  TaskError,
  type Config,
  type Connection,
  type Format,
  type ProjectWorld,
  type Runtime,
  type Store,
  type WriterNote,
} from '../src/index.ts'

export const CONFIG_FILE = 'tidemark.json'
const STATE_FOLDER = '.tidemark'

/** Thrown out of a wait for the store when its holder turns out to answer calls. */
export class OwnerFound extends Error {
  readonly connection: Connection

  constructor(connection: Connection) {
    super('the workspace has an owner that answers')
    this.connection = connection
  }
}

export interface Place {
  readonly dir: string
  readonly env: Environment
  readonly runtime: Runtime
  readonly socket: string
  /** Of all workspaces that this process watches. */
  readonly watchQueue?: WatchQueue
}

/** The nearest directory at or above `from` that holds a workspace. */
export function findWorkspace(from: string): string {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    if (existsSync(join(dir, CONFIG_FILE))) return dir
    if (dirname(dir) === dir) throw new TaskError('NOT_A_WORKSPACE', { dir: from })
  }
}

export function placeOf(dir: string, env: Environment, runtime: Runtime = nodeRuntime()): Place {
  return { dir, env, runtime, socket: socketPath(dir, env, process.getuid?.()) }
}

export function readConfigFile(dir: string): { readonly text: string; readonly config: Config } {
  const path = join(dir, CONFIG_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TaskError('FILE_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
  return { text, config: parseConfig(text) }
}

/** The state folder, ignored by git whatever the repository says. */
export function prepareState(dir: string): string {
  const state = join(dir, STATE_FOLDER)
  try {
    unlessTaken(() => mkdirSync(state))
    const ignore = join(state, '.gitignore')
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
  } catch (cause) {
    throw new TaskError('FILE_UNWRITABLE', { path: state, reason: reasonOf(cause) }, { cause })
  }
  return state
}

function storePath(dir: string): string {
  return join(dir, STATE_FOLDER, 'store')
}

export function projectWorld(
  place: Place,
  options: { readonly live?: boolean; readonly actorName: string | null },
): ProjectWorld {
  const { dir, runtime, socket, watchQueue } = place
  const store = storePath(dir)
  const { config } = readConfigFile(dir)
  const onDisk = diskPlace(dir)
  const summary = nodeSummaryFiles(join(dir, STATE_FOLDER), { fingerprint: () => storeFingerprint(store) })
  const format = formatOf(config)
  return {
    runtime,
    config,
    dir,
    summary,
    ...(format === undefined
      ? {}
      : {
          mirror: {
            runtime,
            files: openFiles(dir, watchQueue === undefined ? {} : { queue: watchQueue }),
            format,
            repository: gitRepository(dir),
            folder: config.tasks,
            index: summary,
          },
        }),
    openStore: () => openStore(place),
    repairStore: () => repairStore(dir, { hasFiles: format !== undefined }),
    place: onDisk,
    isInPlace: () => existsSync(dir) && diskPlace(dir) === onDisk,
    writer: writerNote(socket),
    actorName: options.actorName,
    live: options.live === true,
  }
}

/** Undefined for formats whose files are not read yet. */
function formatOf({ format, tasks }: Config): Format | undefined {
  return format === 'native' ? nativeFormat({ folder: tasks }) : undefined
}

/** A person's name for the history: said by the caller, else by the system. */
export function actorNameFrom(env: Environment): string | null {
  const { TIDEMARK_ACTOR, USER, USERNAME, LOGNAME } = env
  return [TIDEMARK_ACTOR, USER, LOGNAME, USERNAME].find((name) => name !== undefined && name.trim() !== '') ?? null
}

async function openStore(place: Place): Promise<Store> {
  prepareState(place.dir)
  const path = storePath(place.dir)
  const { openLevelStore } = await import('../adapters/leveldb/store.ts')
  const open = async (): Promise<Store> => {
    try {
      return await openLevelStore(path)
    } catch (cause) {
      if (!(cause instanceof TaskError && cause.code === 'STORE_LOCKED')) throw cause
      const connection = await findOwner(place.socket, place.runtime, { holder: () => holderOf(place.dir) })
      throw connection === undefined ? cause : new OwnerFound(connection)
    }
  }
  return acquire(open, place.dir, place.runtime, { progress: () => storeFingerprint(path) })
}

/** In words: what was wrong, what came out of it, where the damaged files lie now. */
async function repairStore(dir: string, { hasFiles }: { readonly hasFiles: boolean }): Promise<string> {
  if (hasFiles) {
    const aside = await putBesideAway(dir)
    if (aside !== undefined)
      return `it was empty, and begins anew with what files say, which is neither history nor comments; what was known of its tasks lies in ${aside}`
  }
  const { repairLevelStore } = await import('../adapters/leveldb/repairing.ts')
  const { files, sound, damaged, damagedFolder } = await repairLevelStore(storePath(dir))
  const wrong = files.map(({ file, problem }) => `${file}: ${problem}`).join('; ')
  const lost = damaged === 0 ? '' : `, ${damaged} damaged ones were kept aside`
  return `repaired${wrong === '' ? '' : ` (${wrong})`}: ${sound} rows are whole${lost}; the files as they were are in ${damagedFolder}`
}

/** What was derived from a store that is gone, put where nobody takes it for true. Undefined where the store is not empty. */
async function putBesideAway(dir: string): Promise<string | undefined> {
  const { openLevelStore } = await import('../adapters/leveldb/store.ts')
  try {
    await using store = await openLevelStore(storePath(dir))
    if ((await store.cells()).length + (await store.logs()).length > 0) return undefined
    const state = join(dir, STATE_FOLDER)
    const aside = freeName(join(state, 'without-store'))
    mkdirSync(aside)
    for (const name of readdirSync(state))
      if (/^(?:summary|texts-\d+|files)$/.test(name)) renameSync(join(state, name), join(aside, name))
    return aside
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'STORE_UNREADABLE') return undefined
    throw cause
  }
}

function freeName(path: string): string {
  for (let number = 1; ; number++) if (!existsSync(`${path}-${number}`)) return `${path}-${number}`
}

/** Differs for a copy of the directory, another disk, another machine; stays when it is moved. */
function diskPlace(dir: string): string {
  const { dev, ino } = statSync(dir)
  return `${hostname()}:${dev}:${ino}`
}

/** For a workspace that is about to be gone: nothing of it stays behind elsewhere. */
export function forgetWriter({ socket }: Place): void {
  const path = writerPath(socket)
  if (path !== undefined) rmSync(path, { force: true })
}

/** Beside the socket, outside the workspace: a copied or restored directory does not find it. */
function writerPath(socket: string): string | undefined {
  return socket.endsWith('.sock') ? `${socket.slice(0, -'.sock'.length)}.writer` : undefined
}

function writerNote(socket: string): ProjectWorld['writer'] {
  const path = writerPath(socket)
  if (path === undefined) return { load: () => undefined, save: () => undefined }
  return {
    load: () => {
      try {
        return parseNote(readFileSync(path, 'utf8'))
      } catch {
        return undefined // none yet, or not readable: a new writer costs little
      }
    },
    save: (note) => writeFileSync(path, JSON.stringify(note), { mode: 0o600 }),
  }
}

function parseNote(text: string): WriterNote | undefined {
  const { client, clock, nonce } = JSON.parse(text) as Partial<WriterNote>
  return typeof client === 'number' && typeof clock === 'number' && typeof nonce === 'string'
    ? { client, clock, nonce }
    : undefined
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
