/** Calls between processes against noise: thousands of odd frames, each with the code it must be answered with. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryPair } from '../../adapters/memory/transport.ts'
import { connectCalls } from '../../src/api/connect-calls.ts'
import { writeMessage } from '../../src/api/wire.ts'
import { TaskError } from '../../src/internal.ts'
import { answering, bare, codeOf, greeting, hello, never, serve, settled } from './wire-world.ts'

describe('noise', () => {
  const dice = memoryRuntime({ seed: 51 })
  const throwDie = (sides: number): number => {
    const [low = 0, high = 0] = dice.random(2)
    return (high * 256 + low) % sides
  }
  const pick = <T>(...options: readonly [T, ...T[]]): T => options[throwDie(options.length)] ?? options[0]
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const bad = (): unknown => pick<unknown>(null, true, -1, 1.5, 1e300, '', 'x', [], [{}], { id: 1 })

  /** What is sent, and the code that it must be answered with. */
  const kinds: Readonly<Record<string, () => readonly [Uint8Array, string]>> = {
    bytes: () => [Uint8Array.of(0xff, ...dice.random(throwDie(200))), 'FRAME_INVALID'],
    empty: () => [new Uint8Array(0), 'FRAME_INVALID'],
    cut: () => {
      const whole = text({ id: throwDie(9), method: 'tasks.list', params: { words: '\u{1f30a}' } })
      return [whole.subarray(0, throwDie(whole.byteLength - 1)), 'FRAME_INVALID']
    },
    flipped: () => {
      // An invalid byte somewhere inside the text: not UTF-8 wherever it falls.
      const whole = text({ id: 1, method: 'tasks.list', params: {} })
      whole[throwDie(whole.byteLength)] = 0xc0
      return [whole, 'FRAME_INVALID']
    },
    noObject: () => [
      text(pick<unknown>(null, 1, 'tasks.list', [], [{ id: 1, method: 'tasks.list' }])),
      'FRAME_INVALID',
    ],
    deep: () => [new TextEncoder().encode('['.repeat(20_000) + ']'.repeat(throwDie(2) * 20_000)), 'FRAME_INVALID'],
    id: () => [
      text({ id: pick<unknown>(null, -1, 1.5, 1e300, '1', [1], {}, true, 2 ** 53), method: 'tasks.list' }),
      'FRAME_INVALID',
    ],
    noMethod: () => [
      text({ id: throwDie(9), method: pick<unknown>(undefined, null, 1, ['tasks.list'], {}) }),
      'FRAME_INVALID',
    ],
    method: () => {
      const method = pick('', 'task', 'tasks.List', '__proto__', 'constructor', 'toString', 'x'.repeat(throwDie(9_000)))
      return [text({ id: throwDie(9), method, params: bad() }), 'METHOD_NOT_FOUND']
    },
    params: () => [
      text({ id: throwDie(9), method: 'tasks.list', params: pick<unknown>(null, 1, 'x', [], [{}], false) }),
      'FRAME_INVALID',
    ],
    actor: () => [
      text({ id: 1, method: 'tasks.list', actor: pick<unknown>(null, 1, {}, [], 'x'.repeat(201)) }),
      'FRAME_INVALID',
    ],
    until: () => [text({ id: 1, method: 'tasks.list', until: pick<unknown>('now', {}, [], true) }), 'FRAME_INVALID'],
    late: () => [text({ id: throwDie(9), method: 'tasks.list', until: throwDie(1_000) }), 'TIMED_OUT'],
    polluting: () => [
      new TextEncoder().encode(
        '{"id":1,"method":"task.get","params":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}',
      ),
      'good',
    ],
    large: () => [text({ id: 1, method: 'tasks.list', params: { words: 'x'.repeat(60_000) } }), 'FRAME_INVALID'],
    good: () => [text({ id: throwDie(1_000), method: 'tasks.list', params: { any: bad() } }), 'good'],
  }

  it('[P51] of 2,000 odd requests each is answered with its code, and the owner goes on', async () => {
    const line = serve(
      answering(() => ({ fine: true })),
      { maxRequestBytes: 50_000 },
    )
    const { send, heard } = bare(line)
    send(greeting)
    await settled()
    const names = Object.keys(kinds)
    const met = new Map<string, number>()
    for (let count = 0; count < 2_000; count++) {
      const name = names[throwDie(names.length)] ?? 'good'
      const [frame, expected] = kinds[name]?.() ?? [new Uint8Array(0), 'FRAME_INVALID']
      send(frame)
      await settled()
      const answer = heard.at(-1)
      expect([name, heard.length, codeOf(answer) ?? 'good']).toEqual([name, count + 2, expected])
      met.set(name, (met.get(name) ?? 0) + 1)
    }
    expect([...met.keys()].toSorted()).toEqual(names.toSorted())
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    // Faults would be in the log: noise is the sender's mistake, never ours.
    expect(line.runtime.entries).toEqual([])
  })

  it('[P51] 2,000 connections that begin with noise are each told once and closed', async () => {
    for (let count = 0; count < 2_000; count++) {
      const line = serve(answering(never))
      const { send, heard } = bare(line)
      const names = Object.keys(kinds)
      send(kinds[names[throwDie(names.length)] ?? 'bytes']?.()[0])
      expect((await line.ends[0].closed).code).toBe('closed')
      expect(heard.map(codeOf)).toEqual(['FRAME_INVALID'])
    }
  })

  it('[P51] a caller survives 2,000 owners that answer with noise', async () => {
    const codes = new Set<unknown>()
    for (let count = 0; count < 2_000; count++) {
      const { ends } = memoryPair()
      const names = Object.keys(kinds)
      let isFirst = throwDie(4) > 0
      ends[1].onFrame(() => {
        const noise = kinds[names[throwDie(names.length)] ?? 'bytes']?.()[0] ?? new Uint8Array(0)
        ends[1].send(isFirst ? writeMessage(greeting) : noise)
        isFirst = false
      })
      const outcome = await connectCalls(ends[0], hello, memoryRuntime())
        .then((caller) => caller.call('tasks.list', {}))
        .catch((error: unknown) => error)
      codes.add(outcome instanceof TaskError ? outcome.code : outcome)
    }
    expect([...codes]).toEqual(['FRAME_INVALID'])
  })
})
