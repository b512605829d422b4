/** Which parts of a list or map stay, which change, go and come. Knows nothing of how they are written. */
import type { Json } from '../../src/internal.ts'
import { jsonOf, type YamlPart } from './yaml-node.ts'
import type { Step } from './yaml-parts.ts'

/** Longer lists are compared only at their ends. */
const MOST_CELLS = 1_000_000

export function sameJson(one: Json, other: Json): boolean {
  if (one === other) return true
  return typeof one === 'object' && typeof other === 'object' && canonical(one) === canonical(other)
}

/** Equal values have equal texts. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_, inner: Json) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  )
}

/** In order. Between items that stay, old and new ones are paired from the left: those change. */
export function alignedItems(parts: readonly YamlPart[], values: readonly Json[]): readonly Step[] {
  const before = parts.map((part) => canonical(jsonOf(part.node)))
  const after = values.map(canonical)
  const steps: Step[] = []
  let part = 0
  let value = 0
  for (const [nextPart, nextValue] of [...commonItems(before, after), [before.length, after.length] as const]) {
    for (; part < nextPart && value < nextValue; part++, value++)
      steps.push({ kind: 'change', part, value: values[value] ?? null })
    for (; part < nextPart; part++) steps.push({ kind: 'drop', part })
    for (; value < nextValue; value++) steps.push({ kind: 'add', name: '', value: values[value] ?? null })
    if (part < before.length) steps.push({ kind: 'keep', part })
    part++
    value++
  }
  return steps
}

/** Keys keep their order; new ones come last, sorted. */
export function alignedPairs(parts: readonly YamlPart[], value: { readonly [name: string]: Json }): readonly Step[] {
  const wanted = new Map(Object.entries(value))
  const steps = parts.map(({ name, node }, part): Step => {
    const now = wanted.get(name)
    if (now === undefined) return { kind: 'drop', part }
    wanted.delete(name)
    return sameJson(jsonOf(node), now) ? { kind: 'keep', part } : { kind: 'change', part, value: now }
  })
  const added = [...wanted].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return [...steps, ...added.map(([name, item]): Step => ({ kind: 'add', name, value: item }))]
}

/** Places of a longest common subsequence, ascending. */
function commonItems(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  let head = 0
  const most = Math.min(before.length, after.length)
  while (head < most && before[head] === after[head]) head++
  let tail = 0
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const middle = longest(before.slice(head, before.length - tail), after.slice(head, after.length - tail))
  return [
    ...Array.from({ length: head }, (_, index) => [index, index] as const),
    ...middle.map(([one, other]) => [one + head, other + head] as const),
    ...Array.from({ length: tail }, (_, index) => [before.length - tail + index, after.length - tail + index] as const),
  ]
}

function longest(before: readonly string[], after: readonly string[]): readonly (readonly [number, number])[] {
  if (before.length * after.length > MOST_CELLS) return []
  const width = after.length + 1
  const lengths = new Int32Array((before.length + 1) * width)
  const at = (one: number, other: number): number => lengths[one * width + other] ?? 0
  for (let one = before.length - 1; one >= 0; one--)
    for (let other = after.length - 1; other >= 0; other--)
      lengths[one * width + other] =
        before[one] === after[other] ? at(one + 1, other + 1) + 1 : Math.max(at(one + 1, other), at(one, other + 1))
  const pairs: (readonly [number, number])[] = []
  for (let one = 0, other = 0; one < before.length && other < after.length;) {
    if (before[one] === after[other]) pairs.push([one++, other++])
    else if (at(one + 1, other) >= at(one, other + 1)) one++
    else other++
  }
  return pairs
}
