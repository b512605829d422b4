/** A relay and clients that break a promise on purpose: each must turn the simulation red. */
import type { Store } from '../../src/internal.ts'
import { readClientMessage, readRelayMessage, writeMissing, writeSettled } from '../../src/sync/protocol.ts'
import type { Sabotage } from './relay-simulation.ts'
import { turn } from './simulated-sync.ts'

/** Says that it is written, and writes later. */
export function acknowledgesBeforeCommit(): Sabotage {
  return { wrapStore: (store) => lying(store, () => undefined) }
}

/** Others hear before it is written; only the answer to the writer waits. */
export function tellsBeforeCommit(): Sabotage {
  const pending = new Set<Promise<unknown>>()
  const wait = async (): Promise<void> => {
    await turn()
    while (pending.size > 0) await Promise.allSettled(pending)
  }
  return {
    wrapStore: (store) =>
      lying(store, (commit) => {
        pending.add(commit)
        commit.catch(() => undefined).finally(() => pending.delete(commit))
      }),
    wrapAccept: (connection) => ({
      closed: connection.closed,
      get waitingBytes() {
        return connection.waitingBytes
      },
      onFrame: (listener) => connection.onFrame(listener),
      close: (reason, status) => connection.close(reason, status),
      send: (frame) => {
        if (readRelayMessage(frame)?.kind === 'settled') void wait().then(() => connection.send(frame))
        else connection.send(frame)
      },
    }),
  }
}

/** A client that believes all to be saved that it has sent. */
export function countsWhenSent(): Sabotage {
  return {
    line: {
      toRelay: (frame, answer) => {
        const message = readClientMessage(frame)
        if (message?.kind === 'barrier')
          answer(writeSettled({ number: message.number, status: 'committed', epoch: 'believed', time: 0 }))
        return frame
      },
    },
  }
}

/** A client that comes back and offers nothing of what it wrote meanwhile. */
export function resumesWithNothing(): Sabotage {
  const nothing = writeMissing(Uint8Array.of(0, 0))
  return { line: { toRelay: (frame) => (readClientMessage(frame)?.kind === 'missing' ? nothing : frame) } }
}

function lying(store: Store, told: (commit: Promise<void>) => void): Store {
  const commit = store.commit.bind(store)
  return {
    read: (log, options) => store.read(log, options),
    cell: (name) => store.cell(name),
    logs: () => store.logs(),
    size: (log) => store.size(log),
    problems: () => store.problems(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    commit: async (changes) => {
      const later = commit(changes)
      later.catch(() => undefined)
      told(later)
    },
  }
}
