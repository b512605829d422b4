/** Entries: one write to one register as a line of text, and back. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { isUid, parseUid } from '../../src/ids.ts'
import { readEntry, seedMark, writeEntry, type Entry } from '../../src/task/entry.ts'
import { canonical } from '../../src/task/hash.ts'
import { openReplica } from '../../src/task/replica.ts'
import type { Json } from '../../src/task/types.ts'

const uids = fc
  .string({ unit: fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'.split('')), minLength: 10, maxLength: 10 })
  .map(parseUid)
/** Whatever a label, a person or a foreign field may be called: tabs, percent signs, half of an escape, any script. */
const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('%', '2', '5', '0', '9', '\t', '\n', 'a', '\u00e9', "'", ':', '!') }),
)
const fields = fc.oneof(
  fc.constantFrom('t', 's', 'p', 'o', 'P', 'c', 'k', 'K', 'x', 'X', 'b', 'h'),
  fc.tuple(fc.constantFrom('l', 'a', 'd', 'C', '.'), names).map(([letter, name]) => letter + name),
)
const marks = fc.string({
  unit: fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz'.split('')),
  minLength: 7,
  maxLength: 7,
})
const entries: fc.Arbitrary<Entry> = fc.record({
  uid: uids,
  field: fields,
  at: fc.maxSafeNat(),
  value: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json),
  ),
  seen: fc.array(marks, { maxLength: 4 }),
})

describe('the text of an entry', () => {
  it('[E1] any id, field, name, time, value and marks come back as they went', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(readEntry(writeEntry(entry))).toEqual(entry)
      }),
      { numRuns: 3_000 },
    )
  })

  it('[E1] a line is short: id, letter, time, value', () => {
    const uid = parseUid('4fq7k2m9x3')
    const at = Date.UTC(2025, 10, 20)
    const line = (field: string, value: Entry['value'], seen: readonly string[] = []): string =>
      writeEntry({ uid, field, at, value, seen })
    expect(line('s', 'doing')).toBe(`4fq7k2m9x3s${at.toString(36)}'doing`)
    expect(line('.estimate', 3)).toBe(`4fq7k2m9x3.estimate\t${at.toString(36)}:3`)
    expect(line('l50%\toff', true)).toBe(`4fq7k2m9x3l50%25%09off\t${at.toString(36)}:true`)
    expect(line('s', "it's", ['k3x9a0q'])).toBe(`4fq7k2m9x3s${at.toString(36)}!k3x9a0q'it's`)
  })

  it.each([
    ['another kind of embed', { type: 'image' }],
    ['a number', 42],
    ['nothing', ''],
    ['an id alone', '4fq7k2m9x3'],
    ['a letter that no version used yet', "4fq7k2m9x3Zmhz1k2ab'doing"],
    ['an id with a letter that ids have not', "4fq7k2m9xis1'doing"],
    ['a name without its end', "4fq7k2m9x3.estimatemhz1k2ab'doing"],
    ['no time', "4fq7k2m9x3s'doing"],
    ['a time beyond all numbers', "4fq7k2m9x3szzzzzzzzzzzzzzz'doing"],
    ['no value', '4fq7k2m9x3smhz1k2ab'],
    ['a kind of value that no version used yet', '4fq7k2m9x3smhz1k2ab;doing'],
    ['half of a JSON value', '4fq7k2m9x3smhz1k2ab:{"a":'],
    ['a mark cut short', '4fq7k2m9x3smhz1k2ab!k3x'],
  ])('[E2] not an entry: %s', (_, text) => {
    expect(readEntry(text)).toBeUndefined()
  })

  it('[E2] whatever stands in a log is read as an entry that means the same when written again, or not at all', () => {
    const damaged = fc
      .tuple(entries, fc.nat(), fc.string({ maxLength: 3 }), fc.nat(3))
      .map(([entry, place, piece, cut]) => {
        const line = writeEntry(entry)
        const at = place % (line.length + 1)
        return line.slice(0, at) + piece + line.slice(at + cut)
      })
    let read = 0
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' }), fc.anything()), (text) => {
        const entry = readEntry(text)
        if (entry === undefined) return
        read++
        expect(isUid(entry.uid)).toBe(true)
        const again = readEntry(writeEntry(entry))
        expect(again?.field).toBe(entry.field)
        expect(again?.at).toBe(entry.at)
        expect(canonical(again?.value)).toBe(canonical(entry.value))
      }),
      { numRuns: 3_000 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it('[E2] a line that this version cannot read stays in the document for those who can', () => {
    const doc = new Y.Doc()
    const log = doc.getArray<unknown>('log/aaaaaaaa')
    const foreign = ["4fq7k2m9x3Zmhz1k2ab'later", '4fq7k2m9x3s', { some: 'thing' }, 7]
    log.push([foreign[0], "4fq7k2m9x3t1'Fix login", ...foreign.slice(1)])
    const replica = openReplica([Y.encodeStateAsUpdate(doc)], () => undefined)
    expect([...replica.tasks.uids()]).toEqual(['4fq7k2m9x3'])
    expect([...(replica.tasks.get(parseUid('4fq7k2m9x3'))?.registers.keys() ?? [])]).toEqual(['t'])

    const later = new Y.Doc()
    Y.applyUpdate(later, replica.encode())
    expect(later.getArray('log/aaaaaaaa').toJSON()).toEqual([foreign[0], "4fq7k2m9x3t1'Fix login", ...foreign.slice(1)])
  })
})

describe('the mark of a value from a file', () => {
  it('[E3] is the same for equal values, however their keys are ordered, and seven characters long', () => {
    fc.assert(
      fc.property(fields, fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (field, value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse())
        const clean = (json: unknown): Entry['value'] => JSON.parse(JSON.stringify(json)) as Entry['value']
        const mark = seedMark(field, clean(value))
        expect(mark).toMatch(/^[0-9a-z]{7}$/)
        expect(seedMark(field, clean(turned))).toBe(mark)
      }),
    )
  })

  it('[E3] differs between fields and between values, and never changes between versions', () => {
    expect(seedMark('s', 'doing')).not.toBe(seedMark('t', 'doing'))
    expect(seedMark('s', '1')).not.toBe(seedMark('s', 1))
    expect([seedMark('s', 'doing'), seedMark('t', 'Fix login'), seedMark('.estimate', { days: 3 })]).toEqual([
      '3c2yp85',
      '15tmfc4',
      'fqoael0',
    ])
  })
})
