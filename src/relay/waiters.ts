/** Who waits at a room for something to happen, and so keeps it from ending. */

export class Waiters {
  readonly #waiting = new Set<() => void>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Settles with the next `wake`, or when the signal ends. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#waiting.delete(settle)
        signal.removeEventListener('abort', settle)
        resolve()
      }
      if (signal.aborted) return resolve()
      this.#waiting.add(settle)
      signal.addEventListener('abort', settle, { once: true })
    })
  }

  /** Waits for something of its own until it is disposed. */
  stay(): Disposable {
    const stays = (): void => undefined
    this.#waiting.add(stays)
    return { [Symbol.dispose]: () => void this.#waiting.delete(stays) }
  }

  wake(): void {
    for (const wake of Array.from(this.#waiting)) wake()
  }
}
