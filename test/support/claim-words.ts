/** Short words for claims in tests: tasks, holders, requests. */
import type { Uid } from '../../src/ids.ts'
import { parseUid } from '../../src/ids.ts'
import { decide } from '../../src/claims/decide.ts'
import { Ledger } from '../../src/claims/ledger.ts'
import type { ClaimAnswer, ClaimRequest, Grant, Held, Holder } from '../../src/claims/request.ts'

export const A: Uid = parseUid('aaaaaaaaaa')
export const B: Uid = parseUid('bbbbbbbbbb')
export const C: Uid = parseUid('cccccccccc')
export const D: Uid = parseUid('dddddddddd')

export const LEASE_MS = 60_000

type Claim = Extract<ClaimRequest, { readonly kind: 'claim' }>
type Take = Extract<ClaimRequest, { readonly kind: 'take' }>

export function agent(by: string, workspace = 'w1'): Holder {
  return { by, type: 'agent', workspace }
}

export function human(by: string, workspace = 'w1'): Holder {
  return { by, type: 'human', workspace }
}

export const ANN: Holder = agent('ann')
export const BOB: Holder = agent('bob')
export const CLEO: Holder = agent('cleo')

/** The id of the request is made of who and what, unless it is given. */
export function claimOf(holder: Holder, tasks: readonly Uid[], more: Partial<Claim> = {}): Claim {
  const request = `${holder.by}-${holder.workspace}-${tasks.join('-')}`
  return { kind: 'claim', request, tasks, holder, leaseMs: LEASE_MS, ...more }
}

export function takeOf(holders: readonly Holder[], candidates: readonly Uid[], more: Partial<Take> = {}): Take {
  const request = `take-${holders.map(({ by }) => by).join('-')}`
  return { kind: 'take', request, candidates, holders, each: 1, countsHeld: false, leaseMs: LEASE_MS, ...more }
}

export function renewOf(holder: Holder, tasks: readonly Held[], leaseMs: number = LEASE_MS): ClaimRequest {
  return { kind: 'renew', tasks, holder, leaseMs }
}

export function releaseOf(holder: Holder, tasks: readonly Held[]): ClaimRequest {
  return { kind: 'release', tasks, holder }
}

export function checkOf(holder: Holder, tasks: readonly Uid[]): ClaimRequest {
  return { kind: 'check', tasks, holder }
}

export const NOON: number = Date.UTC(2026, 0, 1, 12)
export const YEAR: number = 365 * 24 * 3_600_000

/** One request after the other, at the moment that `now` shows. */
export class LedgerArbiter {
  now: number = NOON
  readonly ledger: Ledger = new Ledger()

  ask(request: ClaimRequest): ClaimAnswer {
    const { answer, changes } = decide(this.ledger, request, this.now)
    this.ledger.apply(changes)
    return answer
  }

  grant(request: ClaimRequest): Grant {
    const answer = this.ask(request)
    const [first] = answer.outcome === 'granted' ? answer.granted : []
    if (first === undefined) throw new Error(`it was not granted: ${JSON.stringify(answer)}`)
    return first
  }
}
