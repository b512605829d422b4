/** The way from a workspace to its relay, as its settings say: live, by requests, or whichever works. */
import { pollingTransport } from '../adapters/http/polling.ts'
import { webSocketTransport } from '../adapters/websocket/client.ts'
import { withFallback, type FallbackOptions, type Runtime, type SyncMode, type Transport } from '../src/index.ts'

export interface RelayWay {
  /** `ws(s)://host:port`, without the path of a project. */
  readonly url: string
  /** Where its pages are. @default the same place */
  readonly http?: string
  readonly project: string
  /** null for none. */
  readonly token: string | null
  /** Certificates in PEM that are trusted beside those that Node trusts. */
  readonly ca?: string
  /** `manual` says when to connect, not how: as `live`. */
  readonly mode: SyncMode
  readonly runtime: Runtime
  readonly fallback?: FallbackOptions
}

export function relayTransport({ url, http, project, token, ca, mode, runtime, fallback }: RelayWay): Transport {
  const options = { ...(token === null ? {} : { token }), ...(ca === undefined ? {} : { ca }) }
  const base = url.replace(/^http/, 'ws').replace(/\/+$/, '')
  const poll = pollingTransport(http ?? base.replace(/^ws/, 'http'), project, runtime, options)
  if (mode === 'poll') return poll
  const live = webSocketTransport(`${base}/sync/${encodeURIComponent(project)}`, runtime, options)
  return withFallback(live, poll, runtime, fallback)
}
