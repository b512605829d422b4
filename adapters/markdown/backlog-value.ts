/** Reads the value of a key as Backlog.md does: as YAML, but people need no quotes around an @ name behind `assignee:` or `reporter:`. */
import { findAts } from './backlog-ats.ts'
import type { Entry } from './front-matter.ts'
import type { YamlNode, YamlRefusal } from './yaml-node.ts'
import { readValue } from './yaml-value.ts'

const WITH_NAMES = new Set(['assignee', 'reporter'])
/** Stands for an @ while the value is read: a letter to YAML that nobody types. */
const STAND_IN = '\ue0ff'

export function readBacklogValue(text: string, { name, from, end }: Entry): YamlNode | YamlRefusal {
  const node = readValue(text, from, end)
  if (node.kind !== 'refusal' || !WITH_NAMES.has(name)) return node
  const ats = findAts(text, from, end)
  if (ats.length === 0 || text.slice(from, end).includes(STAND_IN)) return node
  let readable = ''
  let at = 0
  for (const place of ats) {
    readable += text.slice(at, place) + STAND_IN
    at = place + 1
  }
  const named = readValue(readable + text.slice(at, end), from, end)
  return named.kind === 'refusal' ? node : withAts(named)
}

function withAts(node: YamlNode): YamlNode {
  if (node.kind === 'scalar') return { ...node, text: node.text.replaceAll(STAND_IN, '@') }
  return { ...node, parts: node.parts.map((part) => ({ ...part, node: withAts(part.node) })) }
}
