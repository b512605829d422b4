/** Two workspaces and a relay in one process, clocks turned by hand: times, and what the history says of others. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryTransport } from '../../adapters/memory/transport.ts'
import { createCaller, createWorkspace, Relay, Syncing, type Transport } from '../../src/internal.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from '../support/project.ts'

const NOON = Date.UTC(2026, 0, 1, 12)
const HOUR_MS = 3_600_000

interface Meeting extends AsyncDisposable {
  readonly transport: Transport
}

async function meeting(runtime: MemoryRuntime, project: string): Promise<Meeting> {
  const store = await openMemoryStore(createMemoryDisk())
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  const relay = await Relay.open({ runtime, store, digest, place: 'here' })
  const transport = memoryTransport()
  const door = await transport.listen((connection) => relay.welcome(connection, { project, token: null }))
  return {
    transport,
    [Symbol.asyncDispose]: async () => {
      await door[Symbol.asyncDispose]()
      await relay[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

function connect(project: ReturnType<typeof openProject>, { transport }: Meeting, workspace: string): Promise<Syncing> {
  return Syncing.start(project, transport, { url: 'ws://memory', presence: { workspace, actor: 'sara' } })
}

/** Turns all clocks until nothing is under way. */
async function settle(runtimes: readonly MemoryRuntime[], syncing: readonly Syncing[]): Promise<void> {
  for (let turn = 0; turn < 20; turn++) for (const runtime of runtimes) await runtime.advance(100)
  await Promise.all(syncing.map((one) => one.settle()))
}

describe('two workspaces at one relay', () => {
  const workspaceAt = (seed: number, startMs: number): MemoryWorkspace => ({
    ...memoryWorkspace({ seed }),
    isLive: true,
    runtime: memoryRuntime({ seed, startMs }),
  })

  it("[U14] a clock that is wrong is corrected by the relay's, and said to be wrong", async () => {
    const [here, there] = [workspaceAt(1, NOON), workspaceAt(2, NOON + HOUR_MS)]
    await using place = await meeting(here.runtime, 'one-project')
    await using one = openProject(here)
    await using two = openProject(there)
    await using first = await connect(one, place, 'one')
    await using second = await connect(two, place, 'two')
    await settle([here.runtime, there.runtime], [first, second])
    await two.caller.call('task.create', { title: 'By a clock that is ahead' })
    await settle([here.runtime, there.runtime], [first, second])
    // What is shown never lies in the future: what was written says whether the clock was corrected.
    const { tasks } = await one.replica()
    const stamps = [...tasks.uids()].flatMap((uid) => [...(tasks.get(uid)?.registers.values() ?? [])].flat())
    expect(stamps.length).toBeGreaterThan(3)
    expect(stamps.filter(({ at }) => at - NOON > HOUR_MS / 2)).toEqual([])
    expect([first.skewMs, Math.abs(second.skewMs + HOUR_MS) < 60_000]).toEqual([0, true])
  })

  it('[U15] the history says which workspace wrote what came from elsewhere, and nothing of what was said again', async () => {
    const [here, there] = [workspaceAt(1, NOON), workspaceAt(2, NOON)]
    await using place = await meeting(here.runtime, 'one-project')
    await using one = openProject(here)
    await using two = openProject(there)
    await using first = await connect(one, place, 'one')
    await using second = await connect(two, place, 'two')
    await two.caller.call('task.create', { title: 'One' })
    await settle([here.runtime, there.runtime], [first, second])
    await two.caller.call('tasks.update', { keys: ['T-1'], changes: { status: 'doing' } })
    await settle([here.runtime, there.runtime], [first, second])
    const { changes } = await one.caller.call('history.list', {})
    const { actor } = await two.hold()
    expect(changes.map(({ verb, by }) => [verb, by])).toEqual(
      changes.map(() => ['remote', { workspace: actor, name: null }]),
    )
    expect(changes[0]?.changes).toEqual([
      { uid: expect.any(String), key: 'T-1', field: 'status', before: 'todo', after: 'doing' },
    ])
    expect(changes.length).toBe(2)
  })

  it('[U16] a program hears when all it wrote is saved and when it is not, and can wait for it', async () => {
    const memory = workspaceAt(1, NOON)
    await using place = await meeting(memory.runtime, 'one-project')
    await using project = openProject(memory)
    const heard: string[] = []
    const syncing = await connect(project, place, 'one')
    const caller = createCaller(project, { version: '0', pid: 1, since: '', relaying: syncing })
    await using workspace = createWorkspace({
      dir: '/one',
      on: (name, listener) => project.on(name, listener),
      call: (method, params, options) => caller.call(method, params, options),
      [Symbol.asyncDispose]: () => syncing[Symbol.asyncDispose](),
    })
    for (const name of ['saved', 'unsynced', 'connected', 'disconnected'] as const)
      workspace.on(name, () => void heard.push(name))
    await workspace.tasks.add({ title: 'One' })
    expect(await workspace.sync({ wait: true })).toMatchObject({ relay: { state: 'synced', saved: true }, unsynced: 0 })
    expect([heard.includes('connected'), heard.at(-1), heard.includes('unsynced')]).toEqual([true, 'saved', false])
    await place[Symbol.asyncDispose]()
    await memory.runtime.advance(10)
    expect(heard).toContain('disconnected')
    await workspace.tasks.add({ title: 'Two' })
    const waiting = workspace.sync({ wait: true, timeoutMs: 5_000 }).catch((cause: unknown) => cause)
    await memory.runtime.advance(6_000)
    expect(await waiting).toMatchObject({ code: 'RELAY_UNREACHABLE' })
    expect(heard.at(-1)).not.toBe('saved')
    const brief = workspace.sync({ timeoutMs: 100 })
    await memory.runtime.advance(200)
    expect(await brief).toMatchObject({ relay: { state: 'unreachable', saved: false }, unsynced: 1 })
  })

  it('[U7] who asks for an exchange does not wait for the turn of the next attempt', async () => {
    const memory = workspaceAt(1, NOON)
    await using place = await meeting(memory.runtime, 'one-project')
    await using project = openProject(memory)
    let isThere = false
    let attempts = 0
    const transport: Transport = {
      ...place.transport,
      connect: async (options) => {
        attempts++
        if (!isThere) throw new Error('nobody listens there')
        return place.transport.connect(options)
      },
    }
    await using syncing = await Syncing.start(project, transport, {
      url: 'ws://memory',
      presence: { workspace: 'one', actor: null },
      firstWaitMs: HOUR_MS,
      longestWaitMs: HOUR_MS,
    })
    await memory.runtime.advance(1_000)
    expect([attempts, syncing.report().state]).toEqual([1, 'unreachable'])
    isThere = true
    await memory.runtime.advance(1_000)
    expect(attempts, 'its turn is in half an hour at the earliest').toBe(1)
    await syncing.settle()
    expect([attempts, syncing.report().state]).toEqual([2, 'synced'])
  })
})
