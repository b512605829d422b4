/** Asking a relay by requests where it says no, says nothing, or is none: what the client is told, and that it lets go. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { pollingTransport, type PollingOptions } from '../../adapters/http/polling.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { TaskError, writeChanges, writeExchangeAnswer, type Connection, type Ending } from '../../src/internal.ts'
import { writeBarrier, writeUpdate, writeVector } from '../../src/sync/protocol.ts'
import { turns } from './polling-place.ts'
import { freePort, listening, until } from './websocket-place.ts'

const TOKEN = 'secret-token-12345'
const NOTHING = Uint8Array.of(0, 0)

interface Script extends AsyncDisposable {
  readonly url: string
  readonly runtime: ReturnType<typeof memoryRuntime>
  readonly requests: IncomingMessage[]
  /** Requests whose client let go. */
  readonly gone: () => number
  connect(options?: PollingOptions, signal?: AbortSignal): Promise<Connection>
}

/** A server that answers as it is told; the first request is let in as a relay does. */
async function script(
  answer: (request: IncomingMessage, response: ServerResponse, index: number) => void,
): Promise<Script> {
  const requests: IncomingMessage[] = []
  let gone = 0
  const server = createServer((request, response) => {
    const index = requests.push(request) - 1
    response.on('close', () => (gone += response.writableFinished ? 0 : 1))
    request.resume()
    answer(request, response, index)
  })
  const port = await listening(server, 0)
  const runtime = memoryRuntime()
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    runtime,
    requests,
    gone: () => gone,
    connect: (options = {}, signal) =>
      pollingTransport(url, 'project', runtime, { token: TOKEN, ...options }).connect(
        signal === undefined ? {} : { signal },
      ),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const letIn = writeChanges({ epoch: 'e', seq: 1, updates: undefined })
const exchanged = writeExchangeAnswer({
  status: 'committed',
  epoch: 'e',
  seq: 1,
  time: 1,
  vector: Uint8Array.of(0),
  missing: NOTHING,
})
const said = (code: string, details: object): string =>
  JSON.stringify({ error: { code, message: 'no', hint: 'h', details } })

async function failureOf(work: Promise<unknown>): Promise<TaskError> {
  const failure = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (failure instanceof TaskError) return failure
  throw new Error('it did not fail as it should')
}

describe('connecting by requests', () => {
  it.each([
    [401, said('RELAY_DENIED', { reason: 'this project needs a token' }), 'RELAY_DENIED', 'this project needs a token'],
    [403, '<html>no</html>', 'RELAY_DENIED', 'it answers with HTTP 403'],
    [404, said('PATH_NOT_FOUND', { path: '/api/sync/project' }), 'PATH_NOT_FOUND', undefined],
    [404, '<html>where?</html>', 'RELAY_UNREACHABLE', 'it answers with HTTP 404'],
    [413, said('TOO_LARGE', { field: 'x', size: 2, limit: 1 }), 'TOO_LARGE', undefined],
    [503, '', 'CONNECTION_CLOSED', 'it answers with HTTP 503'],
    [500, said('FAULT', { problem: 'x' }), 'RELAY_UNREACHABLE', 'it answers with HTTP 500'],
    [200, '<html>please log in</html>', 'RELAY_UNREACHABLE', 'what answers there is no relay'],
    [302, '', 'RELAY_UNREACHABLE', 'it answers with HTTP 302'],
  ])('[B32] HTTP %i with %s is %s', async (status, body, code, reason) => {
    await using server = await script((_, response) => response.writeHead(status).end(body))
    const failure = await failureOf(server.connect())
    expect([failure.code, failure.details['reason']]).toEqual([code, reason])
    expect(JSON.stringify([failure, failure.message, failure.stack])).not.toContain(TOKEN)
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
  })

  it('[B32] nobody there, an address that is none, a token that is none: said without showing either', async () => {
    const runtime = memoryRuntime()
    const port = await freePort()
    const at = (url: string, token = TOKEN): Promise<unknown> =>
      pollingTransport(url, 'p', runtime, { token }).connect()
    const nobody = await failureOf(at(`http://user:password@127.0.0.1:${port}`))
    expect([nobody.code, nobody.details['reason']]).toEqual(['RELAY_UNREACHABLE', 'nobody listens there'])
    const odd = [
      await failureOf(at('no address')),
      await failureOf(at('ws://127.0.0.1')),
      await failureOf(at('http://127.0.0.1', 'a\nb')),
    ]
    expect(odd.map(({ code }) => code)).toEqual(['INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT'])
    for (const failure of [nobody, ...odd])
      expect(JSON.stringify([failure, failure.stack])).not.toMatch(/password|secret|a\\nb/)
    await expect(
      pollingTransport(`http://127.0.0.1:${port}`, 'p', runtime).listen(() => undefined),
    ).rejects.toMatchObject({
      code: 'ADDRESS_UNUSABLE',
    })
  })

  it('[B32] it takes at most the time it is given, and a signal ends it', async () => {
    await using server = await script(() => undefined)
    const slow = failureOf(server.connect())
    await until(() => server.requests.length === 1)
    await server.runtime.advance(9_999)
    await server.runtime.advance(1)
    expect((await slow).details['reason']).toBe('no answer within 10000 ms')
    const stop = new AbortController()
    const stopped = server.connect({}, stop.signal).catch((cause: unknown) => cause)
    await until(() => server.requests.length === 2)
    stop.abort('enough')
    expect(await stopped).toBe('enough')
    await until(() => server.gone() === 2)
    expect(server.runtime.sleeping).toBe(0)
  })
})

describe('a connection by requests ends', () => {
  const endingAfter = async (status: number, body: string): Promise<Ending> => {
    await using server = await script((_, response, index) =>
      index === 0 ? response.end(letIn) : response.writeHead(status).end(body),
    )
    const connection = await server.connect()
    connection.send(writeVector(Uint8Array.of(0)))
    return await connection.closed
  }

  it.each([
    [401, said('RELAY_DENIED', { reason: 'revoked' }), { code: 'refused', reason: 'revoked', status: 4401 }],
    [403, '', { code: 'refused', reason: 'it answers with HTTP 403', status: 4401 }],
    [404, said('PATH_NOT_FOUND', { path: '/x' }), { code: 'refused', reason: 'there is nothing at /x', status: 4404 }],
    [400, said('FRAME_INVALID', { problem: 'odd' }), { code: 'refused', reason: 'odd', status: 4400 }],
    [
      413,
      said('TOO_LARGE', { field: 'it', size: 2, limit: 1 }),
      { code: 'refused', reason: 'it is too large: 2 of at most 1', status: 1009 },
    ],
    [503, said('CONNECTION_CLOSED', { reason: 'full' }), { code: 'closed', reason: 'full', status: 1013 }],
    [502, '', { code: 'lost', reason: 'it answers with HTTP 502' }],
    [200, 'half', { code: 'lost', reason: 'what answers there is no relay' }],
  ])('[B32] at HTTP %i with %s as the relay would end it', async (status, body, ending) => {
    expect(await endingAfter(status, body)).toEqual(ending)
  })

  it('[B32] when closed, and lets go of what waits; what is sent afterwards goes nowhere', async () => {
    await using server = await script((request, response, index) => {
      if (index === 0) response.end(letIn)
      else if (request.method === 'POST') response.end(exchanged)
    })
    const connection = await server.connect()
    connection.send(writeVector(Uint8Array.of(0)))
    connection.send(writeBarrier(1))
    await until(() => server.requests.length === 3)
    connection.close('done', 1001)
    connection.close('again')
    await until(() => server.gone() === 1)
    connection.send(writeUpdate(NOTHING))
    await turns(20)
    expect([await connection.closed, server.requests.length, server.runtime.sleeping, connection.waitingBytes]).toEqual(
      [{ code: 'closed', reason: 'done', status: 1001 }, 3, 0, 0],
    )
  })

  it('[B32] when the relay answers nothing for too long, or more than is taken', async () => {
    await using server = await script((_, response, index) => void (index === 0 && response.end(letIn)))
    const connection = await server.connect()
    connection.send(writeVector(Uint8Array.of(0)))
    await until(() => server.requests.length === 2)
    await server.runtime.advance(60_000)
    expect(await connection.closed).toEqual({ code: 'lost', reason: 'no answer within 60000 ms' })
    await using large = await script((_, response, index) => response.end(index === 0 ? letIn : Buffer.alloc(1_000)))
    const small = await large.connect({ maxAnswerBytes: 999 })
    small.send(writeVector(Uint8Array.of(0)))
    expect(await small.closed).toMatchObject({ status: 1009 })
  })

  it('[B30] a frame that is too large is refused where it is sent', async () => {
    await using server = await script((_, response) => response.end(letIn))
    const connection = await server.connect({ maxSentBytes: 10 })
    expect(() => connection.send(new Uint8Array(11))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    connection.close('done')
  })

  it('[B30] a connection that ended while it waited for its next request is replaced', async () => {
    await using server = await script((request, response, index) => {
      // The second request meets a socket that ends.
      if (index === 1) request.socket.resetAndDestroy()
      else if (index === 0) response.end(letIn)
      else if (request.method === 'POST') response.end(exchanged)
    })
    const connection = await server.connect()
    const frames: number[] = []
    connection.onFrame((frame) => frames.push(frame[1] ?? -1))
    connection.send(writeVector(Uint8Array.of(0)))
    await until(() => frames.length === 2)
    expect(frames).toEqual([0, 1])
    connection.close('done')
  })
})
