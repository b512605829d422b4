/** Arbiters that break a promise on purpose, as real ones did: each must turn the simulation red. */
import { ClaimBook } from '../../src/claims/book.ts'
import type { Arbiter, ClaimSabotage } from './claim-arbiter.ts'
import { TASKS } from './claim-client.ts'

/** Looks who holds what, and writes what follows from that: two at once look at the same. */
export function readsThenWrites(): ClaimSabotage {
  return {
    open: async (world, log) => {
      const shown = await ClaimBook.load(world, log)
      return {
        isBroken: false,
        holdings: () => shown.holdings(),
        ask: async (request, options) => (await ClaimBook.load(world, log)).ask(request, options),
        [Symbol.asyncDispose]: () => shown[Symbol.asyncDispose](),
      }
    },
  }
}

/** Says that it is on the disk, and writes later. */
export function answersBeforeCommit(): ClaimSabotage {
  return {
    open: (world, log) => {
      const commit = async (changes: Parameters<typeof world.store.commit>[0]): Promise<void> =>
        void world.store.commit(changes).catch(() => undefined) // whoever asked was told already
      return ClaimBook.load({ ...world, commit }, log)
    },
  }
}

/** Tokens are one more than the last, and nothing else: far above all clocks they begin to count. */
export function countsTokens(): ClaimSabotage {
  return {
    open: async (world, log) => {
      const book = await ClaimBook.load(world, log)
      if (book.tokens().length === 0) await book.ask({ kind: 'learn', tokens: TASKS.map((uid) => [uid, 2 ** 51]) })
      return book
    },
  }
}

/** Who waits asks again and again: whoever asks at the right moment gets it. */
export function servesAnyone(): ClaimSabotage {
  return wrapped((book, world) => ({
    ask: async (request, { waitMs = 0, signal } = {}) => {
      const until = world.runtime.now() + waitMs
      for (let nap = 7; ; nap = (nap * 31) % 997) {
        const answer = await book.ask(request)
        if (answer.outcome !== 'held' || waitMs === 0) return answer
        if (world.runtime.now() >= until) return { ...answer, outcome: 'timeout' }
        await world.runtime.sleep(nap, signal === undefined ? {} : { signal })
      }
    },
  }))
}

/** Each asking is a new one. */
export function forgetsRequests(): ClaimSabotage {
  let count = 0
  return wrapped((book) => ({
    ask: (request, options) =>
      book.ask('request' in request ? { ...request, request: `${request.request} ${++count}` } : request, options),
  }))
}

/** Refuses from memory, before what it refuses by is on the disk. */
export function refusesFromMemory(): ClaimSabotage {
  return {
    open: async (world, log) => {
      const book = await ClaimBook.load(world, log)
      // A second book hears everything at once, as if nothing had to be written.
      const hasty = await ClaimBook.load({ ...world, commit: () => Promise.resolve(), manyRows: Infinity }, log)
      return {
        get isBroken() {
          return book.isBroken
        },
        holdings: () => book.holdings(),
        ask: async (request, options) => {
          const early = await hasty.ask(request)
          return early.outcome === 'held' && options?.waitMs === 0 ? early : book.ask(request, options)
        },
        [Symbol.asyncDispose]: async () => {
          await hasty[Symbol.asyncDispose]()
          await book[Symbol.asyncDispose]()
        },
      }
    },
  }
}

function wrapped(
  change: (book: ClaimBook, world: Parameters<NonNullable<ClaimSabotage['open']>>[0]) => Pick<Arbiter, 'ask'>,
): ClaimSabotage {
  return {
    open: async (world, log) => {
      const book = await ClaimBook.load(world, log)
      return {
        ...change(book, world),
        get isBroken() {
          return book.isBroken
        },
        holdings: () => book.holdings(),
        [Symbol.asyncDispose]: () => book[Symbol.asyncDispose](),
      }
    },
  }
}
