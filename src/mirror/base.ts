/**
 * What the mirror remembers of one file: the texts it held lately, and of each what it consisted of. Bounded, oldest
 * first. Written as JSON into a cell of the store.
 */
import type { Uid } from '../ids.ts'
import type { Characters } from '../task/body.ts'
import { seedValue, type Alive } from '../task/registers.ts'
import type { Field } from '../task/fields.ts'
import type { Json } from '../task/types.ts'

/** A text that the file held. */
export interface Base {
  readonly text: string
  /** A person's save, or the mirror's. */
  readonly how: 'read' | 'written'
  /** In the order of the tasks in the text. */
  readonly tasks: readonly BaseTask[]
}

export interface BaseTask {
  readonly uid: Uid
  /** The values that the text showed, where they were more than what a file says that nobody remembers. */
  readonly seen: ReadonlyMap<Field, readonly Alive[]>
  /** Absent while the body is the first text itself. */
  readonly body?: BaseBody
}

export interface BaseBody {
  readonly name: string
  readonly characters: readonly Characters[]
}

export interface FileRecord {
  readonly bases: readonly Base[]
}

export const NO_RECORD: FileRecord = { bases: [] }

const MOST_BASES = 16
const MOST_CHARACTERS = 2_000_000

/** What a text showed of a field: without a memory of it, the value as any file says it. */
export function seenIn(task: BaseTask, field: Field, value: Json | undefined): readonly Alive[] {
  const seen = task.seen.get(field)
  if (seen !== undefined) return seen
  return value === undefined ? [] : [seedValue(field, value)]
}

/** The newest text last. A text that stands there already takes the new memory over, and stays a person's if it was. */
export function withBase(record: FileRecord, base: Base): FileRecord {
  const newest = record.bases.at(-1)
  if (newest?.text === base.text) {
    const how = newest.how === 'read' ? 'read' : base.how
    return { bases: [...record.bases.slice(0, -1), { ...base, how }] }
  }
  return { bases: bounded([...record.bases, base]) }
}

/** The newest and the person's last save stay; of the others those since that save, as many as there is room for. */
function bounded(bases: readonly Base[]): readonly Base[] {
  const saved = bases.findLastIndex(({ how }) => how === 'read')
  let room = MOST_CHARACTERS
  let count = 0
  return bases
    .map((base, index) => ({ base, stays: index === saved || index === bases.length - 1 }))
    .reverse()
    .filter(({ base, stays }) => {
      room -= base.text.length
      count++
      return stays || (count < MOST_BASES && room > 0)
    })
    .map(({ base }) => base)
    .reverse()
}

type PackedValue = readonly [client: number, clock: number, at: number, value: Json, ...seen: string[]]
interface PackedTask {
  readonly u: string
  readonly s?: Readonly<Record<string, readonly PackedValue[]>>
  readonly b?: readonly [name: string, ...runs: number[]]
}
/** The newest text whole; each older one as what is otherwise in it than in the next. */
type PackedText = string | readonly [start: number, end: number, between: string]
type PackedBase = readonly [text: PackedText, how: 0 | 1, ...tasks: PackedTask[]]

export function writeRecord(record: FileRecord): Uint8Array {
  const packed = record.bases.map(({ text, how, tasks }, index): PackedBase => [
    packText(text, record.bases[index + 1]?.text),
    how === 'read' ? 0 : 1,
    ...tasks.map(packTask),
  ])
  return new TextEncoder().encode(JSON.stringify(packed))
}

/** Undefined for what cannot be read: then the file has no memory, and comes in as one that nobody remembers. */
export function readRecord(bytes: Uint8Array | undefined): FileRecord | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  try {
    const packed = JSON.parse(new TextDecoder().decode(bytes)) as readonly PackedBase[]
    const bases: Base[] = []
    let next = ''
    for (const [text, how, ...tasks] of packed.toReversed()) {
      next = unpackText(text, next)
      bases.push({ text: next, how: how === 0 ? 'read' : 'written', tasks: tasks.map(unpackTask) })
    }
    return { bases: bases.reverse() }
  } catch {
    return undefined
  }
}

/** Whole where it has little in common with the next. */
function packText(text: string, next: string | undefined): PackedText {
  if (next === undefined) return text
  const most = Math.min(text.length, next.length)
  const start = commonLength(most, (from, to) => text.slice(from, to) === next.slice(from, to))
  const back = (from: number, to: number): boolean =>
    text.slice(text.length - to, text.length - from) === next.slice(next.length - to, next.length - from)
  const end = commonLength(most - start, back)
  return start + end < text.length / 2 ? text : [start, end, text.slice(start, text.length - end)]
}

function unpackText(packed: PackedText, next: string): string {
  if (typeof packed === 'string') return packed
  const [start, end, between] = packed
  return next.slice(0, start) + between + next.slice(next.length - end)
}

/** By large steps first: strings are compared far faster than their characters one by one. */
function commonLength(most: number, isSame: (from: number, to: number) => boolean): number {
  let length = 0
  for (let step = 4096; step >= 1; step = Math.floor(step / 8))
    while (length + step <= most && isSame(length, length + step)) length += step
  return length
}

function packTask({ uid, seen, body }: BaseTask): PackedTask {
  const values = [...seen].map(([field, alive]) => [
    field,
    alive.map(({ client, clock, at, value, seen: marks }): PackedValue => [client, clock, at, value, ...marks]),
  ])
  return {
    u: uid,
    ...(values.length === 0 ? {} : { s: Object.fromEntries(values) as PackedTask['s'] & object }),
    ...(body === undefined
      ? {}
      : {
          b: [body.name, ...body.characters.flatMap(({ client, clock, length }) => [client, clock, length])] as const,
        }),
  }
}

function unpackTask({ u, s = {}, b }: PackedTask): BaseTask {
  const seen = new Map<Field, readonly Alive[]>()
  for (const [field, values] of Object.entries(s))
    seen.set(
      field,
      values.map(([client, clock, at, value, ...marks]) => ({ client, clock, at, value, seen: marks })),
    )
  if (b === undefined) return { uid: u as Uid, seen }
  const [name, ...numbers] = b
  const characters: Characters[] = []
  for (let at = 0; at < numbers.length; at += 3)
    characters.push({ client: numbers[at] ?? 0, clock: numbers[at + 1] ?? 0, length: numbers[at + 2] ?? 0 })
  return { uid: u as Uid, seen, body: { name, characters } }
}

/** Where the store keeps what is remembered of a file. */
export function cellOf(path: string): string {
  return `file/${path}`
}
