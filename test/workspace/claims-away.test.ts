/** Claims while the relay is away: tentative, waiting, settled when it is there. */
import { describe, expect, it } from 'vitest'
import type { Caller, ClaimOutcome } from '../../src/internal.ts'
import { openClaimsPlace, type ClaimingWorkspace } from '../support/claims-place.ts'

const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const

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

describe('while the relay is away', () => {
  async function apart(): Promise<{
    readonly place: Awaited<ReturnType<typeof openClaimsPlace>>
    readonly one: ClaimingWorkspace
    readonly two: ClaimingWorkspace
  }> {
    const place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First', 'Second')
    await place.pass(1_000)
    place.cut()
    await place.pass(100)
    return { place, one, two }
  }

  it('[C39] a claim is tentative, and one has it within the workspace', async () => {
    const { place, one } = await apart()
    await using _place = place
    const first = await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    expect(first.granted).toMatchObject([{ key: 'T-1', token: 0, state: 'tentative', scope: 'relay' }])
    expect(await one.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })).toMatchObject({
      granted: [],
      failed: [{ code: 'CLAIM_HELD', existing_assignee: 'agent:~agent-1', heldBy: { state: 'tentative' } }],
    })
    expect(await held(one.caller)).toEqual({ 'T-1': 'tentative agent-1' })
    expect((await one.caller.call('task.get', { key: 'T-1' })).task.assignees, 'nobody yet').toEqual([])
    expect(await one.caller.call('tasks.claimNext', RIVAL)).toMatchObject({ assigned: ['T-2'] })
  })

  it('[C39] what others were known to hold is not claimed', async () => {
    const place = await openClaimsPlace()
    await using _place = place
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    await place.pass(1_000)
    place.cut()
    await place.pass(100)
    expect(await two.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL })).toMatchObject({
      failed: [{ code: 'CLAIM_HELD', existing_assignee: 'agent:agent-1' }],
    })
  })

  it('[C40] of two who claimed it one is granted the task, the other is told, and what it wrote is kept', async () => {
    const { place, one, two } = await apart()
    await using _place = place
    await one.caller.call('tasks.start', { keys: ['T-1'], ...AGENT })
    await two.caller.call('tasks.start', { keys: ['T-1'], ...RIVAL })
    await two.caller.call('task.comment', { key: 'T-1', text: 'What I found', by: 'agent-2' })
    await place.mend()
    const [mine, theirs] = [await held(one.caller), await held(two.caller)]
    expect(mine).toEqual(theirs)
    const winner = mine['T-1'] === 'granted agent-1' ? one : two
    const loser = winner === one ? two : one
    expect(mine['T-1']).toMatch(/^granted agent-[12]$/)
    expect([winner.lost, loser.lost]).toEqual([[], [loser === one ? 'agent-1' : 'agent-2']])
    const { problems } = await loser.caller.call('workspace.status', {})
    expect(problems).toMatchObject([{ code: 'CLAIM_LOST', message: expect.stringContaining('T-1') as string }])
    const { lost } = await loser.caller.call('claims.list', {})
    expect(lost).toMatchObject([{ key: 'T-1', heldBy: { by: winner === one ? 'agent-1' : 'agent-2' } }])
    const { task } = await one.caller.call('task.get', { key: 'T-1' })
    expect(task.comments).toMatchObject([{ text: 'What I found' }])
    expect(task.assignees).toEqual([winner === one ? 'agent-1' : 'agent-2'])
  })

  it('[C40] is granted once, also where the answer got lost', async () => {
    const { place, one, two } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, request: 'the one' })
    await place.mend()
    const [before] = (await two.caller.call('claims.list', {})).claims
    const again = await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, request: 'the one' })
    expect(again.granted).toMatchObject([{ token: before?.token, renewed: true }])
  })

  it('[C41] who asked too long ago is not waited for', async () => {
    const { place, one } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 5_000 })
    await place.pass(6_000)
    expect(await held(one.caller)).toEqual({})
    await place.mend()
    expect([await held(one.caller), one.lost]).toEqual([{}, ['agent-1']])
  })

  it('[C42] a release is told later', async () => {
    const place = await openClaimsPlace()
    await using _place = place
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First', 'Second')
    await place.pass(1_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    place.cut()
    await place.pass(100)
    expect(await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })).toMatchObject({ released: ['T-1'] })
    await one.caller.call('tasks.claim', { keys: ['T-2'], ...AGENT })
    await one.caller.call('tasks.release', { keys: ['T-2'], ...AGENT })
    expect(await held(one.caller)).toEqual({})
    await place.mend()
    expect([await held(one.caller), await held(two.caller), one.lost]).toEqual([{}, {}, []])
  })

  it('[C48] a write under a token waits, and is made when the token is confirmed', async () => {
    const place = await openClaimsPlace()
    await using _place = place
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    const token = tokenOf(await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    place.cut()
    await place.pass(100)
    const waiting = await one.caller.call('tasks.transition', { keys: ['T-1'], to: 'done', token })
    expect(waiting).toMatchObject({ waiting: ['T-1'], tasks: [{ status: 'todo' }] })
    await place.mend()
    expect([await statusOf(one.caller, 'T-1'), await statusOf(two.caller, 'T-1')]).toEqual(['done', 'done'])
  })

  it('[C48] a write under a token that is stale by then is listed, and never shown', async () => {
    const place = await openClaimsPlace()
    await using _place = place
    const [one, two] = [await place.join(1), await place.join(2)]
    await add(one.caller, 'First')
    const token = tokenOf(await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 2_000 }))
    await place.pass(500)
    place.cut()
    await place.pass(100)
    const changes = { status: 'done', title: 'Mine' }
    await one.caller.call('tasks.update', { keys: ['T-1'], changes, token })
    await place.pass(3_000)
    const shown: string[] = []
    using _shown = two.project.on('changed', ({ tasks }) =>
      shown.push(...tasks.map(({ status, title }) => `${status} ${title}`)),
    )
    const meantime = place.relay.ask(
      { project: one.project.world.config.project, token: null },
      JSON.stringify({
        method: 'claims.claim',
        params: {
          request: 'by another',
          tasks: [(await one.caller.call('task.get', { key: 'T-1' })).task.uid],
          holder: { ...RIVAL, workspace: 'elsewhere' },
        },
      }),
      new AbortController().signal,
    )
    expect(JSON.parse(await meantime)).toMatchObject({ result: { outcome: 'granted' } })
    await place.mend()
    for (const { caller } of [one, two]) {
      expect(await statusOf(caller, 'T-1')).toBe('todo')
      const { conflicts } = await caller.call('conflicts.list', {})
      expect(conflicts.map(({ field, values }) => [field, values.map(({ value, origin }) => [value, origin])])).toEqual(
        [
          [
            'status',
            [
              ['todo', 'edit'],
              ['done', 'stale token'],
            ],
          ],
          [
            'title',
            [
              ['First', 'edit'],
              ['Mine', 'stale token'],
            ],
          ],
        ],
      )
    }
    expect(shown.filter((text) => text !== 'todo First')).toEqual([])
  })
})
