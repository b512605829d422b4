/** Transport over a unix socket, or a named pipe on Windows: one place, one listener, peers that may misbehave. */
import { chmodSync, lstatSync, renameSync, unlinkSync, type Stats } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { TaskError, type Connection, type Runtime, type Transport } from '../../src/internal.ts'
import { codeOf, failure, guarded, unlessMissing } from './disk-errors.ts'
import { MAX_SOCKET_PATH_BYTES } from './socket-path.ts'
import { SocketConnection, type SocketOptions } from './socket-connection.ts'

/** No file; a file that a dead listener left. */
const NOBODY = ['ENOENT', 'ECONNREFUSED']

/**
 * Who listens must hold the lock of what it listens for: a socket file that nobody answers is replaced.
 * Frames must not be changed after they were given to `send`.
 */
export function socketTransport(path: string, runtime: Runtime, options: SocketOptions = {}): Transport {
  return {
    connect: ({ signal } = {}) => connectTo(path, runtime, options, signal),
    listen: (accept) => listenAt(path, runtime, options, accept),
  }
}

async function connectTo(
  path: string,
  runtime: Runtime,
  options: SocketOptions,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  signal?.throwIfAborted()
  checkLength(path)
  const socket = connect(path)
  try {
    await connected(socket, signal)
  } catch (cause) {
    socket.destroy()
    signal?.throwIfAborted()
    const isNobody = NOBODY.includes(codeOf(cause))
    const reason = isNobody ? 'nobody listens there' : cause instanceof Error ? cause.message : String(cause)
    throw new TaskError('CONNECTION_CLOSED', { reason, executed: 'no', listening: !isNobody }, { cause })
  }
  return new SocketConnection(socket, runtime, options)
}

function connected(socket: Socket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      signal?.removeEventListener('abort', stop)
      resolve()
    })
  })
}

async function listenAt(
  path: string,
  runtime: Runtime,
  options: SocketOptions,
  accept: (connection: Connection) => void,
): Promise<AsyncDisposable> {
  checkLength(path)
  const stats = isPipe(path) ? undefined : lstatSync(path, { throwIfNoEntry: false })
  if (stats !== undefined && !stats.isSocket()) throw new TaskError('FILE_EXISTS', { path })
  await refuseTaken(path)
  const server = createServer((socket) => {
    const connection = new SocketConnection(socket, runtime, options)
    connection.guard(() => accept(connection))
  })
  // Without a listener of its own a single refused connection (no file descriptors left) would end the process.
  server.on('error', (cause) => runtime.log({ level: 'warn', event: 'socket.failed', problem: cause.message }))
  const own = isPipe(path) ? await listening(server, path) : await listenAndName(server, path, runtime)
  let closed: Promise<void> | undefined
  return {
    [Symbol.asyncDispose]: () => {
      closed ??= closeServer(server, path, own)
      return closed
    },
  }
}

/** Bound under a name of its own, closed to others, then moved: the path never shows a socket that is half ready. */
async function listenAndName(server: Server, path: string, runtime: Runtime): Promise<Stats> {
  // Also because Node, at close, unlinks the name it bound, whoever's socket that is by then. Ours has moved away.
  const temporary = join(dirname(path), `.${Buffer.from(runtime.random(4)).toString('hex')}`)
  await listening(server, temporary)
  try {
    return guarded('FILE_UNWRITABLE', path, () => {
      chmodSync(temporary, 0o600)
      renameSync(temporary, path)
      return lstatSync(path)
    })
  } catch (error) {
    server.close()
    throw error
  }
}

function listening(server: Server, path: string): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(failure('FILE_UNWRITABLE', path, cause))
    server.once('error', fail)
    server.listen(path, () => {
      server.off('error', fail)
      resolve(undefined)
    })
  })
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\')
}

function checkLength(path: string): void {
  if (isPipe(path) || Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return
  const reason = `a socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes`
  throw new TaskError('FILE_UNWRITABLE', { path, reason })
}

/** The lock makes a second listener impossible; should one answer all the same, it is left alone. */
async function refuseTaken(path: string): Promise<void> {
  const probe = connect(path)
  try {
    await connected(probe, undefined)
  } catch (cause) {
    if (NOBODY.includes(codeOf(cause))) return
    throw new TaskError('STORE_LOCKED', { holder: `whoever made ${path}` }, { cause })
  } finally {
    probe.destroy()
  }
  throw new TaskError('STORE_LOCKED', { holder: `another process that listens at ${path}` })
}

/** Takes no new connections; those that are open live on. */
async function closeServer(server: Server, path: string, own: Stats | undefined): Promise<void> {
  // First the name, so that nobody finds a door that is about to shut. Only ours: the next owner may have replaced it.
  if (own !== undefined) {
    const now = lstatSync(path, { throwIfNoEntry: false })
    if (now?.ino === own.ino && now.dev === own.dev) unlessMissing(() => unlinkSync(path))
  }
  // Its callback waits for every open connection; the door itself is shut at once.
  server.close()
}
