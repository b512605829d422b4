/** The book on a disk: durable before it is told, also what is refused; crashes, full disks, compaction. */
import { describe, expect, it } from 'vitest'
import { ClaimPlace, LOG } from '../support/claim-book.ts'
import { A, ANN, B, BOB, C, claimOf, CLEO, LEASE_MS, releaseOf, renewOf, takeOf } from '../support/claim-words.ts'
import { parseUid, type Uid } from '../../src/ids.ts'

const FULL = new Error('no space left')

describe('an answer', () => {
  it('[C17] is told when it is on the disk, with the moment at which it was true', async () => {
    const place = await ClaimPlace.open()
    place.isSlow = true
    const at = place.runtime.now()
    const asked = place.ask(claimOf(ANN, [A]))
    await place.pass(1_000)
    expect(asked.answer).toBeUndefined()
    await place.arrive()
    expect(asked.answer).toMatchObject({ outcome: 'granted', at })
  })

  it('[C17] that refuses or only looks waits for what it rests on', async () => {
    const place = await ClaimPlace.open()
    place.isSlow = true
    place.ask(claimOf(ANN, [A]))
    await place.pass()
    const refused = place.ask(claimOf(BOB, [A]))
    const listed = place.ask({ kind: 'list' })
    await place.pass(1_000)
    expect([refused.answer, listed.answer]).toEqual([undefined, undefined])
    await place.arrive()
    expect(refused.answer).toMatchObject({ outcome: 'held', held: [{ by: 'ann' }] })
    expect(listed.answer).toMatchObject({ outcome: 'listed', holdings: [{ by: 'ann' }] })
  })

  it('[C17] that refuses is not told where what it rests on was lost, and the task is free then', async () => {
    const place = await ClaimPlace.open()
    place.isSlow = true
    const granted = place.ask(claimOf(ANN, [A]))
    await place.pass()
    const refused = place.ask(claimOf(BOB, [A]))
    await place.crash()
    await place.pass()
    expect([granted.answer, refused.answer]).toEqual([undefined, undefined])
    expect([granted.error, refused.error]).toMatchObject([{ code: 'STORE_UNWRITABLE' }, { code: 'STORE_UNWRITABLE' }])
    place.isSlow = false
    expect(await place.answer(claimOf(BOB, [A]))).toMatchObject({ outcome: 'granted' })
  })

  it('[C17] shares its commit with all that came while the disk worked', async () => {
    const place = await ClaimPlace.open()
    place.isSlow = true
    place.ask(claimOf(ANN, [A]))
    await place.pass()
    const later = [place.ask(claimOf(BOB, [B])), place.ask(claimOf(CLEO, [C])), place.ask(claimOf(CLEO, [A]))]
    await place.arrive()
    expect(place.waiting).toHaveLength(1)
    expect(later.map(({ answer }) => answer)).toEqual([undefined, undefined, undefined])
    await place.arrive()
    expect(later.map(({ answer }) => answer?.outcome)).toEqual(['granted', 'granted', 'held'])
    expect(place.commits).toBe(2)
    expect(await place.store.read(LOG)).toHaveLength(2)
  })

  it('[C17] goes to the disk with what else belongs into the same commit', async () => {
    const place: ClaimPlace = await ClaimPlace.open({
      commit: (changes) => place.store.commit([...changes, { append: 'beside', bytes: Uint8Array.of(1) }]),
    })
    await place.answer(claimOf(ANN, [A]))
    expect(place.commits).toBe(1)
    expect(await place.store.read('beside')).toHaveLength(1)
  })
})

describe('what is shown', () => {
  it('[C18] is on the disk, and is told once for each commit that moves a task', async () => {
    const place = await ClaimPlace.open()
    const heard: (readonly Uid[])[] = []
    const shown: (readonly Uid[])[] = []
    place.book.onChanged = (uids) => {
      heard.push(uids)
      shown.push(place.book.holdings().map(({ uid }) => uid))
    }
    place.isSlow = true
    place.ask(claimOf(ANN, [A, B]))
    await place.pass()
    expect([place.book.holdings(), place.book.tokens(), place.book.last(A), heard]).toEqual([[], [], undefined, []])
    await place.arrive()
    expect([heard, shown]).toEqual([[[A, B]], [[A, B]]])
    expect(place.book.last(A)).toMatchObject({ by: 'ann' })
    expect(place.book.tokens()).toHaveLength(2)
  })

  it('[C18] does not change with a renewal, and does with an end', async () => {
    const place = await ClaimPlace.open()
    await place.answer(claimOf(ANN, [A, B]))
    const heard: (readonly Uid[])[] = []
    place.book.onChanged = (uids) => void heard.push(uids)
    await place.answer(renewOf(ANN, [[A, null]]))
    expect(heard).toEqual([])
    await place.answer(releaseOf(ANN, [[A, null]]))
    expect(heard).toEqual([[A]])
    await place.pass(LEASE_MS)
    expect(place.book.holdings()).toEqual([])
    expect(place.book.last(B)).toMatchObject({ by: 'ann' })
  })
})

describe('who listens and fails', () => {
  it('[C18] changes nothing: what is on the disk is told, and the book goes on', async () => {
    const place = await ClaimPlace.open()
    place.book.onChanged = () => {
      throw new RangeError('the listener fails')
    }
    expect(await place.answer(claimOf(ANN, [A]))).toMatchObject({ outcome: 'granted' })
    expect(place.book.isBroken).toBe(false)
    expect(await place.answer(claimOf(BOB, [A]))).toMatchObject({ outcome: 'held' })
    expect(await place.answer(claimOf(BOB, [B]))).toMatchObject({ outcome: 'granted' })
  })
})

describe('a disk that takes nothing', () => {
  it('[C19] makes the book refuse: nothing is told that is not there, and who waits hears it too', async () => {
    const place = await ClaimPlace.open()
    await place.answer(claimOf(ANN, [A]))
    const waits = place.ask(claimOf(BOB, [A]), { waitMs: LEASE_MS })
    place.isSlow = true
    const lost = place.ask(claimOf(CLEO, [B]))
    await place.pass()
    const behind = place.ask(claimOf(CLEO, [C]))
    for (const { fail } of place.waiting.splice(0)) fail(FULL)
    await place.pass()
    expect([lost, behind, waits].map(({ answer }) => answer)).toEqual([undefined, undefined, undefined])
    for (const { error } of [lost, behind, waits]) expect(error).toMatchObject({ code: 'STORE_UNWRITABLE' })
    expect(place.book.isBroken).toBe(true)

    place.isSlow = false
    await expect(place.answer({ kind: 'list' })).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' })
    expect(place.book.holdings().map(({ uid }) => uid)).toEqual([A])
    await place.crash()
    expect(place.book.isBroken).toBe(false)
    expect(await place.answer({ kind: 'list' })).toMatchObject({ holdings: [{ uid: A }] })
    expect(await place.answer(claimOf(BOB, [B]))).toMatchObject({ outcome: 'granted' })
  })

  it('[C19] in the middle of making many rows one leaves what was told', async () => {
    let isFull = false
    const place: ClaimPlace = await ClaimPlace.open({
      manyRows: 2,
      commit: (changes) =>
        isFull && changes.some((change) => 'compact' in change) ? Promise.reject(FULL) : place.store.commit(changes),
    })
    await place.answer(claimOf(ANN, [A]))
    isFull = true
    expect(await place.answer(claimOf(BOB, [B]))).toMatchObject({ outcome: 'granted' })
    await expect(place.answer(claimOf(CLEO, [C]))).rejects.toMatchObject({ code: 'FAULT' })
    expect(place.book.isBroken).toBe(true)
    isFull = false
    await place.crash()
    expect(place.book.holdings().map(({ uid }) => uid)).toEqual([A, B])
  })
})

describe('a restart', () => {
  it('[C20] finds who holds what, all tokens, and the requests that were granted', async () => {
    const place = await ClaimPlace.open()
    const first = await place.answer(claimOf(ANN, [A]))
    await place.answer(claimOf(BOB, [B]))
    await place.answer(releaseOf(BOB, [[B, null]]))
    const tokens = place.book.tokens()
    await place.crash()
    expect(place.book.tokens()).toEqual(tokens)
    expect(await place.answer(claimOf(CLEO, [A]))).toMatchObject({ outcome: 'held', held: [{ by: 'ann' }] })
    const granted = first.outcome === 'granted' ? first.granted : []
    expect(await place.answer(claimOf(ANN, [A]))).toMatchObject({ outcome: 'granted', granted })
    expect(await place.answer(claimOf(ANN, [B], { request: claimOf(ANN, [A]).request }))).toMatchObject({
      outcome: 'reused',
    })
    expect(await place.answer(claimOf(BOB, [B]))).toMatchObject({ outcome: 'lost' })
  })

  it('[C2] lets tokens grow, also where the clock was set back meanwhile', async () => {
    const place = await ClaimPlace.open()
    await place.answer(claimOf(ANN, [A]))
    await place.answer(releaseOf(ANN, [[A, null]]))
    const [before] = place.book.tokens()
    await place.crash()
    place.setByMs = -1_000_000
    await place.answer(claimOf(BOB, [A]))
    expect(place.book.last(A)?.token).toBe((before?.[1] ?? 0) + 1)
  })

  it('[C20] finds the same where many rows were made one, again and again', async () => {
    const place = await ClaimPlace.open({ manyRows: 3 })
    for (let round = 0; round < 10; round++) {
      await place.answer(takeOf([ANN], [A, B, C], { request: `r${round}` }))
      await place.answer(releaseOf(ANN, [[A, null]]))
    }
    await place.answer(claimOf(BOB, [B]))
    expect((await place.store.read(LOG)).length).toBeLessThanOrEqual(3)
    const before = [place.book.holdings(), place.book.tokens()]
    await place.crash()
    expect([place.book.holdings(), place.book.tokens()]).toEqual(before)
    expect(await place.answer(takeOf([ANN], [A], { request: 'r3' }))).toMatchObject({ outcome: 'lost' })
  })

  it('[C20] reads no more than about twice what there is to say, however much was said', async () => {
    let said = 0
    const place: ClaimPlace = await ClaimPlace.open({
      commit: (changes) => {
        for (const change of changes) if ('append' in change) said += change.bytes.length
        return place.store.commit(changes)
      },
    })
    const tasks = Array.from({ length: 2_000 }, (_, at) => parseUid(String(at).padStart(10, '0')))
    const held = tasks.map((uid) => [uid, null] as const)
    for (let round = 0; round < 30; round++) {
      await place.answer(claimOf(ANN, tasks, { request: `r${round}` }))
      await place.answer(releaseOf(ANN, held))
    }
    const read = (await place.store.read(LOG)).reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(said).toBeGreaterThan(10_000_000)
    expect(read).toBeLessThan(5_000_000)
    const before = [place.book.holdings(), place.book.tokens()]
    await place.crash()
    expect([place.book.holdings(), place.book.tokens()]).toEqual(before)
  })

  it('[C20] after closing finds what was on its way', async () => {
    const place = await ClaimPlace.open()
    place.isSlow = true
    const asked = place.ask(claimOf(ANN, [A]))
    const closing = place.book[Symbol.asyncDispose]()
    await place.pass()
    await place.arrive()
    await closing
    expect(asked.answer).toMatchObject({ outcome: 'granted' })
    await expect(place.answer({ kind: 'list' })).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    place.isSlow = false
    await place.crash()
    expect(place.book.holdings()).toMatchObject([{ by: 'ann' }])
  })
})
