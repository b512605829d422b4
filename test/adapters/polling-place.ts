/** A relay with real sockets behind a proxy that a test can make block WebSockets, and a small client of it. */
import { createHash } from 'node:crypto'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as Y from 'yjs'
import { openHttpServer } from '../../adapters/http/server.ts'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { webSocketDoor } from '../../adapters/websocket/server.ts'
import { relayRoutes } from '../../bin/relay-routes.ts'
import type { Store, Transport } from '../../src/internal.ts'
import { Relay, type RelayOptions } from '../../src/relay/relay.ts'
import { Peer, type PeerHost } from '../../src/sync/peer.ts'
import { turn } from './websocket-place.ts'

/** What becomes of a WebSocket on its way: let through, answered with 400 or 403, never answered, or opened and then cut or mute. */
export type Blocking = 'open' | 'refused' | 'forbidden' | 'hanging' | 'cut' | 'mute'

export interface PlaceOptions extends RelayOptions {
  readonly disk?: ReturnType<typeof createMemoryDisk>
  readonly wrap?: (store: Store) => Store
  /** Names the relay's data. @default always the same */
  readonly place?: string
  readonly port?: number
}

export interface PollingPlace extends AsyncDisposable {
  readonly relay: Relay
  readonly runtime: MemoryRuntime
  readonly disk: ReturnType<typeof createMemoryDisk>
  readonly port: number
  readonly url: string
  /** Method and path of each request that reached a route, oldest first. */
  readonly requests: string[]
  /** Connections of clients to its port. */
  readonly sockets: ReadonlySet<Socket>
}

const welcome = { isLoopback: true }
export const PROJECT = 'one-project'

export async function openPollingPlace(options: PlaceOptions = {}): Promise<PollingPlace> {
  const { disk = createMemoryDisk(), wrap = (store: Store) => store, place = 'here', port = 0, ...rest } = options
  // Other data is named by other dice.
  const runtime = memoryRuntime({ seed: 7 + place.length })
  const store = await openMemoryStore(disk)
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const relay = await Relay.open({ runtime, store: wrap(store), digest, place }, rest)
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const door = webSocketDoor({
    runtime,
    welcome,
    places: { '/sync/': (connection, { project, token }) => relay.welcome(connection, { project, token }) },
  })
  const routes = relayRoutes(() => relay, runtime).map((route) => ({
    ...route,
    handle: (request: Parameters<typeof route.handle>[0]) => {
      requests.push(`${request.method} ${request.path}`)
      return route.handle(request)
    },
  }))
  const server = await openHttpServer({
    host: '127.0.0.1',
    ports: [port],
    runtime,
    welcome,
    routes,
    upgrade: (request, socket, head) => {
      sockets.add(request.socket)
      door.upgrade(request, socket, head)
    },
  })
  const listening = server.ports[0] ?? 0
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await turnUntil(runtime, server[Symbol.asyncDispose]())
    await turnUntil(runtime, door[Symbol.asyncDispose]())
    await relay[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  }
  return {
    relay,
    runtime,
    disk,
    requests,
    sockets,
    port: listening,
    url: `http://127.0.0.1:${listening}`,
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}

export interface Proxy extends AsyncDisposable {
  readonly url: string
  blocking: Blocking
  /** Nobody is let through at all. */
  isDown: boolean
  /** WebSockets that were asked for. */
  readonly upgrades: () => number
  /** Every connection through it ends. */
  cut(): void
}

export async function openProxy(target: () => number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let upgrades = 0
  const server: Server = createServer((near) => {
    if (proxy.isDown) return void near.destroy()
    sockets.add(near)
    near.on('error', () => undefined)
    near.once('close', () => sockets.delete(near))
    near.once('data', (first: Buffer) => {
      const isUpgrade = /\r\nupgrade: *websocket/i.test(first.toString('latin1'))
      if (isUpgrade) upgrades++
      pass(near, first, target(), isUpgrade ? proxy.blocking : 'open')
    })
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    blocking: 'open',
    isDown: false,
    upgrades: () => upgrades,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      proxy.cut()
    },
  }
  return proxy
}

function pass(near: Socket, first: Buffer, port: number, blocking: Blocking): void {
  if (blocking === 'refused') return void near.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  if (blocking === 'forbidden') return void near.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  if (blocking === 'hanging') return
  const far = connect(port, '127.0.0.1')
  far.on('error', () => near.destroy())
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  far.write(first)
  if (blocking === 'open') {
    near.pipe(far)
    far.pipe(near)
    return
  }
  far.once('data', (head: Buffer) => {
    near.write(head.subarray(0, head.indexOf('\r\n\r\n') + 4), () => {
      if (blocking === 'cut') near.destroy()
    })
  })
}

/** A document that is kept together with a relay: the smallest host of a peer. */
export class SmallClient implements AsyncDisposable {
  readonly doc: Y.Doc = new Y.Doc()
  readonly peer: Peer
  /** What became of what was sent. */
  readonly settled: string[] = []
  /** Texts of the list `log`, in the order in which they came in from elsewhere. */
  readonly heard: string[] = []
  readonly runtime: MemoryRuntime
  #written = 0

  constructor(transport: Transport, runtime: MemoryRuntime) {
    this.runtime = runtime
    const { doc, settled } = this
    const written = (): number => this.#written
    const host: PeerHost = {
      vector: async () => Y.encodeStateVector(doc),
      missing: async (vector) => ({ update: Y.encodeStateAsUpdate(doc, vector), written: written() }),
      hear: async (updates) => {
        for (const update of updates) Y.applyUpdate(doc, update, 'relay')
      },
      written,
      presence: () => ({ client: doc.clientID, state: '{"workspace":"small"}' }),
      settled: ({ status }) => void settled.push(status),
    }
    this.peer = new Peer(transport, host, runtime)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'relay') this.peer.say(update, ++this.#written)
    })
    doc.getArray<string>('log').observe(({ changes, transaction }) => {
      if (transaction.origin !== 'relay') return
      for (const { insert } of changes.delta) if (Array.isArray(insert)) this.heard.push(...(insert as string[]))
    })
  }

  write(text: string): void {
    this.doc.getArray<string>('log').push([text])
  }

  get log(): readonly string[] {
    return this.doc.getArray<string>('log').toArray()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await turnUntil(this.runtime, this.peer[Symbol.asyncDispose]())
  }
}

/** Time goes on, a little with each turn of the event loop, until something holds. */
export async function passing(runtime: MemoryRuntime, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await runtime.advance(5)
    await turn()
  }
}

async function turnUntil<Value>(runtime: MemoryRuntime, work: PromiseLike<Value>): Promise<Value> {
  let isOver = false
  const over = (): void => void (isOver = true)
  work.then(over, over)
  await passing(runtime, () => isOver)
  return work
}

/** Time stands still; what is on its way arrives. */
export async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await turn()
}
