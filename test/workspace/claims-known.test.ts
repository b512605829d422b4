/** What a workspace knows of claims: after a crash, when a lease ends by itself, and from a relay that it may only read. */
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import { meetClaims, TaskError, type Caller, type Project, type Relaying } from '../../src/internal.ts'
import type { Holding } from '../../src/claims/request.ts'
import { parseUid, type Uid } from '../../src/ids.ts'
import { knownHolding, listing, NO_CLAIMS, tentativeOf, type PendingClaim } from '../../src/workspace/claim-state.ts'
import { ClaimSync } from '../../src/workspace/claim-sync.ts'
import { openClaimsPlace } from '../support/claims-place.ts'
import { memoryWorkspace, once, openProject, type MemoryWorkspace } from '../support/project.ts'

const AGENT = { by: 'agent-1', type: 'agent' } as const
const RIVAL = { by: 'agent-2', type: 'agent' } as const
const ELSEWHERE = { ...RIVAL, workspace: 'elsewhere' }

async function held(caller: Caller): Promise<Record<string, string>> {
  const { tasks } = await caller.call('tasks.list', { all: true })
  return Object.fromEntries(
    tasks.flatMap(({ key, claim }) => (claim === null ? [] : [[key, `${claim.state} ${claim.by}`]])),
  )
}

/** One command of a workspace, with its clock turned until it is done. */
async function turned<Result>(workspace: MemoryWorkspace, work: (caller: Caller) => Promise<Result>): Promise<Result> {
  const command = once(workspace, work)
  let isOver = false
  const over = (): void => void (isOver = true)
  command.then(over, over)
  while (!isOver) await workspace.runtime.advance(20)
  return command
}

/** The process ends when it would write the file of claims. */
async function endsBeforeFile(workspace: MemoryWorkspace, work: (caller: Caller) => Promise<unknown>): Promise<void> {
  const project = openProject(workspace)
  const { summary } = project.world
  const replace = summary.replace.bind(summary)
  const error = new Error('the process ends here')
  Object.assign(summary, {
    replace: async (...asked: Parameters<typeof replace>) => {
      if (asked[0] === 'claims') throw error
      return replace(...asked)
    },
  })
  await expect(work(project.caller)).rejects.toThrow('the process ends here')
  await project[Symbol.asyncDispose]().catch(() => undefined)
}

function relayingBy(ask: Relaying['ask']): Relaying {
  return { skewMs: 0, report: () => ({ url: null, state: 'synced', others: [] }), settle: async () => undefined, ask }
}

function holdingOf(uid: Uid, more: Partial<Holding> = {}): Holding {
  return { ...ELSEWHERE, uid, token: 5, grantedAt: 0, leaseMs: 1_000, expiresAt: 1_000, ...more }
}

describe('the file of claims', () => {
  it('[C39] is made anew where a process ended before it was', async () => {
    const workspace = memoryWorkspace()
    await once(workspace, (caller) => caller.call('task.create', { title: 'First' }))
    await endsBeforeFile(workspace, (caller) => caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    for (const process of ['the next', 'the one after it'])
      await expect(turned(workspace, held), `in ${process}`).resolves.toEqual({ 'T-1': 'tentative agent-1' })
  })

  it('[C38] says what the workspace granted, also where a process ended before it did, or it was taken away', async () => {
    const workspace = memoryWorkspace({ relay: 'none' })
    await once(workspace, async (caller) => {
      await caller.call('task.create', { title: 'First' })
      await caller.call('task.create', { title: 'Second' })
    })
    await endsBeforeFile(workspace, (caller) => caller.call('tasks.claim', { keys: ['T-1'], ...AGENT }))
    expect(await turned(workspace, held)).toEqual({ 'T-1': 'granted agent-1' })
    await turned(workspace, (caller) => caller.call('tasks.claim', { keys: ['T-2'], ...RIVAL }))
    workspace.files.delete('claims')
    const both = { 'T-1': 'granted agent-1', 'T-2': 'granted agent-2' }
    await expect(turned(workspace, held), 'taken away').resolves.toEqual(both)
    workspace.files.set('claims', new TextEncoder().encode('{"known":['))
    await expect(turned(workspace, held), 'torn').resolves.toEqual(both)
  })
})

describe('a lease that ends by itself', () => {
  it('[C37] is told as released when it does, in every live workspace', async () => {
    await using place = await openClaimsPlace()
    const [one, two] = [await place.join(1), await place.join(2)]
    await one.caller.call('task.create', { title: 'First' })
    await place.pass(500)
    const told: string[] = []
    for (const [name, { project }] of Object.entries({ one, two })) {
      project.on('claimed', ({ claim }) => told.push(`${name} claimed ${claim.by}`))
      project.on('released', ({ claim }) => told.push(`${name} released ${claim.by}`))
    }
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 5_000 })
    await place.pass(4_000)
    expect(told.sort()).toEqual(['one claimed agent-1', 'two claimed agent-1'])
    told.length = 0
    await place.pass(1_500)
    expect(told.sort()).toEqual(['one released agent-1', 'two released agent-1'])
  })

  it('[C37] is told where the workspace is the arbiter, and nothing is when it is closed', async () => {
    const workspace = { ...memoryWorkspace({ relay: 'none' }), isLive: true }
    const { runtime } = workspace
    const project = openProject(workspace)
    const told: string[] = []
    project.on('released', ({ claim }) => told.push(claim.by))
    for (const title of ['First', 'Second']) await project.caller.call('task.create', { title })
    await project.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT, leaseMs: 5_000 })
    await project.caller.call('tasks.claim', { keys: ['T-2'], ...RIVAL, leaseMs: 3_600_000 })
    await runtime.advance(6_000)
    expect(told).toEqual(['agent-1'])
    await project[Symbol.asyncDispose]()
    expect(runtime.sleeping).toBe(0)
    await runtime.advance(3_600_000)
    expect(told).toEqual(['agent-1'])
  })
})

describe('what is heard', () => {
  it('[C49] a workspace that may not teach the relay hears who holds what all the same', async () => {
    await using place = await openClaimsPlace()
    const one = await place.join(1)
    for (const title of ['First', 'Second']) await one.caller.call('task.create', { title })
    await one.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    place.refuse((method) => method === 'claims.learn')
    await place.restart(createMemoryDisk())
    const { task } = await one.caller.call('task.get', { key: 'T-2' })
    await place.ask('claim', { request: 'r', tasks: [task.uid], holder: ELSEWHERE })
    await place.pass(2_000)
    expect(await held(one.caller)).toEqual({ 'T-2': 'granted agent-2' })
  })

  it('[C49] a relay of an earlier version, or that cannot read what it is taught, is heard too', async () => {
    const refusals = [
      new TaskError('METHOD_NOT_FOUND', { method: 'claims.learn' }),
      new TaskError('INVALID_INPUT', { field: 'token', problem: 'it is too great', fix: 'give a smaller one' }),
    ]
    for (const refusal of refusals) {
      await using project = openProject(memoryWorkspace())
      const { task } = await project.caller.call('task.create', { title: 'First' })
      const known = [holdingOf(parseUid(task.uid), { expiresAt: Number.MAX_SAFE_INTEGER })]
      await project.claims.change((state) => ({ ...state, known }))
      const asked: string[] = []
      const relaying = relayingBy(async (method) => {
        asked.push(method)
        if (method === 'claims.learn') throw refusal
        return { outcome: 'listed', holdings: [], at: project.now() }
      })
      await meetClaims(project, relaying, { isOther: true })
      expect([asked, await held(project.caller)]).toEqual([['claims.learn', 'claims.list'], {}])
    }
  })

  it('[C49] a list that was on its way while something was granted does not take that back', () => {
    const [first, second] = [parseUid('4fq7k2m9x3'), parseUid('5fq7k2m9x3')]
    const own = holdingOf(first, { token: 9, grantedAt: 2_000 })
    const old = holdingOf(second, { grantedAt: 500 })
    const state = { ...NO_CLAIMS, known: [own, old] }
    const late = [holdingOf(first, { token: 7, grantedAt: 600 })]
    expect(listing(state, late, 1_000).known).toEqual([own])
    expect(listing(state, late, 3_000).known, 'a later one').toEqual(late)
    const setBack = { ...NO_CLAIMS, known: [holdingOf(first, { grantedAt: 3_600_000 })] }
    expect(listing(setBack, [], 1_000).known, 'by a clock that was set back').toEqual([])
  })

  it('[C37] is looked up once for a whole list', () => {
    const uids = Array.from({ length: 1_000 }, (_, at) =>
      parseUid(`4fq7k2${String(at + 2_000)}`.replaceAll('1', 'b').replaceAll('0', 'a')),
    )
    let reads = 0
    const counted = <Value extends object>(list: readonly Value[]): readonly Value[] =>
      new Proxy(list, { get: (target, name) => (reads++, Reflect.get(target, name) as unknown) })
    const known = counted(uids.map((uid) => holdingOf(uid)))
    const pending = (uid: Uid): PendingClaim => ({
      kind: 'claim',
      request: uid,
      tasks: [uid],
      holder: ELSEWHERE,
      leaseMs: 1_000,
      at: 0,
      until: 1_000,
    })
    const outbox = counted(uids.map(pending))
    for (const uid of uids) {
      expect(knownHolding({ known }, uid, 500)?.uid).toBe(uid)
      expect(tentativeOf({ outbox }, uid, 500)?.request).toBe(uid)
    }
    expect(reads).toBeLessThan(20_000)
  })
})

describe('a meeting with the relay', () => {
  async function withWaiting(): Promise<Project> {
    const project = openProject(memoryWorkspace())
    await project.caller.call('task.create', { title: 'First' })
    await project.caller.call('tasks.claim', { keys: ['T-1'], ...AGENT })
    return project
  }

  it('[C40] ends with the time that it was given', async () => {
    await using project = await withWaiting()
    const over = new AbortController()
    const relaying = relayingBy(
      (_method, _params, options) =>
        new Promise((_resolve, reject) => {
          const stop = (): void => reject(options?.signal?.reason)
          options?.signal?.addEventListener('abort', stop)
          if (options?.signal?.aborted === true) stop()
        }),
    )
    const meeting = meetClaims(project, relaying, { isOther: false, signal: over.signal })
    over.abort(new TaskError('TIMED_OUT', { what: 'the exchange', limit: '2 s' }))
    await meeting
    expect(project.claims.state.outbox).toHaveLength(1)
  })

  it('[C40] asks nothing more of one that is away', async () => {
    await using project = await withWaiting()
    const asked: string[] = []
    const relaying = relayingBy(async (method) => {
      asked.push(method)
      throw new TaskError('RELAY_UNREACHABLE', { url: 'x', reason: 'away' })
    })
    await meetClaims(project, relaying, { isOther: false })
    expect(asked).toEqual(['claims.claim'])
  })

  it('[C49] leaves no timer behind when it is ended', async () => {
    const workspace = memoryWorkspace()
    await using project = openProject(workspace)
    const { task } = await project.caller.call('task.create', { title: 'First' })
    let answer: (value: unknown) => void = () => undefined
    let hasAsked: () => void = () => undefined
    const isAsked = new Promise<void>((resolve) => (hasAsked = resolve))
    const sync = new ClaimSync(
      project,
      relayingBy(() => {
        hasAsked()
        return new Promise((resolve) => (answer = resolve))
      }),
    )
    sync.soon()
    await isAsked
    const ended = sync[Symbol.asyncDispose]()
    answer({
      outcome: 'listed',
      holdings: [holdingOf(parseUid(task.uid), { expiresAt: project.now() + 9_000 })],
      at: 0,
    })
    await ended
    expect(workspace.runtime.sleeping).toBe(0)
  })
})
