/** One call on a page of a relay, with Node's own HTTP: commands do not load a WebSocket for it. */
import { isErrorCode, TaskError, taskErrorFrom } from '../src/index.ts'

export interface PagePlace {
  readonly http: string
  /** What people know it by. @default the address of its pages */
  readonly url?: string
  readonly token: string | undefined
}

export interface Page {
  readonly status: number
  readonly body: Buffer
}

export interface PageOptions {
  readonly signal?: AbortSignal
  /** How long it may be silent. @default 10 s */
  readonly answerMs?: number
}

const ANSWER_MS = 10_000

/** JSON both ways; throws what the relay says is wrong, and RELAY_UNREACHABLE or RELAY_DENIED. */
export async function callPage<Answer>(
  place: PagePlace,
  method: string,
  path: string,
  body?: object,
  options: PageOptions = {},
): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const page = await askPage(place, method, path, bytes, options)
  const answer = parsed(page.body) as { readonly error?: { readonly code?: unknown } }
  if (page.status >= 200 && page.status < 300) return answer as Answer
  throw errorIn(place, page, answer.error)
}

/** Bytes both ways. */
export async function postBytes(
  place: PagePlace,
  path: string,
  body: Uint8Array,
  options: PageOptions = {},
): Promise<Buffer> {
  const page = await askPage(place, 'POST', path, Buffer.from(body), options)
  if (page.status === 200) return page.body
  throw errorIn(place, page, (parsed(page.body) as { readonly error?: unknown }).error)
}

async function askPage(
  { http, token, url: shown = http }: PagePlace,
  method: string,
  path: string,
  body: Buffer | undefined,
  { signal, answerMs = ANSWER_MS }: PageOptions = {},
): Promise<Page> {
  const url = new URL(path, http)
  // Most commands ask nobody, and would load it with everything else.
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Length': String(body.byteLength) }),
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(
        signal?.aborted === true
          ? signal.reason
          : new TaskError(
              'RELAY_UNREACHABLE',
              { url: shown, reason: reasonOf(cause), ...whoIsThere(cause) },
              { cause },
            ),
      )
    const asked = request(url, { method, headers, ...(signal && { signal }) })
    asked.setTimeout(answerMs, () => asked.destroy(new Error('it does not answer')))
    asked.once('error', fail)
    asked.once('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', fail)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }))
    })
    asked.end(body)
  })
}

function parsed(body: Buffer): object {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // a page of something else
  }
}

function errorIn({ http, url = http }: PagePlace, { status }: Page, error: unknown): TaskError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (status === 401 || status === 403) {
    const details = typeof error === 'object' && error !== null && 'details' in error ? error.details : undefined
    const reason =
      typeof details === 'object' && details !== null && 'reason' in details ? String(details.reason) : `HTTP ${status}`
    return new TaskError('RELAY_DENIED', { url, reason, status })
  }
  if (isErrorCode(code)) return taskErrorFrom(error)
  return new TaskError('RELAY_UNREACHABLE', { url, reason: `it answers with HTTP ${status}` })
}

const CERTIFICATE = /CERT|SIGNATURE|ISSUER/

/** Nobody; or somebody who speaks TLS, and whom Node does not trust or who is called otherwise. */
function whoIsThere(cause: Error): { readonly listening?: boolean } {
  const code = codeOf(cause)
  if (code === 'ECONNREFUSED') return { listening: false }
  return CERTIFICATE.test(code) ? { listening: true } : {}
}

function codeOf(cause: Error): string {
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
}

function reasonOf(cause: Error): string {
  const code = codeOf(cause)
  if (code === 'ECONNREFUSED') return 'nobody listens there'
  if (code === 'ENOTFOUND') return 'there is no such host'
  if (code === 'EPROTO') return 'what listens there speaks no TLS'
  if (CERTIFICATE.test(code))
    return `its certificate is not trusted here (${cause.message}); one that is can be named in NODE_EXTRA_CA_CERTS`
  return cause.message === '' ? code : cause.message
}
