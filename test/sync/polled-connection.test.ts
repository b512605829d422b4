/** A connection whose frames travel in requests, without any: what is asked in which order, and what is handed over. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { memoryRuntime, type MemoryRuntime } from '../../adapters/memory/runtime.ts'
import type { Changes, ExchangeAnswer, ExchangeRequest, Known } from '../../src/sync/exchange.ts'
import { PolledConnection } from '../../src/sync/polled-connection.ts'
import {
  readRelayMessage,
  writeAwareness,
  writeBarrier,
  writeQuestion,
  writeUpdate,
  writeVector,
  type Message,
} from '../../src/sync/protocol.ts'

const EMPTY = Uint8Array.of(0)
const NOTHING = Uint8Array.of(0, 0)
const usual: ExchangeAnswer = { status: 'committed', epoch: 'e', seq: 1, time: 5, vector: EMPTY, missing: NOTHING }

interface Waiting<Given, Answer> {
  readonly given: Given
  readonly answer: (answer: Answer) => void
}

interface Line {
  readonly connection: PolledConnection
  readonly runtime: MemoryRuntime
  /** Asked and not answered yet, oldest first. */
  readonly exchanges: Waiting<ExchangeRequest, ExchangeAnswer>[]
  readonly polls: Waiting<Known, Changes>[]
  readonly questions: Waiting<string, string>[]
  readonly heard: Message[]
  /** Answers the oldest exchange, and lets what follows happen. */
  exchange(answer?: Partial<ExchangeAnswer>): Promise<void>
  poll(answer: Partial<Changes>): Promise<void>
}

function line(): Line {
  const runtime = memoryRuntime()
  const [exchanges, polls, questions]: [Line['exchanges'], Line['polls'], Line['questions']] = [[], [], []]
  const waits = <Given, Answer>(list: Waiting<Given, Answer>[], given: Given): Promise<Answer> =>
    new Promise((answer) => list.push({ given, answer }))
  const connection = new PolledConnection(
    {
      exchange: (request) => waits(exchanges, request),
      changes: (known) => waits(polls, known),
      ask: (json) => waits(questions, json),
    },
    runtime,
  )
  const heard: Message[] = []
  connection.onFrame((frame) => {
    const message = readRelayMessage(frame)
    if (message !== undefined) heard.push(message)
  })
  return {
    connection,
    runtime,
    exchanges,
    polls,
    questions,
    heard,
    exchange: async (answer = {}) => {
      exchanges.shift()?.answer({ ...usual, ...answer })
      await runtime.advance(0)
    },
    poll: async (answer) => {
      polls.shift()?.answer({ epoch: 'e', seq: 1, updates: [], ...answer })
      await runtime.advance(0)
    },
  }
}

/** Updates of one client, one after the other. */
function updatesOf(client: number, count: number): readonly Uint8Array[] {
  const doc = new Y.Doc()
  doc.clientID = client
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (let number = 0; number < count; number++) doc.getArray('log').push([number])
  return updates
}

const kinds = (messages: readonly Message[]): readonly string[] =>
  messages.map((message) => (message.kind === 'settled' ? `${message.number} ${message.status}` : message.kind))

/** One that has exchanged what both had. */
async function begun(): Promise<Line> {
  const one = line()
  one.connection.send(writeVector(EMPTY))
  await one.runtime.advance(0)
  await one.exchange()
  one.heard.splice(0)
  return one
}

describe('what is sent', () => {
  it('[B30] gathers while one exchange is on its way, and goes as one; the relay says once what it has', async () => {
    const one = line()
    const updates = updatesOf(1, 6)
    one.connection.send(writeVector(EMPTY))
    one.connection.send(writeAwareness(EMPTY))
    await one.runtime.advance(0)
    expect([one.exchanges.length, one.polls.length]).toEqual([1, 0])
    for (const update of updates.slice(0, 5)) one.connection.send(writeUpdate(update))
    one.connection.send(writeBarrier(1))
    expect(one.connection.waitingBytes).toBeGreaterThan(0)
    await one.exchange()
    expect(kinds(one.heard)).toEqual(['vector', 'missing'])
    expect([one.exchanges.length, one.polls.length, one.connection.waitingBytes]).toEqual([1, 1, 0])
    const { vector = EMPTY, update = NOTHING } = one.exchanges[0]?.given ?? {}
    const doc = new Y.Doc()
    Y.applyUpdate(doc, update)
    expect([doc.getArray('log').toArray(), [...Y.decodeStateVector(vector)]]).toEqual([[0, 1, 2, 3, 4], [[1, 5]]])
    await one.exchange()
    expect(kinds(one.heard)).toEqual(['vector', 'missing', '1 committed'])
  })

  it('[B30] questions go in the order of the frames, and nothing waits for their answers', async () => {
    const one = line()
    one.connection.send(writeQuestion(1, 'who?'))
    one.connection.send(writeVector(EMPTY))
    one.connection.send(writeBarrier(1))
    one.connection.send(writeQuestion(2, 'what?'))
    await one.runtime.advance(0)
    expect([one.questions.map(({ given }) => given), one.exchanges.length]).toEqual([['who?'], 1])
    await one.exchange()
    expect(one.questions.map(({ given }) => given)).toEqual(['who?', 'what?'])
    one.questions.pop()?.answer('this')
    one.questions.pop()?.answer('I')
    await one.runtime.advance(0)
    expect(kinds(one.heard)).toEqual(['vector', 'missing', '1 committed', 'answer', 'answer'])
  })

  it('[B30] what was not taken counts for the barrier after it, and is asked for again after a pause', async () => {
    const one = await begun()
    const [first = NOTHING, second = NOTHING] = updatesOf(1, 2)
    one.connection.send(writeUpdate(first))
    await one.runtime.advance(0)
    one.connection.send(writeBarrier(1))
    await one.exchange({ status: 'refused' })
    await one.exchange()
    expect(kinds(one.heard)).toEqual(['1 refused'])
    one.connection.send(writeUpdate(second))
    one.connection.send(writeBarrier(2))
    await one.runtime.advance(0)
    await one.exchange({ status: 'refused' })
    await one.runtime.advance(999)
    expect(kinds(one.heard)).toEqual(['1 refused', '2 refused'])
    await one.runtime.advance(1)
    expect(kinds(one.heard)).toEqual(['1 refused', '2 refused', 'vector'])
    one.connection.send(writeBarrier(3))
    await one.runtime.advance(0)
    await one.exchange()
    await one.runtime.advance(5_000)
    expect(kinds(one.heard).slice(3)).toEqual(['3 committed'])
  })

  it('[B30] of much not all goes at once', async () => {
    const one = await begun()
    const doc = new Y.Doc()
    doc.on('update', (update: Uint8Array) => one.connection.send(writeUpdate(update)))
    for (let number = 0; number < 5; number++) doc.getMap('large').set(`${number}`, 'x'.repeat(1_500_000))
    one.connection.send(writeBarrier(1))
    await one.runtime.advance(0)
    const sizes: number[] = []
    while (one.exchanges.length > 0) {
      sizes.push(Math.round((one.exchanges[0]?.given.update.length ?? 0) / 1_500_000))
      await one.exchange()
    }
    expect([sizes, kinds(one.heard)]).toEqual([[2, 2, 1], ['1 committed']])
  })

  it('[B30] a relay that takes too long for what is sent is left', async () => {
    const one = await begun()
    const huge = writeUpdate(new Uint8Array(30 * 1024 * 1024))
    for (let time = 0; time < 5; time++) one.connection.send(huge)
    expect(await one.connection.closed).toMatchObject({ code: 'refused', status: 1013 })
    expect(one.connection.waitingBytes).toBe(0)
  })
})

describe('what is heard', () => {
  it('[B31] is waited for from where everything is known, in order', async () => {
    const one = await begun()
    const updates = updatesOf(7, 3)
    expect(one.polls[0]?.given).toEqual({ epoch: 'e', seq: 1 })
    await one.poll({ seq: 4, updates })
    expect([kinds(one.heard), one.polls.map(({ given }) => given)]).toEqual([
      ['update', 'update', 'update', 'claims'],
      [{ epoch: 'e', seq: 4 }],
    ])
    // What was heard is not asked for again.
    one.connection.send(writeBarrier(1))
    await one.runtime.advance(0)
    expect([...Y.decodeStateVector(one.exchanges[0]?.given.vector ?? EMPTY)]).toEqual([[7, 3]])
  })

  it('[B31] an exchange may know more than what waits: nothing is asked for twice', async () => {
    const one = await begun()
    one.connection.send(writeBarrier(1))
    await one.runtime.advance(0)
    await one.exchange({ seq: 9 })
    await one.poll({ seq: 5, updates: updatesOf(7, 1) })
    expect(one.polls[0]?.given).toEqual({ epoch: 'e', seq: 9 })
  })

  it.each([
    ['knows no longer what was new', { updates: undefined }, 'the relay does not know what was new since'],
    ['has other data', { epoch: 'other' }, 'the relay has other data now'],
  ])('[B33] where the relay %s the connection is lost, and nothing is handed over', async (_, answer, reason) => {
    const one = await begun()
    await one.poll({ seq: 3, updates: updatesOf(7, 1), ...answer })
    expect([await one.connection.closed, one.heard]).toEqual([{ code: 'lost', reason }, []])
    const other = await begun()
    other.connection.send(writeBarrier(1))
    await other.runtime.advance(0)
    await other.exchange({ epoch: 'other' })
    expect([(await other.connection.closed).code, other.heard]).toEqual(['lost', []])
  })

  it('[B31] a listener that fails ends its connection', async () => {
    const one = await begun()
    one.connection.onFrame(() => {
      throw new Error('cannot')
    })
    await one.poll({ seq: 2, updates: updatesOf(7, 1) })
    expect(await one.connection.closed).toEqual({ code: 'fault', reason: 'cannot' })
  })
})
