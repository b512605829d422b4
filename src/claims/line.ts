/**
 * Who waits for tasks, in the order in which they came: who is first for a task, and whom a task stands in the way of. Each
 * waits at one of its tasks, so that what happens to a task concerns few. Decides nothing.
 */
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { claimLimits } from './parse.ts'

export interface Waiter {
  readonly tasks: readonly Uid[]
  /** Who came before has a smaller one. */
  readonly place: number
  readonly request: string
  /** What it asks together with others may wait for so much. */
  readonly asker: object | undefined
}

export class Line<One extends Waiter> {
  readonly #byRequest = new Map<string, One>()
  /** Of each task, in their order. */
  readonly #byTask = new Map<Uid, One[]>()
  readonly #at = new Map<One, Uid>()
  readonly #standing = new Map<Uid, Set<One>>()
  readonly #ofAsker = new Map<object, number>()
  #tasks = 0
  #lastPlace = 0

  get isEmpty(): boolean {
    return this.#byRequest.size === 0
  }

  all(): readonly One[] {
    return [...this.#byRequest.values()]
  }

  has(waiter: One): boolean {
    return this.#byRequest.get(waiter.request) === waiter
  }

  find(request: string): One | undefined {
    return this.#byRequest.get(request)
  }

  nextPlace(): number {
    return ++this.#lastPlace
  }

  /** Of these tasks those for which somebody waits who came before this place. */
  awaited(tasks: readonly Uid[], place: number = Infinity): ReadonlySet<Uid> {
    return new Set(this.isEmpty ? [] : tasks.filter((uid) => this.isAwaited(uid, place)))
  }

  isAwaited(uid: Uid, place: number): boolean {
    const first = this.first(uid)
    return first !== undefined && first.place < place
  }

  first(uid: Uid): One | undefined {
    return this.#byTask.get(uid)?.[0]
  }

  /** Throws TOO_LARGE where as many wait as may. `instead`: this one leaves. */
  assertRoom({ tasks, asker }: Pick<Waiter, 'tasks' | 'asker'>, instead: One | undefined): void {
    const leaving = instead?.tasks.length ?? 0
    const sizes: readonly (readonly [field: string, size: number, limit: number])[] = [
      ['what the clients of this project wait for', this.#tasks - leaving, claimLimits.awaited],
      [
        'what this client waits for',
        asker === undefined ? 0 : (this.#ofAsker.get(asker) ?? 0) - (instead?.asker === asker ? leaving : 0),
        claimLimits.awaitedByOne,
      ],
    ]
    for (const [field, before, limit] of sizes) {
      const size = before + tasks.length
      if (size > limit) throw new TaskError('TOO_LARGE', { field, size, limit })
    }
  }

  add(waiter: One): void {
    this.#byRequest.set(waiter.request, waiter)
    this.#count(waiter, waiter.tasks.length)
    for (const uid of waiter.tasks) {
      const line = this.#byTask.get(uid) ?? []
      this.#byTask.set(uid, line)
      line.splice(placeIn(line, waiter.place), 0, waiter)
    }
  }

  /** Where it was first somebody else may be now. */
  remove(waiter: One): readonly Uid[] {
    if (!this.has(waiter)) return []
    this.#byRequest.delete(waiter.request)
    this.#count(waiter, -waiter.tasks.length)
    this.#leaveTask(waiter)
    return waiter.tasks.filter((uid) => {
      const line = this.#byTask.get(uid) ?? []
      const place = placeIn(line, waiter.place)
      line.splice(place, 1)
      if (line.length === 0) this.#byTask.delete(uid)
      return place === 0
    })
  }

  /** This task stands in its way. */
  stand(waiter: One, uid: Uid): void {
    if (this.#at.get(waiter) === uid) return
    this.#leaveTask(waiter)
    this.#at.set(waiter, uid)
    const standing = this.#standing.get(uid) ?? new Set()
    this.#standing.set(uid, standing.add(waiter))
  }

  /** Those in whose way the task stands. */
  standingAt(uid: Uid): ReadonlySet<One> {
    return this.#standing.get(uid) ?? new Set()
  }

  /** Tasks that stand in somebody's way. */
  obstacles(): readonly Uid[] {
    return [...this.#standing.keys()]
  }

  #leaveTask(waiter: One): void {
    const uid = this.#at.get(waiter)
    if (uid === undefined) return
    this.#at.delete(waiter)
    const standing = this.#standing.get(uid)
    standing?.delete(waiter)
    if (standing?.size === 0) this.#standing.delete(uid)
  }

  #count({ asker }: One, tasks: number): void {
    this.#tasks += tasks
    if (asker === undefined) return
    const left = (this.#ofAsker.get(asker) ?? 0) + tasks
    if (left > 0) this.#ofAsker.set(asker, left)
    else this.#ofAsker.delete(asker)
  }
}

/** Where one with this place is, or would be. */
function placeIn(line: readonly Waiter[], place: number): number {
  let [low, high] = [0, line.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((line[middle]?.place ?? Infinity) < place) low = middle + 1
    else high = middle
  }
  return low
}
