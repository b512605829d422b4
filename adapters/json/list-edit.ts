/** Takes items out of an array or object and puts items in: commas and blanks come right, and all other bytes stay. */
import { indentAt, leadOf, type Layout } from './layout.ts'
import type { JsonArray, JsonObject } from './nodes.ts'
import { insertion, replacement, type Splice } from './splices.ts'

export interface Added {
  /** Behind which of the items that are there; -1 at the front. Those behind one item come in the order given. */
  readonly after: number
  readonly write: (layout: Layout, indent: string) => string
}

export function listSplices(
  text: string,
  container: JsonArray | JsonObject,
  { gone, added }: { readonly gone: ReadonlySet<number>; readonly added: readonly Added[] },
  layout: Layout,
): readonly Splice[] {
  const items = container.kind === 'array' ? container.elements : container.members
  if (gone.size === 0 && added.length === 0) return []
  const kept = items.map((_, place) => place).filter((place) => !gone.has(place))
  if (kept.length === 0) return fromNothing(text, container, items.length, added, layout)
  return [...cuts(items, gone), ...added.flatMap((one) => [insertionOf(text, container, kept, one, layout)])]
}

/** Each run that goes takes the blanks and the comma behind it; the last one those before it. */
function cuts(items: readonly { readonly start: number; readonly end: number }[], gone: ReadonlySet<number>): Splice[] {
  const splices: Splice[] = []
  for (let place = 0; place < items.length; place++) {
    if (!gone.has(place)) continue
    const first = place
    while (gone.has(place + 1)) place++
    const [from, before, next, last] = [items[first], items[first - 1], items[place + 1], items[place]]
    if (from !== undefined && next !== undefined) splices.push(replacement(from.start, next.start, ''))
    else if (before !== undefined && last !== undefined) splices.push(replacement(before.end, last.end, ''))
  }
  return splices
}

function insertionOf(
  text: string,
  container: JsonArray | JsonObject,
  kept: readonly number[],
  { after, write }: Added,
  layout: Layout,
): Splice {
  const items = container.kind === 'array' ? container.elements : container.members
  const anchor = kept.findLast((place) => place <= after)
  const beside = anchor ?? kept[0] ?? 0
  const item = items[beside]
  const own = leadOf(text, container, beside)
  // Alone on a line with its bracket it tells nothing of what stands between two.
  const isLine = /[\r\n]/.test(own)
  const lead = isLine || (beside > 0 && own !== '') ? own : layout.comma.slice(1)
  const indent = indentAt(text, item?.start ?? container.start)
  const said = write(layout, indent)
  if (anchor === undefined) return insertion(item?.start ?? container.start + 1, `${said},${lead}`)
  return insertion(item?.end ?? container.start + 1, `,${lead}${said}`)
}

/** Where nothing stays, or nothing was. */
function fromNothing(
  text: string,
  container: JsonArray | JsonObject,
  count: number,
  added: readonly Added[],
  layout: Layout,
): readonly Splice[] {
  const [start, end] = [container.start + 1, container.end - 1]
  if (added.length === 0) return [replacement(start, end, '')]
  const outer = indentAt(text, container.start)
  const indent = layout.lineEnd === '' ? outer : outer + layout.unit
  const gap = layout.lineEnd === '' ? '' : layout.lineEnd + indent
  const comma = layout.lineEnd === '' ? layout.comma : `,${gap}`
  const said = gap + added.map(({ write }) => write(layout, indent)).join(comma)
  const closing = layout.lineEnd === '' ? '' : layout.lineEnd + outer
  if (count > 0) return [replacement(start, end, said + closing)]
  return [insertion(start, /[\r\n]/.test(text.slice(start, end)) ? said : said + closing)]
}
