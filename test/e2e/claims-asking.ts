/** The two ways to ask a relay of claims, over real sockets: the question of a sync connection, and a page. Both reject where no answer came. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { postBytes } from '../../bin/relay-pages.ts'
import { readRelayMessage, writeQuestion } from '../../src/sync/protocol.ts'

/** The answer as it came: `{"result":…}` or `{"error":…}`. */
export type Ask = (method: string, params: object) => Promise<string>

/** `url` and `project` as a workspace knows them. Connects again after each end. */
export class SocketAsking implements AsyncDisposable {
  readonly #url: string
  #socket: WebSocket | undefined
  #asked = 0
  readonly #waiting = new Map<
    number,
    { readonly resolve: (json: string) => void; readonly reject: (cause: Error) => void }
  >()

  constructor(url: string, project: string) {
    this.#url = `${url}/sync/${project}`
  }

  async ask(method: string, params: object): Promise<string> {
    const socket = await this.#connected()
    const number = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      socket.send(writeQuestion(number, JSON.stringify({ method, params })))
    })
  }

  /** As a process that is gone: what was sent may have arrived, what is answered does not. */
  drop(): void {
    this.#socket?.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop()
  }

  async #connected(): Promise<WebSocket> {
    if (this.#socket !== undefined) return this.#socket
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    socket.on('error', () => undefined) // `close` follows
    const closed = once(socket, 'close').then(() => this.#ended(socket))
    await Promise.race([once(socket, 'open'), closed])
    if (socket.readyState !== WebSocket.OPEN) throw new Error('nobody listens')
    if (this.#socket !== undefined) {
      socket.terminate()
      return this.#socket
    }
    socket.on('message', (data: Buffer) => this.#hear(data))
    return (this.#socket = socket)
  }

  #hear(data: Buffer): void {
    const message = readRelayMessage(new Uint8Array(data))
    if (message?.kind !== 'answer') return
    this.#waiting.get(message.number)?.resolve(message.json)
    this.#waiting.delete(message.number)
  }

  #ended(socket: WebSocket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    for (const { reject } of this.#waiting.values()) reject(new Error('the connection ended'))
    this.#waiting.clear()
  }
}

/** As commands ask; `http` is where the relay's pages are. */
export function pageAsking(http: string, project: string): Ask {
  return async (method, params) => {
    const body = new TextEncoder().encode(JSON.stringify({ method, params }))
    const answer = await postBytes({ http, token: undefined }, `/api/sync/${project}/ask`, body)
    return answer.toString()
  }
}
