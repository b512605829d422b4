/** Changes, drops and adds parts of a YAML list or map that stand one a line; comments between them stay. */
import type { Json } from '../../src/internal.ts'
import { afterLine, endOfLine, lineEndAt, startOfLine } from './lines.ts'
import { insertion, replacement, type Splice } from './splices.ts'
import type { PartWriter } from './yaml-new-part.ts'
import type { YamlCollection, YamlPart } from './yaml-node.ts'

/** What becomes of the parts, in the order in which they stand afterwards. */
export type Step =
  | { readonly kind: 'keep' | 'drop'; readonly part: number }
  | { readonly kind: 'change'; readonly part: number; readonly value: Json }
  | { readonly kind: 'add'; readonly name: string; readonly value: Json }

/** A list or map in its text, and how its parts change and are written. */
export interface Parts {
  readonly text: string
  readonly node: YamlCollection
  readonly change: (part: YamlPart, value: Json) => readonly Splice[]
  readonly write: PartWriter
}

/** For parts that have lines of their own. Undefined where none would be left, or where one shares its line. */
export function lineSplices(
  { text, node, change, write }: Parts,
  steps: readonly Step[],
): readonly Splice[] | undefined {
  if (steps.every(({ kind }) => kind === 'drop')) return undefined
  const splices: Splice[] = []
  const indent = ' '.repeat(node.start - startOfLine(text, node.start))
  // A first part behind the dash of an outer list cannot go, and nothing can come before it.
  const isInner = text.slice(startOfLine(text, node.start), node.start).trim() !== ''
  let at = startOfLine(text, node.start)
  let isFirst = true
  for (const step of steps) {
    if (isInner && isFirst && (step.kind === 'drop' || step.kind === 'add')) return undefined
    isFirst = false
    if (step.kind === 'add') {
      splices.push(insertion(at, `${indent}${write(step.name, step.value)}${lineEndAt(text, at)}`))
      continue
    }
    const part = node.parts[step.part]
    if (part === undefined) continue
    const next = afterLine(text, endOfLine(text, part.node.end))
    if (step.kind === 'drop') splices.push(replacement(startOfLine(text, part.start), next, ''))
    if (step.kind === 'change') splices.push(...change(part, step.value))
    at = next
  }
  return splices
}
