/** The relay's HTTP server: one table of routes at one or several ports. Whether it may be reached from outside is decided before. */
import { setMaxListeners } from 'node:events'
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { TaskError, type Runtime, type Welcome } from '../../src/internal.ts'
import { errorBody, exchange, type Route } from './exchange.ts'

export interface HttpLimits {
  /** @default 32 MiB */
  readonly maxBodyBytes?: number
  /** Until the headers of a request are there. @default 10 s */
  readonly headersMs?: number
  /** Until a whole request is there. @default 60 s */
  readonly requestMs?: number
  /** How long a connection may wait for its next request. @default 30 s */
  readonly idleMs?: number
  /** How long closing waits for running requests. @default 5 s */
  readonly closeMs?: number
  /** Connections at each port, WebSockets among them; more are dropped. @default 11,000 */
  readonly maxConnections?: number
}

export interface HttpServerOptions {
  readonly host: string
  /** 0 is any free one. */
  readonly ports: readonly number[]
  readonly routes: readonly Route[]
  /** Which hosts and origins are answered. */
  readonly welcome: Welcome
  readonly runtime: Runtime
  /** Contents of files in PEM. @default no TLS */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Takes over connections that become something else. @default nobody: such requests are ordinary ones */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  readonly limits?: HttpLimits
}

/** Closing it stops listening, lets running requests end for a while, and leaves upgraded connections alone. */
export interface HttpServer extends AsyncDisposable {
  /** Where it listens, in the order asked for. */
  readonly ports: readonly number[]
}

/** Listens at all ports, or at none. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const running = new Set<Promise<void>>()
  const closing = new AbortController()
  const over = new AbortController()
  // Every running request listens to both.
  setMaxListeners(0, closing.signal, over.signal)
  const servers: Server[] = []
  const ports: number[] = []
  try {
    for (const port of options.ports) {
      const server = makeServer(options, running, closing.signal, over.signal)
      ports.push(await listening(server, options.host, port))
      servers.push(server)
    }
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
  let closed: Promise<void> | undefined
  return {
    ports,
    [Symbol.asyncDispose]: () => (closed ??= close(servers, running, closing, over, options)),
  }
}

function makeServer(
  options: HttpServerOptions,
  running: Set<Promise<void>>,
  closing: AbortSignal,
  over: AbortSignal,
): Server {
  const { runtime, routes, welcome, tls, upgrade, limits = {} } = options
  const { maxBodyBytes = 32 * 1024 * 1024, headersMs = 10_000, requestMs = 60_000, idleMs = 30_000 } = limits
  const serverOptions: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // How often Node looks for requests that take too long.
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(Math.min(headersMs, requestMs) / 2)),
  }
  const server =
    tls === undefined
      ? createServer(serverOptions)
      : createTlsServer({ ...serverOptions, ...tls, handshakeTimeout: headersMs })
  server.maxConnections = limits.maxConnections ?? 11_000
  /** Connections whose request is being answered. */
  const answering = new WeakMap<Duplex, { readonly headersSent: boolean }>()
  server.on('request', (request, response) => {
    answering.set(request.socket, response)
    const answered = exchange(request, response, { runtime, routes, welcome, maxBodyBytes, closing, over })
    running.add(answered)
    void answered.finally(() => running.delete(answered))
  })
  if (upgrade !== undefined) server.on('upgrade', upgrade)
  server.on('clientError', (cause, socket) => {
    if (socket.writable && answering.get(socket)?.headersSent !== true) refuse(socket, cause)
    else socket.destroy()
  })
  // Without a listener of its own a single refused connection (no file descriptors left) would end the process.
  server.on('error', (cause) => runtime.log({ level: 'warn', event: 'http.refused', problem: cause.message }))
  return server
}

const STATUS_OF: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** What is no request, or comes too slowly, has no answer of a handler. */
function refuse(socket: Duplex, cause: Error): void {
  const status = ('code' in cause && typeof cause.code === 'string' && STATUS_OF[cause.code]) || 400
  const problem = STATUS_CODES[status] ?? ''
  const body = errorBody(new TaskError('FRAME_INVALID', { problem }))
  const head = [
    `HTTP/1.1 ${status} ${problem}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const isTaken = 'code' in cause && cause.code === 'EADDRINUSE'
      const details = isTaken ? { host, port } : { host, port, reason: cause.message }
      reject(new TaskError(isTaken ? 'PORT_TAKEN' : 'ADDRESS_UNUSABLE', details, { cause }))
    }
    server.once('error', fail)
    server.listen({ host, port }, () => {
      server.off('error', fail)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

async function close(
  servers: readonly Server[],
  running: ReadonlySet<Promise<void>>,
  closing: AbortController,
  over: AbortController,
  { runtime, limits: { closeMs = 5_000 } = {} }: HttpServerOptions,
): Promise<void> {
  closing.abort(new TaskError('CONNECTION_CLOSED', { reason: 'the server stops' }))
  for (const server of servers) {
    // Its callback would wait for upgraded connections; the door itself is shut at once.
    server.close()
    server.closeIdleConnections()
  }
  const waiting = new AbortController()
  const enough = runtime.sleep(closeMs, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([Promise.all(running), enough])
  waiting.abort()
  over.abort(new TaskError('CONNECTION_CLOSED', { reason: 'the server waits no longer' }))
  for (const server of servers) server.closeAllConnections()
}
