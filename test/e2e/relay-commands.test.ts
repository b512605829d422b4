/** The relay and its commands: without a background process, by itself, for a team, with tokens and TLS. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtCommand, expectError, expectRefusal } from './support.ts'
import { isAlive, openUpPlace, soon, textsBelow, type UpPlace } from './up-place.ts'

interface Served {
  readonly url: string
  readonly http: string
  readonly pid: number
  readonly started: boolean
  readonly running: boolean
}

/** At ports of its own, so that nobody is disturbed. */
const ANY = ['--port', '0', '--http-port', '0']

async function serve(place: UpPlace, ...more: readonly string[]): Promise<Served> {
  return (await place.json(['server', 'start', ...ANY, ...more])) as unknown as Served
}

const relayOf = async (place: UpPlace, dir = place.dir): Promise<unknown> =>
  (await place.look(['status', '--dir', dir]))['relay']

const titlesIn = async (place: UpPlace, cwd: string): Promise<readonly string[]> =>
  (await place.all({ cwd })).map(({ title }) => title)

/** What is sealed in a token of this product, and nowhere else. */
const TOKEN = /^[\w-]{20,}$/

function keyAndCertificate(place: UpPlace): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(place.root, 'cert.pem'), join(place.root, 'key.pem')]
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const { status, stderr } = spawnSync('openssl', [...args, ...name, '-keyout', key, '-out', cert])
  expect(status, `${String(stderr)}`).toBe(0)
  return { cert, key }
}

const pathsWith = (place: UpPlace, words: string): readonly string[] =>
  [...textsBelow(place.root)].filter(([, text]) => text.includes(words)).map(([path]) => path)

/** In this user's file of tokens, beside where it was given. */
function expectKeptAlone(place: UpPlace, token: string, ...given: readonly string[]): void {
  const kept = join(place.root, 'state', 'tidemark', 'tokens.json')
  expect(pathsWith(place, token).toSorted()).toEqual([kept, ...given].toSorted())
  expect(statSync(kept).mode & 0o777).toBe(0o600)
}

/** `ps` shows the arguments of every process to everyone. */
function expectSaidByNone(place: UpPlace, tokens: readonly string[]): void {
  for (const pid of place.processes())
    for (const token of tokens) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(token)
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.concurrent('commands and a relay, without a background process', () => {
  it('[G42] a write is seen elsewhere at once; with the relay gone commands go on, and what is not sent is counted', async () => {
    await using place = openUpPlace()
    const a = await place.workspace('a')
    const b = await place.workspace('b', { like: a })
    expect((await place.ask(['sync', '--dir', a])).answer).toMatchObject({ relay: { state: 'none', saved: true } })
    expect((await place.tide(['sync', '--wait', '--dir', a])).exit).toBe(0)
    await serve(place)
    await place.must(['add', 'From a', '--body', 'Words.', '--dir', a])
    await place.must(['sync', '--dir', b])
    expect(await titlesIn(place, b)).toEqual(['From a'])
    await place.must(['set', 'T-1', 'status=doing', '--dir', b])
    expect(await place.json(['status', '--dir', a])).toMatchObject({ relay: { state: 'synced' }, unsynced: 0 })
    expect(await place.must(['list', '--dir', a])).toContain('doing')
    expect(readFileSync(join(a, 'tasks', 'T-1-from-a.md'), 'utf8')).toContain('status: doing')
    expect(await place.json(['server', 'stop'])).toMatchObject({ running: false })
    await place.must(['set', 'T-1', 'priority=high', '--dir', a])
    await place.must(['comment', 'T-1', 'Offline.', '--dir', a])
    expect(await place.json(['status', '--dir', a])).toMatchObject({ relay: { state: 'none' }, unsynced: 2 })
    await serve(place)
    await place.must(['sync', '--wait', '--dir', a])
    expect(await place.json(['status', '--dir', a])).toMatchObject({ relay: { state: 'synced' }, unsynced: 0 })
    // It is on the relay's disk: its process may die at that moment.
    process.kill(place.relay?.pid ?? 0, 'SIGKILL')
    await soon(async () => expect(await place.must(['server', 'status'])).toBe('no relay runs on this machine\n'))
    await serve(place)
    await place.must(['sync', '--dir', b])
    expect(await place.must(['show', 'T-1', '--dir', b])).toContain('Offline.')
  })

  it('[G43] sync ends with 5 for a relay that is not there, with 0 where none is set; its wait tells nobody in from nobody there', async () => {
    await using place = openUpPlace()
    const dir = await place.workspace('a', { settings: { relay: 'ws://127.0.0.1:1' } })
    await place.must(['add', 'One', '--dir', dir])
    const once = await place.ask(['sync', '--dir', dir])
    expect(once.exit).toBe(5)
    expect(once.answer).toMatchObject({ relay: { state: 'unreachable', url: 'ws://127.0.0.1:1', saved: false } })
    expectError(await place.tide(['sync', '--wait', '--timeout', '2s', '--json', '--dir', dir]), 5, 'RELAY_UNREACHABLE')
    expectRefusal(await place.tide(['sync', '--wait', '--dir', dir]), 5, 'ws://127.0.0.1:1')
    await place.must(['config', 'set', 'relay', 'none', '--dir', dir])
    expect((await place.ask(['sync', '--wait', '--dir', dir])).exit).toBe(0)
    // A door that is open and behind which nobody is.
    const silent = createServer((socket) => void socket.on('error', () => undefined))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const url = `ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    try {
      await place.must(['config', 'set', 'relay', url, '--dir', dir])
      await place.must(['add', 'Two', '--dir', dir])
      expectError(
        await place.tide(['sync', '--wait', '--timeout', '1s', '--json', '--dir', dir]),
        5,
        'RELAY_UNREACHABLE',
      )
    } finally {
      silent.close()
    }
    expect(await titlesIn(place, dir)).toEqual(['One', 'Two'])
  })

  it('[G44] a workspace in mode manual meets its relay only when it is asked to, with and without a process', async () => {
    await using place = openUpPlace()
    const a = await place.workspace('a')
    const b = await place.workspace('b', { like: a, settings: { mode: 'manual' } })
    await place.must(['up', '--dir', a])
    await place.must(['add', 'From b', '--dir', b])
    await place.must(['up', '--dir', b])
    await place.must(['add', 'From b again', '--dir', b])
    expect(await relayOf(place, b)).toMatchObject({ state: 'idle' })
    expect(await titlesIn(place, a)).toEqual([])
    await place.must(['sync', '--wait', '--dir', b])
    await soon(async () => expect(await titlesIn(place, a)).toEqual(['From b', 'From b again']))
    expect(await relayOf(place, b)).toMatchObject({ state: 'synced' })
  })
})

describe.concurrent('tide server', () => {
  it('[G45] starts once, tells what it does, is ended by its command; a port that is taken is named', async () => {
    await using place = openUpPlace()
    await place.prepare(['init'])
    expect(await place.must(['server', 'status'])).toBe('no relay runs on this machine\n')
    const first = await serve(place)
    expect(first).toMatchObject({ running: true, started: true, by: 'tide server' })
    expect(place.relay).toMatchObject({ url: first.url, pid: first.pid })
    expect(statSync(place.relayFile).mode & 0o777).toBe(0o600)
    expect(await place.json(['sync', 'server', 'start'])).toMatchObject({ pid: first.pid, started: false })
    const port = new URL(first.url).port
    const other = ['server', 'start', '--data', join(place.root, 'other')]
    expectRefusal(await place.tide([...other, '--port', port, '--http-port', '0']), 4, `port ${port} `)
    expectError(await place.tide([...other, '--port', '0', '--http-port', port, '--json']), 4, 'PORT_TAKEN')
    for (const more of [['--host', '127.0.0.2'], ['--foreground']])
      expectRefusal(await place.tide(['server', 'start', ...more]), 4, `tide server, process ${first.pid}`)
    await place.must(['add', 'One'])
    await place.must(['up'])
    expect(place.relay?.pid, 'the process uses the relay that is there').toBe(first.pid)
    await soon(async () =>
      expect(await place.json(['server', 'status'])).toMatchObject({ rooms: [{ connections: 1 }], pid: first.pid }),
    )
    expect(await place.must(['sync', 'server', 'stop'])).toBe(`ended  process ${first.pid}\n`)
    expect(isAlive(first.pid)).toBe(false)
    // The process runs one of its own where none is left.
    await soon(async () => expect(await relayOf(place)).toMatchObject({ state: 'synced' }))
    expect(place.relay).toMatchObject({ pid: place.pid })
    expectRefusal(await place.tide(['server', 'stop']), 4, 'tide up, process')
    expectRefusal(await place.tide(['server', 'start', '--host', '127.0.0.2']), 4, 'tide up, process')
  })

  it('[G45] in the foreground it says where it is and ends with 0 at Ctrl-C, and with the one who started it', async () => {
    await using place = openUpPlace()
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const child = spawn(process.execPath, [builtCommand, 'server', 'start', '--foreground', '--json', ...ANY], {
        cwd: place.dir,
        env: place.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [line] = await once(child.stdout, 'data')
      const { pid, url } = JSON.parse(String(line)) as Served
      expect(place.relay).toMatchObject({ pid, url })
      child.kill(signal)
      const [exit] = await once(child, 'exit')
      expect(exit).toBe(signal === 'SIGINT' ? 0 : null)
      await soon(() => expect(isAlive(pid)).toBe(false))
      expect(existsSync(place.relayFile)).toBe(false)
    }
    const file = join(place.root, 'token')
    expectRefusal(await place.tide(['server', 'start', '--foreground', '--token-file', file]), 3, file)
  })

  it('[G46] does not listen beyond this machine without tokens, and takes no file that holds none worth the name', async () => {
    await using place = openUpPlace()
    const start = ['server', 'start', ...ANY, '--host', '0.0.0.0']
    expectRefusal(await place.tide(start), 2, /everyone on the network/)
    const file = join(place.root, 'token')
    const withFile = (): ReturnType<UpPlace['tide']> => place.tide([...start, '--token-file', file, '--json'])
    expect(expectError(await withFile(), 3, 'FILE_NOT_FOUND').message).toContain(file)
    for (const [text, problem] of [
      ['', 'no token'],
      ['# only words\n', 'no token'],
      ['hunter2\n', 'shorter than 16'],
    ] as const) {
      writeFileSync(file, text)
      expect(expectError(await withFile(), 2, 'INVALID_INPUT').message).toContain(problem)
    }
    expectRefusal(await place.tide(['server', 'start', ...ANY, '--cert', file]), 2, '--key')
    writeFileSync(file, 'long-enough-to-be-a-token\n')
    const bad = await place.tide(['server', 'start', ...ANY, '--cert', file, '--key', file])
    expectRefusal(bad, 2, /--cert/)
    // It has said why, and is on its way out.
    await soon(() => expect(place.processes()).toEqual([]))
  })
})

describe.runIf(hasOpenssl)('a team at one relay, with TLS and tokens', () => {
  it('[G47][G48] joins, converges, is told when a token is withdrawn; and no token is anywhere but where it was put', async () => {
    await using server = openUpPlace({ name: 'server' })
    await using one = openUpPlace()
    await using other = openUpPlace({ name: 'empty' })
    const master = 'the-master-token-of-this-relay'
    const masterFile = join(server.root, 'master')
    writeFileSync(masterFile, `${master}\n`)
    const { cert, key } = keyAndCertificate(server)
    const { url } = await serve(server, '--token-file', masterFile, '--cert', cert, '--key', key)
    expect(url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/)
    expect(await server.json(['server', 'status'])).toMatchObject({ running: true })
    const env = { NODE_EXTRA_CA_CERTS: cert }

    await one.prepare(['init'], ['add', 'Shared', '--body', 'Words.'])
    expectRefusal(await one.tide(['join', url], { env }), 7, 'token')
    expectRefusal(await one.tide(['join', url, '--token-file', masterFile]), 5, 'certificate')
    expect(readFileSync(join(one.dir, 'tidemark.json'), 'utf8'), 'refused, nothing is changed').toContain('"auto"')
    const { project } = await one.json(['join', url, '--token-file', masterFile], { env })
    await one.must(['up'], { env })
    await one.must(['sync', '--wait'])

    const made = (await one.json(['token', 'create', '--label', 'sara'], { env }))['token'] as {
      readonly id: string
      readonly token: string
    }
    expect(made.token).toMatch(TOKEN)
    const tokenFile = join(other.root, 'token')
    writeFileSync(tokenFile, made.token)
    expectRefusal(await other.tide(['join', url, '--token-file', tokenFile], { env }), 2, 'project')
    const joined = await other.json(['join', `${url}/sync/${String(project)}`, '--token-file', tokenFile], { env })
    expect(joined).toMatchObject({ project, url, created: true })
    await other.must(['up'], { env })
    await soon(async () => expect(await titlesIn(other, other.dir)).toEqual(['Shared']))
    await other.must(['set', 'T-1', 'status=doing'])
    await soon(() => expect(readFileSync(join(one.dir, 'tasks', 'T-1-shared.md'), 'utf8')).toContain('status: doing'))
    expect(readFileSync(join(other.dir, 'tasks', 'T-1-shared.md'))).toEqual(
      readFileSync(join(one.dir, 'tasks', 'T-1-shared.md')),
    )
    // A token that may write may not make others.
    expectRefusal(await other.tide(['token', 'create'], { env }), 7, 'admin')

    const listed = await one.must(['token', 'list'], { env })
    expect(listed).toMatch(new RegExp(`^${made.id}\\twrite\\t\\S+\\tsara\\n$`))
    expect(await one.must(['token', 'revoke', made.id], { env })).toBe('revoked\n')
    expect((await one.tide(['token', 'revoke', made.id], { env })).exit).toBe(3)
    await soon(async () =>
      expect(await other.look(['status'])).toMatchObject({ relay: { state: 'denied', reason: expect.any(String) } }),
    )
    expect(await other.must(['status'])).toMatch(/^relay {6}denied, wss:.*: \S/m)
    await other.must(['set', 'T-1', 'priority=high'])
    expectError(await other.tide(['sync', '--wait', '--json']), 7, 'RELAY_DENIED')
    expect((await other.ask(['sync'])).exit).toBe(7)
    expect(await other.look(['status'])).toMatchObject({ unsynced: 1 })
    const next = (await one.json(['token', 'create'], { env }))['token'] as { readonly token: string }
    const nextFile = join(other.root, 'next')
    writeFileSync(nextFile, next.token)
    await other.must(['join', url, '--token-file', nextFile], { env })
    await soon(async () =>
      expect(await other.look(['status'])).toMatchObject({ relay: { state: 'synced' }, unsynced: 0 }),
    )
    await soon(() => expect(readFileSync(join(one.dir, 'tasks', 'T-1-shared.md'), 'utf8')).toContain('priority: high'))

    for (const place of [server, one, other]) expectSaidByNone(place, [master, made.token, next.token])
    expectKeptAlone(one, master)
    expectKeptAlone(other, next.token, nextFile)
    expect(pathsWith(other, made.token)).toEqual([tokenFile])
    expect(pathsWith(server, next.token)).toEqual([])
  })
})
