/** The relay's pages: health, metrics, exchanges without a WebSocket, tokens. What they do is the relay's matter. */
import type { HttpAnswer, HttpRequest, Route } from '../adapters/http/exchange.ts'
import {
  parseProjectId,
  parseRights,
  readExchangeRequest,
  TaskError,
  writeChanges,
  writeExchangeAnswer,
  type Known,
  type Relay,
  type Runtime,
} from '../src/index.ts'
import { metricsText } from './relay-metrics.ts'
import { VERSION } from './version.ts'

/** How long a long poll waits before it says that nothing is new. */
const POLL_MS = 25_000

/** Each request is answered by the relay that there is then. */
export function relayRoutes(current: () => Relay, runtime: Runtime): readonly Route[] {
  const since = new Date(runtime.now()).toISOString()
  const visit = ({ params, token }: HttpRequest): { readonly project: string; readonly token: string | null } => ({
    project: params['project'] ?? '',
    token,
  })
  return [
    { method: 'GET', path: '/healthz', handle: () => json({ ok: true, version: VERSION }) },
    {
      method: 'GET',
      path: '/metrics',
      handle: ({ token }) => {
        assertAdmin(current(), token)
        return { headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }, body: metricsText(current()) }
      },
    },
    {
      method: 'GET',
      path: '/api/server',
      handle: ({ token }) => {
        assertAdmin(current(), token)
        const { counters, epoch } = current()
        // Who has no token is not told the names of projects: they open them.
        const rooms = current()
          .rooms()
          .map(({ project, connections }) => ({ project: token && project, connections }))
        return json({ schema: 1, version: VERSION, pid: process.pid, since, epoch, rooms, counters: counters.all() })
      },
    },
    {
      method: 'GET',
      path: '/api/access/:project',
      handle: (request) => json({ schema: 1, rights: current().rightsOf(visit(request)) }),
    },
    {
      method: 'POST',
      path: '/api/sync/:project',
      handle: async (request) => {
        const asked = readExchangeRequest(request.body)
        if (asked === undefined) throw new TaskError('FRAME_INVALID', { problem: 'the exchange cannot be read' })
        const body = writeExchangeAnswer(await current().exchange(visit(request), asked))
        return { headers: { 'Content-Type': 'application/octet-stream' }, body }
      },
    },
    {
      method: 'GET',
      path: '/api/sync/:project',
      handle: async (request) => {
        const over = new AbortController()
        const signal = AbortSignal.any([request.signal, request.closing, over.signal])
        void runtime.sleep(POLL_MS, { signal }).then(
          () => over.abort(),
          () => undefined, // answered before
        )
        try {
          const changes = await current().changes(visit(request), knownIn(request.query), signal)
          return { headers: { 'Content-Type': 'application/octet-stream' }, body: writeChanges(changes) }
        } finally {
          over.abort()
        }
      },
    },
    {
      method: 'POST',
      path: '/api/sync/:project/ask',
      handle: async (request) => ({
        headers: { 'Content-Type': 'application/json; charset=utf-8' },
        body: await current().ask(
          visit(request),
          new TextDecoder().decode(request.body),
          AbortSignal.any([request.signal, request.closing]),
        ),
      }),
    },
    {
      method: 'GET',
      path: '/api/tokens',
      handle: ({ token, query }) => {
        const project = projectOf(query.get('project'))
        assertAdminOf(current(), token, project)
        return json({ schema: 1, tokens: current().tokens.list(project) })
      },
    },
    {
      method: 'POST',
      path: '/api/tokens',
      handle: async ({ token, body }) => {
        const asked = objectIn(body)
        const project = projectOf(asked['project'])
        assertAdminOf(current(), token, project)
        const label = typeof asked['label'] === 'string' ? asked['label'] : ''
        return json(
          { schema: 1, token: await current().tokens.create(project, parseRights(asked['rights']), label) },
          201,
        )
      },
    },
    {
      method: 'DELETE',
      path: '/api/tokens/:id',
      handle: async ({ token, params, query }) => {
        const project = projectOf(query.get('project'))
        assertAdminOf(current(), token, project)
        return json({ schema: 1, revoked: await current().revoke(params['id'] ?? '', project) })
      },
    },
  ]
}

/** Of the relay itself. On this machine, where no token was ever made for all projects, everyone is. */
function assertAdmin(relay: Relay, token: string | null): void {
  if (relay.isAdmin(token)) return
  throw new TaskError('RELAY_DENIED', { url: 'this address', reason: 'this needs a token that opens every project' })
}

function assertAdminOf(relay: Relay, token: string | null, project: string): void {
  if (relay.rightsOf({ project, token }) === 'admin') return
  throw new TaskError('RELAY_DENIED', { url: 'this address', reason: 'this needs a token with admin rights' })
}

/** Up to where who asks has everything; undefined where it does not know. */
function knownIn(query: URLSearchParams): Known | undefined {
  const [epoch, seq] = [query.get('epoch'), Number(query.get('since') ?? Number.NaN)]
  return epoch !== null && Number.isSafeInteger(seq) ? { epoch, seq } : undefined
}

function projectOf(value: unknown): string {
  if (typeof value === 'string') return parseProjectId(value)
  throw new TaskError('INVALID_INPUT', { field: 'project', problem: 'it is missing', fix: 'name a project' })
}

function objectIn(body: Uint8Array): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as { readonly [name: string]: unknown }
  } catch {
    // told below, as any other body that is no object
  }
  throw new TaskError('INVALID_INPUT', { field: 'the request', problem: 'it is no JSON object', fix: 'send one' })
}

function json(value: unknown, status = 200): HttpAnswer {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: `${JSON.stringify(value)}\n` }
}
