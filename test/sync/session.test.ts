/** One connection of a workspace, frame by frame, against a relay that is played by hand. */
import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../adapters/memory/transport.ts'
import { readPresences } from '../../src/sync/awareness.ts'
import {
  readClientMessage,
  writeMissing,
  writeSettled,
  writeUpdate,
  writeVector,
  type Message,
  type Settlement,
} from '../../src/sync/protocol.ts'
import { Session, type Missing, type SessionHost } from '../../src/sync/session.ts'
import { quiet } from '../support/relay-visitor.ts'

const bytes = (value: number): Uint8Array => Uint8Array.of(value)
const NONE = Uint8Array.of(0, 0)

/** `missing` is what the workspace answers a vector with, when it gets to it. */
async function begin(missing: () => Promise<Missing> | Missing = () => ({ update: bytes(1), written: 1 })) {
  const { ends } = memoryPair()
  const heard: Message[] = []
  ends[1].onFrame((frame) => {
    const message = readClientMessage(frame)
    if (message !== undefined) heard.push(message)
  })
  let clock = 0
  const told: { settled: string[]; updates: number[]; others: string[]; client: number; fails: boolean } = {
    settled: [],
    updates: [],
    others: [],
    client: 7,
    fails: false,
  }
  const host: SessionHost = {
    vector: async () => bytes(0),
    missing: async () => missing(),
    hear: async (updates) => {
      if (told.fails) throw new Error('disk full')
      told.updates.push(...updates.map((update) => update[0] ?? -1))
    },
    settled: ({ status, written }) => void told.settled.push(`${status} ${written}`),
    refused: () => undefined,
    metOthers: (states) => void (told.others = [...states]),
    presence: () => ({ client: told.client, state: '{}' }),
    nextPresenceClock: () => ++clock,
    name: 'secret',
  }
  const session = new Session(ends[0], host)
  await session.start()
  await quiet()
  const settle = async (number: number, status: Settlement = 'committed'): Promise<void> => {
    ends[1].send(writeSettled({ number, status, epoch: 'e', time: 1 }))
    await quiet()
  }
  const say = async (...frames: readonly Uint8Array[]): Promise<void> => {
    for (const frame of frames) ends[1].send(frame)
    await quiet()
  }
  const said = (): readonly string[] =>
    heard.splice(0).map((one) => ('number' in one ? `${one.kind} ${one.number}` : one.kind))
  return { session, relay: ends[1], told, settle, say, said, heard }
}

describe('a session', () => {
  it('[U2] it says who it is and what it has; everything is here and there when both have said so', async () => {
    const { session, settle, say, said } = await begin()
    expect(said()).toEqual(['question 1', 'vector', 'awareness'])
    await say(writeVector(bytes(0)))
    expect(said()).toEqual(['missing', 'barrier 1'])
    await settle(1)
    expect(session.isSynced).toBe(false)
    await say(writeMissing(NONE))
    expect(session.isSynced).toBe(true)
    await session.synced
  })

  it('[U11] one barrier at a time, and each counts only what was sent before it', async () => {
    const { session, told, settle, say, said } = await begin()
    await say(writeVector(bytes(0)), writeMissing(NONE))
    session.say(bytes(2), 2)
    session.say(bytes(3), 3)
    await settle(1)
    session.say(bytes(4), 4)
    await settle(2)
    expect(said().slice(3)).toEqual(['missing', 'barrier 1', 'update', 'update', 'barrier 2', 'update', 'barrier 3'])
    expect([told.settled, session.isSynced]).toEqual([['committed 1', 'committed 3'], false])
    await settle(3)
    expect([told.settled.at(-1), session.isSynced]).toEqual(['committed 4', true])
  })

  it('[U11] what is written while the relay is told what it lacks follows it', async () => {
    let answer: (missing: Missing) => void = () => undefined
    const { session, told, settle, say, said } = await begin(() => new Promise((resolve) => (answer = resolve)))
    session.say(bytes(1), 1)
    await say(writeMissing(NONE), writeVector(bytes(0)))
    session.say(bytes(2), 2)
    expect(session.isSynced).toBe(false)
    answer({ update: bytes(1), written: 1 })
    await quiet()
    expect(said().slice(3)).toEqual(['missing', 'barrier 1', 'update'])
    await settle(1)
    await settle(2)
    expect(told.settled).toEqual(['committed 1', 'committed 2'])
  })

  it('[U11] after something was not taken nothing is saved until a later offer is', async () => {
    let written = 1
    const { session, told, settle, say } = await begin(() => ({ update: bytes(1), written }))
    await say(writeVector(bytes(0)), writeMissing(NONE))
    await settle(1, 'refused')
    session.say(bytes(2), (written = 2))
    await settle(2)
    expect([told.settled, session.isSynced]).toEqual([['refused 1', 'refused 2'], false])
    await say(writeVector(bytes(0)))
    await settle(3)
    expect([told.settled.at(-1), session.isSynced]).toEqual(['committed 2', true])
  })

  it('[U11] what became of the writes before an offer says nothing of the offer', async () => {
    const { session, told, settle, say, said } = await begin(() => ({ update: bytes(1), written: 3 }))
    await say(writeVector(bytes(0)), writeMissing(NONE))
    session.say(bytes(4), 4)
    await say(writeVector(bytes(0)))
    expect(said().slice(3)).toEqual(['missing', 'barrier 1', 'update', 'barrier 2', 'missing', 'barrier 3'])
    await settle(1)
    await settle(2, 'refused')
    await settle(3)
    expect([told.settled, session.isSynced]).toEqual([['committed 3', 'refused 4', 'committed 4'], true])
  })

  it('[U12] a write after one that it has not heard of ends it', async () => {
    const { session, say, relay } = await begin()
    await say(writeVector(bytes(0)), writeMissing(NONE))
    session.say(bytes(2), 3)
    expect(await relay.closed).toMatchObject({ status: 1001 })
  })

  it('[U6] a message that cannot be read, or updates that cannot be kept, end it', async () => {
    const one = await begin()
    await one.say(Uint8Array.of(100))
    expect(await one.relay.closed).toMatchObject({ status: 4400 })
    const two = await begin()
    two.told.fails = true
    await two.say(writeUpdate(bytes(1)))
    expect(await two.session.ended).toEqual({ code: 'fault', reason: 'disk full' })
    expect(await two.relay.closed).toMatchObject({ status: 1011 })
  })

  it('[U13] a client that is not used any more is taken back with the next presence', async () => {
    const { session, told, heard } = await begin()
    told.client = 8
    session.sayPresence()
    await quiet()
    const said = heard.flatMap((one) => (one.kind === 'awareness' ? (readPresences(one.update, 9) ?? []) : []))
    expect(said).toEqual([
      { client: 7, clock: 1, state: '{}' },
      { client: 7, clock: 2, state: 'null' },
      { client: 8, clock: 2, state: '{}' },
    ])
  })

  it('[U10] its end answers every question and wait', async () => {
    const { session, relay } = await begin()
    const [question, trip] = [session.ask('{}'), session.roundTrip()]
    relay.close('gone', 1001)
    await expect(question).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(await trip).toBeUndefined()
    await expect(session.ask('{}')).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
  })
})
