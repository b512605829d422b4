/** Questions about claims as a client of a relay asks them, and a clock for that relay. */
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import type { TimedAnswer } from '../../src/claims/request.ts'
import type { Visit } from '../../src/relay/relay.ts'
import { PROJECT, type Visitor } from './relay-visitor.ts'

export const TASK = '4fq7k2m9x3'
export const CLAIMS: string = `${PROJECT}/claims`

export const holder = (by: string): object => ({ by, type: 'agent', workspace: 'w1' })

export function question(kind: string, params: object): string {
  return JSON.stringify({ method: `claims.${kind}`, params })
}

export function claim(by: string, more: object = {}): string {
  return question('claim', { request: `of ${by}`, tasks: [TASK], holder: holder(by), leaseMs: 60_000, ...more })
}

export function release(by: string): string {
  return question('release', { tasks: [[TASK, null]], holder: holder(by) })
}

export type Said = { readonly result?: TimedAnswer; readonly error?: { readonly code: string } }

export function answersOf(visitor: Visitor): readonly Said[] {
  const answers = visitor.all('answer').toSorted((a, b) => a.number - b.number)
  return answers.map(({ json }) => JSON.parse(json) as Said)
}

/** A clock that is set by hand, and may go on by some whenever it is looked at. */
export function jumping(): MemoryRuntime & { setByMs: number; costMs: number } {
  const runtime = memoryRuntime()
  return Object.assign(Object.create(runtime) as MemoryRuntime, {
    setByMs: 0,
    costMs: 0,
    now(this: { setByMs: number; readonly costMs: number }): number {
      this.setByMs += this.costMs
      return runtime.now() + this.setByMs
    },
  })
}

export function uids(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, at) => String(from + at).padStart(10, '0'))
}

export const visit: Visit = { project: PROJECT, token: null }
export const signal: AbortSignal = new AbortController().signal

/** What a client of the claims' room sees. */
export function shownTo(visitor: Visitor): object {
  return visitor.document().getMap('claims').toJSON()
}
