/** Who is there: states of clients that live as long as their connection. The bytes of the awareness message, both ways. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** What one client says of itself; `state` is JSON, `null` when it left. */
export interface Presence {
  readonly client: number
  /** Counts what the client said: of two the greater is the newer. */
  readonly clock: number
  readonly state: string
}

export const GONE = 'null'

/** Undefined for bytes that are not one whole list of at most `most`. */
export function readPresences(bytes: Uint8Array, most: number): readonly Presence[] | undefined {
  const decoder = decoding.createDecoder(bytes)
  try {
    const count = decoding.readVarUint(decoder)
    if (count > most) return undefined
    const presences: Presence[] = []
    for (let index = 0; index < count; index++) {
      presences.push({
        client: decoding.readVarUint(decoder),
        clock: decoding.readVarUint(decoder),
        state: decoding.readVarString(decoder),
      })
    }
    return decoding.hasContent(decoder) ? undefined : presences
  } catch {
    return undefined // the bytes end too early, or are no UTF-8
  }
}

export function writePresences(presences: readonly Presence[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, presences.length)
  for (const { client, clock, state } of presences) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, state)
  }
  return encoding.toUint8Array(encoder)
}
