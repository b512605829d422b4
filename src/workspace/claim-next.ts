/** Ready tasks for whoever asks: the next ones that nobody holds, or spread over several names. Never one that two get. */
import type { ClaimOutcome, FailedClaim, GrantedClaim, Params } from '../api/methods.ts'
import { isSameHolder, leastOf } from '../claims/decide.ts'
import { claimLimits, parseHolderType, parseLease, parseWhole } from '../claims/parse.ts'
import type { Holder, Holding } from '../claims/request.ts'
import type { Uid } from '../ids.ts'
import { longHash } from '../task/hash.ts'
import { invalid, parseElement, parseList } from '../task/input.ts'
import { inOrder } from '../task/query.ts'
import { priorities, type TaskView } from '../task/types.ts'
import { isReady, viewTask } from '../task/view.ts'
import { askArbiter } from './arbiter.ts'
import { failedHeld, grantedClaim, lostOf, outcomeOf, tentativeClaim, type Naming } from './claim-outcome.ts'
import { asking, isReusedIn, type ClaimState, type PendingClaim } from './claim-state.ts'
import { holderOf, keysIn, requestOf, reused, settled, type Asker } from './claim-asking.ts'
import { releaseClaims } from './claim-keeping.ts'
import { assign, learn } from './claim-recording.ts'
import type { Project } from './project.ts'

/** Candidates in one question. */
const MOST_CANDIDATES = 1_000

interface Wanted {
  readonly holders: readonly Holder[]
  /** How many each gets. */
  readonly each: number
  readonly countsHeld: boolean
  readonly leaseMs: number
  readonly label: readonly string[]
  readonly request: string
}

export async function claimNext(
  project: Project,
  params: Params<'tasks.claimNext'>,
  asker: Asker,
): Promise<ClaimOutcome> {
  const wanted: Wanted = {
    holders: [await holderOf(project, params, asker)],
    each: params.count === undefined ? 1 : parseWhole('count', params.count, 1, claimLimits.tasks),
    countsHeld: false,
    leaseMs: parseLease(params.leaseMs),
    label: labelsIn(params.label),
    request: requestOf(project, params),
  }
  return takeReady(project, wanted, asker)
}

/** Each of them holds at most `limit` afterwards. */
export async function assignReady(
  project: Project,
  params: Params<'tasks.assign'>,
  asker: Asker,
): Promise<ClaimOutcome> {
  const type = params.type === undefined ? 'agent' : parseHolderType(params.type)
  const names = [...new Set(parseList('to', params.to).map((name) => parseElement('assignee', name)))]
  if (names.length === 0 || names.length > claimLimits.holders)
    throw invalid('to', `it is no list of 1 to ${claimLimits.holders} names`, 'name those who get tasks')
  const wanted: Wanted = {
    // Wherever they work: a name that is given a task holds it in every workspace.
    holders: names.map((by) => ({ by, type, workspace: '' })),
    each: params.limit === undefined ? 1 : parseWhole('limit', params.limit, 1, claimLimits.tasks),
    countsHeld: true,
    leaseMs: parseLease(params.leaseMs),
    label: labelsIn(params.label),
    request: requestOf(project, params),
  }
  return takeReady(project, wanted, asker)
}

async function takeReady(project: Project, wanted: Wanted, asker: Asker): Promise<ClaimOutcome> {
  await settled(project, asker.relaying)
  const granted: GrantedClaim[] = []
  const skipped: FailedClaim[] = []
  const failed: FailedClaim[] = []
  const tried = new Set<Uid>()
  const most = wanted.each * wanted.holders.length
  for (let round = 1; granted.length < most; round++) {
    const tasks = await project.tasks()
    const naming: Naming = { keyOf: keysIn(project, tasks), scope: project.claims.scope }
    const candidates = readyTasks(project, tasks, wanted.label)
      .filter((uid) => !tried.has(uid))
      .slice(0, MOST_CANDIDATES)
    if (candidates.length === 0) break
    for (const uid of candidates) tried.add(uid)
    const request = round === 1 ? wanted.request : partOf(wanted.request, `round ${round}`)
    const { holders, leaseMs } = wanted
    // What it was given in an earlier round is less to give; where what is held counts, it counts there.
    const each = wanted.countsHeld ? wanted.each : wanted.each - granted.length
    const answer = await askArbiter(project, asker.relaying, 'take', {
      request,
      candidates,
      holders,
      each,
      countsHeld: wanted.countsHeld,
      leaseMs,
    })
    if (answer === undefined) {
      if (round > 1) break
      return takeTentatively(project, candidates, wanted, naming)
    }
    if (answer.outcome === 'reused') throw reused(request)
    // It was granted before, and is somebody else's meanwhile: that is no reason to take others.
    if (answer.outcome === 'lost') {
      failed.push(...lostOf(answer, naming))
      break
    }
    if (answer.outcome !== 'granted') break
    await learn(project, answer.granted)
    const over = await closedMeanwhile(project, answer.granted, asker)
    granted.push(...answer.granted.filter(({ uid }) => !over.has(uid)).map((grant) => grantedClaim(grant, naming)))
    skipped.push(...answer.skipped.map((held) => skippedOf(project, held, naming)))
    if (answer.granted.length === 0 && candidates.length < MOST_CANDIDATES) break
  }
  await assign(project, granted, asker.by)
  return outcomeOf(granted, failed, skipped)
}

/** Who held it last may have finished it before it became free, and that may have come here only now. */
async function closedMeanwhile(project: Project, granted: readonly Holding[], asker: Asker): Promise<ReadonlySet<Uid>> {
  await settled(project, asker.relaying)
  const tasks = await project.tasks()
  const { statuses } = project.world.config
  const over = granted.filter(({ uid }) => {
    const state = tasks.get(uid)
    return state === undefined || !isReady(state, { tasks, statuses })
  })
  for (const { uid, by, type, token } of over) await releaseClaims(project, { keys: [uid], by, type, token }, asker)
  return new Set(over.map(({ uid }) => uid))
}

/** Within this workspace each is one's, until the relay has decided. Asked again it is the same. */
async function takeTentatively(
  project: Project,
  candidates: readonly Uid[],
  wanted: Wanted,
  naming: Naming,
): Promise<ClaimOutcome> {
  const granted: GrantedClaim[] = []
  let isReused = false
  await project.claims.change((state) => {
    const { runtime } = project.world
    const wishes = wishesOf(wanted, runtime.now())
    isReused = wishes.some((wish) => isReusedIn(state, wish))
    if (isReused) return state
    const before = wishes.flatMap((wish) => waitingIn(project, state, wish))
    const shares = before.length > 0 ? before : shared(project, candidates, wanted, wishes)
    for (const { tasks, holder, until } of shares)
      granted.push(...tasks.map((uid) => tentativeClaim(uid, holder, until, naming)))
    return before.length > 0 ? state : shares.reduce((next, share) => asking(next, share, runtime.now()), state)
  })
  if (isReused) throw reused(wanted.request)
  return outcomeOf(granted)
}

/** One for each name; what is asked for one name waits under the id it was asked under, and is answered the same later. */
function wishesOf({ holders, each, countsHeld, leaseMs, request }: Wanted, at: number): readonly PendingClaim[] {
  return holders.map((holder) => ({
    kind: 'claim',
    request: holders.length === 1 ? request : partOf(request, `for ${holder.type} ${holder.by}`),
    tasks: [],
    holder,
    leaseMs,
    at,
    until: at + leaseMs,
    next: { each, countsHeld },
  }))
}

/** What was taken under the same id before, as far as it is still waited for. */
function waitingIn(project: Project, { outbox }: ClaimState, { request }: PendingClaim): readonly PendingClaim[] {
  return outbox.flatMap((pending) => {
    if (pending.kind !== 'claim' || pending.request !== request) return []
    const tasks = pending.tasks.filter((uid) => {
      const tentative = project.claims.tentative(uid)
      return tentative !== undefined && isSameHolder(tentative.holder, pending.holder)
    })
    return tasks.length === 0 ? [] : [{ ...pending, tasks }]
  })
}

/** In turn, each as many as it may have. */
function shared(
  project: Project,
  candidates: readonly Uid[],
  { each, countsHeld }: Wanted,
  wishes: readonly PendingClaim[],
): readonly PendingClaim[] {
  const held = countsHeld ? [...project.claims.views().values()] : []
  const counts = wishes.map(
    ({ holder: { by, type } }) => held.filter((one) => one.by === by && one.type === type).length,
  )
  const shares = wishes.map((): Uid[] => [])
  for (const uid of candidates) {
    if (project.claims.view(uid) !== null) continue
    const place = leastOf(counts, each)
    const share = shares[place]
    if (share === undefined) break
    share.push(uid)
    counts[place] = (counts[place] ?? 0) + 1
  }
  return wishes.flatMap((wish, place) => {
    const tasks = shares[place] ?? []
    return tasks.length === 0 ? [] : [{ ...wish, tasks }]
  })
}

/** An id for a part of a request: the same for the same, however long the id of the whole is. */
function partOf(request: string, part: string): string {
  return longHash(JSON.stringify([request, part]))
}

/** By priority, order, age. */
function readyTasks(
  project: Project,
  tasks: Awaited<ReturnType<Project['tasks']>>,
  label: readonly string[],
): readonly Uid[] {
  const { claimOf: _held, ...context } = project.context(tasks)
  const views = inOrder(tasks)
    .filter((state) => isReady(state, context))
    .map((state) => viewTask(state, context))
    .filter(({ labels }) => label.every((name) => labels.includes(name)))
  return views.sort(byUrgency).map(({ uid }) => uid)
}

function byUrgency(a: TaskView, b: TaskView): number {
  return (
    rankOf(b) - rankOf(a) || compare(a.order, b.order) || compare(a.createdAt, b.createdAt) || compare(a.uid, b.uid)
  )
}

function rankOf({ priority }: TaskView): number {
  return priority === null ? -1 : priorities.indexOf(priority)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function skippedOf(project: Project, held: Holding, naming: Naming): FailedClaim {
  return failedHeld(held.uid, project.claims.viewOf(held), naming)
}

function labelsIn(label: unknown): readonly string[] {
  return label === undefined ? [] : parseList('label', label).map((name) => parseElement('label', name))
}
