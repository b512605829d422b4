/** One request to a relay: its answer's bytes, or an error that says what a client must do. Shows nobody who asks. */
import { request as requestPlain, type Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { TaskError, taskErrorFrom, type Runtime } from '../../src/internal.ts'

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly agent: Agent
  readonly token?: string
  readonly body?: Uint8Array
  /** Of the body. */
  readonly type?: string
  /** The whole of it may take this long. */
  readonly ms: number
  readonly maxAnswerBytes: number
  readonly signal: AbortSignal
}

interface Answer {
  readonly status: number
  readonly bytes: Uint8Array
}

/** What is asked here may be asked twice: an exchange that was made changes nothing when it is made again. */
export async function sendRequest(asked: Asked, runtime: Runtime): Promise<Uint8Array> {
  asked.signal.throwIfAborted()
  const over = new AbortController()
  const stop = (): void => over.abort(asked.signal.reason)
  asked.signal.addEventListener('abort', stop, { once: true })
  runtime.sleep(asked.ms, { signal: over.signal }).then(
    () => over.abort(unreached(asked, `no answer within ${asked.ms} ms`)),
    () => undefined, // answered before
  )
  try {
    const { status, bytes } = await answerTo(asked, over.signal)
    if (status !== 200) throw refusalOf(asked, status, bytes)
    return bytes
  } catch (cause) {
    if (over.signal.aborted) throw over.signal.reason
    throw cause
  } finally {
    asked.signal.removeEventListener('abort', stop)
    over.abort()
  }
}

/** A connection that waited for its next request may end just as that is sent: then another one is taken. */
async function answerTo(asked: Asked, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    const request = open(asked, signal)
    try {
      return await answerOf(request, asked)
    } catch (cause) {
      if (signal.aborted || cause instanceof TaskError) throw cause
      const isStale = request.reusedSocket && codeOf(cause) === 'ECONNRESET'
      if (!isStale) throw unreached(asked, reasonOf(cause), cause)
    }
  }
}

function open({ method, url, agent, token, body, type }: Asked, signal: AbortSignal): ClientRequest {
  const send = url.protocol === 'https:' ? requestTls : requestPlain
  return send(url, {
    method,
    agent,
    signal,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': type ?? '', 'Content-Length': body.byteLength }),
    },
  }).end(body)
}

function answerOf(request: ClientRequest, { maxAnswerBytes }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response: IncomingMessage) => {
      const chunks: Uint8Array[] = []
      let size = 0
      response.on('data', (chunk: Uint8Array) => {
        size += chunk.byteLength
        chunks.push(chunk)
        if (size <= maxAnswerBytes) return
        request.destroy()
        reject(new TaskError('TOO_LARGE', { field: 'an answer of the relay', size, limit: maxAnswerBytes }))
      })
      response.once('error', reject)
      response.once('end', () => {
        if (response.complete) resolve({ status: response.statusCode ?? 0, bytes: joined(chunks, size) })
        else reject(new Error('the answer broke off'))
      })
    })
  })
}

/** Not the Buffer: its `slice` would share bytes. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** A relay says why as JSON; what else answers (a proxy, another program) has a number only. */
function refusalOf(asked: Asked, status: number, bytes: Uint8Array): TaskError {
  const said = errorIn(bytes)
  const reason = said?.details['reason']
  const words = typeof reason === 'string' ? reason : (said?.message ?? `it answers with HTTP ${status}`)
  switch (status) {
    case 401:
    case 403:
      return new TaskError('RELAY_DENIED', { url: shown(asked), reason: words })
    case 413:
      return said ?? new TaskError('TOO_LARGE', { field: 'an exchange', size: asked.body?.byteLength ?? 0, limit: '?' })
    case 400:
    case 404:
      return said ?? unreached(asked, words)
    case 503:
      return new TaskError('CONNECTION_CLOSED', { reason: words, executed: 'unknown' })
    default:
      return unreached(asked, words)
  }
}

function errorIn(bytes: Uint8Array): TaskError | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
    const error = taskErrorFrom(value.error)
    return error.code === 'FAULT' ? undefined : error
  } catch {
    return undefined // no JSON
  }
}

function unreached(asked: Asked, reason: string, cause?: unknown): TaskError {
  return new TaskError('RELAY_UNREACHABLE', { url: shown(asked), reason }, cause === undefined ? {} : { cause })
}

function shown({ url }: Asked): string {
  return `${url.origin}${url.pathname}`
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
}

/** Of several addresses that were tried there is a code and no message. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return REASONS[codeOf(cause)] ?? (message === '' ? codeOf(cause) : message)
}
