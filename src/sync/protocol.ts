/**
 * The bytes between a workspace and a relay: the y-websocket protocol, and a few kinds of message beyond it. Readers and
 * writers in pairs; docs/protocol.md is this file in words. Knows no connection and no document.
 *
 *   0 sync (0 vector · 1 what is missing · 2 update)   1 awareness   2 denied   3 query awareness
 *   100 barrier / settled   101 question / answer   102 refused   103 claims changed
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** Grows when a relay or a client must know more than before to be safe with the other. */
export const PROTOCOL_VERSION = 1

/** Why a relay ended a connection. 4400 to 4499: trying again changes nothing. All others: later. */
export const CLOSE: {
  readonly goingAway: 1001
  readonly tooLarge: 1009
  readonly fault: 1011
  readonly tryLater: 1013
  readonly malformed: 4400
  readonly denied: 4401
  readonly forbidden: 4403
  readonly unknownProject: 4404
  readonly tooOld: 4426
  readonly tooMany: 4529
} = {
  goingAway: 1001,
  tooLarge: 1009,
  fault: 1011,
  tryLater: 1013,
  malformed: 4400,
  denied: 4401,
  forbidden: 4403,
  unknownProject: 4404,
  tooOld: 4426,
  /** More messages or bytes than the relay takes in a while. */
  tooMany: 4529,
}

/** Whether a client that was closed with this must not come back by itself. */
export function isFinal(status: number | undefined): boolean {
  return status !== undefined && status >= 4400 && status < 4500
}

/** What became of everything that a client sent since its last barrier. */
export type Settlement = 'committed' | 'refused' | 'read-only'
/** By their number in the bytes. */
export const SETTLEMENTS: readonly Settlement[] = ['committed', 'refused', 'read-only']

export interface Settled {
  readonly kind: 'settled'
  /** The barrier's number. */
  readonly number: number
  readonly status: Settlement
  /** Names the relay's data: differs after it was emptied, or put back from a backup. */
  readonly epoch: string
  /** The relay's clock, in ms. */
  readonly time: number
}

export type Message =
  | { readonly kind: 'vector'; readonly vector: Uint8Array }
  /** The answer to a vector: with it the other side has everything. */
  | { readonly kind: 'missing'; readonly update: Uint8Array }
  | { readonly kind: 'update'; readonly update: Uint8Array }
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  | { readonly kind: 'query awareness' }
  /** Client to relay: answer when everything before this is settled. */
  | { readonly kind: 'barrier'; readonly number: number }
  /** Client to relay: a question as JSON, answered under its number. */
  | { readonly kind: 'question'; readonly number: number; readonly json: string }
  | { readonly kind: 'denied'; readonly reason: string }
  | Settled
  | { readonly kind: 'answer'; readonly number: number; readonly json: string }
  /** Relay to client, before `settled`: why something was not taken. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Relay to client, who asked to be told: tasks are held by others than before. */
  | { readonly kind: 'claims' }
  /** A kind that only later versions know. */
  | { readonly kind: 'unknown'; readonly type: number }

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const QUERY_AWARENESS = 3
const BARRIER = 100
const QUESTION = 101
const REFUSED = 102
const CLAIMS = 103

const VECTOR = 0
const MISSING = 1
const UPDATE = 2
const PERMISSION_DENIED = 0

/** Bytes are views of the frame. Undefined for anything that is not one whole message. */
export function readClientMessage(frame: Uint8Array): Message | undefined {
  return readMessage(frame, (type, decoder) => {
    switch (type) {
      case BARRIER:
        return { kind: 'barrier', number: decoding.readVarUint(decoder) }
      case QUESTION:
        return { kind: 'question', number: decoding.readVarUint(decoder), json: decoding.readVarString(decoder) }
      case AUTH:
      case REFUSED:
      case CLAIMS:
        return undefined
      default:
        return readSharedMessage(type, decoder)
    }
  })
}

export function readRelayMessage(frame: Uint8Array): Message | undefined {
  return readMessage(frame, (type, decoder) => {
    switch (type) {
      case BARRIER:
        return readSettled(decoder)
      case QUESTION:
        return { kind: 'answer', number: decoding.readVarUint(decoder), json: decoding.readVarString(decoder) }
      case AUTH:
        if (decoding.readVarUint(decoder) !== PERMISSION_DENIED) return undefined
        return { kind: 'denied', reason: decoding.readVarString(decoder) }
      case REFUSED:
        return { kind: 'refused', code: decoding.readVarString(decoder), reason: decoding.readVarString(decoder) }
      case CLAIMS:
        return { kind: 'claims' }
      default:
        return readSharedMessage(type, decoder)
    }
  })
}

export function writeVector(vector: Uint8Array): Uint8Array {
  return syncFrame(VECTOR, vector)
}

export function writeMissing(update: Uint8Array): Uint8Array {
  return syncFrame(MISSING, update)
}

export function writeUpdate(update: Uint8Array): Uint8Array {
  return syncFrame(UPDATE, update)
}

export function writeAwareness(update: Uint8Array): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, AWARENESS)
    encoding.writeVarUint8Array(encoder, update)
  })
}

export function writeQueryAwareness(): Uint8Array {
  return frame((encoder) => encoding.writeVarUint(encoder, QUERY_AWARENESS))
}

export function writeBarrier(number: number): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, BARRIER)
    encoding.writeVarUint(encoder, number)
  })
}

export function writeSettled({ number, status, epoch, time }: Omit<Settled, 'kind'>): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, BARRIER)
    encoding.writeVarUint(encoder, number)
    encoding.writeVarUint(encoder, SETTLEMENTS.indexOf(status))
    encoding.writeVarString(encoder, epoch)
    encoding.writeVarUint(encoder, time)
  })
}

/** A question of a client, or its answer. */
export function writeQuestion(number: number, json: string): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, QUESTION)
    encoding.writeVarUint(encoder, number)
    encoding.writeVarString(encoder, json)
  })
}

export function writeRefused(code: string, reason: string): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, REFUSED)
    encoding.writeVarString(encoder, code)
    encoding.writeVarString(encoder, reason)
  })
}

export function writeClaimsNews(): Uint8Array {
  return frame((encoder) => encoding.writeVarUint(encoder, CLAIMS))
}

export function writeDenied(reason: string): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, AUTH)
    encoding.writeVarUint(encoder, PERMISSION_DENIED)
    encoding.writeVarString(encoder, reason)
  })
}

function readMessage(
  frame: Uint8Array,
  read: (type: number, decoder: decoding.Decoder) => Message | undefined,
): Message | undefined {
  const decoder = decoding.createDecoder(frame)
  try {
    const message = read(decoding.readVarUint(decoder), decoder)
    return message?.kind === 'unknown' || !decoding.hasContent(decoder) ? message : undefined
  } catch {
    // lib0 throws at the end of the bytes, at numbers beyond what is safe and at text that is no UTF-8.
    return undefined
  }
}

function readSharedMessage(type: number, decoder: decoding.Decoder): Message | undefined {
  switch (type) {
    case SYNC:
      return readSync(decoding.readVarUint(decoder), bytesIn(decoder))
    case AWARENESS:
      return { kind: 'awareness', update: bytesIn(decoder) }
    case QUERY_AWARENESS:
      return { kind: 'query awareness' }
    default:
      return { kind: 'unknown', type }
  }
}

function readSync(step: number, bytes: Uint8Array): Message | undefined {
  switch (step) {
    case VECTOR:
      return { kind: 'vector', vector: bytes }
    case MISSING:
      return { kind: 'missing', update: bytes }
    case UPDATE:
      return { kind: 'update', update: bytes }
    default:
      return undefined
  }
}

function readSettled(decoder: decoding.Decoder): Message | undefined {
  const number = decoding.readVarUint(decoder)
  const status = SETTLEMENTS[decoding.readVarUint(decoder)]
  const epoch = decoding.readVarString(decoder)
  const time = decoding.readVarUint(decoder)
  return status === undefined ? undefined : { kind: 'settled', number, status, epoch, time }
}

/** lib0 makes a view beyond the end where the length is a lie. */
export function bytesIn(decoder: decoding.Decoder): Uint8Array {
  const length = decoding.readVarUint(decoder)
  if (length > decoder.arr.length - decoder.pos) throw new Error('the frame ends before its bytes')
  return decoding.readUint8Array(decoder, length)
}

function syncFrame(step: number, bytes: Uint8Array): Uint8Array {
  // By hand: the encoder of lib0 would copy a whole document two times.
  const head = frame((encoder) => {
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint(encoder, bytes.length)
  })
  const whole = new Uint8Array(head.length + bytes.length)
  whole.set(head)
  whole.set(bytes, head.length)
  return whole
}

function frame(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}
