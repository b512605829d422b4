/** Writes a whole native file for a task: in the shape it is given where that can be used, else in the usual one. */
import type { Json, TaskSheet } from '../../src/internal.ts'
import { findFrontMatter } from './front-matter.ts'
import { withLineFeeds } from './lines.ts'
import { readNativeFile } from './native-file.ts'
import { parseNative } from './native-parse.ts'
import { patchNative, saysNothing } from './native-patch.ts'
import { isEmpty } from './shape-lines.ts'
import { replacement, spliced } from './splices.ts'
import { sameJson } from './yaml-alignment.ts'

export function newNativeText(sheet: TaskSheet): string {
  const shaped = typeof sheet.shape === 'string' && sheet.shape !== '' ? inShape(sheet, sheet.shape) : undefined
  return shaped !== undefined && says(shaped, sheet) ? shaped : (inShape(sheet, '') ?? '')
}

/** Undefined where the shape, which may come from anywhere, is no front matter. */
function inShape(sheet: TaskSheet, shape: string): string | undefined {
  const empty = `---\n${shape}---\n`
  const front = findFrontMatter(empty)
  if (typeof front === 'string' || front.after !== empty.length || front.isClosed) return undefined
  const { id, key, fields, sets, body } = sheet
  return patchNative(withoutOthers(empty, sheet), { task: 0, id, key, fields, sets, body })
}

/** Takes out what the task does not say, and what the shape says unreadably in its place. */
function withoutOthers(text: string, sheet: TaskSheet): string {
  const { entries } = readNativeFile(text)
  const said = new Set(['id', 'key', ...Object.keys(saidBy(sheet.fields)), ...Object.keys(saidBy(sheet.sets))])
  const others = entries.filter(({ entry, node }) =>
    said.has(entry.name) ? node === undefined : node !== undefined && !isEmpty(node),
  )
  return spliced(
    text,
    others.map(({ entry }) => replacement(entry.start, entry.end, '')),
  )
}

function saidBy(values: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => !saysNothing(name, value)))
}

function says(text: string, sheet: TaskSheet): boolean {
  const [task] = parseNative(text).tasks
  return (
    task !== undefined &&
    task.id === sheet.id &&
    task.key === sheet.key &&
    task.body === withLineFeeds(sheet.body) &&
    sameJson(saidBy(task.fields), saidBy(sheet.fields)) &&
    sameJson(sorted(task.sets), sorted(sheet.sets))
  )
}

function sorted(sets: TaskSheet['sets']): Json {
  const said = Object.entries(sets).filter(([name, elements]) => !saysNothing(name, elements))
  return Object.fromEntries(said.map(([name, elements]) => [name, [...new Set(elements)].toSorted()]))
}
