/** What a native file says of its task, as the port wants it. */
import type { Json, ParsedFile } from '../../src/internal.ts'
import { withLineFeeds } from './lines.ts'
import { readNativeFile } from './native-file.ts'
import { shapeOf } from './shape.ts'

export function parseNative(text: string): ParsedFile {
  const file = readNativeFile(text)
  const fields: Record<string, Json> = {}
  const sets: Record<string, readonly string[]> = {}
  let id: string | null = null
  let key: string | null = null
  for (const { entry, rule, value } of file.entries) {
    const { name } = entry
    // A field that is null says nothing.
    if (value === undefined || value === null) continue
    if (rule.kind === 'set') sets[name] = elements(value)
    else if (name === 'id') id = typeof value === 'string' ? value : null
    else if (name === 'key') key = typeof value === 'string' ? value : null
    else put(fields, name, value)
  }
  const body = withLineFeeds(text.slice(file.body))
  const span = { start: 0, end: text.length }
  return { tasks: [{ id, key, fields, sets, body, shape: shapeOf(text, file), span }], problems: file.problems }
}

function elements(value: Json): readonly string[] {
  return Array.isArray(value) ? value : []
}

/** A field may be called __proto__. */
function put(fields: Record<string, Json>, name: string, value: Json): void {
  if (name !== '__proto__') fields[name] = value
  else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true })
}
