/** Every write ever made, as it was meant: what the document must hold in the end follows from this alone. */
import type { Uid } from '../../src/ids.ts'
import type { Field } from '../../src/task/fields.ts'
import { canonical } from '../../src/task/hash.ts'
import { stampText, type Alive } from '../../src/task/registers.ts'
import type { Json } from '../../src/task/types.ts'

/** A value that someone put into a register, and the values it was meant to replace. */
export interface BookedValue {
  readonly name: string
  readonly uid: Uid
  readonly field: Field
  readonly value: Alive
  readonly isFile: boolean
  /** Names of the values its writer saw in this register; for a purge, in all registers of the task. */
  readonly saw: readonly string[]
  /** Names of all values of the task that stood in the writer's replica. */
  readonly knew: readonly string[]
  /** What the stamp must be. */
  readonly at: number
}

/** One coming of a word into a text: a word that was deleted and that an undo brings back comes twice. */
export interface BookedWord {
  readonly id: string
  readonly word: string
  /** The text it stands in, by name. */
  readonly text: string
  /** Where the update that brought it ends; nothing for words of a first text, which come with the text. */
  readonly brought: { readonly client: number; readonly end: number } | null
}

/** What one commit of one workspace did. */
export interface Operation {
  readonly what: string
  readonly writer: number
  /** Of the writer's life, and the clock behind everything the operation wrote. */
  readonly client: number
  readonly end: number
  readonly values: readonly BookedValue[]
  readonly came: readonly BookedWord[]
  /** Ids of words taken out of their text by a writer who saw them. */
  readonly went: readonly string[]
  /** Ids of words in a text that the writer saw and put another in the place of. */
  readonly replaced: readonly string[]
  /** Never reached the disk: a crash came first. */
  isDropped: boolean
}

export type ClockOf = (client: number) => number

export class Book {
  readonly operations: Operation[] = []
  readonly #words = new Map<string, BookedWord[]>()
  readonly #read = new Set<string>()
  readonly #left = new Map<string, string>()
  readonly #knew = new Map<string, readonly string[]>()

  add(operation: Operation): void {
    this.operations.push(operation)
    for (const { name, uid, field, value, isFile, knew } of operation.values) {
      const content = contentOf(uid, field, value.value)
      if (isFile) this.#read.add(name).add(content)
      if (!this.#knew.has(content)) this.#knew.set(content, knew)
    }
    for (const word of operation.came) {
      const words = this.#words.get(word.text)
      if (words === undefined) this.#words.set(word.text, [word])
      else words.push(word)
    }
  }

  /** Ids of every coming of words into a text that a reader with these clocks has heard of. */
  comings(text: string, clockOf: ClockOf, words?: ReadonlySet<string>): readonly string[] {
    return (this.#words.get(text) ?? []).flatMap(({ id, word, brought }) =>
      (words === undefined || words.has(word)) && (brought === null || clockOf(brought.client) >= brought.end)
        ? [id]
        : [],
    )
  }

  cameFromFile(uid: Uid, field: Field, value: Alive): boolean {
    return this.#read.has(nameOfValue(uid, field, value))
  }

  /** Whether some file said this, whoever read it. */
  wasRead(uid: Uid, field: Field, value: Json): boolean {
    return this.#read.has(contentOf(uid, field, value))
  }

  /** Of the comings of a word that a reader has heard of, one that nobody it has heard of has taken back. */
  standing(text: string, word: string, clockOf: ClockOf): readonly string[] {
    const heard = this.operations.filter(({ isDropped, client, end }) => !isDropped && clockOf(client) >= end)
    const went = new Set(heard.flatMap((operation) => operation.went))
    return this.comings(text, clockOf, new Set([word]))
      .filter((id) => !went.has(id))
      .slice(-1)
  }

  /** What a register held just after a change: an undo is only right while it still does. */
  leave(change: string, place: string, values: readonly Alive[]): void {
    this.#left.set(`${change} ${place}`, contentsOf(values))
  }

  isAsLeft(change: string, place: string, values: readonly Alive[]): boolean {
    return this.#left.get(`${change} ${place}`) === contentsOf(values)
  }

  /** What the writer of this value knew, when it was written first. */
  knewThen(uid: Uid, field: Field, value: Json): readonly string[] | undefined {
    return this.#knew.get(contentOf(uid, field, value))
  }
}

export function nameOfValue(uid: Uid, field: Field, value: Alive): string {
  return `${uid}/${field}/${stampText(value)}`
}

export function firstWord(text: string, word: string): BookedWord {
  return { id: `${text}/${word}`, word, text, brought: null }
}

export function broughtWord(text: string, word: string, client: number, end: number): BookedWord {
  return { id: `${text}/${word}/${client}.${end}`, word, text, brought: { client, end } }
}

const WORD = /w\d+x/g

/** The words of a text that the book follows, as often as they stand there. */
export function wordsIn(text: string): readonly string[] {
  return text.match(WORD) ?? []
}

function contentOf(uid: Uid, field: Field, value: Json): string {
  return `${uid}/${field}=${canonical(value)}`
}

function contentsOf(values: readonly Alive[]): string {
  return [...new Set(values.map(({ value }) => canonical(value)))].sort().join('\n')
}
