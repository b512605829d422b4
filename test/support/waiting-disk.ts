/** A disk in memory that a test may hold up, or fill. */
import { createMemoryDisk, type MemoryDisk } from '../../adapters/memory/store.ts'

export interface WaitingDisk {
  readonly disk: MemoryDisk
  readonly hold: () => void
  readonly letGo: () => void
  readonly fill: () => void
  readonly empty: () => void
}

/** A disk that waits, or fails, when asked to. */
export function disk(): WaitingDisk {
  let open = (): void => undefined
  let gate: Promise<void> | undefined
  let isFull = false
  return {
    disk: createMemoryDisk({ sync: () => (isFull ? Promise.reject(new Error('full')) : (gate ?? Promise.resolve())) }),
    hold: () => void (gate = new Promise((resolve) => (open = resolve))),
    letGo: () => {
      gate = undefined
      open()
    },
    fill: () => void (isFull = true),
    empty: () => void (isFull = false),
  }
}
