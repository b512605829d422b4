/** What was asked for while the arbiter was away is said to it, in order, once it is there: granted, or lost and told. */
import type { Holding } from '../claims/request.ts'
import { isoTime } from '../task/time.ts'
import { askArbiter } from './arbiter.ts'
import { answered, knowing, learning, losing, type Lost, type Pending } from './claim-state.ts'
import type { Asker } from './claim-asking.ts'
import { assign, learn } from './claiming.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

const MANY_HELD = 200

/** One meeting with the relay: it learns what it may have forgotten, is asked what waits, and says who holds what. */
export async function meetClaims(
  project: Project,
  relaying: Relaying,
  { isOther }: { readonly isOther: boolean },
): Promise<void> {
  if (isOther) await teachTokens(project, relaying)
  await settleOutbox(project, relaying)
  const answer = await askArbiter(project, relaying, 'list', {})
  if (answer?.outcome === 'listed') await know(project, answer.holdings)
}

/** Tokens to come are greater than all that are known here, and what is held is held on where nobody was granted it since. */
export async function teachTokens(project: Project, relaying: Relaying): Promise<void> {
  const { known } = project.claims.state
  for (let at = 0; at < known.length; at += MANY_HELD) {
    const held = known.slice(at, at + MANY_HELD)
    await relaying.ask('claims.learn', { tokens: held.map(({ uid, token }) => [uid, token]), held })
  }
}

export async function know(project: Project, holdings: readonly Holding[]): Promise<void> {
  const before = JSON.stringify(project.claims.state.known)
  if (before !== JSON.stringify(holdings)) await project.claims.change((state) => knowing(state, holdings))
}

/** False where something waits still. One after the other, also where several ask for it. */
export async function settleOutbox(project: Project, relaying: Relaying | undefined): Promise<boolean> {
  return project.claims.settling(async () => {
    if (!(await handOver(project, { by: null, relaying }))) return false
    for (;;) {
      const [first] = project.claims.state.outbox
      if (first === undefined) return true
      if (!(await settle(project, first, { by: null, relaying }))) return false
    }
  })
}

/** A project without a relay got one: it learns all tokens that were granted here, and what is held. */
async function handOver(project: Project, { relaying }: Asker): Promise<boolean> {
  const book = await project.claims.formerBook()
  if (book === undefined) return true
  const [tokens, holdings] = [book.tokens(), book.holdings()]
  for (let at = 0; at < tokens.length; at += MANY_HELD) {
    const some = tokens.slice(at, at + MANY_HELD)
    const held = holdings.filter(({ uid }) => some.some(([one]) => one === uid))
    if ((await askArbiter(project, relaying, 'learn', { tokens: some, held })) === undefined) return false
  }
  await project.claims.forgetBook()
  return true
}

async function settle(project: Project, pending: Pending, asker: Asker): Promise<boolean> {
  switch (pending.kind) {
    case 'claim':
      return settleClaim(project, pending, asker)
    case 'release': {
      const { tasks, holder } = pending
      const answer = await askArbiter(project, asker.relaying, 'release', { tasks, holder })
      if (answer === undefined) return false
      const ended = answer.outcome === 'released' ? answer.released : []
      await project.claims.change((state) => learning(answered(state, pending.request), [], ended))
      return true
    }
    case 'write': {
      const { settleWrite } = await import('./fenced-writes.ts')
      const done = await settleWrite(project, pending, asker)
      if (done !== undefined) await project.claims.change((state) => answered(state, pending.request))
      return done !== undefined
    }
  }
}

async function settleClaim(
  project: Project,
  pending: Pending & { readonly kind: 'claim' },
  asker: Asker,
): Promise<boolean> {
  const { request, tasks, holder, leaseMs, until } = pending
  if (until <= project.now()) {
    // Who asked has long stopped saying that it works on it.
    await lose(
      project,
      pending,
      tasks.map((uid) => ({ uid, holder, at: project.now(), to: null })),
    )
    return true
  }
  const answer = await askArbiter(project, asker.relaying, 'claim', { request, tasks, holder, leaseMs })
  if (answer === undefined) return false
  if (answer.outcome === 'granted') {
    await project.claims.change((state) => answered(state, request))
    await learn(project, answer.granted)
    const granted = answer.granted.map(({ uid, by, type, token, expiresAt }) => ({
      key: uid,
      uid,
      by,
      type,
      token,
      expiresAt: isoTime(expiresAt),
      state: 'granted' as const,
      scope: project.claims.scope,
    }))
    await assign(project, granted, holder.by)
    return true
  }
  const held = 'held' in answer ? answer.held : []
  const lost = tasks.map((uid): Lost => ({
    uid,
    holder,
    at: project.now(),
    to: held.find((one) => one.uid === uid) ?? null,
  }))
  await lose(project, pending, lost)
  return true
}

async function lose(project: Project, { request }: Pending, lost: readonly Lost[]): Promise<void> {
  await project.claims.change((state) => losing(answered(state, request), lost, project.now()))
  for (const { uid, holder, to } of lost)
    project.tell('claimLost', { uid, by: holder.by, heldBy: to === null ? null : project.claims.viewOf(to) })
}
