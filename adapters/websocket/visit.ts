/** What a request for a WebSocket says: where to, and with which token. Decides nothing about who may come in. */
import type { IncomingMessage } from 'node:http'
import { parseRoomName, TaskError } from '../../src/internal.ts'

export interface Visit {
  /** From the last part of the path, or from `?project=`, with the room of it behind a slash; empty where the place needs none and none was named. */
  readonly project: string
  readonly token: string | null
  /** The web page that asks; null for programs. */
  readonly origin: string | null
}

const SUBPROTOCOL = 'bearer.'

/** The place of a table that a request asks for, and the visit. Throws for a path that is none and for odd names. */
export function parseVisit<Place>(
  request: IncomingMessage,
  places: Readonly<Record<string, Place>>,
): { readonly place: Place; readonly visit: Visit } {
  const [path, query] = splitOnce(request.url ?? '', '?')
  const name = Object.keys(places).find((one) => (one.endsWith('/') ? path.startsWith(one) : path === one))
  const place = name === undefined ? undefined : places[name]
  if (name === undefined || place === undefined) throw new TaskError('PATH_NOT_FOUND', { path: path.slice(0, 200) })
  const named = name.endsWith('/') ? decoded(path.slice(name.length)) : new URLSearchParams(query).get('project')
  return {
    place,
    visit: {
      project: named === null ? '' : parseRoomName(named),
      token: tokenOf(request),
      origin: request.headers.origin ?? null,
    },
  }
}

/** Of those a client offers: the one with its token, else its first. */
export function chosenSubprotocol(offered: ReadonlySet<string>): string | false {
  const [first = false] = offered
  return [...offered].find((one) => one.startsWith(SUBPROTOCOL)) ?? first
}

/** Browsers cannot set headers on a WebSocket: they offer the token as a subprotocol. Never from the address: those are logged. */
function tokenOf({ headers }: IncomingMessage): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return bearer
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const token = offered.find((one) => one.startsWith(SUBPROTOCOL))?.slice(SUBPROTOCOL.length) ?? ''
  return token === '' ? null : token
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not percent-encoded text: no project has such a name.
    return text
  }
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
