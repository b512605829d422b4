/** A connection whose other end is in this process: for one exchange that came by another way than a socket. */
import * as Y from 'yjs'
import { TaskError } from '../errors.ts'
import type { Connection, Ending } from '../ports.ts'
import { isFinal, readRelayMessage, type Message } from '../sync/protocol.ts'

type Of<Kind extends Message['kind']> = Message & { readonly kind: Kind }

export class Desk implements Connection {
  readonly closed: Promise<Ending>
  readonly waitingBytes = 0
  #end: (ending: Ending) => void = () => undefined
  #ending: Ending | undefined
  #listener: ((frame: Uint8Array) => void) | undefined
  #unheard: Uint8Array[] = []
  #messages: Message[] = []
  #wake: () => void = () => undefined

  constructor() {
    this.closed = new Promise((resolve) => (this.#end = resolve))
  }

  send(frame: Uint8Array): void {
    const message = readRelayMessage(frame)
    if (message !== undefined) this.#messages.push(message)
    this.#wake()
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener
    for (const frame of this.#unheard.splice(0)) listener(frame)
  }

  close(reason: string, status?: number): void {
    this.#ending ??= { code: 'closed', reason, ...(status === undefined ? {} : { status }) }
    this.#end(this.#ending)
    this.#wake()
  }

  say(frame: Uint8Array): void {
    if (this.#listener === undefined) this.#unheard.push(frame)
    else this.#listener(frame)
  }

  /** The next message of a kind; what came before it is passed over. */
  async next<Kind extends Message['kind']>(kind: Kind): Promise<Of<Kind>> {
    for (;;) {
      const message = await this.#next()
      if (isOf(message, kind)) return message
    }
  }

  /** What the answer to a vector brings, with the parts that came before it. */
  async missing(): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (;;) {
      const message = await this.#next()
      if (message.kind === 'update' || message.kind === 'missing') parts.push(message.update)
      if (message.kind === 'missing') return parts.length === 1 ? message.update : Y.mergeUpdates(parts)
    }
  }

  async #next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      if (this.#ending !== undefined) {
        const { reason, status } = this.#ending
        // What no client of ours sends is refused for good: trying it again changes nothing.
        if (isFinal(status)) throw new TaskError('FRAME_INVALID', { problem: reason })
        throw new TaskError('CONNECTION_CLOSED', { reason, executed: 'no' })
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

function isOf<Kind extends Message['kind']>(message: Message, kind: Kind): message is Of<Kind> {
  return message.kind === kind
}
