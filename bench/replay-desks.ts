/** Two workspaces that edit one body unaware of each other, then tell each other everything: the product's own code, without its files. */
import { newUid, type Uid } from '../src/ids.ts'
import { readBodyValue } from '../src/task/body.ts'
import { editBodyAt, type BodyBase } from '../src/task/body-at.ts'
import { openReplica } from '../src/task/replica.ts'
import { repairTwins } from '../src/task/twins.ts'
import { dice } from './workload.ts'

export interface Met {
  readonly text: string
  /** They show the same. */
  readonly isOne: boolean
  readonly ms: number
}

const next = dice(17)
const UID: Uid = newUid((count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)))

/** Each goes from the first text through its own ones; then they meet. */
export function meeting(first: string, one: readonly string[], other: readonly string[]): Met {
  const began = performance.now()
  const desks = [new Desk(first, 1_000_001), new Desk(first, 1_000_002)] as const
  for (const text of one) desks[0].save(text)
  for (const text of other) desks[1].save(text)
  // Twice: what one takes away of what stands there double, the other hears.
  for (let turn = 0; turn < 2; turn++) {
    const [said, heard] = [desks[0].said(), desks[1].said()]
    desks[0].hear(heard)
    desks[1].hear(said)
  }
  const [text, same] = [desks[0].text(), desks[1].text()]
  return { text, isOne: text === same, ms: performance.now() - began }
}

class Desk {
  readonly #replica = openReplica([], () => undefined)
  readonly #made = new Set<number>()
  readonly #first: string
  readonly #client: number
  #base: BodyBase

  constructor(first: string, client: number) {
    this.#first = first
    this.#client = client
    this.#base = { text: first }
  }

  save(text: string): void {
    const hasMade = (client: number): boolean => this.#made.has(client)
    const made = editBodyAt(this.#replica, UID, this.#base, text, { client: this.#client, hasMade })
    if (made === undefined) throw new Error('the characters of the text before are not there')
    for (const { client } of made.now.characters) this.#made.add(client)
    this.#base = made.now
  }

  said(): Uint8Array {
    return this.#replica.encode()
  }

  hear(update: Uint8Array): void {
    this.#replica.hear([update], 'remote')
    repairTwins(this.#replica, [UID])
  }

  text(): string {
    return readBodyValue(this.#replica, UID, this.#first)
  }
}
