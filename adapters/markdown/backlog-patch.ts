/** Changes what a file of Backlog.md says, touching only the characters of what differs. What cannot be read is left as it is. */
import type { Json, TaskPatch } from '../../src/internal.ts'
import type { BacklogConfig } from './backlog-config.ts'
import { byRank, lastRank, ruleOf, theirKey } from './backlog-fields.ts'
import { dateSaid } from './backlog-dates.ts'
import { readBacklogEntry, type BacklogEntry } from './backlog-file.ts'
import { idOfKey, isCountedKey, isIdKey, keyOfFileName, keyOfId, keyOfReference } from './backlog-ids.ts'
import { newEntry, saysNothing, withFrontMatter, type Wish } from './backlog-front.ts'
import { parseBacklog } from './backlog-parse.ts'
import { listSplices } from './backlog-sets.ts'
import type { ShelvedFile } from './backlog-shelves.ts'
import { entryLine, entryText, wordText } from './backlog-text.ts'
import { bodyGap, bodySplices } from './body.ts'
import { findFrontMatter, type Entry, type FrontMatter } from './front-matter.ts'
import { afterLine, endOfLine, lineEndAt } from './lines.ts'
import { elementsOf } from './native-fields.ts'
import { bodyStart } from './native-file.ts'
import { insertion, replacement, spliced, type Splice } from './splices.ts'
import { replaced, valueSplices } from './yaml-edit.ts'
import { isNull, jsonOf, type YamlNode } from './yaml-node.ts'
import { canBeWritten, isList } from './yaml-text.ts'

export function patchBacklog(text: string, patch: TaskPatch, there: ShelvedFile, config: BacklogConfig): string {
  const front = findFrontMatter(text)
  const isKept = patch.key !== undefined && !mayBeRenamed(text, patch.key, there, config)
  const wishes = wishesOf(patch, there, config).filter(([key]) => key !== 'id' || !isKept)
  if (front === 'unclosed') return text
  if (front === 'none') return withFrontMatter(text, unlessNamed(wishes, there, config), patch.body, config)
  const splices: Splice[] = []
  const added: Wish[] = []
  for (const wish of wishes) {
    const entries = front.entries.filter(({ name }) => name === wish[0])
    const [entry] = entries
    if (entry === undefined && !saysNothing(...wish)) added.push(wish)
    // Where a key stands twice neither of the two is touched.
    if (entry !== undefined && entries.length === 1) {
      const one = readBacklogEntry(text, entry, there.shelf.status !== undefined)
      splices.push(...entrySplices(text, front, one, wish[1], config))
    }
  }
  if (!front.isClosed) splices.push(...addedLines(text, front, unlessNamed(added, there, config), config))
  if (patch.body !== undefined) {
    const body = bodyStart(text, front)
    const gap = bodyGap(text, { after: front.after, body }, patch.body)
    if (gap !== '') splices.push(insertion(body, gap))
    splices.push(...bodySplices(text, body, patch.body))
  }
  return splices.length === 0 ? text : spliced(text, splices)
}

/** Everything the front matter is to say; what no line of this file can say is passed over. */
export function wishesOf(
  patch: Omit<TaskPatch, 'task'>,
  { shelf }: ShelvedFile,
  config: BacklogConfig,
): readonly Wish[] {
  const { key, fields = {}, sets = {} } = patch
  const isShelved = shelf.status !== undefined
  const wishes: Wish[] = key !== undefined && isIdKey(key) ? [['id', idOfKey(key, config)]] : []
  for (const [name, value] of Object.entries(fields)) {
    const their = theirKey(name, isShelved)
    if (their === undefined || their === 'id' || !canBeWritten(value)) continue
    const { kind } = ruleOf(their)
    if (kind === 'json' || (kind === 'text' && value === null)) wishes.push([their, value])
    else if (kind === 'text' && typeof value !== 'object') wishes.push([their, String(value)])
  }
  for (const [name, elements] of Object.entries(sets)) {
    const their = theirKey(name, isShelved)
    if (their !== undefined && ruleOf(their).kind === 'set') wishes.push([their, [...elements]])
  }
  return wishes
}

/**
 * Ids of subtasks, drafts and archived tasks are Backlog.md's own: we count without them, so no count of ours may change
 * them. It gives the number of an archived task to the next one: letters behind the number, by which we tell such two
 * apart, are not for its files.
 */
function mayBeRenamed(text: string, wanted: string, there: ShelvedFile, config: BacklogConfig): boolean {
  const [task] = parseBacklog(text, there, config).tasks
  const key = task?.key ?? null
  if (key === null) return true
  return isCountedKey(key, config) && !there.shelf.folder.startsWith('archive/') && !wanted.startsWith(`${key}.`)
}

/** A file without an id line is called what its name says: only another key needs the line. */
function unlessNamed(wishes: readonly Wish[], { name }: ShelvedFile, config: BacklogConfig): readonly Wish[] {
  const named = keyOfFileName(name, config)
  return wishes.filter(([key, id]) => key !== 'id' || typeof id !== 'string' || keyOfId(id, config) !== named)
}

function entrySplices(
  text: string,
  front: FrontMatter,
  { entry, rule, node }: BacklogEntry,
  value: Json,
  config: BacklogConfig,
): readonly Splice[] {
  if (node === undefined) return []
  const place = { from: entry.from, node }
  if (rule.kind === 'set') {
    const wanted = isList(value) ? value.map(String) : []
    const names = rule.isReference ? asWritten(node, wanted, config) : wanted
    return listSplices(text, place, { wanted: names, mayGrow: front.strays.length === 0 })
  }
  if (value === null) return isNull(node) ? [] : removal(text, front, entry, node)
  if (node.kind !== 'scalar' || typeof value !== 'string') return valueSplices(text, place, value, { isFlow: false })
  const now = isNull(node) ? null : rule.kind === 'text' ? node.text : jsonOf(node)
  if (now === value || isSameSaid(entry.name, now, value, config)) return []
  const written = rule.isReference ? idOfKey(value, config) : value
  // What has no quotes gets those that Backlog.md would give it: it takes 010 for 8, and a date for another text.
  if (node.style === 'plain' || node.style === 'empty') return replaced(text, place, wordText(written))
  return valueSplices(text, place, written, { isFlow: false, isText: rule.kind === 'text' })
}

/** Ids and dates that are spelt otherwise stay. */
function isSameSaid(key: string, now: Json, said: string, config: BacklogConfig): boolean {
  if (typeof now !== 'string') return false
  if (key === 'id') return keyOfId(now, config) === keyOfId(said, config)
  if (ruleOf(key).isReference) return keyOfReference(now, config) === keyOfReference(said, config)
  return dateSaid(key, now) === said
}

/** The references that are wanted: those that stand there as they are spelt, new ones as ids are. */
function asWritten(node: YamlNode, wanted: readonly string[], config: BacklogConfig): readonly string[] {
  const keys = new Set(wanted.map((one) => keyOfReference(one, config)))
  const there = (elementsOf(node) ?? []).filter((one) => keys.has(keyOfReference(one, config)))
  for (const one of there) keys.delete(keyOfReference(one, config))
  return [...there, ...[...keys].map((one) => idOfKey(one, config))]
}

/** The lines of the value go; comments and blank lines below it stay. */
function removal(text: string, { strays }: FrontMatter, entry: Entry, node: YamlNode): readonly Splice[] {
  // Where lines are unreadable they might come to belong to the key above: the key stays, and says nothing.
  if (strays.length > 0) return replaced(text, { from: entry.from, node }, 'null')
  return [replacement(entry.start, afterLine(text, endOfLine(text, node.end)), '')]
}

function addedLines(
  text: string,
  front: FrontMatter,
  added: readonly Wish[],
  config: BacklogConfig,
): readonly Splice[] {
  // A line that is none would come to belong to the last of several lines above it.
  const write = front.strays.length === 0 ? entryText : entryLine
  return added
    .toSorted(([one], [other]) => byRank(one, other))
    .map((wish) => {
      const at = placeOf(text, front, wish[0])
      const lineEnd = lineEndAt(text, at)
      return insertion(at, `${newEntry(wish, config, write)}\n`.replaceAll('\n', lineEnd))
    })
}

/** Behind the nearest key that comes before it in the order of Backlog.md, else on top; other keys come at the end. */
function placeOf(text: string, front: FrontMatter, key: string): number {
  const { rank } = ruleOf(key)
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
  const { node } = readBacklogEntry(text, before, false)
  return node === undefined ? before.end : afterLine(text, endOfLine(text, node.end))
}

/** Not above a stray line that would belong to what comes to stand above it. */
function topOf(text: string, { start, strays: [stray] }: FrontMatter): number {
  return stray !== undefined && /[ \t\]}]/.test(text.charAt(stray.start)) ? stray.end : start
}
