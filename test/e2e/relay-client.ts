/** A client of the relay as small as one can be: a document, a real socket, barriers. It remembers what was acknowledged. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import {
  readRelayMessage,
  writeBarrier,
  writeMissing,
  writeUpdate,
  writeVector,
  type Settled,
} from '../../src/sync/protocol.ts'

export interface Ended {
  readonly status: number
  readonly reason: string
}

export interface ClientOptions {
  /** What it has from before. @default nothing */
  readonly doc?: Y.Doc
  readonly token?: string
}

export class RelayClient {
  readonly doc: Y.Doc
  readonly socket: WebSocket
  /** Everything of the relay is here, and what the relay lacked was sent. */
  readonly synced: Promise<void>
  readonly ended: Promise<Ended>
  isOver = false
  #isOffered = false
  #lastBarrier = 0
  readonly #waiting = new Map<number, (settled: Settled | undefined) => void>()

  private constructor(socket: WebSocket, doc: Y.Doc) {
    this.socket = socket
    this.doc = doc
    socket.on('error', () => undefined)
    let hasAll: () => void = () => undefined
    this.synced = new Promise((resolve) => (hasAll = resolve))
    this.ended = new Promise((resolve) => {
      socket.once('close', (status: number, reason: Buffer) => {
        this.isOver = true
        for (const settle of this.#waiting.values()) settle(undefined)
        doc.off('update', tell)
        resolve({ status, reason: reason.toString() })
      })
    })
    const tell = (update: Uint8Array, origin: unknown): void => {
      if (origin !== this && this.#isOffered) this.send(writeUpdate(update))
    }
    doc.on('update', tell)
    let isAll = false
    socket.on('message', (data: Buffer) => {
      const message = readRelayMessage(new Uint8Array(data))
      if (message?.kind === 'vector') {
        this.#isOffered = true
        this.send(writeMissing(Y.encodeStateAsUpdate(doc, message.vector)))
      } else if (message?.kind === 'missing' || message?.kind === 'update') {
        isAll ||= message.kind === 'missing'
        Y.applyUpdate(doc, message.update, this)
      } else if (message?.kind === 'settled') {
        this.#waiting.get(message.number)?.(message)
        this.#waiting.delete(message.number)
      }
      if (isAll && this.#isOffered) hasAll()
    })
  }

  /** Where the project's room is: `ws://127.0.0.1:<port>/sync/<project>`. Rejects where nobody listens. */
  static async connect(url: string, { doc = new Y.Doc(), token }: ClientOptions = {}): Promise<RelayClient> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const client = new RelayClient(new WebSocket(url, { perMessageDeflate: false, headers }), doc)
    await once(client.socket, 'open')
    client.send(writeVector(Y.encodeStateVector(doc)))
    return client
  }

  /** As `connect`, and has everything. */
  static async join(url: string, options: ClientOptions = {}): Promise<RelayClient> {
    const client = await RelayClient.connect(url, options)
    await Promise.race([client.synced, client.ended])
    if (client.isOver) throw new Error(`it ended: ${JSON.stringify(await client.ended)}`)
    return client
  }

  get values(): Y.Map<unknown> {
    return this.doc.getMap('values')
  }

  send(frame: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame)
  }

  /** What became of all that was sent; undefined where the connection ended before. */
  barrier(): Promise<Settled | undefined> {
    if (this.isOver) return Promise.resolve(undefined)
    const number = ++this.#lastBarrier
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      this.send(writeBarrier(number))
    })
  }

  /** Whether the relay acknowledged it. */
  async write(key: string, value: unknown): Promise<boolean> {
    this.values.set(key, value)
    return (await this.barrier())?.status === 'committed'
  }

  async leave(): Promise<void> {
    this.socket.close()
    await this.ended
  }

  /** As a process that is gone: no farewell. */
  drop(): void {
    this.socket.terminate()
  }
}
