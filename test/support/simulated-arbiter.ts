/** Gives keys their numbers for good, from a counter that survives everything, and tells who shows a key they should not. */
import type { Uid } from '../../src/ids.ts'
import { isConfirmed, shownKey } from '../../src/task/keys.ts'
import type { Replica } from '../../src/task/replica.ts'
import { isGone } from '../../src/task/view.ts'

export class Arbiter {
  readonly #numbers = new Map<Uid, number>()
  readonly #taken = new Set<number>()

  /** The same answer for the same task, whoever asks. */
  confirm(uid: Uid, wanted: number): number {
    const known = this.#numbers.get(uid)
    if (known !== undefined) return known
    const number = this.#taken.has(wanted) ? Math.max(...this.#taken) + 1 : wanted
    this.#numbers.set(uid, number)
    this.#taken.add(number)
    return number
  }

  numberOf(uid: Uid): number | undefined {
    return this.#numbers.get(uid)
  }
}

/** No two tasks show one key; a confirmed one is shown as it was confirmed. */
export function* wrongKeys(arbiter: Arbiter, { tasks }: Replica): Iterable<string> {
  const holders = new Map<string, Uid>()
  for (const uid of tasks.uids()) {
    const state = tasks.get(uid)
    if (state === undefined || isGone(state)) continue
    const key = shownKey(tasks, state, 'T')
    const other = holders.get(key)
    if (other !== undefined) yield `T18 ${uid} and ${other} both show ${key}`
    holders.set(key, uid)
    if (isConfirmed(state) && key !== `T-${arbiter.numberOf(uid)}`)
      yield `T19 ${uid} shows ${key}, but ${arbiter.numberOf(uid)} was confirmed`
  }
}
