/** What every Runtime promises. `advance` turns its clock, by hand or by waiting. */
import { describe, expect, it } from 'vitest'
import type { Runtime } from '../../src/internal.ts'

export interface RuntimeUnderTest {
  readonly runtime: Runtime
  readonly advance: (ms: number) => Promise<void>
}

/** Real clocks count whole milliseconds and round them apart from their timers. */
const ROUNDING_MS = 2

export function runtimeConformance(name: string, open: () => RuntimeUnderTest): void {
  describe(`runtime: ${name}`, () => {
    it('[P1] a sleep ends when its time is over, not before', async () => {
      const { runtime, advance } = open()
      const began = runtime.now()
      let woken: number | undefined
      const sleeping = runtime.sleep(20).then(() => (woken = runtime.now()))
      await advance(1)
      expect(woken).toBeUndefined()
      await advance(40)
      await sleeping
      expect(woken).toBeGreaterThanOrEqual(began + 20 - ROUNDING_MS)
    })

    it('[P1] sleepers wake in the order of their times, equal times in the order of asking', async () => {
      const { runtime, advance } = open()
      const woken: string[] = []
      const sleeping = Promise.all([
        runtime.sleep(30).then(() => woken.push('30')),
        runtime.sleep(10).then(() => woken.push('10')),
        runtime.sleep(10).then(() => woken.push('10 again')),
        runtime.sleep(-5).then(() => woken.push('before now')),
      ])
      await advance(60)
      await sleeping
      expect(woken).toEqual(['before now', '10', '10 again', '30'])
    })

    it('[P1] a sleep longer than any timer is no short one', async () => {
      const { runtime, advance } = open()
      const giveUp = new AbortController()
      let isWoken = false
      const sleeping = Promise.allSettled(
        [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map((ms) =>
          runtime.sleep(ms, { signal: giveUp.signal }).then(() => (isWoken = true)),
        ),
      )
      await advance(20)
      expect(isWoken).toBe(false)
      giveUp.abort()
      await sleeping
    })

    it('[P2] an aborted sleep rejects with the reason of its signal, at once, also when it was aborted before', async () => {
      const { runtime } = open()
      const reason = new Error('enough')
      const giveUp = new AbortController()
      const sleeping = runtime.sleep(60_000, { signal: giveUp.signal })
      giveUp.abort(reason)
      await expect(sleeping).rejects.toBe(reason)
      await expect(runtime.sleep(60_000, { signal: giveUp.signal })).rejects.toBe(reason)
    })

    it('[P2] a signal aborted after the sleep changes nothing', async () => {
      const { runtime, advance } = open()
      const giveUp = new AbortController()
      const sleeping = runtime.sleep(1, { signal: giveUp.signal })
      await advance(10)
      await expect(sleeping).resolves.toBeUndefined()
      giveUp.abort()
    })

    it('[P3] random bytes are as many as asked for, and no two draws are alike', () => {
      const { runtime } = open()
      const draws = Array.from({ length: 100 }, () => runtime.random(16))
      expect(draws.every((draw) => draw.constructor === Uint8Array && draw.byteLength === 16)).toBe(true)
      expect(new Set(draws.map(String)).size).toBe(100)
      expect(new Set(runtime.random(10_000)).size).toBe(256)
      expect(runtime.random(0)).toEqual(new Uint8Array(0))
      expect(runtime.random(100_000).byteLength).toBe(100_000)
    })

    it('[P4] the log takes any fields', () => {
      const { runtime } = open()
      const circle: { self?: unknown } = {}
      circle.self = circle
      for (const field of [circle, 1n, new Error('broken'), undefined, new Uint8Array(9), () => 1]) {
        expect(() => runtime.log({ level: 'info', event: 'test.said', field })).not.toThrow()
      }
    })
  })
}
