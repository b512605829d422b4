/** A workspace and its relay over days: losses, waits, refusals, what is told as saved. */
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryPair, memoryTransport } from '../../adapters/memory/transport.ts'
import { TaskError, type Connection, type Transport } from '../../src/internal.ts'
import { Peer, type PeerHost } from '../../src/sync/peer.ts'
import type { Relay } from '../../src/relay/relay.ts'
import { unsyncedIn } from '../../src/workspace/head.ts'
import { Syncing } from '../../src/workspace/syncing.ts'
import { memoryWorkspace, openProject, type MemoryWorkspace } from '../support/project.ts'
import { openRelay, PROJECT, quiet } from '../support/relay-visitor.ts'

const host: PeerHost = {
  vector: async () => Uint8Array.of(0),
  missing: async () => ({ update: Uint8Array.of(0, 0), written: 0 }),
  hear: async () => undefined,
  presence: () => ({ client: 7, state: '{}' }),
  settled: () => undefined,
  written: () => 0,
}

/** Where each attempt is answered by the test. */
function place(answer: (attempt: number) => Connection | Promise<Connection>) {
  const runtime = memoryRuntime()
  let attempts = 0
  const times: number[] = []
  const transport: Transport = {
    connect: async ({ signal } = {}) => {
      signal?.throwIfAborted()
      times.push(runtime.now())
      return answer(++attempts)
    },
    listen: () => Promise.reject(new Error('nobody listens here')),
  }
  return { runtime, peer: new Peer(transport, host, runtime), attempts: () => attempts, times }
}

const unreachable = (): never => {
  throw new TaskError('RELAY_UNREACHABLE', { url: 'memory', reason: 'nobody is there' })
}

function ended(status: number, reason: string): Connection {
  const { ends } = memoryPair()
  ends[1].close(reason, status)
  return ends[0]
}

async function workspaceWith(
  relay: () => Relay,
  memory: MemoryWorkspace,
  token: () => string | null = () => null,
): Promise<{ readonly project: ReturnType<typeof openProject>; readonly syncing: Syncing } & AsyncDisposable> {
  const transport = memoryTransport()
  await transport.listen((connection) => relay().welcome(connection, { project: PROJECT, token: token() }))
  const project = openProject(memory)
  const presence = { workspace: 'here', actor: 'sara' }
  const syncing = await Syncing.start(project, transport, { url: 'ws://memory', presence })
  return {
    project,
    syncing,
    [Symbol.asyncDispose]: async () => {
      await syncing[Symbol.asyncDispose]()
      await project[Symbol.asyncDispose]()
    },
  }
}

describe('a peer', () => {
  it('[U7] it comes back later each time, half of the wait by chance, at once when woken', async () => {
    const { peer, runtime, attempts, times } = place(unreachable)
    peer.start()
    await quiet()
    await runtime.advance(600_000)
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(waits.length).toBeGreaterThan(20)
    for (const [losses, wait] of waits.entries()) {
      const whole = Math.min(30_000, 250 * 2 ** losses)
      expect(wait, `after ${losses} losses`).toBeGreaterThanOrEqual(whole / 2)
      expect(wait, `after ${losses} losses`).toBeLessThanOrEqual(whole)
    }
    expect(new Set(waits.slice(8)).size, 'by chance').toBeGreaterThan(5)
    const before = attempts()
    peer.wake()
    await quiet()
    expect([attempts() - before, peer.state.phase]).toEqual([1, 'unreachable'])
    await peer[Symbol.asyncDispose]()
    expect([runtime.sleeping, peer.state.phase]).toEqual([0, 'closed'])
  })

  it('[U8] an end from 4400 to 4499 stops it and says why; 4529 does not; wake tries again', async () => {
    const { peer, runtime, attempts } = place((attempt) =>
      attempt === 1 ? ended(4529, 'too much') : ended(4401, 'this token was revoked'),
    )
    peer.start()
    await quiet()
    expect(peer.state).toEqual({ phase: 'unreachable', reason: 'too much' })
    await runtime.advance(300)
    expect(peer.state).toEqual({ phase: 'denied', reason: 'this token was revoked', status: 4401 })
    await runtime.advance(3_600_000)
    expect(attempts()).toBe(2)
    peer.wake()
    await quiet()
    expect(attempts()).toBe(3)
    await peer[Symbol.asyncDispose]()
  })

  it('[U9] waiting for all to be saved rejects with the denial, the signal’s reason, the end of the workspace', async () => {
    const denied = place(() => ended(4401, 'no'))
    const waiting = denied.peer.settle()
    denied.peer.start()
    await expect(waiting).rejects.toMatchObject({ code: 'RELAY_DENIED' })
    await denied.peer[Symbol.asyncDispose]()
    const { peer } = place(() => memoryPair().ends[0])
    peer.start()
    const stop = new AbortController()
    const reason = new Error('enough')
    const stopped = peer.settle({ signal: stop.signal })
    const closed = peer.settle()
    await quiet()
    stop.abort(reason)
    await expect(stopped).rejects.toBe(reason)
    await expect(peer.settle({ signal: stop.signal })).rejects.toBe(reason)
    await Promise.all([
      peer[Symbol.asyncDispose](),
      expect(closed).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' }),
    ])
  })

  it('[U10] closed while it connects, waits, was denied, or says so, it ends and leaves nothing behind', async () => {
    let connect: (connection: Connection) => void = () => undefined
    const connecting = place(() => new Promise((resolve) => (connect = resolve)))
    connecting.peer.start()
    await quiet()
    const closing = connecting.peer[Symbol.asyncDispose]()
    const { ends } = memoryPair()
    connect(ends[0])
    await closing
    expect(await ends[1].closed).toMatchObject({ status: 1001 })
    for (const answer of [unreachable, () => ended(4401, 'no'), () => memoryPair().ends[0]]) {
      const { peer, runtime } = place(answer)
      peer.start()
      await quiet()
      await Promise.all([peer[Symbol.asyncDispose](), peer[Symbol.asyncDispose]()])
      expect(runtime.sleeping).toBe(0)
    }
    const { peer } = place(() => ended(4401, 'no'))
    let disposed: Promise<void> | undefined
    peer.on('changed', ({ state }) => {
      if (state.phase === 'denied') disposed = peer[Symbol.asyncDispose]()
    })
    peer.start()
    await quiet()
    await disposed
    expect(peer.state.phase).toBe('closed')
  })
})

describe('a workspace with its relay', () => {
  it('[U4] writes are unsynced until the relay has them, also after a restart, and all are when its data is other data', async () => {
    const memory = memoryWorkspace({ seed: 3 })
    {
      await using project = openProject(memory)
      await project.caller.call('task.create', { title: 'First' })
      await project.caller.call('task.create', { title: 'Second', body: 'With text' })
      expect((await project.hold()).unsynced).toBe(2)
    }
    const disk = createMemoryDisk()
    {
      await using place = await openRelay({ disk })
      await using workspace = await workspaceWith(() => place.relay, memory)
      const saved: number[] = []
      workspace.project.on('saved', ({ written }) => void saved.push(written))
      await workspace.syncing.settle()
      expect([workspace.syncing.unsynced, saved.at(-1)]).toEqual([0, 2])
    }
    {
      await using project = openProject(memory)
      expect((await project.hold()).unsynced).toBe(0)
      await project.caller.call('task.create', { title: 'Third' })
      const { written, saved } = await project.hold()
      const facts = { written, ...(saved === undefined ? {} : { saved }) }
      expect([unsyncedIn(facts), unsyncedIn(facts, 'another epoch'), unsyncedIn({})]).toEqual([1, 3, 0])
    }
    await using other = await openRelay({ disk: createMemoryDisk(), runtime: memoryRuntime({ seed: 77 }) })
    const { token } = await other.relay.tokens.create(PROJECT, 'read')
    await using workspace = await workspaceWith(
      () => other.relay,
      memory,
      () => token,
    )
    await expect(workspace.syncing.settle()).rejects.toMatchObject({ code: 'RELAY_DENIED' })
    expect([workspace.syncing.unsynced, workspace.syncing.refusal]).toEqual([
      3,
      'this token may read only: nothing of what you change is saved',
    ])
  })

  it('[U21] a reader without writes of its own settles, and hears what others write', async () => {
    await using place = await openRelay()
    const { token } = await place.relay.tokens.create(PROJECT, 'read')
    const { token: writing } = await place.relay.tokens.create(PROJECT, 'write')
    await using writer = await workspaceWith(
      () => place.relay,
      memoryWorkspace({ seed: 1 }),
      () => writing,
    )
    await writer.project.caller.call('task.create', { title: 'For all' })
    await writer.project.caller.call('tasks.update', { keys: ['T-1'], changes: { title: 'For everyone' } })
    await writer.syncing.settle()
    await using reader = await workspaceWith(
      () => place.relay,
      memoryWorkspace({ seed: 2 }),
      () => token,
    )
    await reader.syncing.settle()
    const { tasks } = await reader.project.caller.call('tasks.list', {})
    expect(tasks.map(({ title }) => title)).toEqual(['For everyone'])
    await reader.syncing.settle()
  })

  it('[U9] all that the relay had when someone waits is here when the wait is over', async () => {
    await using place = await openRelay()
    await using one = await workspaceWith(() => place.relay, memoryWorkspace({ seed: 1 }))
    await using two = await workspaceWith(() => place.relay, memoryWorkspace({ seed: 2 }))
    await Promise.all([one.syncing.settle(), two.syncing.settle()])
    for (let count = 1; count <= 5; count++) {
      await one.project.caller.call('task.create', { title: `Task ${count}` })
      await one.syncing.settle()
      await two.syncing.settle()
      expect((await two.project.caller.call('tasks.list', {})).tasks.length).toBe(count)
    }
  })

  it('[U30] a relay that began empty is taught which numbers were given', async () => {
    const memory = memoryWorkspace({ seed: 1 })
    let place = await openRelay()
    {
      await using workspace = await workspaceWith(() => place.relay, memory)
      await workspace.project.caller.call('task.create', { title: 'First' })
      await workspace.syncing.settle()
      await memory.runtime.advance(6_000)
      await workspace.syncing.settle()
    }
    await place[Symbol.asyncDispose]()
    place = await openRelay({ runtime: memoryRuntime({ seed: 9 }) })
    {
      await using workspace = await workspaceWith(() => place.relay, memory)
      await workspace.syncing.settle()
      await memory.runtime.advance(6_000)
    }
    const rows = await place.store.read(`keys/${PROJECT}`)
    expect(rows.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual([
      expect.stringMatching(/^\[\["\w+",1\]\]$/),
    ])
    await place[Symbol.asyncDispose]()
  })
})
