/** Changes to a text by place: collected in any order, applied at once. */
import type { Splice } from '../../src/internal.ts'

export type { Splice }

export function insertion(at: number, insert: string): Splice {
  return { at, remove: 0, insert }
}

export function replacement(start: number, end: number, insert: string): Splice {
  return { at: start, remove: end - start, insert }
}

/** The text after its changes, which must not overlap. At one place what is only put in comes first. */
export function spliced(text: string, splices: readonly Splice[]): string {
  let result = ''
  let from = 0
  for (const { at, remove, insert } of splices.toSorted(inOrder)) {
    result += text.slice(from, at) + insert
    from = at + remove
  }
  return result + text.slice(from)
}

/** Otherwise they stay in the order they were given in. */
function inOrder(one: Splice, other: Splice): number {
  return one.at - other.at || Math.sign(one.remove) - Math.sign(other.remove)
}
