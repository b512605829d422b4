/** The values that a placeholder of the grammar stands for in this workspace: `<key>`, `<status>`, `<label>` and so on. */
import { priorities } from '../../src/internal.ts'
import type { CliWorld, ListRow } from './world.ts'

export interface Candidate {
  readonly value: string
  /** What it is, in a few words; may be empty. */
  readonly about: string
}

export interface Asked {
  readonly command: string
  /** Arguments before the one being typed. */
  readonly words: readonly string[]
  readonly current: string
  readonly dir: string
}

const fields = ['title', 'status', 'priority', 'labels', 'assignees', 'depends', 'parent', 'body']

/** What the value of a field is, by the name of a placeholder. */
const fieldKinds: ReadonlyMap<string, string> = new Map([
  ['status', 'status'],
  ['priority', 'priority'],
  ['labels', 'label'],
  ['assignees', 'who'],
  ['depends', 'key'],
  ['parent', 'key'],
])

export async function valuesOf(kind: string, asked: Asked, world: CliWorld): Promise<readonly Candidate[]> {
  if (kind === 'key') return (await rowsIn(asked, world)).filter((row) => fits(asked.command, row)).map(byKey)
  if (kind === 'label') return plain((await rowsIn(asked, world)).flatMap((row) => row.labels))
  if (kind === 'who') return plain((await rowsIn(asked, world)).flatMap((row) => row.assignees))
  if (kind === 'field')
    return plain((await rowsIn(asked, world)).flatMap((row) => (row.key === asked.words[0] ? row.conflicts : [])))
  if (kind === 'change') return changeValues(asked, world)
  if (kind === 'status') return statusValues(asked, world)
  if (kind === 'priority') return plain(priorities)
  if (kind === 'type') return plain(['agent', 'human'])
  if (kind === 'shell') return plain(['bash', 'zsh'])
  if (kind === 'action') return plain(['get', 'set'])
  if (kind === 'name') return plain(Object.keys((await world.readConfig(asked.dir)).settings))
  return []
}

/** For `tide set`: keys until the first assignment, then fields, then the values of the field being typed. */
async function changeValues(asked: Asked, world: CliWorld): Promise<readonly Candidate[]> {
  const [, name, operator] = /^([a-zA-Z]+)([+-]?=)/.exec(asked.current) ?? []
  if (name !== undefined && operator !== undefined) {
    // Of a list only what follows the last comma is still open.
    const start = asked.current.slice(0, Math.max(asked.current.indexOf('='), asked.current.lastIndexOf(',')) + 1)
    const values = await valuesOf(fieldKinds.get(name) ?? '', { ...asked, current: '' }, world)
    return values.map(({ value, about }) => ({ value: start + value, about }))
  }
  const open = fields.map((field) => ({ value: `${field}=`, about: 'a field' }))
  const keys = asked.words.some((word) => word.includes('=')) ? [] : await valuesOf('key', asked, world)
  return asked.words.length === 0 ? keys : [...keys, ...open]
}

async function statusValues({ dir }: Asked, world: CliWorld): Promise<readonly Candidate[]> {
  await using workspace = await world.open(dir)
  const { statuses } = await workspace.call('workspace.statuses', {})
  return statuses.map(({ name, kind }) => ({ value: name, about: kind }))
}

async function rowsIn({ dir }: Asked, world: CliWorld): Promise<readonly ListRow[]> {
  return [...(await world.list(dir, { all: true })).rows()]
}

/** Only tasks that the command can do something with. */
function fits(command: string, { deleted, kind, claim }: ListRow): boolean {
  const closed = kind === 'done' || kind === 'dropped'
  if (command === 'restore' || command === 'purge') return deleted
  if (command === 'reopen') return closed && !deleted
  if (command === 'release' || command === 'renew') return claim !== null
  if (command === 'claim') return !closed && !deleted && claim === null
  if (command === 'start' || command === 'done' || command === 'drop') return !closed && !deleted
  return command === 'show' || command === 'history' || command === 'undo' || !deleted
}

function byKey(row: ListRow): Candidate {
  return { value: row.key, about: row.title }
}

function plain(values: readonly string[]): readonly Candidate[] {
  return [...new Set(values)].toSorted().map((value) => ({ value, about: '' }))
}
