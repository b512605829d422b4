/** What commands ask of processes that outlive them, in the real world: starting, asking and ending them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Background, ServerOptions, ServerReport, TokenReport, UpReport } from '../adapters/cli/background.ts'
import { findRelay, type RelayRecord } from '../adapters/node/discovery.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { TaskError, taskErrorFrom, type Config, type Runtime } from '../src/index.ts'
import { callPage } from './relay-pages.ts'
import { keepToken, parseRelayUrl, relayPlace } from './relay-place.ts'
import { askUp, type UpStatus } from './up-control.ts'
import { changeSetting, initialise, settingsOf } from './settings.ts'
import { VERSION } from './version.ts'
import { findWorkspace, readConfigFile } from './workspace-world.ts'

/** How long a process may take to end in order. */
const END_MS = 15_000
const LOOK_MS = 50

export function backgroundOf(env: Environment): Background {
  const runtime = nodeRuntime()
  const stop = async (): Promise<UpStatus | null> => {
    const status = await askUp({ ask: 'stop' }, env, runtime)
    if (status === undefined) return null
    await untilGone(status.pid, runtime)
    return status
  }
  const up = async (dir: string): Promise<UpReport & { dir: string; started: boolean }> => {
    const found = await askUp({ ask: 'status' }, env, runtime)
    const isOld = found !== undefined && isOlder(found.version, VERSION)
    if (isOld) await stop()
    const started = found === undefined || isOld
    if (started) await start('up', {}, env)
    // What the older one kept live, this one does.
    for (const one of isOld ? found.workspaces : [])
      if (one.dir !== dir) await askUp({ ask: 'up', dir: one.dir }, env, runtime)
    const status = await askUp({ ask: 'up', dir }, env, runtime)
    if (status === undefined)
      throw new TaskError('CONNECTION_CLOSED', { reason: 'the background process ended at once' })
    return { ...status, dir, started }
  }
  return {
    up: (from) => up(realpathSync(findWorkspace(from))),
    upHere: async (from) => {
      const dir = realpathSync(findWorkspace(from))
      const child = startHere('up', {}, env)
      await once(child, 'spawn')
      await untilUp(env, runtime, dir)
      return exitOf(child)
    },
    down: async (from) => {
      const dir = realpathSync(findWorkspace(from))
      const before = await askUp({ ask: 'status' }, env, runtime)
      if (before === undefined) return null
      const wasLive = before.workspaces.some((one) => one.dir === dir)
      const after = await askUp({ ask: 'down', dir }, env, runtime)
      return { ...(after ?? before), dir, wasLive }
    },
    downAll: stop,
    startServer: (options) => startServer(options, env),
    serveHere: async (options) => exitOf(startHere('server', { ...absolute(options), foreground: true }, env)),
    stopServer: () => stopServer(env, runtime),
    serverStatus: () => serverStatus(env),
    createToken: async (from, rights, label) => {
      const { project, page } = tokensOf(from, env)
      const { token } = await page<{ token: TokenReport & { token: string } }>('POST', '/api/tokens', {
        project,
        rights,
        label,
      })
      return token
    },
    listTokens: async (from) => {
      const { project, page } = tokensOf(from, env)
      return (await page<{ tokens: readonly TokenReport[] }>('GET', `/api/tokens?project=${project}`)).tokens
    },
    revokeToken: async (from, id) => {
      const { project, page } = tokensOf(from, env)
      const path = `/api/tokens/${encodeURIComponent(id)}?project=${project}`
      return (await page<{ revoked: boolean }>('DELETE', path)).revoked
    },
    join: (dir, options) => joinRelay(dir, options, env),
  }
}

async function startServer(
  options: ServerOptions,
  env: Environment,
): Promise<ServerReport & { readonly started: boolean }> {
  const running = await serverStatus(env)
  // The same place twice is one relay; another store or port is another one.
  if (running.running && options.data === undefined && options.port === undefined) return { ...running, started: false }
  const facts = await start('server', absolute(options), env)
  return { ...NOT_RUNNING, ...facts, running: true, by: 'tide server', started: true }
}

async function stopServer(env: Environment, runtime: Runtime): Promise<ServerReport> {
  const status = await serverStatus(env)
  if (!status.running || status.pid === null) return status
  if (status.by === 'tide up') throw new TaskError('RELAY_IN_USE', { pid: status.pid })
  process.kill(status.pid, 'SIGTERM')
  await untilGone(status.pid, runtime)
  return NOT_RUNNING
}

async function serverStatus(env: Environment): Promise<ServerReport> {
  const record = findRelay(env)
  if (record === undefined) return NOT_RUNNING
  const facts = await factsOf(record)
  // Another process has that number by now.
  if (facts === undefined || facts.pid !== record.pid) return NOT_RUNNING
  const { url, http, pid, version, since, by } = record
  return { running: true, url, http, pid, version, since, by, rooms: facts.rooms, counters: facts.counters }
}

type Facts = Pick<ServerReport, 'rooms' | 'counters'> & { readonly pid: number }

async function factsOf({ http, secret }: RelayRecord): Promise<Facts | undefined> {
  try {
    return await callPage<Facts>({ http, token: secret }, 'GET', '/api/server')
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'RELAY_UNREACHABLE') return undefined
    throw cause
  }
}

const NOT_RUNNING: ServerReport = {
  running: false,
  url: null,
  http: null,
  pid: null,
  version: null,
  since: null,
  by: null,
  rooms: [],
  counters: {},
}

/** A process of its own, which lives on; settles when it is ready, throws what it could not do. */
function start(kind: 'up' | 'server', options: object, env: Environment): Promise<Partial<ServerReport>> {
  const cwd = stateFolder(env)
  mkdirSync(cwd, { recursive: true, mode: 0o700 })
  const child = spawn(process.execPath, [program(), kind, JSON.stringify(options)], {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new TaskError('FAULT', { problem: `the background process ended with ${code ?? 'a signal'}` })),
    )
    child.once('message', (message: { readonly ready?: Partial<ServerReport>; readonly error?: unknown }) => {
      if (message.ready === undefined) reject(taskErrorFrom(message.error))
      else resolve(message.ready)
      child.removeAllListeners()
      child.disconnect()
      child.unref()
    })
  })
}

/** Its words are this terminal's, and so are the signals to end. */
function startHere(kind: 'up' | 'server', options: object, env: Environment): ChildProcess {
  const child = spawn(process.execPath, [program(), kind, JSON.stringify(options)], {
    env: { ...env },
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => undefined) // the terminal tells the child too
  return child
}

async function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = (await once(child, 'exit')) as readonly [number | null]
  return code ?? 1
}

function once(child: ChildProcess, event: 'spawn' | 'exit'): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once(event, (...given: readonly unknown[]) => resolve(given))
  })
}

/** Beside the command that runs: what belongs to it. */
function program(): string {
  const path = join(dirname(realpathSync(process.argv[1] ?? '.')), 'tide-background.mjs')
  if (existsSync(path)) return path
  throw new TaskError('FILE_NOT_FOUND', { path })
}

async function untilUp(env: Environment, runtime: Runtime, dir: string): Promise<void> {
  for (let waited = 0; waited < END_MS; waited += LOOK_MS) {
    if ((await askUp({ ask: 'up', dir }, env, runtime)) !== undefined) return
    await runtime.sleep(LOOK_MS)
  }
}

async function untilGone(pid: number, runtime: Runtime): Promise<void> {
  for (let waited = 0; waited < END_MS; waited += LOOK_MS) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await runtime.sleep(LOOK_MS)
  }
  throw new TaskError('TIMED_OUT', { what: `ending process ${pid}`, limit: `${END_MS / 1_000} s` })
}

/** `1.9.0` is older than `1.10.0`. */
function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).slice(0, 3).map(Number))
  for (let index = 0; index < 3; index++) {
    const [x = 0, y = 0] = [left?.[index], right?.[index]]
    if (x !== y) return x < y
  }
  return false
}

/** The process has another current directory. */
function absolute(options: ServerOptions): ServerOptions {
  const paths = Object.fromEntries(
    (['data', 'tokenFile', 'cert', 'key'] as const).flatMap((name) => {
      const path = options[name]
      return path === undefined ? [] : [[name, resolve(path)]]
    }),
  )
  return { ...options, ...paths }
}

function tokensOf(
  from: string,
  env: Environment,
): {
  readonly project: string
  readonly page: <Answer>(method: string, path: string, body?: object) => Promise<Answer>
} {
  const { config } = readConfigFile(findWorkspace(from))
  const place = relayPlace(config, env)
  if (place === undefined)
    throw new TaskError('RELAY_UNREACHABLE', {
      url: 'this machine',
      reason: 'no relay runs here: see tide up and tide server',
    })
  return { project: config.project, page: (method, path, body) => callPage(place, method, path, body) }
}

async function joinRelay(
  from: string,
  { url: address, token, project: named }: Parameters<Background['join']>[1],
  env: Environment,
): Promise<Awaited<ReturnType<Background['join']>>> {
  const { url, http, project: inAddress } = parseRelayUrl(address)
  const existing = workspaceAt(from)
  const asked = named ?? inAddress
  const project = existing?.config.project ?? asked
  if (project === undefined || project === null)
    throw new TaskError('INVALID_INPUT', {
      field: 'project',
      problem: 'this directory is no workspace, and the address names no project',
      fix: 'give an address like wss://relay.example:5173/sync/<project>',
    })
  if (asked !== null && asked !== undefined && asked !== project)
    throw new TaskError('WORKSPACE_EXISTS', { dir: existing?.dir ?? from, setting: 'project', current: project })
  // Nothing is changed before the relay has let it in.
  const kept = token ?? relayPlace({ relay: url, project } as Pick<Config, 'relay' | 'project'>, env)?.token
  await callPage({ http, token: kept }, 'GET', `/api/access/${project}`)
  if (token !== undefined) keepToken(url, project, token, env)
  if (existing === undefined) {
    const made = await initialise({ dir: from, settings: settingsOf(project, url) }, nodeRuntime())
    return { dir: made.dir, project, url, created: true }
  }
  if (existing.config.relay !== url) await changeSetting(existing.dir, 'relay', url)
  return { dir: existing.dir, project, url, created: false }
}

function workspaceAt(from: string): { readonly dir: string; readonly config: Config } | undefined {
  try {
    const dir = findWorkspace(from)
    return { dir, config: readConfigFile(dir).config }
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'NOT_A_WORKSPACE') return undefined
    throw cause
  }
}
