/**
 * Judges what claimants asked and were told: whether some order of all of it, in which nothing that was answered comes behind
 * what was asked later, is one that an arbiter with exactly one holder could have had. Knows nothing of the arbiter's code.
 *
 * A history is lines of JSON, in any order. Moments (`asked`, `answered`, `at` of a mark) are milliseconds, with fractions, of
 * one monotonic clock that all processes share, as `performance.timeOrigin`-free `process.hrtime.bigint()` is on one machine:
 *
 *   {"process":"p7","asked":10.2,"answered":11.9,"request":{…ClaimRequest},"waitMs":5000,"answer":{…TimedAnswer}}
 *       One asking. `asked` is read before anything is sent, `answered` when the answer was read. A retry is another line with
 *       the same id in its request. Where no answer came, or an error did, both `answered` and `answer` are null: it may have
 *       happened at any moment after `asked`, or never. A message that the network doubled is one more such line.
 *       `arrived`, where known: the place in the order in which askings came to the arbiter; left out where the same id was
 *       asked before and may still wait. Only with it the order among those who wait is judged.
 *   {"mark":"clock","at":12.0,"byMs":-5000}   the arbiter's clock jumped
 *   {"mark":"restored","at":13.0}             the arbiter went back to an older copy of its data: it may have forgotten grants
 *
 * What is held: no two holders under one token of a task; tokens grow with every grant; a task is granted to another only
 * after the lease ran out by the arbiter's clock, was released, stolen by a human or known to be over by a greater token; all
 * or none; each answer is true at one moment between asked and answered; the same id gets the same; those who wait are served
 * in their order. After `restored` a grant that was forgotten may meet a new one; tokens grow all the same.
 */
import type { ClaimRequest, TimedAnswer } from '../../src/claims/request.ts'
import { answerProblems } from './claim-answers.ts'
import { Evidence } from './claim-evidence.ts'
import { orderProblems } from './claim-order.ts'

export interface ClaimRecord {
  readonly process: string
  readonly asked: number
  readonly answered: number | null
  readonly request: ClaimRequest
  /** How long it was willing to wait. @default 0 */
  readonly waitMs?: number
  readonly answer: TimedAnswer | null
  readonly arrived?: number
}

export type ClaimMark =
  | { readonly mark: 'clock'; readonly at: number; readonly byMs: number }
  | { readonly mark: 'restored'; readonly at: number }

export type ClaimEvent = ClaimRecord | ClaimMark

/** What is wrong with a history; empty where nothing is. */
export function checkHistory(events: readonly ClaimEvent[]): string[] {
  const evidence = new Evidence(events)
  return [...evidence.problems, ...orderProblems(evidence), ...answerProblems(evidence)]
}

export function historyLine(event: ClaimEvent): string {
  return `${JSON.stringify(event)}\n`
}

/** Of what `historyLine` wrote, also by several processes into several files that were put together. */
export function readHistory(text: string): readonly ClaimEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ClaimEvent)
}
