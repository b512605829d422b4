/**
 * Our relay as the harness of the peers wants it: `node relay-server.mjs <port> <folder>`, rooms at `/<room>`, on the disk.
 * `OURS_RELAY="node .bench/relay-server.mjs {port} {dir}"`; limits as they are by default.
 */
import { createHash } from 'node:crypto'
import { openHttpServer } from '../adapters/http/server.ts'
import { openLevelStore } from '../adapters/leveldb/store.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { webSocketDoor } from '../adapters/websocket/server.ts'
import { Relay } from '../src/index.ts'

const [port = '0', folder = '.bench/relay'] = process.argv.slice(2)
const runtime = nodeRuntime({ log: (line) => void process.stderr.write(`${line}\n`) })
const welcome = { isLoopback: true }
const relay = await Relay.open({
  runtime,
  store: await openLevelStore(`${folder}/store`),
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  place: folder,
})
const door = webSocketDoor({
  runtime,
  welcome,
  maxPayload: 256 * 1024 * 1024,
  maxSentBytes: 256 * 1024 * 1024,
  places: { '/': (connection, { project, token }) => relay.welcome(connection, { project, token }) },
})
await openHttpServer({
  host: '127.0.0.1',
  ports: [Number(port)],
  runtime,
  welcome,
  routes: [],
  upgrade: (request, socket, head) => door.upgrade(request, socket, head),
})
