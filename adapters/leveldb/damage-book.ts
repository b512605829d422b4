/** What was found damaged in a store: known at once, and noted in the store so that it is still known after reopening. */
import type { StoreProblem } from '../../src/internal.ts'
import { keptKey, problemKey } from './keys.ts'
import type { Operation } from './level.ts'
import { formatOperation } from './opening.ts'
import type { Damage } from './scanned-log.ts'
import { draft, kinds, seal } from './values.ts'

export interface DamageBook {
  /** Never fails and never waits: who reads must not fail because a note could not be written. */
  readonly note: (log: string, damage: readonly Damage[]) => void
  readonly problems: () => readonly StoreProblem[]
}

export function createDamageBook(
  known: readonly StoreProblem[],
  write: (operations: readonly Operation[]) => Promise<void>,
): DamageBook {
  const problems = new Map(known.map((problem) => [idOf(problem), problem]))
  return {
    note: (log, damage) => {
      const fresh = damage.filter(({ seq, reason }) => !problems.has(idOf({ log, seq, reason })))
      for (const { seq, reason } of fresh) problems.set(idOf({ log, seq, reason }), { log, seq, reason })
      // A store that takes no writes says so to those who write. What is not noted is found again by the next reader.
      if (fresh.length > 0)
        write([...fresh.flatMap((one) => notes(log, one)), formatOperation({ damaged: true })]).catch(() => undefined)
    },
    problems: () => [...problems.values()],
  }
}

/** The bytes are copied, not moved: what is there stays until a snapshot takes its place. */
export function notes(log: string, { seq, reason, kept }: Damage): Operation[] {
  const key = problemKey(log, seq, reason)
  const note: Operation = { type: 'put', key, value: seal(key, draft(kinds.problem, new Uint8Array())) }
  if (kept === undefined) return [note]
  const aside = keptKey(log, seq)
  return [note, { type: 'put', key: aside, value: seal(aside, draft(kinds.kept, kept)) }]
}

const idOf = ({ log, seq, reason }: StoreProblem): string => JSON.stringify([log, seq, reason])
