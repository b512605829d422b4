/** What a Backlog.md folder is set to, read from its config.yml. Total: what it cannot read has the usual value and is reported. */
import type { FormatProblem, StatusDefinition } from '../../src/internal.ts'
import { findFrontMatter, type Entry } from './front-matter.ts'
import { lineCounter } from './lines.ts'
import { elementsOf } from './native-fields.ts'
import { isNull, type YamlNode } from './yaml-node.ts'
import { readValue } from './yaml-value.ts'

export interface BacklogConfig {
  /** The columns of the board: the first is for work that waits, the last for work that is done. */
  readonly statuses: readonly string[]
  /** What new tasks have. */
  readonly defaultStatus: string
  /** In lower case, as in the names of files; ids have it in upper case. */
  readonly prefix: string
  /** How many digits the number of an id has at least; 0 where it is not filled up. */
  readonly zeroPadding: number
  /** What stands in the checklist of every new task. */
  readonly definitionOfDone: readonly string[]
  /** Where the folders are, as a config at the root of a project says it; null where `backlog` or `.backlog` is looked for. */
  readonly folder: string | null
}

export interface ReadConfig {
  readonly config: BacklogConfig
  readonly problems: readonly FormatProblem[]
}

export const usualConfig: BacklogConfig = {
  statuses: ['To Do', 'In Progress', 'Done'],
  defaultStatus: 'To Do',
  prefix: 'task',
  zeroPadding: 0,
  definitionOfDone: [],
  folder: null,
}

/** Of a path: relative, and it does not lead out. */
const INSIDE = /^(?!\.?\/*$)(?![\\/]|[a-z]:)(?!(?:.*[\\/])?\.\.(?:[\\/]|$))./i

export function parseBacklogConfig(text: string): ReadConfig {
  const source = new Source(text)
  const statuses = source.list('statuses') ?? []
  const all = statuses.length === 0 ? usualConfig.statuses : statuses
  const config = {
    statuses: all,
    defaultStatus: source.word('default_status', /./) ?? all[0] ?? usualConfig.defaultStatus,
    prefix: (source.word('task_prefix', /^[a-z]+$/i) ?? usualConfig.prefix).toLowerCase(),
    zeroPadding: Number(source.word('zero_padded_ids', /^\d{1,2}$/) ?? usualConfig.zeroPadding),
    definitionOfDone: source.list('definition_of_done') ?? usualConfig.definitionOfDone,
    folder: source.word('backlog_directory', INSIDE)?.replace(/\/+$/, '') ?? null,
  }
  return { config, problems: source.problems }
}

/** Words for work that nobody has begun; the other columns between the first and the last are work under way. */
const WAITING = /^(?:to ?do|backlog|new|open|ready|planned|next|inbox|triage)$/i

/** The columns with what they mean to the product. */
export function columnsOf({ statuses }: BacklogConfig): readonly StatusDefinition[] {
  return statuses.map((name, place) => {
    if (place === 0 || WAITING.test(name.trim())) return { name, kind: 'open' }
    return { name, kind: place === statuses.length - 1 ? 'done' : 'active' }
  })
}

/** The keys of the file, each as it stands last: so YAML takes a key that stands twice, and so does Backlog.md here. */
class Source {
  readonly #text: string
  readonly #entries: ReadonlyMap<string, Entry>
  readonly problems: FormatProblem[] = []

  constructor(text: string) {
    const bare = text.replace(/^\ufeff?(?:---[ \t]*\r?\n)?/, '')
    this.#text = `---\n${bare}\n---\n`
    const front = findFrontMatter(this.#text)
    this.#entries = new Map(typeof front === 'string' ? [] : front.entries.map((entry) => [entry.name, entry]))
  }

  list(name: string): readonly string[] | undefined {
    const node = this.#node(name)
    if (node === undefined || isNull(node)) return undefined
    const elements = node.kind === 'list' ? elementsOf(node) : undefined
    if (elements === undefined) return this.#refuse(name, 'it is not a list of names')
    return elements.map((element) => element.trim()).filter((element) => element !== '')
  }

  word(name: string, pattern: RegExp): string | undefined {
    const node = this.#node(name)
    if (node === undefined || isNull(node)) return undefined
    const word = node.kind === 'scalar' ? node.text.trim() : ''
    return pattern.test(word) ? word : this.#refuse(name, 'it is not what stands there usually')
  }

  #node(name: string): YamlNode | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    const node = readValue(this.#text, entry.from, entry.end)
    return node.kind === 'refusal' ? this.#refuse(name, node.reason) : node
  }

  #refuse(name: string, reason: string): undefined {
    const line = lineCounter(this.#text)(this.#entries.get(name)?.start ?? 0) - 1
    this.problems.push({ code: 'CONFIG_UNREADABLE', line, message: `cannot read "${name}": ${reason}`, field: name })
    return undefined
  }
}
