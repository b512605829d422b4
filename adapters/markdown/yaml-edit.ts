/** Changes one YAML value in its text: only what differs, in the style that stands there. */
import type { Json } from '../../src/internal.ts'
import { afterLine, endOfLine, isBlank, isLineEnd, startOfLine } from './lines.ts'
import { insertion, replacement, type Splice } from './splices.ts'
import { alignedItems, alignedPairs, sameJson } from './yaml-alignment.ts'
import { blockScalarText } from './yaml-block-text.ts'
import { partWriter } from './yaml-new-part.ts'
import { isNull, jsonOf, type YamlCollection, type YamlNode, type YamlScalar } from './yaml-node.ts'
import { lineSplices, type Step } from './yaml-parts.ts'
import { flowSplice } from './yaml-segments.ts'
import { flowText, isAmbiguous, isList, scalarText, type TextOptions } from './yaml-text.ts'

/** Where a value stands: its node, and the place right behind its colon or dash. */
export interface Place {
  readonly from: number
  readonly node: YamlNode
}

/** Makes the place say `value`. */
export function valueSplices(text: string, place: Place, value: Json, options: TextOptions): readonly Splice[] {
  const { node } = place
  const isText = options.isText === true && node.kind === 'scalar' && !isNull(node)
  if (sameJson(isText ? node.text : jsonOf(node), value)) return []
  if (node.kind === 'scalar') return replaced(text, place, textLike(text, node, value, options))
  const steps = stepsTo(node, value)
  const changed = steps === undefined ? undefined : collectionSplices(text, node, steps, options)
  return changed ?? replaced(text, place, flowText(value, options))
}

/** Takes the steps on the parts of a list or map; undefined where that leaves nothing, or nothing that stands alone. */
export function collectionSplices(
  text: string,
  node: YamlCollection,
  steps: readonly Step[],
  options: TextOptions,
): readonly Splice[] | undefined {
  const change = (part: Place, value: Json): readonly Splice[] =>
    valueSplices(text, part, value, { isFlow: options.isFlow || node.isFlow })
  const parts = { text, node, change, write: partWriter(text, node, options.isText ?? false) }
  return node.isFlow ? [flowSplice(parts, steps)] : lineSplices(parts, steps)
}

function stepsTo(node: YamlCollection, value: Json): readonly Step[] | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (isList(value)) return node.kind === 'list' ? alignedItems(node.parts, value) : undefined
  return node.kind === 'map' ? alignedPairs(node.parts, value) : undefined
}

function textLike(text: string, node: YamlScalar, value: Json, options: TextOptions): string {
  if (value === null || typeof value === 'object') return flowText(value, options)
  if (typeof value === 'string' && node.indent !== undefined) {
    const block = blockScalarText(text, node, value)
    if (block !== undefined) return block
  }
  const isText = options.isText === true && node.style === 'plain' && isAmbiguous(node.text)
  return scalarText(value, node.style, { isFlow: options.isFlow, isText })
}

/** Puts a text of one line in the place of the whole value. */
export function replaced(text: string, { from, node }: Place, insert: string): readonly Splice[] {
  if (node.kind === 'scalar' && node.style === 'empty') return [intoGap(text, from, insert)]
  const line = startOfLine(text, node.start)
  if (node.kind === 'scalar' || node.isFlow || line <= from) return [replacement(node.start, node.end, insert)]
  // Comments between its parts stay.
  const lines = node.parts.map((part) =>
    replacement(startOfLine(text, part.start), afterLine(text, endOfLine(text, part.node.end)), ''),
  )
  return [insertion(from, ` ${insert}`), ...lines]
}

/** Behind a colon or dash that has nothing behind it, comments aside. */
function intoGap(text: string, from: number, insert: string): Splice {
  const before = text.charAt(from - 1)
  if (before !== ':' && before !== '-') return insertion(from, `: ${insert}`)
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return at > from && isLineEnd(text.charCodeAt(at)) ? insertion(from + 1, insert) : insertion(from, ` ${insert}`)
}
