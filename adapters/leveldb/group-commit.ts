/**
 * One sync for all who wait: what is asked for while a write is on its way to the disk goes out together in the next,
 * in the order it was asked for. Nobody waits for company: an idle queue writes at once.
 */

export interface Waiting<Item> {
  readonly item: Item
  readonly bytes: number
  /** Whether it must be the first of its group. */
  readonly leads: boolean
}

export interface GroupCommit<Item> {
  /** Settles with the write that carried the item. */
  add(waiting: Waiting<Item>): Promise<void>
  /** Resolves when nothing is waiting or under way. */
  readonly idle: () => Promise<void>
}

/** Undefined for an item that was taken, else why it was refused; the others of the group are not touched by that. */
export type WriteGroup<Item> = (items: readonly Item[]) => Promise<readonly (Error | undefined)[]>

/** A bigger group gains nothing, and is held in memory three times on its way. */
const GROUP_BYTES = 4 << 20

interface Queued<Item> extends Waiting<Item> {
  readonly settle: (error: unknown) => void
}

export function createGroupCommit<Item>(write: WriteGroup<Item>): GroupCommit<Item> {
  let queue: Queued<Item>[] = []
  let draining = false
  const waitingForIdle: (() => void)[] = []

  /** Once in a turn, after all who ask in it: those who were just answered join the next group, not the one after. */
  function drainNext(): void {
    draining = true
    process.nextTick(() => {
      if (queue.length > 0) void drain()
      else {
        draining = false
        for (const resolve of waitingForIdle.splice(0)) resolve()
      }
    })
  }

  async function drain(): Promise<void> {
    const count = groupLength(queue)
    const group = queue.slice(0, count)
    queue = queue.slice(count)
    try {
      const refused = await write(group.map(({ item }) => item))
      for (const [index, waiting] of group.entries()) waiting.settle(refused[index])
    } catch (error) {
      for (const waiting of group) waiting.settle(error)
    }
    drainNext()
  }

  return {
    add: (waiting) =>
      new Promise((resolve, reject) => {
        queue.push({ ...waiting, settle: (error) => (error === undefined ? resolve() : reject(error)) })
        if (!draining) drainNext()
      }),
    idle: () => (draining ? new Promise((resolve) => void waitingForIdle.push(resolve)) : Promise.resolve()),
  }
}

function groupLength(queue: readonly Waiting<unknown>[]): number {
  let bytes = 0
  for (const [index, waiting] of queue.entries()) {
    bytes += waiting.bytes
    if (index > 0 && (waiting.leads || bytes > GROUP_BYTES)) return index
  }
  return queue.length
}
