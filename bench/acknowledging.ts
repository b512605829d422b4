/**
 * What a relay's word costs: an update and its barrier until it is answered, beside what the disk alone takes for 100 bytes.
 * A few of each in turn: what others do to the disk meanwhile hits both.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { readRelayMessage, writeBarrier, writeMissing, writeUpdate, writeVector } from '../src/sync/protocol.ts'

export const BARRIERS = 1_000
const FEW = 10

/** In ms, without the first fifth of each. `path` is a file on the relay's disk. */
export async function acknowledgements(
  url: string,
  path: string,
): Promise<readonly [floors: readonly number[], answers: readonly number[]]> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  let settled: (number: number) => void = () => undefined
  socket.on('message', (data: Buffer) => {
    const message = readRelayMessage(data)
    if (message?.kind === 'settled') settled(message.number)
  })
  await new Promise((resolve) => socket.once('open', resolve))
  const doc = new Y.Doc()
  socket.send(writeVector(Y.encodeStateVector(doc)))
  socket.send(writeMissing(Y.encodeStateAsUpdate(doc)))
  doc.on('update', (update: Uint8Array) => socket.send(writeUpdate(update)))
  const file = openSync(path, 'w')
  const [floors, answers]: [number[], number[]] = [[], []]
  for (let index = 1; index <= BARRIERS; index++) {
    if (index % FEW === 0) floors.push(...Array.from({ length: FEW }, () => syncTime(file)))
    const began = performance.now()
    const done = new Promise((resolve) => (settled = resolve))
    doc.getMap('bench').set('status', `value ${index}`)
    socket.send(writeBarrier(index))
    await done
    answers.push(performance.now() - began)
    await sleep(1)
  }
  closeSync(file)
  socket.terminate()
  return [floors.slice(BARRIERS / 5), answers.slice(BARRIERS / 5)]
}

function syncTime(file: number): number {
  const began = performance.now()
  writeSync(file, new Uint8Array(100))
  fdatasyncSync(file)
  return performance.now() - began
}
