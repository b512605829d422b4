/** Whole frames in a stream of bytes: a length of four bytes, then the frame; or the end with its reason. */

/** The top bit of the length marks the end: what follows is the reason as text. */
const END = 0x8000_0000
const HEADER_BYTES = 4
const MAX_REASON_BYTES = 1_024
/** Below this a frame is copied behind its length: one write to the system instead of two. */
const JOINED_BYTES = 64 * 1024

export type Piece =
  | { readonly kind: 'frame'; readonly frame: Uint8Array }
  | { readonly kind: 'end'; readonly reason: string }
  | { readonly kind: 'broken'; readonly problem: string }

/** The bytes of one frame, in one or two parts. */
export function writeFrame(frame: Uint8Array): readonly Uint8Array[] {
  const isJoined = frame.byteLength < JOINED_BYTES
  const head = Buffer.allocUnsafe(HEADER_BYTES + (isJoined ? frame.byteLength : 0))
  head.writeUInt32BE(frame.byteLength)
  if (!isJoined) return [head, frame]
  head.set(frame, HEADER_BYTES)
  return [head]
}

export function writeEnd(reason: string): Uint8Array {
  const text = Buffer.from(reason).subarray(0, MAX_REASON_BYTES)
  const head = Buffer.allocUnsafe(HEADER_BYTES)
  head.writeUInt32BE(END + text.byteLength)
  return Buffer.concat([head, text])
}

/** Collects what arrives. Room for a frame is taken as its bytes come, never because of the length it claims. */
export class FrameReader {
  #chunks: Buffer[] = []
  #bytes = 0
  readonly #maxFrameBytes: number

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** True between two frames, where a stream may stop. */
  get isWhole(): boolean {
    return this.#bytes === 0
  }

  /** The pieces that are whole now. After an end or a break there are no more. */
  *read(chunk: Buffer): Generator<Piece> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    while (this.#bytes >= HEADER_BYTES) {
      const length = this.#front(HEADER_BYTES).readUInt32BE()
      const isEnd = length >= END
      const size = isEnd ? length - END : length
      const limit = isEnd ? MAX_REASON_BYTES : this.#maxFrameBytes
      if (size > limit) return yield { kind: 'broken', problem: `a frame of ${size} bytes, of at most ${limit}` }
      if (this.#bytes < HEADER_BYTES + size) return
      const body = this.#take(HEADER_BYTES + size).subarray(HEADER_BYTES)
      if (isEnd) return yield { kind: 'end', reason: body.toString('utf8') }
      yield { kind: 'frame', frame: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) }
    }
  }

  /** The first bytes in one piece; they stay. Joins no more than it must: a large frame comes in a thousand chunks. */
  #front(count: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks
    if (first.byteLength >= count) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }

  #take(count: number): Buffer {
    const front = this.#front(count)
    const rest = front.subarray(count)
    this.#chunks.shift()
    if (rest.byteLength > 0) this.#chunks.unshift(rest)
    this.#bytes -= count
    return front.subarray(0, count)
  }
}
