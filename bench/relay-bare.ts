/**
 * The least that a relay can be: `ws`, a message to each of all connections, as it came. It reads nothing of it and keeps
 * nothing on a disk. A message that begins with KEEP is kept as the answer to ASK.
 */
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export const KEEP = 0xf0
export const ASK = 0xf1
/** The answer to KEEP. */
export const KEPT = 0xf2

export async function bareRelay(): Promise<void> {
  let kept = Buffer.alloc(0)
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, maxPayload: 1 << 30 })
  server.on('connection', (socket) => {
    socket.on('message', (message: Buffer) => {
      if (message[0] === KEEP) {
        kept = Buffer.from(message.subarray(1))
        socket.send(Buffer.of(KEPT))
      } else if (message[0] === ASK) socket.send(kept)
      else for (const client of server.clients) if (client.readyState === client.OPEN) client.send(message)
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  process.send?.({ ready: { url: `ws://127.0.0.1:${port}` } })
}
