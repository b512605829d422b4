/** What a process asks the arbiter of claims and is told, as lines of JSON: one before each asking, one behind its answer. */
import { isRequestKind, parseRequest, parseWait } from '../../src/claims/parse.ts'
import type { TimedAnswer } from '../../src/claims/request.ts'
import type { ClaimRecord } from '../support/claim-history.ts'
import { say } from './say.ts'

type Began = Pick<ClaimRecord, 'process' | 'asked' | 'request' | 'waitMs'> & { readonly asking: number }
type Ended = Pick<ClaimRecord, 'answered' | 'answer'> & { readonly ends: number }

let askings = 0

/** `name` says whose askings these are, and is its own in every process. */
export async function recorded(
  name: string,
  method: string,
  params: unknown,
  ask: () => Promise<string>,
): Promise<string> {
  const kind = method === 'claims.watch' ? 'list' : method.slice('claims.'.length)
  if (!method.startsWith('claims.') || !isRequestKind(kind)) return ask()
  const asking = ++askings
  const request = parseRequest(kind, params)
  const waitMs = parseWait((params as { readonly waitMs?: unknown }).waitMs)
  const began: Began = { asking, process: name, asked: now(), request, waitMs }
  say(JSON.stringify(began))
  const json = await ask()
  const answered = now()
  const { result } = JSON.parse(json) as { readonly result?: TimedAnswer | { readonly outcome: 'changed' } }
  // Only what changed since another list: that says nothing of what it does not name.
  if (result === undefined || result.outcome === 'changed') return json
  const ended: Ended = { ends: asking, answered, answer: result }
  say(JSON.stringify(ended))
  return json
}

/** What one process said, put together; an asking without an answer may have happened at any moment, or never. */
export function recordsIn(lines: readonly string[]): readonly ClaimRecord[] {
  const said = lines.map((line) => JSON.parse(line) as Partial<Began & Ended>)
  const ends = new Map(said.flatMap((line) => (line.ends === undefined ? [] : [[line.ends, line as Ended]])))
  return said.flatMap((line): readonly ClaimRecord[] => {
    if (line.asking === undefined) return []
    const { asking, ...began } = line as Began
    const { answered = null, answer = null } = ends.get(asking) ?? {}
    return [{ ...began, answered, answer }]
  })
}

/** Of the one clock that all processes of this machine share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
