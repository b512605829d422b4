/** Times as text, without a clock: milliseconds in, ISO 8601 out; dates that cannot be are refused. */
import { TaskError } from '../errors.ts'

const DAY_MS = 86_400_000
/** The last moment that four digits of a year can name. */
const LATEST_MS = 253_402_300_799_999

/** `2026-11-20T08:24:00.000Z`. */
export function isoTime(ms: number): string {
  const clamped = Math.min(Math.max(0, Math.floor(ms)), LATEST_MS)
  const days = Math.floor(clamped / DAY_MS)
  const rest = clamped - days * DAY_MS
  const { year, month, day } = civil(days)
  const hours = Math.floor(rest / 3_600_000)
  const minutes = Math.floor(rest / 60_000) % 60
  const seconds = Math.floor(rest / 1000) % 60
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${pad(rest % 1000, 3)}Z`
}

/** `YYYY-MM-DD`, or with a time and zone behind it. Kept as written; only what cannot be is refused. */
export function parseDate(field: string, text: string): string {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-](\d{2}):?(\d{2}))?)?$/.exec(text)
  if (match === null) throw badDate(field, text, 'write it as in 2026-11-20 or 2026-11-20T17:00Z')
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0))
  if (month === undefined || month < 1 || month > 12) throw badDate(field, text, 'months are 01 to 12')
  const last = daysIn(year ?? 0, month)
  if (day === undefined || day < 1 || day > last) throw badDate(field, text, `that month has ${last} days`)
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59)
    throw badDate(field, text, 'times are 00:00 to 23:59:59')
  if ((zoneHour ?? 0) > 14 || (zoneMinute ?? 0) > 59) throw badDate(field, text, 'zones are -14:00 to +14:00')
  return text
}

/** Milliseconds since 1970 of a date as `parseDate` takes it, in UTC where it names no zone; undefined for anything else. */
export function parseTime(value: unknown): number | undefined {
  const match =
    typeof value === 'string'
      ? /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))?)?$/.exec(
          value,
        )
      : null
  if (match === null) return undefined
  const number = (place: number): number => Number(match[place] ?? 0)
  const zone = (number(9) * 60 + number(10)) * (match[8] === '-' ? -1 : 1)
  const minutes = number(4) * 60 + number(5) - zone
  const ms = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000)
  const at = daysTo(number(1), number(2), number(3)) * DAY_MS + minutes * 60_000 + number(6) * 1000 + ms
  return at < 0 || at > LATEST_MS ? undefined : at
}

function badDate(field: string, text: string, fix: string): TaskError {
  return new TaskError('INVALID_INPUT', { field, problem: `${JSON.stringify(text.slice(0, 40))} is not a date`, fix })
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** A calendar date to days since 1970. */
function daysTo(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** Days since 1970 to a calendar date: eras of 400 years, years that begin in March. */
function civil(daysSince1970: number): { year: number; month: number; day: number } {
  const days = daysSince1970 + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  }
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
