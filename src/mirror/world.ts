/** What the mirror asks of its surroundings, and of the project whose files these are. */
import type { Files, Format, Repository, Runtime, SummaryFiles } from '../ports.ts'
import type { TaskState } from '../task/registers.ts'
import type { Replica } from '../task/replica.ts'
import type { TaskTable } from '../task/table.ts'
import type { Uid } from '../ids.ts'
import type { BaseTask, FileRecord } from './base.ts'
import type { Implied, Names } from './said.ts'

export interface FilesWorld {
  readonly files: Files
  readonly format: Format
  readonly repository: Repository
  /** Where the tasks are, relative to the root. */
  readonly folder: string
}

export interface MirrorWorld extends FilesWorld {
  readonly runtime: Runtime
  /** Where the index of files is kept. */
  readonly index: SummaryFiles
}

/** The project at one moment, while nobody else writes. */
export interface MirrorHost {
  readonly project: string
  readonly prefix: string
  readonly tasks: TaskTable
  readonly names: Names
  readonly firstStatus: string
  body(state: TaskState): Promise<string>
  replica(): Promise<Replica>
  readonly bodies: Bodies
  /** Tasks whose files may be behind, or ahead of what is remembered: a process ended too early. */
  readonly due: ReadonlySet<Uid> | 'all'
  record(path: string): Promise<FileRecord | undefined>
}

/** Bodies in the document's own characters; loaded only where a body was ever edited. */
export interface Bodies {
  /** Undefined while the body is its first text itself. `before`: of a remembered text with the same body. */
  charactersOf(state: TaskState, before: BaseTask['body'] | undefined): Promise<BaseTask['body'] | undefined>
}

export function impliedBy(path: string, body: string | undefined, status: string): Implied {
  const heading = /^#{1,6}[ \t]+(.+?)[ \t]*#*$/m.exec(body ?? '')?.[1]
  return { title: heading ?? titleOfPath(path), status }
}

/** `tasks/T-12-fix-login.md`, without key and ending: `fix login`. */
function titleOfPath(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '')
  const words = name
    .replace(/^[A-Za-z][A-Za-z0-9_]*-\d+-?/, '')
    .replaceAll('-', ' ')
    .trim()
  return words === '' ? name : words
}
