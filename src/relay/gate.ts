/**
 * What may enter a project's document at a relay: judges an update before Yjs sees it. What is accepted Yjs applies whole:
 * nothing of it waits, and the document's clocks are what `known` says. Looks at structure only, never at what it means.
 *
 * Not seen here, because it shows only in the document that the update meets: what Yjs pays to place many structs into one
 * gap or under one key, to cut one long list of values in many places, to delete types that stand deep in one another; and
 * several values in one struct of a map (only on purpose), at which Yjs throws when the map is collected later.
 *
 * Seed ids (2^32 and above) are no writer's: they follow from what they stand for, many peers write them with equal bytes,
 * and src/task/body-at.ts begins an edit under one only while nothing of it is known. So they begin at 0, never grow, and
 * are nobody's to bind.
 */
import { ByteReader } from './byte-reader.ts'
import {
  SEED_RANGE_START,
  readDetails,
  shapeLimits,
  type NotNow,
  type Refusal,
  type RefusalCode,
  type ShapeLimits,
  type UpdateShape,
} from './shape.ts'

/** Client → next clock: of everything accepted so far, also what waits for the disk. */
export type Known = Map<number, number>

export interface GateOptions {
  readonly limits?: Partial<ShapeLimits>
  /** Whether a client id belongs to another live connection, which sends what it writes itself. */
  readonly isBoundElsewhere?: (client: number) => boolean
}

export interface Accepted {
  /** False when nothing in it can be new: no struct beyond what is known, and no deletion. */
  readonly isNew: boolean
  readonly shape: UpdateShape
}

const NOT_NOW: Readonly<Record<NotNow, true>> = { gap: true, orphan: true, overlap: true, bound: true }

/** After these the connection ends; after the others the sender is asked for what is missing. */
export function isHostile(code: RefusalCode): boolean {
  return !(code in NOT_NOW)
}

/** Judges one update; on acceptance advances `known`. */
export function judge(update: Uint8Array, known: Known, options: GateOptions = {}): Accepted | Refusal {
  const waits: number[] = []
  const limits = options.limits === undefined ? shapeLimits : { ...shapeLimits, ...options.limits }
  const shape = readDetails(new ByteReader(update), limits, { known, waits })
  if ('refused' in shape) return shape
  const refusal = foreign(shape, known, options) ?? orphan(shape, known, waits)
  if (refusal !== undefined) return refusal
  let isNew = shape.removes.size > 0
  for (const [client, { to }] of shape.writers) {
    if (to <= clockOf(known, client)) continue
    known.set(client, to)
    isNew = true
  }
  return { isNew, shape }
}

/** Structs under an id that is not the sender's to write under. */
function foreign({ writers }: UpdateShape, known: Known, { isBoundElsewhere }: GateOptions): Refusal | undefined {
  for (const [client, { from, to }] of writers) {
    const next = clockOf(known, client)
    if (client >= SEED_RANGE_START) {
      if (from > 0 || (next > 0 && to > next)) return { refused: 'seed', reason: `the seed ${client} is another one` }
    } else if (to > next && isBoundElsewhere?.(client) === true)
      return { refused: 'bound', reason: `${client} writes through another connection` }
  }
  return undefined
}

/** Something that Yjs would keep waiting, because what it follows, stands on or deletes is not there. */
function orphan(shape: UpdateShape, known: Known, waits: readonly number[]): Refusal | undefined {
  for (const [client, { from }] of shape.writers)
    if (from > clockOf(known, client)) return missing(client, clockOf(known, client), from)
  for (const [client, end] of shape.removes) {
    const next = nextOf(shape, known, client)
    if (end > next) return missing(client, next, end)
  }
  for (let index = 0; index < waits.length; index += 4) {
    const [client = 0, clock = 0] = [waits[index + 2], waits[index + 3]]
    const next = nextOf(shape, known, client)
    if (clock >= next) return missing(client, next, clock + 1)
  }
  return waits.length === 0 || canAllStand(shape, waits)
    ? undefined
    : { refused: 'malformed', reason: 'structs that stand on one another in a circle' }
}

interface Progress {
  /** The struct's first wait that is not over, as an index into `waits`. */
  at: number
  end: number
  isOpen: boolean
}

/** Puts writers in place as Yjs does: one goes on until a struct waits for another writer, who then goes on that far. */
function canAllStand({ writers }: UpdateShape, waits: readonly number[]): boolean {
  const progress = progressOf(waits)
  /** The first clock of a writer that is not in place. */
  const reached = (client: number): number => {
    const writer = progress.get(client)
    if (writer !== undefined && writer.at < writer.end) return waits[writer.at + 1] ?? 0
    return writers.get(client)?.to ?? 0
  }
  for (const client of progress.keys()) {
    const open: (readonly [client: number, until: number])[] = [[client, Number.POSITIVE_INFINITY]]
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const writer = progress.get(top[0])
      if (writer === undefined || writer.at >= writer.end || reached(top[0]) > top[1]) {
        if (writer !== undefined) writer.isOpen = false
        open.pop()
        continue
      }
      writer.isOpen = true
      const [other = 0, clock = 0] = [waits[writer.at + 2], waits[writer.at + 3]]
      if (reached(other) > clock) writer.at += 4
      else if (progress.get(other)?.isOpen !== false) return false
      else open.push([other, clock])
    }
  }
  return true
}

function progressOf(waits: readonly number[]): ReadonlyMap<number, Progress> {
  const progress = new Map<number, Progress>()
  for (let index = 0; index < waits.length; index += 4) {
    const client = waits[index] ?? 0
    const found = progress.get(client)
    if (found === undefined) progress.set(client, { at: index, end: index + 4, isOpen: false })
    else found.end = index + 4
  }
  return progress
}

function nextOf({ writers }: UpdateShape, known: Known, client: number): number {
  return Math.max(clockOf(known, client), writers.get(client)?.to ?? 0)
}

function clockOf(known: Known, client: number): number {
  return known.get(client) ?? 0
}

function missing(client: number, from: number, to: number): Refusal {
  return { refused: 'orphan', reason: `of ${client} the clocks from ${from} to ${to} are missing` }
}
