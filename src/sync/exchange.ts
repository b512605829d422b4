/** What is exchanged without a connection: the bytes of `/api/sync/<project>`, both ways. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { bytesIn, SETTLEMENTS, type Settlement } from './protocol.ts'

export interface ExchangeRequest {
  /** What the client has. */
  readonly vector: Uint8Array
  /** What it believes the relay lacks; no bytes where it does not know yet. */
  readonly update: Uint8Array
}

export interface ExchangeAnswer {
  readonly status: Settlement
  readonly epoch: string
  /** The number of the relay's last commit, for waiting for the next. */
  readonly seq: number
  readonly time: number
  /** What the relay has, with all of the update that it took. */
  readonly vector: Uint8Array
  /** What the client lacks. */
  readonly missing: Uint8Array
}

/** Up to where someone has everything: the number of a commit of a relay's data. */
export interface Known {
  readonly epoch: string
  readonly seq: number
}

/** The answer to one who waits for what is new. */
export interface Changes extends Known {
  /** What was committed since, oldest first; undefined where the relay does not know that (any more). */
  readonly updates: readonly Uint8Array[] | undefined
}

export function writeExchangeRequest({ vector, update }: ExchangeRequest): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, vector)
    encoding.writeVarUint8Array(encoder, update)
  })
}

export function readExchangeRequest(bytes: Uint8Array): ExchangeRequest | undefined {
  return whole(bytes, (decoder) => ({ vector: bytesIn(decoder), update: bytesIn(decoder) }))
}

export function writeExchangeAnswer({ status, epoch, seq, time, vector, missing }: ExchangeAnswer): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, SETTLEMENTS.indexOf(status))
    encoding.writeVarString(encoder, epoch)
    encoding.writeVarUint(encoder, seq)
    encoding.writeVarUint(encoder, time)
    encoding.writeVarUint8Array(encoder, vector)
    encoding.writeVarUint8Array(encoder, missing)
  })
}

export function readExchangeAnswer(bytes: Uint8Array): ExchangeAnswer | undefined {
  return whole(bytes, (decoder) => {
    const status = SETTLEMENTS[decoding.readVarUint(decoder)]
    const epoch = decoding.readVarString(decoder)
    const seq = decoding.readVarUint(decoder)
    const time = decoding.readVarUint(decoder)
    const [vector, missing] = [bytesIn(decoder), bytesIn(decoder)]
    return status === undefined ? undefined : { status, epoch, seq, time, vector, missing }
  })
}

export function writeChanges({ epoch, seq, updates }: Changes): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, epoch)
    encoding.writeVarUint(encoder, seq)
    // One more than there are: none is where they are not known.
    encoding.writeVarUint(encoder, updates === undefined ? 0 : updates.length + 1)
    for (const update of updates ?? []) encoding.writeVarUint8Array(encoder, update)
  })
}

export function readChanges(bytes: Uint8Array): Changes | undefined {
  return whole(bytes, (decoder) => {
    const epoch = decoding.readVarString(decoder)
    const seq = decoding.readVarUint(decoder)
    const count = decoding.readVarUint(decoder)
    if (count === 0) return { epoch, seq, updates: undefined }
    const updates: Uint8Array[] = []
    for (let index = 1; index < count; index++) updates.push(bytesIn(decoder))
    return { epoch, seq, updates }
  })
}

/** Several updates as the one that an exchange has room for. */
export function oneUpdate(updates: readonly Uint8Array[]): Uint8Array {
  const [first] = updates
  if (first === undefined) return new Uint8Array()
  return updates.length === 1 ? first : Y.mergeUpdates([...updates])
}

/** What someone has who had this, and has these updates too, with all that they are built on. */
export function grownVector(vector: Uint8Array, updates: readonly Uint8Array[]): Uint8Array {
  if (updates.length === 0) return vector
  const clocks = Y.decodeStateVector(vector)
  for (const update of updates)
    for (const [client, clock] of Y.parseUpdateMeta(update).to)
      clocks.set(client, Math.max(clocks.get(client) ?? 0, clock))
  return Y.encodeStateVector(clocks)
}

function whole<Value>(bytes: Uint8Array, read: (decoder: decoding.Decoder) => Value): Value | undefined {
  const decoder = decoding.createDecoder(bytes)
  try {
    const value = read(decoder)
    return decoding.hasContent(decoder) ? undefined : value
  } catch {
    return undefined // the bytes end too early
  }
}
