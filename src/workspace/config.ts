/** tidemark.json: what a project has agreed on. Parsed once at the edge; unknown settings are kept as they are. */
import { TaskError } from '../errors.ts'
import { parsePrefix, parseProjectId, type ProjectId } from '../ids.ts'
import { defaultStatuses, type Json, type StatusDefinition, type StatusKind } from '../task/types.ts'

const CONFIG_FILE = 'tidemark.json'
const MAX_CONFIG_BYTES = 256 * 1024
const KINDS: readonly StatusKind[] = ['open', 'active', 'done', 'dropped']
export const formats: readonly string[] = ['native', 'backlog', 'minsky', 'checklist', 'taskmaster', 'todo2']

export interface Config {
  readonly schema: 1
  readonly project: ProjectId
  readonly format: string
  readonly tasks: string
  readonly prefix: string
  readonly statuses: readonly StatusDefinition[]
  /** `auto`, `none`, or the address of a relay. */
  readonly relay: string
  /** Live where that works and by requests where it does not, by requests always, or only when asked. */
  readonly mode: SyncMode
  /** Settings this version does not know. */
  readonly other: { readonly [name: string]: Json }
}

export type SyncMode = 'live' | 'poll' | 'manual'

const MODES: readonly SyncMode[] = ['live', 'poll', 'manual']
const USUAL_MODE: SyncMode = 'live'
const KNOWN = ['schema', 'project', 'format', 'tasks', 'prefix', 'statuses', 'relay', 'mode']

/** The settings that `tide config set` may change. */
const settableNames = ['tasks', 'prefix', 'statuses', 'relay', 'mode'] as const

export function newConfig(
  project: ProjectId,
  options: Partial<Omit<Config, 'schema' | 'project' | 'other'>> = {},
): Config {
  return parseConfigValue({
    schema: 1,
    project,
    format: options.format ?? 'native',
    tasks: options.tasks ?? 'tasks',
    prefix: options.prefix ?? 'T',
    statuses: (options.statuses ?? defaultStatuses).map(({ name, kind }) => ({ name, kind })),
    relay: options.relay ?? 'auto',
    mode: options.mode ?? USUAL_MODE,
  })
}

export function parseConfig(text: string): Config {
  if (text.length > MAX_CONFIG_BYTES) throw invalid('it is larger than 256 KB', 'a config file holds settings only')
  let value: unknown
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (cause) {
    throw invalid(
      `it is not JSON (${cause instanceof Error ? cause.message : 'unreadable'})`,
      'mend the JSON; git has its earlier versions',
      cause,
    )
  }
  try {
    return parseConfigValue(value)
  } catch (cause) {
    if (!(cause instanceof TaskError && cause.code === 'INVALID_INPUT')) throw cause
    throw invalid(cause.message, cause.hint, cause)
  }
}

export function renderConfig(config: Config): string {
  const { other, mode, ...known } = config
  const settings = { ...known, statuses: config.statuses.map(shortStatus), ...(mode === USUAL_MODE ? {} : { mode }) }
  return `${JSON.stringify({ ...settings, ...other }, null, 2)}\n`
}

/** One setting changed, checked like the whole file. */
export function withSetting(config: Config, name: string, value: Json): Config {
  if (!settableNames.some((known) => known === name)) {
    throw new TaskError('INVALID_INPUT', {
      field: name,
      problem: 'there is no such setting to change',
      fix: `settings that can be changed: ${settableNames.join(', ')}`,
    })
  }
  const { other, ...known } = config
  return parseConfigValue({ ...other, ...known, [name]: value })
}

function parseConfigValue(value: unknown): Config {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('it is not an object', 'see docs/cli.md, tide init')
  const raw = value as Record<string, Json>
  if (raw['schema'] !== 1)
    throw invalid(
      `schema is ${JSON.stringify(raw['schema']) ?? 'missing'}, this version knows 1`,
      'update tidemark here',
    )
  const project = raw['project']
  if (typeof project !== 'string') throw invalid('project is missing', 'put the id of the project back; git has it')
  return {
    schema: 1,
    project: parseProjectId(project),
    format: oneOf('format', text(raw, 'format', 'native'), formats),
    tasks: parseFolder(text(raw, 'tasks', 'tasks')),
    prefix: parsePrefix(text(raw, 'prefix', 'T')),
    statuses: parseStatuses(raw['statuses']),
    relay: parseRelay(text(raw, 'relay', 'auto')),
    mode: oneOf('mode', text(raw, 'mode', USUAL_MODE), MODES),
    other: Object.fromEntries(Object.entries(raw).filter(([name]) => !KNOWN.includes(name))),
  }
}

function parseStatuses(value: Json | undefined): readonly StatusDefinition[] {
  if (value === undefined) return defaultStatuses
  if (!Array.isArray(value) || value.length === 0 || value.length > 64)
    throw invalid('statuses is not a list of 1 to 64', 'name them as in ["todo", "doing", "done"]')
  const statuses = value.map(parseStatus)
  const names = new Set(statuses.map((status) => status.name))
  if (names.size !== statuses.length) throw invalid('a status stands twice in statuses', 'name each status once')
  for (const kind of ['open', 'active', 'done'] as const) {
    if (!statuses.some((status) => status.kind === kind))
      throw invalid(
        `no status is of the kind ${kind}`,
        `give one of them the kind, as in {"name":"…","kind":"${kind}"}`,
      )
  }
  return statuses
}

function parseStatus(value: unknown): StatusDefinition {
  const raw = typeof value === 'string' ? { name: value } : value
  if (typeof raw !== 'object' || raw === null)
    throw invalid('a status is neither a name nor an object', 'write "review" or {"name":"review","kind":"active"}')
  const name = 'name' in raw ? raw.name : undefined
  if (typeof name !== 'string' || !/^[^\s,=][^\n\r,=]{0,39}$/u.test(name) || name !== name.trim())
    throw invalid(
      `${JSON.stringify(name)} cannot name a status`,
      'use 1 to 40 characters without commas, equals signs or line breaks',
    )
  const kind = 'kind' in raw ? raw.kind : (defaultStatuses.find((status) => status.name === name)?.kind ?? 'open')
  const known = KINDS.find((candidate) => candidate === kind)
  if (known === undefined)
    throw invalid(`${JSON.stringify(kind)} is not a kind of status`, `kinds are ${KINDS.join(', ')}`)
  return { name, kind: known }
}

function shortStatus(status: StatusDefinition): Json {
  const same = defaultStatuses.some((known) => known.name === status.name && known.kind === status.kind)
  return same ? status.name : { name: status.name, kind: status.kind }
}

function parseRelay(relay: string): string {
  if (relay === 'auto' || relay === 'none') return relay
  if (/^(wss?|https?):\/\/[^\s/]+(\/\S*)?$/.test(relay)) return relay
  throw invalid(`relay ${JSON.stringify(relay)} is no address`, 'use auto, none, or an address as in wss://host:5173')
}

function parseFolder(folder: string): string {
  const clean = folder.replace(/\/+$/, '')
  const bad =
    clean === '' ||
    clean.startsWith('/') ||
    clean.includes('\\') ||
    clean.split('/').some((part) => part === '..' || part === '')
  if (bad || clean.length > 200)
    throw invalid(
      `tasks folder ${JSON.stringify(folder)} is not below the project`,
      'name a folder inside the project, as in tasks',
    )
  return clean
}

function oneOf<Name extends string>(field: string, value: string, allowed: readonly Name[]): Name {
  const found = allowed.find((name) => name === value)
  if (found !== undefined) return found
  throw invalid(`${field} ${JSON.stringify(value)} is not known`, `use one of ${allowed.join(', ')}`)
}

function text(raw: Record<string, Json>, name: string, fallback: string): string {
  const value = raw[name]
  if (value === undefined) return fallback
  if (typeof value === 'string') return value
  throw invalid(`${name} is not a text`, `give ${name} as a text, as in "${fallback}"`)
}

function invalid(problem: string, fix: string, cause?: unknown): TaskError {
  return new TaskError('CONFIG_INVALID', { path: CONFIG_FILE, problem, fix }, cause === undefined ? {} : { cause })
}
