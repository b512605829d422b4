/** The lines of one entry with an `x` in the place of its value: quotes, brackets, blanks and comments stay. */
import type { Entry } from './front-matter.ts'
import { endOfLine, startOfLine, withLineFeeds } from './lines.ts'
import { isNull, type YamlCollection, type YamlNode, type YamlPart, type YamlScalar } from './yaml-node.ts'
import { scalarText } from './yaml-text.ts'

export function linesOf(text: string, entry: Entry, node: YamlNode): string {
  const key = text.slice(entry.start, entry.from)
  const rest = withLineFeeds(text.slice(node.end, entry.end).replace(/^[ \t]+(?=[\r\n])/, ''))
  if (isEmpty(node)) return `${key}${text.slice(entry.from, node.end)}${rest}`
  const gap = text.slice(entry.from, node.start)
  if (node.kind === 'scalar') return `${key}${gap}${scalarShape(text, node)}${rest}`
  return `${key}${gap}${node.isFlow ? flowShape(text, node) : blockShape(text, node)}${rest}`
}

/** Says nothing, and stays as it is. */
export function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' ? isNull(node) : node.parts.length === 0
}

function scalarShape(text: string, node: YamlScalar): string {
  if (node.indent === undefined) return inQuotes(quoteOf(text, [node], false))
  return `${text.slice(node.start, endOfLine(text, node.start))}\n${' '.repeat(node.indent)}x`
}

function flowShape(text: string, node: YamlCollection): string {
  const [first, second] = node.parts
  if (first === undefined) return text.slice(node.start, node.end)
  const said = partShape(text, node)
  const between = second === undefined ? '' : text.slice(first.node.end, second.start)
  const comma = /^[ \t]*,[ \t]*$/.test(between) ? between : ', '
  const opening = blanksIn(text.slice(node.start + 1, first.start))
  const closing = blanksIn(text.slice(node.parts.at(-1)?.node.end ?? node.end, node.end - 1))
  const inner = node.kind === 'list' ? `${said}${comma}${said}` : said
  return `${text.charAt(node.start)}${opening}${inner}${closing}${text.charAt(node.end - 1)}`
}

function blockShape(text: string, node: YamlCollection): string {
  const [first] = node.parts
  if (first === undefined || node.kind === 'map') return partShape(text, node)
  const gap = text.slice(first.from, first.node.start)
  const isBeside = startOfLine(text, first.node.start) <= first.from
  return `-${isBeside && gap !== '' ? gap : ' '}${partShape(text, node)}`
}

function partShape(text: string, { kind, isFlow, parts }: YamlCollection): string {
  const nodes = parts.map((part: YamlPart) => part.node)
  const said = inQuotes(quoteOf(text, nodes, isFlow))
  return kind === 'map' ? `x: ${said}` : said
}

/** The quotes that all of them have, unless new ones would have them too. */
function quoteOf(text: string, nodes: readonly YamlNode[], isFlow: boolean): string {
  const quotes = nodes.map((node) => (node.kind === 'scalar' ? QUOTES.get(node.style) : undefined))
  const [only] = quotes
  const isUsual = nodes.every(
    (node) => node.kind === 'scalar' && scalarText(node.text, 'plain', { isFlow }) === text.slice(node.start, node.end),
  )
  return only === undefined || isUsual || quotes.some((quote) => quote !== only) ? '' : only
}

const QUOTES: ReadonlyMap<string, string> = new Map([
  ['single', "'"],
  ['double', '"'],
])

function inQuotes(quote: string): string {
  return `${quote}x${quote}`
}

function blanksIn(text: string): string {
  return /^[ \t]*$/.test(text) ? text : ''
}
