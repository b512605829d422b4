/**
 * How Yjs treats a log: the facts the design leans on, and the costs it must avoid.
 *
 *   node bench/registers/yjs-facts.mjs
 */
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { encodeLogUpdate } from './log-update.mjs'

const CLIENT = 0xe0000000
const newLog = (runs) => {
  const doc = new Y.Doc()
  doc.clientID = CLIENT
  const array = doc.getArray('log/a')
  for (const entries of runs) array.push(entries)
  return { doc, array }
}
const shapeOf = (doc) =>
  doc.store.clients
    .get(CLIENT)
    .map((item) => (item.deleted ? '-' : '+') + item.length)
    .join(' ')
const numbered = (n) => Array.from({ length: n }, (_, i) => 'entry ' + i)
const reload = (doc) => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

// 1. Separate appends of one client become one struct.
{
  const { doc } = newLog(numbered(10).map((entry) => [entry]))
  assert.equal(shapeOf(doc), '+10')
}
// 2. A deletion inside a struct splits it; adjacent deleted entries are one run, in memory and after a reload.
{
  const { doc, array } = newLog([numbered(10)])
  array.delete(3)
  array.delete(6) // entry 7
  assert.equal(shapeOf(doc), '+3 -1 +3 -1 +2')
  array.delete(3, 3)
  assert.equal(shapeOf(doc), '+3 -5 +2')
  assert.equal(shapeOf(reload(doc)), '+3 -5 +2')
  assert.deepEqual(reload(doc).getArray('log/a').toArray(), array.toArray())
}
// 3. A map does not forget: an overwritten value stays as a struct of its own, its key with it.
{
  const doc = new Y.Doc()
  doc.clientID = CLIENT
  const map = doc.getMap('m')
  for (let i = 0; i < 10; i++) map.set('key' + (i % 2), i)
  assert.equal(shapeOf(doc), '-1 -1 -1 -1 -1 -1 -1 -1 +1 +1')
  map.delete('key0')
  assert.equal(reload(doc).getMap('m')._map.size, 2)
}
// 4. A deletion that comes before what it deletes is kept and applied later.
{
  const { doc, array } = newLog([['a']])
  const first = Y.encodeStateAsUpdate(doc)
  const later = []
  doc.on('update', (update) => later.push(update))
  array.push(['b'])
  array.delete(0)
  const copy = new Y.Doc()
  for (const update of [later[1], later[0], first]) Y.applyUpdate(copy, update)
  assert.deepEqual(copy.getArray('log/a').toArray(), ['b'])
}
console.log('facts hold')

const msOf = (body) => {
  const start = performance.now()
  body()
  return Math.round((performance.now() - start) * 100) / 100
}
const rows = []
// 5. An append copies the alive run before it (ContentAny.mergeWith concatenates).
for (const length of [1_000, 10_000, 100_000]) {
  const { doc, array } = newLog([numbered(length)])
  const plain = msOf(() => {
    for (let i = 0; i < 200; i++) array.push(['x'])
  })
  doc.clientID = CLIENT + 1
  array.push(['y'])
  const otherClient = msOf(() => {
    for (let i = 0; i < 200; i++) array.push(['x'])
  })
  rows.push({
    what: `append after ${length} alive entries`,
    'µs each': plain * 5,
    'with a new client id': otherClient * 5,
  })
}
// 6. Many unmerged updates loaded in one transaction: runs are joined pair by pair, from the right, and every
//    intermediate array lives until the end. 40,000 of them need more than 4 GB; embeds are not joined.
for (const embedFirst of [false, true]) {
  for (const count of [1_000, 4_000, 10_000]) {
    const doc = new Y.Doc()
    const updates = []
    for (let clock = 0; clock < count; clock++) {
      const tail = clock === 0 ? null : { client: CLIENT, clock: clock - 1 }
      const entries = ['entry ' + clock]
      updates.push(encodeLogUpdate({ client: CLIENT, clock, tail, root: 'log/a', entries, deletes: [], embedFirst }))
    }
    const eachMs = msOf(() => updates.forEach((update) => Y.applyUpdate(doc, update)))
    const copy = new Y.Doc()
    let heap = process.memoryUsage().heapUsed
    copy.on('afterTransactionCleanup', () => (heap = process.memoryUsage().heapUsed - heap))
    const onceMs = msOf(() => copy.transact(() => updates.forEach((update) => Y.applyUpdate(copy, update))))
    const form = embedFirst ? 'embeds' : 'joined'
    rows.push({
      what: `${count} appends, ${form}`,
      'a transaction each, ms': eachMs,
      'one transaction, ms': onceMs,
      'MiB then': Math.round(heap / 2 ** 20),
    })
  }
}
// 7. Y.Array finds an index by walking.
{
  const { doc, array } = newLog([numbered(20_000)])
  doc.transact(() => {
    for (let i = 0; i < 10_000; i++) array.delete(i)
  })
  const copy = reload(doc)
  const log = copy.getArray('log/a')
  rows.push({ what: 'first push into 20,000 runs', 'µs each': msOf(() => log.push(['x'])) * 1000 })
  rows.push({
    what: 'push into 20,000 runs',
    'µs each':
      msOf(() => {
        for (let i = 0; i < 200; i++) log.push(['x'])
      }) * 5,
  })
}
console.table(rows)
