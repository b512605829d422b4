/** What commands see of the world: streams, the terminal, and workspaces. bin/world.ts makes the real one, tests a small one. */
import type { Caller, ClaimView, Json, TaskFilter } from '../../src/internal.ts'
import type { Background } from './background.ts'

export interface Output {
  write(text: string | Uint8Array): void
  readonly isTerminal: boolean
  readonly columns: number
  /** False without a terminal, with NO_COLOR, with TERM=dumb. */
  readonly colour: boolean
}

/** One line of a table. */
export interface ListRow {
  readonly key: string
  readonly title: string
  readonly status: string
  readonly kind: string
  readonly priority: string | null
  readonly labels: readonly string[]
  readonly assignees: readonly string[]
  readonly ready: boolean
  readonly deleted: boolean
  /** Who holds it. */
  readonly claim: ClaimView | null
  readonly conflicts: readonly string[]
}

/** An answer to list, ready or search that need not be built as objects: thousands of tasks print in milliseconds. */
export interface Listing {
  readonly count: number
  /** The document of `--json`, in pieces: `{"schema":1,"tasks":[…]}`. */
  json(): Iterable<string | Uint8Array>
  /** What a pipe gets: a line of tab-separated text for each, in pieces. */
  lines(): Iterable<string | Uint8Array>
  rows(): Iterable<ListRow>
}

export interface OpenWorkspace extends Caller, AsyncDisposable {
  readonly dir: string
}

export interface InitOptions {
  readonly dir: string
  readonly format?: string
  readonly tasks?: string
  readonly prefix?: string
  readonly relay?: string
  /** The whole text of tidemark.json, as a backup has it; the others are ignored then. */
  readonly settings?: string
}

export interface InitOutcome {
  readonly dir: string
  readonly project: string
  readonly format: string
  readonly tasks: string
  readonly created: boolean
  /** Tasks that its files hold. */
  readonly imported: number
}

/** A program of this machine. */
export interface Program {
  /** In this terminal, with no shell between; signals that come meanwhile are passed on. Its exit code; 128 + n where signal n ended it. */
  run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>
}

export interface CliWorld {
  readonly args: readonly string[]
  readonly cwd: string
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  /** All of standard input as text, bounded; throws TOO_LARGE or INVALID_INPUT (not UTF-8). */
  readInput(): Promise<string>
  /** A question on the terminal; undefined where there is none. */
  ask(question: string): Promise<string | undefined>
  readonly inputIsTerminal: boolean
  /** Finds the workspace at or above `dir` and opens it, or reaches its owner. `actor` names the person or agent. */
  open(dir: string, options?: { readonly actor?: string }): Promise<OpenWorkspace>
  list(dir: string, filter: TaskFilter): Promise<Listing>
  search(dir: string, words: string, options: { readonly all?: boolean; readonly limit?: number }): Promise<Listing>
  init(options: InitOptions): Promise<InitOutcome>
  /** The settings of tidemark.json as a flat map for `tide config`. */
  readConfig(dir: string): Promise<{ readonly path: string; readonly settings: Readonly<Record<string, Json>> }>
  writeConfig(dir: string, name: string, value: Json): Promise<void>
  /** Opens a file of the workspace at or above `dir` in the person's editor, and returns when that ends. */
  edit(dir: string, path: string): Promise<void>
  /** By its path, or from PATH; throws FILE_NOT_FOUND where there is none. */
  program(name: string): Promise<Program>
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason. */
  sleep(ms: number, options: { readonly signal: AbortSignal }): Promise<void>
  readFile(path: string): Promise<Uint8Array>
  /** Refuses to replace a file. */
  writeNewFile(path: string, bytes: Uint8Array): Promise<void>
  /** Processes that outlive the command, and relays elsewhere. */
  background(): Promise<Background>
  /** A folder of its own for `tide demo`; removed when disposed. */
  scratch(): Promise<{ readonly dir: string } & AsyncDisposable>
}
