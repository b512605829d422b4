/** Claims that are there: renewed and released, also where the relay hears of it later. */
import type { ClaimantParams, ClaimOutcome, GrantedClaim, Params, Result } from '../api/methods.ts'
import { isSameHolder } from '../claims/decide.ts'
import { defaultLeaseMs, parseLease, parseWhole } from '../claims/parse.ts'
import type { Held, Holder } from '../claims/request.ts'
import type { Uid } from '../ids.ts'
import { askArbiter } from './arbiter.ts'
import { holderOf, keysIn, nameOf, nameTasks, newRequest, settled, unreachable, type Asker } from './claim-asking.ts'
import { failedHeld, grantedClaim, lostOf, outcomeOf, tentativeClaim } from './claim-outcome.ts'
import { answered, asking, forgetting, learning, prolonged, type Pending } from './claim-state.ts'
import { learn } from './claim-recording.ts'
import { settleOutbox } from './claim-settling.ts'
import type { Project } from './project.ts'

export async function renewClaims(
  project: Project,
  params: Params<'tasks.renew'>,
  asker: Asker,
): Promise<ClaimOutcome> {
  const named = await nameTasks(project, params.keys)
  const holder = await ownHolder(project, named.uids, params, asker)
  const leaseMs = parseLease(params.leaseMs)
  const tentative = named.uids.filter((uid) => isOwnTentative(project, uid, holder))
  const now = project.world.runtime.now()
  const until = now + leaseMs
  if (tentative.length > 0) await project.claims.change((state) => prolonged(state, tentative, holder, { now, until }))
  const rest = named.uids.filter((uid) => !tentative.includes(uid))
  const kept = tentative.map((uid) => tentativeClaim(uid, holder, until, named))
  if (rest.length === 0) return outcomeOf(kept)
  const tasks = heldPairs(project, rest, holder, params)
  // What was asked for before is decided first.
  if (!(await settleOutbox(project, asker.relaying))) throw unreachable(asker.relaying)
  const answer = await askArbiter(project, asker.relaying, 'renew', { tasks, holder, leaseMs })
  if (answer === undefined) throw unreachable(asker.relaying)
  const granted = 'granted' in answer ? answer.granted : []
  await learn(project, granted)
  const lost = answer.outcome === 'lost' ? lostOf(answer, named) : []
  return outcomeOf([...kept, ...granted.map((grant) => grantedClaim(grant, named))], lost)
}

/** What the relay cannot be told now it is told later, in the order in which it was asked for. */
export async function releaseClaims(
  project: Project,
  params: Params<'tasks.release'>,
  asker: Asker,
): Promise<Result<'tasks.release'>> {
  const named = await nameTasks(project, params.keys)
  const holder = await ownHolder(project, named.uids, params, asker)
  await project.claims.change((state) => forgetting(state, named.uids))
  // What was asked for before is decided first: a write that waits is made before its task is free.
  const isAway = project.claims.state.outbox.length > 0 && !(await settleOutbox(project, asker.relaying))
  const tasks = heldPairs(project, named.uids, holder, params)
  const isWaiting = isAway || named.uids.some((uid) => isOwnTentative(project, uid, holder))
  const answer = isWaiting ? undefined : await askArbiter(project, asker.relaying, 'release', { tasks, holder })
  if (answer?.outcome === 'lost') return { released: [], failed: lostOf(answer, named) }
  if (answer === undefined) {
    const known = named.uids.flatMap((uid) => project.claims.holding(uid) ?? [])
    const foreign = known.filter((held) => !(params.token === held.token || isSameHolder(held, holder)))
    if (foreign.length > 0)
      return { released: [], failed: foreign.map((held) => failedHeld(held.uid, project.claims.viewOf(held), named)) }
    const until = Math.max(0, ...named.uids.map((uid) => endOf(project, uid)))
    await later(project, { kind: 'release', request: newRequest(project), tasks, holder, until })
  }
  await project.claims.change((state) => learning(state, [], named.uids))
  return { released: named.uids.map((uid) => named.keyOf(uid)), failed: [] }
}

/** After `done` or `drop`: nobody works on it any more. Only what this name holds from here. */
export async function releaseDone(project: Project, uids: readonly Uid[], asker: Asker, token?: number): Promise<void> {
  const { claims } = project
  const by = nameOf(project, undefined, asker)
  const own = uids.flatMap((uid): readonly { readonly uid: Uid; readonly holder: Holder }[] => {
    const holding = claims.holding(uid)
    const holder: Holder | undefined = holding ?? claims.tentative(uid)?.holder
    const isOwn = holder !== undefined && ((token !== undefined && holding?.token === token) || holder.by === by)
    return isOwn ? [{ uid, holder }] : []
  })
  if (own.length === 0) return
  const { workspace } = await holderOf(project, {}, asker)
  // First what was done, then that it is free: whoever gets it next sees that there is nothing left to do.
  await settled(project, asker.relaying)
  for (const { uid, holder } of own)
    if (holder.workspace === workspace || holder.workspace === '' || token !== undefined) {
      const tasks = await project.tasks()
      const key = keysIn(project, tasks)(uid)
      await releaseClaims(
        project,
        { keys: [key], by: holder.by, type: holder.type, ...(token === undefined ? {} : { token }) },
        asker,
      )
    }
}

export async function letGo(
  project: Project,
  granted: readonly GrantedClaim[],
  holder: Holder,
  asker: Asker,
): Promise<void> {
  const keys = granted.map(({ uid }) => uid)
  await releaseClaims(project, { keys, by: holder.by, type: holder.type }, asker)
}

/** For the outbox: as it is said now, it will be said when the relay is there. */
export async function later(project: Project, pending: Pending): Promise<void> {
  await project.claims.change((state) => asking(answered(state, pending.request), pending, project.world.runtime.now()))
}

export function isOwnTentative(project: Project, uid: Uid, holder: Holder): boolean {
  const tentative = project.claims.tentative(uid)
  return tentative !== undefined && isSameHolder(tentative.holder, holder)
}

/** By this machine's clock, as all that waits. */
function endOf({ claims, clock, world }: Project, uid: Uid): number {
  const now = world.runtime.now()
  const holding = claims.holding(uid)
  if (holding !== undefined) return now + (holding.expiresAt - clock.now())
  return claims.tentative(uid)?.until ?? now + defaultLeaseMs
}

/** By the tokens that are known here: they are right whatever the name was claimed as. */
function heldPairs(
  project: Project,
  uids: readonly Uid[],
  holder: Holder,
  { token, type }: ClaimantParams & { readonly token?: number },
): readonly Held[] {
  if (token !== undefined) {
    const given = parseWhole('token', token, 1, Number.MAX_SAFE_INTEGER)
    return uids.map((uid) => [uid, given])
  }
  return uids.map((uid) => {
    const holding = project.claims.holding(uid)
    const isOwn = holding !== undefined && isSameHolder(holding, { ...holder, type: type ?? holding.type })
    return [uid, isOwn ? holding.token : null]
  })
}

/** Who claimed at a terminal as a human is the same who releases in a script: the type is what it was, unless one is said. */
async function ownHolder(
  project: Project,
  uids: readonly Uid[],
  params: ClaimantParams,
  asker: Asker,
): Promise<Holder> {
  const holder = await holderOf(project, params, asker)
  if (params.type !== undefined) return holder
  const { claims } = project
  const claimed = uids.flatMap((uid) => claims.holding(uid) ?? claims.tentative(uid)?.holder ?? [])
  const own = claimed.find((other) => isSameHolder(other, { ...holder, type: other.type }))
  return own === undefined ? holder : { ...holder, type: own.type }
}
