/** Transport to a relay over a WebSocket: the calling end. Decides nothing about trying again. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { rootCertificates } from 'node:tls'
import { WebSocket, type ClientOptions } from 'ws'
import { TaskError, type Connection, type Runtime, type Transport } from '../../src/internal.ts'
import { WebSocketConnection } from './connection.ts'
import { Looks } from './looks.ts'
import { maskedOutgoing } from './outgoing.ts'

export interface WebSocketOptions {
  /** Travels as `Authorization: Bearer`; never part of an error or a log line. @default none */
  readonly token?: string
  /** Certificates in PEM that are trusted beside those that Node trusts. @default none */
  readonly ca?: string
  /** Headers beyond those of the handshake. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** How long connecting may take. @default 10 s */
  readonly handshakeMs?: number
  /** Larger frames of the relay end the connection. @default 64 MiB */
  readonly maxFrameBytes?: number
  /** Larger frames are refused where they are sent. @default 32 MiB, what a relay takes */
  readonly maxSentBytes?: number
  /** What may wait for a relay that reads slowly, before the connection is ended. @default 64 MiB */
  readonly maxBufferedBytes?: number
  /** How often the relay gives a sign of life; silent for two and a half times that, it is lost. @default 30 s */
  readonly pingMs?: number
}

const MIB = 1024 * 1024
const LOOKS_PER_PING = 2
const SILENT_LOOKS = 5

/** `url` is `ws:` or `wss:`. Nothing is made at once; every `connect` is one attempt. */
export function webSocketTransport(url: string, runtime: Runtime, options: WebSocketOptions = {}): Transport {
  return {
    connect: ({ signal } = {}) => connectTo(url, runtime, options, signal),
    listen: () => Promise.reject(new TaskError('ADDRESS_UNUSABLE', { ...placeOf(url), reason: NO_DOOR })),
  }
}

const NO_DOOR = 'a relay listens there, not its client'

async function connectTo(
  url: string,
  runtime: Runtime,
  options: WebSocketOptions,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  signal?.throwIfAborted()
  const shown = shownUrl(url)
  const webSocket = dial(url, shown, options)
  const over = new AbortController()
  const waiting = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])])
  const { handshakeMs = 10_000 } = options
  const tooLong = runtime.sleep(handshakeMs, { signal: waiting }).then(() => {
    throw new TaskError('RELAY_UNREACHABLE', { url: shown, reason: `no answer within ${handshakeMs} ms` })
  })
  try {
    return await Promise.race([opened(webSocket, shown, runtime, options), tooLong])
  } catch (error) {
    // Its complaint about being stopped while connecting is no news.
    webSocket.on('error', () => undefined)
    webSocket.terminate()
    signal?.throwIfAborted()
    throw error
  } finally {
    over.abort()
  }
}

function dial(
  url: string,
  shown: string,
  { token, ca, headers, maxFrameBytes = 64 * MIB }: WebSocketOptions,
): WebSocket {
  // Checked here: what Node and `ws` throw shows what they were given.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw invalid('token', 'it has characters that no token has', 'copy it again, without blanks and line ends')
  }
  const options: ClientOptions = {
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    headers: { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
  }
  try {
    return new WebSocket(url, options)
  } catch {
    throw invalid('relay', `${shown} cannot be connected to`, 'write it like wss://relay.example/sync/my-project')
  }
}

function opened(
  webSocket: WebSocket,
  shown: string,
  runtime: Runtime,
  { maxSentBytes = 32 * MIB, maxBufferedBytes = 64 * MIB, pingMs = 30_000 }: WebSocketOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined
    webSocket.once('upgrade', (response: IncomingMessage) => (socket = response.socket))
    webSocket.once('open', () => {
      if (socket === undefined) return
      webSocket.off('error', fail)
      // At once: the first frames may have come with the answer.
      const connection = WebSocketConnection.over(webSocket, socket, {
        runtime,
        outgoing: maskedOutgoing(webSocket),
        maxSentBytes,
        maxBufferedBytes,
        looks: new Looks(runtime, pingMs / LOOKS_PER_PING),
        silentLooks: SILENT_LOOKS,
        asks: false,
      })
      resolve(connection)
    })
    const fail = (cause: Error): void =>
      reject(new TaskError('RELAY_UNREACHABLE', { url: shown, reason: reasonOf(cause) }, { cause }))
    webSocket.on('error', fail)
    webSocket.once('unexpected-response', (request: ClientRequest, { statusCode = 0 }: IncomingMessage) => {
      request.destroy()
      const code = statusCode === 401 || statusCode === 403 ? 'RELAY_DENIED' : 'RELAY_UNREACHABLE'
      reject(new TaskError(code, { url: shown, reason: `it answers with HTTP ${statusCode}` }))
    })
  })
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
}

/** Of several addresses that were tried there is a code and no message. */
function reasonOf(cause: Error): string {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return REASONS[code] ?? (cause.message === '' ? code : cause.message)
}

/** Without who asks: a name, a password, a token behind a question mark. */
function shownUrl(url: string): string {
  if (!URL.canParse(url)) return 'what was given'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

function placeOf(url: string): { readonly host: string; readonly port: string } {
  if (!URL.canParse(url)) return { host: 'no address', port: '' }
  const { hostname, port } = new URL(url)
  return { host: hostname, port }
}

function invalid(field: string, problem: string, fix: string): TaskError {
  return new TaskError('INVALID_INPUT', { field, problem, fix })
}
