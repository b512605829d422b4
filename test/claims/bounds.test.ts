/** How large the ledger of a project may grow. */
import { describe, expect, it } from 'vitest'
import { claimLimits } from '../../src/claims/parse.ts'
import { parseUid, type Uid } from '../../src/ids.ts'
import { ClaimPlace } from '../support/claim-book.ts'
import { ANN, BOB, claimOf, LEASE_MS, releaseOf, renewOf } from '../support/claim-words.ts'

function uids(count: number, from = 0): readonly Uid[] {
  return Array.from({ length: count }, (_, at) => parseUid(String(from + at).padStart(10, '0')))
}

/** As many as a request takes, until so many are held. */
async function fill(place: ClaimPlace, count: number, leaseMs: number): Promise<void> {
  for (let from = 0; from < count; from += claimLimits.tasks)
    await place.answer(claimOf(ANN, uids(claimLimits.tasks, from), { request: `from ${from}`, leaseMs }))
}

describe('a full ledger', () => {
  it('[C56] grants no more, says so and changes nothing; what is held goes on', async () => {
    const place = await ClaimPlace.open()
    await fill(place, claimLimits.held, LEASE_MS)
    const [first = '' as Uid, next = '' as Uid] = [uids(1)[0], uids(1, claimLimits.held)[0]]
    await expect(place.answer(claimOf(BOB, [next]))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(place.book.last(next)).toBeUndefined()
    expect(await place.answer({ kind: 'verify', tasks: [[next, 1]] })).toMatchObject({ outcome: 'free' })
    expect(await place.answer(renewOf(ANN, [[first, null]]))).toMatchObject({ outcome: 'granted' })
    expect(await place.answer(claimOf(BOB, [first]))).toMatchObject({ outcome: 'held' })
    await place.answer(releaseOf(ANN, [[first, null]]))
    expect(await place.answer(claimOf(BOB, [next]))).toMatchObject({ outcome: 'granted' })
  })

  it('[C56] lets go of leases that ran out, and of no token', async () => {
    const place = await ClaimPlace.open()
    await fill(place, claimLimits.held, LEASE_MS)
    await place.pass(LEASE_MS)
    const [first = '' as Uid, next = '' as Uid] = [uids(1)[0], uids(1, claimLimits.held)[0]]
    const token = place.book.last(first)?.token ?? 0
    expect(await place.answer(claimOf(BOB, [next]))).toMatchObject({ outcome: 'granted' })
    expect([...place.book.leases()].map(({ uid }) => uid)).toEqual([next])
    expect(await place.answer({ kind: 'verify', tasks: [[first, token - 1]] })).toMatchObject({ outcome: 'lost' })
    expect(await place.answer(renewOf(ANN, [[first, token]]))).toMatchObject({ outcome: 'lost' })
  })

  it('[C56] learns no more tasks than it may know, and goes on with those that it knows', async () => {
    const place = await ClaimPlace.open()
    for (let from = 0; from < claimLimits.known; from += claimLimits.tasks)
      await place.answer({ kind: 'learn', tokens: uids(claimLimits.tasks, from).map((uid) => [uid, 5] as const) })
    const [first = '' as Uid, next = '' as Uid] = [uids(1)[0], uids(1, claimLimits.known)[0]]
    await expect(place.answer({ kind: 'learn', tokens: [[next, 5]] })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(place.answer(claimOf(ANN, [next]))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(await place.answer(claimOf(ANN, [first]))).toMatchObject({ outcome: 'granted' })
    expect(place.book.isBroken).toBe(false)
  })
})
