/** What one YAML value is and where it stands. Knows how plain words are typed, not how they are found. */
import type { Json, Span } from '../../src/internal.ts'

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'empty'

/** Offsets leave out comments, and the line end of the last line. */
export interface YamlScalar extends Span {
  readonly kind: 'scalar'
  readonly style: ScalarStyle
  /** What is said, without quotes and escapes; of a plain one the source. */
  readonly text: string
  /** How far the lines of a block scalar are indented. */
  readonly indent?: number
}

export interface YamlCollection extends Span {
  readonly kind: 'list' | 'map'
  /** Between brackets; otherwise one part a line. */
  readonly isFlow: boolean
  readonly parts: readonly YamlPart[]
}

/** An item of a list, or a key with its value. */
export interface YamlPart {
  /** Empty in a list. */
  readonly name: string
  /** Of its dash, its key, or (in a flow list) its value. */
  readonly start: number
  /** Right behind the dash or the colon; equal to `start` where there is neither. */
  readonly from: number
  readonly node: YamlNode
}

export type YamlNode = YamlScalar | YamlCollection

/** A value that is not read, and why. */
export interface YamlRefusal {
  readonly kind: 'refusal'
  readonly reason: string
}

/** Deeper values are left alone. */
export const maxDepth = 16

export function jsonOf(node: YamlNode): Json {
  if (node.kind === 'scalar') {
    if (node.style === 'plain') return plainValue(node.text)
    return node.style === 'empty' ? null : node.text
  }
  if (node.kind === 'list') return node.parts.map((part) => jsonOf(part.node))
  return Object.fromEntries(node.parts.map((part) => [part.name, jsonOf(part.node)]))
}

export function isNull(node: YamlNode): boolean {
  return (
    node.kind === 'scalar' && (node.style === 'empty' || (node.style === 'plain' && plainValue(node.text) === null))
  )
}

const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['~', null],
])

/**
 * A plain word as JSON: a number only where YAML 1.1, YAML 1.2 and JSON agree on which. `010`, `0x1f`, `1_000`, `12:30`,
 * dates, `yes` and numbers too long to be exact stay the text they are, so that nothing of them is lost.
 */
export function plainValue(text: string): Json {
  const first = text.charCodeAt(0)
  if (first === 45 || (first >= 48 && first <= 57)) return numberIn(text) ?? text
  if (text.length > 5) return text
  const word = WORDS.get(text)
  return word === undefined ? text : word
}

function numberIn(text: string): number | undefined {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]\d+)?$/.test(text)) return undefined
  const number = Number(text)
  if (String(number) === text) return number
  const shortest = text.includes('.') ? text.replace(/\.?0+(?=$|e)/, '') : text
  return String(number) === shortest ? number : undefined
}
