/** Updates under way between workspaces: late, twice, out of order, lost until the next sync, cut off by a partition. */
import type { Dice } from './dice.ts'

/** The updates of one commit; a connection that ends in the middle delivers the first of them. */
interface Message {
  readonly from: number
  readonly updates: readonly Uint8Array[]
}

export interface Delivery extends Message {
  readonly to: number
  readonly how: 'in order' | 'out of order' | 'twice' | 'torn' | 'lost'
}

export class SimulatedNetwork {
  readonly #queues = new Map<number, Message[]>()
  #groups: ((place: number) => number) | undefined

  get isPartitioned(): boolean {
    return this.#groups !== undefined
  }

  join(place: number): void {
    this.#queues.set(place, [])
  }

  /** What is on the way to it is lost; what it sent is not. */
  leave(place: number): void {
    this.#queues.delete(place)
  }

  /** A restarted process has no open connections. */
  forget(place: number): void {
    if (this.#queues.has(place)) this.#queues.set(place, [])
  }

  send(from: number, updates: readonly Uint8Array[]): void {
    for (const [to, queue] of this.#queues) if (to !== from) queue.push({ from, updates })
  }

  partition(groups: (place: number) => number): void {
    this.#groups = groups
  }

  heal(): void {
    this.#groups = undefined
  }

  reaches(a: number, b: number): boolean {
    return this.#groups === undefined || this.#groups(a) === this.#groups(b)
  }

  /** One message of the many, or none. */
  next(dice: Dice): Delivery | undefined {
    const waiting = [...this.#queues].filter(([, queue]) => queue.length > 0)
    const [to, queue] = dice.pick(waiting) ?? []
    if (to === undefined || queue === undefined) return undefined
    const open = queue.filter(({ from }) => this.reaches(from, to))
    const message = dice.chance(0.3) ? dice.pick(open) : open[0]
    if (message === undefined) return undefined
    const order = message === open[0] ? 'in order' : 'out of order'
    const fate = dice.next()
    if (fate < 0.1) return { ...message, to, how: 'twice' }
    queue.splice(queue.indexOf(message), 1)
    if (fate < 0.15) return { ...message, to, how: 'lost' }
    if (fate > 0.2 || message.updates.length < 2) return { ...message, to, how: order }
    return {
      ...message,
      updates: message.updates.slice(0, 1 + dice.below(message.updates.length - 1)),
      to,
      how: 'torn',
    }
  }
}
