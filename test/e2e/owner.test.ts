/** A process that has the workspace open: commands go through it, never past it, and never wait for it for ever. */
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, startOwner, startProgram, type Program } from './program.ts'
import { expectError, expectRefusal, openWorkspacePlace, words, type Place } from './support.ts'

/** The bound of a command is 5 s; the rest is for a busy machine. */
const BOUND_MS = 15_000

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

function socketOf({ runtime }: Place): string {
  const [name, ...more] = readdirSync(runtime).filter((file) => file.endsWith('.sock'))
  expect(more).toEqual([])
  return join(runtime, name ?? 'no socket')
}

function expectNobody(place: Place): void {
  expect(readdirSync(place.runtime).filter((file) => file.endsWith('.sock'))).toEqual([])
  expect(readdirSync(join(place.dir, '.tidemark'))).not.toContain('owner.json')
}

describe.concurrent('a workspace with an owner', () => {
  it('[G21] every command goes through the owner, and prints what it would print without', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'one'])
    expect(await place.json(['status'])).toMatchObject({ owner: null })
    await using owner = await startOwner(program.path, place)
    expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid } })
    expect(await place.must(['status'])).toContain(`process ${owner.pid}`)
    expect(await place.must(['add', 'two', '-l', 'web', '--depends', 'T-1', '--body', '-'], { input: 'words' })).toBe(
      'T-2\n',
    )
    await place.must(['set', 'T-1', 'T-2', 'priority=high', '--as', 'sara'])
    await place.must(['done', 'T-1'], { env: { TIDEMARK_ACTOR: 'agent-7' } })
    await place.must(['comment', 'T-2', 'hello'])
    const heard = await owner.call('task.get', { key: 'T-2' })
    expect(heard['result']).toMatchObject({
      task: { ready: true, priority: 'high', body: 'words', comments: [{ text: 'hello' }] },
    })
    expect(await place.must(['ready'])).toBe('T-2\ttodo\thigh\tweb\t\ttwo\tready\n')
    expect(await place.must(['search', 'words'])).toContain('two')
    const { changes } = await place.json(['history', 'T-1'])
    expect(changes).toMatchObject([{ by: { name: 'agent-7' } }, { by: { name: 'sara' } }, {}])
    await place.must(['undo', 'T-1'])
    await place.must(['delete', 'T-1'])
    await place.must(['purge', 'T-1', '--yes'])
    await place.must(['move', 'T-2', '--parent', 'none'])
    await place.must(['conflicts'])
    await place.must(['backup', '../all.tide'])
    await place.must(['recover', '../all.tide'])
    await place.must(['doctor', '--fix'])
    expectError(await place.tide(['show', 'T-99', '--json']), 3, 'TASK_NOT_FOUND')
    expectError(await place.tide(['set', 'T-2', 'due=tomorrow', '--json']), 2, 'INVALID_INPUT')
    const before = await place.all()
    expect(await owner.leave()).toBe(0)
    expectNobody(place)
    expect(await place.all(), 'the same after it left').toEqual(before)
    expect(await place.json(['status'])).toMatchObject({ owner: null })
    await place.must(['doctor'])
  })

  it.skipIf(process.platform === 'win32')(
    '[G21] its socket is for this user alone, and takes nonsense without harm',
    async () => {
      await using place = await openWorkspacePlace()
      await using owner = await startOwner(program.path, place)
      const path = socketOf(place)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      for (const noise of [
        Buffer.alloc(1000),
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.alloc(100_000, 0xff),
        Buffer.from([0, 0, 0, 2, 123, 125]),
      ]) {
        const socket = connect(path)
        socket.on('error', () => undefined)
        socket.resume().end(noise)
        await once(socket, 'close')
      }
      expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid } })
      expect(await place.must(['add', 'one'])).toBe('T-1\n')
    },
  )

  it.skipIf(process.platform === 'win32')(
    '[G22] an owner that does not answer ends a command with exit 6 and its name, in time; awake, it goes on',
    { timeout: 90_000 },
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one'])
      await using owner = await startOwner(program.path, place)
      await place.must(['set', 'T-1', 'priority=low'])
      owner.kill('SIGSTOP')
      const [added, asJson, read] = await Promise.all([
        place.tide(['add', 'two']),
        place.tide(['status', '--json']),
        place.tide(['list']),
      ])
      expectRefusal(added, 6, String(owner.pid))
      const { details } = expectError(asJson, 6, 'OWNER_UNREACHABLE')
      expect(details['holder']).toContain(String(owner.pid))
      for (const ran of [added, asJson]) expect(ran.ms, `${words(ran)}`).toBeLessThan(BOUND_MS)
      expect(read, `${words(read)}`).toMatchObject({ exit: 0, err: '' })
      expect(read.ms, 'a list needs no owner').toBeLessThan(3_000)
      owner.kill('SIGCONT')
      expect(await place.must(['add', 'three'])).toBe('T-2\n')
      const titles = (await place.all()).map((task) => task.title)
      expect(titles, 'what was refused was not done later').toEqual(['one', 'three'])
    },
  )

  it(
    '[G22] the store is held by a process that takes no calls: exit 6 names it, and says that nothing was done',
    { timeout: 90_000 },
    async () => {
      await using place = await openWorkspacePlace()
      await place.must(['add', 'one'])
      await using owner = await startOwner(program.path, place)
      await place.must(['set', 'T-1', 'priority=low'])
      // Commands with another runtime folder look for its socket elsewhere, as in another container.
      const env = { XDG_RUNTIME_DIR: place.temporary }
      const [added, listed] = await Promise.all([
        place.tide(['add', 'two', '--json'], { env }),
        place.tide(['list'], { env }),
      ])
      const { message } = expectError(added, 6, 'STORE_LOCKED')
      expect(message).toContain(String(owner.pid))
      expect(added.ms, `${words(added)}`).toBeLessThan(BOUND_MS)
      expect(listed, `${words(listed)}`).toMatchObject({ exit: 0, err: '' })
      expect(await place.must(['list'])).not.toContain('two')
    },
  )

  it('[G23] an owner of another protocol or another project is not spoken to: exit 6, nothing done', async () => {
    await using place = await openWorkspacePlace()
    await place.must(['add', 'one'])
    await using strange = await buildProgram({ version: '7.7.7', protocol: 9 })
    {
      await using _owner = await startOwner(strange.path, place)
      const added = await place.tide(['add', 'two', '--json'])
      const { message } = expectError(added, 6, 'OWNER_MISMATCH')
      expect(message).toContain('7.7.7')
      expect(added.ms, `${words(added)}`).toBeLessThan(BOUND_MS)
      expectRefusal(await place.tide(['add', 'two']), 6, '7.7.7')
    }
    await using _owner = await startOwner(program.path, place)
    const file = join(place.dir, 'tidemark.json')
    const config = await readFile(file, 'utf8')
    await writeFile(file, config.replace(/("project": ")\w/, '$1x'))
    expectRefusal(await place.tide(['add', 'two']), 6, 'project')
    await writeFile(file, config)
    await place.must(['add', 'three'])
    expect((await place.all()).map((task) => task.title)).toEqual(['one', 'three'])
  })

  it('[G23] an owner of another version with the same protocol answers', async () => {
    await using place = await openWorkspacePlace()
    await using other = await buildProgram({ version: '7.7.7' })
    await using owner = await startOwner(other.path, place)
    await place.must(['add', 'one'])
    expect(await place.json(['status'])).toMatchObject({ owner: { pid: owner.pid } })
  })

  it('[G24] of several that open a workspace at once one owns it; the others are its guests and see the same', async () => {
    await using place = await openWorkspacePlace()
    const programs = Array.from({ length: 5 }, () => startProgram(program.path, ['hold', place.dir], place.env))
    try {
      const first = await Promise.all(programs.map((one) => one.line(0)))
      const owners = programs.filter((_, index) => first[index] === 'owner')
      expect(owners, `${first.join(' | ')}`).toHaveLength(1)
      const [owner] = owners
      expect(first.filter((line) => line === `guest of ${owner?.pid}`)).toHaveLength(4)
      await Promise.all(programs.map((one, index) => one.call('task.create', { title: `by ${index}` })))
      const lists = await Promise.all(programs.map((one) => one.call('tasks.list')))
      for (const list of lists) expect(list['result']).toEqual(lists[0]?.['result'])
      expect((await place.all()).map((task) => task.title).toSorted()).toEqual(['by 0', 'by 1', 'by 2', 'by 3', 'by 4'])
      expect((await place.all()).map((task) => task.key)).toEqual(['T-1', 'T-2', 'T-3', 'T-4', 'T-5'])
      await leaveOneByOne(programs)
      expectNobody(place)
      await place.must(['add', 'after all'])
      await place.must(['doctor'])
    } finally {
      await Promise.all(programs.map((one) => one[Symbol.asyncDispose]()))
    }
  })

  it(
    '[G24] a guest whose owner leaves or dies is told so at its next call; a new one owns',
    { timeout: 90_000 },
    async () => {
      await using place = await openWorkspacePlace()
      for (const isKilled of [false, true]) {
        await using owner = await startOwner(program.path, place)
        await using guest = startProgram(program.path, ['hold', place.dir], place.env)
        expect(await guest.line(0)).toBe(`guest of ${owner.pid}`)
        await guest.call('task.create', { title: 'while it lived' })
        if (isKilled) owner.kill('SIGKILL')
        await (isKilled ? owner.ended : owner.leave())
        const answer = await guest.call('task.create', { title: 'after it' })
        expect(answer.error ?? { code: 'CONNECTION_CLOSED' }).toMatchObject({ code: 'CONNECTION_CLOSED' })
        await using next = await startOwner(program.path, place)
        expect((await next.call('tasks.list'))['result']).toMatchObject({ tasks: expect.any(Array) })
        expect(await guest.leave()).toBe(0)
      }
    },
  )

  it('[G24] owners that come and go while commands run lose none of them', { timeout: 90_000 }, async () => {
    await using place = await openWorkspacePlace()
    const titles: string[] = []
    const failed: string[] = []
    const workers = new Set([0, 1, 2])
    const work = async (worker: number): Promise<void> => {
      for (let turn = 0; turn < 25; turn++) {
        const ran = await place.tide(['add', `w${worker}t${turn}`])
        if (ran.exit === 0) titles.push(`w${worker}t${turn}`)
        else failed.push(words(ran))
      }
      workers.delete(worker)
    }
    const comeAndGo = async (): Promise<number> => {
      for (let owners = 0; ; owners++) {
        if (workers.size === 0) return owners
        await using owner = startProgram(program.path, ['hold', place.dir], place.env)
        expect(await owner.line(0)).toBe('owner')
        await sleep(150) // it is there for a few commands
        expect(await owner.leave()).toBe(0)
      }
    }
    const [owners] = await Promise.all([comeAndGo(), ...[...workers].map(work)])
    const listed = (await place.all()).map((task) => task.title)
    process.stdout.write(`${titles.length} of 75 commands done beside ${owners} owners\n`)
    expect(titles.filter((title) => listed.filter((one) => one === title).length !== 1)).toEqual([])
    expect(owners).toBeGreaterThan(3)
    expect(failed.join('\n')).toBe('')
    await place.must(['doctor'])
  })
})

async function leaveOneByOne(programs: readonly Program[]): Promise<void> {
  for (const one of programs) expect(await one.leave(), `${one.said.join(' | ')}`).toBe(0)
}
