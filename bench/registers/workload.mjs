/** The task workload of the register benchmarks: deterministic tasks of 12 fields, with or without a body of 1 KB. */

/** A small seeded generator (mulberry32): the same seed gives the same run on every machine. */
export const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export const pick = (r, list) => list[Math.floor(r() * list.length)]

const WORDS = (
  'sync relay merge offline task board parser cursor index vault branch commit review deploy queue worker cache ' +
  'socket schema client server token deadline estimate budget release backlog issue label owner window filter ' +
  'search report import export migrate rename archive restore notify remind'
).split(' ')
const words = (r, n) => Array.from({ length: n }, () => pick(r, WORDS)).join(' ')

export const STATUSES = ['todo', 'doing', 'blocked', 'done']

const bodyText = (r, bytes) => {
  let text = ''
  while (text.length < bytes) text += words(r, 9) + '.\n' + (r() < 0.3 ? `- [ ] ${words(r, 5)}\n` : '')
  return text.slice(0, bytes)
}

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
/** Ten characters of base 32, as the product's uids have. */
export const uidOf = (i) => {
  const r = random(i ^ 0x5eed)
  return Array.from({ length: 10 }, () => DIGITS[Math.floor(r() * 32)]).join('')
}

export const FIELDS = 'id title status priority assignee labels created updated due estimate parent order'.split(' ')

/** The fields of task `i`; `body: true` adds 1 KB of text. */
export const taskFields = (i, { body = false } = {}) => {
  const r = random(i + 1)
  const parent = i - (i % 10)
  const fields = {
    id: 't' + String(i).padStart(6, '0'),
    title: words(r, 5) + ' ' + i,
    status: STATUSES[i % 3],
    priority: pick(r, ['low', 'medium', 'high']),
    assignee: 'user' + Math.floor(r() * 20),
    labels: words(r, 2).split(' '),
    created: '2026-01-01T09:00:00Z',
    updated: '2026-02-01T09:00:00Z',
    due: '2026-03-0' + (1 + (i % 9)),
    estimate: Math.floor(r() * 16),
    parent: i === parent ? '' : 't' + String(parent).padStart(6, '0'),
    order: i * 1024,
  }
  if (body) fields.body = bodyText(r, 1024)
  return fields
}

/** The clock of the workload: milliseconds, as stamps have. */
export const START_MS = 1_790_000_000_000
