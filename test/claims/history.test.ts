/** The judge of histories itself: good ones made by hand pass, and of each kind of bad one the problem is named. */
import { describe, expect, it } from 'vitest'
import type { ClaimAnswer, ClaimRequest, Grant, Holder, Holding } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import { checkHistory, historyLine, readHistory, type ClaimEvent, type ClaimRecord } from '../support/claim-history.ts'
import {
  A,
  agent,
  ANN,
  B,
  BOB,
  checkOf,
  claimOf,
  CLEO,
  human,
  LEASE_MS,
  releaseOf,
  renewOf,
  takeOf,
} from '../support/claim-words.ts'

const ZOE = human('zoe')
/** The arbiter's clock at moment 0. */
const START = 1_000_000

interface More {
  readonly until?: number
  readonly at?: number
  readonly process?: string
  readonly waitMs?: number
  readonly arrived?: number
}

/** Asked at a moment and answered one later, true half way; without an answer it is unknown. */
function op(asked: number, request: ClaimRequest, answer: ClaimAnswer | null, more: More = {}): ClaimRecord {
  const { until = asked + 1, at = START + asked, process = 'p1', ...rest } = more
  if (answer === null) return { process, asked, answered: null, request, answer, ...rest }
  return { process, asked, answered: until, request, answer: { ...answer, at }, ...rest }
}

function held(uid: Uid, holder: Holder, granted: number, from: number = granted): Holding {
  const grantedAt = START + granted
  return { ...holder, uid, token: grantedAt, grantedAt, leaseMs: LEASE_MS, expiresAt: START + from + LEASE_MS }
}

const granted = (...grants: readonly Grant[]): ClaimAnswer => ({ outcome: 'granted', granted: grants, skipped: [] })
const renewed = (holding: Holding): Grant => ({ ...holding, isRenewed: true })
const refused = (...holdings: readonly Holding[]): ClaimAnswer => ({ outcome: 'held', held: holdings })
const lost = (uid: Uid, ...holdings: readonly Holding[]): ClaimAnswer => ({
  outcome: 'lost',
  granted: [],
  lost: [uid],
  held: holdings,
})
const released = (...uids: readonly Uid[]): ClaimAnswer => ({ outcome: 'released', released: uids })
const listed = (...holdings: readonly Holding[]): ClaimAnswer => ({ outcome: 'listed', holdings })
const free: ClaimAnswer = { outcome: 'free' }
const LIST: ClaimRequest = { kind: 'list' }

const annHasA = held(A, ANN, 0)
const annGot = op(0, claimOf(ANN, [A]), granted(annHasA))
const bobGets = (at: number, more: More = {}): ClaimRecord => op(at, claimOf(BOB, [A]), granted(held(A, BOB, at)), more)
const OVER = LEASE_MS + 10

const good: readonly (readonly [string, readonly ClaimEvent[]])[] = [
  ['nothing', []],
  [
    'one that is refused, and granted when the lease ran out',
    [annGot, op(5, claimOf(BOB, [A]), refused(annHasA)), bobGets(OVER)],
  ],
  ['a release', [annGot, op(5, releaseOf(ANN, [[A, null]]), released(A)), op(7, checkOf(BOB, [A]), free), bobGets(9)]],
  ['a release of which nobody knows', [annGot, op(5, releaseOf(ANN, [[A, annHasA.token]]), null), bobGets(9)]],
  [
    'a release that is answered after the grant that follows it',
    [annGot, op(5, releaseOf(ANN, [[A, null]]), released(A), { until: 50 }), bobGets(9)],
  ],
  ['a claim of which nobody knows', [op(0, claimOf(ANN, [A]), null), op(5, claimOf(BOB, [A]), refused(annHasA))]],
  ['a retry', [op(0, claimOf(ANN, [A]), null), op(5, claimOf(ANN, [A]), granted(renewed(held(A, ANN, 0, 5))))]],
  ['a revival', [annGot, op(OVER, renewOf(ANN, [[A, null]]), granted(renewed(held(A, ANN, 0, OVER))))]],
  [
    'a theft',
    [
      annGot,
      op(
        5,
        claimOf(ZOE, [A], { steal: 'hangs' }),
        granted({ ...held(A, ZOE, 5), stolen: { from: 'agent:ann', reason: 'hangs' } }),
      ),
      op(9, renewOf(ANN, [[A, annHasA.token]]), lost(A, held(A, ZOE, 5))),
      op(11, { kind: 'verify', tasks: [[A, annHasA.token]] }, lost(A, held(A, ZOE, 5))),
    ],
  ],
  [
    'a grant that was forgotten',
    [annGot, { mark: 'restored', at: 3 }, bobGets(9), op(11, renewOf(ANN, [[A, null]]), lost(A, held(A, BOB, 9)))],
  ],
  [
    'a clock that was set back',
    [
      annGot,
      { mark: 'clock', at: 3, byMs: -900_000 },
      op(5, claimOf(BOB, [A]), refused({ ...annHasA, expiresAt: START + 5 - 900_000 + LEASE_MS }), {
        at: START + 5 - 900_000,
      }),
    ],
  ],
  [
    'a clock that jumped ahead',
    [
      annGot,
      { mark: 'clock', at: 3, byMs: 900_000 },
      {
        ...op(5, claimOf(BOB, [A]), granted(held(A, BOB, 900_005)), { at: START + 900_005 }),
      },
    ],
  ],
  [
    'waiting in order',
    [
      annGot,
      op(2, claimOf(BOB, [A]), granted(held(A, BOB, OVER)), {
        waitMs: 900_000,
        arrived: 1,
        at: START + OVER,
        until: OVER,
      }),
      op(
        3,
        claimOf(CLEO, [A]),
        { outcome: 'timeout', held: [annHasA] },
        { waitMs: 7, arrived: 2, at: START + 10, until: 11 },
      ),
    ],
  ],
  [
    'a task that was given to a name',
    [
      op(0, takeOf([agent('ann', '')], [A]), granted(held(A, agent('ann', ''), 0))),
      op(3, renewOf(ANN, [[A, null]]), granted(renewed(held(A, agent('ann', ''), 0, 3)))),
      op(5, claimOf(ANN, [A]), granted(held(A, ANN, 5))),
      op(7, claimOf(agent('ann', 'w2'), [A]), refused(held(A, ANN, 5))),
    ],
  ],
  ['a lost reply to a batch', [op(0, claimOf(ANN, [A, B]), null), op(5, LIST, listed(annHasA, held(B, ANN, 0)))]],
  [
    'an id that was reused',
    [annGot, op(5, claimOf(ANN, [B], { request: claimOf(ANN, [A]).request }), { outcome: 'reused' })],
  ],
]

const bad: readonly (readonly [string, RegExp, readonly ClaimEvent[]])[] = [
  [
    'two holders under one token',
    /granted twice under token/,
    [annGot, op(0, claimOf(BOB, [A]), granted({ ...annHasA, ...BOB }))],
  ],
  [
    'a task that was given to a name, and to two of its workspaces',
    /granted while agent:ann@w1 held it/,
    [
      op(0, takeOf([agent('ann', '')], [A]), granted(held(A, agent('ann', ''), 0))),
      op(5, claimOf(ANN, [A]), granted(held(A, ANN, 5))),
      op(7, claimOf(agent('ann', 'w2'), [A]), granted(held(A, agent('ann', 'w2'), 7))),
    ],
  ],
  [
    'two grants of one token to one',
    /anew twice/,
    [annGot, op(0, claimOf(ANN, [A], { request: 'other' }), granted(annHasA))],
  ],
  ['a lease in a lease', /granted while agent:ann@w1 held it/, [annGot, bobGets(5)]],
  [
    'a lease in a lease that was prolonged',
    /granted while/,
    [annGot, op(50_000, renewOf(ANN, [[A, null]]), granted(renewed(held(A, ANN, 0, 50_000)))), bobGets(OVER)],
  ],
  [
    'a lease in a lease whose release was refused',
    /granted while/,
    [annGot, op(3, releaseOf(BOB, [[A, null]]), lost(A, annHasA)), bobGets(5)],
  ],
  [
    'a lease in a lease after a clock was set back',
    /granted while/,
    [
      annGot,
      { mark: 'clock', at: 3, byMs: -900_000 },
      op(5, claimOf(BOB, [A]), granted({ ...held(A, BOB, 5 - 900_000), token: START + 1 }), {
        at: START + 5 - 900_000,
      }),
    ],
  ],
  [
    'a token that shrinks',
    /was told, then/,
    [
      annGot,
      op(5, releaseOf(ANN, [[A, null]]), released(A)),
      op(9, claimOf(BOB, [A]), granted({ ...held(A, BOB, 9), token: annHasA.token - 1 })),
    ],
  ],
  [
    'a token that shrinks after older data came back',
    /was told, then/,
    [
      annGot,
      { mark: 'restored', at: 3 },
      op(9, claimOf(BOB, [A]), granted({ ...held(A, BOB, 9), token: annHasA.token - 1 })),
    ],
  ],
  [
    'a token below one that was learned',
    /was told, then/,
    [op(0, { kind: 'learn', tokens: [[A, START * 2]] }, { outcome: 'learned' }), bobGets(5)],
  ],
  [
    'an old holder seen after the new one was told',
    /was told, then/,
    [annGot, bobGets(OVER), op(OVER + 3, LIST, listed(held(A, ANN, 0, OVER)))],
  ],
  [
    'a renewal after somebody else was granted it',
    /was told, then/,
    [annGot, bobGets(OVER), op(OVER + 3, renewOf(ANN, [[A, null]]), granted(renewed(held(A, ANN, 0, OVER + 3))))],
  ],
  [
    'life after a release',
    /lived on/,
    [annGot, op(5, releaseOf(ANN, [[A, null]]), released(A)), op(9, claimOf(BOB, [A]), refused(annHasA))],
  ],
  ['a holder who never asked', /nobody asked for/, [op(5, claimOf(BOB, [A]), refused(annHasA))]],
  [
    'a part of a batch that was refused',
    /nobody asked for/,
    [
      op(0, claimOf(CLEO, [B]), granted(held(B, CLEO, 0))),
      op(3, claimOf(ANN, [A, B]), refused(held(B, CLEO, 0))),
      op(5, LIST, listed(held(A, ANN, 3), held(B, CLEO, 0))),
    ],
  ],
  ['a part of a batch that was granted', /not all of it/, [op(0, claimOf(ANN, [A, B]), granted(annHasA))]],
  [
    'a grant to somebody else',
    /not asked for so/,
    [op(0, claimOf(BOB, [A]), granted(annHasA)), op(0, claimOf(ANN, [A]), null)],
  ],
  [
    'a theft by an agent',
    /not asked for so/,
    [
      annGot,
      op(
        5,
        claimOf(BOB, [A], { steal: 'hangs' }),
        granted({ ...held(A, BOB, 5), stolen: { from: 'agent:ann', reason: 'hangs' } }),
      ),
    ],
  ],
  ['too many of the next', /more than 1/, [op(0, takeOf([ANN], [A, B]), granted(annHasA, held(B, ANN, 0)))]],
  ['one of the next twice', /granted twice/, [op(0, takeOf([ANN], [A], { each: 2 }), granted(annHasA, annHasA))]],
  ['a grant that does not begin now', /not granted from now/, [op(7, claimOf(ANN, [A]), granted(annHasA))]],
  ['a refusal by a lease that was over', /was over/, [annGot, op(OVER, claimOf(BOB, [A]), refused(annHasA))]],
  ['a refusal by nothing', /nothing stood in the way/, [op(0, claimOf(ANN, [A]), refused())]],
  ['a refusal by the own lease', /in its own way/, [annGot, op(5, checkOf(ANN, [A]), refused(annHasA))]],
  ['a refusal by another task', /asked for others/, [annGot, op(5, claimOf(BOB, [B]), refused(annHasA))]],
  [
    'a wait that was too short',
    /did not wait so long/,
    [annGot, op(5, claimOf(BOB, [A]), { outcome: 'timeout', held: [annHasA] }, { waitMs: 100 })],
  ],
  ['free, and held', /was held by/, [annGot, op(5, checkOf(BOB, [A]), free)]],
  ['released, and held by another', /was held by/, [annGot, op(5, releaseOf(BOB, [[A, null]]), released(A))]],
  ['a list that leaves out', /was held by/, [annGot, op(5, LIST, listed())]],
  [
    'a token that is stale and told to be the last',
    /had token/,
    [annGot, bobGets(OVER), op(OVER + 3, { kind: 'verify', tasks: [[A, annHasA.token]] }, free)],
  ],
  [
    'a token that was released and told to be stale',
    /was not lost/,
    [
      annGot,
      op(5, releaseOf(ANN, [[A, null]]), released(A)),
      op(9, { kind: 'verify', tasks: [[A, annHasA.token]] }, lost(A)),
    ],
  ],
  ['lost by nobody', /was not lost/, [annGot, op(OVER, renewOf(ANN, [[A, annHasA.token]]), lost(A))]],
  [
    'the same id granted otherwise',
    /answered otherwise/,
    [op(0, takeOf([ANN], [A, B]), granted(annHasA)), op(5, takeOf([ANN], [A, B]), granted(held(B, ANN, 5)))],
  ],
  [
    'the same id refused after it was granted',
    /answered otherwise/,
    [annGot, bobGets(OVER), op(OVER + 3, claimOf(ANN, [A]), refused(held(A, BOB, OVER)))],
  ],
  ['reused, and used once', /not used before/, [op(0, claimOf(ANN, [A]), { outcome: 'reused' })]],
  ['reused, and asked the same', /not used otherwise/, [annGot, op(5, claimOf(ANN, [A]), { outcome: 'reused' })]],
  ['a clock that goes back by itself', /clock went back/, [annGot, op(5, LIST, listed(annHasA), { at: START - 1 })]],
  [
    'a later one that overtakes',
    /overtook/,
    [
      annGot,
      op(2, claimOf(BOB, [A]), granted(held(A, BOB, 2 * OVER)), {
        waitMs: 900_000,
        arrived: 1,
        at: START + 2 * OVER,
        until: 2 * OVER,
      }),
      op(
        3,
        claimOf(CLEO, [A], { leaseMs: 1_000 }),
        granted({ ...held(A, CLEO, OVER), leaseMs: 1_000, expiresAt: START + OVER + 1_000 }),
        { arrived: 2, at: START + OVER, until: OVER + 1 },
      ),
    ],
  ],
]

describe('the judge of histories', () => {
  it.each(good)('[C27] finds nothing wrong with %s', (_, events) => {
    expect(checkHistory(events)).toEqual([])
    expect(checkHistory(events.toReversed())).toEqual([])
  })

  it.each(bad)('[C27] names %s', (_, problem, events) => {
    expect(checkHistory(events).join('\n')).toMatch(problem)
    expect(checkHistory(events.toReversed()).join('\n')).toMatch(problem)
  })

  it('[C27] reads what was written, from many files put together', () => {
    const events = good.flatMap(([, some]) => some)
    expect(readHistory(events.map(historyLine).join(''))).toEqual(events)
  })

  it('[C27] judges ten thousand answers in a moment', () => {
    const events: ClaimEvent[] = []
    for (let round = 0; round < 2_500; round++) {
      const by = agent(`agent-${round % 24}`)
      const holding = held(A, by, round * 10)
      events.push(op(round * 10, claimOf(by, [A], { request: `r${round}` }), granted(holding)))
      events.push(op(round * 10 + 2, claimOf(CLEO, [A], { request: `c${round}` }), refused(holding)))
      events.push(op(round * 10 + 4, LIST, listed(holding)))
      events.push(op(round * 10 + 6, releaseOf(by, [[A, holding.token]]), released(A)))
    }
    expect(checkHistory(events)).toEqual([])
  })
})
