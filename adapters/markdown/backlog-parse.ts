/**
 * What a file of Backlog.md says of its task, as the port wants it. The id line is the key; there is no line for a uid, since
 * Backlog.md drops every key that it does not know when it writes the file: who the task is follows from its key and its file.
 */
import type { Json, ParsedFile } from '../../src/internal.ts'
import type { BacklogConfig } from './backlog-config.ts'
import { dateSaid } from './backlog-dates.ts'
import { readBacklogFile, type BacklogEntry } from './backlog-file.ts'
import { keyOfFileName, keyOfId, keyOfReference } from './backlog-ids.ts'
import type { ShelvedFile } from './backlog-shelves.ts'
import { withLineFeeds } from './lines.ts'
import { isList } from './yaml-text.ts'

export function parseBacklog(text: string, { shelf, name }: ShelvedFile, config: BacklogConfig): ParsedFile {
  const file = readBacklogFile(text, shelf.status !== undefined)
  const fields: (readonly [string, Json])[] = shelf.status === undefined ? [] : [['status', shelf.status]]
  const sets: (readonly [string, readonly string[]])[] = []
  let key: string | null = null
  for (const one of file.entries) {
    const value = saidBy(one, config)
    // A field that is null says nothing.
    if (value === undefined || value === null) continue
    if (one.rule.kind === 'set') sets.push([one.name, isList(value) ? value.map(String) : []])
    else if (one.entry.name === 'id') key = typeof value === 'string' ? value : null
    else fields.push([one.name, value])
  }
  const hasId = file.entries.some(({ entry }) => entry.name === 'id')
  const task = {
    id: null,
    key: hasId ? key : keyOfFileName(name, config),
    fields: Object.fromEntries(fields),
    sets: Object.fromEntries(sets),
    body: withLineFeeds(text.slice(file.body)),
    shape: null,
    span: { start: 0, end: text.length },
  }
  return { tasks: [task], problems: file.problems }
}

/** With the keys of tasks in the place of the ids that are written. */
function saidBy({ entry, rule, value }: BacklogEntry, config: BacklogConfig): Json | undefined {
  if (entry.name === 'id') return typeof value === 'string' ? keyOfId(value, config) : null
  if (!rule.isReference || value === undefined) return typeof value === 'string' ? dateSaid(entry.name, value) : value
  if (isList(value)) return [...new Set(value.map((id) => (typeof id === 'string' ? keyOfReference(id, config) : id)))]
  return typeof value === 'string' ? keyOfReference(value, config) : value
}
