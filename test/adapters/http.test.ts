/** The relay's HTTP server with real sockets: routes, errors, limits, pages of browsers, ports and the end. */
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Route } from '../../adapters/http/exchange.ts'
import { openHttpServer, type HttpServer, type HttpServerOptions } from '../../adapters/http/server.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { webSocketTransport } from '../../adapters/websocket/client.ts'
import { webSocketDoor, type Accept } from '../../adapters/websocket/server.ts'
import { TaskError } from '../../src/internal.ts'

const routes: readonly Route[] = [
  { method: 'GET', path: '/api/tasks', handle: ({ query }) => ({ body: `tasks ${query.get('of') ?? ''}` }) },
  {
    method: 'POST',
    path: '/api/tasks',
    handle: ({ body, token }) => ({ status: 201, body: `${body.byteLength} bytes with ${token ?? 'no token'}` }),
  },
  { method: 'GET', path: '/api/tasks/:key', handle: ({ params }) => ({ body: params['key'] ?? '' }) },
  { method: 'DELETE', path: '/api/tasks/:key', handle: () => ({ status: 204 }) },
  {
    method: 'GET',
    path: '/denied',
    handle: () => {
      throw new TaskError('RELAY_DENIED', { url: 'here', reason: 'no token' })
    },
  },
  { method: 'GET', path: '/fault', handle: () => Promise.reject(new Error('broken inside')) },
  { method: 'GET', path: '/odd', handle: () => ({ headers: { 'X-Odd': 'a\nb' } }) },
]

function open(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const runtime = nodeRuntime()
  return openHttpServer({ host: '127.0.0.1', ports: [0], routes, runtime, welcome: { isLoopback: true }, ...options })
}

const at = (server: HttpServer, path: string): string => `http://127.0.0.1:${server.ports[0] ?? 0}${path}`

/** What a socket answers until it is closed. */
function rawAnswer(server: HttpServer, begin: string): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect(server.ports[0] ?? 0, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(begin)
  return {
    socket,
    answer: new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks).toString()))),
  }
}

describe('routes', () => {
  it.each([
    ['GET', '/api/tasks?of=me', 200, 'tasks me'],
    ['POST', '/api/tasks', 201, '5 bytes with secret'],
    ['GET', '/api/tasks/T-1%2F%C3%A9', 200, 'T-1/\u00e9'],
    ['DELETE', '/api/tasks/T-1', 204, ''],
    ['HEAD', '/api/tasks', 200, ''],
  ])('[B20] %s %s is answered with %i', async (method, path, status, text) => {
    await using server = await open()
    const headers = { Authorization: 'bearer secret' }
    const answer = await fetch(at(server, path), { method, headers, ...(method === 'POST' && { body: 'hello' }) })
    expect([answer.status, await answer.text()]).toEqual([status, text])
    const length = method === 'HEAD' ? 'tasks '.length : Buffer.byteLength(text)
    expect(Number(answer.headers.get('content-length'))).toBe(length)
  })

  it.each([
    ['GET', '/nothing', 404, 'PATH_NOT_FOUND', null],
    ['GET', '/api/tasks/', 404, 'PATH_NOT_FOUND', null],
    ['GET', '/api/tasks/%E0%A4', 404, 'PATH_NOT_FOUND', null],
    ['PUT', '/api/tasks/T-1', 405, 'VERB_NOT_ALLOWED', 'DELETE, GET, HEAD, OPTIONS'],
    ['GET', '/denied', 401, 'RELAY_DENIED', null],
    ['GET', '/fault', 500, 'FAULT', null],
    ['GET', '/odd', 500, 'FAULT', null],
  ])('[B21] %s %s fails with %i as JSON, and the server goes on', async (method, path, status, code, allow) => {
    const runtime = memoryRuntime()
    await using server = await open({ runtime })
    const answer = await fetch(at(server, path), { method })
    const body = (await answer.json()) as { error: Record<string, unknown> }
    expect([answer.status, answer.headers.get('allow'), body.error['code']]).toEqual([status, allow, code])
    expect(Object.keys(body.error)).toEqual(['code', 'message', 'hint', 'details'])
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
    expect(runtime.entries.map(({ event }) => event)).toEqual(code === 'FAULT' ? ['http.failed'] : [])
    expect((await fetch(at(server, '/api/tasks'))).status).toBe(200)
  })

  it('[B20] several requests go over one connection', async () => {
    await using server = await open()
    const get = (last: string): string => `GET /api/tasks HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`
    const { answer } = rawAnswer(server, get('') + get('') + get('Connection: close\r\n'))
    expect((await answer).match(/HTTP\/1\.1 200 OK/g)?.length).toBe(3)
  })
})

describe('limits', () => {
  it.each(['said', 'chunked'])('[B22] a body that is too long is refused with 413, its length %s', async (how) => {
    await using server = await open({ limits: { maxBodyBytes: 1_000 } })
    const long = Buffer.alloc(3_000_000)
    const post = (body: Buffer | ReadableStream): Promise<Response> =>
      fetch(at(server, '/api/tasks'), { method: 'POST', body, duplex: 'half' } as RequestInit)
    const answer = await post(how === 'said' ? long : new Blob([long]).stream())
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      'TOO_LARGE',
    ])
    expect((await post(Buffer.alloc(1_000))).status).toBe(201)
  })

  it.each([
    ['a connection that says nothing', '', 408],
    ['headers that come too slowly', 'GET /api/tasks HTTP/1.1\r\nHost: loc', 408],
    ['a body that comes too slowly', 'POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab', 408],
    ['headers that are too long', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a request without a host', 'GET /api/tasks HTTP/1.1\r\n\r\n', 400],
  ])('[B22] %s end their connection with a word', async (_, begin, status) => {
    await using server = await open({ limits: { headersMs: 100, requestMs: 200 } })
    const { answer } = rawAnswer(server, begin)
    expect(await answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect((await fetch(at(server, '/api/tasks'))).status).toBe(200)
  })
})

describe('answers in pieces', () => {
  it('[B23] pieces are sent as they come; who goes away is told by the signal', async () => {
    let gone: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (gone = resolve))
    const events: Route = {
      method: 'GET',
      path: '/events',
      handle: ({ signal }) => ({
        headers: { 'Content-Type': 'text/event-stream' },
        body: (async function* () {
          yield 'data: one\n\n'
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          gone()
          yield ''
        })(),
      }),
    }
    await using server = await open({ routes: [events] })
    const stop = new AbortController()
    const answer = await fetch(at(server, '/events'), { signal: stop.signal })
    const first = await answer.body?.getReader().read()
    expect(Buffer.from((first?.value as Uint8Array | undefined) ?? []).toString()).toBe('data: one\n\n')
    stop.abort()
    await ended
  })

  it('[B23] one that fails half way breaks off: it is never taken for whole', async () => {
    const half: Route = {
      method: 'GET',
      path: '/half',
      handle: () => ({
        body: (async function* () {
          yield 'half'
          await Promise.resolve()
          throw new Error('no more')
        })(),
      }),
    }
    await using server = await open({ routes: [half] })
    await expect(fetch(at(server, '/half')).then((answer) => answer.text())).rejects.toThrow('terminated')
  })
})

describe('ports and the end', () => {
  it('[B24] it listens at several ports and tells them; a taken one is named, and then it listens at none', async () => {
    await using server = await open({ ports: [0, 0] })
    expect(new Set(server.ports).size).toBe(2)
    for (const port of server.ports) expect((await fetch(`http://127.0.0.1:${port}/api/tasks`)).status).toBe(200)
    await using other = await open()
    const [free = 0] = other.ports
    await other[Symbol.asyncDispose]()
    const port = server.ports[1] ?? 0
    await expect(open({ ports: [free, port] })).rejects.toMatchObject({ code: 'PORT_TAKEN', details: { port } })
    await expect(fetch(`http://127.0.0.1:${free}/api/tasks`)).rejects.toThrow('fetch failed')
    await expect(open({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' })
  })

  it('[B25] closing lets a running request end, takes no other, and leaves no idle connection', async () => {
    let answer: () => void = () => undefined
    let isAsked: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const slow: Route = {
      method: 'GET',
      path: '/slow',
      handle: async () => {
        isAsked()
        await new Promise<void>((resolve) => (answer = resolve))
        return { body: 'done' }
      },
    }
    const server = await open({ routes: [slow, ...routes] })
    const idle = rawAnswer(server, 'GET /api/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => idle.socket.once('data', resolve))
    const running = fetch(at(server, '/slow')).then((given) => given.text())
    await asked
    const closed = server[Symbol.asyncDispose]()
    await idle.answer
    await expect(fetch(at(server, '/api/tasks'))).rejects.toThrow('fetch failed')
    answer()
    expect(await running).toBe('done')
    await Promise.all([closed, server[Symbol.asyncDispose]()])
  })

  it('[B25] it does not wait for ever: who hangs is told by the signal and cut off', async () => {
    const runtime = memoryRuntime()
    const told: string[] = []
    let isAsked: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const hanging: Route = {
      method: 'GET',
      path: '/hanging',
      handle: ({ signal, closing }) => {
        closing.addEventListener('abort', () => told.push('closing'))
        signal.addEventListener('abort', () => told.push('over'))
        isAsked()
        return new Promise(() => undefined)
      },
    }
    const server = await open({ runtime, routes: [hanging] })
    const running = fetch(at(server, '/hanging')).then(
      () => 'answered',
      () => 'cut off',
    )
    await asked
    const closed = server[Symbol.asyncDispose]()
    await runtime.advance(4_999)
    expect(told).toEqual(['closing'])
    await runtime.advance(1)
    await closed
    expect([await running, told]).toEqual(['cut off', ['closing', 'over']])
  })
})

describe('pages of browsers', () => {
  const page = 'http://localhost:3000'
  it('[B26] an origin that is let in may read the answers, also of errors; a preflight says what it may ask', async () => {
    await using server = await open()
    for (const path of ['/api/tasks', '/nothing']) {
      const answer = await fetch(at(server, path), { headers: { Origin: page } })
      expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([page, 'Origin'])
    }
    const headers = { Origin: page, 'Access-Control-Request-Method': 'POST' }
    const preflight = await fetch(at(server, '/api/tasks'), { method: 'OPTIONS', headers })
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD, OPTIONS, POST',
    ])
    const plain = await fetch(at(server, '/api/tasks/T-1'), { method: 'OPTIONS' })
    expect(plain.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS')
  })

  it.each([
    ['Host: localhost\r\nOrigin: https://evil.example', 403],
    ['Host: evil.example', 403],
    ['Host: localhost', 200],
  ])('[B26] %s is answered with %i', async (header, status) => {
    await using server = await open()
    const { answer } = rawAnswer(server, `GET /api/tasks HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`)
    const text = await answer
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text.toLowerCase()).not.toContain('access-control-allow-origin')
  })

  it('[B27] a door for WebSockets stands in it; closing the server leaves who came in alone', async () => {
    const runtime = nodeRuntime()
    const welcome = { isLoopback: true }
    const echo: Accept = (connection) => connection.onFrame((frame) => connection.send(frame))
    await using door = webSocketDoor({ runtime, welcome, places: { '/sync/': echo } })
    const server = await open({ upgrade: door.upgrade, limits: { headersMs: 100, requestMs: 100, idleMs: 1 } })
    const caller = await webSocketTransport(at(server, '/sync/project').replace('http', 'ws'), runtime).connect()
    await server[Symbol.asyncDispose]()
    const heard = new Promise((resolve) => caller.onFrame((frame) => resolve([...frame])))
    caller.send(Uint8Array.of(1, 2, 3))
    expect(await heard).toEqual([1, 2, 3])
  })

  it('[B27] what asks to become something else is handed over; without a taker it is an ordinary request', async () => {
    const upgrade = 'GET /api/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
    await using server = await open({ upgrade: (_, socket) => void socket.end('mine') })
    expect(await rawAnswer(server, upgrade).answer).toBe('mine')
    await using plain = await open({ limits: { idleMs: 1 } })
    expect(await rawAnswer(plain, upgrade).answer).toMatch(/^HTTP\/1\.1 200 /)
  })
})
