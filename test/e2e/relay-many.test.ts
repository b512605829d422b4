/** Many at once, and many one after another: everyone gets everything, and nothing of those who left stays. Longer: RELAY_ROOMS=10000. */
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { readRelayMessage, writeVector } from '../../src/sync/protocol.ts'
import { RelayClient } from './relay-client.ts'
import { bundleProgram, forgetPeak, memoryOf, openRelayPlace, until, within } from './relay-place.ts'
import { startProgram } from './program.ts'

const ROOMS = Number(process.env['RELAY_ROOMS'] ?? 4_000)
/** As long as it may take beside other tests. */
const TIMEOUT_MS = Math.max(60_000, ROOMS * 12)
const PROJECT = 'k3v9x0c2m4n6p8q1'

/** A project of some size: what it is as one update. */
async function fill(url: string, values: number): Promise<RelayClient> {
  const client = await RelayClient.join(url)
  client.doc.transact(() => {
    for (let index = 0; index < values; index++)
      client.values.set(`value-${index}`, `${index} ${'lorem ipsum '.repeat(20)}`)
  })
  expect((await client.barrier())?.status).toBe('committed')
  return client
}

interface Visit {
  /** What the relay said until nothing was missing. */
  readonly missing: Uint8Array
  leave(): void
}

/** A client as cheap as one can be: it asks what it lacks and keeps the answer as it came. */
function visit(url: string, vector: Uint8Array): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true })
    socket.once('error', reject)
    socket.once('close', (status: number) => reject(new Error(`closed with ${status}`)))
    socket.once('open', () => socket.send(writeVector(vector)))
    const parts: Uint8Array[] = []
    socket.on('message', (data: Buffer) => {
      const message = readRelayMessage(new Uint8Array(data))
      if (message?.kind === 'update' || message?.kind === 'missing') parts.push(message.update)
      if (message?.kind !== 'missing') return
      const [only = message.update] = parts
      resolve({ missing: parts.length > 1 ? Y.mergeUpdates(parts) : only, leave: () => socket.terminate() })
    })
  })
}

/** As many as there are, all at the same moment. */
async function storm(url: string, count: number, vector: Uint8Array): Promise<readonly Visit[]> {
  return within('everyone was told', Promise.all(Array.from({ length: count }, () => visit(url, vector))), 40_000)
}

describe('a relay of many', { timeout: TIMEOUT_MS }, () => {
  it('[G60] answers a thousand that come back at once, and two hundred empty beside two hundred that lack nothing, in bounded memory', async () => {
    await using place = await openRelayPlace()
    const relay = await place.start()
    const url = `${relay.url}/sync/${PROJECT}`
    const writer = await fill(url, 4_000)
    const [old, behind] = [Y.encodeStateAsUpdate(writer.doc), Y.encodeStateVector(writer.doc)]
    for (let index = 0; index < 50; index++) expect(await writer.write(`later-${index}`, index)).toBe(true)
    const whole = Y.encodeStateAsUpdate(writer.doc).length
    const { now: calm } = memoryOf(relay.pid)
    forgetPeak(relay.pid)

    const began = performance.now()
    const back = await storm(url, 1_000, behind)
    const ms = performance.now() - began
    const [first] = back
    for (const { missing } of back) expect(Buffer.compare(missing, first?.missing ?? new Uint8Array())).toBe(0)
    const one = new Y.Doc()
    for (const update of [old, first?.missing ?? new Uint8Array()]) Y.applyUpdate(one, update)
    expect(one.getMap('values').size).toBe(4_050)
    const afterBack = memoryOf(relay.pid)

    const [empty, upToDate] = await Promise.all([
      storm(url, 200, new Uint8Array([0])),
      storm(url, 200, Y.encodeStateVector(writer.doc)),
    ])
    for (const { missing } of upToDate) expect(missing.length).toBeLessThan(10)
    const all = new Y.Doc()
    Y.applyUpdate(all, empty[0]?.missing ?? new Uint8Array())
    expect(all.getMap('values').size).toBe(4_050)
    for (const { missing } of empty) expect(missing.length).toBe(empty[0]?.missing.length)
    // All of them are there still: one who writes is heard.
    expect(await writer.write('last', true)).toBe(true)
    const { peak } = memoryOf(relay.pid)
    process.stdout.write(
      `1,000 back in ${Math.round(ms)} ms; a project of ${Math.round(whole / 1024)} KiB; ${Math.round(calm)} MB, ` +
        `at most ${Math.round(afterBack.peak)} with them, ${Math.round(peak)} with 400 more\n`,
    )
    // 200 copies of the project alone would be more.
    expect(peak - calm).toBeLessThan(180)
    for (const one of [...back, ...empty, ...upToDate]) one.leave()
    await until('all have left', async () => (await connected(relay.http)) === 1)
  })

  it(`[G61] opens and closes ${ROOMS} projects, one after another, and keeps nothing of them`, async () => {
    await using place = await openRelayPlace()
    await using program = await bundleProgram('test/e2e/relay-rooms-child.ts')
    const child = startProgram(program.path, [place.data, String(ROOMS)], place.env)
    const told = JSON.parse(await within('all rooms', child.line(0), TIMEOUT_MS - 5_000)) as {
      readonly opened: number
      readonly heaps: readonly number[]
      readonly left: number
    }
    await child.ended
    const { heaps } = told
    process.stdout.write(
      `${told.opened} projects opened and closed; heap after each tenth: ${heaps.map((heap) => heap.toFixed(1)).join(', ')} MB\n`,
    )
    expect(told.opened).toBe(ROOMS)
    expect(told.left).toBe(0)
    // The first tenths warm up.
    expect((heaps.at(-1) ?? 0) - (heaps[2] ?? 0)).toBeLessThan(3)
  })
})

async function connected(http: string): Promise<number> {
  const { counters } = (await (await fetch(`${http}/api/server`)).json()) as { counters: { connected: number } }
  return counters.connected
}
