/** The relay that announced itself to this user: whether the process behind the note is really that relay, and what it says of itself. */
import { findRelay, type RelayRecord } from '../adapters/node/discovery.ts'
import type { Environment } from '../adapters/node/places.ts'
import { TaskError } from '../src/index.ts'
import { callPage } from './relay-pages.ts'

export interface RelayFacts {
  readonly pid: number
  readonly rooms: readonly { readonly project: string | null; readonly connections: number }[]
  readonly counters: Readonly<Record<string, number>>
}

export type Found =
  /** No note; or its process is gone, and another one has the number. */
  | { readonly phase: 'none' }
  | { readonly phase: 'running'; readonly record: RelayRecord; readonly facts: RelayFacts }
  /** It lives and takes connections, but nothing comes back. */
  | { readonly phase: 'silent'; readonly record: RelayRecord }

const ANSWER_MS = 5_000

export async function lookForRelay(env: Environment): Promise<Found> {
  const record = findRelay(env)
  if (record === undefined) return { phase: 'none' }
  const silence = AbortSignal.timeout(ANSWER_MS)
  try {
    const place = { http: record.http, token: record.secret }
    const facts = await callPage<RelayFacts>(place, 'GET', '/api/server', undefined, { signal: silence })
    return facts.pid === record.pid ? { phase: 'running', record, facts } : { phase: 'none' }
  } catch (cause) {
    if (silence.aborted) return { phase: 'silent', record }
    if (!(cause instanceof TaskError)) throw cause
    // It speaks TLS with a certificate for another name than this machine's: it is there, and tells nothing.
    if (record.http.startsWith('https:') && cause.details['listening'] === true)
      return { phase: 'running', record, facts: { pid: record.pid, rooms: [], counters: {} } }
    return { phase: 'none' }
  }
}
