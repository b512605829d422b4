/** Owners and callers on one connection in memory, for tests of calls between processes. */
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryPair, type Direction } from '../../adapters/memory/transport.ts'
import { connectCalls, type ConnectOptions, type RemoteCaller } from '../../src/api/connect-calls.ts'
import { serveCalls, type ServeOptions } from '../../src/api/serve-calls.ts'
import { writeMessage, type Hello } from '../../src/api/wire.ts'
import type { Caller, Connection } from '../../src/internal.ts'

export const hello: Hello = { workspace: '/home/sara/shop', project: 'p-shop', version: '0.1.0' }

/** A caller of the method table that answers with whatever `answer` gives. */
export function answering(answer: (method: string, params: object, actor: string | undefined) => unknown): Caller {
  return { call: async (method, params, { actor } = {}) => (await answer(method, params, actor)) as never }
}

export interface Line {
  readonly runtime: MemoryRuntime
  readonly ends: readonly [Connection, Connection]
  readonly directions: readonly [Direction, Direction]
  readonly server: AsyncDisposable
}

export function serve(
  caller: Caller,
  options: ServeOptions & { readonly hello?: Hello; readonly byHand?: boolean } = {},
): Line {
  const runtime = memoryRuntime()
  const pair = memoryPair({ byHand: options.byHand ?? false })
  return { runtime, ...pair, server: serveCalls(pair.ends[1], caller, options.hello ?? hello, runtime, options) }
}

export async function connected(line: Line, options: ConnectOptions = {}): Promise<RemoteCaller> {
  return connectCalls(line.ends[0], hello, line.runtime, options)
}

/** A bare peer of an owner: what it is sent, as JSON. */
export function bare(line: Line): { readonly send: (value: unknown) => void; readonly heard: unknown[] } {
  const heard: unknown[] = []
  line.ends[0].onFrame((frame) => heard.push(JSON.parse(new TextDecoder().decode(frame))))
  return {
    heard,
    send: (value) => line.ends[0].send(value instanceof Uint8Array ? value : writeMessage(value as object)),
  }
}

export const greeting: Hello & { readonly tide: 1 } = { tide: 1, ...hello }
export const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
export const never = (): Promise<never> => new Promise(() => undefined)
export const codeOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value))?.error?.code
