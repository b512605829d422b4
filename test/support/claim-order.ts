/** Whether the leases of a history of claims follow one another as they must: by token, by time, by end, by who came first. */
import type { Grant } from '../../src/claims/request.ts'
import {
  describe,
  grantsOf,
  isOf,
  isTheft,
  nameOf,
  type Evidence,
  type Lease,
  type Sight,
  type TaskEvidence,
  type Told,
} from './claim-evidence.ts'

export function orderProblems(evidence: Evidence): readonly string[] {
  const perTask = [...evidence.tasks.values()].flatMap((task) => [
    ...tokenProblems(evidence, task),
    ...overlapProblems(evidence, task),
    ...releasedProblems(evidence, task),
    ...originProblems(task),
  ])
  return [...clockProblems(evidence), ...perTask, ...lineProblems(evidence)]
}

/** The moments that the arbiter names follow those at which it was asked. */
function clockProblems(evidence: Evidence): readonly string[] {
  const problems: string[] = []
  const told = evidence.told.map((op) => ({ ...span(op), op }))
  sweep(
    told,
    told,
    ({ op }) => op.answer.at,
    ({ op: before }, { op }) => {
      if (before.answer.at > op.answer.at && !evidence.wentBack(before.asked, op.answered))
        problems.push(`the arbiter's clock went back: ${describe(before)}, then ${describe(op)}`)
    },
  )
  return problems
}

/** What was told of a task grows by its token: a greater one told before is never followed by a smaller one. */
function tokenProblems(evidence: Evidence, { uid, sights, learned }: TaskEvidence): readonly string[] {
  const problems: string[] = []
  const before = [
    ...sights.map(({ op, holding: { token } }) => ({ ...span(op), op, token })),
    ...learned.flatMap(({ op, token }) =>
      op.answered === null ? [] : [{ ...span(op as Told), op: op as Told, token }],
    ),
  ]
  const later = sights.map((sight) => ({ ...span(sight.op), sight }))
  sweep(
    before,
    later,
    ({ token }) => token,
    ({ op, token }, { sight }) => {
      const { holding, how } = sight
      const isOld = how === 'fresh' ? token >= holding.token : token > holding.token
      // What was forgotten is not known any more; a token that is granted anew is greater all the same.
      if (isOld && (how === 'fresh' || !evidence.wasRestored(op.asked, sight.op.answered)))
        problems.push(
          `${uid}: token ${token} was told, then ${holding.token}: ${describe(op)}, then ${describe(sight.op)}`,
        )
    },
  )
  return problems
}

/** Nobody is granted a task anew while somebody else's lease may not be over. */
function overlapProblems(evidence: Evidence, task: TaskEvidence): readonly string[] {
  const leases = [...task.leases.values()].sort((a, b) => a.token - b.token)
  return leases.flatMap((lease, place) => {
    const fresh = freshOf(lease)
    if (fresh === undefined) return []
    // What was over when one of these was granted is over, unless older data came back.
    const before = leases.slice(0, place)
    const from = evidence.restored.length > 0 ? 0 : Math.max(0, before.findLastIndex(freshOf))
    return before.slice(from).flatMap((older) => {
      const alive = lastingOf(evidence, older).find((sight) => !evidence.mayHaveExpired(sight, fresh.op))
      if (alive === undefined || evidence.mayBeEnded(task, older, fresh.op)) return []
      const holder = nameOf(older.holding)
      return [`${task.uid} was granted while ${holder} held it: ${describe(alive.op)}, then ${describe(fresh.op)}`]
    })
  })
}

function freshOf({ sights }: Lease): Sight | undefined {
  return sights.find(({ how }) => how === 'fresh')
}

/** Of a lease the sight that lasts longest, where clocks can be compared; else all. */
function lastingOf(evidence: Evidence, { sights }: Lease): Lease['sights'] {
  if (evidence.clockMarks.length + evidence.restored.length > 0) return sights
  return [sights.reduce((last, sight) => (sight.holding.expiresAt > last.holding.expiresAt ? sight : last))]
}

/** What was told to be released does not live on. */
function releasedProblems(evidence: Evidence, task: TaskEvidence): readonly string[] {
  const leases = [...task.leases.values()]
  return task.releases.flatMap(({ op, token, holder }) => {
    const { answered } = op
    if (answered === null) return []
    const named = token === null ? leases.filter(({ holding }) => isOf(holding, holder)) : undefined
    const ended = named?.filter(({ sights }) => sights.some((sight) => sight.op.answered < op.asked))
    const given = token === null ? undefined : task.leases.get(token)
    return (ended ?? (given === undefined ? [] : [given]))
      .flatMap(({ sights }) => sights)
      .filter((sight) => sight.op.asked > answered && !evidence.wasRestored(op.asked, sight.op.answered))
      .map((sight) => `${task.uid} lived on after it was released: ${describe(op)}, then ${describe(sight.op)}`)
  })
}

/** Every lease was asked for by its holder. */
function originProblems(task: TaskEvidence): readonly string[] {
  return [...task.leases.values()].flatMap((lease) => {
    if (freshOf(lease) !== undefined) return []
    const seen = Math.min(...lease.sights.map(({ op }) => op.answered))
    const isAskedFor = task.attempts.some(({ asked, request, answer }) => {
      const holders = request.kind === 'claim' ? [request.holder] : request.kind === 'take' ? request.holders : []
      const isBy = holders.some((holder) => nameOf(holder) === nameOf(lease.holding))
      return asked < seen && isBy && (answer === null || grantsOf(answer).some(({ token }) => token === lease.token))
    })
    return isAskedFor
      ? []
      : [`${task.uid}: nobody asked for what ${nameOf(lease.holding)} holds under token ${lease.token}`]
  })
}

/** Who came later is not newly granted what somebody waits for. */
function lineProblems(evidence: Evidence): readonly string[] {
  const { told } = evidence
  const waited = told.filter(
    ({ request, waitMs = 0, arrived, answer: { outcome } }) =>
      request.kind === 'claim' &&
      waitMs > 0 &&
      arrived !== undefined &&
      (outcome === 'granted' || outcome === 'timeout'),
  )
  const grants = told.filter(({ arrived, answer }) => arrived !== undefined && answer.outcome === 'granted')
  return waited.flatMap((waiter) => {
    const { request, arrived = 0, answer } = waiter
    const wanted = new Set<string>(request.kind === 'claim' ? request.tasks : [])
    return grants
      .filter(
        (later) =>
          (later.arrived ?? 0) > arrived &&
          later.answer.at < answer.at &&
          !isTheft(later) &&
          grantsOf(later.answer).some(
            (grant) => grant.isRenewed !== true && wanted.has(grant.uid) && !mayHaveBeenGiven(evidence, grant, later),
          ),
      )
      .filter((later) => !evidence.wentBack(waiter.asked, Math.max(waiter.answered, later.answered)))
      .map((later) => `${describe(later)} overtook ${describe(waiter)}`)
  })
}

/** Its name may have had it already, in no workspace. */
function mayHaveBeenGiven(evidence: Evidence, grant: Grant, later: Told): boolean {
  return evidence.task(grant.uid).attempts.some(({ asked, request }) => {
    const holders = request.kind === 'take' ? request.holders : []
    return asked < later.answered && holders.some((holder) => holder.workspace === '' && isOf(holder, grant))
  })
}

interface Span {
  readonly asked: number
  readonly answered: number
}

function span({ asked, answered }: Told): Span {
  return { asked, answered }
}

/** For each of `laters`, the one of the greatest rank that was answered before it was asked. */
function sweep<Before extends Span, Later extends Span>(
  befores: readonly Before[],
  laters: readonly Later[],
  rankOf: (before: Before) => number,
  visit: (before: Before, later: Later) => void,
): void {
  const byEnd = befores.toSorted((a, b) => a.answered - b.answered)
  let next = 0
  let greatest: Before | undefined
  for (const later of laters.toSorted((a, b) => a.asked - b.asked)) {
    for (let before = byEnd[next]; before !== undefined && before.answered < later.asked; before = byEnd[++next])
      if (greatest === undefined || rankOf(before) > rankOf(greatest)) greatest = before
    if (greatest !== undefined) visit(greatest, later)
  }
}
