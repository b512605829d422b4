/** The one that writes: gives rows their numbers and sends whole commits to the disk, in order, synced. */
import { asTaskError } from '../../src/internal.ts'
import type { StoreChange, TaskError } from '../../src/internal.ts'
import { createGroupCommit } from './group-commit.ts'
import { emptyHead, encodeHead, parseHead } from './head.ts'
import type { Head } from './head.ts'
import { FIRST_SEQUENCE, logKeys } from './keys.ts'
import type { LogKeys } from './keys.ts'
import { asUnwritable, holdsAny, lookUp, scan } from './level.ts'
import type { Level, Operation } from './level.ts'
import { formatOperation } from './opening.ts'
import { draftChange, logOf, planCommit } from './plan.ts'
import type { Drafted } from './plan.ts'
import { scannedLog } from './scanned-log.ts'
import type { Damage } from './scanned-log.ts'
import { draft, kinds, payloadLength, seal, unseal } from './values.ts'

export interface WriterWorld {
  readonly path: string
  readonly level: Level
  readonly fresh: boolean
  readonly onSync: (commits: number) => void
  readonly onDamage: (log: string, damage: readonly Damage[]) => void
}

export interface Writer {
  commit(changes: readonly StoreChange[]): Promise<void>
  /** For the store's own notes, in the same queue. */
  write(operations: readonly Operation[]): Promise<void>
  readonly headOf: (log: string) => Promise<Head>
  readonly idle: () => Promise<void>
}

interface Work {
  readonly changes: readonly Drafted[]
  /** Whose heads must be known. */
  readonly logs: readonly string[]
  /** A compaction asks which rows stay: it must come first in its group, so that the store has them. */
  readonly needsReading: boolean
  readonly operations: readonly Operation[]
}

export function createWriter(world: WriterWorld): Writer {
  const heads = new Map<string, Head>()
  const keys = new Map<string, LogKeys>()
  let { fresh } = world
  let failed: TaskError | undefined

  function keysOf(log: string): LogKeys {
    const known = keys.get(log) ?? logKeys(log)
    keys.set(log, known)
    return known
  }

  async function writeGroup(group: readonly Work[]): Promise<readonly (Error | undefined)[]> {
    if (failed !== undefined) throw failed
    const changed = new Map<string, Head>()
    const operations: Operation[] = []
    const refused: (Error | undefined)[] = []
    for (const work of group) {
      const behind = isReady(work) ? [] : await learn(work)
      refused.push(behind instanceof Error ? behind : place(work, behind, changed, operations))
    }
    for (const [log, head] of changed) operations.push(headOperation(keysOf(log), head))
    if (operations.length === 0) return refused
    if (fresh) operations.push(formatOperation({ damaged: false }))
    await send(operations)
    fresh = false
    for (const [log, head] of changed) heads.set(log, head)
    world.onSync(group.length)
    return refused
  }

  const isReady = ({ logs, needsReading }: Work): boolean => !needsReading && logs.every((log) => heads.has(log))

  /** Reads what must be known before a commit can be planned: heads, and for each change the bytes behind a snapshot. */
  async function learn({ changes, logs }: Work): Promise<readonly number[] | Error> {
    try {
      for (const log of logs) if (!heads.has(log)) heads.set(log, await storedHead(world, log))
      const behind: number[] = []
      for (const change of changes) behind.push(await bytesBehind(world.level, change))
      return behind
    } catch (error) {
      return asTaskError(asUnwritable(world.path, error))
    }
  }

  /** Adds one commit to the group, whole, or says why it cannot be. */
  function place(
    work: Work,
    behind: readonly number[],
    changed: Map<string, Head>,
    operations: Operation[],
  ): Error | undefined {
    try {
      const headOf = (log: string): Head => changed.get(log) ?? heads.get(log) ?? emptyHead
      const plan = planCommit(work.changes, { headOf, keysOf, behind })
      for (const operation of work.operations) operations.push(operation)
      for (const operation of plan.operations) operations.push(operation)
      for (const [log, head] of plan.heads) changed.set(log, head)
      return undefined
    } catch (error) {
      return asTaskError(error)
    }
  }

  async function send(operations: Operation[]): Promise<void> {
    try {
      await world.level.batch(operations, { sync: true })
    } catch (error) {
      // After a write that failed half way (a full disk), LevelDB would go on behind the torn record, where the next
      // opening does not look: so this store takes no more. Opening it again drops the torn record.
      failed = asTaskError(asUnwritable(world.path, error))
      throw failed
    }
  }

  const queue = createGroupCommit(writeGroup)
  return {
    commit: async (changes) => {
      const work = draftWork(changes)
      await queue.add({ item: work, bytes: sizeOf(work), leads: work.needsReading })
    },
    write: (operations) => queue.add({ item: { ...noWork, operations }, bytes: 0, leads: false }),
    headOf: async (log) => heads.get(log) ?? (await storedHead(world, log)),
    idle: queue.idle,
  }
}

const noWork: Work = { changes: [], logs: [], needsReading: false, operations: [] }

function draftWork(changes: readonly StoreChange[]): Work {
  const drafted = changes.map(draftChange)
  return {
    changes: drafted,
    logs: drafted.flatMap((change) => logOf(change) ?? []),
    needsReading: drafted.some(compacts),
    operations: [],
  }
}

const sizeOf = ({ changes }: Work): number =>
  changes.reduce((sum, change) => sum + ('value' in change ? change.value.length : 0), 0)

/**
 * What a log says of itself, and a look for rows that it does not know of: then another program wrote them, or what was
 * read is not the newest, and a number given again would lose a row. Then, as when nothing is said, all rows are asked.
 */
async function storedHead({ level, onDamage }: WriterWorld, log: string): Promise<Head> {
  const keys = logKeys(log)
  const stored = await lookUp(level, keys.head)
  const read = stored === undefined ? undefined : unseal(keys.head, stored)
  const head = read?.kind === kinds.head ? parseHead(read.bytes) : undefined
  const unknownRows = { gte: keys.row(head?.next ?? 0), lt: keys.head }
  if (head !== undefined && !(await holdsAny(level, unknownRows))) return head
  const scanned = scannedLog(keys, await scan(level, { gte: keys.row(0), lte: keys.head }), FIRST_SEQUENCE)
  onDamage(log, scanned.damage)
  return scanned.head
}

/** Rows that were added while a snapshot was made stay: what they hold must be counted. */
async function bytesBehind(level: Level, change: Drafted): Promise<number> {
  if (!compacts(change)) return 0
  const keys = logKeys(change.compact)
  const { entries, fault } = await scan(level, { gte: keys.row(change.through + 1), lt: keys.head })
  if (fault !== undefined) throw fault
  return entries.reduce((sum, [, value]) => sum + Math.max(0, payloadLength(value)), 0)
}

const compacts = (change: Drafted): change is Extract<Drafted, { compact: string }> => 'compact' in change

function headOperation({ head: key }: LogKeys, head: Head): Operation {
  return { type: 'put', key, value: seal(key, draft(kinds.head, encodeHead(head))) }
}
