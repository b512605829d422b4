/** One exchange without a connection: the bytes of `POST /api/sync/<project>`, both ways. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Settlement } from './protocol.ts'

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

const SETTLEMENTS: readonly Settlement[] = ['committed', 'refused', 'read-only']

export function writeExchangeRequest({ vector, update }: ExchangeRequest): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, vector)
    encoding.writeVarUint8Array(encoder, update)
  })
}

export function readExchangeRequest(bytes: Uint8Array): ExchangeRequest | undefined {
  return whole(bytes, (decoder) => ({ vector: part(decoder), update: part(decoder) }))
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
    const [vector, missing] = [part(decoder), part(decoder)]
    return status === undefined ? undefined : { status, epoch, seq, time, vector, missing }
  })
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

/** lib0 makes a view beyond the end where the length is a lie. */
function part(decoder: decoding.Decoder): Uint8Array {
  const length = decoding.readVarUint(decoder)
  if (length > decoder.arr.length - decoder.pos) throw new Error('the bytes end too early')
  return decoding.readUint8Array(decoder, length)
}
