/** A relay in memory and visitors who speak frames to it, for tests of one thing at a time. */
import * as Y from 'yjs'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '../../adapters/memory/store.ts'
import { memoryPair, type Direction } from '../../adapters/memory/transport.ts'
import type { Connection, Ending, Store } from '../../src/internal.ts'
import { Relay, type RelayOptions } from '../../src/relay/relay.ts'
import { readRelayMessage, writeBarrier, writeUpdate, writeVector, type Message } from '../../src/sync/protocol.ts'
import { digest } from './simulated-relay.ts'

export const PROJECT = 'project-of-tests'

export interface RelayPlace extends AsyncDisposable {
  readonly relay: Relay
  readonly store: Store
  readonly runtime: MemoryRuntime
  readonly disk: MemoryDisk
}

export async function openRelay(
  options: RelayOptions & {
    readonly disk?: MemoryDisk
    readonly runtime?: MemoryRuntime
    readonly place?: string
  } = {},
): Promise<RelayPlace> {
  const { disk = createMemoryDisk(), runtime = memoryRuntime(), place = 'here', ...rest } = options
  const store = await openMemoryStore(disk)
  const relay = await Relay.open({ runtime, store, digest, place }, rest)
  return {
    relay,
    store,
    runtime,
    disk,
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

export class Visitor {
  readonly heard: Message[] = []
  readonly connection: Connection
  readonly directions: readonly Direction[]
  ending: Ending | undefined

  constructor(
    relay: Relay,
    {
      token = null,
      project = PROJECT,
      byHand = false,
    }: { readonly token?: string | null; readonly project?: string; readonly byHand?: boolean } = {},
  ) {
    const { ends, directions } = memoryPair({ byHand })
    this.connection = ends[0]
    this.directions = directions
    void ends[0].closed.then((ending) => (this.ending = ending))
    ends[0].onFrame((frame) => {
      const message = readRelayMessage(frame)
      if (message !== undefined) this.heard.push(message)
    })
    relay.welcome(ends[1], { project, token })
  }

  send(...frames: readonly Uint8Array[]): this {
    for (const frame of frames) this.connection.send(frame)
    return this
  }

  all<Kind extends Message['kind']>(kind: Kind): readonly (Message & { readonly kind: Kind })[] {
    return this.heard.filter((message): message is Message & { readonly kind: Kind } => message.kind === kind)
  }

  last<Kind extends Message['kind']>(kind: Kind): (Message & { readonly kind: Kind }) | undefined {
    return this.all(kind).at(-1)
  }

  /** Says that it has nothing, and asks for everything. */
  ask(): this {
    return this.send(writeVector(Uint8Array.of(0)))
  }

  write(doc: Y.Doc, number: number): this {
    return this.send(writeUpdate(Y.encodeStateAsUpdate(doc)), writeBarrier(number))
  }

  /** What all it has heard comes to. */
  document(): Y.Doc {
    const doc = new Y.Doc()
    for (const message of this.heard)
      if (message.kind === 'update' || message.kind === 'missing') Y.applyUpdate(doc, message.update)
    return doc
  }
}

/** A document of one client with a text in it. */
export function docOf(client: number, text: string): Y.Doc {
  const doc = new Y.Doc()
  doc.clientID = client
  doc.getText('text').insert(0, text)
  return doc
}

/** Every promise that can settle without the outside has settled then. */
export async function quiet(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => void setImmediate(resolve))
}
