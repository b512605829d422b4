/** What an arbiter answered, as the method table says it: with keys, sentences and times. */
import type { ClaimOutcome, FailedClaim, GrantedClaim, HeldBy } from '../api/methods.ts'
import type { Grant, Holder, Holding, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import { isoTime } from '../task/time.ts'
import type { ClaimView } from '../task/types.ts'

export interface Naming {
  readonly keyOf: (uid: Uid) => string
  readonly scope: ClaimView['scope']
}

export function grantedClaim(grant: Grant, { keyOf, scope }: Naming): GrantedClaim {
  const { uid, by, type, token, expiresAt, isRenewed } = grant
  const again = isRenewed === true ? { renewed: true as const } : {}
  return { key: keyOf(uid), uid, by, type, token, expiresAt: isoTime(expiresAt), state: 'granted', scope, ...again }
}

export function tentativeClaim(uid: Uid, { by, type }: Holder, until: number, { keyOf, scope }: Naming): GrantedClaim {
  return { key: keyOf(uid), uid, by, type, token: 0, expiresAt: isoTime(until), state: 'tentative', scope }
}

export function outcomeOf(
  granted: readonly GrantedClaim[],
  failed: readonly FailedClaim[] = [],
  skipped: readonly FailedClaim[] = [],
): ClaimOutcome {
  return { granted, assigned: granted.map(({ key }) => key), failed, skipped }
}

export function failedHeld(uid: Uid, claim: ClaimView, { keyOf }: Naming): FailedClaim {
  const key = keyOf(uid)
  const holder = holderText(claim)
  const error = new TaskError('CLAIM_HELD', { key, holder, until: claim.expiresAt })
  return { key, code: 'CLAIM_HELD', error: error.message, existing_assignee: holder, heldBy: heldBy(claim) }
}

export function failedClosed(key: string, status: string): FailedClaim {
  const error = new TaskError('TASK_CLOSED', { key, status })
  return { key, code: 'TASK_CLOSED', error: error.message, existing_assignee: null, heldBy: null }
}

/** Nobody holds it, and it is not free: who waits for it came before. */
export function failedAwaited(uid: Uid, { keyOf }: Naming): FailedClaim {
  const key = keyOf(uid)
  const error = `${key} is waited for by others, who came before`
  return { key, code: 'CLAIM_HELD', error, existing_assignee: null, heldBy: null }
}

export function failedTimeout(uid: Uid, claim: ClaimView, waitMs: number, { keyOf }: Naming): FailedClaim {
  const key = keyOf(uid)
  const holder = holderText(claim)
  const error = new TaskError('CLAIM_TIMEOUT', { key, holder, wait: `${waitMs / 1_000}s` })
  return { key, code: 'CLAIM_TIMEOUT', error: error.message, existing_assignee: holder, heldBy: heldBy(claim) }
}

function failedLost(uid: Uid, claim: ClaimView | null, { keyOf }: Naming): FailedClaim {
  const key = keyOf(uid)
  const error = new TaskError('CLAIM_LOST', { key, how: howLost(claim) })
  return {
    key,
    code: 'CLAIM_LOST',
    error: error.message,
    existing_assignee: claim === null ? null : holderText(claim),
    heldBy: claim === null ? null : heldBy(claim),
  }
}

export function howLost(claim: ClaimView | null): string {
  return claim === null ? 'nobody holds it any more' : `it is held by ${holderText(claim)} now`
}

function heldBy({ by, type, expiresAt, state, token }: ClaimView): HeldBy {
  return { by, type, expiresAt, state, token }
}

/** `agent:agent-1`; of one that nobody has confirmed `agent:~agent-1`. */
function holderText({ by, type, state }: Pick<ClaimView, 'by' | 'type' | 'state'>): string {
  return `${type}:${state === 'tentative' ? '~' : ''}${by}`
}

export function viewOfHolding({ by, type, token, expiresAt }: Holding, scope: ClaimView['scope']): ClaimView {
  return { by, type, token, expiresAt: isoTime(expiresAt), state: 'granted', scope }
}

/** A refusal as what is thrown where one task is asked for. */
export function errorOf(failed: FailedClaim | undefined, asked: string): TaskError {
  if (failed === undefined) return new TaskError('FAULT', { problem: `${asked}: no answer` })
  const { code, key, heldBy: by, existing_assignee: holder } = failed
  if (code === 'TASK_CLOSED') return new TaskError(code, { key, status: 'closed' })
  const how = by === null ? howLost(null) : `it is held by ${holder} now`
  return new TaskError(code, {
    key,
    heldBy: by,
    holder: holder ?? 'others',
    until: by?.expiresAt ?? 'they had it',
    how,
    wait: 'the time',
  })
}

/** What an arbiter says is not held by who asked, each with its holder now. */
export function lostOf(
  { lost, held }: TimedAnswer & { readonly outcome: 'lost' },
  named: Naming,
): readonly FailedClaim[] {
  return lost.map((uid) => {
    const holding = held.find((one) => one.uid === uid)
    return failedLost(uid, holding === undefined ? null : viewOfHolding(holding, named.scope), named)
  })
}
