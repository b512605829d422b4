/** How a front matter is written, without what it says: an `x` stands for every value. Null where it is written as new ones are. */
import type { Json, Span } from '../../src/internal.ts'
import type { Entry, FrontMatter } from './front-matter.ts'
import { afterLine, isLineEnd, withLineFeeds } from './lines.ts'
import { byRank } from './native-fields.ts'
import type { NativeEntry, NativeFile } from './native-file.ts'
import { linesOf } from './shape-lines.ts'
import type { YamlNode, YamlScalar } from './yaml-node.ts'
import { scalarText } from './yaml-text.ts'

/** Longer ones are not remembered. */
const MOST_CHARACTERS = 20_000

/** The front matter's lines with LF ends. Comments, blank lines and what cannot be read stand in it as they are. */
export function shapeOf(text: string, { front, entries }: NativeFile): Json {
  if (front === undefined || front.isClosed) return null
  if (isUsual(text, front, entries)) return null
  const head = headOf(text, front, entries)
  let { from } = head
  let shape = ''
  for (const { start, end, lines } of piecesOf(text, entries.slice(head.count), front)) {
    shape += text.slice(from, start) + lines
    from = end
  }
  shape += text.slice(from, front.end)
  return shape.length > MOST_CHARACTERS ? null : withLineFeeds(shape)
}

interface Head {
  readonly count: number
  readonly from: number
}

/** Where the id and key stand first, as in new files, the shape leaves them out: it is the same before they are written. */
function headOf(text: string, front: FrontMatter, entries: readonly NativeEntry[]): Head {
  let from = front.start
  for (const [count, { entry, node }] of entries.entries()) {
    const isName = entry.name === 'id' || entry.name === 'key'
    if (!isName || entry.start !== from || node === undefined || !isUsualLine(text, entry, node)) return { count, from }
    from = afterLine(text, node.end)
  }
  return { count: entries.length, from }
}

interface Piece extends Span {
  /** What the shape says in its place. */
  readonly lines: string
}

function piecesOf(text: string, entries: readonly NativeEntry[], { strays }: FrontMatter): readonly Piece[] {
  const left = ({ start, end }: Span): Piece => ({ start, end, lines: text.slice(start, end) })
  const pieces = entries.map(({ entry, node }) =>
    node === undefined ? left(entry) : { start: entry.start, end: entry.end, lines: linesOf(text, entry, node) },
  )
  return [...pieces, ...strays.map(left)].toSorted((one, other) => one.start - other.start)
}

/** Written as new ones are: in canonical order, one line each, nothing between. */
function isUsual(text: string, front: FrontMatter, entries: readonly NativeEntry[]): boolean {
  let at = front.start
  let last: NativeEntry | undefined
  for (const one of entries) {
    const { entry, node, rule } = one
    const isInOrder = last === undefined || rule.rank > last.rule.rank || byRank(last.entry.name, entry.name) < 0
    if (entry.start !== at || node === undefined || !isInOrder || !isUsualLine(text, entry, node)) return false
    at = afterLine(text, node.end)
    last = one
  }
  return at === front.end
}

/** `name: value` and the line end, with what a new one would have between and around its parts. */
function isUsualLine(text: string, entry: Entry, node: YamlNode): boolean {
  const { name, start, from } = entry
  const isLine = from === start + name.length + 1 && node.start === from + 1
  if (!isLine || !isLineEnd(text.charCodeAt(node.end)) || text.charCodeAt(from) !== 32) return false
  if (node.kind === 'scalar') return isUsualScalar(text, node, false)
  if (!node.isFlow || node.kind === 'map') return node.isFlow && node.parts.length === 0 && node.end === node.start + 2
  let at = node.start + 1
  for (const part of node.parts) {
    const isFirst = part === node.parts[0]
    if (part.node.kind !== 'scalar' || !isUsualScalar(text, part.node, true)) return false
    if (part.start !== (isFirst ? at : at + 2) || (!isFirst && text.charCodeAt(at + 1) !== 32)) return false
    at = part.node.end
  }
  return at + 1 === node.end
}

function isUsualScalar(text: string, node: YamlScalar, isFlow: boolean): boolean {
  if (node.style === 'plain') return node.end - node.start === node.text.length
  if (node.style !== 'single' && node.style !== 'double') return false
  return scalarText(node.text, 'plain', { isFlow }) === text.slice(node.start, node.end)
}
