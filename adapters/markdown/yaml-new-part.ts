/** What a new part of a YAML list or map looks like: as its neighbours do. */
import type { Json } from '../../src/internal.ts'
import { isBlank } from './lines.ts'
import type { ScalarStyle, YamlCollection, YamlPart } from './yaml-node.ts'
import { flowText, isAmbiguous, keyText, scalarText } from './yaml-text.ts'

export type PartWriter = (name: string, value: Json) => string

/** Writes a dash or key with its value, for a line of its own or between brackets. `isText`: all its items are texts. */
export function partWriter(text: string, { kind, isFlow, parts }: YamlCollection, isText: boolean): PartWriter {
  const style = quotesOf(parts)
  const options = { isFlow, isText: isText && parts.some(isBareNumber) }
  const front = isFlow ? '' : `-${gapBehindDash(text, parts[0])}`
  return (name, value) => {
    const isScalar = typeof value !== 'object'
    const said = isScalar ? scalarText(value, style, options) : flowText(value, { isFlow })
    return kind === 'map' ? `${keyText(name)}: ${said}` : front + said
  }
}

function isBareNumber({ node }: YamlPart): boolean {
  return node.kind === 'scalar' && node.style === 'plain' && isAmbiguous(node.text)
}

/** The quotes that all of them have. */
function quotesOf(parts: readonly YamlPart[]): ScalarStyle {
  const styles = new Set(parts.map(({ node }) => (node.kind === 'scalar' ? node.style : 'plain')))
  const [only = 'plain'] = styles
  return styles.size === 1 && (only === 'single' || only === 'double') ? only : 'plain'
}

function gapBehindDash(text: string, part: YamlPart | undefined): string {
  const from = part?.from ?? 0
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return at > from && at === part?.node.start ? text.slice(from, at) : ' '
}
