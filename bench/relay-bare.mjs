/**
 * The least that a relay can be: `ws`, a message to each of all connections, as it came. It reads nothing of it and keeps
 * nothing on a disk. A program of its own that loads nothing else, since its memory is measured too.
 *
 *   f0 …   kept as the answer to f1; answered with f2
 */
import { WebSocketServer } from 'ws'

let kept = Buffer.alloc(0)
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, maxPayload: 1 << 30 })
server.on('connection', (socket) => {
  socket.on('message', (message) => {
    if (message[0] === 0xf0) {
      kept = Buffer.from(message.subarray(1))
      socket.send(Buffer.of(0xf2))
    } else if (message[0] === 0xf1) socket.send(kept)
    else for (const client of server.clients) if (client.readyState === client.OPEN) client.send(message)
  })
})
server.once('listening', () => process.send?.({ ready: { url: `ws://127.0.0.1:${server.address().port}` } }))
