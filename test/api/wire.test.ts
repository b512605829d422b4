/** Calls between processes: greeting, answers, errors, ends. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryPair } from '../../adapters/memory/transport.ts'
import { connectCalls } from '../../src/api/connect-calls.ts'
import { MAX_IN_FLIGHT, writeMessage, type Hello } from '../../src/api/wire.ts'
import { TaskError } from '../../src/internal.ts'
import { answering, bare, codeOf, connected, greeting, hello, never, serve, settled } from './wire-world.ts'

describe('greeting', () => {
  it('[P40] both sides name workspace, project and versions; then calls go through with params and actor', async () => {
    const line = serve(answering((method, params, actor) => ({ method, params, actor })))
    using caller = await connected(line)
    expect(caller.peer).toEqual({ ...hello, protocol: 1 })
    expect(await caller.call('task.get', { key: 'T-1' }, { actor: 'sara' })).toEqual({
      method: 'task.get',
      params: { key: 'T-1' },
      actor: 'sara',
    })
    expect(await caller.call('workspace.status', {})).toEqual({ method: 'workspace.status', params: {} })
    expect(line.runtime.sleeping).toBe(0)
  })

  it.each<[string, Partial<Hello>, object]>([
    ['project', { project: 'p-other' }, { theirs: 'project p-other', ours: 'project p-shop' }],
    ['workspace', { workspace: '/other' }, { theirs: 'workspace /other', ours: 'workspace /home/sara/shop' }],
  ])('[P41] an owner of another %s is refused by both', async (_, other, details) => {
    const line = serve(answering(never), { hello: { ...hello, ...other } })
    await expect(connected(line)).rejects.toMatchObject({ code: 'OWNER_MISMATCH', exit: 6, details })
    expect(await Promise.all(line.ends.map((end) => end.closed))).toMatchObject([
      { code: 'closed' },
      { code: 'closed' },
    ])
    expect(line.runtime.sleeping).toBe(0)
  })

  it('[P41] another product version with the same protocol is no hindrance', async () => {
    using caller = await connected(
      serve(
        answering(() => ({})),
        { hello: { ...hello, version: '7.0.0' } },
      ),
    )
    expect(caller.peer.version).toBe('7.0.0')
  })

  it('[P41] another protocol is refused by the caller, whatever else its greeting holds', async () => {
    const { ends } = memoryPair()
    ends[1].onFrame(() => ends[1].send(writeMessage({ tide: 2, version: '3.0.0', dir: ['new'] })))
    await expect(connectCalls(ends[0], hello, memoryRuntime())).rejects.toMatchObject({
      code: 'OWNER_MISMATCH',
      details: { theirs: '3.0.0, protocol 2', ours: '0.1.0, protocol 1' },
    })
  })

  it('[P41] another protocol is refused by the owner too: it greets, closes, and calls nothing', async () => {
    const calls: string[] = []
    const line = serve(answering((method) => calls.push(method)))
    const { send, heard } = bare(line)
    send({ tide: 2, version: '3.0.0' })
    send({ id: 1, method: 'tasks.list', params: {} })
    expect((await line.ends[0].closed).reason).toMatch(/does not fit: 3.0.0/)
    expect([heard, calls]).toEqual([[greeting], []])
  })

  it.each([
    ['no greeting', { id: 1, method: 'tasks.list' }],
    ['a greeting that names nothing', { tide: 1 }],
    ['a greeting with endless names', { ...greeting, workspace: 'x'.repeat(5_000) }],
    ['noise', Uint8Array.of(0xff, 0xfe)],
  ])('[P42] %s is answered with FRAME_INVALID, then the connection is closed', async (_, first) => {
    const line = serve(answering(never))
    const { send, heard } = bare(line)
    send(first)
    expect((await line.ends[0].closed).code).toBe('closed')
    expect(heard.map(codeOf)).toEqual(['FRAME_INVALID'])
  })

  it('[P42] a peer that does not greet within 5 s is let go', async () => {
    const line = serve(answering(never))
    await line.runtime.advance(5_000)
    expect(await line.ends[0].closed).toEqual({ code: 'closed', reason: 'no greeting within 5000 ms' })
  })

  it('[P42] a caller whose greeting is refused hears why', async () => {
    const { ends } = memoryPair()
    const refusal = new TaskError('FRAME_INVALID', { problem: 'it is too odd' })
    ends[1].onFrame(() => ends[1].send(writeMessage({ id: null, error: refusal })))
    await expect(connectCalls(ends[0], hello, memoryRuntime())).rejects.toMatchObject({
      details: { problem: 'it is too odd' },
    })
  })
})

describe('answers', () => {
  it('[P43] errors come back with their code, details, sentence and hint', async () => {
    const error = new TaskError('KEY_AMBIGUOUS', { key: 'T-1', candidates: ['T-1.4f', 'T-1.9k'] })
    using caller = await connected(serve(answering(() => Promise.reject(error))))
    const thrown = await caller.call('task.get', { key: 'T-1' }).catch((caught: unknown) => caught)
    expect(thrown).toBeInstanceOf(TaskError)
    expect(JSON.parse(JSON.stringify(thrown))).toEqual(JSON.parse(JSON.stringify(error)))
  })

  it('[P43] what is no error of ours is a FAULT for the caller, with its cause in the owner’s log', async () => {
    const line = serve(
      answering(() => {
        throw new RangeError('out of range')
      }),
    )
    using caller = await connected(line)
    await expect(caller.call('tasks.list', {})).rejects.toMatchObject({
      code: 'FAULT',
      details: { problem: 'out of range' },
    })
    expect(line.runtime.entries).toMatchObject([
      { level: 'error', event: 'call.failed', method: 'tasks.list', problem: expect.stringContaining('RangeError') },
    ])
  })

  it('[P43] answers and details without JSON are a FAULT of that call alone', async () => {
    const odd = [10n, () => Promise.reject(new TaskError('USAGE', { problem: 10n })), () => undefined]
    const line = serve(
      answering((_, params) => {
        const value = 'limit' in params ? odd[Number(params.limit)] : {}
        return typeof value === 'function' ? value() : { value }
      }),
    )
    using caller = await connected(line)
    await expect(caller.call('tasks.list', { limit: 0 })).rejects.toMatchObject({ code: 'FAULT' })
    await expect(caller.call('tasks.list', { limit: 1 })).rejects.toMatchObject({ code: 'FAULT' })
    expect(await caller.call('tasks.list', { limit: 2 })).toBeNull()
    expect(await caller.call('tasks.list', {})).toEqual({ value: {} })
  })

  it('[P44] calls are answered in whatever order they are done', async () => {
    const open = new Map<unknown, (value: unknown) => void>()
    const line = serve(
      answering((_, params) => new Promise((resolve) => open.set('key' in params ? params.key : '', resolve))),
    )
    using caller = await connected(line)
    const order: string[] = []
    const calls = ['T-1', 'T-2', 'T-3'].map(async (key) => {
      expect(await caller.call('task.get', { key })).toEqual({ said: key })
      order.push(key)
    })
    await settled()
    for (const key of ['T-3', 'T-1', 'T-2']) {
      open.get(key)?.({ said: key })
      await settled()
    }
    await Promise.all(calls)
    expect(order).toEqual(['T-3', 'T-1', 'T-2'])
  })

  it('[P44] of more calls than an owner takes at once the rest is kept back, and all are answered', async () => {
    let running = 0
    let most = 0
    const line = serve(
      answering(async () => {
        most = Math.max(most, ++running)
        await settled()
        return { left: --running }
      }),
    )
    using caller = await connected(line)
    const calls = await Promise.all(Array.from({ length: 500 }, () => caller.call('tasks.list', {})))
    expect([calls.length, most]).toEqual([500, MAX_IN_FLIGHT])
    expect(line.runtime.sleeping).toBe(0)
  })
})

describe('ends', () => {
  it('[P45] a lost connection rejects what is in flight, says whether it can have been done, and refuses what comes later', async () => {
    const line = serve(answering(never))
    const caller = await connected(line)
    const calls = Promise.allSettled(Array.from({ length: MAX_IN_FLIGHT + 1 }, () => caller.call('tasks.list', {})))
    await settled()
    line.directions[0].cut()
    const executed = (await calls).map((call) =>
      call.status === 'rejected' ? [call.reason.code, call.reason.details.executed] : [],
    )
    expect(executed.slice(-2)).toEqual([
      ['CONNECTION_CLOSED', 'unknown'],
      ['CONNECTION_CLOSED', 'no'],
    ])
    await expect(caller.call('tasks.list', {})).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
      exit: 5,
      details: { executed: 'no' },
    })
    expect(line.runtime.sleeping).toBe(0)
  })

  it('[P45] a connection that ends before the greeting is CONNECTION_CLOSED', async () => {
    const { ends } = memoryPair()
    ends[1].onFrame(() => ends[1].close('not today'))
    await expect(connectCalls(ends[0], hello, memoryRuntime())).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
      details: { reason: 'not today', executed: 'no' },
    })
  })

  it('[P45] a caller that leaves ends the connection; the owner lives on and finishes what it began', async () => {
    let finish: (value: unknown) => void = () => undefined
    const line = serve(answering(() => new Promise((resolve) => (finish = resolve))))
    const caller = await connected(line)
    const call = caller.call('tasks.list', {})
    await settled()
    caller[Symbol.dispose]()
    caller[Symbol.dispose]()
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', details: { reason: 'it was given up' } })
    expect((await line.ends[1].closed).reason).toBe('done')
    finish({})
    await line.server[Symbol.asyncDispose]()
  })

  it('[P46] an owner that leaves answers what runs, refuses what comes, then closes', async () => {
    let finish: (value: unknown) => void = () => undefined
    const line = serve(answering(() => new Promise((resolve) => (finish = resolve))))
    const caller = await connected(line)
    const running = caller.call('tasks.list', {})
    await settled()
    const leaving = Promise.all([line.server[Symbol.asyncDispose](), line.server[Symbol.asyncDispose]()])
    const refused = { code: 'CONNECTION_CLOSED', details: { reason: 'the owner leaves', executed: 'no' } }
    await expect(caller.call('tasks.list', {})).rejects.toMatchObject(refused)
    finish({ tasks: [] })
    expect(await running).toEqual({ tasks: [] })
    await leaving
    expect((await line.ends[0].closed).reason).toBe('the owner leaves')
    await expect(caller.call('tasks.list', {})).rejects.toMatchObject(refused)
    expect(line.runtime.sleeping).toBe(0)
  })
})
