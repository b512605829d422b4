/** The bytes of every message, both ways, against those of y-protocols; and bytes that are no message. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import { messagePermissionDenied, readAuthMessage } from 'y-protocols/auth'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1, writeSyncStep2, writeUpdate as writeStockUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { GONE, readPresences, writePresences } from '../../src/sync/awareness.ts'
import {
  isFinal,
  readClientMessage,
  readRelayMessage,
  writeAwareness,
  writeBarrier,
  writeDenied,
  writeMissing,
  writeQueryAwareness,
  writeQuestion,
  writeRefused,
  writeSettled,
  writeUpdate,
  writeVector,
} from '../../src/sync/protocol.ts'
import { createDice } from '../support/dice.ts'

const doc = new Y.Doc()
doc.clientID = 2 ** 31 - 1
doc.getText('text').insert(0, 'naïve 🎈')
const update = Y.encodeStateAsUpdate(doc)
const vector = Y.encodeStateVector(doc)

function stock(type: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, type)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

describe('messages', () => {
  it('[U5] sync messages are the bytes of y-protocols, both ways', () => {
    const pairs = [
      [writeVector(vector), stock(0, (encoder) => writeSyncStep1(encoder, doc)), { kind: 'vector', vector }],
      [writeMissing(update), stock(0, (encoder) => writeSyncStep2(encoder, doc)), { kind: 'missing', update }],
      [writeUpdate(update), stock(0, (encoder) => writeStockUpdate(encoder, update)), { kind: 'update', update }],
    ] as const
    for (const [ours, theirs, message] of pairs) {
      expect(ours).toEqual(theirs)
      expect([readClientMessage(theirs), readRelayMessage(theirs)]).toEqual([message, message])
    }
    const other = new Y.Doc()
    const decoder = decoding.createDecoder(writeMissing(update))
    decoding.readVarUint(decoder)
    readSyncMessage(decoder, encoding.createEncoder(), other, null)
    expect(other.getText('text').toJSON()).toBe('naïve 🎈')
  })

  it('[U5] awareness and denial are the bytes of y-protocols', () => {
    const awareness = new Awareness(doc)
    awareness.setLocalState({ name: 'sara' })
    const theirs = encodeAwarenessUpdate(awareness, [doc.clientID])
    const [presence] = readPresences(theirs, 10) ?? []
    expect(presence).toMatchObject({ client: doc.clientID, state: '{"name":"sara"}' })
    expect(writePresences(presence === undefined ? [] : [presence])).toEqual(theirs)
    const other = new Awareness(new Y.Doc())
    applyAwarenessUpdate(other, writePresences([{ client: 5, clock: 1, state: '{"a":1}' }]), null)
    expect(other.getStates().get(5)).toEqual({ a: 1 })
    applyAwarenessUpdate(other, writePresences([{ client: 5, clock: 2, state: GONE }]), null)
    expect(other.getStates().has(5)).toBe(false)
    awareness.destroy()
    other.destroy()
    expect(messagePermissionDenied).toBe(0)
    const decoder = decoding.createDecoder(writeDenied('no'))
    expect(decoding.readVarUint(decoder)).toBe(2)
    readAuthMessage(decoder, doc, (_, reason) => expect(reason).toBe('no'))
    expect(readRelayMessage(writeDenied('no'))).toEqual({ kind: 'denied', reason: 'no' })
    expect(readRelayMessage(writeAwareness(theirs))).toEqual({ kind: 'awareness', update: theirs })
    expect(readClientMessage(writeQueryAwareness())).toEqual({ kind: 'query awareness' })
  })

  it('[U5] what goes beyond y-protocols comes back as it went', () => {
    for (const number of [0, 1, 127, 128, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      expect(readClientMessage(writeBarrier(number))).toEqual({ kind: 'barrier', number })
      for (const status of ['committed', 'refused', 'read-only'] as const) {
        const settled = { number, status, epoch: 'e🎈', time: number }
        expect(readRelayMessage(writeSettled(settled))).toEqual({ kind: 'settled', ...settled })
      }
      const json = '{"a":"ü\u0000"}'
      expect(readClientMessage(writeQuestion(number, json))).toEqual({ kind: 'question', number, json })
      expect(readRelayMessage(writeQuestion(number, json))).toEqual({ kind: 'answer', number, json })
    }
    expect(readRelayMessage(writeRefused('bound', 'why'))).toEqual({ kind: 'refused', code: 'bound', reason: 'why' })
    expect(readRelayMessage(Uint8Array.of(77, 1, 2))).toEqual({ kind: 'unknown', type: 77 })
  })

  it('[U6] every cut, every byte more, and ten thousand noisy frames are read or refused, never thrown at', () => {
    const frames = [
      writeVector(vector),
      writeMissing(update),
      writeSettled({ number: 300, status: 'refused', epoch: 'abc', time: 1e12 }),
      writeQuestion(3, '{}'),
      writeBarrier(4),
      writeRefused('a', 'b'),
      writeDenied('c'),
    ]
    for (const frame of frames) {
      const read =
        frame === frames[4] || frame === frames[0] || frame === frames[1] ? readClientMessage : readRelayMessage
      for (let end = 0; end < frame.length; end++) expect(read(frame.slice(0, end))).toBeUndefined()
      expect(read(Uint8Array.of(...frame, 0))).toBeUndefined()
      expect(read(frame)).toBeDefined()
    }
    for (const frame of [writeDenied('x'), writeRefused('a', 'b')]) expect(readClientMessage(frame)).toBeUndefined()
    // A length far beyond the end, a number beyond what is safe, a status that is none, text that is no UTF-8.
    const [far, unsafe] = [
      [255, 255, 255, 255, 15],
      [255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    ]
    for (const bytes of [
      [0, 2, ...far],
      [1, ...far],
      [100, ...unsafe],
      [100, 1, 9, 0, 0],
      [101, 1, 2, 255, 254],
    ])
      expect([bytes, readRelayMessage(Uint8Array.from(bytes))]).toEqual([bytes, undefined])
    const dice = createDice(5)
    for (let count = 0; count < 10_000; count++) {
      const noise = Uint8Array.from([dice.pick([0, 1, 2, 3, 100, 101, 102, 7]) ?? 0, ...dice.bytes(dice.below(12))])
      readClientMessage(noise)
      readRelayMessage(noise)
      readPresences(noise, 100)
    }
    expect(
      readPresences(
        writePresences([
          { client: 1, clock: 1, state: 'null' },
          { client: 2, clock: 1, state: 'null' },
        ]),
        1,
      ),
    ).toBeUndefined()
  })

  it('[U8] ends from 4400 to 4499 are for good', () => {
    const codes = [undefined, 1000, 1006, 1011, 1013, 4399, 4400, 4401, 4499, 4500, 4529]
    expect(codes.filter(isFinal)).toEqual([4400, 4401, 4499])
  })
})
