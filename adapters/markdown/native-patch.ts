/** Changes what a native file says, touching only the characters of what differs. What cannot be read is left as it is. */
import type { Json, TaskPatch } from '../../src/internal.ts'
import { bodyGap, bodySplices } from './body.ts'
import { findFrontMatter, type Entry, type FrontMatter } from './front-matter.ts'
import { afterLine, endOfLine, lineEndAt } from './lines.ts'
import { byRank, lastRank, ruleOf } from './native-fields.ts'
import { bodyStart, readEntry, type NativeEntry } from './native-file.ts'
import { setSplices } from './native-sets.ts'
import { insertion, replacement, spliced, type Splice } from './splices.ts'
import { replaced, valueSplices } from './yaml-edit.ts'
import { isNull, type YamlNode } from './yaml-node.ts'
import { canBeWritten, flowText, isList, keyText } from './yaml-text.ts'

/** A field's name and what it is to say. */
type Wish = readonly [name: string, value: Json]

export function patchNative(text: string, patch: TaskPatch): string {
  const front = findFrontMatter(text)
  const wishes = wishesOf(patch)
  if (front === 'unclosed') return text
  if (front === 'none') return withFrontMatter(text, wishes, patch.body)
  const splices: Splice[] = []
  const added: Wish[] = []
  for (const wish of wishes) {
    const entries = front.entries.filter(({ name }) => name === wish[0])
    const [entry] = entries
    if (entry === undefined && !saysNothing(...wish)) added.push(wish)
    // Where a key stands twice neither of the two is touched.
    if (entry !== undefined && entries.length === 1)
      splices.push(...entrySplices(text, front, readEntry(text, entry), wish[1]))
  }
  if (!front.isClosed) splices.push(...addedLines(text, front, added))
  if (patch.body !== undefined) {
    const body = bodyStart(text, front)
    const gap = bodyGap(text, { after: front.after, body }, patch.body)
    if (gap !== '') splices.push(insertion(body, gap))
    splices.push(...bodySplices(text, body, patch.body))
  }
  return splices.length === 0 ? text : spliced(text, splices)
}

/** An empty set, and a field that is null, need no line. */
export function saysNothing(name: string, value: Json): boolean {
  return value === null || (ruleOf(name).kind === 'set' && isList(value) && value.length === 0)
}

/** `key: value` on one line. */
function entryLine(name: string, value: Json): string {
  const said = ruleOf(name).kind === 'text' && typeof value !== 'object' ? String(value) : value
  return `${keyText(name)}: ${flowText(said, { isFlow: false })}`
}

/** Everything the front matter is to say; fields that have the name of something else are passed over. */
function wishesOf({ id, key, fields = {}, sets = {} }: TaskPatch): readonly Wish[] {
  const wishes: Wish[] = []
  if (id !== undefined) wishes.push(['id', id])
  if (key !== undefined) wishes.push(['key', key])
  for (const [name, value] of Object.entries(fields)) {
    const kind = ruleOf(name).kind
    const isSaid = name !== '' && name !== 'id' && name !== 'key' && kind !== 'set' && canBeWritten(value)
    if (isSaid && (kind === 'json' || value === null || typeof value !== 'object')) wishes.push([name, value])
  }
  for (const [name, elements] of Object.entries(sets)) if (ruleOf(name).kind === 'set') wishes.push([name, elements])
  return wishes
}

function entrySplices(text: string, front: FrontMatter, one: NativeEntry, value: Json): readonly Splice[] {
  const { entry, rule, node } = one
  if (node === undefined) return []
  const place = { from: entry.from, node }
  if (rule.kind === 'set') return setSplices(text, place, isList(value) ? value.map(String) : [])
  if (value === null) return isNull(node) ? [] : removal(text, front, entry, node)
  const said = rule.kind === 'text' && typeof value !== 'object' ? String(value) : value
  return valueSplices(text, place, said, { isFlow: false, isText: rule.kind === 'text' })
}

/** The lines of the value go; comments and blank lines below it stay. */
function removal(text: string, { strays }: FrontMatter, entry: Entry, node: YamlNode): readonly Splice[] {
  // Where lines are unreadable they might come to belong to the key above: the key stays, and says nothing.
  if (strays.length > 0) return replaced(text, { from: entry.from, node }, 'null')
  return [replacement(entry.start, afterLine(text, endOfLine(text, node.end)), '')]
}

function addedLines(text: string, front: FrontMatter, added: readonly Wish[]): readonly Splice[] {
  const sorted = added.length > 1 ? added.toSorted(([one], [other]) => byRank(one, other)) : added
  return sorted.map(([name, value]) => {
    const at = placeOf(text, front, name)
    return insertion(at, entryLine(name, value) + lineEndAt(text, at))
  })
}

/** Behind the nearest field that comes before it in canonical order, else on top; fields without a place come at the end. */
function placeOf(text: string, front: FrontMatter, name: string): number {
  const { rank } = ruleOf(name)
  if (rank === lastRank) return front.end
  let before: Entry | undefined
  let nearest = -1
  for (const entry of front.entries) {
    const other = ruleOf(entry.name).rank
    if (other > rank || other < nearest || other === lastRank) continue
    before = entry
    nearest = other
  }
  if (before === undefined) return topOf(text, front)
  const { node } = readEntry(text, before)
  return node === undefined ? before.end : afterLine(text, endOfLine(text, node.end))
}

/** Not above a stray line that would belong to what comes to stand above it. */
function topOf(text: string, { start, strays: [stray] }: FrontMatter): number {
  return stray !== undefined && /[ \t\]}]/.test(text.charAt(stray.start)) ? stray.end : start
}

/** A file that has none gets a front matter where there is something to say in it, or where its body would be taken for one. */
function withFrontMatter(text: string, wishes: readonly Wish[], body: string | undefined): string {
  const lineEnd = text.includes('\r') ? lineEndAt(text, 0) : '\n'
  const start = bodyStart(text, undefined)
  const mark = text.slice(0, start)
  const rest = body === undefined ? text.slice(start) : spliced(text, bodySplices(text, start, body), start)
  const lines = wishes
    .filter((wish) => !saysNothing(...wish))
    .toSorted(([one], [other]) => byRank(one, other))
    .map((wish) => entryLine(...wish))
  const isMistaken = findFrontMatter(mark + rest) !== 'none' || (mark === '' && rest.startsWith('\ufeff'))
  if (lines.length === 0 && !isMistaken) return mark + rest
  const block = ['---', ...lines, '---', ''].join(lineEnd)
  return mark + block + (rest === '' ? '' : lineEnd + rest)
}
