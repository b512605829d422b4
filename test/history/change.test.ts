/** Rows of the history: what people read of a change, now and years later. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keysIn,
  readChange,
  shownEdits,
  touched,
  writeChange,
  type Change,
  type RegisterEdit,
} from '../../src/history/change.ts'
import { parseUid } from '../../src/ids.ts'
import { NOON, tableOf, taskOf, uidOf } from '../workspace/task-states.ts'

const uid = parseUid('4fq7k2m9x3')
const edit = (field: string, value: RegisterEdit['value'], before: RegisterEdit['before'] = []): RegisterEdit => ({
  uid,
  field,
  before,
  value,
  after: [value],
  stamp: { client: 5, clock: 1 },
})
const change = (options: Partial<Change>): Change => ({
  id: 'abcdefgh',
  at: NOON,
  actor: 'aaaaaaaa',
  name: 'sara',
  verb: 'set',
  edits: [],
  texts: [],
  keys: { [uid]: 'T-1' },
  undoes: null,
  ...options,
})

describe('a row of the history', () => {
  it('[H1] comes back from its bytes as it went', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (name, json) => {
        const value = JSON.parse(JSON.stringify(json)) as RegisterEdit['value']
        const row = change({ name, edits: [edit('.note', value, [value])], undoes: 'hgfedcba' })
        expect(readChange(writeChange(row))).toEqual(row)
      }),
    )
  })

  it('[H1] that is damaged is told apart from one that is not', () => {
    const bytes = writeChange(change({}))
    for (const bad of [bytes.slice(0, -1), new Uint8Array([0xff, 0xfe]), new Uint8Array()])
      expect(() => readChange(bad)).toThrow(expect.objectContaining({ code: 'DOCUMENT_INVALID' }))
  })

  it('[H2] shows field, before and after, by the names people know', () => {
    const shown = shownEdits(
      change({ edits: [edit('s', 'doing', ['todo', 'done']), edit('.estimate', 3), edit('p', null, ['high'])] }),
    )
    expect(shown).toEqual([
      { uid, key: 'T-1', field: 'status', before: 'todo', after: 'doing' },
      { uid, key: 'T-1', field: 'estimate', before: null, after: 3 },
      { uid, key: 'T-1', field: 'priority', before: 'high', after: null },
    ])
  })

  it('[H2] shows what left a set and what came into it, dependencies by the keys they had', () => {
    const shown = shownEdits(
      change({
        keys: { [uid]: 'T-1', [uidOf(2)]: 'T-2' },
        edits: [
          edit('lweb', true),
          edit('lold', false, [true]),
          edit('lnew', true),
          edit(`d${uidOf(2)}`, true),
          edit(`d${uidOf(3)}`, false),
        ],
      }),
    )
    expect(shown).toEqual([
      { uid, key: 'T-1', field: 'labels', before: ['old'], after: ['web', 'new'] },
      { uid, key: 'T-1', field: expect.stringMatching(/^depends/), before: [uidOf(3)], after: ['T-2'] },
    ])
  })

  it('[H2] shows a deletion as true and false, and an edit of a body as the pieces that changed', () => {
    const text = {
      uid,
      text: 'x',
      client: 5,
      from: 0,
      to: 3,
      removed: [],
      returned: [],
      splices: [{ removed: 'old', inserted: 'new' }],
    }
    const shown = shownEdits(
      change({
        edits: [edit('x', { a: 1 }), edit('x', false, [{ a: 1 }]), edit('b', { text: 'x' }, ['old text'])],
        texts: [text],
      }),
    )
    expect(shown.map(({ field, before, after }) => [field, before, after])).toEqual([
      ['deleted', false, true],
      ['deleted', true, false],
      ['body', 'old', 'new'],
    ])
  })

  it('[H2] does not show what the product keeps for itself', () => {
    const kept = [edit('c', 1), edit('k', 1), edit('K', 1), edit('o', 'a0'), edit('t', 'Fix')]
    expect(shownEdits(change({ verb: 'create', edits: kept })).map(({ field }) => field)).toEqual(['title'])
    expect(shownEdits(change({ verb: 'move', edits: [edit('o', 'a1', ['a0'])] })).map(({ field }) => field)).toEqual([
      'order',
    ])
  })

  it('[H3] names every task it touched once, and the keys of those it mentions', () => {
    const others = [taskOf(uid, { k: 1 }), taskOf(uidOf(2), { k: 2 }), taskOf(uidOf(9), { k: 9 })]
    const table = tableOf(others)
    const row = change({
      edits: [edit('s', 'doing'), edit('t', 'x'), edit(`d${uidOf(2)}`, true), edit(`d${uidOf(3)}`, true)],
      texts: [{ uid: uidOf(9), text: 'x', client: 5, from: 0, to: 0, removed: [], returned: [], splices: [] }],
    })
    expect(touched(row)).toEqual([uid, uidOf(9)])
    expect(
      keysIn(
        row,
        (one) => table.get(one),
        ({ uid: one }) => `key of ${one}`,
      ),
    ).toEqual(Object.fromEntries([uid, uidOf(9), uidOf(2)].map((one) => [one, `key of ${one}`])))
  })

  it('[H3] whose task is not known any more is shown by its id', () => {
    expect(shownEdits(change({ keys: {}, edits: [edit('s', 'done')] }))[0]?.key).toBe(uid)
  })
})
