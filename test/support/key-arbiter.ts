/** The relay of a simulation of files, as far as it gives numbers: for good, each once, the same to whoever asks again. */
import type { Uid } from '../../src/ids.ts'
import { CONFIRMED } from '../../src/task/fields.ts'
import { isConfirmed, numberOf } from '../../src/task/keys.ts'
import { isGone } from '../../src/task/view.ts'
import type { OpenProject } from './mirror-process.ts'

export class KeyArbiter {
  readonly #given = new Map<Uid, number>()
  readonly #taken = new Set<number>()
  #last = 0

  /** All that the workspace knows and nobody has confirmed. */
  async confirm(project: OpenProject): Promise<void> {
    await project.lookAtFiles()
    await project.commit((tasks) => {
      const writes = [...tasks.uids()].sort().flatMap((uid) => {
        const state = tasks.get(uid)
        const number = state === undefined || isGone(state) || isConfirmed(state) ? undefined : numberOf(state)
        return number === undefined ? [] : [{ uid, field: CONFIRMED, value: this.#give(uid, number) }]
      })
      return { verb: 'confirm', writes, lastNumber: this.#last }
    })
  }

  #give(uid: Uid, wished: number): number {
    const before = this.#given.get(uid)
    if (before !== undefined) return before
    // Each second one is somebody's whom nobody here ever meets.
    const isFree = wished % 2 === 1 && !this.#taken.has(wished)
    const number = isFree ? wished : this.#last + 1
    this.#given.set(uid, number)
    this.#taken.add(number)
    this.#last = Math.max(this.#last, number)
    return number
  }
}
