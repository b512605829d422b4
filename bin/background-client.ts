/** What commands ask of the background process, and of relays elsewhere, in the real world. */
import { realpathSync } from 'node:fs'
import type { Background, TokenReport, UpReport } from '../adapters/cli/background.ts'
import type { Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { TaskError, type Config, type Runtime } from '../src/index.ts'
import { runHere, startDetached, untilGone } from './detached.ts'
import { callPage } from './relay-pages.ts'
import { keepToken, parseRelayUrl, relayPlace } from './relay-place.ts'
import { serveHere, serverStatus, startServer, stopServer } from './server-client.ts'
import { changeSetting, initialise, settingsOf } from './settings.ts'
import { askUp, type UpStatus } from './up-control.ts'
import { VERSION } from './version.ts'
import { findWorkspace, readConfigFile } from './workspace-world.ts'

/** How long others may take to come or go while this command waits for the place. */
const PATIENCE_MS = 20_000
const LOOK_MS = 50

export function backgroundOf(env: Environment): Background {
  const runtime = nodeRuntime()
  return {
    up: (from) => up(realpathSync(findWorkspace(from)), env, runtime),
    upHere: async (from, ready) => {
      const dir = realpathSync(findWorkspace(from))
      const found = await askUp({ ask: 'status' }, env, runtime)
      if (found !== undefined) throw new TaskError('UP_RUNS', { pid: found.pid })
      return runHere('up', {}, env, async () => {
        const status = await askUp({ ask: 'up', dir }, env, runtime)
        if (status !== undefined) await ready({ ...status, dir, started: true })
      })
    },
    down: async (from) => {
      const dir = realpathSync(findWorkspace(from))
      const before = await askUp({ ask: 'status' }, env, runtime)
      if (before === undefined) return null
      const wasLive = before.workspaces.some((one) => one.dir === dir)
      const after = await unlessClosed(askUp({ ask: 'down', dir }, env, runtime))
      return { ...(after ?? before), dir, wasLive }
    },
    downAll: async () => {
      const status = await askUp({ ask: 'status' }, env, runtime)
      if (status === undefined) return null
      await stop(status, env, runtime)
      return status
    },
    startServer: (options) => startServer(options, env),
    serveHere: (options, ready) => serveHere(options, env, ready),
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

/** Others may start, end or replace the process at the same moment: it is looked again until one of them is there. */
async function up(
  dir: string,
  env: Environment,
  runtime: Runtime,
): Promise<UpReport & { readonly dir: string; readonly started: boolean }> {
  let started = false
  // What an older one kept live, the one that replaces it does.
  const others = new Set<string>()
  for (const until = runtime.now() + PATIENCE_MS; runtime.now() < until; await runtime.sleep(LOOK_MS)) {
    const found = await unlessClosed(askUp({ ask: 'status' }, env, runtime))
    const isOld = found !== undefined && isOlder(found.version, VERSION)
    if (isOld) {
      for (const one of found.workspaces) others.add(one.dir)
      await stop(found, env, runtime)
    }
    if (found === undefined || isOld) {
      if (!(await isStarted(env))) continue
      started = true
    }
    for (const other of others) if (other !== dir) await unlessNone(askUp({ ask: 'up', dir: other }, env, runtime))
    const status = await unlessClosed(askUp({ ask: 'up', dir }, env, runtime))
    if (status !== undefined) return { ...status, dir, started }
  }
  throw new TaskError('TIMED_OUT', { what: 'starting the background process', limit: `${PATIENCE_MS / 1_000} s` })
}

/** False where another one has the place: it is just beginning, or about to end. */
async function isStarted(env: Environment): Promise<boolean> {
  try {
    await startDetached('up', {}, env)
    return true
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'STORE_LOCKED') return false
    throw cause
  }
}

async function stop({ pid }: UpStatus, env: Environment, runtime: Runtime): Promise<void> {
  await unlessClosed(askUp({ ask: 'stop' }, env, runtime))
  await untilGone(pid, runtime)
}

/** Undefined where it ended before it had answered. */
async function unlessClosed(answer: Promise<UpStatus | undefined>): Promise<UpStatus | undefined> {
  try {
    return await answer
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'CONNECTION_CLOSED') return undefined
    throw cause
  }
}

/** A workspace that is none any more is no reason to leave this one. */
async function unlessNone(answer: Promise<UpStatus | undefined>): Promise<void> {
  try {
    await answer
  } catch (cause) {
    if (!(cause instanceof TaskError && ['FILE_UNREADABLE', 'NOT_A_WORKSPACE'].includes(cause.code))) throw cause
  }
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
  await callPage({ http, url, token: kept }, 'GET', `/api/access/${project}`)
  if (token !== undefined) keepToken(url, project, token, env)
  if (existing === undefined) {
    const made = await initialise({ dir: from, settings: settingsOf(project, url) }, nodeRuntime(), env)
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
