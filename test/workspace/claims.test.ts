/** Claims of workspaces: by a relay, without one, and while it is away. */
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import type { Caller, ClaimOutcome } from '../../src/internal.ts'
import { openClaimsPlace } from '../support/claims-place.ts'
import { memoryWorkspace, openProject } from '../support/project.ts'

const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const
const HOUR_MS = 3_600_000

async function add(caller: Caller, ...titles: readonly string[]): Promise<readonly string[]> {
  const keys: string[] = []
  for (const title of titles) keys.push((await caller.call('task.create', { title })).task.key)
  return keys
}

async function held(caller: Caller): Promise<Record<string, string>> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Object.fromEntries(
    tasks.flatMap(({ key, claim }) => (claim === null ? [] : [[key, `${claim.state} ${claim.by}`]])),
  )
}

function statusOf(caller: Caller, key: string): Promise<string> {
  return caller.call('task.get', { key }).then(({ task }) => task.status)
}

function tokenOf({ granted }: ClaimOutcome): number {
  return granted[0]?.token ?? 0
}

describe('claims by a relay', () => {
  it('[C37] one workspace is granted the task, the other is told who holds it, and both show it', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'Fix login')
    await place.pass(1_000)
    const granted = await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    expect(granted).toMatchObject({ assigned: ['T-1'], failed: [], granted: [{ state: 'granted', scope: 'relay' }] })
    const refused = await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })
    expect(refused).toMatchObject({
      granted: [],
      assigned: [],
      failed: [{ key: 'T-1', code: 'CLAIM_HELD', existing_assignee: 'agent:agent-1', heldBy: { by: 'agent-1' } }],
    })
    expect(refused.failed[0]?.error).toContain('already assigned to agent:agent-1')
    await place.pass(1_000)
    expect([await held(one.caller), await held(two.caller)]).toEqual([
      { 'T-1': 'granted agent-1' },
      { 'T-1': 'granted agent-1' },
    ])
    expect(two.claimed).toEqual(['agent-1'])
    expect((await two.caller.call('tasks.list', { ready: true })).tasks, 'ready').toEqual([])
    expect((await two.caller.call('task.get', { key: 'T-1' })).task.assignees).toEqual(['agent-1'])
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    await place.pass(1_000)
    const { task } = await two.caller.call('task.get', { key: 'T-1' })
    expect([task.claim, task.assignees, task.ready]).toEqual([null, ['agent-1'], true])
  })

  it('[C37] a lease that ran out is nobody’s, in every workspace', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'Fix login')
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 5_000 })
    await place.pass(6_000)
    expect([await held(one.caller), await held(two.caller)]).toEqual([{}, {}])
    expect(await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })).toMatchObject({ assigned: ['T-1'] })
  })

  it('[C49] a lease that is renewed elsewhere is not taken for over', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'Fix login')
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 10_000 })
    for (let turn = 0; turn < 5; turn++) {
      await place.pass(6_000)
      await one.caller.call('tasks.renew', { keys: ['T-1'], ...AGENT, leaseMs: 10_000 })
      expect(await held(two.caller)).toEqual({ 'T-1': 'granted agent-1' })
    }
  })

  it('[C45] starting sets the status and claims, or does neither', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First', 'Second')
    await place.pass(1_000)
    const started = await one.caller.call('tasks.start', { keys: ['T-1'], ...AGENT })
    expect(started.tasks).toMatchObject([{ key: 'T-1', status: 'doing', assignees: ['agent-1'] }])
    await place.pass(1_000)
    const refused = await two.caller.call('tasks.start', { keys: ['T-2', 'T-1'], ...RIVAL })
    expect(refused).toMatchObject({ tasks: [], outcome: { granted: [], failed: [{ key: 'T-1', code: 'CLAIM_HELD' }] } })
    expect([await statusOf(two.caller, 'T-2'), await held(two.caller)]).toEqual(['todo', { 'T-1': 'granted agent-1' }])
  })

  it('[C46] who finishes what it holds releases it, and others never get it as the next', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First', 'Second')
    await place.pass(1_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    await one.caller.call('tasks.transition', { keys: ['T-1'], to: 'done' }, { actor: 'agent-1' })
    expect(await two.caller.call('tasks.claimNext', RIVAL)).toMatchObject({ assigned: ['T-2'] })
    await place.pass(1_000)
    expect(await held(one.caller)).toEqual({ 'T-2': 'granted agent-2' })
  })

  it('[C43] the next task is by priority, order and label, and never one that is held', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    const call: Caller['call'] = (...asked) => one.caller.call(...asked)
    await call('task.create', { title: 'Plain' })
    await call('task.create', { title: 'Low', priority: 'low', labels: ['web'] })
    await call('task.create', { title: 'High', priority: 'high' })
    await call('task.create', { title: 'High and later', priority: 'high', labels: ['web'] })
    await call('task.create', { title: 'Waits', priority: 'critical', dependsOn: ['T-1'] })
    const next = async (more: object = {}): Promise<readonly string[]> =>
      (await call('tasks.claimNext', { ...AGENT, ...more })).assigned
    expect(await next({ label: ['web'] })).toEqual(['T-4'])
    expect(await next()).toEqual(['T-3'])
    expect(await next({ count: 5 })).toEqual(['T-2', 'T-1'])
    expect(await next()).toEqual([])
  })

  it('[C44] ready tasks are spread over names, with what they hold up to a limit, and held everywhere', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'A', 'B', 'C', 'D', 'E')
    await place.pass(1_000)
    await one.caller.call('tasks.assign', { to: ['agent-1'], limit: 1 })
    const { granted } = await two.caller.call('tasks.assign', { to: ['agent-1', 'agent-2'], limit: 2 })
    expect(granted.map(({ key, by }) => `${key} ${by}`)).toEqual(['T-2 agent-2', 'T-3 agent-1', 'T-4 agent-2'])
    await place.pass(1_000)
    expect((await one.caller.call('task.get', { key: 'T-2' })).task.assignees).toEqual(['agent-2'])
    const renewed = await two.caller.call('tasks.renew', { keys: ['T-1'], ...AGENT })
    expect(renewed, 'given elsewhere').toMatchObject({ assigned: ['T-1'], failed: [] })
    expect(await one.caller.call('tasks.release', { keys: ['T-2'], ...RIVAL })).toMatchObject({ released: ['T-2'] })
  })

  it('[C47] a write under a token is refused where a greater one was granted, and made where it is the last', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    const first = tokenOf(await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 2_000 }))
    await place.pass(3_000)
    const second = tokenOf(await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL }))
    expect(second).toBeGreaterThan(first)
    const late = one.caller.call('tasks.transition', { keys: ['T-1'], to: 'done', token: first })
    await expect(late).rejects.toMatchObject({ code: 'TOKEN_STALE' })
    const title = one.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Late' }, token: first })
    await expect(title).rejects.toMatchObject({ code: 'TOKEN_STALE' })
    expect(await statusOf(one.caller, 'T-1')).toBe('todo')
    await two.caller.call('tasks.transition', { keys: ['T-1'], to: 'done', token: second })
    await place.pass(1_000)
    expect([await statusOf(one.caller, 'T-1'), await held(one.caller)]).toEqual(['done', {}])
  })

  it('[C50] a relay that has lost its data grants above the tokens that workspaces know', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    await add(one.caller, 'First')
    const first = tokenOf(await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    place.setBack(HOUR_MS)
    await place.restart(createMemoryDisk())
    expect(await one.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL }), 'held on').toMatchObject({
      failed: [{ code: 'CLAIM_HELD', heldBy: { by: 'agent-1', token: first } }],
    })
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT, token: first })
    const second = tokenOf(await one.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL }))
    expect(second).toBeGreaterThan(first)
  })
})

describe('claims without a relay', () => {
  it('[C38] the workspace is the arbiter, and knows in its next process what it granted', async () => {
    const workspace = memoryWorkspace({ relay: 'none' })
    {
      await using project = openProject(workspace)
      await add(project.caller, 'First')
      const { granted } = await project.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
      expect(granted).toMatchObject([{ state: 'granted', scope: 'workspace' }])
    }
    await using project = openProject(workspace)
    expect(await held(project.caller)).toEqual({ 'T-1': 'granted agent-1' })
    expect(await project.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })).toMatchObject({
      failed: [{ code: 'CLAIM_HELD' }],
    })
  })

  it('[C51] what is held goes on at a relay that comes later, under its token', async () => {
    await using place = await openClaimsPlace()
    const workspace = { ...memoryWorkspace({ relay: 'none', seed: 9 }), runtime: place.runtime }
    let token = 0
    {
      await using project = openProject(workspace)
      await add(project.caller, 'First', 'Second')
      token = tokenOf(await project.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 24 * HOUR_MS }))
    }
    const joined = await place.join(9, workspace)
    await place.pass(2_000)
    expect(await held(joined.caller)).toEqual({ 'T-1': 'granted agent-1' })
    const [claim] = (await joined.caller.call('claims.list', {})).claims
    expect(claim).toMatchObject({ scope: 'relay', token })
  })
})

describe('who claimed', () => {
  it('[C52] renews and releases by its name, whatever it was claimed as, unless a type is said', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    await add(one.caller, 'First')
    await one.caller.call('tasks.claim', { keys: ['T-1'], by: 'sara', type: 'human' })
    expect(await one.caller.call('tasks.renew', { keys: ['T-1'], by: 'sara' })).toMatchObject({ assigned: ['T-1'] })
    const other = await one.caller.call('tasks.release', { keys: ['T-1'], by: 'sara', type: 'agent' })
    expect(other, 'an agent of that name').toMatchObject({ released: [], failed: [{ code: 'CLAIM_LOST' }] })
    expect(await one.caller.call('tasks.release', { keys: ['T-1'], by: 'sara' })).toMatchObject({ released: ['T-1'] })
    expect(await held(one.caller)).toEqual({})
  })

  it('[C40] is told by the exchange in which a tentative claim was lost', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    place.cut()
    await place.pass(100)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    const waiting = await one.caller.call('workspace.status', {})
    expect(waiting.problems).toMatchObject([{ code: 'CLAIMS_WAIT' }])
    await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })
    await place.mend()
    const [first, second] = [
      await one.caller.call('workspace.status', {}),
      await two.caller.call('workspace.status', {}),
    ]
    expect([...first.problems, ...second.problems].map(({ code }) => code)).toEqual(['CLAIM_LOST'])
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    await two.caller.call('tasks.release', { keys: ['T-1'], ...RIVAL })
    expect((await one.caller.call('workspace.status', {})).problems).toEqual([])
  })

  it('[C53] does not begin anew what was finished while it waited', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    const waiting = two.caller.call('tasks.start', { keys: ['T-1'], ...RIVAL, waitMs: 60_000 })
    await place.pass(1_000)
    await one.caller.call('tasks.transition', { keys: ['T-1'], to: 'done' }, { actor: 'agent-1' })
    expect(await waiting).toMatchObject({ tasks: [], outcome: { granted: [], failed: [{ code: 'TASK_CLOSED' }] } })
    await place.pass(1_000)
    expect([await statusOf(two.caller, 'T-1'), await held(one.caller)]).toEqual(['done', {}])
  })

  it('[C53] gets nothing that is closed, also when it waited for it', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    const waiting = two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL, waitMs: 60_000 })
    await place.pass(1_000)
    await one.caller.call('tasks.transition', { keys: ['T-1'], to: 'done' }, { actor: 'agent-1' })
    expect(await waiting).toMatchObject({ granted: [], failed: [{ key: 'T-1', code: 'TASK_CLOSED' }] })
    await place.pass(1_000)
    expect(await held(one.caller)).toEqual({})
    expect(await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })).toMatchObject({
      failed: [{ code: 'TASK_CLOSED' }],
    })
    const { tasks } = await two.caller.call('tasks.start', { keys: ['T-1'], ...RIVAL })
    expect(tasks).toMatchObject([{ status: 'doing', claim: { by: 'agent-2' } }])
  })

  it.each(['relay', 'workspace'] as const)('[C54] gets nothing when it is gone, by the %s', async (scope) => {
    await using place = await openClaimsPlace()
    const workspace = { ...memoryWorkspace({ relay: 'none', seed: 5 }), runtime: place.runtime, isLive: true }
    await using alone = openProject(workspace)
    const { caller } = scope === 'relay' ? await place.join(1) : alone
    await add(caller, 'First')
    await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    const gone = new AbortController()
    const waiting = caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL, waitMs: 60_000 }, { signal: gone.signal })
    const outcome = waiting.catch((cause: unknown) => cause)
    await place.pass(1_000)
    gone.abort(new Error('gone'))
    await caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    await place.pass(25_000)
    expect(await outcome).toMatchObject({ message: 'gone' })
    expect(await held(caller)).toEqual({})
    expect(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })).toMatchObject({ assigned: ['T-1'] })
  })
})
