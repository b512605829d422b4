/** The ledger alone: requests that come again, that look for the next, that only look; and clocks that were set back. */
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/claims/decide.ts'
import { Ledger } from '../../src/claims/ledger.ts'
import type { ClaimAnswer, ClaimRequest } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import {
  A,
  agent,
  ANN,
  B,
  BOB,
  C,
  checkOf,
  claimOf,
  CLEO,
  D,
  human,
  LEASE_MS,
  NOON,
  releaseOf,
  renewOf,
  takeOf,
  YEAR,
  LedgerArbiter as Arbiter,
} from '../support/claim-words.ts'

describe('a request that is asked again', () => {
  it('[C9] is granted the same, while all of it is still what was granted last', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A, B]))
    arbiter.now += LEASE_MS + 1
    const again = arbiter.ask(claimOf(ANN, [A, B]))
    const expiresAt = arbiter.now + LEASE_MS
    expect(again).toMatchObject({
      outcome: 'granted',
      granted: [
        { uid: A, token, expiresAt },
        { uid: B, token, expiresAt },
      ],
    })
  })

  it('[C9] for the next task takes no other one', () => {
    const arbiter = new Arbiter()
    const { uid, token } = arbiter.grant(takeOf([ANN], [A, B]))
    expect(arbiter.grant(takeOf([ANN], [B, C]))).toMatchObject({ uid, token, isRenewed: true })
    expect(arbiter.ledger.holdings(arbiter.now)).toHaveLength(1)
  })

  const ends: readonly (readonly [string, (arbiter: Arbiter) => unknown])[] = [
    ['was released', (arbiter) => arbiter.ask(releaseOf(ANN, [[A, null]]))],
    ['was taken', (arbiter) => arbiter.grant(claimOf(human('zoe'), [A], { steal: 'it hangs' }))],
    ['ran out and went to somebody else', (arbiter) => ((arbiter.now += LEASE_MS), arbiter.grant(claimOf(BOB, [A])))],
  ]
  it.each(ends)('[C9] is lost where a part of it %s', (_, happens) => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A, B]))
    happens(arbiter)
    const before = arbiter.ledger.holdings(arbiter.now)
    expect(arbiter.ask(claimOf(ANN, [A, B]))).toMatchObject({ outcome: 'lost', granted: [], lost: [A] })
    expect(arbiter.ledger.holdings(arbiter.now)).toEqual(before)
  })

  it('[C9] after it was refused is a new one', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(BOB, [A]))
    expect(arbiter.ask(claimOf(ANN, [A]))).toMatchObject({ outcome: 'held' })
    arbiter.ask(releaseOf(BOB, [[A, null]]))
    expect(arbiter.ask(claimOf(ANN, [A]))).toMatchObject({ outcome: 'granted' })
  })

  it('[C10] is told so where the id was another request’s', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A], { request: 'r1' }))
    for (const other of [
      claimOf(ANN, [B], { request: 'r1' }),
      claimOf(BOB, [A], { request: 'r1' }),
      claimOf(agent('ann', 'w2'), [A], { request: 'r1' }),
      takeOf([ANN], [A], { request: 'r1' }),
    ])
      expect(arbiter.ask(other)).toEqual({ outcome: 'reused' })
    expect(arbiter.ledger.holdings(arbiter.now)).toHaveLength(1)
  })

  it('[C16] is forgotten when ten thousand came after it, or fifty thousand grants; its token never is', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A], { request: 'first' }))
    for (let count = 0; count < 9_999; count++) arbiter.grant(claimOf(ANN, [A], { request: `r${count}` }))
    expect(arbiter.ledger.remembered('first')).toBeDefined()
    arbiter.grant(claimOf(ANN, [A], { request: 'last' }))
    expect(arbiter.ledger.remembered('first')).toBeUndefined()
    expect(arbiter.ledger.whole().length).toBeLessThan(10_010)

    const granted = Array.from({ length: 2_000 }, (): readonly [Uid, number] => [A, token])
    for (let count = 0; count < 30; count++)
      arbiter.ledger.apply([{ do: 'remember', request: `big${count}`, print: '', granted }])
    expect(arbiter.ledger.remembered('last')).toBeUndefined()
    expect(arbiter.ledger.remembered('big4')).toBeUndefined()
    expect(arbiter.ledger.remembered('big5')).toBeDefined()
    expect(arbiter.ledger.token(A)).toBe(token)
  })
})

describe('the next tasks', () => {
  it('[C11] are the first that nobody holds, each once; those that others hold are passed over and told', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(BOB, [A]))
    arbiter.grant(claimOf(ANN, [B]))
    const answer = arbiter.ask(takeOf([ANN], [A, B, C, C, D], { each: 2 }))
    expect(answer).toMatchObject({
      outcome: 'granted',
      granted: [{ uid: C }, { uid: D }],
      skipped: [{ uid: A, by: 'bob' }],
    })
    expect(answer.outcome === 'granted' && answer.skipped).toHaveLength(1)
  })

  it('[C11] are none where others hold all of them, and that is not remembered', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(BOB, [A]))
    expect(arbiter.ask(takeOf([ANN], [A]))).toMatchObject({ outcome: 'granted', granted: [], skipped: [{ uid: A }] })
    expect(arbiter.ask(takeOf([ANN], []))).toEqual({ outcome: 'granted', granted: [], skipped: [] })
    arbiter.ask(releaseOf(BOB, [[A, null]]))
    expect(arbiter.ask(takeOf([ANN], [A]))).toMatchObject({ granted: [{ uid: A }] })
  })

  it('[C12] go to several holders in turn, so many each', () => {
    const arbiter = new Arbiter()
    const whose = (answer: ClaimAnswer): readonly string[] =>
      answer.outcome === 'granted' ? answer.granted.map(({ uid, by }) => `${by} ${uid[0]}`) : []
    expect(whose(arbiter.ask(takeOf([ANN, BOB], [A, B, C])))).toEqual(['ann a', 'bob b'])
    const more = takeOf([ANN, BOB, CLEO], [A, B, C, D], { each: 2 })
    expect(whose(arbiter.ask({ ...more, request: 'second', countsHeld: true }))).toEqual(['cleo c', 'ann d'])
  })

  it('[C12] count what a holder has already where that is asked for, from any workspace', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(agent('ann', 'w2'), [A]))
    expect(arbiter.ask(takeOf([ANN], [B], { countsHeld: true }))).toMatchObject({ granted: [] })
    expect(arbiter.ask(takeOf([ANN], [B], { request: 'uncounted' }))).toMatchObject({ granted: [{ uid: B }] })
  })
})

describe('looking', () => {
  it('[C13] whether a claim would be granted, whether tokens are the last, and what is held changes nothing', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += 1
    const other = arbiter.grant(claimOf(BOB, [B]))
    const before = JSON.stringify(arbiter.ledger.whole())
    expect(arbiter.ask(checkOf(ANN, [A, C]))).toEqual({ outcome: 'free' })
    expect(arbiter.ask(checkOf(CLEO, [A, C]))).toMatchObject({ outcome: 'held', held: [{ uid: A, by: 'ann' }] })
    expect(
      arbiter.ask({
        kind: 'verify',
        tasks: [
          [A, token],
          [B, other.token],
        ],
      }),
    ).toEqual({ outcome: 'free' })
    expect(arbiter.ask({ kind: 'list' })).toMatchObject({ outcome: 'listed', holdings: [{ uid: A }, { uid: B }] })
    expect(JSON.stringify(arbiter.ledger.whole())).toBe(before)
  })

  it('[C13] a token is stale once a greater one was granted or learned, and not because its lease ran out or was ended', () => {
    const arbiter = new Arbiter()
    const ended = arbiter.grant(claimOf(ANN, [C]))
    arbiter.ask(releaseOf(ANN, [[C, null]]))
    expect(arbiter.ask({ kind: 'verify', tasks: [[C, ended.token]] })).toEqual({ outcome: 'free' })
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += LEASE_MS
    expect(arbiter.ask({ kind: 'verify', tasks: [[A, token]] })).toEqual({ outcome: 'free' })
    expect(arbiter.ask({ kind: 'list' })).toEqual({ outcome: 'listed', holdings: [] })
    arbiter.grant(claimOf(BOB, [A]))
    const stale = { outcome: 'lost', lost: [A], held: [{ by: 'bob' }] }
    expect(arbiter.ask({ kind: 'verify', tasks: [[A, token]] })).toMatchObject(stale)
    arbiter.ask({ kind: 'learn', tokens: [[B, 9]] })
    expect(arbiter.ask({ kind: 'verify', tasks: [[B, 8]] })).toMatchObject({ outcome: 'lost', lost: [B], held: [] })
  })
})

describe('a clock that was set back by a year', () => {
  const asks: readonly (readonly [string, ClaimRequest])[] = [
    ['claims', claimOf(BOB, [A])],
    ['takes the next', takeOf([BOB], [A])],
  ]
  it.each(asks)('[C15] leaves a lease its length, from when somebody %s', (_, request) => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    arbiter.now -= YEAR
    arbiter.ask(request)
    expect(arbiter.ledger.holding(A, arbiter.now)?.expiresAt).toBe(arbiter.now + LEASE_MS)
    arbiter.now += LEASE_MS
    expect(arbiter.ask(request)).toMatchObject({ outcome: 'granted', granted: [{ by: 'bob' }] })
  })

  it('[C15] makes no lease shorter, also where its holder asks for a shorter one', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    arbiter.now -= YEAR
    expect(arbiter.grant(renewOf(ANN, [[A, null]], 1_000)).expiresAt).toBe(arbiter.now + LEASE_MS)
  })

  it('[C15] lets its holder renew from now', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now -= YEAR
    expect(arbiter.grant(renewOf(ANN, [[A, token]])).expiresAt).toBe(arbiter.now + LEASE_MS)
  })
})

describe('what a ledger is made of', () => {
  it('[C20] gives the same ledger again, also as one snapshot', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A, B]))
    arbiter.ask(releaseOf(ANN, [[B, null]]))
    arbiter.ask({ kind: 'learn', tokens: [[C, 12]] })
    const again = new Ledger()
    again.apply(structuredClone(arbiter.ledger.whole()))
    expect(again.whole()).toEqual(arbiter.ledger.whole())
    expect(again.tokens()).toEqual([
      [A, NOON],
      [B, NOON],
      [C, 12],
    ])
    expect(decide(again, claimOf(ANN, [A, B]), NOON).answer).toMatchObject({ outcome: 'lost', lost: [B] })
  })
})
