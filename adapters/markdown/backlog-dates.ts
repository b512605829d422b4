/** Dates of old files of Backlog.md, day first and with two digits for the year, as all others are written. */

const LEGACY = /^(\d\d)([-/.])(\d\d)\2(\d\d)$/
const OF_OLD = new Set(['created_date', 'updated_date'])

/** `20/11/26` is 2026-11-20; any other text, and any other key's, stays as it is. */
export function dateSaid(key: string, text: string): string {
  const [, day, , month, year] = (OF_OLD.has(key) ? LEGACY.exec(text) : null) ?? []
  return year === undefined ? text : `20${year}-${month}-${day}`
}
