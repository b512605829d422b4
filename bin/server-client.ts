/** What commands ask of the relay of this machine: starting, asking and ending it. */
import { resolve } from 'node:path'
import type { ServerOptions, ServerReport } from '../adapters/cli/background.ts'
import type { Environment } from '../adapters/node/places.ts'
import { TaskError, type Runtime } from '../src/index.ts'
import { runHere, startDetached, untilGone } from './detached.ts'
import { lookForRelay } from './relay-found.ts'

type Started = ServerReport & { readonly started: boolean }

export async function startServer(options: ServerOptions, env: Environment): Promise<Started> {
  const running = await runningServer(options, env)
  return running ?? started(await startDetached('server', absolute(options), env))
}

/** In this terminal; its exit code. */
export async function serveHere(
  options: ServerOptions,
  env: Environment,
  ready: (report: Started) => Promise<void>,
): Promise<number> {
  const running = await serverStatus(env)
  if (running.running && options.data === undefined) throw inUse(running)
  return runHere('server', absolute(options), env, (facts) => ready(started(facts)))
}

/** Asking twice for one relay is one relay; with a store of its own it is another one. */
async function runningServer(options: ServerOptions, env: Environment): Promise<Started | undefined> {
  const running = await serverStatus(env)
  if (!running.running || options.data !== undefined) return undefined
  const { port, ...more } = options
  const isThat = port === undefined || running.url?.endsWith(`:${port}`) === true
  if (isThat && Object.keys(more).length === 0) return { ...running, started: false }
  throw inUse(running)
}

function started(facts: Partial<ServerReport>): Started {
  return { ...NOT_RUNNING, ...facts, running: true, by: 'tide server', started: true }
}

function inUse({ by, pid, url }: ServerReport): TaskError {
  return new TaskError('RELAY_IN_USE', { by, pid, url, end: by === 'tide up' ? 'tide down --all' : 'tide server stop' })
}

/** `ended`: the process that was. */
export async function stopServer(
  env: Environment,
  runtime: Runtime,
): Promise<ServerReport & { readonly ended: number | null }> {
  const status = await serverStatus(env)
  if (!status.running || status.pid === null) return { ...status, ended: null }
  if (status.by === 'tide up') throw inUse(status)
  process.kill(status.pid, 'SIGTERM')
  await untilGone(status.pid, runtime)
  return { ...NOT_RUNNING, ended: status.pid }
}

export async function serverStatus(env: Environment): Promise<ServerReport> {
  const found = await lookForRelay(env)
  switch (found.phase) {
    case 'none':
      return NOT_RUNNING
    case 'silent': {
      const { by, pid } = found.record
      throw new TaskError('TIMED_OUT', { what: `asking the relay of ${by} (process ${pid})`, limit: '5 s' })
    }
    case 'running': {
      const { url, http, pid, version, since, by } = found.record
      const { rooms, counters } = found.facts
      return { running: true, url, http, pid, version, since, by, rooms, counters }
    }
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
