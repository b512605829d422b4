/** The process of `tide server start`: one relay, until it is asked to end. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { announceRelay } from '../adapters/node/discovery.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import type { ServerOptions } from '../adapters/cli/background.ts'
import { TaskError } from '../src/index.ts'
import { fileLog, logPath } from './background-log.ts'
import { lookForRelay } from './relay-found.ts'
import { openRelay } from './relay.ts'
import { VERSION } from './version.ts'

export interface ServerProcessOptions extends ServerOptions {
  /** Log lines go to standard error instead of the log file. @default false */
  readonly foreground?: boolean
}

/** Settles when the relay has ended in order. `ready` is told where it listens. */
export async function runServer(
  env: Environment,
  options: ServerProcessOptions,
  ready: (facts: object) => void,
  ending: Promise<string>,
): Promise<void> {
  const { host, port, httpPort, data = relayFolder(env), tokenFile, cert, key, origins, foreground = false } = options
  const log = foreground ? (line: string) => void process.stderr.write(`${line}\n`) : fileLog(logPath('server', env))
  const runtime = nodeRuntime({ log })
  const secret = randomBytes(32).toString('base64url')
  const relay = await openRelay({
    data,
    runtime,
    house: secret,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(httpPort !== undefined && { httpPort }),
    ...(origins !== undefined && { origins }),
    ...(tokenFile !== undefined && { tokens: tokensIn(tokenFile) }),
    ...(cert !== undefined && key !== undefined && { tls: pairIn(cert, key) }),
  })
  const [url, http] = [reachable(relay.url), reachable(relay.http)]
  const since = new Date(runtime.now()).toISOString()
  // Of several relays of one user the first is the one that workspaces find by themselves.
  const announced =
    (await lookForRelay(env)).phase === 'none'
      ? announceRelay(env, {
          url,
          http,
          pid: process.pid,
          host: hostname(),
          version: VERSION,
          since,
          secret,
          by: 'tide server',
        })
      : undefined
  runtime.log({ level: 'info', event: 'server.began', url, version: VERSION, pid: process.pid })
  ready({ url, http, pid: process.pid, version: VERSION, since })
  runtime.log({ level: 'info', event: 'server.ending', reason: await ending })
  announced?.[Symbol.dispose]()
  await relay[Symbol.asyncDispose]()
  runtime.log({ level: 'info', event: 'server.ended' })
}

function relayFolder(env: Environment): string {
  return join(stateFolder(env), 'relay')
}

/** Every address of this machine is none that anyone can connect to. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

/** One token a line; lines that begin with `#` are words. */
function tokensIn(path: string): readonly string[] {
  const tokens = textOf(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const weak = tokens.find((token) => token.length < LEAST_TOKEN_LENGTH)
  if (tokens.length > 0 && weak === undefined) return tokens
  throw new TaskError('INVALID_INPUT', {
    field: '--token-file',
    problem:
      tokens.length === 0 ? 'it holds no token' : `a token in it is shorter than ${LEAST_TOKEN_LENGTH} characters`,
    fix: 'make one like this: openssl rand -base64 32 > token',
  })
}

/** Shorter ones can be guessed. */
const LEAST_TOKEN_LENGTH = 16

/** As text, and proven to be a pair: a relay that takes no connection would say so to nobody. */
function pairIn(certPath: string, keyPath: string): { readonly cert: string; readonly key: string } {
  const pair = { cert: textOf(certPath), key: textOf(keyPath) }
  try {
    createSecureContext(pair)
    return pair
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw new TaskError(
      'INVALID_INPUT',
      {
        field: '--cert and --key',
        problem: `${certPath} and ${keyPath} are no certificate and its key (${reason})`,
        fix: 'give both in PEM, the key without a password',
      },
      { cause },
    )
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
      throw new TaskError('FILE_NOT_FOUND', { path }, { cause })
    throw new TaskError('FILE_UNREADABLE', { path, reason: cause instanceof Error ? cause.message : '' }, { cause })
  }
}
