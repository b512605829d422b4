/**
 * The files as they were when they were last looked at: size, time and inode of each, which tasks stand in it, what is odd
 * about it. Derived and disposable; says which files need not be read again, and where a task is.
 *
 *   path⇥size⇥time⇥inode⇥uids⇥state⇥problems⇥shows     one line a file; a later line replaces an earlier one
 *   =sum⇥seal                                    a sum over all before it; for which state of the store, and of version control, it holds
 */
import type { Uid } from '../ids.ts'
import type { ByteText, FileEntry, SummaryFiles } from '../ports.ts'
import type { FileProblem } from './dangers.ts'
import { folded } from './folded.ts'

/** `clean`: the newest remembered text. `held`: not to be read or written until it changes. `older`: put there by version control. */
export type FileState = 'clean' | 'held' | 'older' | 'gone'

export interface FileRow {
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
  readonly inode: string
  readonly uids: readonly Uid[]
  readonly state: FileState
  readonly problems: readonly FileProblem[]
  /** Of a file that version control put back: which text it shows (its hash). */
  readonly shows?: string | undefined
}

export interface IndexSeal {
  /** Of the store's disk; any reader compares it. */
  readonly mark: string
  /** Of the last commit of file records; the holder of the store compares it. */
  readonly nonce: string
  /** Where version control stood, and its commit. */
  readonly repository: string | null
  readonly head: string | null
  /** Tasks whose files are behind the document. */
  readonly isDue: boolean
  /** Version control is in the middle of something: files are written when it is over. */
  readonly isWaiting: boolean
  /** Files that a synchroniser left behind. */
  readonly syncCopies: readonly string[]
}

const FILES = 'files'
const SEAL = '='
const MAGIC = 'tidemark-files 2'
const LEAST_TAIL_ROWS = 256

export class FileIndex {
  readonly #files: SummaryFiles
  readonly rows: Map<string, FileRow> = new Map()
  readonly #paths = new Map<Uid, string>()
  readonly #changed = new Set<string>()
  /** How many files stand by each name, as disks tell names apart that tell the fewest. Made when it is asked for. */
  #names: Map<string, number> | undefined
  seal: IndexSeal | undefined
  #rowsOnDisk = 0
  #isOnDisk = false
  /** Of all bytes on the disk. */
  #sum = 0

  private constructor(files: SummaryFiles) {
    this.#files = files
  }

  static async read(files: SummaryFiles): Promise<FileIndex> {
    const index = new FileIndex(files)
    const source = await files.read(FILES)
    if (source !== undefined) index.#parse(source)
    return index
  }

  pathOf(uid: Uid): string | undefined {
    return this.#paths.get(uid)
  }

  /** A file stands by this name, or by one that some disks take for the same. */
  isTaken(path: string): boolean {
    if (this.#names === undefined) {
      this.#names = new Map()
      for (const row of this.rows.values()) this.#count(row, 1)
    }
    return (this.#names.get(folded(path)) ?? 0) > 0
  }

  put(row: FileRow): void {
    this.#take(row)
    this.#changed.add(row.path)
  }

  remove(path: string): void {
    const row = this.rows.get(path)
    if (row !== undefined) this.put({ ...row, uids: [], state: 'gone', problems: [] })
  }

  /** Forgets all: the store is another one than the lines were made for. */
  clear(): void {
    this.rows.clear()
    this.#paths.clear()
    this.#names = undefined
    this.#changed.clear()
    this.seal = undefined
    this.#isOnDisk = false
  }

  isUnchanged(entry: FileEntry): boolean {
    const row = this.rows.get(entry.path)
    return (
      row !== undefined &&
      row.state !== 'gone' &&
      !row.problems.some(({ code }) => code === 'FILE_UNREADABLE') && // permissions change neither size nor time
      row.size === entry.size &&
      row.modifiedMs === entry.modifiedMs &&
      row.inode === entry.inode
    )
  }

  /** Not synced: what is lost is read again. */
  async save(seal: IndexSeal): Promise<void> {
    if (this.#changed.size === 0 && this.#isOnDisk && JSON.stringify(this.seal) === JSON.stringify(seal)) return
    this.seal = seal
    const isLong = this.#rowsOnDisk + this.#changed.size > Math.max(LEAST_TAIL_ROWS, this.rows.size * 2)
    if (!this.#isOnDisk || isLong) {
      // What a deleted task's file was called is kept: it may be wanted again.
      for (const { path, state, uids } of this.rows.values())
        if (state === 'gone' && uids.length === 0) this.rows.delete(path)
      const bytes = this.#sealed([MAGIC, ...[...this.rows.values()].map(lineOf)], seal, 0)
      await this.#files.replace(FILES, [bytes])
      this.#rowsOnDisk = this.rows.size
    } else {
      const lines = [...this.#changed].flatMap((path) => {
        const row = this.rows.get(path)
        return row === undefined ? [] : [lineOf(row)]
      })
      await this.#files.append(FILES, this.#sealed(lines, seal, this.#sum))
      this.#rowsOnDisk += lines.length
    }
    this.#isOnDisk = true
    this.#changed.clear()
  }

  #count(row: FileRow | undefined, by: 1 | -1): void {
    if (row === undefined || row.state === 'gone' || this.#names === undefined) return
    const name = folded(row.path)
    this.#names.set(name, (this.#names.get(name) ?? 0) + by)
  }

  #take(row: FileRow): void {
    this.#count(this.rows.get(row.path), -1)
    this.#count(row, 1)
    for (const uid of this.rows.get(row.path)?.uids ?? [])
      if (this.#paths.get(uid) === row.path) this.#paths.delete(uid)
    this.rows.set(row.path, row)
    for (const uid of row.uids) this.#paths.set(uid, row.path)
  }

  /** Lines with a seal behind them, which has a sum over all bytes before it. */
  #sealed(lines: readonly string[], seal: IndexSeal, before: number): Uint8Array {
    const encoder = new TextEncoder()
    const body = encoder.encode(lines.map((line) => `${line}\n`).join(''))
    const json = JSON.stringify(seal)
    const own = this.#files.sum(encoder.encode(json), this.#files.sum(body, before))
    const end = encoder.encode(`${SEAL}${own.toString(36)}\t${json}\n`)
    const bytes = new Uint8Array(body.length + end.length)
    bytes.set(body)
    bytes.set(end, body.length)
    this.#sum = this.#files.sum(bytes, before)
    return bytes
  }

  /** An index with a byte that nobody wrote is none: a wrong path would be a file that is gone. */
  #parse(source: ByteText): void {
    const end = source.length
    if (end === 0 || source.text(end - 1, end) !== '\n') return
    const sealStart = source.lastIndexOf('\n', end - 2) + 1
    const [mark = '', json = ''] = source.text(sealStart, end - 1).split('\t')
    const before = this.#files.sum(source.bytes(0, sealStart), 0)
    const own = this.#files.sum(new TextEncoder().encode(json), before)
    if (mark !== SEAL + own.toString(36)) return
    this.seal = parseJson<IndexSeal>(json)
    if (this.seal === undefined) return
    const [magic, ...lines] = source.text(0, sealStart).split('\n')
    if (magic !== MAGIC) return this.clear()
    lines.pop()
    for (const line of lines) {
      if (line.startsWith(SEAL)) continue
      const row = parseRow(line)
      if (row !== undefined) this.#take(row)
      this.#rowsOnDisk++
    }
    this.#sum = this.#files.sum(source.bytes(sealStart, end), before)
    this.#isOnDisk = true
  }
}

function lineOf({ path, size, modifiedMs, inode, uids, state, problems, shows = '' }: FileRow): string {
  const said = problems.length === 0 ? '' : JSON.stringify(problems)
  return [escape(path), size, modifiedMs, inode, uids.join(','), state, said, shows].join('\t')
}

function parseRow(line: string): FileRow | undefined {
  const [path, size, modifiedMs, inode, uids, state, problems, shows] = line.split('\t')
  if (path === undefined || inode === undefined || uids === undefined || state === undefined) return undefined
  return {
    path: unescape(path),
    size: Number(size),
    modifiedMs: Number(modifiedMs),
    inode,
    uids: uids === '' ? [] : (uids.split(',') as Uid[]),
    state: state as FileState,
    problems: problems === undefined || problems === '' ? [] : (parseJson<FileProblem[]>(problems) ?? []),
    ...(shows === undefined || shows === '' ? {} : { shows }),
  }
}

/** A line that lost its end, or that nobody wrote, says nothing. */
function parseJson<Value>(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value
  } catch {
    return undefined
  }
}

function escape(path: string): string {
  return /[\\\t\n\r=]/.test(path) ? path.replace(/[\\\t\n\r=]/g, (one) => `\\${one.charCodeAt(0).toString(16)};`) : path
}

function unescape(path: string): string {
  return path.includes('\\')
    ? path.replace(/\\([0-9a-f]+);/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : path
}
