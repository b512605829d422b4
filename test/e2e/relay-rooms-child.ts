/** Opens and closes the rooms of a relay in one process, whose heap it tells: `<data> <rooms>`. Real sockets, of the loopback. */
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as Y from 'yjs'
import { openRelay } from '../../bin/relay.ts'
import { writeBarrier, writeUpdate, writeVector } from '../../src/sync/protocol.ts'
import { clientFrame, serverFrames } from '../adapters/websocket-place.ts'
import { say } from './say.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const [, , data = '', rooms = '0'] = process.argv
const ROOMS = Number(rooms)
const AT_ONCE = 16
const WAIT_MS = 5
const BARRIER = writeBarrier(1)

const relay = await openRelay({ data, port: 0, httpPort: null, limits: { idleMs: 0 } })
const [port = 0] = relay.ports

const doc = new Y.Doc()
doc.getMap('values').set('key', 'value')
const ask = clientFrame(2, writeVector(Uint8Array.of(0)))
const write = clientFrame(2, writeUpdate(Y.encodeStateAsUpdate(doc)))
const settle = clientFrame(2, BARRIER)

/** Asks for everything; one in twenty writes. Gone once it was answered. */
function visit(number: number): Promise<void> {
  const head = [
    `GET /sync/project-${String(number).padStart(8, '0')} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ]
  const frames = number % 20 === 0 ? [ask, write, settle] : [ask, settle]
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), ...frames]))
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    const payloads = serverFrames(received.subarray(received.indexOf('\r\n\r\n') + 4)).map(({ payload }) => payload)
    if (payloads.some((payload) => payload.indexOf(BARRIER) === 0)) socket.destroy()
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => resolve())
  })
}

const heaps: number[] = []
let next = 0
const visits = async (end: number): Promise<void> => {
  while (next < end) await visit(next++)
}
for (let tenth = 1; tenth <= 10; tenth++) {
  const end = Math.round((ROOMS * tenth) / 10)
  await Promise.all(Array.from({ length: AT_ONCE }, () => visits(end)))
  while (relay.relay.rooms().length > 0) await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  collect()
  heaps.push(process.memoryUsage().heapUsed / 1024 / 1024)
}
const { roomsOpened } = relay.relay.counters
say(JSON.stringify({ opened: roomsOpened, heaps, left: relay.relay.rooms().length }))
await relay[Symbol.asyncDispose]()
