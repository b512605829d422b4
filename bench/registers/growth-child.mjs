/**
 * One measurement in a process of its own; prints one JSON line.
 *
 *   growth-child.mjs grow <structure> <tasks> <edits> <file> [n]   make, edit, write its state; new client ids every n
 *   growth-child.mjs create <structure> <tasks> <file>         the same document with 1 KB bodies, not edited
 *   growth-child.mjs load <structure> <file>                   load a state and build what a reader needs (--expose-gc)
 */
import { readFileSync, writeFileSync } from 'node:fs'
import * as Y from 'yjs'
import { openFlat } from './baselines.mjs'
import { openLanes } from './lanes.mjs'
import { openJoinedLog, openLog } from './log.mjs'
import { FIELDS, pick, random, START_MS, STATUSES, taskFields, uidOf } from './workload.mjs'

const ACTORS = 20
const OPEN = { flat: openFlat, lanes: openLanes, joined: openJoinedLog, log: openLog }

const writersOf = (registers) =>
  Array.from({ length: ACTORS }, (_, i) =>
    registers.writer('actor' + String(i).padStart(3, '0'), 0xe0000000 + i * 7919),
  )

const createTasks = (registers, writers, tasks, options) => {
  for (let i = 0; i < tasks; i++) {
    const uid = uidOf(i)
    const edits = Object.entries(taskFields(i, options)).map(([field, value]) => ({ uid, field, value, base: [] }))
    registers.write(writers[i % writers.length], edits, START_MS + i)
  }
}

const edit = (registers, writer, uid, field, value, now) =>
  registers.write(writer, [{ uid, field, value, base: registers.alive(uid, field) }], now)

const structsOf = (doc) => [...doc.store.clients.values()].reduce((sum, structs) => sum + structs.length, 0)

/** As after a restart of one owner: a new client id that goes on with the same log. */
const nextClient = (writers, done, editsPerClient) => {
  const at = (done / editsPerClient) % ACTORS
  writers[at] = { ...writers[at], client: 0xd0000000 - done, clock: 0 }
}

const grow = (name, tasks, edits, file, editsPerClient = Infinity) => {
  const registers = OPEN[name](new Y.Doc())
  const writers = writersOf(registers)
  const out = { structure: name, tasks, edits }
  let start = performance.now()
  createTasks(registers, writers, tasks, {})
  out.createUs = ((performance.now() - start) * 1_000) / tasks
  out.bytesCreated = Y.encodeStateAsUpdate(registers.doc).length
  const r = random(7)
  start = performance.now()
  for (let i = 0; i < edits; i++) {
    const field = pick(r, FIELDS)
    const value = field === 'status' ? pick(r, STATUSES) : 'v' + i
    edit(registers, pick(r, writers), uidOf(Math.floor(r() * tasks)), field, value, START_MS + tasks + i * 1_000)
    if ((i + 1) % editsPerClient === 0) nextClient(writers, i + 1, editsPerClient)
    // The last tenth is the steady state.
    if (i === Math.floor(edits * 0.9)) out.lastTenthStart = performance.now()
  }
  const end = performance.now()
  out.editUs = ((end - start) * 1_000) / edits
  out.lastEditUs = ((end - out.lastTenthStart) * 1_000) / (edits * 0.1)
  delete out.lastTenthStart
  const state = Y.encodeStateAsUpdate(registers.doc)
  writeFileSync(file, state)
  out.bytes = state.length
  out.structs = structsOf(registers.doc)
  out.keys = registers.keyCount?.() ?? registers.doc.share.size
  // One status edit in the steady state: by the writer of the value, then over somebody else's value.
  const wire = []
  registers.doc.on('update', (update) => wire.push(update.length))
  const uid = uidOf(5)
  for (const [writer, value] of [
    [0, 'todo'],
    [0, 'doing'],
    [1, 'todo'],
    [0, 'doing'],
  ]) {
    edit(registers, writers[writer], uid, 'status', value, START_MS + tasks + edits * 1_000 + wire.length)
  }
  out.wireFirst = wire[2]
  out.wireOwn = wire[1]
  out.wireOther = wire[3]
  return out
}

/** The plain map row of the library benchmark: one map, `id/field` -> value, no stamps. */
const createPlain = (tasks) => {
  const doc = new Y.Doc()
  const map = doc.getMap('tasks')
  for (let first = 0; first < tasks; first += 1_000) {
    doc.transact(() => {
      for (let i = first; i < Math.min(tasks, first + 1_000); i++) {
        const fields = taskFields(i, { body: true })
        for (const field of Object.keys(fields)) map.set(fields.id + '/' + field, fields[field])
      }
    })
  }
  return doc
}

const create = (name, tasks, file) => {
  let doc
  const start = performance.now()
  if (name === 'plain') doc = createPlain(tasks)
  else {
    const registers = OPEN[name](new Y.Doc())
    createTasks(registers, writersOf(registers), tasks, { body: true })
    doc = registers.doc
  }
  const createUs = ((performance.now() - start) * 1_000) / tasks
  const state = Y.encodeStateAsUpdate(doc)
  writeFileSync(file, state)
  return { structure: name, tasks, createUs, bytes: state.length, structs: structsOf(doc) }
}

const heapMiB = () => {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

const load = (name, file) => {
  const before = heapMiB() // before the file is read: a buffer that lingers would be subtracted
  let state = readFileSync(file)
  const start = performance.now()
  const doc = new Y.Doc()
  const registers = name === 'plain' ? { map: doc.getMap('tasks') } : OPEN[name](doc)
  Y.applyUpdate(doc, state)
  if (name === 'plain') registers.map.forEach((value) => value)
  registers.readAll?.()
  const loadMs = performance.now() - start
  state = null
  const heap = heapMiB() - before
  globalThis.kept = registers // measured while it is alive
  return { structure: name, loadMs, heapMiB: heap, registers: registers.tableSize?.() ?? registers.map?.size }
}

const [job, name, ...rest] = process.argv.slice(2)
const result =
  job === 'grow'
    ? grow(name, Number(rest[0]), Number(rest[1]), rest[2], Number(rest[3] ?? Infinity))
    : job === 'create'
      ? create(name, Number(rest[0]), rest[1])
      : load(name, rest[0])
console.log(JSON.stringify(result))
