/** Who owns a store: waiting, naming, and real processes that are killed and stopped. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { announce, holderOf, lifeOf, readOwner } from '../../adapters/node/owner-file.ts'
import { acquire, findOwner, type AcquireOptions } from '../../adapters/node/owner.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { socketTransport } from '../../adapters/node/socket.ts'
import { connectCalls } from '../../src/api/connect-calls.ts'
import { TaskError } from '../../src/internal.ts'
import { bundle, start, type Child } from './child-process.ts'
import { openStore, progressOf } from './owner-store.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tide-owner-'))
  mkdirSync(join(dir, '.tidemark'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const ownerPath = (): string => join(dir, '.tidemark', 'owner.json')
const note = { version: '9.8.7', command: 'tide up' }

/** A lock that is free after so many tries. */
function lockedFor(tries: number): { readonly open: () => Promise<string>; readonly asked: () => number } {
  let asked = 0
  return {
    asked: () => asked,
    open: async () => {
      if (asked++ < tries) throw new TaskError('STORE_LOCKED', { path: '/store' })
      return 'opened'
    },
  }
}

/** Turns the clock by small steps until the promise is settled. */
async function turned<T>(runtime: MemoryRuntime, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  let outcome: PromiseSettledResult<T> | undefined
  const settling = Promise.allSettled([promise]).then(([first]) => (outcome = first))
  while (outcome === undefined) await runtime.advance(20)
  await settling
  return outcome
}

describe('acquire', () => {
  it('[P28] a free store is opened at once, and nothing else is looked at', async () => {
    const runtime = memoryRuntime()
    const nowhere = join(dir, 'none')
    const lock = lockedFor(0)
    expect(await acquire(lock.open, nowhere, runtime, { progress: () => expect.unreachable() })).toBe('opened')
    expect([lock.asked(), runtime.now()]).toEqual([1, memoryRuntime().now()])
  })

  it('[P28] what is no held lock is thrown as it is', async () => {
    const fault = new TaskError('STORE_UNREADABLE', { path: '/store', reason: 'broken' })
    await expect(acquire(() => Promise.reject(fault), dir, memoryRuntime())).rejects.toBe(fault)
  })

  it('[P29] a held store is asked for again after 3 to 15 ms, by chance', async () => {
    const runtime = memoryRuntime()
    const times: number[] = []
    const lock = lockedFor(50)
    const opening = acquire(() => (times.push(runtime.now()), lock.open()), dir, runtime)
    expect(await turned(runtime, opening)).toMatchObject({ value: 'opened' })
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect([Math.min(...waits) >= 3, Math.max(...waits) <= 15, new Set(waits).size > 20]).toEqual([true, true, true])
  })

  it('[P29] waiting ends with the reason of its signal', async () => {
    const runtime = memoryRuntime()
    const giveUp = new AbortController()
    const opening = acquire(lockedFor(1e9).open, dir, runtime, { signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    expect(await turned(runtime, opening)).toMatchObject({ reason: new Error('enough') })
    expect(runtime.sleeping).toBe(0)
  })

  const waited = async (options: AcquireOptions, each: () => void = () => undefined): Promise<number> => {
    const runtime = memoryRuntime()
    const began = runtime.now()
    const lock = lockedFor(1e9)
    const opening = acquire(() => (each(), lock.open()), dir, runtime, options)
    const { reason } = (await turned(runtime, opening)) as PromiseRejectedResult
    expect(reason).toMatchObject({
      code: 'STORE_LOCKED',
      exit: 6,
      details: { path: '/store', holder: expect.any(String) },
    })
    expect(reason.details.waitedMs).toBeLessThanOrEqual(runtime.now() - began)
    return reason.details.waitedMs
  }

  it('[P30] without any sign of progress waiting ends after 5 s and says who holds the store', async () => {
    await using announcement = announce(dir, note, memoryRuntime())
    expect(announcement).toBeDefined()
    const runtime = memoryRuntime()
    const { reason } = (await turned(runtime, acquire(lockedFor(1e9).open, dir, runtime))) as PromiseRejectedResult
    expect(reason.message).toMatch(/^the store is in use by tide up \(pid \d+ on \S+, version 9\.8\.7, since 2025-/)
    expect(reason.details.waitedMs).toBeGreaterThanOrEqual(5_000)
    expect(reason.details.waitedMs).toBeLessThan(5_020)
    expect(await waited({ boundMs: 100 })).toBeLessThan(120)
  })

  it('[P30] where nobody left a name it is what the lock itself knows', async () => {
    const runtime = memoryRuntime()
    const open = (): Promise<never> => Promise.reject(new TaskError('STORE_LOCKED', { holder: 'this process' }))
    const outcome = await turned(runtime, acquire(open, dir, runtime))
    expect(outcome).toMatchObject({ reason: { message: 'the store is in use by this process' } })
  })

  it('[P31] while the holder changes or gets on waiting lasts longer, to 30 s in all', async () => {
    let signs = 0
    const total = await waited({ progress: () => String(signs++) })
    expect([total >= 30_000, total < 30_020]).toEqual([true, true])
    let tries = 0
    const changed = await waited({ boundMs: 1_000 }, () => {
      // The last change comes at the two hundredth try, 600 ms or more after the start.
      if (tries++ < 200) writeFileSync(ownerPath(), JSON.stringify({ pid: tries }))
    })
    expect([changed > 1_600, changed < 4_100]).toEqual([true, true])
  })
})

describe('owner file', () => {
  it('[P32] the holder says who it is, and takes that back when it leaves', async () => {
    const runtime = memoryRuntime()
    const announcement = announce(dir, { ...note, socket: '/run/a.sock' }, runtime)
    const record = readOwner(dir)
    expect(record).toMatchObject({
      ...note,
      socket: '/run/a.sock',
      pid: process.pid,
      since: '2025-01-01T00:00:00.000Z',
      step: '',
    })
    expect(record === undefined ? '' : lifeOf(record)).toBe('alive')
    await announcement[Symbol.asyncDispose]()
    expect([readOwner(dir), existsSync(ownerPath())]).toEqual([undefined, false])
    await announcement[Symbol.asyncDispose]()
    announcement.report('late')
    expect(existsSync(ownerPath())).toBe(false)
  })

  it('[P32] reports are shown, and not written more than ten times a second', async () => {
    const runtime = memoryRuntime()
    await using announcement = announce(dir, note, runtime)
    announcement.report('at once')
    expect(readOwner(dir)?.step).toBe('')
    await runtime.advance(100)
    announcement.report('300 of 1000 files')
    expect(readOwner(dir)?.step).toBe('300 of 1000 files')
    expect(holderOf(dir)).toMatch(/, at 300 of 1000 files\)$/)
  })

  it('[P32] the record of another is not taken away', async () => {
    const announcement = announce(dir, note, memoryRuntime())
    writeFileSync(ownerPath(), JSON.stringify({ pid: 7 }))
    await announcement[Symbol.asyncDispose]()
    expect(readOwner(dir)?.pid).toBe(7)
  })

  it('[P32] a record of a dead process, of another host or of another container is described as such', () => {
    const runtime = memoryRuntime()
    announce(dir, note, runtime)
    const record = JSON.parse(readFileSync(ownerPath(), 'utf8'))
    const described = (changes: object): string => {
      writeFileSync(ownerPath(), JSON.stringify({ ...record, ...changes }))
      return holderOf(dir)
    }
    expect(described({ pid: 2 ** 31 - 2 })).toBe(
      'a process that did not give its name (the last that did, tide up with pid 2147483646, is gone)',
    )
    expect(described({ host: 'web-1' })).toMatch(/^tide up \(pid \d+ on web-1, another machine or container, /)
    expect(described({ container: 'pid:[1]' })).toMatch(/another machine or container/)
  })

  it.each([
    ['nothing', ''],
    ['half a record', '{"pid":12,"ho'],
    ['no record', '[1,2]'],
    ['an impossible process', '{"pid":-1}'],
    ['a process that is a text', '{"pid":"1; rm"}'],
    ['too much', `{"pid":1,"command":"${'x'.repeat(20_000)}"}`],
  ])('[P32] a file that holds %s says nothing and stops nobody', async (_, text) => {
    writeFileSync(ownerPath(), text)
    expect([readOwner(dir), holderOf(dir)]).toEqual([undefined, 'a process that did not give its name'])
    const announcement = announce(dir, note, memoryRuntime())
    expect(readOwner(dir)?.pid).toBe(process.pid)
    await announcement[Symbol.asyncDispose]()
  })

  it('[P32] what a record says cannot move a terminal’s cursor or fill its screen', () => {
    writeFileSync(ownerPath(), JSON.stringify({ pid: process.pid, command: `\u001b[2J\u202e${'x'.repeat(9_000)}` }))
    expect(readOwner(dir)?.command).toBe(`[2J${'x'.repeat(197)}`)
  })
})

describe.skipIf(process.platform === 'win32')('owners in processes of their own', () => {
  let program: Awaited<ReturnType<typeof bundle>>
  beforeAll(async () => {
    program = await bundle('test/adapters/owner-child.ts')
  })
  afterAll(() => program[Symbol.asyncDispose]())

  const runtime = nodeRuntime()
  const socket = (): string => join(dir, 'a.sock')
  const holding = async (): Promise<Child> => {
    const child = start(program.path, ['hold', dir, socket(), 'tide up'])
    expect(await child.line()).toBe('holding')
    return child
  }
  const hello = (): { workspace: string; project: string; version: string } => ({
    workspace: dir,
    project: 'p-one',
    version: '0.1.0',
  })

  it('[P33] an owner that was killed leaves nothing that blocks: not the lock, not the socket, not its name', async () => {
    const child = await holding()
    child.kill('SIGKILL')
    await child.ended
    expect([existsSync(socket()), existsSync(ownerPath())]).toEqual([true, true])
    expect(await findOwner(socket(), runtime)).toBeUndefined()
    expect(holderOf(dir)).toBe(
      `a process that did not give its name (the last that did, tide up with pid ${child.pid}, is gone)`,
    )
    let tries = 0
    const store = await acquire(() => (tries++, openStore(dir)), dir, runtime)
    expect(tries).toBe(1)
    await using listening = await socketTransport(socket(), runtime).listen(() => undefined)
    await using announcement = announce(dir, note, runtime)
    expect([readOwner(dir)?.pid, listening, announcement]).toEqual([process.pid, expect.anything(), expect.anything()])
    await store.close()
  })

  it('[P29] who waits has the store as soon as its holder leaves', async () => {
    const child = await holding()
    let refusals = 0
    const opening = acquire(
      () => openStore(dir).catch((error: unknown) => (refusals++ === 3 && child.leave(), Promise.reject(error))),
      dir,
      runtime,
    )
    const store = await opening
    expect(refusals).toBeGreaterThan(3)
    expect(await child.line()).toBe('left')
    expect([await child.ended, existsSync(socket()), existsSync(ownerPath())]).toEqual([0, false, false])
    await store.close()
  })

  it('[P30] a holder that stays is named: command, process, host and version', async () => {
    const child = await holding()
    const clock = memoryRuntime()
    const { reason } = (await turned(
      clock,
      acquire(() => openStore(dir), dir, clock),
    )) as PromiseRejectedResult
    expect(reason.message).toMatch(
      new RegExp(`in use by tide up \\(pid ${child.pid} on \\S+, version 9\\.8\\.7, since \\d{4}-`),
    )
    child.leave()
    await child.ended
  })

  it('[P34] an owner is found at its socket and answers there; where none is there is none', async () => {
    expect(await findOwner(socket(), runtime)).toBeUndefined()
    const child = await holding()
    const connection = await findOwner(socket(), runtime)
    if (connection === undefined) throw new Error('no owner')
    using caller = await connectCalls(connection, hello(), runtime)
    expect(caller.peer.version).toBe('9.8.7')
    expect(await caller.call('task.get', { key: 'T-1' })).toEqual({
      method: 'task.get',
      params: { key: 'T-1' },
      pid: child.pid,
    })
    child.leave()
    await child.ended
    await expect(caller.call('tasks.list', {})).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
      details: { executed: 'no' },
    })
  })

  it('[P34] an owner that is stopped wedges nobody, before the greeting or after it', async () => {
    const child = await holding()
    const clock = memoryRuntime()
    const first = await findOwner(socket(), runtime)
    if (first === undefined) throw new Error('no owner')
    using caller = await connectCalls(first, hello(), clock, { holder: () => holderOf(dir) })
    child.kill('SIGSTOP')
    const calling = caller.call('task.get', { key: 'T-1' })
    const second = await findOwner(socket(), runtime)
    if (second === undefined) throw new Error('no owner')
    const greeting = connectCalls(second, hello(), clock)
    const outcomes = Promise.allSettled([calling, greeting])
    await clock.advance(5_000)
    expect(await outcomes).toMatchObject([
      {
        reason: {
          code: 'OWNER_UNREACHABLE',
          exit: 6,
          details: { holder: expect.stringMatching(/^tide up/), executed: 'unknown' },
        },
      },
      { reason: { code: 'OWNER_UNREACHABLE', exit: 6, details: { executed: 'no' } } },
    ])
    child.kill('SIGKILL')
    await child.ended
  })

  it('[P35] eight processes with twenty commands each all get their turn, and none is lost', async () => {
    const children = Array.from({ length: 8 }, () => start(program.path, ['count', dir, '20']))
    expect(await Promise.all(children.map((child) => child.line()))).toEqual(children.map(() => 'counted'))
    await Promise.all(children.map((child) => child.ended))
    const before = progressOf(dir)
    const store = await openStore(dir)
    expect([await store.get('count'), progressOf(dir) === before]).toEqual(['160', false])
    await store.close()
  })
})
