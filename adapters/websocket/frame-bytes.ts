/** The bytes of binary WebSocket frames as a server sends them. Each payload is made ready once, however many hear it. */

/** Below this a payload is copied behind its header: one piece instead of two. */
const JOINED_BYTES = 64 * 1024

/** One whole frame, in one or two pieces. */
export interface ReadyFrame {
  readonly pieces: readonly Uint8Array[]
  readonly byteLength: number
}

/** Payloads must not change after they were seen here. */
export class FrameBytes {
  readonly #ready = new WeakMap<Uint8Array, ReadyFrame>()
  /** What the last turn was joined from: the next peer of the same room sends exactly that. */
  #joinedFrom: readonly ReadyFrame[] = []
  #joined: Uint8Array = new Uint8Array(0)

  frame(payload: Uint8Array): ReadyFrame {
    const known = this.#ready.get(payload)
    if (known !== undefined) return known
    const ready = build(payload)
    this.#ready.set(payload, ready)
    return ready
  }

  /** Frames as one piece. */
  join(frames: readonly ReadyFrame[]): Uint8Array {
    const isSame =
      frames.length === this.#joinedFrom.length && frames.every((frame, index) => frame === this.#joinedFrom[index])
    if (!isSame) {
      this.#joined = Buffer.concat(frames.flatMap(({ pieces }) => pieces))
      this.#joinedFrom = frames
    }
    return this.#joined
  }

  /** Gives back what is kept for the next peer. */
  forget(): void {
    this.#joinedFrom = []
    this.#joined = new Uint8Array(0)
  }
}

const FINAL_BINARY = 0x82

function build(payload: Uint8Array): ReadyFrame {
  const size = payload.byteLength
  const headBytes = size < 126 ? 2 : size < 65_536 ? 4 : 10
  const isJoined = size < JOINED_BYTES
  // Not from the pool: a small frame that is kept would keep eight kilobytes.
  const head = Buffer.allocUnsafeSlow(headBytes + (isJoined ? size : 0))
  head[0] = FINAL_BINARY
  if (headBytes === 2) head[1] = size
  else if (headBytes === 4) {
    head[1] = 126
    head.writeUInt16BE(size, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(size), 2)
  }
  if (isJoined) head.set(payload, headBytes)
  return { pieces: isJoined ? [head] : [head, payload], byteLength: headBytes + size }
}
