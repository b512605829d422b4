/** The strange files of Backlog.md: their paths below its root, as the program has them, and what is to be read in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Format, Json } from '../../../src/internal.ts'
import type { TaskPart } from '../../conformance/format-suite.ts'
import type { Expected } from './fixtures.ts'

export interface BacklogFixture {
  /** Below the root of Backlog.md. */
  readonly name: string
  readonly path: string
  readonly text: string
  readonly expected: Expected
}

const root = fileURLToPath(new URL('../../fixtures/markdown/backlog/', import.meta.url))

export function backlogFixtures(): readonly BacklogFixture[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.md'))
    .toSorted()
    .map((name) => {
      const stem = join(root, name.slice(0, -'.md'.length))
      const expected: Expected = JSON.parse(readFileSync(`${stem}.expected.json`, 'utf8'))
      return { name, path: `backlog/${name}`, text: readFileSync(`${stem}.md`, 'utf8'), expected }
    })
}

const SETS: readonly string[] = ['labels', 'assignees', 'depends']
const THEIRS: readonly string[] = [
  'id',
  'key',
  'assignee',
  'dependencies',
  'parent_task_id',
  'created_date',
  'updated_date',
  'due_date',
]

/** What a file at the path can say. */
export function backlogHolds(path: string, part: TaskPart): boolean {
  if ('id' in part) return false
  if ('key' in part) return /^[A-Z]+-[a-z0-9.]+$/.test(part.key)
  if ('set' in part) return SETS.includes(part.set)
  if ('body' in part) return true
  const isShelved = !path.startsWith('backlog/tasks/')
  if (part.field === 'status') return !isShelved
  if (part.field === 'file.status') return isShelved
  return !THEIRS.includes(part.field) && !SETS.includes(part.field)
}

/** What a file says, without its place and shape. */
export function saidIn(format: Format, path: string, text: string): Json {
  const [task] = format.parse(path, text).tasks
  if (task === undefined) return null
  const { id, key, fields, sets, body = '' } = task
  return { id, key, fields, sets, body }
}
