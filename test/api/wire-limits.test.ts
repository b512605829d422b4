/** Calls between processes: owners that fall silent, requests that are too large or too many, answers that cannot be read. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryPair } from '../../adapters/memory/transport.ts'
import { connectCalls } from '../../src/api/connect-calls.ts'
import { serveCalls } from '../../src/api/serve-calls.ts'
import { MAX_IN_FLIGHT, writeMessage } from '../../src/api/wire.ts'
import { answering, bare, codeOf, connected, greeting, hello, never, serve, settled } from './wire-world.ts'

describe('silence', () => {
  it('[P47] an owner that takes the connection and says nothing is OWNER_UNREACHABLE after 5 s', async () => {
    const { ends } = memoryPair()
    const runtime = memoryRuntime()
    const greeted = connectCalls(ends[0], hello, runtime, { holder: () => 'tide up (pid 7)' })
    const caught = greeted.catch((error: unknown) => error)
    await runtime.advance(4_999)
    expect(await Promise.race([caught, settled()])).toBeUndefined()
    await runtime.advance(1)
    expect(await caught).toMatchObject({
      code: 'OWNER_UNREACHABLE',
      details: { holder: 'tide up (pid 7)', executed: 'no' },
    })
    expect((await ends[1].closed).reason).toBe('no answer')
    expect(runtime.sleeping).toBe(0)
  })

  it('[P47] one that falls silent in a call too; a call is no shorter for those that were answered before', async () => {
    const line = serve(
      answering(() => ({})),
      { byHand: true },
    )
    const deliver = (): void => void (line.directions[0].deliver(), line.directions[1].deliver())
    const connecting = connected(line)
    deliver()
    using caller = await connecting
    const first = caller.call('tasks.list', {})
    await line.runtime.advance(4_000)
    deliver()
    await settled()
    deliver()
    await first
    const second = caller.call('tasks.list', {}).catch((error: unknown) => error)
    await line.runtime.advance(4_999)
    expect(await Promise.race([second, settled()])).toBeUndefined()
    await line.runtime.advance(1)
    expect(await second).toMatchObject({ code: 'OWNER_UNREACHABLE', details: { executed: 'unknown' } })
  })

  it('[P47] a long call lasts as long as it needs, while the owner answers when asked whether it lives', async () => {
    let finish: (value: unknown) => void = () => undefined
    const line = serve(answering(() => new Promise((resolve) => (finish = resolve))))
    using caller = await connected(line)
    const call = caller.call('workspace.backup', {})
    await line.runtime.advance(600_000)
    finish({ backup: 'x' })
    expect(await call).toEqual({ backup: 'x' })
    expect(line.runtime.sleeping).toBe(0)
  })

  it('[P47] a signal ends greeting and calls with its reason', async () => {
    const reason = new Error('enough')
    const giveUp = new AbortController()
    const silent = connectCalls(memoryPair().ends[0], hello, memoryRuntime(), { signal: giveUp.signal })
    const line = serve(answering(never))
    const caller = await connected(line, { signal: giveUp.signal })
    const call = caller.call('tasks.list', {})
    giveUp.abort(reason)
    await expect(silent).rejects.toBe(reason)
    await expect(call).rejects.toBe(reason)
    await expect(connected(serve(answering(never)), { signal: giveUp.signal })).rejects.toBe(reason)
    expect((await line.ends[1].closed).reason).toBe('given up')
  })

  it('[P48] what the owner finds after its caller has given up is not begun', async () => {
    const calls: string[] = []
    const line = serve(
      answering((method) => calls.push(method)),
      { byHand: true },
    )
    const connecting = connected(line)
    for (const direction of line.directions) direction.deliver()
    const caller = await connecting
    const call = caller.call('tasks.delete', { keys: ['T-1'] })
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'OWNER_UNREACHABLE' }), line.runtime.advance(5_001)])
    line.directions[0].deliver()
    await settled()
    expect(calls).toEqual([])
  })
})

describe('limits', () => {
  it('[P49] a request that is too large is refused before it is sent; one that comes all the same is refused by the owner', async () => {
    const line = serve(
      answering(() => ({})),
      { maxRequestBytes: 1_000 },
    )
    using caller = await connected(line, { maxRequestBytes: 1_000 })
    const large = caller.call('tasks.search', { words: 'x'.repeat(1_000) })
    await expect(large).rejects.toMatchObject({ code: 'TOO_LARGE', details: { limit: 1_000 } })
    expect(await caller.call('tasks.search', { words: 'x'.repeat(800) })).toEqual({})

    const other = serve(
      answering(() => ({})),
      { maxRequestBytes: 1_000 },
    )
    const { send, heard } = bare(other)
    send(greeting)
    send({ id: 1, method: 'tasks.search', params: { words: 'x'.repeat(1_000) } })
    send({ id: 2, method: 'tasks.list' })
    await settled()
    expect(heard).toEqual([
      greeting,
      { id: null, error: expect.objectContaining({ code: 'FRAME_INVALID' }) },
      { id: 2, result: {} },
    ])
  })

  it('[P49] an answer larger than a frame is TOO_LARGE for its call, and the line goes on', async () => {
    const runtime = memoryRuntime()
    const { ends } = memoryPair({ maxFrameBytes: 10_000 })
    const large = answering((_, params) => ('limit' in params ? { text: 'x'.repeat(10_000) } : {}))
    serveCalls(ends[1], large, hello, runtime)
    using caller = await connectCalls(ends[0], hello, runtime)
    await expect(caller.call('tasks.list', { limit: 1 })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(caller.call('tasks.search', { words: 'x'.repeat(10_000) })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    })
    expect(await caller.call('tasks.list', {})).toEqual({})
    expect(runtime.sleeping).toBe(0)
  })

  it('[P49] who has more requests open than allowed, or one number twice, is told; the first is cut off', async () => {
    const line = serve(answering(never))
    const { send, heard } = bare(line)
    send(greeting)
    send({ id: 0, method: 'tasks.list' })
    send({ id: 0, method: 'tasks.list' })
    for (let id = 1; id <= MAX_IN_FLIGHT; id++) send({ id, method: 'tasks.list' })
    expect((await line.ends[0].closed).reason).toBe('more than 64 requests at once')
    expect(heard.slice(1).map(codeOf)).toEqual(['FRAME_INVALID', 'FRAME_INVALID'])
  })

  it('[P50] an owner that answers what cannot be read ends the line, not the caller’s process', async () => {
    for (const noise of [
      { id: 0 },
      { id: 'T-1', result: {} },
      [],
      Uint8Array.of(0xc3),
      { id: null, error: { code: 'NEW' } },
    ]) {
      const { ends } = memoryPair()
      let isFirst = true
      ends[1].onFrame(() => {
        ends[1].send(isFirst ? writeMessage(greeting) : noise instanceof Uint8Array ? noise : writeMessage(noise))
        isFirst = false
      })
      const caller = await connectCalls(ends[0], hello, memoryRuntime())
      const code = Array.isArray(noise) || !('error' in noise) ? 'FRAME_INVALID' : 'FAULT'
      await expect(caller.call('tasks.list', {})).rejects.toMatchObject({ code })
      await expect(caller.call('tasks.list', {})).rejects.toMatchObject({ code })
    }
  })

  it('[P50] answers to nothing are ignored', async () => {
    const line = serve(answering(() => ({})))
    using caller = await connected(line)
    line.ends[1].send(writeMessage({ id: 99, result: {} }))
    line.ends[1].send(writeMessage({ id: 98, error: {} }))
    expect(await caller.call('tasks.list', {})).toEqual({})
  })
})
