/** Clients that are none of ours: a stock one, written on y-protocols alone, and one that sends garbage. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import type { Connection } from '../../src/internal.ts'
import {
  writeBarrier,
  writeMissing,
  writeQuestion,
  writeUpdate as writeUpdateFrame,
  writeVector,
} from '../../src/sync/protocol.ts'
import type { Dice } from './dice.ts'
import type { SimulatedLine } from './simulated-line.ts'

/** As y-websocket does it: sync, awareness, and the echo of what others say of themselves. */
export class StockClient {
  readonly doc: Y.Doc = new Y.Doc()
  readonly awareness: Awareness
  readonly line: SimulatedLine
  #connection: Connection | undefined
  #isConnecting = false

  constructor(line: SimulatedLine, client: number) {
    this.line = line
    this.doc.clientID = client
    this.awareness = new Awareness(this.doc)
    // Its timer reads the real clock.
    clearInterval(this.awareness._checkInterval)
    this.awareness.setLocalState({ name: 'stock' })
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#say(0, (encoder) => writeUpdate(encoder, update))
    })
    this.awareness.on('update', ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>) =>
      this.#sayAwareness([...added, ...updated, ...removed]),
    )
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  write(word: string): void {
    this.doc.getMap('stock').set(word.slice(0, 2), word)
    this.doc.getText('stock text').insert(0, `${word} `)
  }

  async connect(): Promise<void> {
    if (this.#connection !== undefined || this.#isConnecting) return
    this.#isConnecting = true
    const connection = await this.line.connect().catch(() => undefined)
    this.#isConnecting = false
    if (connection === undefined) return
    this.#connection = connection
    void connection.closed.then(() => {
      if (this.#connection === connection) this.#connection = undefined
    })
    connection.onFrame((frame) => this.#hear(frame))
    this.#say(0, (encoder) => writeSyncStep1(encoder, this.doc))
    this.#sayAwareness([this.doc.clientID])
  }

  #hear(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame)
    switch (decoding.readVarUint(decoder)) {
      case 0: {
        const encoder = encoding.createEncoder()
        encoding.writeVarUint(encoder, 0)
        readSyncMessage(decoder, encoder, this.doc, this)
        if (encoding.length(encoder) > 1) this.#connection?.send(encoding.toUint8Array(encoder))
        return
      }
      case 1:
        return applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this)
      default:
        return
    }
  }

  #sayAwareness(clients: number[]): void {
    this.#say(1, (encoder) => encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.awareness, clients)))
  }

  #say(type: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, type)
    write(encoder)
    this.#connection?.send(encoding.toUint8Array(encoder))
  }
}

/** Comes, sends something that makes no sense, is sent away, comes again. */
export class HostileClient {
  readonly line: SimulatedLine
  readonly #doc = new Y.Doc()
  #connection: Connection | undefined

  constructor(line: SimulatedLine) {
    this.line = line
    this.#doc.clientID = 666
    this.#doc.getText('hostile').insert(0, 'I was here')
  }

  async act(dice: Dice): Promise<void> {
    if (this.#connection === undefined) {
      const connection = await this.line.connect().catch(() => undefined)
      this.#connection = connection
      void connection?.closed.then(() => (this.#connection = undefined))
    }
    for (let count = 1 + dice.below(4); count > 0; count--) this.#connection?.send(this.#garbage(dice))
  }

  #garbage(dice: Dice): Uint8Array {
    const noise = dice.bytes(dice.below(40))
    const update = Y.encodeStateAsUpdate(this.#doc)
    const cut = update.slice(0, dice.below(update.length))
    return (
      dice.pick([
        noise,
        Uint8Array.from([dice.below(4), ...noise]),
        writeUpdateFrame(noise),
        writeMissing(cut),
        writeVector(noise),
        writeBarrier(dice.below(2 ** 31)),
        writeQuestion(dice.below(100), dice.pick(['', '{', '{"method":"keys.confirm"}', '[[[[[', '"x"']) ?? ''),
        Uint8Array.from([1, noise.length, ...noise]),
        Uint8Array.from([dice.below(256), dice.below(256)]),
      ]) ?? noise
    )
  }
}
