/**
 * One task as a line of the summary: enough to list it, to find it, and to write to it, without the document.
 *
 *   or- 4fq7k2m9x3⇥a0⇥#12#⇥<uids it names>⇥<place of its text>⇥<its registers as JSON>⇥<its JSON as `list` prints it>
 *   ││└ ready                 X-- in front: purged, nothing to print
 *   │└ D deleted
 *   └ kind of its status: o a d x
 */
import { isUid, type Uid } from '../ids.ts'
import type { ByteText } from '../ports.ts'
import { BODY, type Field } from '../task/fields.ts'
import { aliveIn, type Alive, type TaskState } from '../task/registers.ts'
import { numbersOf, referencesOf } from '../task/table.ts'
import type { Json, StatusKind, TaskView } from '../task/types.ts'

/** Where the title and body of a task stand in the file of texts. */
export interface TextPlace {
  readonly at: number
  readonly size: number
}

/** A line where it stands in the summary; columns are cut out when asked for. */
export interface LineRange {
  readonly start: number
  /** Behind the last byte, before the line end. */
  readonly end: number
}

export const FLAGS_LENGTH = 4
export const UID_END = 14
const KINDS: Readonly<Record<StatusKind, string>> = { open: 'o', active: 'a', done: 'd', dropped: 'x' }
const KIND_OF = new Map<string, StatusKind>([
  ['o', 'open'],
  ['a', 'active'],
  ['d', 'done'],
  ['x', 'dropped'],
])

export function writeLine(
  state: TaskState,
  view: TaskView | undefined,
  kind: StatusKind,
  text: TextPlace | undefined,
): string {
  const flags = view === undefined ? 'X--' : `${KINDS[kind]}${view.deleted ? 'D' : '-'}${view.ready ? 'r' : '-'}`
  const numbers = numbersOf(state)
  const columns = [
    `${flags} ${state.uid}`,
    view?.order ?? '',
    numbers.length === 0 ? '' : `#${numbers.join('#')}#`,
    referencesOf(state).join(','),
    text === undefined ? '' : `${text.at}+${text.size}`,
    JSON.stringify(packRegisters(state)),
    view === undefined ? '' : JSON.stringify(view),
  ]
  return `${columns.join('\t')}\n`
}

/** A cursor over the lines of a summary. */
export class Line {
  readonly #source: ByteText
  readonly range: LineRange

  constructor(source: ByteText, range: LineRange) {
    this.#source = source
    this.range = range
  }

  get uid(): Uid | undefined {
    const uid = this.#source.text(this.range.start + FLAGS_LENGTH, this.range.start + UID_END)
    return isUid(uid) ? uid : undefined
  }

  get flags(): string {
    return this.#source.text(this.range.start, this.range.start + FLAGS_LENGTH)
  }

  get kind(): StatusKind {
    return KIND_OF.get(this.flags.charAt(0)) ?? 'open'
  }

  get order(): string {
    const start = this.range.start + UID_END + 1
    return this.#source.text(start, this.#source.indexOf('\t', start))
  }

  /** The JSON of the task, to be copied as it stands. */
  get jsonBytes(): Uint8Array {
    return this.#source.bytes(this.#source.lastIndexOf('\t', this.range.end - 1) + 1, this.range.end)
  }

  view(): TaskView | undefined {
    const json = this.#columns()[6]
    return json === undefined || json === '' ? undefined : (JSON.parse(json) as TaskView)
  }

  state(): TaskState | undefined {
    const uid = this.uid
    const json = this.#columns()[5]
    return uid === undefined || json === undefined ? undefined : { uid, registers: unpackRegisters(json) }
  }

  textPlace(): TextPlace | undefined {
    const [at, size] = (this.#columns()[4] ?? '').split('+').map(Number)
    return at === undefined || size === undefined ? undefined : { at, size }
  }

  /** The same line, its text standing elsewhere. */
  withText(place: TextPlace | undefined): string {
    const columns = [...this.#columns()]
    columns[4] = place === undefined ? '' : `${place.at}+${place.size}`
    return `${columns.join('\t')}\n`
  }

  #columns(): readonly string[] {
    return this.#source.text(this.range.start, this.range.end).split('\t')
  }
}

/** [field, client, clock, at, value, marks?] each; a first text of a body stands in the file of texts, so not here. */
type PackedValue = readonly [Field, number, number, number, Json, (readonly string[])?]

function packRegisters(state: TaskState): readonly PackedValue[] {
  const packed: PackedValue[] = []
  for (const [field, values] of state.registers) {
    for (const { client, clock, at, value, seen } of values) {
      const kept = field === BODY && typeof value === 'string' && values.length === 1 ? IN_TEXTS : value
      packed.push(seen.length === 0 ? [field, client, clock, at, kept] : [field, client, clock, at, kept, seen])
    }
  }
  return packed
}

/** Stands for a body's first text. Whoever needs the text itself loads the document. */
const IN_TEXTS: Json = { texts: true }

export function isInTexts(state: TaskState): boolean {
  return aliveIn(state, BODY).some(
    ({ value }) => typeof value === 'object' && value !== null && Reflect.get(value, 'texts') === true,
  )
}

const NONE: readonly string[] = []

function unpackRegisters(json: string): ReadonlyMap<Field, readonly Alive[]> {
  const registers = new Map<Field, Alive[]>()
  for (const [field, client, clock, at, value, seen] of JSON.parse(json) as readonly PackedValue[]) {
    const alive: Alive = { client, clock, at, value, seen: seen ?? NONE }
    const values = registers.get(field)
    if (values === undefined) registers.set(field, [alive])
    else values.push(alive)
  }
  return registers
}
