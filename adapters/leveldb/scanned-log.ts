/** What a scan of a log's rows amounts to: the rows that can be trusted, and what is wrong with the others. Pure. */
import type { Row } from '../../src/internal.ts'
import { emptyHead, parseHead } from './head.ts'
import type { Head } from './head.ts'
import { END_SEQUENCE } from './keys.ts'
import type { LogKeys } from './keys.ts'
import type { Scan } from './level.ts'
import { kinds, unseal } from './values.ts'

/** A row that was stored and is not there any more as it was. `kept` is what lies in its place. */
export interface Damage {
  readonly seq: number
  readonly reason: string
  readonly kept: Buffer | undefined
}

export interface ScannedLog {
  /** Oldest first. */
  readonly rows: readonly Row[]
  readonly damage: readonly Damage[]
  readonly head: Head
}

interface Sound extends Row {
  readonly snapshot: boolean
}

/** `from` is where the scan began: what lies below it is not missed. */
export function scannedLog(keys: LogKeys, { entries, fault }: Scan, from: number): ScannedLog {
  const sound: Sound[] = []
  const damage: Damage[] = []
  let head: Head | undefined
  for (const [key, value] of entries) {
    const seq = keys.sequenceIn(key)
    const read = unseal(key, value)
    if (read?.kind === kinds.head) head = parseHead(read.bytes)
    else if (read?.kind === kinds.row) sound.push({ seq, bytes: read.bytes, snapshot: false })
    else if (read?.kind === kinds.snapshot) sound.push({ seq, bytes: read.bytes, snapshot: true })
    else if (seq !== END_SEQUENCE) damage.push({ seq, reason: 'its bytes are not what was stored', kept: value })
  }
  const told = head !== undefined && agrees(head, sound) ? head : undefined
  const believed = told ?? rebuilt(sound)
  const settled = { ...believed, next: behind(believed.next, damage) }
  const rows = sound.filter((row) => row.seq >= settled.first && !isStale(row, settled))
  damage.push(...missing(settled, from, [...rows, ...damage]))
  if (fault !== undefined || (told === undefined && entries.length > 0)) damage.push(endDamage(settled, fault))
  return {
    rows: rows.map(({ seq, bytes }) => ({ seq, bytes })),
    damage: damage.filter(({ seq }) => seq >= settled.first),
    head: settled,
  }
}

/** Whether a head can be the newest: a damaged table can uncover an older one, whose numbers must not be given again. */
function agrees(head: Head, rows: readonly { readonly seq: number; readonly snapshot: boolean }[]): boolean {
  return rows.every((row) => row.seq < head.next && (!row.snapshot || row.seq <= head.first))
}

/** A row that the snapshot of the same number replaced and that a damaged table uncovered again. */
const isStale = (row: Sound, head: Head): boolean => head.compacted && row.seq === head.first && !row.snapshot

function rebuilt(sound: readonly Sound[]): Head {
  const snapshot = sound.findLast((row) => row.snapshot)
  const alive = snapshot === undefined ? sound : sound.filter((row) => row.seq > snapshot.seq)
  return {
    first: snapshot?.seq ?? sound[0]?.seq ?? emptyHead.first,
    next: (sound.at(-1)?.seq ?? emptyHead.next - 1) + 1,
    compacted: snapshot !== undefined,
    bytes: alive.reduce((sum, row) => sum + row.bytes.length, 0),
    snapshotBytes: snapshot?.bytes.length ?? 0,
  }
}

/** Rows that nobody can trust may stand right behind the end: they are not written over. One whose number is damaged may stand far up. */
const behind = (next: number, damage: readonly Damage[]): number =>
  damage.reduce((found, { seq }) => (seq === found ? seq + 1 : found), next)

/** What a part that cannot be read held is not known, and the newest rows lie beside the end. */
function endDamage({ next }: Head, fault: Error | undefined): Damage {
  const why = fault === undefined ? 'its end is damaged' : 'a part of the store cannot be read'
  return { seq: next, reason: `rows from here on may be lost: ${why}`, kept: undefined }
}

function missing(head: Head, from: number, present: readonly { readonly seq: number }[]): readonly Damage[] {
  const found: Damage[] = []
  const numbers = [...new Set(present.map(({ seq }) => seq)), head.next].sort((a, b) => a - b)
  let expected = Math.max(from, head.first)
  for (const seq of numbers) {
    if (seq < expected || seq > head.next) continue
    const which = seq - expected === 1 ? 'the row is' : `the rows up to ${seq - 1} are`
    if (seq > expected) found.push({ seq: expected, reason: `${which} missing`, kept: undefined })
    expected = seq + 1
  }
  return found
}
