/** What waits for the relay: in its order, each for itself, and nothing that stands in the way for ever. */
import { describe, expect, it } from 'vitest'
import type { Caller, ClaimOutcome, Project } from '../../src/internal.ts'
import { openClaimsPlace, type ClaimingWorkspace, type ClaimsPlace } from '../support/claims-place.ts'

const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const
const ELSEWHERE = { ...RIVAL, workspace: 'elsewhere' }
const HOUR_MS = 3_600_000

interface Apart {
  readonly place: ClaimsPlace
  readonly one: ClaimingWorkspace
  readonly two: ClaimingWorkspace
}

/** Both have three tasks; `before` happens while the line is whole. */
async function apart(before: (one: ClaimingWorkspace) => Promise<unknown> = async () => undefined): Promise<Apart> {
  const place = await openClaimsPlace()
  const [one, two] = [await place.join(1), await place.join(2)]
  for (const title of ['First', 'Second', 'Third']) await one.caller.call('task.create', { title })
  await before(one)
  await place.pass(1_000)
  place.cut()
  await place.pass(100)
  return { place, one, two }
}

async function held(caller: Caller): Promise<Record<string, string>> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Object.fromEntries(
    tasks.flatMap(({ key, claim }) => (claim === null ? [] : [[key, `${claim.state} ${claim.by}`]])),
  )
}

async function uidOf(caller: Caller, key: string): Promise<string> {
  return (await caller.call('task.get', { key })).task.uid
}

async function problems(caller: Caller): Promise<readonly string[]> {
  return (await caller.call('workspace.status', {})).problems.map(({ code, message }) => `${code} ${message}`)
}

async function purge(caller: Caller, key: string): Promise<void> {
  await caller.call('tasks.delete', { keys: [key] })
  await caller.call('tasks.purge', { keys: [key], confirmed: true })
}

const tokenOf = ({ granted }: ClaimOutcome): number => granted[0]?.token ?? 0
const waiting = ({ project }: ClaimingWorkspace): readonly string[] =>
  project.claims.state.outbox.map(({ kind }) => kind)

/** The disk refuses one commit, as before a process ends. */
function failOnce(project: Project, isIt: (puts: readonly string[], appends: readonly string[]) => boolean): void {
  const store = project.held?.store
  if (store === undefined) throw new Error('the store is not held')
  const commit = store.commit.bind(store)
  let hasFailed = false
  Object.assign(store, {
    commit: async (changes: Parameters<typeof commit>[0]) => {
      const names = (kind: 'put' | 'append'): string[] =>
        changes.flatMap((change) => (kind in change ? [Object.values(change)[0] as string] : []))
      if (!hasFailed && isIt(names('put'), names('append'))) {
        hasFailed = true
        throw new Error('the process ends here')
      }
      return commit(changes)
    },
  })
}

describe('nothing that waits blocks what waits behind it', () => {
  it('[C40] a write whose task was purged is told in the status, with what it wrote', async () => {
    let token = 0
    const { place, one } = await apart(async ({ caller }) => {
      token = tokenOf(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    })
    await using _place = place
    await one.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Renamed' }, token })
    await one.caller.call('tasks.claim', { keys: ['T-3'], ...AGENT })
    await purge(one.caller, 'T-1')
    await place.mend()
    await place.pass(5_000)
    expect(waiting(one)).toEqual([])
    expect((await held(one.caller))['T-3']).toBe('granted agent-1')
    expect(await problems(one.caller)).toEqual([
      expect.stringMatching(/^CLAIM_LOST .*cannot be written any more.*Renamed/),
    ])
  })

  it('[C48] of a write that names a purged task the rest is listed, and what cannot be is told', async () => {
    let token = 0
    const { place, one } = await apart(async ({ caller }) => {
      token = tokenOf(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    })
    await using _place = place
    const changes = { title: 'Renamed', addDependsOn: ['T-2'] }
    await one.caller.call('tasks.update', { keys: ['T-1'], changes, token })
    await purge(one.caller, 'T-2')
    await place.mend()
    expect(waiting(one)).toEqual([])
    const { task } = await one.caller.call('task.get', { key: 'T-1' })
    const { conflicts } = await one.caller.call('conflicts.list', { key: 'T-1' })
    expect([task.title, conflicts.flatMap(({ values }) => values.map(({ value }) => value))]).toEqual([
      'First',
      ['First', 'Renamed'],
    ])
    expect(await problems(one.caller)).toContainEqual(expect.stringMatching(/^CLAIM_LOST .*addDependsOn/))
    expect(await one.caller.call('tasks.claim', { keys: ['T-3'], ...AGENT })).toMatchObject({ assigned: ['T-3'] })
  })

  it('[C40] a claim that the relay cannot read is lost, and told; the next is granted', async () => {
    const { place, one } = await apart()
    await using _place = place
    const uid = await uidOf(one.caller, 'T-1')
    await one.project.claims.change((state) => ({
      ...state,
      outbox: [
        {
          kind: 'claim',
          request: 'too many',
          tasks: Array.from({ length: 2_001 }, (_, at) => (at === 0 ? uid : `${uid.slice(0, 6)}${String(at + 1_000)}`)),
          holder: { ...AGENT, workspace: 'here' },
          leaseMs: HOUR_MS,
          at: place.runtime.now(),
          until: place.runtime.now() + HOUR_MS,
        } as never,
      ],
    }))
    await one.caller.call('tasks.claim', { keys: ['T-2'], ...AGENT })
    await place.mend()
    expect([waiting(one), await held(one.caller)]).toEqual([[], { 'T-2': 'granted agent-1' }])
    expect(one.lost).toContain('agent-1')
  })

  it('[C40] what may not be asked now waits for the next connection, and who holds what is heard all the same', async () => {
    const { place, one, two } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    let isReader = true
    place.refuse((method) => isReader && method === 'claims.claim')
    await place.mend()
    expect(waiting(one)).toEqual(['claim'])
    await place.ask('claim', {
      request: 'r',
      tasks: [await uidOf(two.caller, 'T-2')],
      holder: ELSEWHERE,
    })
    await place.pass(1_000)
    expect(await held(one.caller)).toEqual({ 'T-1': 'tentative agent-1', 'T-2': 'granted agent-2' })
    isReader = false
    place.cut()
    await place.mend()
    expect([waiting(one), (await held(one.caller))['T-1'], one.lost]).toEqual([[], 'granted agent-1', []])
  })
})

describe('each for itself', () => {
  it('[C48] a write that waits names other tasks by what never changes, whatever their keys become', async () => {
    let token = 0
    const { place, one } = await apart(async ({ caller }) => {
      token = tokenOf(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    })
    await using _place = place
    const changes = { addDependsOn: ['T-2'], parent: 'T-3' }
    await one.caller.call('tasks.update', { keys: ['T-1'], changes, token })
    const [second, third] = [await uidOf(one.caller, 'T-2'), await uidOf(one.caller, 'T-3')]
    expect(one.project.claims.state.outbox).toMatchObject([{ changes: { addDependsOn: [second], parent: third } }])
    await place.mend()
    const { task } = await one.caller.call('task.get', { key: 'T-1' })
    expect([task.dependsOn, task.parent]).toEqual([['T-2'], 'T-3'])
  })

  it('[C42] of several tasks that were released those are, that nobody took meanwhile', async () => {
    const { place, one } = await apart(({ caller }) =>
      caller.call('tasks.claim', { keys: ['T-1', 'T-2'], ...AGENT, leaseMs: 2 * HOUR_MS }),
    )
    await using _place = place
    await one.caller.call('tasks.release', { keys: ['T-1', 'T-2'], ...AGENT })
    const holder = { by: 'sara', type: 'human', workspace: 'elsewhere' }
    await place.ask('claim', { request: 's', tasks: [await uidOf(one.caller, 'T-2')], holder, steal: 'urgent' })
    await place.mend()
    expect(await held(one.caller)).toEqual({ 'T-2': 'granted sara' })
  })

  it('[C42] a release ends the claim that it was meant for, and none that came later', async () => {
    const { place, one } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    await one.caller.call('tasks.release', { keys: ['T-1'], ...AGENT })
    const uid = await uidOf(one.caller, 'T-1')
    const { outbox } = one.project.claims.state
    const { holder } = outbox[0] as { readonly holder: object }
    // Its answer is lost at the moment at which the release goes on its way; somebody else in this directory gets in between.
    place.refuse((method) => method === 'claims.release')
    await place.mend()
    expect(one.project.claims.state.outbox).toMatchObject([{ kind: 'release', tasks: [[uid, expect.any(Number)]] }])
    await place.ask('claim', { request: 'taken', tasks: [uid], holder: { ...holder, type: 'human' }, steal: 'mine' })
    await place.ask('release', { tasks: [[uid, null]], holder: { ...holder, type: 'human' } })
    await place.ask('claim', { request: 'later', tasks: [uid], holder })
    place.refuse(() => false)
    place.cut()
    await place.mend()
    expect([waiting(one), await held(one.caller)]).toEqual([[], { 'T-1': 'granted agent-1' }])
  })

  it('[C40] what was let go of while it waited assigns nobody, and nobody is told that it was lost', async () => {
    const { place, one } = await apart()
    await using _place = place
    const holder = ELSEWHERE
    await place.ask('claim', { request: 'q', tasks: [await uidOf(one.caller, 'T-2')], holder })
    for (const key of ['T-1', 'T-2']) {
      await one.caller.call('tasks.claim', { keys: [key], ...AGENT })
      await one.caller.call('tasks.release', { keys: [key], ...AGENT })
    }
    await place.mend()
    expect((await one.caller.call('task.get', { key: 'T-1' })).task.assignees).toEqual([])
    expect([waiting(one), one.lost, await problems(one.caller)]).toEqual([[], [], []])
    expect(await held(one.caller)).toEqual({ 'T-2': 'granted agent-2' })
    expect(one.claimed, 'tentative, and the other').toEqual(['agent-1', 'agent-1', 'agent-2'])
  })

  it('[C42] each of several releases of a task ends the claim before it', async () => {
    const { place, one } = await apart()
    await using _place = place
    for (const method of ['tasks.claim', 'tasks.release', 'tasks.claim', 'tasks.release'] as const)
      await one.caller.call(method, { keys: ['T-1'], ...AGENT })
    expect(waiting(one)).toEqual(['claim', 'release', 'claim', 'release'])
    await place.mend()
    expect([waiting(one), await held(one.caller), (await place.ask('list', {})) as object]).toEqual([
      [],
      {},
      expect.objectContaining({ holdings: [] }),
    ])
  })

  it('[C39] only its holder renews a tentative claim, and only what it has still', async () => {
    const { place, one } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-3'], by: 'agent-3', type: 'agent' })
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...RIVAL, leaseMs: 1_000 })
    await place.pass(2_000)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 600_000 })
    await one.caller.call('tasks.renew', { keys: ['T-1'], ...AGENT, leaseMs: HOUR_MS })
    expect(await held(one.caller)).toEqual({ 'T-1': 'tentative agent-1', 'T-3': 'tentative agent-3' })
    await place.mend()
    expect(await held(one.caller)).toEqual({ 'T-1': 'granted agent-1', 'T-3': 'granted agent-3' })
    expect(one.lost).toEqual(['agent-2'])
  })

  it('[C39] the same claim again is the same; another one under its id is told so, and loses nothing', async () => {
    const { place, one } = await apart()
    await using _place = place
    const claim = (key: string, more: object = AGENT): Promise<ClaimOutcome> =>
      one.caller.call('tasks.claim', { keys: [key], ...AGENT, ...more, request: 'x' })
    await claim('T-1')
    expect(await claim('T-1')).toMatchObject({ assigned: ['T-1'] })
    await expect(claim('T-2')).rejects.toMatchObject({ code: 'REQUEST_REUSED' })
    await expect(claim('T-1', RIVAL)).rejects.toMatchObject({ code: 'REQUEST_REUSED' })
    expect(waiting(one)).toEqual(['claim'])
    await place.mend()
    expect(await held(one.caller)).toEqual({ 'T-1': 'granted agent-1' })
  })

  it('[C41] its time runs by this machine’s clock, also where the relay’s is heard to show another one', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    await one.caller.call('task.create', { title: 'First' })
    await place.pass(500)
    place.cut()
    await place.pass(100)
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    place.setBack(-2 * HOUR_MS)
    place.refuse((method) => method === 'claims.claim')
    await place.mend()
    expect(await held(one.caller)).toEqual({ 'T-1': 'tentative agent-1' })
    place.refuse(() => false)
    place.cut()
    await place.mend()
    expect([one.lost, await held(one.caller)]).toEqual([[], { 'T-1': 'granted agent-1' }])
  })
})

describe('a process that ends in between', () => {
  it('[C40] leaves an assignee of what was granted', async () => {
    const { place, one } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    await place.ask('claim', { request: 'r', tasks: [await uidOf(one.caller, 'T-2')], holder: ELSEWHERE })
    failOnce(one.project, (_puts, appends) => appends.includes('document'))
    await place.mend()
    await place.pass(5_000)
    expect((await held(one.caller))['T-2'], 'heard all the same').toBe('granted agent-2')
    place.cut()
    await place.mend()
    const { task } = await one.caller.call('task.get', { key: 'T-1' })
    expect([task.assignees, task.claim?.state, waiting(one)]).toEqual([['agent-1'], 'granted', []])
  })

  it('[C48] makes no write twice: what people changed since stays', async () => {
    let token = 0
    const { place, one } = await apart(async ({ caller }) => {
      token = tokenOf(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    })
    await using _place = place
    await one.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Under the token' }, token })
    let hasWritten = false
    failOnce(one.project, (puts, appends) => {
      const isNext = hasWritten && puts.includes('claims')
      hasWritten ||= appends.includes('document')
      return isNext
    })
    await place.mend()
    expect(hasWritten).toBe(true)
    await one.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'Changed since' } })
    place.cut()
    await place.mend()
    expect((await one.caller.call('task.get', { key: 'T-1' })).task.title).toBe('Changed since')
    expect(waiting(one)).toEqual([])
  })

  it('[C48] tells what could not be written, also where it ends behind what could', async () => {
    let token = 0
    const { place, one } = await apart(async ({ caller }) => {
      token = tokenOf(await caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    })
    await using _place = place
    const changes = { title: 'Renamed', addDependsOn: ['T-2'] }
    await one.caller.call('tasks.update', { keys: ['T-1'], changes, token }, { actor: 'agent-1' })
    await purge(one.caller, 'T-2')
    let hasWritten = false
    failOnce(one.project, (puts, appends) => {
      const isNext = hasWritten && puts.includes('claims')
      hasWritten ||= appends.includes('document')
      return isNext
    })
    await place.mend()
    place.cut()
    await place.mend()
    expect(hasWritten).toBe(true)
    await one.caller.call('tasks.claim', { keys: ['T-3'], ...AGENT })
    expect(await held(one.caller)).toEqual({ 'T-1': 'granted agent-1', 'T-3': 'granted agent-1' })
    expect(await problems(one.caller)).toContainEqual(expect.stringMatching(/^CLAIM_LOST .*agent-1.*addDependsOn/))
  })

  it('[C40] tells a claim that is settled once, as granted', async () => {
    const { place, one } = await apart()
    await using _place = place
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    const told: string[] = []
    one.project.on('claimed', ({ claim }) => told.push(`claimed ${claim.state}`))
    one.project.on('released', ({ claim }) => told.push(`released ${claim.state}`))
    await place.mend()
    expect(told).toEqual(['claimed granted'])
  })
})
