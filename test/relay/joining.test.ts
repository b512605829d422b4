/** Several updates made one by their bytes: the same document, and nothing of what was written left out. */
import * as Y from 'yjs'
import { describe, expect, it } from 'vitest'
import { joinUpdates, type Shaped } from '../../src/relay/joining.ts'
import { readShape } from '../../src/relay/shape.ts'
import { createDice } from '../support/dice.ts'

function shaped(update: Uint8Array): Shaped {
  const shape = readShape(update)
  if ('refused' in shape) throw new Error(shape.reason)
  return { update, shape }
}

function joined(updates: readonly Uint8Array[]): Uint8Array | undefined {
  return joinUpdates(updates.map(shaped))
}

function documentOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

/** What several writers write who hear of each other now and then, in the order in which a relay would take it. */
function writes(seed: number, count: number): readonly Uint8Array[] {
  const dice = createDice(seed)
  const docs = [1, 2, 3].map((client) => Object.assign(new Y.Doc({ gc: dice.chance(0.5) }), { clientID: client }))
  const taken: Uint8Array[] = []
  for (const doc of docs) doc.on('update', (update, origin) => void (origin === 'heard' || taken.push(update)))
  for (let step = 0; step < count; step++) {
    const doc = dice.pick(docs) ?? new Y.Doc()
    const text = doc.getText('text')
    const list = doc.getArray('list')
    if (dice.chance(0.4)) for (const update of taken.slice()) Y.applyUpdate(doc, update, 'heard')
    const throwOf = dice.next()
    if (throwOf < 0.3) doc.getMap('map').set(`key${dice.below(3)}`, step)
    else if (throwOf < 0.55) text.insert(dice.below(text.length + 1), `word${step} `)
    else if (throwOf < 0.75 && text.length > 2) text.delete(dice.below(text.length - 1), 1)
    else if (throwOf < 0.85 && list.length > 1) list.delete(dice.below(list.length), 1)
    else list.push([step])
  }
  return taken
}

describe('updates that came one after the other', () => {
  it('[U55] are one update that says the same', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const updates = writes(seed, 40)
      const one = joined(updates)
      expect(one, `seed ${seed}`).toBeDefined()
      const [many, single] = [documentOf(updates), documentOf([one ?? new Uint8Array()])]
      expect([single.store.pendingStructs, single.store.pendingDs]).toEqual([null, null])
      expect(Y.encodeStateVector(single)).toEqual(Y.encodeStateVector(many))
      for (const doc of [single, many]) doc.getMap('map')
      expect([
        single.getText('text').toJSON(),
        single.getArray('list').toJSON(),
        single.getMap('map').toJSON(),
      ]).toEqual([many.getText('text').toJSON(), many.getArray('list').toJSON(), many.getMap('map').toJSON()])
      expect('refused' in readShape(one ?? new Uint8Array())).toBe(false)
    }
  })

  it('[U55] keep what was written and superseded among them', () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    for (const value of ['first', 'second', 'third']) doc.getMap('map').set('status', value)
    const text = new TextDecoder().decode(joined(updates))
    expect(['first', 'second', 'third'].map((value) => text.includes(value))).toEqual([true, true, true])
  })

  it('[U55] are not joined where one does not go on where the one before ended', () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => void updates.push(update))
    for (const value of [1, 2, 3]) doc.getMap('map').set('status', value)
    const [first, , third] = updates
    expect(joined([first, third].flatMap((one) => one ?? []))).toBeUndefined()
    expect(joined([...updates, Y.encodeStateAsUpdate(doc)])).toBeUndefined()
  })
})
