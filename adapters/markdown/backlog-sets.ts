/** Changes a list of names in a front matter: those that stay keep their place and spelling, new ones come last. */
import { isDate, wordsInBrackets, wordText } from './backlog-text.ts'
import { afterLine, isLineEnd } from './lines.ts'
import { elementsOf } from './native-fields.ts'
import { replacement, type Splice } from './splices.ts'
import { replaced, type Place } from './yaml-edit.ts'
import { partWriter, type PartWriter } from './yaml-new-part.ts'
import { isNull, type YamlCollection } from './yaml-node.ts'
import { lineSplices, type Step } from './yaml-parts.ts'
import { flowSplice } from './yaml-segments.ts'

export interface Names {
  /** As they are to be written; those that stay as they are written now. */
  readonly wanted: readonly string[]
  /** Whether a list may get lines of its own where it had none. */
  readonly mayGrow: boolean
}

export function listSplices(text: string, place: Place, { wanted, mayGrow }: Names): readonly Splice[] {
  const { node } = place
  const before = new Set(elementsOf(node))
  const now = new Set(wanted)
  const added = [...now].filter((element) => !before.has(element))
  const kept = [...before].filter((element) => now.has(element))
  if (added.length === 0 && kept.length === before.size) return []
  const all = [...kept, ...added]
  if (node.kind === 'scalar') return replaced(text, place, wordsInBrackets(all))
  if (node.parts.length === 0) return fromEmpty(text, place, all, mayGrow)
  const steps = stepsTo(node, now, added)
  const parts = { text, node, change: () => [], write: writerFor(text, node) }
  const changed = node.isFlow ? [flowSplice(parts, steps)] : lineSplices(parts, steps)
  return changed ?? replaced(text, place, '[]')
}

function stepsTo(node: YamlCollection, wanted: ReadonlySet<string>, added: readonly string[]): readonly Step[] {
  const old = node.parts.map(({ node: item }, part): Step => {
    const isKept = isNull(item) || (item.kind === 'scalar' && wanted.has(item.text))
    return { kind: isKept ? 'keep' : 'drop', part }
  })
  return [...old, ...added.map((value): Step => ({ kind: 'add', name: '', value }))]
}

/** `labels: []` becomes one name a line, as Backlog.md writes it, where nothing else stands on its line. */
function fromEmpty(text: string, place: Place, names: readonly string[], mayGrow: boolean): readonly Splice[] {
  const { from, node } = place
  const isAlone = text.slice(from, node.start).trim() === '' && isLineEnd(text.charCodeAt(node.end))
  const isOneLine = !/[\r\n]/.test(text.slice(from, node.end))
  if (!mayGrow || !isAlone || !isOneLine) return replaced(text, place, wordsInBrackets(names))
  const lineEnd = text.slice(node.end, afterLine(text, node.end))
  return [replacement(from, node.end, names.map((name) => `${lineEnd}  - ${wordText(name)}`).join(''))]
}

/** Like its neighbours, but no date without quotes: to Backlog.md that is no name. */
function writerFor(text: string, node: YamlCollection): PartWriter {
  const write = partWriter(text, node, false)
  return (name, value) => {
    const said = write(name, value)
    if (typeof value !== 'string' || !isDate(value) || !said.endsWith(value)) return said
    return said.slice(0, -value.length) + wordText(value)
  }
}
