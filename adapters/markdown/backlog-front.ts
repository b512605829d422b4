/** Writes front matter where there was none, and the lines of keys that come to one, as Backlog.md would. */
import type { Json } from '../../src/internal.ts'
import type { BacklogConfig } from './backlog-config.ts'
import { byRank, ruleOf } from './backlog-fields.ts'
import { idOfKey } from './backlog-ids.ts'
import { entryText } from './backlog-text.ts'
import { bodySplices } from './body.ts'
import { findFrontMatter } from './front-matter.ts'
import { lineEndAt } from './lines.ts'
import { bodyStart } from './native-file.ts'
import { spliced } from './splices.ts'
import { isList } from './yaml-text.ts'

/** A key of the file and what it is to say. */
export type Wish = readonly [key: string, value: Json]

/** An empty list, and a field that is null, need no line. */
export function saysNothing(key: string, value: Json): boolean {
  return value === null || (ruleOf(key).kind === 'set' && isList(value) && value.length === 0)
}

/** `key: value` as a new file has it, or on one line; no line end behind it. */
export function newEntry([key, value]: Wish, config: BacklogConfig, write: typeof entryText = entryText): string {
  const written = (one: Json): Json => (typeof one === 'string' && ruleOf(key).isReference ? idOfKey(one, config) : one)
  return write(key, isList(value) ? value.map(written) : written(value))
}

/** Everything between and with the two fences. */
export function frontMatterOf(wishes: readonly Wish[], config: BacklogConfig): string {
  const sorted = wishes.toSorted(([one], [other]) => byRank(one, other))
  return ['---', ...sorted.map((wish) => newEntry(wish, config)), '---', ''].join('\n')
}

/** A file that has none gets one where there is something to say in it, or where its body would be taken for one. */
export function withFrontMatter(
  text: string,
  wishes: readonly Wish[],
  body: string | undefined,
  config: BacklogConfig,
): string {
  const lineEnd = text.includes('\r') ? lineEndAt(text, 0) : '\n'
  const start = bodyStart(text, undefined)
  const mark = text.slice(0, start)
  const rest = body === undefined ? text.slice(start) : spliced(text, bodySplices(text, start, body), start)
  const said = wishes.filter((wish) => !saysNothing(...wish))
  const isMistaken = findFrontMatter(mark + rest) !== 'none' || (mark === '' && rest.startsWith('\ufeff'))
  if (said.length === 0 && !isMistaken) return mark + rest
  const block = frontMatterOf(said, config).replaceAll('\n', lineEnd)
  return mark + block + (rest === '' ? '' : lineEnd + rest)
}
