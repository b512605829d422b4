/**
 * What a request comes to: (ledger, request, now) → (changes, answer). Pure: time comes in as a number, and nothing is changed
 * here; the ledger with the changes is the next.
 */
import type { Uid } from '../ids.ts'
import { longHash } from '../task/hash.ts'
import type { Ledger, LedgerChange } from './ledger.ts'
import type { ClaimAnswer, ClaimRequest, Grant, Held, Holder, Holding } from './request.ts'

type Lease = Pick<Holding, 'leaseMs' | 'expiresAt'>
type Granted = readonly [uid: Uid, token: number]
type Claim = ClaimRequest & { readonly kind: 'claim' }
type Take = ClaimRequest & { readonly kind: 'take' }
type Refusal = ClaimAnswer & { readonly outcome: 'held' }

export interface Decision {
  readonly answer: ClaimAnswer
  readonly changes: readonly LedgerChange[]
}

/** Holders that are named in one answer. */
const MOST_SKIPPED = 100

/** `awaited`: tasks that others came for before, and wait for. Nobody is newly granted them. */
export function decide(
  ledger: Ledger,
  request: ClaimRequest,
  now: number,
  awaited: ReadonlySet<Uid> = new Set(),
): Decision {
  switch (request.kind) {
    case 'claim':
      return again(ledger, request, now) ?? claim(ledger, request, now, awaited)
    case 'take':
      return again(ledger, request, now) ?? take(ledger, request, now, awaited)
    case 'renew':
      return renew(ledger, request.tasks, request, now)
    case 'release':
      return release(ledger, request.tasks, request.holder, now)
    case 'check':
      return unchanged(refusal(ledger, request, now, awaited) ?? { outcome: 'free' })
    case 'verify':
      return unchanged(verify(ledger, request.tasks, now))
    case 'learn':
      return learn(ledger, request, now)
    case 'list':
      return unchanged({ outcome: 'listed', holdings: ledger.holdings(now) })
  }
}

/** Whether a request that was asked under the id of another is that one, asked again. */
export function isSameRequest(a: Claim | Take, b: Claim | Take): boolean {
  return printOf(a) === printOf(b)
}

/** Whether who asks is who holds. What was given to a name, and to no workspace, is that name's in every one. */
export function isSameHolder(holding: Holder, holder: Holder): boolean {
  const isThere = holding.workspace === '' || holding.workspace === holder.workspace
  return isThere && holding.by === holder.by && holding.type === holder.type
}

function claim(ledger: Ledger, request: Claim, now: number, awaited: ReadonlySet<Uid>): Decision {
  const { tasks, holder, leaseMs, steal } = request
  const mayTake = steal !== undefined && holder.type === 'human'
  const refused = mayTake ? undefined : refusal(ledger, request, now, awaited)
  if (refused !== undefined) return { answer: refused, changes: anchored(ledger, tasks, now) }
  const granted = Array.from(new Set(tasks), (uid) => grantOf(ledger, uid, holder, { leaseMs, now, reason: steal }))
  return { answer: { outcome: 'granted', granted, skipped: [] }, changes: grantChanges(request, granted) }
}

function take(ledger: Ledger, request: Take, now: number, awaited: ReadonlySet<Uid>): Decision {
  const { candidates, holders, each, countsHeld, leaseMs } = request
  const held = countsHeld ? ledger.holdings(now) : []
  const counts = holders.map(({ by, type }) => held.filter((other) => other.by === by && other.type === type).length)
  const granted: Grant[] = []
  const skipped: Holding[] = []
  for (const uid of new Set(candidates)) {
    const place = leastOf(counts, each)
    const holder = holders[place]
    if (holder === undefined) break
    const inTheWay = ledger.holding(uid, now)
    if (inTheWay === undefined && !awaited.has(uid)) {
      granted.push(grantOf(ledger, uid, holder, { leaseMs, now }))
      counts[place] = (counts[place] ?? 0) + 1
    } else if (inTheWay !== undefined && !holders.some((other) => isSameHolder(inTheWay, other))) skipped.push(inTheWay)
  }
  const changes = [
    ...anchored(
      ledger,
      skipped.map(({ uid }) => uid),
      now,
    ),
    ...(granted.length === 0 ? [] : grantChanges(request, granted)),
  ]
  return { answer: { outcome: 'granted', granted, skipped: skipped.slice(0, MOST_SKIPPED) }, changes }
}

/** A request that was granted before, whose answer got lost: the same, while nobody else was granted anything of it. */
function again(ledger: Ledger, request: Claim | Take, now: number): Decision | undefined {
  const before = ledger.remembered(request.request)
  if (before === undefined) return undefined
  if (before.print !== printOf(request)) return unchanged({ outcome: 'reused' })
  const granted: Grant[] = []
  const lost: Uid[] = []
  for (const [uid, token] of before.granted) {
    const holding = ledger.last(uid)
    if (holding?.token === token) granted.push(holding)
    else lost.push(uid)
  }
  if (lost.length > 0) return unchanged({ outcome: 'lost', granted: [], lost, held: heldOf(ledger, lost, now) })
  const { kept, changes } = prolonged(granted, request.leaseMs, now)
  return { answer: { outcome: 'granted', granted: kept, skipped: [] }, changes }
}

/** A lease that ran out comes back to life while nobody else was granted it. */
function renew(
  ledger: Ledger,
  tasks: readonly Held[],
  { holder, leaseMs }: { readonly holder: Holder; readonly leaseMs: number },
  now: number,
): Decision {
  const { own, lost } = sorted(ledger, tasks, holder)
  const { kept, changes } = prolonged(own, leaseMs, now)
  if (lost.length === 0) return { answer: { outcome: 'granted', granted: kept, skipped: [] }, changes }
  return { answer: { outcome: 'lost', granted: kept, lost, held: heldOf(ledger, lost, now) }, changes }
}

/** What nobody holds is released already; what somebody else holds stays, and then all of it does. */
function release(ledger: Ledger, tasks: readonly Held[], holder: Holder, now: number): Decision {
  const { own, lost } = sorted(ledger, tasks, holder)
  const held = heldOf(ledger, lost, now)
  if (held.length > 0) return unchanged({ outcome: 'lost', granted: own, lost: held.map(({ uid }) => uid), held })
  const released = tasks.map(([uid]) => uid)
  return { answer: { outcome: 'released', released }, changes: own.map(({ uid }) => ({ do: 'end', uid })) }
}

function verify(ledger: Ledger, tasks: readonly Granted[], now: number): ClaimAnswer {
  const stale = tasks.filter(([uid, token]) => ledger.token(uid) > token).map(([uid]) => uid)
  if (stale.length === 0) return { outcome: 'free' }
  return { outcome: 'lost', granted: [], lost: stale, held: heldOf(ledger, stale, now) }
}

/** Who knows a greater token knows that what is held under a smaller one was over then. */
function learn(
  ledger: Ledger,
  { tokens, held = [] }: ClaimRequest & { readonly kind: 'learn' },
  now: number,
): Decision {
  const news = tokens.filter(([uid, token]) => token > ledger.token(uid))
  const alive = new Map(held.filter(({ expiresAt }) => expiresAt > now).map((one) => [`${one.uid} ${one.token}`, one]))
  const changes = news.flatMap(([uid, token]): readonly LedgerChange[] => {
    const holding = alive.get(`${uid} ${token}`)
    // Its lease is as long as it was, whatever the clock was that said when it ends.
    if (holding !== undefined)
      return [{ do: 'grant', ...holding, expiresAt: Math.min(holding.expiresAt, now + holding.leaseMs) }]
    const ended = ledger.last(uid) === undefined ? [] : [{ do: 'end', uid } as const]
    return [{ do: 'learn', uid, token }, ...ended]
  })
  return { answer: { outcome: 'learned' }, changes }
}

/** What others hold of the tasks, or came for before; undefined where nothing stands in the way. */
function refusal(
  ledger: Ledger,
  { tasks, holder }: { readonly tasks: readonly Uid[]; readonly holder: Holder },
  now: number,
  awaited: ReadonlySet<Uid>,
): Refusal | undefined {
  const held = heldOf(ledger, tasks, now).filter((holding) => !isSameHolder(holding, holder))
  const behind = tasks.filter((uid) => awaited.has(uid) && ledger.holding(uid, now) === undefined)
  if (held.length === 0 && behind.length === 0) return undefined
  return { outcome: 'held', held, ...(behind.length === 0 ? {} : { awaited: behind }) }
}

/** A lease of the same holder goes on under its token; any other is new, and greater than all before it. */
function grantOf(
  ledger: Ledger,
  uid: Uid,
  holder: Holder,
  { leaseMs, now, reason }: { readonly leaseMs: number; readonly now: number; readonly reason?: string | undefined },
): Grant {
  const held = ledger.holding(uid, now)
  const isOwn = held !== undefined && isSameHolder(held, holder)
  // What was given to a name belongs to the first workspace that claims it by that name, and to no other from then on.
  if (isOwn && held.workspace === holder.workspace) return { ...held, ...prolong(held, leaseMs, now), isRenewed: true }
  const { by, type, workspace } = holder
  // By the clock too: a ledger that came back from an older backup has forgotten what it granted since.
  const token = Math.max(ledger.token(uid) + 1, Math.ceil(now))
  const stolen =
    held === undefined || isOwn || reason === undefined ? {} : { stolen: { from: `${held.type}:${held.by}`, reason } }
  return { uid, by, type, workspace, token, grantedAt: now, leaseMs, expiresAt: now + leaseMs, ...stolen }
}

function grantChanges(request: Claim | Take, granted: readonly Grant[]): readonly LedgerChange[] {
  const changes = granted.map(({ isRenewed, ...holding }): LedgerChange => {
    const { uid, leaseMs, expiresAt } = holding
    return isRenewed === true ? { do: 'renew', uid, leaseMs, expiresAt } : { do: 'grant', ...holding }
  })
  const { request: id } = request
  return [
    ...changes,
    { do: 'remember', request: id, print: printOf(request), granted: granted.map(({ uid, token }) => [uid, token]) },
  ]
}

function prolonged(
  holdings: readonly Holding[],
  wanted: number,
  now: number,
): { readonly kept: readonly Grant[]; readonly changes: readonly LedgerChange[] } {
  const kept = holdings.map((holding): Grant => ({ ...holding, ...prolong(holding, wanted, now), isRenewed: true }))
  return { kept, changes: kept.map(({ uid, leaseMs, expiresAt }) => ({ do: 'renew', uid, leaseMs, expiresAt })) }
}

/** A shorter lease than the one that runs takes nothing away. */
function prolong(running: Holding, leaseMs: number, now: number): Lease {
  const left = isFromLater(running, now) ? fromNow(running.leaseMs, now) : running
  const next = fromNow(leaseMs, now)
  return next.expiresAt > left.expiresAt ? next : left
}

function fromNow(leaseMs: number, now: number): Lease {
  return { leaseMs, expiresAt: now + leaseMs }
}

/** More is left of it than there ever was: the clock was set back. */
export function isFromLater({ leaseMs, expiresAt }: Holding, now: number): boolean {
  return expiresAt - now > leaseMs
}

/** A clock that was set back by a year would keep every lease for a year: they count from when somebody asks. */
export function anchored(ledger: Ledger, tasks: readonly Uid[], now: number): readonly LedgerChange[] {
  return tasks.flatMap((uid): readonly LedgerChange[] => {
    const held = ledger.holding(uid, now)
    if (held === undefined || !isFromLater(held, now)) return []
    return [{ do: 'renew', uid, ...fromNow(held.leaseMs, now) }]
  })
}

function sorted(
  ledger: Ledger,
  tasks: readonly Held[],
  holder: Holder,
): { readonly own: readonly Holding[]; readonly lost: readonly Uid[] } {
  const own: Holding[] = []
  const lost: Uid[] = []
  for (const [uid, token] of tasks) {
    const holding = ledger.last(uid)
    const isOwn = holding !== undefined && (token === null ? isSameHolder(holding, holder) : holding.token === token)
    if (isOwn) own.push(holding)
    else lost.push(uid)
  }
  return { own, lost }
}

function heldOf(ledger: Ledger, tasks: readonly Uid[], now: number): readonly Holding[] {
  return tasks.flatMap((uid) => ledger.holding(uid, now) ?? [])
}

/** Who has the fewest, of those who may have more; the first of them. */
export function leastOf(counts: readonly number[], each: number): number {
  let place = -1
  for (const [index, count] of counts.entries())
    if (count < each && (place < 0 || count < (counts[place] ?? 0))) place = index
  return place
}

/** Two requests under one id are the same where this is the same: one that looks for the next may find other candidates. */
function printOf(request: Claim | Take): string {
  const who = ({ by, type, workspace }: Holder): readonly string[] => [by, type, workspace]
  const words =
    request.kind === 'claim'
      ? [request.kind, who(request.holder), request.tasks]
      : [request.kind, request.holders.map(who), request.each]
  return longHash(JSON.stringify(words))
}

function unchanged(answer: ClaimAnswer): Decision {
  return { answer, changes: [] }
}
