/** How large a ledger may grow: what changes would make larger is refused, after leases that ran out gave way. */
import { TaskError } from '../errors.ts'
import type { Uid } from '../ids.ts'
import type { Ledger, LedgerChange } from './ledger.ts'
import { claimLimits } from './parse.ts'

/** The changes, with what they need to have room. Throws TOO_LARGE. */
export function withinBounds(ledger: Ledger, changes: readonly LedgerChange[], now: number): readonly LedgerChange[] {
  const { leases, tokens } = ledger.size
  const [granted, known] = [new Set<Uid>(), new Set<Uid>()]
  for (const change of changes) {
    if (change.do !== 'grant' && change.do !== 'learn') continue
    if (change.do === 'grant' && ledger.last(change.uid) === undefined) granted.add(change.uid)
    if (ledger.token(change.uid) === 0) known.add(change.uid)
  }
  if (known.size > 0) assertSize('tasks ever claimed in this project', tokens + known.size, claimLimits.known)
  if (granted.size === 0 || leases + granted.size <= claimLimits.held) return changes
  const concerned = new Set(changes.flatMap((change) => (change.do === 'remember' ? [] : [change.uid])))
  const over: LedgerChange[] = []
  for (const { uid, expiresAt } of ledger.leases())
    if (expiresAt <= now && !concerned.has(uid)) over.push({ do: 'end', uid })
  assertSize('what is held in this project', leases - over.length + granted.size, claimLimits.held)
  return [...over, ...changes]
}

function assertSize(field: string, size: number, limit: number): void {
  if (size > limit) throw new TaskError('TOO_LARGE', { field, size, limit })
}
