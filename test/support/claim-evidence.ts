/** What a history of claims proves of each task: leases that were seen alive, and all that may have begun or ended one. */
import type { Grant, Holder, Holding, TimedAnswer } from '../../src/claims/request.ts'
import type { ClaimEvent, ClaimMark, ClaimRecord } from './claim-history.ts'

/** An asking that was answered. */
export type Told = ClaimRecord & { readonly answered: number; readonly answer: TimedAnswer }

/** Somebody held a task under a token at the moment of an answer. */
export interface Sight {
  readonly op: Told
  readonly holding: Holding
  /** `fresh`: by this very answer it was granted. */
  readonly how: 'fresh' | 'renewed' | 'seen'
}

/** All that is known of one token of a task. */
export interface Lease {
  readonly token: number
  readonly holding: Holding
  readonly sights: Sight[]
}

export interface TaskEvidence {
  readonly uid: string
  readonly leases: Map<number, Lease>
  readonly sights: Sight[]
  /** What asked for it, and was granted it or never told. */
  readonly attempts: ClaimRecord[]
  /** Those of them that may take it from its holder. */
  readonly thefts: ClaimRecord[]
  /** What may have ended a lease: all of these were done, or nobody knows. */
  readonly releases: { readonly op: ClaimRecord; readonly token: number | null; readonly holder: Holder }[]
  readonly learned: { readonly op: ClaimRecord; readonly token: number }[]
}

export class Evidence {
  readonly problems: string[] = []
  readonly records: readonly ClaimRecord[]
  readonly told: readonly Told[]
  readonly clockMarks: readonly (ClaimMark & { readonly mark: 'clock' })[]
  readonly restored: readonly number[]
  readonly tasks: Map<string, TaskEvidence> = new Map()
  readonly #told = new Map<TaskEvidence, { readonly from: number; readonly lease: Lease }[]>()

  constructor(events: readonly ClaimEvent[]) {
    const marks = events.filter((event) => 'mark' in event)
    this.records = events.filter((event) => 'request' in event)
    this.told = this.records.filter((record): record is Told => record.answered !== null && record.answer !== null)
    this.clockMarks = marks.filter((mark) => mark.mark === 'clock')
    this.restored = marks.filter(({ mark }) => mark === 'restored').map(({ at }) => at)
    for (const record of this.records) this.#collect(record)
  }

  /** Whether the arbiter went back to older data between these moments. */
  wasRestored(from: number, to: number): boolean {
    return this.restored.some((at) => at > from && at < to)
  }

  /** Whether a lease may have been forgotten, as far as anybody saw it. */
  mayBeForgotten({ sights }: Lease, later: Told): boolean {
    return this.wasRestored(Math.min(...sights.map(({ op }) => op.asked)), later.answered)
  }

  /** Whether the arbiter's clock was set back between these moments. */
  wentBack(from: number, to: number): boolean {
    return this.clockMarks.some(({ at, byMs }) => byMs < 0 && at >= from && at <= to)
  }

  /** Whether a lease that was seen alive may have run out, or been forgotten, when another question was answered. */
  mayHaveExpired({ op, holding }: Sight, later: Told): boolean {
    // Which of both came before the older data did, nobody knows.
    const [from, to] = [Math.min(op.asked, later.asked), Math.max(op.answered, later.answered)]
    if (this.wasRestored(from, to)) return true
    const jumps = this.clockMarks.filter(({ at }) => at >= op.asked && at <= later.answered)
    // Where the clock was set back it shows more than a lease ever has.
    const left = Math.min(holding.expiresAt - op.answer.at, holding.leaseMs)
    if (jumps.length === 0) return op.answer.at + left <= later.answer.at
    // What the arbiter's clock showed cannot be compared: at least what was left of it must have passed.
    const ahead = jumps.reduce((sum, { byMs }) => sum + Math.max(0, byMs), 0)
    return later.answered - op.asked + ahead + 1 >= left
  }

  /** Whether a lease may be over for good, whatever its time: released, stolen, known to be old. */
  mayBeEnded(task: TaskEvidence, lease: Lease, later: Told): boolean {
    const { token, holding } = lease
    const isBefore = (op: ClaimRecord): boolean => op.asked < later.answered
    return (
      task.releases.some(
        ({ op, token: released, holder }) =>
          isBefore(op) && (released === null ? isOf(holding, holder) : released === token),
      ) ||
      task.learned.some(({ op, token: learned }) => isBefore(op) && learned > token) ||
      (holding.workspace === '' &&
        task.attempts.some((op) => isBefore(op) && isBy(op, holding) && grantedTokenOf(op, task.uid) !== token)) ||
      task.thefts.some((op) => isBefore(op) && grantedTokenOf(op, task.uid) !== token)
    )
  }

  /** Whether somebody may have been granted the task after this lease. */
  mayBeFollowed(task: TaskEvidence, { token }: Lease, later: Told): boolean {
    return task.attempts.some((op) => {
      const granted = grantedTokenOf(op, task.uid)
      return op.asked < later.answered && (granted === undefined || granted > token)
    })
  }

  /** The last lease of a task that was told before a moment: all before it are over, or that is a problem of its own. */
  lastBefore(task: TaskEvidence, moment: number): Lease | undefined {
    let known = this.#told.get(task)
    if (known === undefined) {
      known = []
      let last: Lease | undefined
      for (const { op, holding } of task.sights.toSorted((a, b) => a.op.answered - b.op.answered)) {
        const lease = task.leases.get(holding.token)
        if (lease !== undefined && lease.token > (last?.token ?? 0))
          known.push({ from: op.answered, lease: (last = lease) })
      }
      this.#told.set(task, known)
    }
    return known.findLast(({ from }) => from < moment)?.lease
  }

  task(uid: string): TaskEvidence {
    const found = this.tasks.get(uid)
    if (found !== undefined) return found
    const task = { uid, leases: new Map(), sights: [], attempts: [], thefts: [], releases: [], learned: [] }
    this.tasks.set(uid, task)
    return task
  }

  #collect(record: ClaimRecord): void {
    const { request, answer } = record
    const outcome = answer?.outcome
    if (request.kind === 'claim' && (answer === null || outcome === 'granted'))
      for (const uid of request.tasks) {
        const { attempts, thefts } = this.task(uid)
        attempts.push(record)
        if (isTheft(record)) thefts.push(record)
      }
    if (request.kind === 'take')
      for (const uid of request.candidates)
        if (answer === null || grantedTokenOf(record, uid) !== undefined) this.task(uid).attempts.push(record)
    if (request.kind === 'release' && (answer === null || outcome === 'released'))
      for (const [uid, token] of request.tasks)
        this.task(uid).releases.push({ op: record, token, holder: request.holder })
    if (request.kind === 'learn')
      for (const [uid, token] of request.tokens) this.task(uid).learned.push({ op: record, token })
    if (record.answered !== null && answer !== null) this.#see(record as Told)
  }

  #see(op: Told): void {
    const { answer, request } = op
    if (answer.outcome === 'granted' || (answer.outcome === 'lost' && request.kind === 'renew'))
      for (const { isRenewed, ...holding } of answer.granted)
        this.#sight({ op, holding, how: isRenewed === true ? 'renewed' : 'fresh' })
    for (const holding of seenIn(answer)) this.#sight({ op, holding, how: 'seen' })
  }

  #sight(sight: Sight): void {
    const { holding, op, how } = sight
    const task = this.task(holding.uid)
    task.sights.push(sight)
    const lease = task.leases.get(holding.token)
    if (lease === undefined) {
      task.leases.set(holding.token, { token: holding.token, holding, sights: [sight] })
    } else {
      if (nameOf(lease.holding) !== nameOf(holding) || lease.holding.grantedAt !== holding.grantedAt)
        this.problems.push(
          `${holding.uid} was granted twice under token ${holding.token}: to ${nameOf(lease.holding)} and to ${nameOf(holding)}`,
        )
      if (how === 'fresh' && lease.sights.some((other) => other.how === 'fresh'))
        this.problems.push(`${holding.uid} was granted anew twice under token ${holding.token}: ${describe(op)}`)
      lease.sights.push(sight)
    }
  }
}

export function nameOf({ by, type, workspace }: Holder): string {
  return `${type}:${by}@${workspace}`
}

/** Whether a lease is somebody's: what was given to a name, and to no workspace, is that name's in every one. */
export function isOf(holding: Holder, holder: Holder): boolean {
  const isThere = holding.workspace === '' || holding.workspace === holder.workspace
  return isThere && holding.by === holder.by && holding.type === holder.type
}

/** Whether somebody asked whose a lease is. */
function isBy({ request }: ClaimRecord, holding: Holder): boolean {
  if (request.kind === 'claim') return isOf(holding, request.holder)
  return request.kind === 'take' && request.holders.some((holder) => isOf(holding, holder))
}

export function isTheft({ request }: ClaimRecord): boolean {
  return request.kind === 'claim' && request.steal !== undefined && request.holder.type === 'human'
}

export function describe({ process, asked, answered, request, answer }: ClaimRecord): string {
  const when = `${asked.toFixed(3)}–${answered?.toFixed(3) ?? '?'}`
  return `${process} ${when} ${JSON.stringify(request)} → ${JSON.stringify(answer)}`
}

/** Under which token an asking was granted a task; undefined where it was not, or nobody knows. */
function grantedTokenOf({ answer }: ClaimRecord, uid: string): number | undefined {
  if (answer?.outcome !== 'granted') return undefined
  return grantsOf(answer).find((grant) => grant.uid === uid)?.token
}

export function grantsOf(answer: TimedAnswer): readonly Grant[] {
  return answer.outcome === 'granted' || answer.outcome === 'lost' ? answer.granted : []
}

/** What an answer says that others hold. */
export function seenIn(answer: TimedAnswer): readonly Holding[] {
  switch (answer.outcome) {
    case 'granted':
      return answer.skipped
    case 'held':
    case 'timeout':
    case 'lost':
      return answer.held
    case 'listed':
      return answer.holdings
    case 'free':
    case 'released':
    case 'reused':
    case 'learned':
      return []
  }
}
