/**
 * One task as a line of the summary: enough to list it, to find it, and to write to it, without the document.
 *
 *   o-r 4fq7k2m9x3⇥<its JSON as `list` prints it>⇥<place of its text>⇥a0⇥#12#⇥<uids it names>⇥<its registers as JSON>⇥␟<its row>
 *   ││└ ready                 X-- in front: purged, nothing to print        the row as `list` prints it, its cells with tabs between ┘
 *   │└ D deleted                                                            (␟: the one byte 1F of the line; new columns before it)
 *   └ kind of its status: o a d x
 */
import type { Uid } from '../ids.ts'
import type { ByteText } from '../ports.ts'
import { BODY, type Field } from '../task/fields.ts'
import type { Alive, TaskState } from '../task/registers.ts'
import { rowText } from '../task/row-text.ts'
import { numbersOf, referencesOf } from '../task/table.ts'
import type { ClaimView, Json, StatusKind, TaskView } from '../task/types.ts'

/** Where the title and body of a task stand in the file of texts. */
export interface TextPlace {
  readonly at: number
  readonly size: number
  /** Of the bytes there. */
  readonly sum: number
}

/** A task as a line of a table. */
export interface TaskRow extends Pick<
  TaskView,
  'key' | 'title' | 'status' | 'priority' | 'assignees' | 'labels' | 'deleted' | 'ready' | 'conflicts'
> {
  readonly kind: StatusKind
  readonly claim: ClaimView | null
}

const TAB = 9
/** In front of the row: JSON and printable text hold no control character. */
const ROW = '\u001f'
const ROW_BYTE = ROW.charCodeAt(0)
/** `]`: an empty list ends where it began. */
const BRACKET = 93
const BEHIND_ROW = ',"dependsOn":'
const CONFLICTS = '"conflicts":['
const [GONE, DELETED_FLAG, READY_FLAG, DONE, DROPPED] = ['X', 'D', 'r', 'd', 'x'].map((flag) => flag.charCodeAt(0))
const TEXT_COLUMN = 2
const ORDER_COLUMN = 3
const NUMBERS_COLUMN = 4
const REFERENCES_COLUMN = 5
const REGISTERS_COLUMN = 6
export const FLAGS_LENGTH = 4
const UID_END = 14
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
    view === undefined ? '' : JSON.stringify(view),
    placeText(text),
    view?.order ?? '',
    numbers.length === 0 ? '' : `#${numbers.join('#')}#`,
    referencesOf(state).join(','),
    JSON.stringify(packRegisters(state)),
    `${ROW}${view === undefined ? '' : rowText(view)}`,
  ]
  return `${columns.join('\t')}\n`
}

/** A line of a summary where it stands; columns are cut out when asked for. */
export class Line {
  readonly #source: ByteText
  readonly start: number
  /** Behind the last byte, before the line end. */
  readonly end: number

  constructor(source: ByteText, start: number, end: number) {
    this.#source = source
    this.start = start
    this.end = end
  }

  get uid(): Uid {
    return uidAt(this.#source, this.start)
  }

  /** Purged: there is nothing to print. */
  get isGone(): boolean {
    return this.#source.byteAt(this.start) === GONE
  }

  get isDeleted(): boolean {
    return this.#source.byteAt(this.start + 1) === DELETED_FLAG
  }

  get isReady(): boolean {
    return this.#source.byteAt(this.start + 2) === READY_FLAG
  }

  get isClosed(): boolean {
    const kind = this.#source.byteAt(this.start)
    return kind === DONE || kind === DROPPED
  }

  get kind(): StatusKind {
    return KIND_OF.get(String.fromCharCode(this.#source.byteAt(this.start))) ?? 'open'
  }

  /** Puts the JSON of the task, as it stands, at a place of a document; returns where it ends. */
  copyJson(target: Uint8Array, at: number): number {
    const start = this.start + UID_END + 1
    const end = this.#source.indexOfByte(TAB, start)
    this.#source.copy(target, at, start, end)
    return at + end - start
  }

  /** The same for its row. */
  copyRow(target: Uint8Array, at: number): number {
    const start = this.#rowStart()
    this.#source.copy(target, at, start, this.end)
    return at + this.end - start
  }

  /** Apart: one small function called a thousand times is not worth to V8 what optimising it takes, two megabytes and more. */
  #rowStart(): number {
    return this.#source.indexOfByte(ROW_BYTE, this.start) + 1
  }

  get order(): string {
    return this.#columns()[ORDER_COLUMN] ?? ''
  }

  /** What others find the task by: the numbers of its keys, the tasks it names. */
  outline(): { readonly numbers: readonly number[]; readonly references: readonly Uid[] } {
    const columns = this.#columns()
    const [numbers = '', references = ''] = [columns[NUMBERS_COLUMN], columns[REFERENCES_COLUMN]]
    return {
      numbers: numbers
        .split('#')
        .filter((number) => number !== '')
        .map(Number),
      references: references === '' ? [] : (references.split(',') as Uid[]),
    }
  }

  view(): TaskView | undefined {
    const start = this.start + UID_END + 1
    const json = this.#source.text(start, this.#source.indexOfByte(TAB, start))
    return json === '' ? undefined : (JSON.parse(json) as TaskView)
  }

  /** What a table shows, read from the beginning of the JSON: less than half of it. */
  row(): TaskRow | undefined {
    const start = this.start + UID_END + 1
    // Neither can stand inside a text: there quotes have a backslash in front.
    const cut = this.#source.indexOf(BEHIND_ROW, start)
    const conflicts = this.#source.indexOf(CONFLICTS, cut) + CONFLICTS.length
    if (this.isGone || cut < 0 || cut > this.end || conflicts > this.end) return undefined
    const first = JSON.parse(`${this.#source.text(start, cut)}}`) as Omit<
      TaskRow,
      'kind' | 'claim' | 'deleted' | 'ready' | 'conflicts'
    >
    return {
      ...first,
      kind: this.kind,
      claim: null,
      deleted: this.isDeleted,
      ready: this.isReady,
      conflicts: this.#source.byteAt(conflicts) === BRACKET ? NONE : (this.view()?.conflicts ?? NONE),
    }
  }

  state(): TaskState {
    return { uid: this.uid, registers: unpackRegisters(this.#columns()[REGISTERS_COLUMN] ?? '[]') }
  }

  textPlace(): TextPlace | undefined {
    const start = this.#source.indexOfByte(TAB, this.start + UID_END + 1) + 1
    const [at, size, sum] = this.#source.text(start, this.#source.indexOfByte(TAB, start)).split('+').map(Number)
    return at === undefined || size === undefined || sum === undefined ? undefined : { at, size, sum }
  }

  /** The same line, its text standing elsewhere. */
  withText(place: TextPlace | undefined): string {
    const columns = [...this.#columns()]
    columns[TEXT_COLUMN] = placeText(place)
    return `${columns.join('\t')}\n`
  }

  /** All of it, with the line end. */
  get bytes(): Uint8Array {
    return this.#source.bytes(this.start, this.end + 1)
  }

  #columns(): readonly string[] {
    return this.#source.text(this.start, this.end).split('\t')
  }
}

/** Of the line that begins there. */
export function uidAt(source: ByteText, start: number): Uid {
  return source.text(start + FLAGS_LENGTH, start + UID_END) as Uid
}

function placeText(place: TextPlace | undefined): string {
  return place === undefined ? '' : `${place.at}+${place.size}+${place.sum}`
}

/** What one writer wrote at one time; a first text of a body stands in the file of texts, so not here. */
type PackedGroup = readonly [client: number, at: number, values: readonly PackedValue[]]
type PackedValue = readonly [field: Field, clock: number, value: Json, seen?: readonly string[]]

function packRegisters(state: TaskState): readonly PackedGroup[] {
  const groups = new Map<string, [number, number, PackedValue[]]>()
  for (const [field, values] of state.registers) {
    for (const { client, clock, at, value, seen } of values) {
      const kept = field === BODY && typeof value === 'string' && values.length === 1 ? IN_TEXTS : value
      const packed: PackedValue = seen.length === 0 ? [field, clock, kept] : [field, clock, kept, seen]
      const name = `${client} ${at}`
      const group = groups.get(name)
      if (group === undefined) groups.set(name, [client, at, [packed]])
      else group[2].push(packed)
    }
  }
  return [...groups.values()]
}

/** Stands for a body's first text. Whoever needs the text itself loads the document. */
const IN_TEXTS: Json = { texts: true }
const NONE: readonly string[] = []

function unpackRegisters(json: string): ReadonlyMap<Field, readonly Alive[]> {
  const registers = new Map<Field, Alive[]>()
  for (const [client, at, packed] of JSON.parse(json) as readonly PackedGroup[]) {
    for (const [field, clock, value, seen] of packed) {
      const alive: Alive = { client, clock, at, value, seen: seen ?? NONE }
      const values = registers.get(field)
      if (values === undefined) registers.set(field, [alive])
      else values.push(alive)
    }
  }
  return registers
}
