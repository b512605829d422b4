/** The relay's door for WebSockets: takes the upgrades of an HTTP server. What a visitor may do is decided behind it. */
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import {
  asTaskError,
  CLOSE,
  errorTable,
  refusal,
  TaskError,
  type Connection,
  type Runtime,
  type Welcome,
} from '../../src/internal.ts'
import { WebSocketConnection } from './connection.ts'
import { Looks } from './looks.ts'
import { FanOut } from './outgoing.ts'
import { chosenSubprotocol, parseVisit, type Visit } from './visit.ts'

export type Accept = (connection: Connection, visit: Visit) => void

export interface DoorOptions {
  readonly runtime: Runtime
  /**
   * Who takes the visitors of which place. `/sync/` ends with a slash: the next and last part of the path is the project.
   * Other places are whole paths, and `?project=` may name the project.
   */
  readonly places: Readonly<Record<string, Accept>>
  /** Which hosts and origins are answered. */
  readonly welcome: Welcome
  /** More are refused with HTTP 503. @default 10,000 */
  readonly maxConnections?: number
  /** Larger frames of a visitor end the connection with 1009. @default 32 MiB */
  readonly maxPayload?: number
  /** Larger frames are refused where they are sent. @default 64 MiB, what a client takes */
  readonly maxSentBytes?: number
  /** What may wait for a visitor who reads slowly, before the connection is ended with 1013. @default 64 MiB */
  readonly maxBufferedBytes?: number
  /** How often visitors are asked for a sign of life. @default 30 s */
  readonly pingMs?: number
}

export interface WebSocketDoor extends AsyncDisposable {
  /** For the `upgrade` event of an HTTP server. Never throws. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

const MIB = 1024 * 1024

/** Closing it ends every connection with 1001, and takes nobody more. */
export function webSocketDoor(options: DoorOptions): WebSocketDoor {
  return new Door(options)
}

class Door implements WebSocketDoor {
  readonly #connections = new Set<WebSocketConnection>()
  readonly #fanOut = new FanOut()
  readonly #looks: Looks
  #isClosed = false
  readonly #options: DoorOptions
  readonly #server: WebSocketServer

  constructor(options: DoorOptions) {
    this.#options = options
    this.#looks = new Looks(options.runtime, options.pingMs ?? 30_000)
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxPayload ?? 32 * MIB,
      handleProtocols: chosenSubprotocol,
    })
  }

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Whoever leaves in the middle of the handshake is no event.
    const ignore = (): void => undefined
    socket.on('error', ignore)
    try {
      const { place, visit } = this.#admitted(request)
      // The answer to the request leaves with the first frames.
      socket.cork()
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        const { runtime, maxSentBytes = 64 * MIB, maxBufferedBytes = 64 * MIB } = this.#options
        const connection = WebSocketConnection.over(webSocket, request.socket, {
          runtime,
          outgoing: this.#fanOut.outgoing(webSocket, socket),
          maxSentBytes,
          maxBufferedBytes,
          looks: this.#looks,
          silentLooks: 1,
          asks: true,
        })
        this.#connections.add(connection)
        void connection.closed.then(() => this.#connections.delete(connection))
        connection.guard(() => place(connection, visit))
      })
    } catch (thrown) {
      const error = asTaskError(thrown)
      this.#options.runtime.log({ level: 'info', event: 'door.refused', code: error.code })
      refuse(socket, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const open = [...this.#connections]
    for (const connection of open) connection.close('the relay stops', CLOSE.goingAway)
    await Promise.all(open.map(({ closed }) => closed))
  }

  #admitted(request: IncomingMessage): { readonly place: Accept; readonly visit: Visit } {
    const { places, welcome, maxConnections = 10_000 } = this.#options
    const { host, origin } = request.headers
    const unwelcome = refusal(host, origin, welcome)
    if (unwelcome !== undefined) throw unwelcome
    const parsed = parseVisit(request, places)
    if (this.#isClosed) throw new TaskError('CONNECTION_CLOSED', { reason: 'the relay stops' })
    if (this.#connections.size >= maxConnections) {
      throw new TaskError('CONNECTION_CLOSED', { reason: `the relay has ${maxConnections} connections already` })
    }
    return parsed
  }
}

/** As HTTP, since there is no WebSocket yet. */
function refuse(socket: Duplex, error: TaskError): void {
  const { http } = errorTable[error.code]
  const body = Buffer.from(JSON.stringify({ error }))
  const head = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.byteLength}`,
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
}
