/** One request and its answer: limits on what comes in, errors as JSON, nothing that ends the process. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asTaskError, errorTable, refusal, TaskError, type Runtime, type Welcome } from '../../src/internal.ts'
import { allowedAt, findRoute, type RoutePattern } from './routes.ts'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  /** What stood in the place of the pattern's parts with a colon, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** Of `Authorization: Bearer`. */
  readonly token: string | null
  /** The address the connection comes from. */
  readonly address: string
  /** Who asked is gone, or the server waits no longer. */
  readonly signal: AbortSignal
  /** The server begins to close: answers without an end (events) end now. */
  readonly closing: AbortSignal
}

export interface HttpAnswer {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text is sent as UTF-8; pieces are sent as they come. @default nothing */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>
}

export interface Route extends RoutePattern {
  readonly handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
}

export interface ExchangeOptions {
  readonly runtime: Runtime
  readonly routes: readonly Route[]
  readonly welcome: Welcome
  readonly maxBodyBytes: number
  readonly closing: AbortSignal
  /** The server waits no longer. */
  readonly over: AbortSignal
}

/** Answers have these unless the handler says otherwise. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
/** How long a browser may remember what it may ask. */
const PREFLIGHT_SECONDS = '600'

/** Settles when the answer is with the system, or who asked is gone; never rejects. */
export async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  options: ExchangeOptions,
): Promise<void> {
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  const signals = signalsOf(options, ended)
  // Their end is seen at the answer; without listeners it would end the process.
  for (const stream of [request, response]) stream.on('error', () => undefined)
  try {
    await write(request, response, await answerTo(request, response, options, signals), options)
  } catch (thrown) {
    await writeFailure(request, response, thrown, options)
  }
  await ended
}

interface Signals {
  readonly signal: AbortSignal
  readonly closing: AbortSignal
}

/** Its own ones for each request: what a handler hangs on them goes with the request, and not with the server. */
function signalsOf(options: ExchangeOptions, ended: Promise<void>): Signals {
  const [signal, closing] = [new AbortController(), new AbortController()]
  const giveUp = (): void => signal.abort(options.over.reason)
  const begin = (): void => closing.abort(options.closing.reason)
  options.over.addEventListener('abort', giveUp)
  options.closing.addEventListener('abort', begin)
  if (options.closing.aborted) begin()
  void ended.then(() => {
    options.over.removeEventListener('abort', giveUp)
    options.closing.removeEventListener('abort', begin)
    signal.abort(new TaskError('CONNECTION_CLOSED', { reason: 'who asked is gone' }))
  })
  return { signal: signal.signal, closing: closing.signal }
}

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  options: ExchangeOptions,
  { signal, closing }: Signals,
): Promise<HttpAnswer> {
  const { host, origin } = request.headers
  const unwelcome = refusal(host, origin, options.welcome)
  if (unwelcome !== undefined) throw unwelcome
  response.setHeader('Vary', 'Origin')
  if (origin !== undefined) response.setHeader('Access-Control-Allow-Origin', origin)

  const [path = '', ...query] = (request.url ?? '').split('?')
  const method = request.method ?? ''
  if (method === 'OPTIONS') return preflight(request, options.routes, path)
  const { route, params } = findRoute(options.routes, method, path)
  return route.handle({
    method,
    path,
    params,
    query: new URLSearchParams(query.join('?')),
    headers: request.headers,
    body: await readBody(request, options.maxBodyBytes),
    token: /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null,
    address: request.socket.remoteAddress ?? '',
    signal,
    closing,
  })
}

function preflight(request: IncomingMessage, routes: readonly RoutePattern[], path: string): HttpAnswer {
  const allowed = path === '*' ? ['GET', 'HEAD', 'OPTIONS'] : allowedAt(routes, path)
  if (allowed.length === 0) throw new TaskError('PATH_NOT_FOUND', { path: path.slice(0, 200) })
  const asks = request.headers['access-control-request-method'] !== undefined
  return {
    status: 204,
    headers: {
      Allow: allowed.join(', '),
      ...(asks && {
        'Access-Control-Allow-Methods': allowed.join(', '),
        'Access-Control-Allow-Headers': 'authorization, content-type',
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      }),
    },
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  // What is too long is answered at once. The rest of it still flows, unread, so that the answer is not lost in a reset.
  const tooLarge = (size: number): TaskError => new TaskError('TOO_LARGE', { field: 'the request', size, limit })
  const claimed = Number(request.headers['content-length'] ?? 0)
  if (claimed > limit) throw tooLarge(claimed)
  const chunks: Uint8Array[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength
      if (size > limit) {
        chunks.length = 0
        return reject(tooLarge(size))
      }
      chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () => reject(new TaskError('CONNECTION_CLOSED', { reason: 'the request was broken off' })))
  })
}

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status = 200, headers = {}, body = '' }: HttpAnswer,
  { closing }: ExchangeOptions,
): Promise<void> {
  const isWhole = typeof body === 'string' || body instanceof Uint8Array
  for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) response.setHeader(name, value)
  // Whoever asks again would be the one that closing waits for.
  if (closing.aborted) response.setHeader('Connection', 'close')
  const hasBody = status !== 204 && status !== 304
  if (isWhole && hasBody) response.setHeader('Content-Length', Buffer.byteLength(body))
  response.writeHead(status)
  if (isWhole) response.end(hasBody ? body : undefined)
  else if (request.method === 'HEAD' || !hasBody) response.end()
  else {
    response.flushHeaders()
    await pipeline(Readable.from(body), response)
  }
}

async function writeFailure(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  options: ExchangeOptions,
): Promise<void> {
  // Who asked is gone: nobody is left to tell, and it is nobody's fault.
  if (response.destroyed || response.writableFinished) return
  const error = asTaskError(thrown)
  if (error.code === 'FAULT') {
    options.runtime.log({ level: 'error', event: 'http.failed', problem: error.details['problem'] })
  }
  // Half an answer cannot be taken back: a broken connection says that it is not whole.
  if (response.headersSent) return void response.destroy()
  for (const name of response.getHeaderNames()) {
    if (name !== 'vary' && name !== 'access-control-allow-origin') response.removeHeader(name)
  }
  const { http } = errorTable[error.code]
  const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' }
  if (http === 401) headers['WWW-Authenticate'] = 'Bearer'
  if (error.code === 'VERB_NOT_ALLOWED' && Array.isArray(error.details['allowed'])) {
    headers['Allow'] = error.details['allowed'].join(', ')
  }
  await write(request, response, { status: http, headers, body: errorBody(error) }, options)
}

/** The one shape of every error of this server. */
export function errorBody(error: TaskError): string {
  return JSON.stringify({ error })
}
