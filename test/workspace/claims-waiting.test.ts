/** Claims that wait, and who asks: over a long time, over a store that is opened anew, from copies of a directory. */
import { describe, expect, it } from 'vitest'
import { TaskError, type Caller } from '../../src/internal.ts'
import { openClaimsPlace } from '../support/claims-place.ts'
import { memoryWorkspace, openProject } from '../support/project.ts'

const SARA = { by: 'sara', type: 'human' } as const
const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const

async function add(caller: Caller, ...titles: readonly string[]): Promise<void> {
  for (const title of titles) await caller.call('task.create', { title })
}

async function held(caller: Caller): Promise<Record<string, string>> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Object.fromEntries(tasks.flatMap(({ key, claim }) => (claim === null ? [] : [[key, claim.by]])))
}

describe('waiting', () => {
  it('[C25] who came first gets it, however long both wait', async () => {
    await using place = await openClaimsPlace()
    const [one, two, three] = [await place.join(1), await place.join(2), await place.join(3)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...SARA })
    const order: string[] = []
    const wait = (caller: Caller, by: string): Promise<void> =>
      caller
        .call('tasks.claim', { keys: ['T-1'], by, type: 'agent', waitMs: 300_000, leaseMs: 1_000 })
        .then(({ assigned }) => void order.push(`${by} ${assigned.join(' ')}`))
    const first = wait(two.caller, 'agent-1')
    await place.pass(12_000)
    const second = wait(three.caller, 'agent-2')
    // Past the end of what one question waits for, of both.
    await place.pass(33_000)
    await one.caller.call('tasks.release', { keys: ['T-1'], ...SARA })
    await Promise.all([first, second])
    expect(order).toEqual(['agent-1 T-1', 'agent-2 T-1'])
  })

  it('[C38] a store that is opened anew beside somebody who waits grants a task once', async () => {
    const workspace = { ...memoryWorkspace({ relay: 'none' }), isLive: true }
    const { runtime } = workspace
    await using project = openProject(workspace)
    const call: Caller['call'] = (...asked) => project.caller.call(...asked)
    await add(project.caller, 'First', 'Second')
    await call('tasks.claim', { keys: ['T-1'], ...SARA, leaseMs: 12_000 })
    const waiting = call('tasks.claim', { keys: ['T-1'], ...RIVAL, waitMs: 60_000, leaseMs: 3_600_000 })
    await runtime.advance(1_000)
    const { summary } = project.world
    const replace = summary.replace.bind(summary)
    let fails = true
    Object.assign(summary, {
      replace: async (...asked: Parameters<typeof replace>) => {
        const isOnce = fails && asked[0] === 'claims'
        if (isOnce) fails = false
        if (isOnce) throw new TaskError('FILE_UNWRITABLE', { path: 'claims', reason: 'no space' })
        return replace(...asked)
      },
    })
    await expect(call('tasks.claim', { keys: ['T-2'], ...AGENT })).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    const releasing = call('tasks.release', { keys: ['T-1'], ...SARA })
    await runtime.advance(1_000)
    await releasing
    const other = call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 3_600_000 })
    for (let second = 0; second < 90; second++) await runtime.advance(1_000)
    const outcomes = await Promise.all([waiting, other])
    expect(outcomes.flatMap(({ granted }) => granted.map(({ by }) => by))).toHaveLength(1)
  })
})

describe('who asks', () => {
  it('[C1] a directory that was copied is one workspace, also where its first claim writes nothing', async () => {
    const workspace = memoryWorkspace({ relay: 'none' })
    {
      await using project = openProject(workspace)
      await project.caller.call('task.create', { title: 'First', assignees: ['agent-1'] })
    }
    workspace.place = 'a copy elsewhere'
    const outcomes = []
    for (const method of ['tasks.claim', 'tasks.renew', 'tasks.claim'] as const) {
      await using project = openProject(workspace)
      outcomes.push(await project.caller.call(method, { keys: ['T-1'], ...AGENT }))
    }
    expect(outcomes.map(({ assigned, failed }) => [assigned, failed])).toEqual(outcomes.map(() => [['T-1'], []]))
  })

  it('[C46] finishing a task releases nobody else’s claim', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    await add(one.caller, 'First', 'Second')
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    place.cut()
    await place.pass(100)
    await one.caller.call('tasks.claim', { keys: ['T-2'], ...AGENT })
    await one.caller.call('tasks.transition', { keys: ['T-1', 'T-2'], to: 'done' }, { actor: 'agent-2' })
    expect(await held(one.caller)).toEqual({ 'T-1': 'agent-1', 'T-2': 'agent-1' })
  })

  it('[C39] nobody takes a task from its holder while the relay is away', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    await add(one.caller, 'First')
    place.cut()
    await place.pass(100)
    const theft = one.caller.call('tasks.claim', { keys: ['T-1'], ...SARA, steal: 'urgent' })
    await expect(theft).rejects.toMatchObject({ code: 'RELAY_UNREACHABLE' })
    expect(await held(one.caller)).toEqual({})
  })

  it('[C40] what waits is said before what is asked for now', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await place.pass(1_000)
    place.cut()
    await place.pass(100)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    const waiting = one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, waitMs: 120_000 })
    await place.pass(1_000)
    await place.mend()
    expect(await waiting).toMatchObject({ assigned: ['T-1'] })
    await place.pass(5_000)
    expect([await held(one.caller), await held(two.caller)]).toEqual([{ 'T-1': 'agent-1' }, { 'T-1': 'agent-1' }])
    const rival = await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })
    expect(rival).toMatchObject({ failed: [{ code: 'CLAIM_HELD' }] })
  })
})
