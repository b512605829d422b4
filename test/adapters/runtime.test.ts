/** Runtime, in memory and on Node. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { runtimeConformance } from '../conformance/runtime.ts'

runtimeConformance('memory', () => {
  const runtime = memoryRuntime()
  return { runtime, advance: (ms) => runtime.advance(ms) }
})
runtimeConformance('node', () => {
  const runtime = nodeRuntime()
  return { runtime, advance: (ms) => runtime.sleep(ms) }
})

describe('memory runtime', () => {
  it('[P1] turning the clock lets who wakes act before later ones wake, and sleep again within the turn', async () => {
    const runtime = memoryRuntime({ startMs: 1_000 })
    const seen: number[] = []
    const ticking = (async () => {
      for (let tick = 0; tick < 3; tick++) {
        await runtime.sleep(10)
        seen.push(runtime.now())
      }
    })()
    void runtime.sleep(25).then(() => seen.push(-runtime.now()))
    await Promise.all([runtime.advance(15), runtime.advance(15)])
    await ticking
    expect(seen).toEqual([1_010, 1_020, -1_025, 1_030])
    expect(runtime.now()).toBe(1_030)
    expect(runtime.sleeping).toBe(0)
  })

  it('[P3] the same seed throws the same dice, another seed others', () => {
    const draw = (seed: number): Uint8Array => memoryRuntime({ seed }).random(32)
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('[P2] an aborted sleep leaves nothing behind', async () => {
    const runtime = memoryRuntime()
    const giveUp = new AbortController()
    const sleeping = runtime.sleep(10, { signal: giveUp.signal })
    expect(runtime.sleeping).toBe(1)
    giveUp.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    expect(runtime.sleeping).toBe(0)
  })

  it('[P4] the log is kept', () => {
    const runtime = memoryRuntime()
    runtime.log({ level: 'info', event: 'peer.resumed', queued: 3 })
    expect(runtime.entries).toEqual([{ level: 'info', event: 'peer.resumed', queued: 3 }])
  })
})

describe('node runtime', () => {
  it('[P4] each entry is one line of JSON with its time, whatever its fields are', () => {
    const lines: string[] = []
    const runtime = nodeRuntime({ log: (line) => lines.push(line) })
    const circle: { self?: unknown } = {}
    circle.self = circle
    runtime.log({ level: 'warn', event: 'test.said', text: 'two\nlines', cause: new Error('broken'), big: 1n })
    runtime.log({ level: 'info', event: 'test.circled', circle })
    expect(lines.map((line) => [line.includes('\n'), JSON.parse(line)])).toEqual([
      [
        false,
        {
          at: expect.stringMatching(/^\d{4}-/),
          level: 'warn',
          event: 'test.said',
          text: 'two\nlines',
          cause: 'broken',
          big: '1',
        },
      ],
      [false, { at: expect.any(String), level: 'info', event: 'test.circled', problem: 'its fields have no JSON' }],
    ])
  })
})
