/** Clients of an older protocol than a relay asks for. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '../../adapters/memory/store.ts'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { memoryTransport } from '../../adapters/memory/transport.ts'
import { CLOSE, PROTOCOL_VERSION, Relay, Syncing, type Transport } from '../../src/internal.ts'
import { readRelayMessage, writeQuestion, writeVector } from '../../src/sync/protocol.ts'
import { memoryWorkspace, openProject } from '../support/project.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

async function openRelay(
  leastProtocol: number,
): Promise<{ readonly relay: Relay; readonly transport: Transport } & AsyncDisposable> {
  const store = await openMemoryStore(createMemoryDisk())
  const relay = await Relay.open({ runtime: memoryRuntime(), store, digest, place: 'here' }, { leastProtocol })
  const transport = memoryTransport()
  await transport.listen((connection) => relay.welcome(connection, { project: 'one-project', token: null }))
  return {
    relay,
    transport,
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

describe('a relay that asks for a newer protocol', () => {
  it('[U56] ends the connection of an older client with 4426, which stays away and says why', async () => {
    await using place = await openRelay(PROTOCOL_VERSION + 1)
    await using project = openProject({ ...memoryWorkspace(), isLive: true })
    await using syncing = await Syncing.start(project, place.transport, {
      url: 'ws://memory',
      presence: { workspace: 'one', actor: null },
    })
    await expect(syncing.settle()).rejects.toMatchObject({ code: 'RELAY_DENIED' })
    expect(syncing.report()).toMatchObject({ state: 'denied', reason: expect.stringContaining('version') })
    expect(syncing.state).toMatchObject({ phase: 'denied', status: CLOSE.tooOld })
  })

  it('[U56] answers without a connection that it does, and changes nothing', async () => {
    await using place = await openRelay(PROTOCOL_VERSION + 1)
    const visit = { project: 'one-project', token: null }
    const ask = async (protocol: object): Promise<unknown> =>
      JSON.parse(
        await place.relay.ask(
          visit,
          JSON.stringify({ method: 'connection.name', params: { name: 'a', ...protocol } }),
          new AbortController().signal,
        ),
      )
    expect(await ask({ protocol: PROTOCOL_VERSION })).toMatchObject({ error: { code: 'PROTOCOL_TOO_OLD' } })
    expect(await ask({})).toMatchObject({ error: { code: 'PROTOCOL_TOO_OLD' } })
    expect(await ask({ protocol: PROTOCOL_VERSION + 1 })).toEqual({ result: {} })
  })

  it('[U56] lets stock clients in, which say no version, and clients of a later one', async () => {
    await using place = await openRelay(PROTOCOL_VERSION)
    const connection = await place.transport.connect()
    const kinds: string[] = []
    const answered = new Promise<void>((resolve) =>
      connection.onFrame((frame) => {
        kinds.push(readRelayMessage(frame)?.kind ?? 'unreadable')
        if (kinds.includes('missing') && kinds.includes('answer')) resolve()
      }),
    )
    connection.send(writeVector(Uint8Array.of(0)))
    const params = { name: 'later', protocol: PROTOCOL_VERSION + 7 }
    connection.send(writeQuestion(1, JSON.stringify({ method: 'connection.name', params })))
    await answered
    expect(kinds.toSorted()).toEqual(['answer', 'missing', 'vector'])
    connection.close('done')
  })
})
