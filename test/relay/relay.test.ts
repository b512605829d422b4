/** The relay: its door, tokens, keys and questions, exchanges without a connection, restarts. */
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { memoryRuntime } from '../../adapters/memory/runtime.ts'
import { createMemoryDisk } from '../../adapters/memory/store.ts'
import { writeBarrier, writeQuestion } from '../../src/sync/protocol.ts'
import { docOf, openRelay, PROJECT, quiet, Visitor } from '../support/relay-visitor.ts'

const anyone = { project: PROJECT, token: null }
const nothing = new Uint8Array()
const empty = Uint8Array.of(0)
const [UID1, UID2, UID3] = ['aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc']
const [UID4, UID5, UID6, UID7] = ['dddddddddd', 'eeeeeeeeee', 'ffffffffff', 'gggggggggg']

async function asked(visitor: Visitor, method: string, params: unknown): Promise<unknown> {
  visitor.send(writeQuestion(visitor.all('answer').length + 1, JSON.stringify({ method, params })))
  await quiet()
  return JSON.parse(visitor.last('answer')?.json ?? 'null')
}

describe('tokens', () => {
  it('[U49] a token is on the disk as a digest only, opens its project alone, and is needed from the first on', async () => {
    const disk = createMemoryDisk()
    await using place = await openRelay({ disk })
    const { token, id } = await place.relay.tokens.create(PROJECT, 'write', 'for a laptop')
    const rows = JSON.stringify([new TextDecoder().decode(await place.store.cell('tokens'))])
    expect(rows).not.toContain(token)
    expect(rows).not.toContain(token.slice(5))
    expect(place.relay.tokens.list(PROJECT)).toMatchObject([{ id, rights: 'write', label: 'for a laptop' }])
    const door = (visit: { readonly project?: string; readonly token?: string | null }): Visitor =>
      new Visitor(place.relay, visit)
    const visitors = [
      door({ token }),
      door({}),
      door({ token: `${token}x` }),
      door({ token, project: 'another-project' }),
      door({ project: 'another-project' }),
      door({ project: '../..' }),
    ]
    await quiet()
    expect(visitors.map(({ ending }) => ending?.status)).toEqual([undefined, 4401, 4401, 4401, undefined, 4404])
  })

  it('[U49] a revoked token closes who is inside; the project stays shut when it was the last', async () => {
    await using place = await openRelay()
    const { token, id } = await place.relay.tokens.create(PROJECT, 'admin')
    const inside = new Visitor(place.relay, { token }).ask()
    await quiet()
    expect(await place.relay.revoke(id, 'another-project')).toBe(false)
    expect(await place.relay.revoke(id, PROJECT)).toBe(true)
    expect(await place.relay.revoke(id, PROJECT)).toBe(false)
    const [again, nobody] = [new Visitor(place.relay, { token }), new Visitor(place.relay)]
    await quiet()
    expect([inside, again, nobody].map(({ ending }) => ending?.status)).toEqual([4401, 4401, 4401])
    expect(place.relay.tokens.list()).toEqual([])
  })

  it('[U49] tokens made and taken away at once are all remembered, also by the next relay on that disk', async () => {
    const disk = createMemoryDisk()
    const made = await (async () => {
      await using place = await openRelay({ disk })
      return await Promise.all([1, 2, 3, 4].map(() => place.relay.tokens.create(PROJECT, 'write')))
    })()
    await using place = await openRelay({ disk })
    expect(made.map(({ token }) => place.relay.tokens.rightsOf(token, PROJECT)?.rights)).toEqual(
      made.map(() => 'write'),
    )
  })
})

describe('numbers of keys', () => {
  it('[U50] the number wished for if it is free, else the next; the same for the same task, ever after', async () => {
    const disk = createMemoryDisk()
    {
      await using place = await openRelay({ disk })
      const visitor = new Visitor(place.relay)
      expect(await asked(visitor, 'keys.confirm', { keys: [[UID1, 3]] })).toEqual({ result: { keys: [[UID1, 3]] } })
      expect(
        await asked(visitor, 'keys.confirm', {
          keys: [
            [UID2, 3],
            [UID1, 9],
          ],
        }),
      ).toEqual({
        result: {
          keys: [
            [UID2, 4],
            [UID1, 3],
          ],
        },
      })
    }
    await using place = await openRelay({ disk })
    const visitor = new Visitor(place.relay)
    expect(
      await asked(visitor, 'keys.confirm', {
        keys: [
          [UID2, 1],
          [UID3, 4],
        ],
      }),
    ).toEqual({
      result: {
        keys: [
          [UID2, 4],
          [UID3, 5],
        ],
      },
    })
  })

  it('[U50] an empty relay learns what was given before it gives, and keeps what it knows', async () => {
    await using place = await openRelay()
    const visitor = new Visitor(place.relay)
    await asked(visitor, 'keys.learn', { keys: [[UID1, 7]] })
    expect(await asked(visitor, 'keys.confirm', { keys: [[UID2, 7]] })).toEqual({ result: { keys: [[UID2, 8]] } })
    expect(await asked(visitor, 'keys.learn', { keys: [[UID1, 9]] })).toEqual({ result: { keys: [[UID1, 7]] } })
  })

  it('[U59] a number far beyond all others is not given, nor counted from where it was given elsewhere', async () => {
    const disk = createMemoryDisk()
    const [far, within] = [999_999_999_999_999, 1_000_005]
    {
      await using place = await openRelay({ disk })
      const visitor = new Visitor(place.relay)
      const given = await asked(visitor, 'keys.confirm', { keys: [[UID1, 5]] })
      expect(given).toEqual({ result: { keys: [[UID1, 5]] } })
      expect(await asked(visitor, 'keys.confirm', { keys: [[UID2, far]] })).toEqual({ result: { keys: [[UID2, 6]] } })
      expect(await asked(visitor, 'keys.learn', { keys: [[UID3, far]] })).toEqual({ result: { keys: [[UID3, far]] } })
      expect(await asked(visitor, 'keys.learn', { keys: [[UID4, 8]] })).toEqual({ result: { keys: [[UID4, 8]] } })
    }
    await using place = await openRelay({ disk })
    const visitor = new Visitor(place.relay)
    const wishes = [
      [UID3, 1],
      [UID5, far],
      [UID6, within],
      [UID7, 6],
    ]
    expect(await asked(visitor, 'keys.confirm', { keys: wishes })).toEqual({
      result: {
        keys: [
          [UID3, far],
          [UID5, 9],
          [UID6, within],
          [UID7, within + 1],
        ],
      },
    })
  })

  it("[U59] a number that was learned far away and is reached at last is still one task's", async () => {
    await using place = await openRelay()
    const visitor = new Visitor(place.relay)
    await asked(visitor, 'keys.learn', { keys: [[UID1, 1_000_002]] })
    await asked(visitor, 'keys.confirm', { keys: [[UID2, 1]] })
    await asked(visitor, 'keys.confirm', { keys: [[UID3, 1_000_001]] })
    expect(await asked(visitor, 'keys.confirm', { keys: [[UID4, 1]] })).toEqual({
      result: { keys: [[UID4, 1_000_003]] },
    })
  })

  it('[U51] a question that makes no sense is answered with a code, and ends nothing', async () => {
    await using place = await openRelay()
    const visitor = new Visitor(place.relay)
    for (const json of [
      '',
      '{',
      '[]',
      '{"method":"no.such"}',
      '{"method":"keys.confirm","params":{"keys":[["x",1]]}}',
      '{"method":"connection.name"}',
      '{"method":"keys.confirm","params":{"keys":[["aaaaaaaaaa",0.5]]}}',
    ])
      visitor.send(writeQuestion(1, json))
    visitor.send(writeBarrier(1))
    await quiet()
    const answers = visitor.all('answer').map(({ json }) => JSON.parse(json) as { error?: { code: string } })
    expect(answers.length).toBe(7)
    expect(answers.every(({ error }) => error !== undefined)).toBe(true)
    expect(visitor.last('settled')?.status).toBe('committed')
  })
})

describe('an exchange without a connection', () => {
  it('[U52] it settles when what it brought is on the disk, and brings what was missing', async () => {
    let open = (): void => undefined
    let gate: Promise<void> | undefined
    const disk = createMemoryDisk({ sync: () => gate ?? Promise.resolve() })
    await using place = await openRelay({ disk })
    new Visitor(place.relay).write(docOf(8, 'there'), 1)
    await quiet()
    gate = new Promise((resolve) => (open = resolve))
    let isDone = false
    const update = Y.encodeStateAsUpdate(docOf(7, 'mine'))
    const exchanging = place.relay.exchange(anyone, { vector: empty, update }).finally(() => (isDone = true))
    await quiet()
    expect(isDone).toBe(false)
    gate = undefined
    open()
    const answer = await exchanging
    expect([answer.status, answer.epoch, answer.seq]).toEqual(['committed', place.relay.epoch, 2])
    expect(new Set(Y.decodeStateVector(answer.vector).keys())).toEqual(new Set([7, 8]))
    const doc = new Y.Doc()
    Y.applyUpdate(doc, answer.missing)
    expect(Y.decodeStateVector(Y.encodeStateVector(doc)).size).toBe(2)
    await expect(
      place.relay.exchange({ project: '..', token: null }, { vector: empty, update: nothing }),
    ).rejects.toMatchObject({ code: 'RELAY_DENIED' })
  })

  it('[U53] a relay that starts again on its disk has everything it told, under the same name; elsewhere under another', async () => {
    const disk = createMemoryDisk()
    const epochs: string[] = []
    for (const where of ['here', 'here', 'there']) {
      await using place = await openRelay({ disk, place: where, runtime: memoryRuntime({ seed: epochs.length }) })
      epochs.push(place.relay.epoch)
      const visitor = new Visitor(place.relay).ask()
      visitor.write(docOf(epochs.length, 'x'), 1)
      await quiet()
      expect(Y.decodeStateVector(visitor.last('vector')?.vector ?? empty).size).toBe(epochs.length - 1)
    }
    expect([epochs[0] === epochs[1], epochs[1] === epochs[2]]).toEqual([true, false])
  })

  it('[U53] one that goes away finishes what it heard, tells everyone, and lets nobody in', async () => {
    const place = await openRelay()
    const visitor = new Visitor(place.relay).ask()
    await quiet()
    visitor.write(docOf(7, 'last words'), 1)
    await quiet(1)
    await place[Symbol.asyncDispose]()
    const late = new Visitor(place.relay)
    await quiet()
    expect(visitor.last('settled')?.status).toBe('committed')
    expect([visitor.ending?.status, late.ending?.status]).toEqual([1001, 1001])
  })
})
