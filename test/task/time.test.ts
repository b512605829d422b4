/** Times as text, and dates that can be. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoTime, parseDate, parseTime } from '../../src/task/time.ts'
import { thrownBy } from '../workspace/task-states.ts'

describe('a time', () => {
  it('[Q10] is written as ISO 8601 in UTC, for every moment of the years 1970 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString())
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    [-1, '1970-01-01T00:00:00.000Z'],
    [0.9, '1970-01-01T00:00:00.000Z'],
    [951_782_400_000, '2000-02-29T00:00:00.000Z'],
    [253_402_300_800_000, '9999-12-31T23:59:59.999Z'],
    [Number.MAX_SAFE_INTEGER, '9999-12-31T23:59:59.999Z'],
    [Number.POSITIVE_INFINITY, '9999-12-31T23:59:59.999Z'],
  ])('[Q10] %d is shown as %s', (ms, text) => {
    expect(isoTime(ms)).toBe(text)
  })
})

describe('a date', () => {
  it.each([
    '2026-11-20',
    '2024-02-29',
    '2000-02-29',
    '2026-11-20T17:00',
    '2026-11-20 17:00',
    '2026-11-20T23:59:59Z',
    '2026-11-20T17:00:00.123456789+05:30',
    '2026-11-20T17:00-0800',
    '9999-12-31',
  ])('[I5] %s is kept as it was written', (text) => {
    expect(parseDate('due', text)).toBe(text)
  })

  it.each([
    ['2026-02-30', 'that month has 28 days'],
    ['2024-02-30', 'that month has 29 days'],
    ['1900-02-29', 'that month has 28 days'],
    ['2026-04-31', 'that month has 30 days'],
    ['2026-01-00', 'that month has 31 days'],
    ['2026-13-01', 'months are 01 to 12'],
    ['2026-00-10', 'months are 01 to 12'],
    ['2026-11-20T24:00', 'times are 00:00 to 23:59:59'],
    ['2026-11-20T17:60', 'times are 00:00 to 23:59:59'],
    ['2026-11-20T17:00:60', 'times are 00:00 to 23:59:59'],
    ['2026-11-20T17:00+99:00', 'zones are -14:00 to +14:00'],
    ['2026-11-20T17:00+05:75', 'zones are -14:00 to +14:00'],
    ['tomorrow', 'write it as in 2026-11-20'],
    ['20.11.2026', 'write it as in 2026-11-20'],
    ['2026-11-2', 'write it as in 2026-11-20'],
    ['2026-11-20T17', 'write it as in 2026-11-20'],
    [' 2026-11-20', 'write it as in 2026-11-20'],
    ['2026-11-20\n', 'write it as in 2026-11-20'],
    ['', 'write it as in 2026-11-20'],
  ])('[I5] %j is refused, and what would be right is said: %s', (text, hint) => {
    const refused = (): string => parseDate('due', text)
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        hint: expect.stringContaining(hint),
        message: expect.stringMatching(/^due: /),
      }),
    )
  })

  it('[I5] every day of four centuries is a date exactly when the calendar has it', () => {
    for (let year = 1800; year < 2200; year++) {
      for (const [month, day] of [
        [2, 28],
        [2, 29],
        [2, 30],
        [4, 30],
        [4, 31],
        [12, 31],
      ] as const) {
        const text = `${year}-${String(month).padStart(2, '0')}-${day}`
        const real = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
        expect([text, thrownBy(() => parseDate('due', text)) === undefined]).toEqual([text, real])
      }
    }
  })

  it('[Q10] a time that a file says is read as the moment it means; anything else is none', () => {
    for (const text of [
      '1970-01-01',
      '2000-02-29T12:34:56.789Z',
      '2026-11-20T08:24Z',
      '2024-03-01T00:00+02:00',
      '9999-12-31',
    ])
      expect([text, parseTime(text)]).toEqual([text, Date.parse(text)])
    for (const value of ['soon', '2024-3-1', '1969-12-31', '2024-03-01 noon', 20240301, null])
      expect([value, parseTime(value)]).toEqual([value, undefined])
  })
})
