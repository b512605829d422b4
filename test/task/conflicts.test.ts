/** Values that lost a race: which there are, what they are called, and in what order they are listed. */
import { describe, expect, it } from 'vitest'
import { conflictFields, conflictsOf, viewConflict, whatIsSeen } from '../../src/task/conflicts.ts'
import { publicName } from '../../src/task/fields.ts'
import { keyOf } from '../../src/ids.ts'
import { SEED_CLIENT, seedValue, stampText, type Alive, type TaskState } from '../../src/task/registers.ts'
import type { ConflictView, Json } from '../../src/task/types.ts'
import { living, NOON, taskOf } from '../workspace/task-states.ts'

const early = (value: Json, options: Partial<Alive> = {}): Alive =>
  living(value, { at: 1000, client: 5, clock: 1, ...options })
const late = (value: Json, options: Partial<Alive> = {}): Alive =>
  living(value, { at: 2000, client: 6, clock: 1, ...options })

function listed(state: TaskState): readonly ConflictView[] {
  return conflictsOf(state).map((conflict) =>
    viewConflict(state, keyOf('T', 1), conflict, {
      show: (field, value) => `${publicName(field)}=${JSON.stringify(value)}`,
      writer: ({ client }) => `workspace ${client}`,
      time: (at) => String(at),
    }),
  )
}

describe('a conflict', () => {
  it('[X1] lists every different value with number and id, the shown one first', () => {
    const state = taskOf(
      1,
      { t: 'x' },
      { s: [early('todo'), late('doing'), living('done', { at: 1500, client: 9, clock: 36 })] },
    )
    expect(listed(state)).toEqual([
      {
        key: 'T-1',
        uid: state.uid,
        field: 'status',
        values: [
          { n: 0, id: '6.1', value: 'status="doing"', at: '2000', by: 'workspace 6', origin: 'edit' },
          { n: 1, id: '9.10', value: 'status="done"', at: '1500', by: 'workspace 9', origin: 'edit' },
          { n: 2, id: '5.1', value: 'status="todo"', at: '1000', by: 'workspace 5', origin: 'edit' },
        ],
      },
    ])
  })

  it('[X1] is none where all say the same, in whatever order their keys stand', () => {
    const same = taskOf(
      1,
      {},
      { s: [early('done'), late('done')], '.meta': [early({ a: 1, b: [2] }), late({ b: [2], a: 1 })] },
    )
    expect(conflictsOf(same)).toEqual([])
  })

  it('[X1] is there where a value was unset while another was set', () => {
    const unset = taskOf(1, {}, { p: [early('high'), late(null)] })
    expect(conflictFields(unset)).toEqual(['priority'])
  })

  it('[X2] concerns every field that holds one value, by the name people know, sorted', () => {
    const fields = ['t', 's', 'p', 'P', 'b', '.estimate', '.due']
    const state = taskOf(1, {}, Object.fromEntries(fields.map((field) => [field, [early('one'), late('two')]])))
    expect(conflictFields(state)).toEqual(['body', 'due', 'estimate', 'parent', 'priority', 'status', 'title'])
  })

  it('[X2] never concerns sets, comments and what the product keeps for itself', () => {
    const settled = ['lweb', 'asara', 'd4fq7k2m9x3', 'Caaaaaaaa', 'c', 'k', 'K', 'o', 'X', 'h']
    const state = taskOf(1, {}, Object.fromEntries(settled.map((field) => [field, [early(true), late(false)]])))
    expect(conflictsOf(state)).toEqual([])
  })

  it('[X3] of bodies is one of the texts they grew from, not of how they are written down', () => {
    const grown = (text: string): Json => ({ text })
    const same = taskOf(1, {}, { b: [early(grown('abc')), late(grown('abc'))] })
    const different = taskOf(1, {}, { b: [early('first'), late('second')] })
    expect([conflictFields(same), conflictFields(different)]).toEqual([[], ['body']])
  })

  it('[X4] names a value from a file as such', () => {
    const state = taskOf(1, {}, { s: [late('done'), seedValue('s', 'todo')] })
    const [, seed] = listed(state)[0]?.values ?? []
    expect(seed).toMatchObject({ origin: 'file', value: 'status="todo"', by: `workspace ${SEED_CLIENT}` })
    expect(seed?.id).toMatch(/^file:[0-9a-z]{7}$/)
  })
})

describe('a deletion', () => {
  const seen = taskOf(1, {}, { t: [early('Fix', { clock: 3 })], s: [late('todo', { clock: 9 })] })

  it('[X5] notes the last value of each writer that it saw', () => {
    expect(whatIsSeen(seen)).toEqual({ '5': 3, '6': 9 })
    const withFile = taskOf(1, {}, { t: [early('Fix')], s: [seedValue('s', 'todo')] })
    expect(whatIsSeen(withFile)).toEqual({ '5': 1 })
  })

  it('[X5] that saw everything is no conflict', () => {
    const deleted = taskOf(1, {}, { ...Object.fromEntries(seen.registers), x: [late(whatIsSeen(seen), { clock: 10 })] })
    expect(conflictsOf(deleted)).toEqual([])
  })

  it('[X5] lists what others wrote meanwhile, in any field, itself first', () => {
    const deleted = taskOf(
      1,
      {},
      {
        t: [early('Fix', { clock: 3 })],
        s: [late('doing', { clock: 12 })],
        lweb: [living(true, { client: 9, clock: 0, at: 500 })],
        x: [late(whatIsSeen(seen), { clock: 10 })],
      },
    )
    expect(listed(deleted)).toMatchObject([
      {
        field: 'deleted',
        values: [
          { n: 0, value: 'deleted={"5":3,"6":9}', origin: 'deletion' },
          { n: 1, value: 'status="doing"', origin: 'edit' },
          { n: 2, value: 'labels=true', origin: 'edit' },
        ],
      },
    ])
  })

  it('[X5] of two concurrent ones each counts for what it saw', () => {
    const edits = { t: [early('Fix', { clock: 3 })], s: [late('doing', { clock: 9 })] }
    const both = taskOf(1, {}, { ...edits, x: [early({ 5: 3 }, { clock: 20 }), late({ 6: 9 }, { clock: 20 })] })
    expect(conflictsOf(both)).toEqual([])
    const one = taskOf(1, {}, { ...edits, x: [early({ 5: 3 }, { clock: 20 }), late({ 6: 8 }, { clock: 20 })] })
    expect(listed(one)[0]?.values.map(({ origin, value }) => [origin, value])).toEqual([
      ['deletion', 'deleted={"6":8}'],
      ['edit', 'status="doing"'],
    ])
  })

  it('[X5] and a restoring that did not know of each other are both listed, the later one shown', () => {
    const restored = taskOf(1, {}, { x: [early({}, { clock: 20 }), late(false)] })
    expect(listed(restored)[0]?.values.map(({ origin, value }) => [origin, value])).toEqual([
      ['edit', 'deleted=false'],
      ['deletion', 'deleted={}'],
    ])
    const deleted = taskOf(1, {}, { x: [early(false), late({}, { clock: 20 })] })
    expect(listed(deleted)[0]?.values.map(({ n, origin }) => [n, origin])).toEqual([
      [0, 'deletion'],
      [1, 'edit'],
    ])
  })

  it('[X5] does not list what stands in files only: they say it again', () => {
    const deleted = taskOf(1, {}, { x: [late({})], s: [seedValue('s', 'todo')] })
    expect(conflictsOf(deleted)).toEqual([])
  })
})

describe('the id of a value', () => {
  it('[X4] says who wrote it and where in that writer\u2019s history, in base 36', () => {
    expect(stampText(living('x', { client: 35, clock: 36, at: NOON }))).toBe('z.10')
  })
})
