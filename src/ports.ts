/** What the pure core asks of the world. Types only; each port has one conformance suite in test/conformance. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Time, chance and the log. The only clock and the only dice of the product. */
export interface Runtime {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after `ms`; rejects with `signal.reason`. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Bytes nobody can guess. */
  readonly random: (count: number) => Uint8Array
  /** Dotted event name and fields; no sentences, no secrets, no task text. */
  readonly log: (entry: LogEntry) => void
}

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: unknown
}

/** One row of a log: its sequence number grows by one for ever, also across compaction. */
export interface Row {
  readonly seq: number
  readonly bytes: Uint8Array
}

export type StoreChange =
  /** Adds a row at the end of a log. */
  | { readonly append: string; readonly bytes: Uint8Array }
  /** Sets a small named value. */
  | { readonly put: string; readonly bytes: Uint8Array }
  /** Puts one snapshot in the place of all rows up to and with `through`. */
  | { readonly compact: string; readonly through: number; readonly snapshot: Uint8Array }
  /** Takes a whole log away. */
  | { readonly remove: string }

export interface LogSize {
  /** Rows since the last snapshot, and their bytes. */
  readonly rows: number
  readonly bytes: number
  readonly snapshotBytes: number
}

/** A row that could not be trusted: kept aside, never returned, reported by `tide doctor`. */
export interface StoreProblem {
  readonly log: string
  readonly seq: number
  readonly reason: string
}

/**
 * Logs and cells on a disk. One holder at a time. A settled commit is whole, survives a crash of the process and,
 * by fsync, of the machine; commits are seen in the order they were asked for. A reader never triggers compaction.
 */
export interface Store extends AsyncDisposable {
  /** Everything a log holds, oldest first; the snapshot of a compacted log is its first row. */
  read(log: string, options?: { readonly after?: number }): Promise<readonly Row[]>
  cell(name: string): Promise<Uint8Array | undefined>
  /** All or none. Commits that wait for the disk together share one sync. */
  commit(changes: readonly StoreChange[]): Promise<void>
  logs(): Promise<readonly string[]>
  size(log: string): Promise<LogSize>
  /** Rows met so far that were quarantined. */
  problems(): readonly StoreProblem[]
}

/** What a file was when it was read: content decides, never time. */
export interface FileContent {
  readonly bytes: Uint8Array
}

export interface FileEntry {
  /** Relative to the root, with `/` between names. */
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
  /** Identifies the file on its disk; changes when another file takes the name. */
  readonly inode: string
  /** It has another name, where it may be changed while no watch hears of it. */
  readonly isLinked?: true
}

export interface FolderWatch extends Disposable {
  /**
   * Whoever changes a file by a name that is watched, and connects to this process afterwards, finds the listener called.
   * False where the system tells late (or nothing at all), and where it refused to watch a folder.
   */
  readonly isPrompt: boolean
}

export type WriteOutcome = 'written' | 'changed' | 'exists' | 'missing'

/** Files below one root. Paths use `/`, are relative and cannot leave the root. */
export interface Files {
  /** Files at any depth below a folder, sorted by path; names that begin with a dot and linked folders are passed over. */
  list(folder: string): Promise<readonly FileEntry[]>
  /** One file as `list` shows it. */
  entry(path: string): Promise<FileEntry | undefined>
  read(path: string): Promise<FileContent | undefined>
  /**
   * Writes whole files by compare-and-swap: `expected` is what the caller read, `null` when no file may be there.
   * Atomic (a reader sees the old or the new bytes), durable when settled, the mode kept, links followed.
   */
  write(path: string, bytes: Uint8Array, expected: Uint8Array | null): Promise<WriteOutcome>
  remove(path: string, expected: Uint8Array): Promise<WriteOutcome>
  /**
   * Gives a file another name, where it holds what the caller read; never over another file. Whoever looks meanwhile, or after
   * a crash, finds it under the old name, the new one, or both; a file of the same bytes under the new one is such a half way,
   * and then the old name goes. A link is left alone.
   */
  move(from: string, to: string, expected: Uint8Array): Promise<WriteOutcome | 'linked'>
  /**
   * Calls back when something below a folder may have changed: with the paths, or with null when anything may have.
   * Ready when it returns; says each change at least once or says null, and often more than once.
   */
  watch(folder: string, listener: (paths: readonly string[] | null) => void): FolderWatch
}

/** Where a version control system stands. Read from its own files; nothing of it is ever written. */
export interface RepositoryState {
  /** The commit that is checked out; null before the first one. */
  readonly head: string | null
  /** Differs after a checkout, commit, reset, stash, merge or rebase, and during one. */
  readonly mark: string
  /** In the middle of something: files may be missing or half there, and soon will not be. */
  readonly isBusy: boolean
  /** A merge or rebase was begun and is not over: what is written now would stop it. */
  readonly isUnderWay: boolean
}

export interface Way {
  /** The last commit that both have in common: the first one, where the second goes on from it. null where there is none. */
  readonly fork: string | null
  /** From there to the second and with it, oldest first; where they are more than anyone would follow, the second alone. */
  readonly commits: readonly string[]
}

/** The repository around a workspace, which changes many files at once without meaning an edit. */
export interface Repository {
  /** null outside any repository. */
  state(): Promise<RepositoryState | null>
  /** How version control got from one commit to another. */
  way(from: string, to: string): Promise<Way>
  /** What files held in a commit; without those that it does not have. Paths as in Files. */
  contents(commit: string, paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>
}

/** How a connection ended: `code` is `closed`, `lost`, `refused` or `fault`. */
export interface Ending {
  readonly code: string
  readonly reason: string
  /** The number that the other side, or this one, gave as the reason; only where what lies below carries one (a WebSocket). */
  readonly status?: number
}

/** Whole frames in order, or the end of the connection with a reason. */
export interface Connection {
  /** The frame must not be changed afterwards. The same frame sent on many connections is made ready once. */
  send(frame: Uint8Array): void
  /** One listener; frames that came before are handed over first. */
  onFrame(listener: (frame: Uint8Array) => void): void
  /** Bytes sent here that have not left this process yet. */
  readonly waitingBytes: number
  /** Settles once, when either side ended it. */
  readonly closed: Promise<Ending>
  close(reason: string, status?: number): void
}

/** Opens connections to one named place, and listens there. */
export interface Transport {
  connect(options?: { readonly signal?: AbortSignal }): Promise<Connection>
  listen(accept: (connection: Connection) => void): Promise<AsyncDisposable>
}

/** Bytes of UTF-8 text that can be searched without being decoded. Offsets count bytes. */
export interface ByteText {
  readonly length: number
  byteAt(offset: number): number
  /** First place of a byte at or after `from`; -1 when there is none. */
  indexOfByte(byte: number, from: number): number
  /** First place of `text` at or after `from`; -1 when there is none. */
  indexOf(text: string, from?: number): number
  /** Last place of `text` that begins at or before `from`. */
  lastIndexOf(text: string, from?: number): number
  text(start: number, end: number): string
  /** Every byte as one character: offsets stay true, letters beyond ASCII do not. */
  units(start: number, end: number): string
  bytes(start: number, end: number): Uint8Array
  /** A part as a text of its own. */
  part(start: number, end: number): ByteText
  /** Copies without making anything on the way. */
  copy(target: Uint8Array, at: number, start: number, end: number): void
}

/**
 * The files of a summary: derived from the store, disposable, readable by any process without opening the store.
 * Only the holder of the store writes them.
 */
export interface SummaryFiles {
  /** Says which state the store's disk is in: differs after every commit, every opening, every start of the machine. */
  mark(): string
  read(name: string): Promise<ByteText | undefined>
  /** A part of a file; shorter when the file ends before. */
  readPart(name: string, start: number, size: number): Promise<ByteText | undefined>
  /** Adds at the end and returns the offset at which the bytes now stand. Not synced: a lost tail is noticed by its mark. */
  append(name: string, bytes: Uint8Array): Promise<number>
  replace(name: string, bytes: readonly Uint8Array[]): Promise<void>
  remove(name: string): Promise<void>
  /** Of all that stands there, also of what others put there. */
  names(): Promise<readonly string[]>
  /** A CRC-32, or one continued: the sum of `a` then `b` is `sum(b, sum(a, 0))`. */
  sum(bytes: Uint8Array, from: number): number
}

/** Offsets in UTF-16 units into the text of a file. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What one file says of one task. A task spread over two files is said by two of these with one id or key. */
export interface ParsedTask {
  /** The uid written in the file; null where the file has none yet. */
  readonly id: string | null
  /** What the file calls it; null where it has no name of its own. */
  readonly key: string | null
  /** Single values by public name (`title`, `status`, `priority`, `parent`, `due`, any other key), as JSON; never null. */
  readonly fields: Readonly<Record<string, Json>>
  /** Sets by public name: `labels`, `assignees`, `depends` (keys or uids as written). Absent and empty say the same. */
  readonly sets: Readonly<Record<string, readonly string[]>>
  /** Text with LF line ends; absent where this file does not hold the body. */
  readonly body?: string
  /** Comments, key order and quoting, for writing the task elsewhere the way it is written here. */
  readonly shape: Json
  /** Where the whole of it stands. */
  readonly span: Span
}

export interface FormatProblem {
  readonly code: string
  /** From 1. */
  readonly line: number
  readonly message: string
  /** The field whose value cannot be read; absent when it is the whole file. */
  readonly field?: string
  /** Which of the file's tasks, where it concerns one: its place in `ParsedFile.tasks`. */
  readonly task?: number
}

export interface ParsedFile {
  readonly tasks: readonly ParsedTask[]
  readonly problems: readonly FormatProblem[]
}

/** What a task in a file is to say from now on; what is absent stays as it is. */
export interface TaskPatch {
  /** Which of the file's tasks: its place in `ParsedFile.tasks`. */
  readonly task: number
  /** Takes all of it out of a file that holds several tasks. */
  readonly remove?: true
  readonly id?: string
  readonly key?: string
  /** null takes the field out. */
  readonly fields?: Readonly<Record<string, Json>>
  readonly sets?: Readonly<Record<string, readonly string[]>>
  readonly body?: string
}

/** Everything a new file says of a task. */
export interface TaskSheet {
  readonly id: string
  readonly key: string
  readonly fields: Readonly<Record<string, Json>>
  readonly sets: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly shape: Json
}

/** The files that a new task may have to fit in with. */
export interface FormatFolder {
  /** Whether a file stands at this path, or at one that differs in case only. */
  isTaken(path: string): boolean
  text(path: string): string | undefined
}

export interface NewText {
  readonly path: string
  readonly text: string
}

/** How tasks are written in files. Pure and total: never throws; what it cannot read is left alone and reported. */
export interface Format {
  readonly name: string
  /** Whether a file at this path is one of its own. */
  covers(path: string): boolean
  parse(path: string, text: string): ParsedFile
  /** The text with the patches in place: only the characters of what differs change. */
  patch(path: string, text: string, patches: readonly TaskPatch[]): string
  /** Where a task that stands nowhere is written: new files, or files that are there with the task added. */
  create(sheet: TaskSheet, folder: FormatFolder): readonly NewText[]
}
