/**
 * The folders of Backlog.md as states of a task: where a file lies says whether it is on the board, a draft, completed or
 * archived. Knows paths, no texts.
 */
import type { StatusDefinition } from '../../src/internal.ts'
import { columnsOf, type BacklogConfig } from './backlog-config.ts'

export interface Shelf {
  /** Below the root of Backlog.md. */
  readonly folder: string
  /** What the names of its files begin with, before the dash. */
  readonly prefix: string
  /** The status of every task on it; undefined for the board, where each file says its own. */
  readonly status: string | undefined
}

export interface ShelvedFile {
  readonly shelf: Shelf
  /** Of the file. */
  readonly name: string
}

export interface ShelfOptions {
  /** Where Backlog.md keeps its folders, relative to the root of the workspace. */
  readonly folder: string
  readonly config: BacklogConfig
}

const DRAFT = 'draft'

/** The board first. Two kinds of files are archived, each in its own folder. */
function shelvesOf(config: BacklogConfig): readonly Shelf[] {
  const { prefix } = config
  const [draft, completed, archived] = ['Draft', 'Completed', 'Archived'].map((name) => nameBeside(name, config))
  return [
    { folder: 'tasks', prefix, status: undefined },
    { folder: 'drafts', prefix: DRAFT, status: draft },
    { folder: 'completed', prefix, status: completed },
    { folder: 'archive/tasks', prefix, status: archived },
    { folder: 'archive/drafts', prefix: DRAFT, status: archived },
  ]
}

/** All statuses that a task can have: the columns of the board, then the folders beside it. */
export function backlogStatuses(config: BacklogConfig): readonly StatusDefinition[] {
  const [, draft, completed, archived] = shelvesOf(config).map(({ status = '' }) => status)
  return [
    ...columnsOf(config),
    // Not open: a draft is nobody's next task.
    { name: draft ?? '', kind: 'active' },
    { name: completed ?? '', kind: 'done' },
    { name: archived ?? '', kind: 'dropped' },
  ]
}

/** Undefined where Backlog.md would pass the file over: it lists no deeper folders and no other names. */
export function shelvedAt(path: string, { folder, config }: ShelfOptions): ShelvedFile | undefined {
  const root = rootOf(folder)
  if (!path.startsWith(root)) return undefined
  for (const shelf of shelvesOf(config)) {
    const start = `${root}${shelf.folder}/`
    const name = path.slice(start.length)
    if (path.startsWith(start) && !name.includes('/') && name.startsWith(`${shelf.prefix}-`) && name.endsWith('.md'))
      return { shelf, name }
  }
  return undefined
}

/** Where a new task belongs: drafts are known by their keys, all else by the status. */
export function shelfFor(key: string, status: unknown, config: BacklogConfig): Shelf {
  const prefix = key.toLowerCase().startsWith(`${DRAFT}-`) ? DRAFT : config.prefix
  const [board, ...others] = shelvesOf(config).filter((shelf) => shelf.prefix === prefix)
  const home = others.find((shelf) => shelf.status === status) ?? board
  return home ?? { folder: 'tasks', prefix, status: undefined }
}

/**
 * Where a file belongs once its task has another status: the same path where it is there already. A draft that is to become
 * a task, and a task that is to become a draft, get another id with that: their files stay for Backlog.md to move.
 */
export function pathForStatus(path: string, status: string, options: ShelfOptions): string {
  const there = shelvedAt(path, options)
  if (there === undefined) return path
  const { shelf, name } = there
  const { folder } = shelfFor(`${shelf.prefix}-`, status, options.config)
  return `${rootOf(options.folder)}${folder}/${name}`
}

export function rootOf(folder: string): string {
  return folder === '' || folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`
}

/** A column of the board may have the name already. */
function nameBeside(name: string, { statuses }: BacklogConfig): string {
  const isTaken = statuses.some((status) => status.trim().toLowerCase() === name.toLowerCase())
  return isTaken ? `${name} (folder)` : name
}
