/** The waiting line as a whole: whatever happens, nobody waits for what is free, and nobody is passed by. */
import { describe, expect, it, vi } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { Ledger } from '../../src/claims/ledger.ts'
import { claimLimits } from '../../src/claims/parse.ts'
import type { ClaimRequest, Holder } from '../../src/claims/request.ts'
import { parseUid, type Uid } from '../../src/ids.ts'
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
  releaseOf,
  renewOf,
} from '../support/claim-words.ts'

type Claim = Extract<ClaimRequest, { readonly kind: 'claim' }>

interface Standing {
  readonly request: Claim
  readonly asked: Asked
  readonly gone: AbortController
}

const TASKS = [A, B, C, D]
const HOLDERS = [ANN, BOB, CLEO, agent('ann', 'w2'), human('dan')]
const LONG_MS = 500_000

function uids(count: number, from = 0): readonly Uid[] {
  return Array.from({ length: count }, (_, at) => parseUid(String(from + at).padStart(10, '0')))
}

/** The first of those who wait that could have all it waits for. */
function passedBy(place: ClaimPlace, line: readonly Standing[]): Standing | undefined {
  const now = place.runtime.now() + place.setByMs
  const awaited = new Set<Uid>()
  return line.find(({ request: { tasks, holder } }) => {
    const isFree = tasks.every((uid) => {
      const lease = place.book.last(uid)
      if (lease === undefined || lease.expiresAt <= now) return !awaited.has(uid)
      return lease.by === holder.by && lease.type === holder.type && lease.workspace === holder.workspace
    })
    for (const uid of tasks) awaited.add(uid)
    return isFree
  })
}

async function storm(seed: number): Promise<{ readonly most: number; readonly outcomes: ReadonlySet<string> }> {
  const { random } = memoryRuntime({ seed })
  const dice = (sides: number): number => (random(1)[0] ?? 0) % sides
  const one = <Thing>(things: readonly [Thing, ...Thing[]] | readonly Thing[]): Thing =>
    things[dice(things.length)] as Thing
  const place = await ClaimPlace.open()
  let line: Standing[] = []
  let [most, isJumped] = [0, false]
  const outcomes = new Set<string>()
  for (let step = 0; step < 200; step++) {
    const tasks = TASKS.filter(() => dice(2) === 0)
    if (tasks.length === 0) tasks.push(one(TASKS))
    const holder: Holder = one(HOLDERS)
    const held = tasks.map((uid) => [uid, null] as const)
    const leaseMs = 1_000 + dice(30) * 1_000
    const acts: readonly (() => unknown)[] = [
      () => {
        const gone = new AbortController()
        const request = claimOf(holder, tasks, { request: `r${seed}-${step}`, leaseMs })
        const asked = place.ask(request, { waitMs: dice(4) === 0 ? 5_000 : LONG_MS, signal: gone.signal })
        line.push({ request, asked, gone })
      },
      () => place.ask(claimOf(holder, tasks, { request: `n${seed}-${step}`, leaseMs })),
      () => place.ask(renewOf(holder, held, leaseMs)),
      () => place.ask(releaseOf(holder, held)),
      () => place.ask(claimOf(human('dan'), tasks, { request: `s${seed}-${step}`, leaseMs, steal: 'in need' })),
      () => place.ask({ kind: 'learn', tokens: [[tasks[0] ?? A, place.runtime.now() + dice(2) * 100_000]] }),
      () => (line.length > 0 ? one(line).gone.abort(new Error('gone')) : undefined),
      () => place.pass(dice(20) * 500),
      () => {
        if (dice(6) > 0) return
        place.setByMs += (dice(3) - 1) * 20_000
        isJumped = true
      },
    ]
    await one(acts.concat(acts.slice(0, 1), acts.slice(0, 1), acts.slice(3, 4)))()
    // A clock that jumped is noticed within ten seconds; leases that run out one after the other within moments.
    await place.pass(isJumped ? 10_100 : 25)
    isJumped = false
    most = Math.max(most, line.length)
    line = line.filter(({ asked }) => {
      if (asked.answer !== undefined) outcomes.add(asked.answer.outcome)
      return asked.answer === undefined && asked.error === undefined
    })
    expect([seed, step, passedBy(place, line)?.request]).toEqual([seed, step, undefined])
  }
  await place.book[Symbol.asyncDispose]()
  return { most, outcomes }
}

describe('a line', () => {
  it('[C21][C22] leaves nobody waiting for what is free, whatever happens', async () => {
    let most = 0
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const seen = await storm(seed)
      most = Math.max(most, seen.most)
      for (const outcome of seen.outcomes) outcomes.add(outcome)
    }
    expect(most).toBeGreaterThan(3)
    expect([...outcomes].sort()).toEqual(['granted', 'timeout'])
  })

  it('[C56] takes in no more than may wait, over one connection and in all, and says so; what is free is granted', async () => {
    const place = await ClaimPlace.open()
    const tasks = uids(claimLimits.tasks)
    await place.answer(claimOf(ANN, tasks, { request: 'all' }))
    const wait = (number: number, signal: AbortSignal): Asked =>
      place.ask(claimOf(agent(`b${number}`), tasks, { request: `w${number}` }), { waitMs: LONG_MS, signal })
    const asked: Asked[] = []
    const gone = new AbortController()
    for (let number = 0; number < 3; number++) asked.push(wait(number, gone.signal))
    await place.pass()
    expect(asked.map(({ error }) => error)).toMatchObject([undefined, undefined, { code: 'TOO_LARGE' }])
    const mine = uids(1, 9_999)
    const granted = await place.answer(claimOf(BOB, mine), { waitMs: LONG_MS, signal: gone.signal })
    expect(granted).toMatchObject({ outcome: 'granted' })
    for (let number = 3; number < 12; number++) asked.push(wait(number, new AbortController().signal))
    await place.pass()
    expect(asked.flatMap(({ error }, at) => (error === undefined ? [] : [at]))).toEqual([2, 11])
    gone.abort(new Error('gone'))
    const again = wait(12, new AbortController().signal)
    await place.pass()
    expect(again.error).toBeUndefined()
  })

  it('[C19] that cannot go on in the middle of the night tells everyone who waits, and ends no process', async () => {
    const place = await ClaimPlace.open()
    await place.answer(claimOf(ANN, [A]))
    const waits = [BOB, CLEO].map((who) => place.ask(claimOf(who, [A]), { waitMs: LONG_MS }))
    await place.pass()
    const fault = vi.spyOn(Ledger.prototype, 'holding').mockImplementation(() => {
      throw new RangeError('too much at once')
    })
    await place.pass(10_000)
    fault.mockRestore()
    for (const { error } of waits) expect(error).toMatchObject({ code: 'FAULT' })
    expect(place.book.isBroken).toBe(true)
    await place.crash()
    expect(await place.answer(claimOf(BOB, [A]))).toMatchObject({ outcome: 'held', held: [{ by: 'ann' }] })
  })

  it('[C57] costs a question little, however many wait: only those whom it concerns are looked at', async () => {
    const place = await ClaimPlace.open()
    const [first, second, third] = uids(3) as [Uid, Uid, Uid]
    await place.answer(claimOf(ANN, [first, second]))
    const asked = Array.from({ length: 2_000 }, (_, at) =>
      place.ask(claimOf(agent(`b${at}`), [at % 2 === 0 ? first : second, third]), { waitMs: LONG_MS }),
    )
    await place.pass()
    const looks = vi.spyOn(Ledger.prototype, 'holding')
    try {
      await place.answer({ kind: 'list' })
      await place.answer(claimOf(CLEO, [A]))
      await place.answer(renewOf(ANN, [[first, null]]))
      await place.answer(checkOf(CLEO, [first]))
      expect(looks.mock.calls.length).toBeLessThan(20)
      await place.answer(releaseOf(ANN, [[first, null]]))
      await place.pass()
      expect(asked[0]?.answer).toMatchObject({ outcome: 'granted' })
      expect(looks.mock.calls.length).toBeLessThan(50)
    } finally {
      looks.mockRestore()
    }
  })
})
