/** What commands and the background process say to each other: one JSON question, one JSON answer, over its socket. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guarded } from '../adapters/node/disk-errors.ts'
import { socketFolder, type Environment } from '../adapters/node/places.ts'
import { socketTransport } from '../adapters/node/socket.ts'
import { asTaskError, TaskError, taskErrorFrom, type Connection, type Runtime } from '../src/index.ts'

export type UpQuestion =
  | { readonly ask: 'status' }
  | { readonly ask: 'up'; readonly dir: string }
  | { readonly ask: 'down'; readonly dir: string }
  | { readonly ask: 'stop' }

export interface UpStatus {
  readonly pid: number
  readonly version: string
  readonly since: string
  readonly workspaces: readonly { readonly dir: string; readonly state: 'live' | 'waiting'; readonly reason?: string }[]
  /** Of the relay that runs in the process; null where none does. */
  readonly relay: string | null
  /** Why it runs none, where it should. */
  readonly relayProblem?: string
}

const ANSWER_MS = 5_000
/** A directory may have ten thousand files to take in. */
const ADOPT_MS = 60_000

function upSocket(env: Environment): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\tidemark-up-${env['USERNAME'] ?? 'user'}`
  return join(upFolder(env), SOCKET)
}

/** Holds its socket, its lock and its number. */
export function upFolder(env: Environment): string {
  return socketFolder(SOCKET, env, process.getuid?.())
}

const SOCKET = 'tidemark-up.sock'

/** So that people can be told which process it is that does not answer. */
export function announceUp(env: Environment): Disposable {
  const path = numberPath(env)
  const text = String(process.pid)
  guarded('FILE_UNWRITABLE', path, () => writeFileSync(path, text, { mode: 0o600 }))
  return {
    [Symbol.dispose]: () => {
      if (numberIn(path) === text) rmSync(path, { force: true })
    },
  }
}

function numberPath(env: Environment): string {
  return join(upFolder(env), 'tidemark-up.pid')
}

function numberIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 20)
  } catch {
    return '' // it left none
  }
}

/** Undefined where no background process runs. One that does not answer is OWNER_UNREACHABLE, within seconds. */
export async function askUp(question: UpQuestion, env: Environment, runtime: Runtime): Promise<UpStatus | undefined> {
  const path = upSocket(env)
  const over = new AbortController()
  const limit = question.ask === 'up' || question.ask === 'down' ? ADOPT_MS : ANSWER_MS
  const silent = (): TaskError =>
    new TaskError('OWNER_UNREACHABLE', {
      holder: `tide up (process ${numberIn(numberPath(env)) || 'unknown'})`,
      executed: 'unknown',
      socketPath: path,
    })
  const rung = runtime.sleep(limit, { signal: over.signal }).then(
    () => over.abort(silent()),
    () => undefined, // answered before
  )
  try {
    const connection = await reach(path, runtime, over.signal)
    return connection === undefined ? undefined : await answerOf(connection, question, over.signal)
  } finally {
    over.abort()
    await rung
  }
}

async function reach(path: string, runtime: Runtime, signal: AbortSignal): Promise<Connection | undefined> {
  try {
    return await socketTransport(path, runtime).connect({ signal })
  } catch (cause) {
    if (cause instanceof TaskError && cause.code === 'CONNECTION_CLOSED' && cause.details['listening'] === false)
      return undefined
    throw cause
  }
}

function answerOf(connection: Connection, question: UpQuestion, signal: AbortSignal): Promise<UpStatus> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      connection.close('it took too long')
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    void connection.closed.then(({ reason }) => {
      signal.removeEventListener('abort', stop)
      reject(new TaskError('CONNECTION_CLOSED', { reason, executed: 'unknown' }))
    })
    connection.onFrame((frame) => {
      const answer = JSON.parse(new TextDecoder().decode(frame)) as { readonly error?: unknown } & UpStatus
      if (answer.error === undefined) resolve(answer)
      else reject(taskErrorFrom(answer.error))
      connection.close('answered')
    })
    connection.send(new TextEncoder().encode(JSON.stringify(question)))
  })
}

/** Takes questions until it is disposed; what is thrown is the answer. Closing it answers what was asked and waits for nobody else. */
export async function answerUp(
  env: Environment,
  runtime: Runtime,
  answer: (question: UpQuestion) => Promise<UpStatus>,
): Promise<AsyncDisposable> {
  const open = new Set<Connection>()
  const answering = new Set<Promise<void>>()
  const transport = socketTransport(upSocket(env), runtime, { maxFrameBytes: 64 * 1024 })
  const door = await transport.listen((connection) => {
    open.add(connection)
    void connection.closed.then(() => open.delete(connection))
    connection.onFrame((frame) => {
      const asked = async (): Promise<unknown> => answer(JSON.parse(new TextDecoder().decode(frame)) as UpQuestion)
      const answered = asked()
        .catch((cause: unknown) => ({ error: asTaskError(cause) }))
        .then((said) => connection.send(new TextEncoder().encode(JSON.stringify(said))))
      answering.add(answered)
      void answered.finally(() => answering.delete(answered))
    })
  })
  return {
    async [Symbol.asyncDispose]() {
      await door[Symbol.asyncDispose]()
      await Promise.allSettled(answering)
      for (const connection of open) connection.close('the background process ends')
    },
  }
}
