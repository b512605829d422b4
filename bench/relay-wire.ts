/**
 * One client of a relay, raw: no retries, no document unless one is given. A client without a document is light: it proves
 * that it is up to date with a vector, then only looks at what comes. So hundreds of them fit into one process.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'

/** y: of y-websocket, and ours; hocuspocus: the same behind the name of the document; bare: see relay-bare.mjs. */
export type Speech = 'y' | 'hocuspocus' | 'bare'

export interface Place {
  readonly speech: Speech
  readonly url: string
  readonly room: string
}

export interface ClientOptions {
  readonly doc?: Y.Doc
  /** What it has, where it has no document. @default nothing */
  readonly vector?: Uint8Array
  /** The first client of a room: the others find its document there. @default false */
  readonly seeds?: boolean
  readonly onUpdate?: (frame: Buffer) => void
}

const [SYNC, SYNC_REPLY] = [0, 4]
const [VECTOR, MISSING, UPDATE] = [0, 1, 2]
/** Of the bare server. */
const [KEEP, ASK] = [0xf0, 0xf1]
const NOTHING = Uint8Array.of(0)
const NO_CHANGE = Uint8Array.of(0, 0)

export class Client {
  /** Told that it has everything. */
  readonly ready: Promise<void>
  readonly socket: WebSocket
  readonly #place: Place
  readonly #options: ClientOptions
  bytesIn: number = 0
  /** When the answer to its vector was there and not applied yet. */
  answeredAt: number = Number.NaN
  #isReady: () => void = () => undefined
  readonly #onChange = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.socket.send(this.#frame(UPDATE, update))
  }

  constructor(place: Place, options: ClientOptions = {}) {
    const { speech, url, room } = place
    this.#place = place
    this.#options = options
    this.socket = new WebSocket(speech === 'y' ? `${url}/${room}` : url, {
      perMessageDeflate: false,
      maxPayload: 1 << 30,
    })
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve
      this.socket.once('error', reject)
      this.socket.once('close', (status, reason) => reject(new Error(`closed with ${status}: ${reason.toString()}`)))
    })
    this.ready.catch(() => undefined)
    this.socket.once('open', () => this.#begin())
    this.socket.on('message', (frame: Buffer) => this.#hear(frame))
  }

  send(update: Uint8Array): void {
    this.socket.send(this.#frame(UPDATE, update))
  }

  close(): void {
    this.#options.doc?.off('update', this.#onChange)
    this.socket.terminate()
  }

  #begin(): void {
    const { doc, vector, seeds } = this.#options
    const has = vector ?? (doc === undefined ? NOTHING : Y.encodeStateVector(doc))
    if (this.#place.speech === 'hocuspocus') this.socket.send(signIn(this.#place.room))
    doc?.on('update', this.#onChange)
    if (this.#place.speech !== 'bare') return this.socket.send(this.#frame(VECTOR, has))
    if (seeds === true && doc !== undefined) {
      this.socket.send(Buffer.concat([Buffer.of(KEEP), this.#frame(MISSING, Y.encodeStateAsUpdate(doc))]))
    } else if (has.length === 1) this.socket.send(Buffer.of(ASK))
    else this.#isReady()
  }

  #hear(frame: Buffer): void {
    this.bytesIn += frame.length
    // The bare server has kept what it was given.
    if (frame.length === 1) return this.#isReady()
    const decoder = decoding.createDecoder(frame)
    if (this.#place.speech === 'hocuspocus') decoding.readVarString(decoder)
    const type = decoding.readVarUint(decoder)
    if (type !== SYNC && type !== SYNC_REPLY) return
    const { doc, onUpdate } = this.#options
    const step = decoding.readVarUint(decoder)
    if (step === VECTOR) {
      const vector = decoding.readVarUint8Array(decoder)
      const missing = doc === undefined ? NO_CHANGE : Y.encodeStateAsUpdate(doc, vector)
      return this.socket.send(this.#frame(MISSING, missing))
    }
    if (step === MISSING) this.answeredAt = performance.now()
    else onUpdate?.(frame)
    if (doc !== undefined) Y.applyUpdate(doc, decoding.readVarUint8Array(decoder), this)
    if (step === MISSING) this.#isReady()
  }

  #frame(step: number, bytes: Uint8Array): Uint8Array {
    const encoder = encoding.createEncoder()
    if (this.#place.speech === 'hocuspocus') encoding.writeVarString(encoder, this.#place.room)
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
    return encoding.toUint8Array(encoder)
  }
}

/** Hocuspocus answers nobody who has not named a token and a version. */
function signIn(room: string): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, room)
  encoding.writeVarUint(encoder, 2)
  encoding.writeVarUint(encoder, 0)
  encoding.writeVarString(encoder, 'token')
  encoding.writeVarString(encoder, '4.7.0')
  return encoding.toUint8Array(encoder)
}
