/** The background process of `tide up`: one for a user, gone when it is not needed, and never in anyone's way. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram, startOwner } from './program.ts'
import { expectError, expectRefusal, words } from './support.ts'
import { builtAs, isAlive, openUpPlace, soon, textsBelow, type UpPlace } from './up-place.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program[Symbol.asyncDispose]())

interface UpAnswer {
  readonly pid: number
  readonly dir: string
  readonly started: boolean
  readonly relay: string | null
  readonly workspaces: readonly { readonly dir: string; readonly state: string }[]
}

async function up(place: UpPlace, dir = place.dir, options = {}): Promise<UpAnswer> {
  return (await place.json(['up', '--dir', dir], options)) as unknown as UpAnswer
}

const ownerOf = async (place: UpPlace, dir = place.dir): Promise<number | undefined> =>
  ((await place.look(['status', '--dir', dir]))['owner'] as { readonly pid: number } | null)?.pid

const tellsProcesses = process.platform === 'linux'

/** Nothing of the process is left: neither itself, nor its doors, nor a word of where its relay is. */
async function expectOver(place: UpPlace, pid: number): Promise<void> {
  await soon(() => expect(isAlive(pid)).toBe(false))
  expect(place.pid).toBe(undefined)
  expect(place.relay).toBe(undefined)
  expect(readdirSync(place.runtime).filter((name) => name.endsWith('.sock'))).toEqual([])
  expect(place.processes()).toEqual([])
}

describe.concurrent('tide up', () => {
  it('[G30] is one process, however often, wherever from and by how many at once it is asked for', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'], ['add', 'One'])
    mkdirSync(join(place.dir, 'deep'))
    symlinkSync(place.dir, join(place.root, 'link'))
    const answers = await Promise.all(Array.from({ length: 8 }, () => up(place)))
    const pid = answers[0]?.pid ?? 0
    for (const answer of answers)
      expect(answer).toMatchObject({ pid, dir: place.dir, workspaces: [{ dir: place.dir, state: 'live' }] })
    expect(answers.filter(({ started }) => started)).toHaveLength(1)
    const [below, linked] = [
      await up(place, join(place.dir, 'deep')),
      await place.must(['up'], { cwd: join(place.root, 'link') }),
    ]
    expect(below).toMatchObject({ pid, started: false, workspaces: [{ dir: place.dir }] })
    expect(linked).toBe(`live  ${place.dir}\n`)
    expect(await ownerOf(place)).toBe(pid)
    await soon(() => expect(place.processes()).toEqual(tellsProcesses ? [pid] : []))
    expectRefusal(await place.tide(['up', '--foreground']), 4, String(pid))
    expect(await place.must(['down'])).toBe(`down  ${place.dir}\n`)
    await expectOver(place, pid)
    expect(await place.must(['down'])).toBe('nothing runs in the background\n')
    expect(await place.must(['down', '--all'])).toBe('nothing runs in the background\n')
    expect(await place.must(['add', 'Two'])).toBe('T-2\n')
  })

  it('[G31] leaves one workspace or all; drops one that was moved or removed; ends with the last', async () => {
    await using place = openUpPlace()
    const dirs = await Promise.all(['a', 'b', 'c'].map((name) => place.workspace(name)))
    const [a = '', b = '', c = ''] = dirs
    await place.prepare(['add', 'In b', '--dir', b])
    for (const dir of dirs) await up(place, dir)
    const { pid } = await up(place, a)
    expect(await place.json(['down', '--dir', a])).toMatchObject({ stopped: true, dir: a })
    expect(await place.json(['down', '--dir', a])).toMatchObject({ stopped: false })
    expect(await place.look(['status', '--dir', a])).toMatchObject({ owner: null })
    renameSync(b, `${b}-moved`)
    rmSync(c, { recursive: true })
    await expectOver(place, pid)
    expect(await place.must(['add', 'Moved', '--dir', `${b}-moved`])).toBe('T-2\n')
    expect(existsSync(b) || existsSync(c), 'nothing is written where they were').toBe(false)
    await up(place, a)
    const again = await up(place, `${b}-moved`)
    expect(again.workspaces.map(({ dir }) => dir)).toEqual([a, `${b}-moved`])
    expect(await place.json(['down', '--all'])).toMatchObject({ stopped: true, pid: again.pid })
    await expectOver(place, again.pid)
  })

  it('[G32] waits where a program has the workspace open, and has it when that leaves', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    await using owner = await startOwner(program.path, place)
    const ran = await place.must(['up'])
    expect(ran).toContain('waiting (another process has it open)')
    expect(await ownerOf(place)).toBe(owner.pid)
    await place.must(['add', 'Through the program'])
    expect(await owner.leave()).toBe(0)
    await soon(async () => expect(await ownerOf(place)).toBe(place.pid))
    expect((await up(place)).workspaces).toEqual([{ dir: place.dir, state: 'live' }])
    expect(await place.must(['add', 'Through the process'])).toBe('T-2\n')
  })

  it('[G32] takes up settings that change while it runs', async () => {
    await using place = openUpPlace()
    await place.prepare(['init', '--relay', 'none'])
    expect(await up(place)).toMatchObject({ relay: null })
    expect(await place.look(['status'])).toMatchObject({ relay: { state: 'none' } })
    await place.must(['config', 'set', 'relay', 'auto'])
    await soon(async () => expect(await place.look(['status'])).toMatchObject({ relay: { state: 'synced' } }))
    await place.must(['config', 'set', 'relay', 'ws://127.0.0.1:1'])
    await soon(async () =>
      expect(await place.look(['status'])).toMatchObject({ relay: { state: 'unreachable', url: 'ws://127.0.0.1:1' } }),
    )
  })

  it('[G33] after kill -9 the next command works at once, and the next tide up begins anew with everything', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    const { pid } = await up(place)
    await place.must(['add', 'Before', '--body', 'Kept.'])
    process.kill(pid, 'SIGKILL')
    await soon(() => expect(isAlive(pid)).toBe(false))
    expect(existsSync(place.relayFile), 'what it left is there, or the test shows nothing').toBe(true)
    expect(await place.must(['add', 'Between'])).toBe('T-2\n')
    expect(await place.json(['status'])).toMatchObject({ owner: null, problems: [] })
    const next = await up(place)
    expect(next.started).toBe(true)
    expect(await ownerOf(place)).toBe(next.pid)
    expect(place.relay?.pid).toBe(next.pid)
    await place.must(['sync', '--wait'])
    expect((await place.all()).map(({ title }) => title)).toEqual(['Before', 'Between'])
    expect((await place.look(['show', 'T-1'])).task?.body).toBe('Kept.')
    await place.must(['doctor'])
  })

  it.skipIf(process.platform === 'win32')(
    '[G34] a process that does not answer is named, with exit 6, by each command that needs it; awake, it goes on',
    async () => {
      await using place = openUpPlace()
      await place.prepare(['init'], ['add', 'One'])
      const { pid } = await up(place)
      await place.must(['set', 'T-1', 'priority=low'])
      process.kill(pid, 'SIGSTOP')
      const asked = [
        ['add', 'Two'],
        ['status'],
        ['sync', '--wait'],
        ['up'],
        ['down'],
        ['down', '--all'],
        ['server', 'status'],
      ]
      const [listed, ...refused] = await Promise.all([['list'], ...asked].map((args) => place.tide(args)))
      expect(listed, 'a list needs nobody').toMatchObject({ exit: 0, err: '' })
      for (const ran of refused) expectRefusal(ran, 6, new RegExp(`(?:pid|process) ${pid}\\b`))
      process.kill(pid, 'SIGCONT')
      expect(await place.must(['add', 'Three'])).toBe('T-2\n')
      expect(
        (await place.all()).map(({ title }) => title),
        'what was refused was not done later',
      ).toEqual(['One', 'Three'])
      expect(await up(place)).toMatchObject({ pid, started: false })
    },
  )

  it('[G35] ends in order when it is told to: nothing of it is left, and what was written is in the store', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    const { pid } = await up(place)
    await place.must(['add', 'One'])
    process.kill(pid, 'SIGTERM')
    await expectOver(place, pid)
    expect(readdirSync(join(place.dir, '.tidemark'))).not.toContain('owner.json')
    expect((await place.all()).map(({ title }) => title)).toEqual(['One'])
    await place.must(['doctor'])
  })

  it('[G36] a note of a relay that is gone, or of another process that has its number, blocks nothing', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'], ['add', 'One'])
    await up(place)
    const noted = place.relay
    await place.must(['down', '--all'])
    // Takes connections and never says a word.
    const silent = createServer((socket) => void socket.on('error', () => undefined))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const http = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    await using another = openUpPlace()
    await another.prepare(['init'])
    await up(another)
    const theirs = { url: another.relay?.url, http: another.relay?.http }
    try {
      for (const other of [{}, { pid: process.pid }, { ...theirs, pid: process.pid }, { http, pid: process.pid }]) {
        const stale = { ...noted, ...other }
        writeFileSync(place.relayFile, JSON.stringify(stale))
        await place.must(['add', 'Another'])
        const isSilent = stale.http === http
        expect((await place.tide(['sync'])).exit).toBe(isSilent ? 5 : 0)
        expect((await place.tide(['sync', '--wait', '--timeout', '1s'])).exit).toBe(isSilent ? 5 : 0)
        await place.must(['status'])
      }
    } finally {
      silent.close()
    }
    writeFileSync(place.relayFile, JSON.stringify({ ...noted, ...theirs, pid: process.pid }))
    expect(await place.must(['server', 'status'])).toBe('no relay runs on this machine\n')
    expect(await place.must(['server', 'stop'])).toBe('no relay runs on this machine\n')
    const { pid } = await up(place)
    expect(place.relay?.pid).toBe(pid)
    await place.must(['sync', '--wait'])
  })

  it('[G37] a newer version takes the place of an older one, with all its workspaces; an older one uses the newer', async () => {
    await using place = openUpPlace()
    const [a, b] = [await place.workspace('a'), await place.workspace('b')]
    await up(place, a)
    const old = await up(place, b)
    const command = builtAs('7.7.7', place)
    const next = await up(place, a, { command })
    expect(next).toMatchObject({ started: true, version: '7.7.7' })
    expect(isAlive(old.pid)).toBe(false)
    expect(next.workspaces.map(({ dir, state }) => `${state} ${dir}`).toSorted()).toEqual([`live ${a}`, `live ${b}`])
    expect(await ownerOf(place, b)).toBe(next.pid)
    expect(await up(place, b)).toMatchObject({ pid: next.pid, started: false })
  })

  it('[G38] a state folder that cannot be written is told; commands work on, and so do workspaces without a relay', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    writeFileSync(join(place.root, 'file'), '')
    const env = { XDG_STATE_HOME: join(place.root, 'file') }
    expectError(await place.tide(['up', '--json'], { env }), 1, 'FILE_UNWRITABLE')
    const noRoom = { TMPDIR: join(place.root, 'file') }
    expectError(await place.tide(['up', '--json'], { env: noRoom }), 1, 'FILE_UNWRITABLE')
    expect(await place.must(['add', 'One'], { env })).toBe('T-1\n')
    // There, but not for the relay's store.
    mkdirSync(join(place.relayFile, '..'), { recursive: true })
    writeFileSync(join(place.relayFile, '..', 'relay'), 'in the way')
    const ran = await place.tide(['up'])
    expect(ran, `${words(ran)}`).toMatchObject({ exit: 0, out: `live  ${place.dir}\n` })
    expect(ran.err).toMatch(/^no relay runs here: \S.*\n$/)
    expect(await place.must(['add', 'Two'])).toBe('T-2\n')
    expect(await place.look(['status'])).toMatchObject({ relay: { state: 'none' } })
  })

  it('[G39] its log is turned over, and holds neither words of tasks nor anything that opens a relay', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    mkdirSync(join(place.log, '..'), { recursive: true })
    for (let part = 0; part < 17; part++) appendFileSync(place.log, `${'x'.repeat(64 * 1024)}\n`)
    await up(place)
    await place.must(['add', 'Unmistakable title', '--body', 'Unmistakable body', '-l', 'unmistakable'])
    const { token } = (await place.json(['token', 'create']))['token'] as { readonly token: string }
    const secret = place.relay?.secret ?? ''
    expect(secret.length).toBeGreaterThan(30)
    await place.must(['down', '--all'])
    expect(statSync(`${place.log}.1`).size).toBeGreaterThan(1024 * 1024)
    expect(statSync(place.log).mode & 0o777).toBe(0o600)
    const said = readFileSync(place.log, 'utf8')
    expect(said).toContain('up.ended')
    for (const one of [/unmistakable/i, token, secret]) expect(said).not.toMatch(one)
    for (const [path, text] of textsBelow(join(place.root, 'state')))
      for (const one of [token, secret]) expect(text.includes(one), `${path}`).toBe(false)
  })
})
