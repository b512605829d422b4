/** Sets as JSON has them: a list of texts and numbers, or one text. Elements that stay keep their bytes. */
import type { Json } from '../../src/internal.ts'
import { listChangeSplices } from './edit.ts'
import type { Layout } from './layout.ts'
import { valueOf, type JsonArray, type JsonNode } from './nodes.ts'
import type { Splice } from './splices.ts'

/** How an element is spelt in one task: what `5` means there, and how another task is named. */
export interface Spelling {
  nameOf(written: string): string
  /** Undefined where it cannot be said there. */
  written(name: string, isText: boolean): Json | undefined
}

export const plainSpelling: Spelling = { nameOf: (written) => written, written: (name) => name }

/** Each once, without empty ones, which name nobody; undefined where it is no such list. */
export function elementsIn(text: string, node: JsonNode, spelling: Spelling): readonly string[] | undefined {
  if (node.kind === 'literal' && text.startsWith('null', node.start)) return []
  const nodes = node.kind === 'array' ? node.elements : [node]
  const names = nodes.map((element) => elementName(text, element, spelling))
  return names.every((name) => name !== undefined) ? [...new Set(names)].filter((name) => name !== '') : undefined
}

/** As new members write them; undefined where one of them cannot be said. */
export function writtenElements(names: readonly string[], spelling: Spelling): readonly Json[] | undefined {
  const written = [...new Set(names)].filter((name) => name !== '').map((name) => spelling.written(name, false))
  return written.every((one) => one !== undefined) ? written : undefined
}

/** All or nothing: where one cannot be said, nothing is. */
export function elementChanges(
  text: string,
  array: JsonArray,
  {
    wanted,
    spelling,
    layout,
  }: { readonly wanted: readonly string[]; readonly spelling: Spelling; readonly layout: Layout },
): readonly Splice[] {
  const there = array.elements.map((element) => elementName(text, element, spelling))
  const isText = array.elements.some((one) => one.kind === 'string' && /^"\d+"$/.test(text.slice(one.start, one.end)))
  const names = new Set(wanted)
  const gone = new Set(
    there.flatMap((name, place) => (name === undefined || name === '' || names.has(name) ? [] : [place])),
  )
  const added = [...names].filter((name) => !there.includes(name)).map((name) => spelling.written(name, isText))
  if (!added.every((one) => one !== undefined)) return []
  return listChangeSplices(text, array, { gone, added }, layout)
}

/** A number by how it stands: what it is to JavaScript may be another one. */
function elementName(text: string, node: JsonNode, spelling: Spelling): string | undefined {
  if (node.kind === 'number') return spelling.nameOf(text.slice(node.start, node.end))
  const value = node.kind === 'string' ? valueOf(text, node) : undefined
  return typeof value === 'string' ? spelling.nameOf(value) : undefined
}
