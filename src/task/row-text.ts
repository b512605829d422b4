/** A task as the line that `list` prints where a program reads it. Also kept in the summary, so that a list copies it. */

import type { ClaimView } from './types.ts'

export interface PlainRow {
  readonly key: string
  readonly title: string
  readonly status: string
  readonly priority: string | null
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly ready: boolean
  readonly deleted: boolean
  readonly conflicts: readonly string[]
  readonly claim?: Pick<ClaimView, 'by' | 'state'> | null
}

/** key, status, priority, labels, assignees, title, marks: whole, with tabs between, no line end. New columns come last. */
export function rowText(row: PlainRow): string {
  const { key, status, priority, labels, assignees, title } = row
  const cells = [key, status, priority ?? '', labels.join(','), assignees.join(','), title, marks(row)]
  // One look at most lines instead of seven; a tab inside a cell would count one too many.
  const line = cells.join('\t')
  return /^[ -~]*(?:\t[ -~]*){6}$/.test(line) ? line : cells.map(printable).join('\t')
}

/**
 * One line of text that is safe to print: whatever would move the cursor, start an escape sequence, end the line or turn
 * the writing direction becomes U+FFFD, so that nothing is hidden; a tab becomes a blank. Colours go around the result.
 */
export function printable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

/** Who holds it; of a claim that nobody has confirmed `~agent-1`. */
function claimant({ by, state }: Pick<ClaimView, 'by' | 'state'>): string {
  return state === 'tentative' ? `~${by}` : by
}

/** `deleted`, `ready`, `claim:<who>` and `conflict:<field>`, with commas between. A loop: a list of a thousand rows is built of these. */
function marks(row: PlainRow): string {
  let text = row.deleted ? 'deleted' : ''
  if (row.ready) text += text === '' ? 'ready' : ',ready'
  if (row.claim) text += `${text === '' ? '' : ','}claim:${claimant(row.claim)}`
  for (const field of row.conflicts) text += `${text === '' ? '' : ','}conflict:${field}`
  return text
}
