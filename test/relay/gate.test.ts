/** The gate before a document: what Yjs makes passes, and of what passes nothing waits. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { isHostile, judge, type GateOptions, type Known } from '../../src/relay/gate.ts'
import { readShape, type RefusalCode } from '../../src/relay/shape.ts'
import type { Uid } from '../../src/ids.ts'
import { bodySeed } from '../../src/task/body.ts'
import { firstUpdate, openReplica } from '../../src/task/replica.ts'
import { encodeUpdate } from '../../src/task/update.ts'
import { createDice, type Dice } from '../support/dice.ts'
import { play } from '../support/playing.ts'
import { scheduleOf } from '../support/simulation.ts'
import {
  embed,
  gc,
  Guarded,
  handWritten,
  mutate,
  Play,
  text,
  type,
  updateOf,
  values,
  type Judge,
  type Section,
} from './hostile.ts'

const SEED = 2 ** 32 + 77

function codeOf(update: Uint8Array, known: Known = new Map(), options?: GateOptions): RefusalCode | undefined {
  const verdict = judge(update, known, options)
  return 'refused' in verdict ? verdict.refused : undefined
}

function played(dice: Dice, steps: number): Play {
  const made = new Play(dice)
  for (let step = 0; step < steps; step++) made.step()
  return made
}

function knownOf(doc: Y.Doc): Known {
  return Y.decodeStateVector(Y.encodeStateVector(doc))
}

/** Everything that documents said, between mutations of it. */
function attacked(dice: Dice, by: Judge, mutations: number): Guarded & { readonly heard: number } {
  const guarded = new Guarded(by)
  const { updates } = played(dice, 25)
  let heard = 0
  for (const update of updates) {
    for (let count = 0; count < mutations && guarded.problem === undefined; count++, heard++)
      guarded.hear(mutate(dice, update, dice.pick(updates) ?? update))
    guarded.hear(update)
  }
  return Object.assign(guarded, { heard })
}

describe('what documents make passes', () => {
  it('[J1] every update of documents with text, formats, maps, lists, XML and undo, in its order', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { updates, docs } = played(createDice(seed), 60)
        const guarded = new Guarded()
        expect(updates.map((update) => guarded.hear(update)).filter((code) => code !== undefined)).toEqual([])
        expect(guarded.problem).toBeUndefined()
        for (const doc of docs) {
          const whole = Y.encodeStateAsUpdate(doc)
          const [alone, known] = [new Guarded(), new Map(guarded.known)]
          expect([alone.hear(whole), alone.problem, codeOf(whole, known)]).toEqual([undefined, undefined, undefined])
        }
        const merged = new Guarded()
        expect([merged.hear(Y.mergeUpdates(updates)), merged.problem]).toEqual([undefined, undefined])
        expect(merged.known).toEqual(guarded.known)
      }),
      { numRuns: 60 },
    )
  })

  it('[J1] what a relay lacks, asked for by its vector, from several documents that know each a part', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = createDice(seed)
        const made = new Play(dice, 4)
        const guarded = new Guarded()
        for (let step = 0; step < 60; step++) {
          made.step()
          const doc = dice.pick(made.docs)
          if (doc === undefined || !dice.chance(0.3)) continue
          expect(guarded.hear(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(guarded.doc)))).toBeUndefined()
        }
        expect(guarded.problem).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  it('[J1] what workspaces have stored: never hostile, and an answer to the vector brings the rest', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { world } = play(scheduleOf(seed))
      const guarded = new Guarded()
      for (const { directory, replica, isWaiting } of world.workspaces) {
        // Workspaces hear in any order, so a relay that hears their rows in that order lacks something now and then.
        for (const update of directory.updates) {
          const code = guarded.hear(update)
          expect([seed, code, code !== undefined && isHostile(code)]).toEqual([seed, code, false])
        }
        if (isWaiting) continue
        expect(guarded.hear(Y.encodeStateAsUpdate(replica.doc, Y.encodeStateVector(guarded.doc)))).toBeUndefined()
      }
      expect(guarded.problem).toBeUndefined()
    }
  })

  it('[J20] a restore of 20,000 tasks of 12 fields into an empty relay passes', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, firstUpdate())
    const entry = { uid: 'aaaaaaaa' as Uid, field: 'title', value: 'a title of usual length', at: 1_700_000_000_000 }
    const log = writtenLog(JSON.stringify(entry), 20_000 * 12)
    const known: Known = new Map()
    expect(codeOf(firstUpdate(), known)).toBeUndefined()
    expect(codeOf(log, known)).toBeUndefined()
    expect(known.get(7)).toBe(20_000 * 12)
  })

  it('[J20] the edits of a replica pass as they are made', () => {
    const replica = openReplica([firstUpdate()], () => undefined)
    const known = knownOf(replica.doc)
    const cursor = replica.cursor('abcdefghijkl' as never, 4_000_000_000)
    const edit = encodeUpdate(cursor, [], [])
    expect(judge(edit, known)).toMatchObject({ isNew: false })
    const seed = bodySeed('aaaaaaaa' as Uid, 'A first text.')
    expect(judge(seed, known)).toMatchObject({ isNew: true })
    expect(judge(seed, known)).toMatchObject({ isNew: false })
  })
})

describe('what passes, Yjs applies', () => {
  it('[J2][J3] turned bits, cut ends, spliced frames: nothing throws, nothing waits, clocks are what is known', () => {
    let heard = 0
    let accepted = 0
    for (let seed = 1; heard < 20_000; seed++) {
      const guarded = attacked(createDice(seed), judge, 4)
      expect([seed, guarded.problem, guarded.isSpoiled]).toEqual([seed, undefined, false])
      heard += guarded.heard
      accepted += guarded.accepted
    }
    // Not only refusals: mutated updates that pass are what is looked for.
    expect(accepted).toBeGreaterThan(5_000)
  })

  it('[J2] whatever is written by hand', () => {
    fc.assert(
      fc.property(fc.array(handWritten, { minLength: 1, maxLength: 12 }), (updates) => {
        const guarded = new Guarded()
        for (const update of updates) guarded.hear(update)
        expect([guarded.problem, guarded.isSpoiled]).toEqual([undefined, false])
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, Judge]>([
    ['orphans', forgiving('orphan')],
    ['structs that are known in part', forgiving('overlap')],
    ['malformed bytes', forgiving('malformed')],
    ['gaps', forgiving('gap')],
  ])('[J2] control: a gate that lets in %s is found out', (_, broken) => {
    const isFound = fc.check(
      fc.property(fc.array(handWritten, { minLength: 1, maxLength: 12 }), (updates) => {
        const guarded = new Guarded(broken)
        for (const update of updates) guarded.hear(update)
        return guarded.problem === undefined
      }),
      { numRuns: 3_000, seed: 1, endOnFailure: true },
    ).failed
    expect(isFound).toBe(true)
  })

  it('[J2][J5] control: a gate that believes counts lets Yjs make room for what is not there', () => {
    const lie = Uint8Array.from([1, 0xff, 0xff, 0x3f, 1, 0])
    expect(codeOf(lie)).toBe('too-many')
    const guarded = new Guarded(forgiving('too-many'))
    guarded.hear(lie)
    expect(guarded.problem).toMatch(/^accepted, and Yjs throws/)
  })

  it('[J3] what is refused changes nothing of what is known', () => {
    const known: Known = new Map([[5, 2]])
    const update = updateOf([
      { client: 5, clock: 2, structs: [text('ab', { origin: [5, 1] })] },
      { client: 4, clock: 9, structs: [text('c')] },
    ])
    expect(codeOf(update, known)).toBe('orphan')
    expect(known).toEqual(new Map([[5, 2]]))
  })
})

describe('for good, or only for now', () => {
  it('[J4] what an honest client may have sent too early is told from what none sends', () => {
    const grades: Record<RefusalCode, boolean> = {
      malformed: true,
      'too-many': true,
      'too-long': true,
      'too-deep': true,
      'too-costly': true,
      clock: true,
      subdocument: true,
      seed: true,
      gap: false,
      orphan: false,
      overlap: false,
      bound: false,
    }
    for (const [code, hostile] of Object.entries(grades))
      expect([code, isHostile(code as RefusalCode)]).toEqual([code, hostile])
  })

  it('[J14] an update that follows what is not known', () => {
    expect(codeOf(updateOf([{ client: 1, clock: 3, structs: [text('a')] }]), new Map([[1, 2]]))).toBe('orphan')
    expect(codeOf(updateOf([{ client: 1, clock: 3, structs: [text('a')] }]), new Map([[1, 3]]))).toBeUndefined()
  })

  it.each([
    ['origin', { origin: [2, 4] as const }],
    ['right origin', { rightOrigin: [2, 4] as const }],
    ['parent', { parent: [2, 4] as const }],
  ])('[J14] structs whose %s is neither known nor brought along', (_, where) => {
    const own: Section = { client: 1, clock: 0, structs: [text('a', where)] }
    expect(codeOf(updateOf([own]), new Map([[2, 4]]))).toBe('orphan')
    expect(codeOf(updateOf([own]), new Map([[2, 5]]))).toBeUndefined()
    const brought: Section = { client: 2, clock: 3, structs: [type(0), type(0)] }
    expect(codeOf(updateOf([brought, own]), new Map([[2, 3]]))).toBeUndefined()
    // Also of a struct that is known already Yjs asks what it stands on.
    expect(codeOf(updateOf([own]), new Map([[1, 1]]))).toBe('orphan')
  })

  it('[J14] deletions of what is neither known nor brought along', () => {
    const removed = updateOf([], [[2, [0, 1], [3, 2]]])
    expect(codeOf(removed, new Map([[2, 4]]))).toBe('orphan')
    expect(codeOf(removed, new Map([[2, 5]]))).toBeUndefined()
    expect(codeOf(updateOf([{ client: 2, clock: 0, structs: [text('abcde')] }], [[2, [0, 1], [3, 2]]]))).toBeUndefined()
  })

  it('[J10] structs of several writers that stand on one another in a circle', () => {
    const circle = [
      { client: 2, clock: 0, structs: [text('a'), text('b', { origin: [1, 0] })] },
      { client: 1, clock: 0, structs: [text('c', { origin: [2, 1] })] },
    ]
    expect(codeOf(updateOf(circle))).toBe('malformed')
    const spiral = [
      { client: 2, clock: 0, structs: [text('a'), text('b', { origin: [1, 0] }), text('d', { origin: [1, 1] })] },
      { client: 1, clock: 0, structs: [text('c', { origin: [2, 0] }), text('e', { origin: [2, 1] })] },
    ]
    const guarded = new Guarded()
    expect([guarded.hear(updateOf(spiral)), guarded.problem]).toEqual([undefined, undefined])
  })

  it('[J15] a struct that is known in part; asked for by the vector it comes cut', () => {
    const whole = updateOf([{ client: 1, clock: 0, structs: [text('abcdef')] }])
    const known: Known = new Map([[1, 3]])
    expect(codeOf(whole, known)).toBe('overlap')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, whole)
    expect(codeOf(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(new Map(known))), known)).toBeUndefined()
    expect(known.get(1)).toBe(6)
  })

  it('[J15] begun below what is known is fine where a struct ends there', () => {
    const known: Known = new Map([[1, 3]])
    const update = updateOf([{ client: 1, clock: 0, structs: [text('abc'), text('def', { origin: [1, 2] })] }])
    expect(judge(update, known)).toMatchObject({ isNew: true })
    expect(known.get(1)).toBe(6)
    expect(codeOf(updateOf([{ client: 1, clock: 0, structs: [gc(9)] }]), known)).toBeUndefined()
  })

  it('[J15] why: Yjs throws at a cut where what is known has been collected', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, updateOf([{ client: 1, clock: 0, structs: [gc(3)] }]))
    expect(() => Y.applyUpdate(doc, updateOf([{ client: 1, clock: 0, structs: [text('abcdef')] }]))).toThrow(TypeError)
  })

  it('[J16] structs of a client id that belongs to another connection', () => {
    const isBoundElsewhere = (client: number): boolean => client === 1
    const update = updateOf([{ client: 1, clock: 0, structs: [text('abc')] }])
    expect(codeOf(update, new Map(), { isBoundElsewhere })).toBe('bound')
    expect(codeOf(update, new Map([[1, 3]]), { isBoundElsewhere })).toBeUndefined()
    const other = updateOf([{ client: 2, clock: 0, structs: [text('abc')] }], [[1, [0, 3]]])
    expect(codeOf(other, new Map([[1, 3]]), { isBoundElsewhere })).toBeUndefined()
  })

  it('[J17] a seed begins at 0, never grows, and is bound to nobody', () => {
    const seed = updateOf([{ client: SEED, clock: 0, structs: [type(2), text('abc', { parent: [SEED, 0] })] }])
    const longer = updateOf([{ client: SEED, clock: 0, structs: [type(2), text('abcd', { parent: [SEED, 0] })] }])
    const more = updateOf([{ client: SEED, clock: 4, structs: [text('d', { origin: [SEED, 3] })] }])
    const known: Known = new Map()
    expect(codeOf(more, known)).toBe('seed')
    expect(codeOf(seed, known, { isBoundElsewhere: () => true })).toBeUndefined()
    expect(judge(seed, known)).toMatchObject({ isNew: false })
    expect([codeOf(longer, known), codeOf(more, known)]).toEqual(['seed', 'seed'])
    expect(codeOf(updateOf([], [[SEED, [1, 2]]]), known)).toBeUndefined()
    expect(known).toEqual(new Map([[SEED, 4]]))
  })

  it('[J18] an update without struct beyond what is known and without deletions is nothing new', () => {
    const known: Known = new Map()
    const update = updateOf([{ client: 1, clock: 0, structs: [text('abc')] }])
    expect(judge(update, known)).toMatchObject({ isNew: true })
    expect(judge(update, known)).toMatchObject({ isNew: false })
    expect(judge(updateOf([]), known)).toMatchObject({ isNew: false })
    expect(judge(updateOf([], [[1, [0, 1]]]), known)).toMatchObject({ isNew: true })
  })

  it('[J6] limits are options', () => {
    expect(
      codeOf(updateOf([{ client: 1, clock: 0, structs: [values([1, 2])] }]), new Map(), { limits: { values: 1 } }),
    ).toBe('too-many')
  })
})

/** A gate that lets in what should be refused for this reason, as Yjs would take it. */
function forgiving(code: RefusalCode): Judge {
  return (update, known) => {
    const verdict = judge(update, known)
    if (!('refused' in verdict) || verdict.refused !== code) return verdict
    const shape = readShape(update)
    const writers = 'refused' in shape ? new Map<number, { from: number; to: number }>() : shape.writers
    for (const [client, { to }] of writers) known.set(client, Math.max(known.get(client) ?? 0, to))
    return {
      isNew: true,
      shape: { writers, removes: new Map(), structs: 0, sections: [], removedAt: 0 },
    }
  }
}

function writtenLog(json: string, count: number): Uint8Array {
  const structs = Array.from({ length: count }, (_, clock) =>
    clock % 2 === 0
      ? embed(json, clock === 0 ? { parent: 'log/abcdefghijkl' } : { origin: [7, clock - 1] as const })
      : values([json], { origin: [7, clock - 1] as const }),
  )
  return updateOf([{ client: 7, clock: 0, structs }])
}
