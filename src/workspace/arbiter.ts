/** Who decides about claims of a project: its relay, or its own store where it has none. Undefined is: nobody could be asked. */
import type { AskOptions } from '../claims/book.ts'
import { parseRequest, parseWait, type RequestKind } from '../claims/parse.ts'
import type { ClaimRequest, Holding, TimedAnswer } from '../claims/request.ts'
import { TaskError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { knowing } from './claim-state.ts'
import type { Project } from './project.ts'
import type { Relaying } from './relaying.ts'

/** The relay is not there, or was not until the end. Asked again under the same id it says what became of it. */
const AWAY = new Set<ErrorCode>(['RELAY_UNREACHABLE', 'CONNECTION_CLOSED', 'TIMED_OUT'])
/** The store of a project without a relay may be opened anew by who else works here. */
const MOST_BOOKS = 5

export async function askArbiter(
  project: Project,
  relaying: Relaying | undefined,
  kind: RequestKind,
  params: object,
  signal?: AbortSignal,
): Promise<TimedAnswer | undefined> {
  if (project.claims.scope === 'workspace') return askHere(project, kind, params, signal)
  if (relaying === undefined) return undefined
  try {
    const answer = (await relaying.ask(`claims.${kind}`, params)) as TimedAnswer
    project.clock.hear(answer.at)
    return answer
  } catch (cause) {
    if (cause instanceof TaskError && AWAY.has(cause.code)) return undefined
    throw cause
  }
}

async function askHere(
  project: Project,
  kind: RequestKind,
  params: object,
  signal: AbortSignal | undefined,
): Promise<TimedAnswer> {
  const request = parseRequest(kind, params)
  const waitMs = parseWait((params as { readonly waitMs?: unknown }).waitMs)
  const { answer, known } = await askBook(project, request, { waitMs, ...(signal && waitMs > 0 ? { signal } : {}) })
  if (project.claims.isBehind || (kind !== 'check' && kind !== 'verify' && kind !== 'list'))
    await project.claims.change((state) => knowing(state, known))
  return answer
}

/** By whatever book there is then. */
async function askBook(
  project: Project,
  request: ClaimRequest,
  options: AskOptions,
): Promise<{ readonly answer: TimedAnswer; readonly known: readonly Holding[] }> {
  for (let attempt = 1; ; attempt++) {
    const book = await project.claims.book()
    try {
      return { answer: await book.ask(request, options), known: book.holdings() }
    } catch (cause) {
      const isOld = cause instanceof TaskError && cause.code === 'CONNECTION_CLOSED' && attempt < MOST_BOOKS
      if (!isOld || options.signal?.aborted === true) throw cause
    }
  }
}
