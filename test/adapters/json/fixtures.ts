/** The strange files of test/fixtures/json, each with what is to be read in it, what patches are to change and what a new task adds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Format, Json, TaskPatch } from '../../../src/internal.ts'
import type { FormatSample } from '../../conformance/format-samples.ts'

export interface Fixture {
  readonly name: string
  readonly text: string
  readonly expected: Expected
}

/** Changes are stretches of the text: `line: what went → what came`, in JSON. */
export interface Expected {
  readonly says: Json
  /** `line CODE task field: message`. */
  readonly problems: readonly string[]
  readonly patches: readonly { readonly patch: TaskPatch; readonly change: string }[]
  /** What becomes of the file when a task is made; null where it is left as it is. */
  readonly created: string | null
}

const SUFFIX = '.expected.json'

export function fixturesIn(tool: string): readonly Fixture[] {
  const root = fileURLToPath(new URL(`../../fixtures/json/${tool}/`, import.meta.url))
  const read = (name: string): string => readFileSync(join(root, name)).toString('utf8')
  return readdirSync(root)
    .filter((file) => file.endsWith('.json') && !file.endsWith(SUFFIX))
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -'.json'.length)
      const expected: Expected = JSON.parse(read(`${name}${SUFFIX}`))
      return { name, text: read(file), expected }
    })
}

export function saysOf(format: Format, path: string, text: string): Pick<Expected, 'says' | 'problems'> {
  const { tasks, problems } = format.parse(path, text)
  return {
    says: tasks.map(({ key, fields, sets, body = '' }) => ({ key, fields, sets, body })),
    problems: problems.map(
      ({ line, code, task, field, message }) =>
        `${line} ${code}${field === undefined ? '' : ` ${task} ${field}`}: ${message}`,
    ),
  }
}

/** The one stretch that differs. */
export function changeOf(before: string, after: string): string {
  if (before === after) return 'nothing'
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let tail = 0
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const line = before.slice(0, start).split(/\r\n?|\n/).length
  const [went, came] = [before.slice(start, before.length - tail), after.slice(start, after.length - tail)]
  return `${line}: ${JSON.stringify(went)} → ${JSON.stringify(came)}`
}

export function createdIn(format: Format, path: string, text: string): string | null {
  const folder = {
    isTaken: (other: string) => other === path,
    text: (other: string) => (other === path ? text : undefined),
  }
  const sheet = {
    id: '4fq7k2m9x3',
    key: 'T-90',
    fields: { title: 'Fix login' },
    sets: { labels: ['web'] },
    body: 'Body.\n',
    shape: null,
  }
  const [made] = format.create(sheet, folder)
  return made === undefined ? null : changeOf(text, made.text)
}

export function samplesOf(fixtures: readonly Fixture[], path: string): readonly FormatSample[] {
  return fixtures.map(({ text }) => ({ path, text }))
}
