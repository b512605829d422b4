/** Whether each answer in a history of claims fits what was asked, and what is proven to have been so at that moment. */
import type { Grant } from '../../src/claims/request.ts'
import type { ClaimRecord } from './claim-history.ts'
import {
  describe,
  grantsOf,
  isOf,
  nameOf,
  seenIn,
  type Evidence,
  type Lease,
  type TaskEvidence,
  type Told,
} from './claim-evidence.ts'

export function answerProblems(evidence: Evidence): readonly string[] {
  const problems = evidence.told.flatMap((op) =>
    [...grantProblems(op), ...refusalProblems(op), ...freeProblems(evidence, op), ...lostProblems(evidence, op)].map(
      (problem) => `${problem}: ${describe(op)}`,
    ),
  )
  return [...problems, ...sameIdProblems(evidence)]
}

/** What is granted is what was asked for, to who asked, from now on. */
function grantProblems({ request, answer }: Told): readonly string[] {
  const problems: string[] = []
  const { at } = answer
  for (const grant of grantsOf(answer)) {
    if (request.kind === 'release') continue // what it holds still, maybe as a lease that ran out
    if (!fits(request, grant)) problems.push(`${grant.uid} was not asked for so`)
    if (grant.expiresAt <= at) problems.push(`${grant.uid} was granted for no time`)
    if (grant.token < grant.grantedAt) problems.push(`the token of ${grant.uid} is below the clock`)
    if (grant.isRenewed === true) continue
    const isFromNow = 'leaseMs' in request && grant.grantedAt === at && grant.expiresAt === at + request.leaseMs
    if (!isFromNow) problems.push(`${grant.uid} was not granted from now on`)
  }
  if (answer.outcome !== 'granted') return problems
  const uids = new Set(answer.granted.map(({ uid }) => uid))
  if (uids.size < answer.granted.length) problems.push('a task was granted twice')
  if (request.kind === 'claim' && uids.size !== new Set(request.tasks).size) problems.push('not all of it was granted')
  if (request.kind === 'take')
    for (const holder of request.holders)
      if (answer.granted.filter((grant) => nameOf(grant) === nameOf(holder)).length > request.each)
        problems.push(`${nameOf(holder)} got more than ${request.each}`)
  return problems
}

function fits(request: ClaimRecord['request'], grant: Grant): boolean {
  switch (request.kind) {
    case 'claim': {
      const isStolen = grant.stolen !== undefined && grant.isRenewed !== true
      const mayBe = !isStolen || (request.steal === grant.stolen.reason && request.holder.type === 'human')
      return mayBe && request.tasks.includes(grant.uid) && nameOf(request.holder) === nameOf(grant)
    }
    case 'take':
      return (
        (grant.isRenewed === true || request.candidates.includes(grant.uid)) &&
        request.holders.some((holder) => nameOf(holder) === nameOf(grant))
      )
    case 'renew':
      return request.tasks.some(
        ([uid, token]) => uid === grant.uid && (token === null ? isOf(grant, request.holder) : token === grant.token),
      )
    case 'release':
    case 'check':
    case 'verify':
    case 'learn':
    case 'list':
      return false
  }
}

/** What stood in the way did at that moment, and was not the own lease. */
function refusalProblems({ asked, answered, request, answer, waitMs = 0 }: Told): readonly string[] {
  const problems = seenIn(answer)
    .filter(({ expiresAt }) => expiresAt <= answer.at)
    .map(({ uid }) => `${uid} was over`)
  if (answer.outcome === 'timeout' && answered - asked < waitMs - 5) problems.push('it did not wait so long')
  if (answer.outcome !== 'held' && answer.outcome !== 'timeout') return problems
  if (request.kind !== 'claim' && request.kind !== 'check') return [...problems, 'that is no answer to it']
  const { held, awaited = [] } = answer
  if (held.length + awaited.length === 0) problems.push('nothing stood in the way')
  if (held.some((holding) => isOf(holding, request.holder))) problems.push('it was in its own way')
  const tasks = new Set<string>(request.tasks)
  if ([...held.map(({ uid }) => uid), ...awaited].some((uid) => !tasks.has(uid))) problems.push('it asked for others')
  return problems
}

/** What was told to be free, released or nowhere in the list was not certainly held by somebody else. */
function freeProblems(evidence: Evidence, op: Told): readonly string[] {
  const { request, answer } = op
  const alive = (uid: string, isMeant: (lease: Lease) => boolean): readonly string[] => {
    const task = evidence.task(uid)
    const lease = evidence.lastBefore(task, op.asked)
    if (lease === undefined || !isMeant(lease) || !isCertain(evidence, task, lease, op)) return []
    return [`${uid} was held by ${nameOf(lease.holding)} under token ${lease.token}`]
  }
  if (request.kind === 'check' && answer.outcome === 'free')
    return request.tasks.flatMap((uid) => alive(uid, ({ holding }) => !isOf(holding, request.holder)))
  if (request.kind === 'release' && answer.outcome === 'released')
    return request.tasks.flatMap(([uid, token]) =>
      alive(uid, (lease) => (token === null ? !isOf(lease.holding, request.holder) : lease.token !== token)),
    )
  if (request.kind === 'list' && answer.outcome === 'listed') {
    const listed = new Set(answer.holdings.map(({ uid, token }) => `${uid} ${token}`))
    return [...evidence.tasks.keys()].flatMap((uid) => alive(uid, ({ token }) => !listed.has(`${uid} ${token}`)))
  }
  if (request.kind === 'verify' && answer.outcome === 'free')
    return request.tasks.flatMap(([uid, token]) => {
      const last = evidence.lastBefore(evidence.task(uid), op.asked)
      if (last === undefined || last.token <= token) return []
      return evidence.mayBeForgotten(last, op) ? [] : [`${uid} had token ${last.token} then`]
    })
  return []
}

/** Seen before, not run out, and nothing is known that may have ended it. */
function isCertain(evidence: Evidence, task: TaskEvidence, lease: Lease, op: Told): boolean {
  const before = lease.sights.filter((sight) => sight.op.answered < op.asked)
  return before.some((sight) => !evidence.mayHaveExpired(sight, op)) && !evidence.mayBeEnded(task, lease, op)
}

/** What was told to be lost may have ended, or gone to somebody else. */
function lostProblems(evidence: Evidence, op: Told): readonly string[] {
  const { request, answer } = op
  if (answer.outcome !== 'lost') return []
  return answer.lost.flatMap((uid) => {
    const task = evidence.task(uid)
    const own = ownLease(evidence, task, op)
    if (own === undefined) return []
    if (evidence.mayBeFollowed(task, own, op) || evidence.mayBeForgotten(own, op)) return []
    // A token that was released is the last still.
    if (evidence.mayBeEnded(task, own, op) && request.kind !== 'verify') return []
    if (task.learned.some(({ op: before, token }) => token > own.token && before.asked < op.answered)) return []
    return [`${uid} was not lost: nobody can have ended token ${own.token}`]
  })
}

/** The lease that was asked about, where it is known. */
function ownLease(evidence: Evidence, task: TaskEvidence, { asked, request }: Told): Lease | undefined {
  const known = [...task.leases.values()].filter((lease) => lease.sights.some((sight) => sight.op.answered < asked))
  switch (request.kind) {
    case 'renew':
    case 'release':
    case 'verify': {
      const token = request.tasks.find(([uid]) => uid === task.uid)?.[1] ?? null
      if (token !== null) return known.find((lease) => lease.token === token)
      return known.findLast((lease) => 'holder' in request && isOf(lease.holding, request.holder))
    }
    case 'claim':
    case 'take': {
      const before = evidence.told.find(
        ({ request: other, answer }) =>
          'request' in other && other.request === request.request && answer.outcome === 'granted',
      )
      const grant = before && grantsOf(before.answer).find(({ uid }) => uid === task.uid)
      return known.find((lease) => lease.token === grant?.token)
    }
    case 'check':
    case 'learn':
    case 'list':
      return undefined
  }
}

/** Asked again under its id a request that was granted is granted the same, or lost; nothing else has its id. */
function sameIdProblems(evidence: Evidence): readonly string[] {
  const byId = new Map<string, ClaimRecord[]>()
  for (const record of evidence.records) {
    const { request } = record
    if (request.kind !== 'claim' && request.kind !== 'take') continue
    const all = byId.get(request.request) ?? []
    byId.set(request.request, [...all, record])
  }
  return [...byId.values()].flatMap((all) => {
    if (all.length < 2) return all.filter(isReused).map((op) => `its id was not used before: ${describe(op)}`)
    const told = all.filter((record): record is Told => record.answered !== null && record.answer !== null)
    const contents = new Set(all.map(({ request }) => contentOf(request)))
    const granted = told.filter(({ answer }) => answer.outcome === 'granted' && answer.granted.length > 0)
    return [
      ...told
        .filter((op) => isReused(op) && contents.size < 2)
        .map((op) => `its id was not used otherwise: ${describe(op)}`),
      ...granted.flatMap((first) =>
        told
          .filter((op) => op !== first && op.asked > first.asked)
          .filter((op) => !evidence.wasRestored(first.asked, Math.max(first.answered, op.answered)))
          .filter((op) => contentOf(op.request) === contentOf(first.request))
          .filter((op) => isOtherwise(first, op))
          .map((op) => `the same id was answered otherwise: ${describe(first)}, then ${describe(op)}`),
      ),
    ]
  })
}

function isReused({ answer }: ClaimRecord): boolean {
  return answer?.outcome === 'reused'
}

function contentOf(request: ClaimRecord['request']): string {
  if (request.kind === 'claim') return JSON.stringify([nameOf(request.holder), request.tasks])
  return request.kind === 'take' ? JSON.stringify([request.holders.map(nameOf), request.each]) : ''
}

function isOtherwise(first: Told, op: Told): boolean {
  const { answer } = op
  if (answer.outcome === 'granted') return answer.granted.length > 0 && setOf(first) !== setOf(op)
  return (answer.outcome === 'held' || answer.outcome === 'timeout') && op.asked > first.answered
}

function setOf({ answer }: Told): string {
  return grantsOf(answer)
    .map(({ uid, token }) => `${uid} ${token}`)
    .sort()
    .join()
}
