/** Who waits for what others hold: in the order in which they came, as long as they said, by a clock that may jump. */
import { describe, expect, it } from 'vitest'
import { ClaimPlace, type Asked } from '../support/claim-book.ts'
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
  releaseOf,
  renewOf,
  takeOf,
  YEAR,
} from '../support/claim-words.ts'

const DORA = agent('dora')
const WAIT = { waitMs: 10 * LEASE_MS }
const outcomes = (...asked: readonly Asked[]): readonly (string | undefined)[] =>
  asked.map(({ answer }) => answer?.outcome)

/** Ann holds A. */
async function held(): Promise<ClaimPlace> {
  const place = await ClaimPlace.open()
  await place.answer(claimOf(ANN, [A]))
  return place
}

describe('who waits', () => {
  it('[C21] is granted the task when it is released, in the order in which they came', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass(5)
    const cleo = place.ask(claimOf(CLEO, [A]), WAIT)
    await place.pass(5)
    expect(outcomes(bob, cleo)).toEqual([undefined, undefined])
    const at = place.runtime.now()
    await place.answer(releaseOf(ANN, [[A, null]]))
    await place.pass()
    expect(bob.answer).toMatchObject({ outcome: 'granted', at, granted: [{ by: 'bob', grantedAt: at }] })
    expect(outcomes(cleo)).toEqual([undefined])
    await place.answer(releaseOf(BOB, [[A, null]]))
    await place.pass()
    expect(outcomes(cleo)).toEqual(['granted'])
  })

  it('[C21] is granted the task in the moment in which its lease runs out, without anybody asking', async () => {
    const place = await held()
    const at = place.runtime.now() + LEASE_MS
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass(LEASE_MS - 1)
    expect(outcomes(bob)).toEqual([undefined])
    await place.pass(1)
    expect(bob.answer).toMatchObject({ outcome: 'granted', at })
  })

  it('[C21] is granted the task when its holder is known to be over by a token that was learned', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    await place.answer({ kind: 'learn', tokens: [[A, place.runtime.now() + YEAR]] })
    await place.pass()
    expect(bob.answer).toMatchObject({ outcome: 'granted', granted: [{ token: place.runtime.now() + YEAR + 1 }] })
  })

  it('[C21] waits on when the lease is renewed', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass(LEASE_MS - 1)
    await place.answer(renewOf(ANN, [[A, null]]))
    await place.pass(LEASE_MS - 1)
    expect(outcomes(bob)).toEqual([undefined])
    await place.pass(1)
    expect(outcomes(bob)).toEqual(['granted'])
  })

  it('[C21] for nothing that is held is answered at once', async () => {
    const place = await ClaimPlace.open()
    expect(await place.answer(claimOf(BOB, [A]), WAIT)).toMatchObject({ outcome: 'granted' })
  })

  it('[C21] for several tasks holds none of them before it gets all', async () => {
    const place = await held()
    await place.answer(claimOf(CLEO, [B]))
    const bob = place.ask(claimOf(BOB, [A, B, C]), WAIT)
    await place.answer(releaseOf(ANN, [[A, null]]))
    await place.pass()
    expect(place.book.holdings()).toMatchObject([{ uid: B, by: 'cleo' }])
    await place.answer(releaseOf(CLEO, [[B, null]]))
    await place.pass()
    expect(bob.answer).toMatchObject({ outcome: 'granted', granted: [{ uid: A }, { uid: B }, { uid: C }] })
  })
})

describe('who comes later', () => {
  it('[C22] does not overtake: not who waits, not who claims at once, not who takes the next', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A, B]), WAIT)
    await place.pass()
    const cleo = place.ask(claimOf(CLEO, [B, C]), WAIT)
    await place.pass()
    const behind = { outcome: 'held', held: [], awaited: [B] }
    expect(await place.answer(claimOf(DORA, [B]))).toMatchObject(behind)
    expect(await place.answer(checkOf(DORA, [B]))).toMatchObject(behind)
    expect(await place.answer(takeOf([DORA], [B, C, D]))).toMatchObject({ granted: [{ uid: D }], skipped: [] })
    expect(outcomes(bob, cleo)).toEqual([undefined, undefined])
    await place.answer(releaseOf(ANN, [[A, null]]))
    await place.pass()
    expect(outcomes(bob, cleo)).toEqual(['granted', undefined])
    await place.answer(
      releaseOf(BOB, [
        [A, null],
        [B, null],
      ]),
    )
    await place.pass()
    expect(outcomes(cleo)).toEqual(['granted'])
  })

  it('[C22] gets what nobody waits for', async () => {
    const place = await held()
    place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    expect(await place.answer(claimOf(CLEO, [B]), WAIT)).toMatchObject({ outcome: 'granted' })
  })

  it('[C22] at the moment in which a lease ran out comes after who waited for it', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    place.setByMs = LEASE_MS // a jump, so that nobody was woken
    expect(await place.answer(claimOf(CLEO, [A]))).toMatchObject({ outcome: 'held', held: [{ by: 'bob' }] })
    await place.pass()
    expect(outcomes(bob)).toEqual(['granted'])
  })

  it('[C22] is not its holder: that one renews, claims again, asks again, and adds what nobody waits for', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    expect(await place.answer(claimOf(ANN, [A]), WAIT)).toMatchObject({ outcome: 'granted' })
    expect(await place.answer(claimOf(ANN, [A, B], { request: 'more' }), WAIT)).toMatchObject({ outcome: 'granted' })
    expect(await place.answer(checkOf(ANN, [A, C]))).toMatchObject({ outcome: 'free' })
    expect(outcomes(bob)).toEqual([undefined])
  })

  it('[C22] as the holder of one task, waiting for another, is not stuck behind who waits for the first', async () => {
    const place = await held()
    await place.answer(claimOf(CLEO, [B]))
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    const ann = place.ask(claimOf(ANN, [A, B], { request: 'both' }), WAIT)
    await place.answer(releaseOf(CLEO, [[B, null]]))
    await place.pass()
    expect(outcomes(bob, ann)).toEqual([undefined, 'granted'])
  })

  it('[C22] as a human with a reason takes the task at once', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A, B]), WAIT)
    await place.pass()
    const stolen = await place.answer(claimOf(human('zoe'), [A, B], { steal: 'it hangs' }), WAIT)
    expect(stolen).toMatchObject({ outcome: 'granted', granted: [{ stolen: { from: 'agent:ann' } }, { uid: B }] })
    expect(outcomes(bob)).toEqual([undefined])
  })
})

describe('waiting', () => {
  it('[C23] ends after the time that was asked for, and names who stood in the way', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), { waitMs: 5_000 })
    await place.pass(4_999)
    expect(outcomes(bob)).toEqual([undefined])
    await place.pass(1)
    expect(bob.answer).toMatchObject({ outcome: 'timeout', at: place.runtime.now(), held: [{ uid: A, by: 'ann' }] })
    expect(place.runtime.sleeping).toBe(0)
    expect(await place.answer(claimOf(CLEO, [A]))).toMatchObject({ outcome: 'held' })
  })

  it('[C23] behind somebody else names what that one waits for, and lets who comes behind it by', async () => {
    const place = await held()
    place.ask(claimOf(BOB, [A, B]), { waitMs: 30_000 })
    await place.pass()
    const cleo = place.ask(claimOf(CLEO, [B]), { waitMs: 5_000 })
    const dora = place.ask(claimOf(DORA, [B]), WAIT)
    await place.pass(5_000)
    expect(cleo.answer).toMatchObject({ outcome: 'timeout', held: [], awaited: [B] })
    expect(outcomes(dora)).toEqual([undefined])
    await place.pass(25_000)
    expect(outcomes(dora)).toEqual(['granted'])
  })

  it('[C23] that ends in the moment in which the lease does is granted', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), { waitMs: LEASE_MS })
    await place.pass(LEASE_MS)
    expect(outcomes(bob)).toEqual(['granted'])
  })

  it.each([-YEAR, YEAR])('[C23] lasts as long as it was asked for where the clock jumps by %i ms', async (byMs) => {
    const place = await held()
    place.ask(renewOf(ANN, [[A, null]], 3 * YEAR))
    const bob = place.ask(claimOf(BOB, [A]), { waitMs: 30_000 })
    await place.pass(5_000)
    place.setByMs = byMs
    await place.pass(24_999)
    expect(outcomes(bob)).toEqual([undefined])
    await place.pass(1)
    expect(outcomes(bob)).toEqual(['timeout'])
  })

  it('[C15] for a lease whose clock was set back by a year ends one lease later at most', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass(1_000)
    place.setByMs = -YEAR
    await place.pass(LEASE_MS + 10_000)
    expect(outcomes(bob)).toEqual(['granted'])
  })

  it('[C23] sees soon that a lease ran out where the clock jumps ahead', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    place.setByMs = YEAR
    await place.pass(10_000)
    expect(outcomes(bob)).toEqual(['granted'])
  })
})

describe('who leaves', () => {
  it('[C24] gets nothing, and does not stand in the way any more', async () => {
    const place = await held()
    const gone = new AbortController()
    const bob = place.ask(claimOf(BOB, [A, B]), { ...WAIT, signal: gone.signal })
    await place.pass()
    const cleo = place.ask(claimOf(CLEO, [B]), WAIT)
    await place.pass()
    expect(outcomes(cleo)).toEqual([undefined])
    const reason = new Error('gone')
    gone.abort(reason)
    await place.pass()
    expect(bob.error).toBe(reason)
    expect(outcomes(cleo)).toEqual(['granted'])
    await place.pass(LEASE_MS)
    expect(place.book.last(A)?.by).toBe('ann')
    await expect(place.answer(claimOf(BOB, [A]), { signal: gone.signal })).rejects.toBe(reason)
  })

  it('[C24] because the arbiter does is told so, and can ask the next one', async () => {
    const place = await held()
    const bob = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    await place.book[Symbol.asyncDispose]()
    expect(bob.error).toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(place.runtime.sleeping).toBe(0)
  })
})

describe('who asks the same again while it waits', () => {
  it('[C25] keeps its place; the first asking ends', async () => {
    const place = await held()
    const first = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    const cleo = place.ask(claimOf(CLEO, [A]), WAIT)
    await place.pass()
    const again = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    expect(first.error).toMatchObject({ code: 'CONNECTION_CLOSED' })
    await place.answer(releaseOf(ANN, [[A, null]]))
    await place.pass()
    expect(outcomes(again, cleo)).toEqual(['granted', undefined])
    expect(await place.answer(claimOf(BOB, [A]))).toMatchObject({ outcome: 'granted', granted: [{ isRenewed: true }] })
  })

  it('[C25] without waiting waits no more', async () => {
    const place = await held()
    const first = place.ask(claimOf(BOB, [A]), WAIT)
    await place.pass()
    expect(await place.answer(claimOf(BOB, [A]))).toMatchObject({ outcome: 'held', held: [{ by: 'ann' }] })
    expect(first.error).toMatchObject({ code: 'CONNECTION_CLOSED' })
    await place.pass(LEASE_MS)
    expect(place.book.holdings()).toEqual([])
  })

  it('[C10] under the same id but for something else is told so, and the first waits on', async () => {
    const place = await held()
    const first = place.ask(claimOf(BOB, [A], { request: 'r1' }), WAIT)
    await place.pass()
    expect(await place.answer(claimOf(BOB, [B], { request: 'r1' }), WAIT)).toMatchObject({ outcome: 'reused' })
    expect(await place.answer(takeOf([CLEO], [C], { request: 'r1' }))).toMatchObject({ outcome: 'reused' })
    await place.pass(LEASE_MS)
    expect(outcomes(first)).toEqual(['granted'])
  })
})
