/**
 * A process of clients, told over IPC what to do. Open loop: an update is due at a time that was set before, and its delay
 * counts from then, so a slow relay cannot hide behind a slow writer. All processes of a machine share this clock.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { Client, type Place } from './relay-wire.ts'
import { dice, sampleTask } from './workload.ts'

/** Update `index` is due at `beginsAt + (index - from) * everyMs`. */
export interface Schedule {
  readonly from: number
  readonly to: number
  readonly beginsAt: number
  readonly everyMs: number
}

/** The file holds a document of tasks, see `documentOf`. */
interface WithState {
  readonly place: Place
  readonly file: string
}

export interface Fresh {
  readonly answeredMs: number
  readonly syncedMs: number
  readonly wholeMs: number
  readonly tasksWhenSynced: number
}

const DIGITS = 7
const MARK = '@@S'

export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export function documentOf(tasks: number): Y.Doc {
  const doc = new Y.Doc()
  const all = doc.getMap<Y.Map<unknown>>('tasks')
  doc.transact(() => {
    for (let index = 0; index < tasks; index++) {
      const { fields, ...task } = sampleTask(index)
      all.set(`t${index}`, new Y.Map<unknown>(Object.entries({ ...task, ...fields })))
    }
  })
  return doc
}

class Clients {
  #clients: Client[] = []
  #writer: { readonly client: Client; readonly doc: Y.Doc } | undefined
  #schedule: Schedule | undefined
  #delays = new Float64Array(0)
  #heard = 0
  #lastAt = Number.NaN
  readonly #next = dice(99)

  /** Light clients that are up to date. */
  async join({ place, file, count }: WithState & { readonly count: number }): Promise<object> {
    const vector = Y.encodeStateVectorFromUpdate(readFileSync(file))
    for (let left = count; left > 0; left -= 25) {
      const some = Array.from({ length: Math.min(25, left) }, () => this.#light(place, vector))
      await Promise.all(some.map(({ ready }) => ready))
      this.#clients.push(...some)
    }
    return {}
  }

  async beginWriter({ place, file, seeds }: WithState & { readonly seeds: boolean }): Promise<object> {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, readFileSync(file))
    const client = new Client(place, { doc, seeds })
    await client.ready
    this.#writer = { client, doc }
    return {}
  }

  /** Settles when the room gives all of it to a new client. */
  async untilThere({ place, tasks }: { readonly place: Place; readonly tasks: number }): Promise<object> {
    for (;;) {
      const { tasksWhenSynced } = await this.fresh({ place, tasks: 0 })
      if (tasksWhenSynced >= tasks) return {}
      await sleep(100)
    }
  }

  async write({ from, to, beginsAt, everyMs }: Schedule): Promise<{ readonly lateMs: number }> {
    if (this.#writer === undefined) throw new Error('nobody writes')
    const tasks = [...this.#writer.doc.getMap<Y.Map<unknown>>('tasks').values()]
    for (let index = from; index < to;) {
      const due = beginsAt + (index - from) * everyMs
      const wait = due - now()
      if (wait > 1) await sleep(Math.min(wait, 20))
      else if (wait > 0) await new Promise(setImmediate)
      else {
        tasks[Math.floor(this.#next() * tasks.length)]?.set('status', markOf(index))
        index++
        // What is late comes in runs, but the socket must get its turn.
        if (index % 256 === 0) await new Promise(setImmediate)
      }
    }
    return { lateMs: now() - (beginsAt + (to - 1 - from) * everyMs) }
  }

  listen({ schedule, most }: { readonly schedule: Schedule; readonly most: number }): object {
    this.#schedule = schedule
    this.#delays = new Float64Array(most)
    this.#heard = 0
    return {}
  }

  heard(): { readonly count: number; readonly lastAt: number } {
    return { count: this.#heard, lastAt: this.#lastAt }
  }

  delays(): { readonly delays: Float64Array } {
    return { delays: this.#delays.slice(0, this.#heard) }
  }

  /** A client that has nothing, until it has these tasks. */
  async fresh({ place, tasks }: { readonly place: Place; readonly tasks: number }): Promise<Fresh> {
    const doc = new Y.Doc()
    const all = doc.getMap('tasks')
    const began = performance.now()
    const client = new Client(place, { doc })
    await client.ready
    const [syncedMs, tasksWhenSynced] = [performance.now() - began, all.size]
    while (all.size < tasks) await sleep(1)
    const wholeMs = performance.now() - began
    client.close()
    return { syncedMs, tasksWhenSynced, wholeMs, answeredMs: client.answeredAt - began }
  }

  /** Edits made without a connection, then one: it brings them all, the last with a mark. */
  async reconnect({
    place,
    file,
    edits,
    mark,
  }: WithState & { readonly edits: number; readonly mark: number }): Promise<{ readonly beganAt: number }> {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, readFileSync(file))
    const made: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => made.push(update))
    const tasks = [...doc.getMap<Y.Map<unknown>>('tasks').values()]
    for (let index = 1; index < edits; index++)
      tasks[Math.floor(this.#next() * tasks.length)]?.set('status', `edit ${index}`)
    // Under a name of its own: of what lost against another's nobody would hear.
    doc.getMap('marks').set(markOf(mark), markOf(mark))
    const beganAt = now()
    const client = new Client(place, { doc })
    this.#clients.push(client)
    await client.ready
    if (place.speech === 'bare') client.send(Y.mergeUpdates(made))
    return { beganAt }
  }

  /** Many who come at the same moment, until each was told that it has everything. */
  async storm({
    place,
    file,
    count,
    isFresh,
  }: WithState & { readonly count: number; readonly isFresh: boolean }): Promise<{ readonly bytes: number }> {
    const vector = isFresh ? undefined : Y.encodeStateVectorFromUpdate(readFileSync(file))
    const all = Array.from({ length: count }, () => new Client(place, { ...(vector && { vector }) }))
    await Promise.all(all.map(({ ready }) => ready))
    for (const client of all) client.close()
    return { bytes: all.reduce((sum, { bytesIn }) => sum + bytesIn, 0) }
  }

  leave(): object {
    for (const client of this.#clients.splice(0)) client.close()
    this.#writer?.client.close()
    this.#writer = undefined
    return {}
  }

  #light(place: Place, vector: Uint8Array): Client {
    return new Client(place, { vector, onUpdate: (frame) => this.#look(frame) })
  }

  /** Several updates may have become one. */
  #look(frame: Buffer): void {
    const schedule = this.#schedule
    if (schedule === undefined) return
    const at = now()
    for (let found = frame.indexOf(MARK); found >= 0; found = frame.indexOf(MARK, found + MARK.length)) {
      const index = Number(frame.toString('latin1', found + MARK.length, found + MARK.length + DIGITS))
      if (index < schedule.from || index >= schedule.to || this.#heard === this.#delays.length) continue
      this.#delays[this.#heard++] = at - (schedule.beginsAt + (index - schedule.from) * schedule.everyMs)
      this.#lastAt = at
    }
  }
}

export type Calls = Clients
export type Call = Exclude<keyof Calls, symbol>

export interface Asked {
  readonly id: number
  readonly call: Call
  readonly args: never
}

export function runClients(): Promise<void> {
  const clients = new Clients()
  process.on('message', (asked: Asked) => void answer(clients, asked))
  return new Promise((resolve) => process.once('disconnect', () => resolve(process.exit(0))))
}

async function answer(clients: Clients, { id, call, args }: Asked): Promise<void> {
  try {
    const result: unknown = clients[call](args)
    process.send?.({ id, result: await Promise.resolve(result) })
  } catch (cause) {
    process.send?.({ id, error: cause instanceof Error ? cause.message : String(cause) })
  }
}

function markOf(index: number): string {
  return MARK + String(index).padStart(DIGITS, '0')
}
