/** The ledger alone: who is granted what, and under which token. Time is a number. */
import { describe, expect, it } from 'vitest'
import type { Holding } from '../../src/claims/request.ts'
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

describe('one holder', () => {
  it('[C1] is granted a task, and everybody else is told who holds it until when', () => {
    const arbiter = new Arbiter()
    const granted = { ...ANN, uid: A, token: NOON, grantedAt: NOON, leaseMs: LEASE_MS, expiresAt: NOON + LEASE_MS }
    expect(arbiter.ask(claimOf(ANN, [A]))).toEqual({ outcome: 'granted', granted: [granted], skipped: [] })
    arbiter.now += LEASE_MS - 1
    expect(arbiter.ask(claimOf(BOB, [A]))).toEqual({ outcome: 'held', held: [granted] })
  })

  it('[C1] is not the same name in another workspace, or of another type', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    expect(arbiter.ask(claimOf(agent('ann', 'w2'), [A]))).toMatchObject({ outcome: 'held', held: [ANN] })
    expect(arbiter.ask(claimOf(human('ann'), [A], { request: 'other' }))).toMatchObject({
      outcome: 'held',
      held: [ANN],
    })
  })

  it('[C29] is the first workspace that claims what was given to a name, under a new token; that name elsewhere is refused', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(takeOf([agent('ann', '')], [A]))
    expect(arbiter.ask(claimOf(BOB, [A]))).toMatchObject({ outcome: 'held', held: [{ by: 'ann', workspace: '' }] })
    const claimed = arbiter.grant(claimOf(ANN, [A]))
    expect(claimed).toMatchObject({ by: 'ann', workspace: 'w1' })
    expect(claimed).not.toHaveProperty('isRenewed')
    expect(claimed.token).toBeGreaterThan(token)
    expect(arbiter.ask(claimOf(agent('ann', 'w2'), [A]))).toMatchObject({
      outcome: 'held',
      held: [{ workspace: 'w1' }],
    })
    expect(arbiter.ask(renewOf(agent('ann', 'w2'), [[A, null]]))).toMatchObject({ outcome: 'lost', lost: [A] })
    expect(arbiter.grant(claimOf(ANN, [A], { request: 'another' }))).toMatchObject({
      token: claimed.token,
      isRenewed: true,
    })
  })

  it('[C29] by name may renew and release in every workspace what no workspace claimed yet', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(takeOf([agent('ann', '')], [A]))
    arbiter.now += 1_000
    expect(arbiter.grant(renewOf(ANN, [[A, null]]))).toMatchObject({ token, expiresAt: arbiter.now + LEASE_MS })
    expect(arbiter.ask(releaseOf(human('ann'), [[A, null]]))).toMatchObject({ outcome: 'lost' })
    expect(arbiter.ask(releaseOf(agent('ann', 'w2'), [[A, null]]))).toEqual({ outcome: 'released', released: [A] })
  })

  it('[C3] holds until its lease runs out; then the next who asks is granted the task under a new token', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += LEASE_MS
    expect(arbiter.ask(checkOf(BOB, [A]))).toEqual({ outcome: 'free' })
    const next = arbiter.grant(claimOf(BOB, [A]))
    expect(next).toMatchObject({ by: 'bob', expiresAt: arbiter.now + LEASE_MS })
    expect(next.token).toBeGreaterThan(token)
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'lost', lost: [A], held: [{ by: 'bob' }] })
  })

  it('[C5] that claims again keeps its token, and its lease counts from then', () => {
    const arbiter = new Arbiter()
    const { token, grantedAt } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += 1_000
    const again = arbiter.grant(claimOf(ANN, [A], { request: 'another' }))
    expect(again).toMatchObject({ token, grantedAt, isRenewed: true, expiresAt: arbiter.now + LEASE_MS })
  })

  it('[C5] whose lease ran out gets a new token when it claims again', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += LEASE_MS
    const next = arbiter.grant(claimOf(ANN, [A], { request: 'another' }))
    expect(next.token).toBeGreaterThan(token)
    expect(next.isRenewed).toBeUndefined()
  })
})

describe('tokens', () => {
  const ways: readonly (readonly [string, (arbiter: Arbiter, token: number) => void])[] = [
    ['expiry', (arbiter) => (arbiter.now += LEASE_MS)],
    ['release', (arbiter, token) => arbiter.ask(releaseOf(ANN, [[A, token]]))],
    [
      'release in the same millisecond as the grant, twice',
      (arbiter, token) => {
        arbiter.ask(releaseOf(ANN, [[A, token]]))
        arbiter.grant(claimOf(CLEO, [A]))
        arbiter.ask(releaseOf(CLEO, [[A, null]]))
      },
    ],
    [
      'a clock that was set back by a year',
      (arbiter, token) => {
        arbiter.ask(releaseOf(ANN, [[A, token]]))
        arbiter.now -= YEAR
      },
    ],
  ]
  it.each(ways)('[C2] grow after %s', (_, happens) => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    happens(arbiter, token)
    expect(arbiter.grant(claimOf(BOB, [A])).token).toBeGreaterThan(token)
  })

  it('[C2] grow when the task is taken from its holder', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    expect(arbiter.grant(claimOf(human('zoe'), [A], { steal: 'it hangs' })).token).toBeGreaterThan(token)
  })

  it('[C2] go on above those that a ledger from an older backup has forgotten', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(CLEO, [A]))
    const backup = structuredClone(arbiter.ledger.whole())
    arbiter.now += 10
    arbiter.ask(releaseOf(CLEO, [[A, null]]))
    const forgotten = arbiter.grant(claimOf(ANN, [A]))
    const restored = new Arbiter()
    restored.ledger.apply(backup)
    restored.now = arbiter.now + 1
    restored.ask(releaseOf(CLEO, [[A, null]]))
    expect(restored.grant(claimOf(BOB, [A])).token).toBeGreaterThan(forgotten.token)
  })

  it('[C14] what was held under a token that is learned goes on, no longer than its lease, where no greater one is known', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(BOB, [B]))
    const holding = (uid: typeof A, more: object): object => ({
      uid,
      ...ANN,
      grantedAt: NOON,
      leaseMs: LEASE_MS,
      expiresAt: NOON + 10 * LEASE_MS,
      ...more,
    })
    const held = [
      holding(A, { token: 9 }),
      holding(B, { token: token - 1 }),
      holding(C, { token: 9, expiresAt: arbiter.now - 1 }),
    ] as readonly Holding[]
    arbiter.ask({ kind: 'learn', tokens: held.map(({ uid, token: known }) => [uid, known]), held })
    expect(arbiter.ledger.holdings(arbiter.now)).toMatchObject([
      { uid: A, by: 'ann', token: 9, expiresAt: arbiter.now + LEASE_MS },
      { uid: B, by: 'bob', token },
    ])
    expect(arbiter.ask(renewOf(ANN, [[A, 9]]))).toMatchObject({ outcome: 'granted' })
    expect(arbiter.grant(claimOf(BOB, [C])).token, 'the token all the same').toBeGreaterThan(9)
  })

  it('[C14] that were learned are exceeded, and what was held under a smaller one is over', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    expect(
      arbiter.ask({
        kind: 'learn',
        tokens: [
          [A, token],
          [B, 7],
        ],
      }),
    ).toEqual({ outcome: 'learned' })
    expect(arbiter.ledger.holding(A, arbiter.now)?.by).toBe('ann')
    const far = NOON + YEAR
    arbiter.ask({ kind: 'learn', tokens: [[A, far]] })
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'lost', lost: [A] })
    expect(arbiter.grant(claimOf(BOB, [A])).token).toBe(far + 1)
    arbiter.ask({ kind: 'learn', tokens: [[A, 5]] })
    expect(arbiter.ledger.tokens()).toEqual([
      [A, far + 1],
      [B, 7],
    ])
  })
})

describe('renewing', () => {
  it('[C4] counts from now under the same token, and takes nothing away from a longer lease', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += 1_000
    const longer = { outcome: 'granted', granted: [{ token, isRenewed: true, expiresAt: arbiter.now + LEASE_MS }] }
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject(longer)
    expect(arbiter.ask(renewOf(ANN, [[A, null]], 1_000))).toMatchObject(longer)
  })

  it('[C4] brings a lease back to life that ran out, while nobody else was granted the task', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += YEAR
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'granted', granted: [{ token }] })
    expect(arbiter.ask(claimOf(BOB, [A]))).toMatchObject({ outcome: 'held' })
  })

  it('[C4] keeps what is still held of several, and says what is lost and to whom', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A, B, C]))
    arbiter.ask(releaseOf(ANN, [[C, null]]))
    arbiter.grant(claimOf(human('zoe'), [B], { steal: 'it hangs' }))
    arbiter.now += 1_000
    const answer = arbiter.ask(
      renewOf(
        ANN,
        [A, B, C].map((uid) => [uid, null]),
      ),
    )
    expect(answer).toMatchObject({
      outcome: 'lost',
      granted: [{ uid: A }],
      lost: [B, C],
      held: [{ uid: B, by: 'zoe' }],
    })
    expect(arbiter.ledger.holding(A, arbiter.now)?.expiresAt).toBe(arbiter.now + LEASE_MS)
  })

  it('[C4] under a token that is not the last is lost, also for who holds the task by now', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.ask(releaseOf(ANN, [[A, token]]))
    arbiter.grant(claimOf(ANN, [A], { request: 'another' }))
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'lost', lost: [A], held: [{ by: 'ann' }] })
  })
})

describe('releasing', () => {
  it('[C6] ends a claim at once, by its token or by the name of its holder', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A, B]))
    expect(
      arbiter.ask(
        releaseOf(ANN, [
          [A, token],
          [B, null],
        ]),
      ),
    ).toEqual({ outcome: 'released', released: [A, B] })
    expect(arbiter.ask(checkOf(BOB, [A, B]))).toEqual({ outcome: 'free' })
    expect(arbiter.ask(renewOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'lost' })
  })

  it('[C6] of what nobody holds is done already, and of what somebody else holds is refused, with all that was asked', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    arbiter.grant(claimOf(BOB, [B]))
    expect(
      arbiter.ask(
        releaseOf(ANN, [
          [C, null],
          [D, 3],
        ]),
      ),
    ).toEqual({ outcome: 'released', released: [C, D] })
    const answer = arbiter.ask(
      releaseOf(ANN, [
        [A, null],
        [B, null],
      ]),
    )
    expect(answer).toMatchObject({ outcome: 'lost', lost: [B], held: [{ by: 'bob' }] })
    expect(arbiter.ledger.holdings(arbiter.now).map(({ uid }) => uid)).toEqual([A, B])
  })

  it('[C6] under an old token does not end a newer claim', () => {
    const arbiter = new Arbiter()
    const { token } = arbiter.grant(claimOf(ANN, [A]))
    arbiter.now += LEASE_MS
    arbiter.grant(claimOf(ANN, [A], { request: 'another' }))
    expect(arbiter.ask(releaseOf(ANN, [[A, token]]))).toMatchObject({ outcome: 'lost', lost: [A] })
    expect(arbiter.ledger.holding(A, arbiter.now)?.by).toBe('ann')
  })
})

describe('stealing', () => {
  it('[C7] is for a human with a reason: the claim says from whom it was taken and why', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    const stolen = arbiter.ask(claimOf(human('zoe'), [A, B], { steal: 'it hangs' }))
    expect(stolen).toMatchObject({
      outcome: 'granted',
      granted: [{ uid: A, by: 'zoe', stolen: { from: 'agent:ann', reason: 'it hangs' } }, { uid: B }],
    })
    expect(stolen.outcome === 'granted' && stolen.granted[1]).not.toHaveProperty('stolen')
    expect(arbiter.ask(renewOf(ANN, [[A, null]]))).toMatchObject({ outcome: 'lost', held: [{ by: 'zoe' }] })
  })

  it('[C7] is nothing for an agent, nor for a human without a reason', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [A]))
    expect(arbiter.ask(claimOf(BOB, [A], { steal: 'it hangs' }))).toMatchObject({ outcome: 'held' })
    expect(arbiter.ask(claimOf(human('zoe'), [A]))).toMatchObject({ outcome: 'held' })
  })
})

describe('several tasks', () => {
  it('[C8] are granted all or none', () => {
    const arbiter = new Arbiter()
    arbiter.grant(claimOf(ANN, [B]))
    expect(arbiter.ask(claimOf(BOB, [A, B, C]))).toMatchObject({ outcome: 'held', held: [{ uid: B, by: 'ann' }] })
    expect(arbiter.ledger.holdings(arbiter.now)).toHaveLength(1)
    arbiter.ask(releaseOf(ANN, [[B, null]]))
    expect(arbiter.ask(claimOf(BOB, [A, B, C, A]))).toMatchObject({ granted: [{ uid: A }, { uid: B }, { uid: C }] })
  })
})
