/** Typed events: past-tense names, one object payload; a throwing listener stops neither the others nor the emitter. */
import { asTaskError } from './errors.ts'
import type { Runtime } from './ports.ts'

export interface Emitter<Events> {
  readonly on: <Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void) => Disposable
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void
}

export function createEmitter<Events>(log: Runtime['log']): Emitter<Events> {
  const listeners = new Map<keyof Events, Set<(event: never) => void>>()
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      // A wrapper, so that the same function subscribed twice is two subscriptions.
      const entry = (event: never): void => listener(event)
      set.add(entry)
      return { [Symbol.dispose]: () => void set.delete(entry) }
    },
    emit(name, event) {
      // A copy: who subscribes or leaves while it is told counts from the next time on.
      for (const listener of Array.from(listeners.get(name) ?? [])) {
        try {
          listener(event as never)
        } catch (cause) {
          log({
            level: 'error',
            event: 'listener.failed',
            name: String(name),
            problem: cause instanceof Error ? String(cause) : asTaskError(cause).message,
          })
        }
      }
    },
  }
}
