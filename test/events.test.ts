/** Events: whoever listens hears everything, and cannot stop anyone else from hearing. */
import { describe, expect, it } from 'vitest'
import { createEmitter } from '../src/events.ts'
import type { LogEntry } from '../src/ports.ts'

interface Events {
  changed: { readonly n: number }
  closed: { readonly reason: string }
}

function emitter(): { readonly events: ReturnType<typeof createEmitter<Events>>; readonly logged: LogEntry[] } {
  const logged: LogEntry[] = []
  return { events: createEmitter<Events>((entry) => void logged.push(entry)), logged }
}

describe('an emitter', () => {
  it('[V1] tells every listener of that name, in the order they came', () => {
    const { events } = emitter()
    const heard: string[] = []
    events.on('changed', ({ n }) => heard.push(`first ${n}`))
    events.on('closed', ({ reason }) => heard.push(reason))
    events.on('changed', ({ n }) => heard.push(`second ${n}`))
    events.emit('changed', { n: 1 })
    events.emit('closed', { reason: 'done' })
    expect(heard).toEqual(['first 1', 'second 1', 'done'])
  })

  it('[V2] a listener that throws stops neither the others nor the emitter, and is logged', () => {
    const { events, logged } = emitter()
    const heard: number[] = []
    events.on('changed', () => {
      throw new Error('broken listener')
    })
    events.on('changed', ({ n }) => heard.push(n))
    events.emit('changed', { n: 1 })
    events.emit('changed', { n: 2 })
    expect(heard).toEqual([1, 2])
    expect(logged).toEqual(
      Array(2).fill({ level: 'error', event: 'listener.failed', name: 'changed', problem: 'Error: broken listener' }),
    )
  })

  it('[V3] a subscription ends when it is disposed of, once and for all; the same function twice is two subscriptions', () => {
    const { events } = emitter()
    let count = 0
    const listener = (): void => void count++
    const first = events.on('changed', listener)
    const second = events.on('changed', listener)
    events.emit('changed', { n: 1 })
    expect(count).toBe(2)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    events.emit('changed', { n: 2 })
    expect(count).toBe(3)
    second[Symbol.dispose]()
    events.emit('changed', { n: 3 })
    expect(count).toBe(3)
  })

  it('[V3] who subscribes or leaves while it is told counts from the next time on', () => {
    const { events } = emitter()
    const heard: string[] = []
    const late = { [Symbol.dispose]: (): void => undefined }
    events.on('changed', ({ n }) => {
      heard.push(`first ${n}`)
      last[Symbol.dispose]()
      if (n === 1)
        Object.assign(
          late,
          events.on('changed', (event) => heard.push(`new ${event.n}`)),
        )
    })
    const last = events.on('changed', ({ n }) => heard.push(`last ${n}`))
    events.emit('changed', { n: 1 })
    events.emit('changed', { n: 2 })
    expect(heard).toEqual(['first 1', 'last 1', 'first 2', 'new 2'])
  })
})
