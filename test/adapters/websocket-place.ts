/** A door for WebSockets in a real HTTP server on the loopback, and what tests do with it. */
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { webSocketDoor, type Accept, type DoorOptions, type WebSocketDoor } from '../../adapters/websocket/server.ts'
import type { Visit } from '../../adapters/websocket/visit.ts'
import { TaskError, type Connection } from '../../src/internal.ts'
import { maxFrameBytes } from '../conformance/transport.ts'

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server, 0)
  await new Promise((resolve) => server.close(resolve))
  return port
}

export function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** The listening end as the suite of transports wants it: at a known port, connections live longer than it. */
export async function listenForWebSockets(
  port: number,
  accept: (connection: Connection) => void,
): Promise<AsyncDisposable> {
  const door = webSocketDoor({
    runtime: nodeRuntime(),
    welcome: { isLoopback: true },
    places: { '/sync/': accept },
    maxPayload: maxFrameBytes,
    maxSentBytes: maxFrameBytes,
  })
  const server = createServer().on('upgrade', (request, socket, head) => door.upgrade(request, socket, head))
  try {
    await listening(server, port)
  } catch (cause) {
    throw new TaskError('STORE_LOCKED', { holder: 'another listener' }, { cause })
  }
  return { [Symbol.asyncDispose]: async () => void server.close() }
}

export interface Visitor {
  readonly connection: Connection
  readonly visit: Visit
}

export interface Place extends AsyncDisposable {
  readonly port: number
  /** `ws://127.0.0.1:<port>/sync/project` */
  readonly url: string
  readonly door: WebSocketDoor
  /** Everyone who came in, oldest first. */
  readonly visitors: readonly Visitor[]
  /** The sockets below them, in the same order. */
  readonly sockets: readonly Socket[]
  /** The visitor with this index, once there is one. */
  visitor(index: number): Promise<Visitor>
}

/** A door and its HTTP server at any free port. */
export async function openPlace(
  options: Partial<DoorOptions> & { readonly accept?: Accept; readonly server?: Server } = {},
): Promise<Place> {
  const visitors: Visitor[] = []
  const sockets: Socket[] = []
  const accept: Accept = (connection, visit) => {
    visitors.push({ connection, visit })
    options.accept?.(connection, visit)
  }
  const door = webSocketDoor({
    runtime: nodeRuntime(),
    welcome: { isLoopback: true },
    places: { '/sync/': accept, '/rpc': accept },
    ...options,
  })
  const server = options.server ?? createServer()
  server.on('upgrade', (request, socket, head) => {
    sockets.push(request.socket)
    door.upgrade(request, socket, head)
  })
  const port = await listening(server, 0)
  return {
    port,
    url: `ws://127.0.0.1:${port}/sync/project`,
    door,
    visitors,
    sockets,
    visitor: async (index) => {
      for (;;) {
        const visitor = visitors[index]
        if (visitor !== undefined) return visitor
        await turn()
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await door[Symbol.asyncDispose]()
    },
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** A socket that speaks no WebSocket by itself: after the handshake the test writes and reads its bytes. */
export interface RawPeer {
  readonly socket: Socket
  /** Everything that came, after the head of the answer. */
  readonly received: () => Buffer
  /** The first line of the answer. */
  readonly status: string
  readonly ended: Promise<void>
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

export async function rawPeer(port: number, path = '/sync/project', headers: readonly string[] = []): Promise<RawPeer> {
  const socket = connect(port, '127.0.0.1')
  // How it is ended is what the tests look at.
  socket.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])))
  const own = headers.some((one) => one.startsWith('Host:')) ? [] : [`Host: 127.0.0.1:${port}`]
  const head = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Version: 13']
  socket.write([`GET ${path} HTTP/1.1`, ...own, ...head, ...headers, '', ''].join('\r\n'))
  const isOver = { value: false }
  void ended.then(() => (isOver.value = true))
  await until(() => bytes.includes('\r\n\r\n') || isOver.value)
  const end = bytes.indexOf('\r\n\r\n')
  return {
    socket,
    status: bytes.toString('latin1').split('\r\n')[0] ?? '',
    received: () => bytes.subarray(end + 4),
    ended,
  }
}

/** One frame as a client writes it, masked with zeros. */
export function clientFrame(opcode: number, payload: Uint8Array, options: { readonly claims?: number } = {}): Buffer {
  const size = options.claims ?? payload.byteLength
  const head = Buffer.alloc(size < 126 ? 6 : 14)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (size < 126 ? size : 127)
  if (size >= 126) head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, payload])
}

/** The frames of a server in these bytes; an end is `[number, reason]`. */
export function serverFrames(bytes: Buffer): readonly { readonly opcode: number; readonly payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    const size =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if (at + head + size > bytes.length) break
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(at + head, at + head + size) })
    at += head + size
  }
  return frames
}
