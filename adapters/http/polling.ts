/** Transport to a relay by ordinary HTTP requests, for places where WebSockets are blocked. Decides nothing about trying again. */
import { Agent, type AgentOptions } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import {
  PolledConnection,
  readChanges,
  readExchangeAnswer,
  TaskError,
  writeExchangeRequest,
  type Changes,
  type Connection,
  type Known,
  type PolledOptions,
  type Requests,
  type Runtime,
  type Transport,
} from '../../src/internal.ts'
import { sendRequest, type Asked } from './polling-request.ts'

export interface PollingOptions extends PolledOptions {
  /** Travels as `Authorization: Bearer`; never part of an error or a log line. @default none */
  readonly token?: string
  /** Certificates in PEM that are trusted beside those that Node trusts. @default none */
  readonly ca?: string
  /** How long connecting may take. @default 10 s */
  readonly connectMs?: number
  /** How long an exchange or a question may take. @default 60 s */
  readonly requestMs?: number
  /** How long to wait for what is new; a relay answers sooner, also when nothing is. @default 40 s */
  readonly pollMs?: number
  /** Larger answers end the connection. @default 64 MiB */
  readonly maxAnswerBytes?: number
}

const MIB = 1024 * 1024
/** An exchange, what waits for news, and some questions, of which a claim may wait for a long time. */
const MOST_SOCKETS = 6

/** `url` is `http:` or `https:`, without a path of its own where the relay has none. Every `connect` is one attempt. */
export function pollingTransport(
  url: string,
  project: string,
  runtime: Runtime,
  options: PollingOptions = {},
): Transport {
  return {
    connect: ({ signal } = {}) => connectTo(url, project, runtime, options, signal),
    listen: () => Promise.reject(new TaskError('ADDRESS_UNUSABLE', { ...placeOf(url), reason: NO_DOOR })),
  }
}

const NO_DOOR = 'a relay listens there, not its client'

/** One request shows whether anyone is there, and lets this client in. */
async function connectTo(
  url: string,
  project: string,
  runtime: Runtime,
  options: PollingOptions,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  signal?.throwIfAborted()
  const place = syncPlaceOf(url, project)
  const agent = agentFor(place, options)
  try {
    const requests = requestsTo(place, agent, runtime, options)
    await requests.reach(signal ?? new AbortController().signal)
    const connection = new PolledConnection(requests, runtime, options)
    void connection.closed.then(() => agent.destroy())
    return connection
  } catch (cause) {
    agent.destroy()
    signal?.throwIfAborted()
    throw cause
  }
}

interface Reaching extends Requests {
  /** Throws where no relay is, or none that lets this client in. */
  reach(signal: AbortSignal): Promise<void>
}

function requestsTo(
  place: URL,
  agent: Agent,
  runtime: Runtime,
  { token, connectMs = 10_000, requestMs = 60_000, pollMs = 40_000, maxAnswerBytes = 64 * MIB }: PollingOptions,
): Reaching {
  const send = (asked: Omit<Asked, 'agent' | 'token' | 'maxAnswerBytes'>): Promise<Uint8Array> =>
    sendRequest({ ...asked, agent, maxAnswerBytes, ...(token === undefined ? {} : { token }) }, runtime)
  const changes = async (known: Partial<Known>, ms: number, signal: AbortSignal): Promise<Changes> => {
    const url = new URL(place)
    if (known.epoch !== undefined) url.searchParams.set('epoch', known.epoch)
    if (known.seq !== undefined) url.searchParams.set('since', String(known.seq))
    const answer = readChanges(await send({ method: 'GET', url, ms, signal }))
    return answer ?? unreadable(place)
  }
  return {
    // Who knows nothing yet is answered at once.
    reach: async (signal) => void (await changes({}, connectMs, signal)),
    changes: (known, signal) => changes(known, pollMs, signal),
    exchange: async (request, signal) => {
      const type = 'application/octet-stream'
      const body = writeExchangeRequest(request)
      const bytes = await send({ method: 'POST', url: place, body, type, ms: requestMs, signal })
      return readExchangeAnswer(bytes) ?? unreadable(place)
    },
    ask: async (json, signal) => {
      const url = new URL(`${place.href}/ask`)
      const body = new TextEncoder().encode(json)
      const bytes = await send({ method: 'POST', url, body, type: 'application/json', ms: requestMs, signal })
      return new TextDecoder().decode(bytes)
    },
  }
}

/** Someone answers there, and it is no relay: a page that asks for a login, for example. */
function unreadable(place: URL): never {
  throw new TaskError('RELAY_UNREACHABLE', { url: place.href, reason: 'what answers there is no relay' })
}

/** Without who asks: a name and a password in an address would stand in every error. */
function syncPlaceOf(url: string, project: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    const problem = `${base?.origin ?? 'what was given'} cannot be asked`
    throw new TaskError('INVALID_INPUT', { field: 'relay', problem, fix: 'write it like https://relay.example' })
  }
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/api/sync/${encodeURIComponent(project)}`)
}

function agentFor(place: URL, { token, ca }: PollingOptions): Agent {
  // Checked here: what Node throws shows what it was given.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    const fix = 'copy it again, without blanks and line ends'
    throw new TaskError('INVALID_INPUT', { field: 'token', problem: 'it has characters that no token has', fix })
  }
  const options: AgentOptions = { keepAlive: true, maxSockets: MOST_SOCKETS }
  if (place.protocol === 'http:') return new Agent(options)
  return new TlsAgent({ ...options, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) })
}

function placeOf(url: string): { readonly host: string; readonly port: string } {
  if (!URL.canParse(url)) return { host: 'no address', port: '' }
  const { hostname, port } = new URL(url)
  return { host: hostname, port }
}
