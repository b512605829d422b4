/** Changes a set in a front matter: elements that stay keep their place and their text, new ones come last. */
import { elementsOf } from './native-fields.ts'
import type { Splice } from './splices.ts'
import { collectionSplices, replaced, type Place } from './yaml-edit.ts'
import { isNull, type YamlCollection, type YamlScalar } from './yaml-node.ts'
import type { Step } from './yaml-parts.ts'
import { flowText, scalarText } from './yaml-text.ts'

export function setSplices(text: string, place: Place, wanted: readonly string[]): readonly Splice[] {
  const { node } = place
  const before = new Set(elementsOf(node))
  const now = new Set(wanted)
  const added = [...now].filter((element) => !before.has(element))
  const kept = [...before].filter((element) => now.has(element))
  if (added.length === 0 && kept.length === before.size) return []
  if (node.kind === 'scalar') return replaced(text, place, bareText(text, node, kept, added))
  const steps = stepsTo(node, now, added)
  const changed = collectionSplices(text, node, steps, { isFlow: false, isText: true })
  return changed ?? replaced(text, place, listText([...kept, ...added]))
}

function stepsTo(node: YamlCollection, wanted: ReadonlySet<string>, added: readonly string[]): readonly Step[] {
  const old = node.parts.map(({ node: item }, part): Step => {
    const isKept = isNull(item) || (item.kind === 'scalar' && wanted.has(item.text))
    return { kind: isKept ? 'keep' : 'drop', part }
  })
  return [...old, ...added.map((value): Step => ({ kind: 'add', name: '', value }))]
}

/** In the place of one bare name: another bare name, or a list with the name as it stood in front. */
function bareText(text: string, node: YamlScalar, kept: readonly string[], added: readonly string[]): string {
  const [first] = added
  const isBare = !isNull(node) && kept.length === 0 && added.length === 1
  if (isBare && first !== undefined)
    return first.includes(',') ? listText(added) : scalarText(first, node.style, { isFlow: false })
  const isQuoted = node.style === 'single' || node.style === 'double'
  if (kept.length === 0 || !isQuoted) return listText([...kept, ...added])
  return `[${[text.slice(node.start, node.end), ...added.map((element) => flowText(element, { isFlow: true }))].join(', ')}]`
}

function listText(elements: readonly string[]): string {
  return flowText(elements, { isFlow: false })
}
