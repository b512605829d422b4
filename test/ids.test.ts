/** Ids: made of chance, told apart by their parsers. */
import { describe, expect, it } from 'vitest'
import { memoryRuntime } from '../adapters/memory/runtime.ts'
import {
  isUid,
  keyOf,
  newActorId,
  newProjectId,
  newShortId,
  newUid,
  parsePrefix,
  parseProjectId,
  parseUid,
} from '../src/ids.ts'

const { random } = memoryRuntime({ seed: 5 })

describe('ids', () => {
  it('[K11] of tasks are ten letters and digits that no one confuses, and are what their parser takes', () => {
    const uids = Array.from({ length: 2_000 }, () => newUid(random))
    expect(uids.filter((uid) => !/^[0-9abcdefghjkmnpqrstvwxyz]{10}$/.test(uid))).toEqual([])
    expect(uids.every(isUid)).toBe(true)
    expect(uids.map(parseUid)).toEqual(uids)
    expect(new Set(uids).size).toBe(uids.length)
    // Every letter comes up at every place.
    for (let place = 0; place < 10; place++) expect(new Set(uids.map((uid) => uid.charAt(place))).size).toBe(32)
  })

  it.each([
    '',
    '4fq7k2m9x',
    '4fq7k2m9x33',
    '4fq7k2m9xi',
    '4fq7k2m9xl',
    '4fq7k2m9xo',
    '4fq7k2m9xu',
    '4FQ7K2M9X3',
    '4fq7k2m9x3\n',
    'T-12',
  ])('[K11] %j is no id of a task', (text) => {
    expect(isUid(text)).toBe(false)
    expect(() => parseUid(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', hint: expect.stringContaining('4fq7k2m9x3') }),
    )
  })

  it('[K11] use every byte of chance they ask for, whatever it is', () => {
    expect(newUid((count) => new Uint8Array(count).fill(0))).toBe('0000000000')
    expect(newUid((count) => new Uint8Array(count).fill(255))).toBe('zzzzzzzzzz')
    expect([newActorId(random).length, newProjectId(random).length, newShortId(random).length]).toEqual([8, 16, 8])
  })

  it('[K11] of projects and prefixes of keys are told apart from what cannot be one', () => {
    expect(parseProjectId(newProjectId(random))).toHaveLength(16)
    for (const id of ['abc', 'my.project-1_x', 'A'.repeat(64)]) expect(parseProjectId(id)).toBe(id)
    for (const id of ['', 'ab', '-abc', 'a b c', 'a/b', '../x', 'A'.repeat(65), 'abc\n'])
      expect(() => parseProjectId(id)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    for (const prefix of ['T', 'web', 'A9_']) expect(parsePrefix(prefix)).toBe(prefix)
    for (const prefix of ['', '9A', 'A-B', 'A B', 'A'.repeat(17), '\u00dc'])
      expect(() => parsePrefix(prefix)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('[K11] keys are prefix, number and, where it is needed, the start of an id', () => {
    expect([keyOf('T', 12), keyOf('WEB', 3, '4f')]).toEqual(['T-12', 'WEB-3.4f'])
  })
})
