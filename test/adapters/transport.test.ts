/** Transport, in memory, over a socket and over a WebSocket. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryPair, memoryTransport } from '../../adapters/memory/transport.ts'
import { nodeRuntime } from '../../adapters/node/runtime.ts'
import { socketTransport } from '../../adapters/node/socket.ts'
import { webSocketTransport } from '../../adapters/websocket/client.ts'
import { maxFrameBytes, transportConformance } from '../conformance/transport.ts'
import { freePort, listenForWebSockets } from './websocket-place.ts'

transportConformance('memory', async () => {
  const transport = memoryTransport({ maxFrameBytes })
  return { transport: () => transport, carriesStatus: true, [Symbol.asyncDispose]: async () => undefined }
})
transportConformance('socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tide-socket-'))
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${folder.slice(-12)}` : join(folder, 'a.sock')
  return {
    transport: () => socketTransport(path, nodeRuntime(), { maxFrameBytes }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})
transportConformance('websocket', async () => {
  const port = await freePort()
  const options = { maxFrameBytes, maxSentBytes: maxFrameBytes }
  const transport = webSocketTransport(`ws://127.0.0.1:${port}/sync/project`, nodeRuntime(), options)
  return {
    transport: () => ({
      connect: (how) => transport.connect(how),
      listen: (accept) => listenForWebSockets(port, accept),
    }),
    unreachable: 'RELAY_UNREACHABLE',
    carriesStatus: true,
    [Symbol.asyncDispose]: async () => undefined,
  }
})

describe('memory transport by hand', () => {
  it('[P12] frames and ends wait in their direction until they are delivered', async () => {
    const { ends, directions } = memoryPair({ byHand: true })
    const heard: string[] = []
    ends[0].onFrame(([byte]) => heard.push(`caller ${byte}`))
    ends[1].onFrame(([byte]) => {
      heard.push(`listener ${byte}`)
      ends[1].send(Uint8Array.of((byte ?? 0) + 100))
    })
    for (const byte of [1, 2, 3]) ends[0].send(Uint8Array.of(byte))
    ends[0].close('done')
    expect([heard, directions[0].waiting]).toEqual([[], 4])
    expect([directions[0].deliver(2), heard, directions[1].waiting]).toEqual([2, ['listener 1', 'listener 2'], 0])
    expect([directions[0].deliver(), directions[0].waiting]).toEqual([2, 0])
    expect(await ends[1].closed).toEqual({ code: 'closed', reason: 'done' })
  })

  it('[P12] delivering all goes on until nothing is sent because of it', async () => {
    const transport = memoryTransport({ byHand: true })
    await transport.listen((connection) => {
      connection.onFrame(([byte = 0]) => byte > 0 && connection.send(Uint8Array.of(byte - 1)))
    })
    const caller = await transport.connect()
    caller.onFrame(([byte = 0]) => byte > 0 && caller.send(Uint8Array.of(byte - 1)))
    caller.send(Uint8Array.of(9))
    expect(transport.deliver()).toBe(10)
    expect(transport.directions.map(({ toward, waiting }) => [toward, waiting])).toEqual([
      ['listener', 0],
      ['caller', 0],
    ])
  })

  it('[P15] a broken connection loses what waits and is lost for both sides', async () => {
    const { ends, directions } = memoryPair({ byHand: true })
    const heard: Uint8Array[] = []
    ends[1].onFrame((frame) => heard.push(frame))
    ends[0].send(Uint8Array.of(1))
    directions[0].cut()
    expect([directions[0].deliver(), heard]).toEqual([0, []])
    const lost = { code: 'lost', reason: 'the connection broke' }
    expect(await Promise.all(ends.map((end) => end.closed))).toEqual([lost, lost])
  })
})
