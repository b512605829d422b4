/**
 * Log writes made without the document: only ids are known (own client, next clock, the log's last item, what was seen).
 * Proves that they are what Yjs itself writes, byte for byte, and says what one costs.
 *
 *   node bench/registers/blind.mjs [edits=20000]
 */
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { formatEntry } from './log-entry.mjs'
import { encodeLogUpdate } from './log-update.mjs'
import { openLog } from './log.mjs'
import { FIELDS, pick, random, START_MS, uidOf } from './workload.mjs'

const edits = Number(process.argv[2] ?? 20_000)
const ROOT = 'log/actor000'

/** The same write through Yjs, in one transaction: append, then delete by index. Y.Array itself has no embeds. */
const writeThroughYjs = (doc, array, entries, deletes, embedFirst = false) => {
  const updates = []
  const collect = (update) => updates.push(update)
  doc.on('update', collect)
  doc.transact(() => {
    if (embedFirst) {
      appendEmbed(doc, array, entries[0])
      array.push(entries.slice(1))
    } else array.push(entries)
    for (const id of deletes) array.delete(indexOf(array, id), 1)
  })
  doc.off('update', collect)
  return updates
}

const appendEmbed = (doc, array, entry) =>
  doc.transact((transaction) => {
    let left = array._start
    while (left?.right) left = left.right
    const id = Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID))
    const content = new Y.ContentEmbed(entry)
    new Y.Item(id, left, left && left.lastId, null, null, array, null, content).integrate(transaction, 0)
  })

const indexOf = (array, { client, clock }) => {
  let index = 0
  for (let item = array._start; item !== null; item = item.right) {
    if (item.deleted) continue
    if (item.id.client === client && clock >= item.id.clock && clock < item.id.clock + item.length) {
      return index + clock - item.id.clock
    }
    index += item.length
  }
  throw new Error(`no entry ${client}:${clock}`)
}

/** Random writes by three writers of one log, as after restarts; every update must equal the one Yjs makes. */
const prove = (seed, count, embedFirst) => {
  const r = random(seed)
  const throughYjs = new Y.Doc()
  const array = throughYjs.getArray(ROOT)
  const blind = new Y.Doc()
  const clocks = new Map()
  let tail = null
  const alive = new Map() // register -> id: all that the blind writer knows
  for (let i = 0; i < count; i++) {
    const client = 0xe0000000 + Math.floor((i / count) * 3) * 7919
    const clock = clocks.get(client) ?? 0
    const entries = []
    const deletes = []
    const fields = FIELDS.slice(0, 1 + Math.floor(r() * 4))
    const uid = uidOf(Math.floor(r() * 40))
    for (const field of fields) {
      const old = alive.get(uid + field)
      if (old !== undefined) deletes.push(old)
      alive.set(uid + field, { client, clock: clock + entries.length })
      entries.push(formatEntry(uid, field, START_MS + i, pick(r, ['todo', 'doing', i, { a: [i] }, null, 'ü😀'])))
    }
    const update = encodeLogUpdate({ client, clock, tail, root: ROOT, entries, deletes, embedFirst })
    throughYjs.clientID = client
    const [expected, ...more] = writeThroughYjs(throughYjs, array, entries, deletes, embedFirst)
    assert.equal(more.length, 0)
    assert.deepEqual(Buffer.from(update), Buffer.from(expected))
    Y.applyUpdate(blind, update)
    clocks.set(client, clock + entries.length)
    tail = { client, clock: clock + entries.length - 1 }
  }
  assert.deepEqual(Y.encodeStateAsUpdate(blind), Y.encodeStateAsUpdate(throughYjs))
  assert.deepEqual(blind.getArray(ROOT).toArray(), array.toArray())
  assert.equal(blind.store.pendingStructs, null)
  assert.equal(blind.store.pendingDs, null)
}

const time = (label, count, body) => {
  const start = performance.now()
  for (let i = 0; i < count; i++) body(i)
  return { label, 'µs/edit': Math.round(((performance.now() - start) * 100_000) / count) / 100 }
}

for (let seed = 1; seed <= 20; seed++) prove(seed, 300, seed % 2 === 0)
console.log('6,000 hand-made updates are byte for byte those of Yjs; states equal')

/** A log of 6,000 alive values among superseded ones: what one of 20 actors has after a long time. */
const steadyState = () => {
  const doc = new Y.Doc()
  const registers = openLog(doc)
  const writer = registers.writer('actor000', 0xe0000000)
  const r = random(3)
  for (let i = 0; i < 30_000; i++) {
    const [uid, field] = [uidOf(Math.floor(r() * 500)), pick(r, FIELDS)]
    registers.write(writer, [{ uid, field, value: 'v' + i, base: registers.alive(uid, field) }], START_MS + i)
  }
  return { registers, writer, r }
}

const rows = []
{
  const { writer, r } = steadyState()
  let clock = writer.clock
  let bytes = 0
  rows.push(
    time('encode only, no document', edits, (i) => {
      const entries = [formatEntry(uidOf(Math.floor(r() * 500)), 'status', START_MS + i, 'doing')]
      const deletes = [{ client: writer.client, clock: clock - 1 - Math.floor(r() * 10_000) }]
      const tail = { client: writer.client, clock: clock - 1 }
      bytes += encodeLogUpdate({ client: writer.client, clock, tail, root: ROOT, entries, deletes }).length
      clock++
    }),
  )
  rows[0].bytes = Math.round(bytes / edits)
}
{
  const { registers, writer, r } = steadyState()
  rows.push(
    time('encode, apply, keep the table', edits, (i) => {
      const [uid, field] = [uidOf(Math.floor(r() * 500)), pick(r, FIELDS)]
      registers.write(
        writer,
        [{ uid, field, value: 'w' + i, base: registers.alive(uid, field) }],
        START_MS + 50_000 + i,
      )
    }),
  )
}
{
  const { registers, writer } = steadyState()
  const array = registers.doc.getArray(ROOT)
  registers.doc.clientID = writer.client
  const r = random(5)
  const few = Math.min(edits, 2_000)
  rows.push(
    time('Y.Array: push, delete(index)', few, (i) => {
      const [uid, field] = [uidOf(Math.floor(r() * 500)), pick(r, FIELDS)]
      const [old] = registers.alive(uid, field)
      writeThroughYjs(registers.doc, array, [formatEntry(uid, field, START_MS + 50_000 + i, 'w' + i)], old ? [old] : [])
    }),
  )
}
console.table(rows)
