/** The document against a flat Y.Map of the same tasks: load, heap, size; fresh, and after very many edits by twenty workspaces. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Y from 'yjs'
import type { ActorId, Uid } from '../src/ids.ts'
import { newActorId, newUid } from '../src/ids.ts'
import { openReplica, type Replica } from '../src/task/replica.ts'
import { shown } from '../src/task/registers.ts'
import type { Write } from '../src/task/registers.ts'
import type { Json } from '../src/task/types.ts'
import { advance, encodeUpdate, type Cursor } from '../src/task/update.ts'
import { planEntries } from '../src/workspace/plan.ts'
import { fixed, measuredChild, median, table } from './measure.ts'
import { dice, sampleTask } from './workload.ts'

const TASKS = 10_000
const EDITS = Number(process.env['BENCH_EDITS'] ?? 1_000_000)
const ACTORS = 20
const REPEATS = 3
/** Fields of the workload by the letters of the document. */
const FIELDS = ['t', 's', 'p', 'c', 'k', 'o', '.due', '.estimate', '.start', '.effort', '.milestone'] as const
const START = 1_767_225_600_000

export async function documentBench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  try {
    const ours = new Ours()
    const flat = new Flat()
    for (let index = 0; index < TASKS; index++) {
      const values = valuesOf(index)
      ours.create(index, values)
      flat.create(index, values)
    }
    const fresh = compare(dir, [
      ['ours', ours.encode()],
      ['flat map', flat.encode()],
    ])
    table(
      `document of ${TASKS} tasks with 1 KB bodies, just created`,
      ['', 'MB', 'x', 'load ms', 'x', 'heap MiB', 'x'],
      fresh,
    )
    const wire = median(
      Array.from({ length: 21 }, (_, index) => ours.edit(index, index * 7, 's', index % 2 === 0 ? 'doing' : 'todo')),
    )
    console.log(`\none status edit on the wire: ${wire} bytes`)
    const next = dice(11)
    for (let edit = 0; edit < EDITS; edit++) {
      const [actor, task, field] = [
        Math.floor(next() * ACTORS),
        Math.floor(next() * TASKS),
        FIELDS[Math.floor(next() * FIELDS.length)] ?? 's',
      ]
      const value = `v${edit % 97}`
      ours.edit(actor, task, field, value)
      flat.edit(task, field, value)
    }
    const grown = compare(dir, [
      ['ours', ours.encode()],
      ['flat map, stamps', flat.encode()],
    ])
    table(
      `the same after ${EDITS} edits by ${ACTORS} workspaces`,
      ['', 'MB', 'x', 'load ms', 'x', 'heap MiB', 'x'],
      grown,
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** One process: loads a state and reads two fields of every task. */
export async function loadDocument(model: string, file: string): Promise<void> {
  const state = readFileSync(file)
  const before = heap()
  const began = performance.now()
  let read = 0
  let held: unknown
  if (model === 'ours') {
    const replica = openReplica([state], () => undefined)
    for (const uid of replica.tasks.uids())
      for (const field of ['t', 's']) read += JSON.stringify(shown(replica.tasks.get(uid), field)).length
    held = replica
  } else {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, state)
    const map = doc.getMap<unknown>('tasks')
    for (const [key, value] of map) if (key.endsWith('/t') || key.endsWith('/s')) read += String(value).length
    held = doc
  }
  const loadMs = performance.now() - began
  console.log(JSON.stringify({ loadMs, heapMiB: (heap() - before) / 2 ** 20, read, kept: held === undefined ? 0 : 1 }))
}

function compare(
  dir: string,
  models: readonly (readonly [name: string, state: Uint8Array])[],
): readonly (readonly string[])[] {
  const files = models.map(([name, state]) => {
    const file = join(dir, name.replace(/\W/g, ''))
    writeFileSync(file, state)
    return file
  })
  const runs = models.map((): Readonly<Record<string, number>>[] => [])
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    models.forEach(([name], index) =>
      runs[index]?.push(
        measuredChild([process.argv[1] ?? '', '--load', name === 'ours' ? 'ours' : 'flat', files[index] ?? '']),
      ),
    )
  }
  const rows = models.map(([name, state], index) => ({
    name,
    size: state.length / 1e6,
    load: median((runs[index] ?? []).map((run) => run['loadMs'] ?? Number.NaN)),
    heap: median((runs[index] ?? []).map((run) => run['heapMiB'] ?? Number.NaN)),
  }))
  const base = rows.at(-1)
  return rows.map(({ name, size, load, heap: memory }) => [
    name,
    fixed(size),
    fixed(size / (base?.size ?? 1)),
    fixed(load, 0),
    fixed(load / (base?.load ?? 1)),
    fixed(memory, 1),
    fixed(memory / (base?.heap ?? 1)),
  ])
}

class Ours {
  readonly #replica: Replica = openReplica([], () => undefined)
  readonly #next = dice(5)
  readonly #uids: Uid[] = []
  readonly #cursors: Cursor[]
  #now = START

  constructor() {
    const random = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => Math.floor(this.#next() * 256))
    this.#cursors = Array.from({ length: ACTORS }, (_, index) => ({
      actor: newActorId(random) as ActorId,
      client: 1_000_000_000 + index,
      clock: 0,
      tail: null,
    }))
    for (let index = 0; index < TASKS; index++) this.#uids.push(newUid(random))
  }

  create(index: number, values: readonly (readonly [string, Json])[]): void {
    const uid = this.#uids[index]
    if (uid !== undefined)
      this.#write(
        0,
        values.map(([field, value]) => ({ uid, field, value })),
      )
  }

  /** Bytes of the update. */
  edit(actor: number, task: number, field: string, value: Json): number {
    const uid = this.#uids[task]
    return uid === undefined ? 0 : this.#write(actor % ACTORS, [{ uid, field, value }])
  }

  encode(): Uint8Array {
    return this.#replica.encode()
  }

  #write(actor: number, writes: readonly Write[]): number {
    const cursor = this.#cursors[actor]
    if (cursor === undefined) return 0
    this.#now += 1000
    const { entries, removes } = planEntries(this.#replica.tasks, writes, cursor, this.#now)
    const update = encodeUpdate(cursor, entries, removes)
    this.#replica.apply([update], 'bench')
    this.#cursors[actor] = advance(cursor, entries.length)
    return update.length
  }
}

/** What one would write first: a key per task and field, the last writer wins. */
class Flat {
  readonly #doc = new Y.Doc()
  readonly #map = this.#doc.getMap<unknown>('tasks')

  create(index: number, values: readonly (readonly [string, Json])[]): void {
    this.#doc.transact(() => {
      for (const [field, value] of values) this.#map.set(`${keyOf(index)}/${field}`, value)
    })
  }

  edit(task: number, field: string, value: Json): void {
    this.#map.set(`${keyOf(task)}/${field}`, [value, START])
  }

  encode(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc)
  }
}

function keyOf(index: number): string {
  return `t${String(index).padStart(9, '0')}`
}

function valuesOf(index: number): readonly (readonly [string, Json])[] {
  const {
    title,
    status = 'todo',
    priority = 'low',
    labels = [],
    assignees = [],
    body = '',
    fields = {},
  } = sampleTask(index)
  return [
    ['t', title],
    ['s', status],
    ['p', priority],
    ['c', START],
    ['k', index + 1],
    ['o', `a${index}`],
    ['b', body],
    ...labels.map((label): [string, Json] => [`l${label}`, true]),
    ...assignees.map((name): [string, Json] => [`a${name}`, true]),
    ...Object.entries(fields).map(([name, value]): [string, Json] => [`.${name}`, value]),
  ]
}

function heap(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
