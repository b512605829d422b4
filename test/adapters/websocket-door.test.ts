/** Who comes through the relay's door for WebSockets and how, and what a client is told that does not. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { webSocketTransport } from '../../adapters/websocket/client.ts'
import { CLOSE, TaskError, type Connection } from '../../src/internal.ts'
import { freePort, listening, openPlace, rawPeer, until } from './websocket-place.ts'

const SECRET = 'tk-very-secret'

async function failureOf(attempt: Promise<unknown>): Promise<TaskError> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof TaskError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('connecting', () => {
  it('[B6] where nothing is reached, it says where and why, without names, passwords and tokens', async () => {
    const port = await freePort()
    const url = `ws://user:${SECRET}@127.0.0.1:${port}/sync/project?token=${SECRET}`
    const error = await failureOf(webSocketTransport(url, nodeRuntime(), { token: SECRET }).connect())
    expect([error.code, error.exit, error.details]).toEqual([
      'RELAY_UNREACHABLE',
      5,
      { url: `ws://127.0.0.1:${port}/sync/project`, reason: 'nobody listens there' },
    ])
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
  })

  it.each([
    [401, 'RELAY_DENIED'],
    [403, 'RELAY_DENIED'],
    [404, 'RELAY_UNREACHABLE'],
    [302, 'RELAY_UNREACHABLE'],
    [200, 'RELAY_UNREACHABLE'],
  ])('[B6] HTTP %i at the handshake is %s', async (status, code) => {
    const server = createServer((_, response) => response.writeHead(status, { Location: 'http://127.0.0.1:1/' }).end())
    const port = await listening(server, 0)
    const error = await failureOf(
      webSocketTransport(`ws://127.0.0.1:${port}/sync/a`, nodeRuntime(), { token: SECRET }).connect(),
    )
    expect([error.code, error.details['reason']]).toEqual([code, `it answers with HTTP ${status}`])
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
    server.close()
    server.closeAllConnections()
  })

  it('[B6] who answers something else, or nothing in time, is not reached; a signal ends the attempt', async () => {
    const odd = createTcpServer((socket) => void socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n'))
    const oddPort = await listeningTcp(odd)
    const answer = await failureOf(webSocketTransport(`ws://127.0.0.1:${oddPort}/sync/a`, nodeRuntime()).connect())
    expect(answer.code).toBe('RELAY_UNREACHABLE')
    odd.close()

    let connected = 0
    const silent = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      connected++
    })
    const url = `ws://127.0.0.1:${await listeningTcp(silent)}/sync/a`
    const runtime = memoryRuntime()
    const attempt = failureOf(webSocketTransport(url, runtime).connect())
    await until(() => connected === 1)
    await runtime.advance(10_000)
    expect(await attempt).toMatchObject({ code: 'RELAY_UNREACHABLE', details: { reason: 'no answer within 10000 ms' } })
    const stop = new AbortController()
    const stopped = webSocketTransport(url, runtime).connect({ signal: stop.signal })
    await until(() => connected === 2)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    expect(runtime.sleeping).toBe(0)
    silent.close()
  })

  it.each([
    ['not a url', 'token'],
    ['ftp://example.org/', 'token'],
    ['ws://127.0.0.1/sync/a', `${SECRET}\nX-Odd: 1`],
  ])('[B6] %s is no address, or no token', async (url, token) => {
    const error = await failureOf(webSocketTransport(url, nodeRuntime(), { token }).connect())
    expect(error.code).toBe('INVALID_INPUT')
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
    await expect(webSocketTransport(url, nodeRuntime()).listen(() => undefined)).rejects.toThrow(TaskError)
  })
})

function listeningTcp(server: ReturnType<typeof createTcpServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

describe('places and names', () => {
  it.each([
    ['/sync/project', 101, 'project'],
    ['/sync/pro%2Eject?token=x', 101, 'pro.ject'],
    ['/rpc', 101, ''],
    ['/rpc?project=other', 101, 'other'],
    ['/', 404, ''],
    ['/syncs/project', 404, ''],
    ['/rpc/project', 404, ''],
    ['/sync/', 400, ''],
    ['/sync/a%2Fb', 400, ''],
    ['/sync/project/more', 400, ''],
    ['/sync/%E0%A4', 400, ''],
    ['/sync/..%00', 400, ''],
    [`/sync/${'a'.repeat(65)}`, 400, ''],
  ])('[B7] %s is answered with %i', async (path, status, project) => {
    await using place = await openPlace()
    const peer = await rawPeer(place.port, path)
    expect(peer.status.split(' ')[1]).toBe(String(status))
    expect(place.visitors.map(({ visit }) => visit)).toEqual(
      status === 101 ? [{ project, token: null, origin: null }] : [],
    )
    if (status !== 101) await peer.ended
    peer.socket.destroy()
  })

  it('[B7] what is no request for a WebSocket is told so', async () => {
    await using place = await openPlace()
    const peer = await rawPeer(place.port, '/sync/project', ['Sec-WebSocket-Version: 99'])
    expect(peer.status).toMatch(/^HTTP\/1\.1 400 /)
    await peer.ended
    expect(place.visitors).toEqual([])
  })
})

describe('tokens', () => {
  it('[B8] a token comes in a header', async () => {
    await using place = await openPlace()
    const connection = await webSocketTransport(place.url, nodeRuntime(), { token: SECRET }).connect()
    expect((await place.visitor(0)).visit.token).toBe(SECRET)
    connection.close('done')
  })

  it('[B8] or, from browsers, as a subprotocol that is echoed', async () => {
    await using place = await openPlace()
    const socket = new WebSocket(place.url, ['y-sync', `bearer.${SECRET}`])
    await new Promise((resolve) => socket.once('open', resolve))
    expect([socket.protocol, (await place.visitor(0)).visit.token]).toEqual([`bearer.${SECRET}`, SECRET])
    socket.terminate()
    const other = new WebSocket(place.url, 'y-sync')
    await new Promise((resolve) => other.once('open', resolve))
    expect([other.protocol, (await place.visitor(1)).visit.token]).toEqual(['y-sync', null])
    other.terminate()
  })

  it('[B8] what is decided behind the door is told as the number of an end, so that stock clients see it', async () => {
    await using place = await openPlace({
      accept: (connection, { token }) => {
        if (token !== SECRET) connection.close('not with this token', CLOSE.denied)
      },
    })
    const socket = new WebSocket(`${place.url}?token=${SECRET}`)
    const end = await new Promise((resolve) => socket.once('close', (...given) => resolve(given)))
    expect(end).toEqual([4401, Buffer.from('not with this token')])
  })
})

describe('hosts and origins', () => {
  const own = { isLoopback: true, origins: ['https://board.example'], hosts: ['relay.test'] }
  const open = { isLoopback: false, origins: ['https://board.example'] }
  it.each([
    [own, 'localhost:5173', undefined, 101],
    [own, '[::1]:5173', undefined, 101],
    [own, '127.0.0.2', undefined, 101],
    [own, 'Relay.Test:5173', undefined, 101],
    [own, 'evil.example', undefined, 403],
    [own, 'localhost.evil.example:5173', undefined, 403],
    [own, '192.168.1.5:5173', undefined, 403],
    [own, 'localhost@evil.example', undefined, 403],
    [own, 'localhost', 'http://localhost:3000', 101],
    [own, 'localhost', 'http://127.0.0.1', 101],
    [own, 'localhost', 'https://[::1]:8443', 101],
    [own, 'localhost', 'https://board.example', 101],
    [own, 'localhost', 'http://board.example', 403],
    [own, 'localhost', 'http://localhost.evil.example', 403],
    [own, 'localhost', 'http://evil.example#http://localhost', 403],
    [own, 'localhost', 'null', 403],
    [own, 'localhost', '', 403],
    [open, 'any.example', undefined, 101],
    [open, 'any.example', 'https://BOARD.example', 101],
    [open, 'any.example', 'http://localhost:3000', 403],
    [open, 'any.example', 'https://any.example', 403],
  ])('[B9] %o: host %s, origin %s is answered with %i', async (welcome, host, origin, status) => {
    await using place = await openPlace({ welcome })
    const headers = [`Host: ${host}`, ...(origin === undefined ? [] : [`Origin: ${origin}`])]
    const peer = await rawPeer(place.port, '/sync/project', headers)
    expect(peer.status.split(' ')[1]).toBe(String(status))
    expect(place.visitors.map(({ visit }) => visit.origin)).toEqual(status === 101 ? [origin ?? null] : [])
    peer.socket.destroy()
  })
})

describe('many', () => {
  it('[B10] a thousand come at once, each is heard; one beyond the limit is sent away with 503', async () => {
    await using place = await openPlace({
      maxConnections: 1_000,
      accept: (connection) => connection.onFrame((frame) => connection.send(frame)),
    })
    const transport = webSocketTransport(place.url, nodeRuntime())
    const callers = await Promise.all(Array.from({ length: 1_000 }, () => transport.connect()))
    const answers = callers.map(
      (caller, index) =>
        new Promise((resolve) => {
          caller.onFrame((frame) => resolve(Buffer.from(frame).toString()))
          caller.send(Buffer.from(`caller ${index}`))
        }),
    )
    expect(await Promise.all(answers)).toEqual(callers.map((_, index) => `caller ${index}`))
    const peer = await rawPeer(place.port)
    expect(peer.status).toBe('HTTP/1.1 503 Service Unavailable')
    callers[0]?.close('done')
    await place.visitors[0]?.connection.closed
    const next = await transport.connect()
    next.close('done')
    await place.door[Symbol.asyncDispose]()
    const endings = await Promise.all(callers.slice(1).map(({ closed }) => closed))
    expect(new Set(endings.map(({ status }) => status))).toEqual(new Set([1001]))
    const late = await failureOf(transport.connect())
    expect(late.details['reason']).toBe('it answers with HTTP 503')
  })
})

describe('over TLS', () => {
  let folder: string
  let tls: { readonly cert: string; readonly key: string }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tide-tls-'))
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
    tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('[B11] with a certificate it trusts a client connects, counts bytes for life, and hears what is sent', async () => {
    await using place = await openPlace({ server: createTlsServer(tls) })
    const runtime = memoryRuntime()
    const transport = webSocketTransport(`wss://127.0.0.1:${place.port}/sync/project`, runtime, { ca: tls.cert })
    const caller: Connection = await transport.connect()
    const { connection } = await place.visitor(0)
    const sizes: number[] = []
    caller.onFrame((frame) => sizes.push(frame.byteLength))
    for (let round = 1; round <= 8; round++) {
      for (const size of [10, 100_000, 20]) connection.send(Buffer.alloc(size))
      await until(() => sizes.length === round * 3)
      await runtime.advance(30_000)
    }
    expect(sizes.slice(-3)).toEqual([10, 100_000, 20])
    caller.close('done', 4000)
    expect(await connection.closed).toEqual({ code: 'closed', reason: 'done', status: 4000 })
  })

  it('[B11] without it the relay is not reached, and the reason is the certificate', async () => {
    await using place = await openPlace({ server: createTlsServer(tls) })
    const error = await failureOf(
      webSocketTransport(`wss://127.0.0.1:${place.port}/sync/project`, nodeRuntime()).connect(),
    )
    expect([error.code, error.details['reason']]).toEqual(['RELAY_UNREACHABLE', 'self-signed certificate'])
  })
})
