/** Which handler answers a method and a path. Pure: no server, no request. */
import { TaskError } from '../../src/internal.ts'

export interface RoutePattern {
  readonly method: string
  /** Parts that begin with a colon fit any one part: `/api/tasks/:key/claim`. */
  readonly path: string
}

export interface Match<Found> {
  readonly route: Found
  readonly params: Readonly<Record<string, string>>
}

/** Throws where nothing is, and where something is that does not take this method. */
export function findRoute<Found extends RoutePattern>(
  routes: readonly Found[],
  method: string,
  path: string,
): Match<Found> {
  const there = matching(routes, path)
  const found = there.find(({ route }) => fits(route.method, method))
  if (found !== undefined) return found
  if (there.length === 0) throw new TaskError('PATH_NOT_FOUND', { path: path.slice(0, 200) })
  throw new TaskError('VERB_NOT_ALLOWED', { path: path.slice(0, 200), verb: method, allowed: allowedAt(routes, path) })
}

/** What a path takes, as in the header `Allow`; empty where nothing is. */
export function allowedAt(routes: readonly RoutePattern[], path: string): readonly string[] {
  const methods = matching(routes, path).map(({ route }) => route.method)
  if (methods.length === 0) return []
  return [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].toSorted()
}

function matching<Found extends RoutePattern>(routes: readonly Found[], path: string): readonly Match<Found>[] {
  return routes.flatMap((route) => {
    const params = paramsOf(route.path, path)
    return params === undefined ? [] : [{ route, params }]
  })
}

/** Who takes GET takes HEAD: the answer is made and its body left out. */
function fits(routeMethod: string, method: string): boolean {
  return routeMethod === method || (method === 'HEAD' && routeMethod === 'GET')
}

function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: [string, string][] = []
  for (const [index, part] of wanted.entries()) {
    const text = decoded(given[index] ?? '')
    if (text === undefined) return undefined
    if (!part.startsWith(':')) {
      if (part !== text) return undefined
    } else if (text === '') return undefined
    else params.push([part.slice(1), text])
  }
  return Object.fromEntries(params)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
