/** Claims as lines: aligned on a terminal, tab-separated on a pipe: key, holder, until, token, state, scope; of a list title and since. */
import type { Result } from '../../src/internal.ts'
import { nameOf, type GrantedClaim } from './claim-answers.ts'
import { moment } from './detail.ts'
import { paint } from './paint.ts'
import { padToWidth, printable, textWidth, truncateToWidth } from './width.ts'
import type { Output } from './world.ts'

type Claims = Result<'claims.list'>
type ListedClaim = Claims['claims'][number]
type LostClaim = Claims['lost'][number]

const GAP = '  '
const DEFAULT_WIDTH = 80
const READABLE_TITLE = 20
/** How many columns stand before the title, in the order in which they have to be there. */
const COLUMNS = ['KEY', 'HOLDER', 'HELD (UTC)', 'TOKEN'] as const

export function grantText(granted: readonly GrantedClaim[], stdout: Output): string {
  if (!stdout.isTerminal) return granted.map((one) => pipeLine(claimCells(one))).join('')
  const rows = granted.map((one) => [one.key, nameOf(one), `until ${moment(one.expiresAt)}`, tokenText(one)])
  return aligned(rows)
    .map((line) => `${line}\n`)
    .join('')
}

export function claimsText({ claims, lost }: Claims, stdout: Output): string {
  if (!stdout.isTerminal)
    return [
      ...claims.map((one) => pipeLine([...claimCells(one), one.title, one.grantedAt ?? ''])),
      ...lost.map((one) => pipeLine(lostCells(one))),
    ].join('')
  const parts = [claims.length === 0 ? [] : claimTable(claims, stdout), lost.map(lostLine)]
  return parts
    .flat()
    .map((line) => `${line}\n`)
    .join('')
}

/** Without room for a readable title the token goes first, then the time. */
function claimTable(claims: readonly ListedClaim[], { columns, colour }: Output): readonly string[] {
  const width = columns > 0 ? columns : DEFAULT_WIDTH
  const rows = claims.map((one) => [one.key, nameOf(one), periodText(one), tokenText(one)])
  const title = Math.min(READABLE_TITLE, Math.max(...claims.map((one) => textWidth(one.title))))
  for (let kept = COLUMNS.length; ; kept--) {
    const lines = aligned([[...COLUMNS], ...rows].map((cells) => cells.slice(0, kept)))
    const room = width - GAP.length - textWidth(lines[0] ?? '')
    if (room < title && kept > 2) continue
    return lines.map((line, index) => {
      const text = `${line}${GAP}${truncateToWidth(claims[index - 1]?.title ?? 'TITLE', Math.max(1, room))}`
      return paint(text.trimEnd(), index === 0 ? 'dim' : undefined, colour)
    })
  }
}

function lostLine({ key, by, type, at, heldBy }: LostClaim): string {
  const now = heldBy === null ? 'nobody holds it now' : `${nameOf(heldBy)} holds it`
  return printable(`lost: ${key} by ${type}:${by}, ${moment(at)}: ${now}`)
}

function claimCells(one: Omit<GrantedClaim, 'uid'>): readonly string[] {
  const { key, by, type, expiresAt, token, state, scope } = one
  return [key, `${type}:${by}`, expiresAt, token === 0 ? '' : String(token), state, scope]
}

/** In the columns of the others: when it was lost, no token, and who holds it now in the place of the title. */
function lostCells({ key, by, type, at, heldBy }: LostClaim): readonly string[] {
  return [key, `${type}:${by}`, at, '', 'lost', 'relay', heldBy === null ? '' : nameOf(heldBy), '']
}

/** Minutes are enough for people, and the day once. */
function periodText({ grantedAt, expiresAt }: ListedClaim): string {
  const [day = '', time = ''] = minuteOf(expiresAt).split(' ')
  if (grantedAt === null) return `until ${day} ${time}`
  const since = minuteOf(grantedAt)
  return `${since} to ${since.startsWith(day) ? time : `${day} ${time}`}`
}

function minuteOf(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}

function tokenText({ token, state }: Pick<GrantedClaim, 'token' | 'state'>): string {
  return state === 'tentative' ? 'tentative' : String(token)
}

function pipeLine(cells: readonly string[]): string {
  return `${cells.map(printable).join('\t')}\n`
}

/** Every line but its end is as wide as every other. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const shown = rows.map((cells) => cells.map(printable))
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((cells) => textWidth(cells[column] ?? ''))))
  return shown.map((cells) => cells.map((cell, column) => padToWidth(cell, widths[column] ?? 0)).join(GAP))
}
