/**
 * Reads changed files and says what each means: an edit, a stale save, a text put back, a new task, nothing. Decides;
 * writes nothing.
 */
import type { FileEntry, ParsedFile, ParsedTask } from '../ports.ts'
import { isUid, type Uid } from '../ids.ts'
import { isDeleted } from '../task/view.ts'
import type { TaskState } from '../task/registers.ts'
import { NO_RECORD, type Base, type FileRecord } from './base.ts'
import { carried, goesOnFrom, withoutSeen } from './carried.ts'
import {
  danger,
  decode,
  ID_TAKEN,
  isHalfWritten,
  problem,
  reasonOf,
  told,
  tooLarge,
  MAX_FILE_BYTES,
  wholeFileProblem,
  type FileProblem,
} from './dangers.ts'
import { editsOf, type Meaning } from './edits.ts'
import { costOf, explain, placeOf, type ReadBase, type ShownTask } from './explain.ts'
import type { FileIndex } from './file-index.ts'
import type { Look } from './looking.ts'
import { tasksOfGone, type GoneFile } from './nameless.ts'
import { uidFrom } from './new-uid.ts'
import { baseAhead } from './saying.ts'
import type { ReadFile, Reading, ReadOptions, ReadTask } from './read-file.ts'
import { impliedIn, patchFor, saidBy, saidIn, unreadable, type Names } from './said.ts'
import { impliedBy, type MirrorHost, type MirrorWorld } from './world.ts'

interface Opened {
  readonly entry: FileEntry
  readonly text: string
  readonly parsed: ParsedFile
  readonly record: FileRecord
}

interface Exact {
  readonly entry: FileEntry
  readonly uids: readonly Uid[]
  readonly record: FileRecord
}

interface Candidate extends Opened {
  readonly uids: readonly Uid[]
  readonly movedFrom?: string
}

interface Pulled {
  readonly kind: 'edit'
  readonly from: ReadBase
  readonly after: readonly ShownTask[]
}

const MANY_AT_ONCE = 3

export async function readFiles(
  world: MirrorWorld,
  host: MirrorHost,
  index: FileIndex,
  seen: Look,
  options: ReadOptions = {},
): Promise<Reading> {
  const reader = new Reader(world, host, index, seen, options)
  return reader.read()
}

class Reader {
  readonly #world: MirrorWorld
  readonly #host: MirrorHost
  readonly #index: FileIndex
  readonly #look: Look
  readonly #options: ReadOptions
  readonly #held: Reading['held'][number][] = []
  readonly #same: Reading['same'][number][] = []
  readonly #moved: Reading['moved'][number][] = []
  readonly #unsettled: string[] = []
  readonly #exact: Exact[] = []
  /** Which file of this batch has a task. */
  readonly #taken = new Map<Uid, string>()
  readonly #keys = new Map<string, Uid>()
  /** What the files held that are gone; read where a file does not name its tasks. */
  readonly #gone: GoneFile[] = []
  /** What changed files name themselves. */
  readonly #idsIn = new Map<string, ReadonlySet<string>>()

  constructor(world: MirrorWorld, host: MirrorHost, index: FileIndex, seen: Look, options: ReadOptions) {
    this.#world = world
    this.#host = host
    this.#index = index
    this.#look = seen
    this.#options = options
  }

  async read(): Promise<Reading> {
    const opened: Opened[] = []
    for (const entry of this.#look.changed) {
      const one = await this.#open(entry)
      if (one !== undefined) opened.push(one)
    }
    const candidates = await this.#identify(opened)
    const older = await this.#olderOnes(candidates)
    const blobs = await this.#blobsFor(candidates.filter((one) => !older.has(one)))
    const left = candidates.filter((one) => !older.has(one))
    const checkedOut = await this.#contents(this.#look.hasMoved ? (this.#look.repository?.head ?? null) : null, left)
    const files: ReadFile[] = []
    for (const candidate of candidates) {
      if (older.has(candidate)) this.#hold(candidate.entry, 'older', [], candidate.uids)
      else {
        const { path } = candidate.entry
        files.push(await this.#explain(candidate, blobs.get(path), checkedOut.get(path)))
      }
    }
    return { files, held: this.#held, same: this.#same, moved: this.#moved, unsettled: this.#unsettled }
  }

  async #open(entry: FileEntry): Promise<Opened | undefined> {
    const { path } = entry
    if (entry.size > MAX_FILE_BYTES) return this.#hold(entry, 'held', [tooLarge(path, entry.size)])
    const content = await this.#content(entry)
    if (content === undefined) return undefined
    const text = decode(path, content)
    if (typeof text !== 'string') return this.#hold(entry, 'held', [text])
    const row = this.#index.rows.get(path)
    // What version control put there stays that, however often it is read.
    if (row?.state === 'older' && this.#options.takesFiles !== true && this.#index.isUnchanged(entry))
      return this.#hold(entry, 'older', [], row.uids)
    const record = (await this.#host.record(path)) ?? NO_RECORD
    const newest = record.bases.at(-1)
    if (newest?.text === text) {
      this.#exact.push({ entry, uids: newest.tasks.map(({ uid }) => uid), record })
      return undefined
    }
    const odd = danger(path, text, newest?.text)
    if (odd !== undefined) return this.#hold(entry, 'held', [odd])
    const isKnown = placeOf(record, text) !== undefined
    if (!isKnown && isHalfWritten(text, newest?.text) && this.#options.isSettled?.(path) !== true) {
      this.#unsettled.push(path)
      return undefined
    }
    const parsed = this.#world.format.parse(path, text)
    const wrong = wholeFileProblem(path, parsed.problems)
    if (wrong !== undefined) return this.#hold(entry, 'held', [wrong])
    return { entry, text, parsed, record }
  }

  async #content(entry: FileEntry): Promise<Uint8Array | undefined> {
    const { path } = entry
    try {
      const content = await this.#world.files.read(path)
      return content?.bytes // taken away meanwhile: the next look says so
    } catch (cause) {
      return this.#hold(entry, 'held', [problem(path, 'FILE_UNREADABLE', `${reasonOf(cause)}; its task is kept`)])
    }
  }

  /** Files that held their ids before come first: they keep them. */
  async #identify(opened: readonly Opened[]): Promise<readonly Candidate[]> {
    for (const { entry, parsed } of opened)
      this.#idsIn.set(entry.path, new Set(parsed.tasks.flatMap(({ id }) => (id === null ? [] : [id]))))
    for (const { entry, uids } of this.#exact) this.#idsIn.set(entry.path, new Set(uids))
    for (const own of [true, false])
      for (const one of this.#exact)
        if (one.uids.some((uid) => this.#index.pathOf(uid) === one.entry.path) === own) this.#settleExact(one)
    if (opened.some(({ parsed }) => parsed.tasks.some(({ id }) => id === null))) await this.#readGone()
    const isOwn = ({ entry, parsed }: Opened): boolean =>
      parsed.tasks.some(({ id }) => id !== null && isUid(id) && this.#index.pathOf(id) === entry.path)
    const candidates: Candidate[] = []
    for (const own of [true, false])
      for (const one of opened) {
        const candidate = isOwn(one) === own ? this.#identified(one) : undefined
        if (candidate !== undefined) candidates.push(await this.#withMemory(candidate))
      }
    return candidates.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1))
  }

  async #readGone(): Promise<void> {
    for (const path of this.#look.gone) this.#gone.push({ path, record: (await this.#host.record(path)) ?? NO_RECORD })
  }

  /** What it was: nothing to read; but of two files with one id only one has it. */
  #settleExact({ entry, uids, record }: Exact): void {
    const { path } = entry
    const row = this.#index.rows.get(path)
    for (const uid of uids) {
      const other = this.#otherPathOf(uid, path)
      if (other !== undefined) return this.#holdTaken(entry, other)
    }
    for (const uid of uids) {
      this.#taken.set(uid, path)
      this.#noticeMove(uid, path, record)
    }
    const wasHeld = row !== undefined && row.state !== 'clean'
    this.#same.push({ entry, uids, wasHeld, wasGone: row?.state === 'gone' })
  }

  #holdTaken(entry: FileEntry, other: string): undefined {
    const message = `it has the id of ${other}, which keeps it; take the id line away to make this a task of its own`
    return this.#hold(entry, 'held', [problem(entry.path, ID_TAKEN, message)], [])
  }

  /** A file that was moved remembers what it held where it was. */
  async #withMemory(candidate: Candidate): Promise<Candidate> {
    const { movedFrom } = candidate
    if (movedFrom === undefined) return candidate
    const record = (await this.#host.record(movedFrom)) ?? NO_RECORD
    this.#moved.push({ from: movedFrom, to: candidate.entry.path, record })
    return { ...candidate, record }
  }

  /** Which tasks stand in the file: by id, by what the file held before, or new. */
  #identified(found: Opened): Candidate | undefined {
    const { entry, parsed, text } = found
    const { path } = entry
    const { record } = found
    let movedFrom: string | undefined
    const known = record.bases.at(-1)?.tasks.map(({ uid }) => uid) ?? []
    const gone = record.bases.length > 0 ? undefined : tasksOfGone(text, this.#gone)
    const moved = gone?.some((uid) => this.#taken.has(uid)) === true ? undefined : gone
    const uids: Uid[] = []
    for (const [place, task] of parsed.tasks.entries()) {
      if (task.id !== null && !isUid(task.id)) {
        const message = `id ${JSON.stringify(task.id.slice(0, 40))} is none of ours; take the line away, and it becomes a new task`
        return this.#hold(entry, 'held', [problem(path, 'ID_INVALID', message)])
      }
      const uid = task.id ?? this.#uidWithout(parsed, place, known) ?? moved?.[place] ?? this.#newUid(path, place, text)
      const other = this.#otherPathOf(uid, path)
      if (other !== undefined) return this.#holdTaken(entry, other)
      const before = this.#index.pathOf(uid)
      if (before !== undefined && before !== path && !known.includes(uid)) movedFrom ??= before
      else this.#noticeMove(uid, path, record)
      uids.push(uid)
    }
    for (const [place, task] of parsed.tasks.entries()) {
      const uid = uids[place]
      if (uid === undefined) continue
      this.#taken.set(uid, path)
      if (task.key !== null) this.#noticeKey(task.key.toLowerCase(), uid)
    }
    // A file that still holds a task of its own remembers that; only one that holds none goes on with another's memory.
    const isOther = movedFrom !== undefined && !uids.some((uid) => known.includes(uid))
    return { ...found, uids, ...(isOther && movedFrom !== undefined ? { movedFrom } : {}) }
  }

  /** Where two files claim one key, every clone takes it for the same one's. */
  #noticeKey(key: string, uid: Uid): void {
    const other = this.#keys.get(key)
    if (other === undefined || uid < other) this.#keys.set(key, uid)
  }

  /** Moved, and remembered so, by a process that ended before its index said it: no deletion of the task. */
  #noticeMove(uid: Uid, path: string, record: FileRecord): void {
    const before = this.#index.pathOf(uid)
    if (before !== undefined && before !== path && !this.#look.present.has(before))
      this.#moved.push({ from: before, to: path, record })
  }

  /** A file that had a task before, and has lost the line that names it. */
  #uidWithout(parsed: ParsedFile, place: number, known: readonly Uid[]): Uid | undefined {
    const left = known.filter((uid) => !parsed.tasks.some(({ id }) => id === uid))
    const nameless = parsed.tasks.flatMap(({ id }, index) => (id === null ? [index] : []))
    return left.length === nameless.length ? left[nameless.indexOf(place)] : undefined
  }

  /** The same in every clone that finds the same new file, so that they find one task. */
  #newUid(path: string, place: number, text: string): Uid {
    for (let turn = 0; ; turn++) {
      const uid = uidFrom(`${this.#host.project}\n${path}\n${place}\n${turn}\n${text}`)
      const stands = this.#index.pathOf(uid)
      // Where it stood it may stand no longer: then it came back to where it was found.
      if (!this.#taken.has(uid) && (stands === undefined || stands === path || !this.#look.present.has(stands))) {
        const state = this.#host.tasks.get(uid)
        if (state === undefined || !isDeleted(state)) return uid
      }
    }
  }

  #otherPathOf(uid: Uid, path: string): string | undefined {
    const inBatch = this.#taken.get(uid)
    if (inBatch !== undefined && inBatch !== path) return inBatch
    const before = this.#index.pathOf(uid)
    if (before === undefined || before === path || !this.#look.present.has(before)) return undefined
    // What that file held it may hold no longer.
    return this.#idsIn.get(before)?.has(uid) === false ? undefined : before
  }

  /** Files that show a text they held before, where that is no edit. */
  async #olderOnes(candidates: readonly Candidate[]): Promise<ReadonlySet<Candidate>> {
    const older = new Set<Candidate>()
    if (this.#options.takesFiles === true) return older
    const exact = candidates.filter(({ record, text }) => placeOf(record, text) !== undefined)
    const isMany = this.#isUnsureOfMoves || exact.length >= MANY_AT_ONCE
    // What version control put there stays that, also where someone moves it, or saves it as it is.
    const wasOlder = ({ entry, movedFrom }: Candidate): boolean =>
      this.#index.rows.get(movedFrom ?? entry.path)?.state === 'older'
    for (const one of exact) if (isMany || wasOlder(one)) older.add(one)
    if (!this.#look.hasMoved) return this.#withoutLive(older)
    const head = this.#index.seal?.head ?? null
    const rest = candidates.filter((one) => !older.has(one))
    const held = await this.#contents(head, rest)
    for (const one of rest) {
      if (held.get(one.entry.path) === one.text) older.add(one)
      // A version that was never seen here, of a task that is known: as a branch brings it back.
      else if (
        one.record.bases.length === 0 &&
        one.movedFrom === undefined &&
        one.uids.some((uid) => this.#host.tasks.get(uid) !== undefined)
      )
        older.add(one)
    }
    return this.#withoutLive(older)
  }

  async #withoutLive(older: Set<Candidate>): Promise<ReadonlySet<Candidate>> {
    for (const one of older) if (await this.#saysLive(one)) older.delete(one)
    return older
  }

  async #saysLive(candidate: Candidate): Promise<boolean> {
    const { parsed, uids } = candidate
    for (const [place, task] of parsed.tasks.entries()) {
      const state = this.#host.tasks.get(uids[place] ?? ('' as Uid))
      if (state === undefined || isDeleted(state) || !(await this.#isLive(candidate, task, place, state))) return false
    }
    return true
  }

  async #isLive(candidate: Candidate, task: ParsedTask, place: number, state: TaskState): Promise<boolean> {
    const names = this.#names()
    const file = saidBy(task, names, impliedBy(candidate.entry.path, task.body, this.#host.firstStatus))
    const patch = patchFor(task, place, { file, live: saidIn(state), names })
    if (patch.fields !== undefined || patch.sets !== undefined) return false
    return task.body === undefined || task.body === (await this.#host.body(state))
  }

  /** What the files held in the commit that was checked out when they were looked at last. */
  async #blobsFor(candidates: readonly Candidate[]): Promise<ReadonlyMap<string, string>> {
    return this.#contents(
      this.#index.seal?.head ?? null,
      candidates.filter(({ entry, movedFrom }) => this.#mayBeOlder(movedFrom ?? entry.path)),
    )
  }

  async #contents(head: string | null, candidates: readonly Candidate[]): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>()
    if (head === null || candidates.length === 0) return texts
    const paths = candidates.map(({ entry, movedFrom }) => movedFrom ?? entry.path)
    for (const [path, bytes] of await this.#world.repository.contents(head, paths)) {
      const text = decode(path, bytes)
      if (typeof text === 'string') texts.set(path, text)
    }
    return texts
  }

  async #explain(candidate: Candidate, blob: string | undefined, now: string | undefined): Promise<ReadFile> {
    const { entry, text, parsed, uids, record } = candidate
    const { path } = entry
    const problems = parsed.problems.map((one) => told(path, one))
    const shown = parsed.tasks.map((task, place) => this.#shown(path, task, uids[place] ?? ('' as Uid)))
    const common = { path, entry, text, record, parsed, problems }
    const read = (base: Base): ReadBase => this.#readBase(path, base)
    const ahead = await this.#ahead(candidate)
    const found = explain(record, shown, text, read, { isAnyBase: this.#mayBeOlder(path), ahead })
    const newest = record.bases.at(-1)
    if (found === undefined || found.kind === 'older' || newest === undefined)
      return { ...common, meaning: 'import', removed: [], tasks: await this.#tasks(candidate, shown) }
    const isRestored = found.kind === 'restore'
    const checkedOut = isRestored ? undefined : this.#editOfCheckout(record, path, now, shown, read)
    const pulled =
      isRestored || checkedOut !== undefined || blob === undefined || blob === newest.text
        ? undefined
        : this.#pulledOver(path, blob, shown, found.from, read(newest))
    const { from, kind } = checkedOut ?? pulled ?? found
    const tasks = await this.#tasks(candidate, pulled?.after ?? shown, { from, kind })
    const removed =
      kind === 'restore'
        ? []
        : from.base.tasks.filter(({ uid }) => !uids.includes(uid) && this.#otherPathOf(uid, path) === undefined)
    return { ...common, meaning: kind, tasks, removed }
  }

  /** Without an index, or with one of another state, nobody knows what version control put there. */
  get #isUnsureOfMoves(): boolean {
    return this.#look.hasMoved || (this.#index.seal?.nonce ?? '') === ''
  }

  /** Version control may have put any text there that was ever remembered, and someone edited that. */
  #mayBeOlder(path: string): boolean {
    return this.#isUnsureOfMoves || this.#index.rows.get(path)?.state === 'older'
  }

  /** An older text that is remembered explains it better than the commit's. */
  #isNearer(path: string, from: ReadBase, blob: string, shown: readonly ShownTask[]): boolean {
    const before = this.#readBase(path, { ...from.base, text: blob }).tasks
    return costOf(from.tasks, shown) < costOf(before, shown)
  }

  /** A process that ended may have written, or read, more than it remembered: what it would have written counts too. */
  async #ahead({ entry: { path }, record, uids }: Candidate): Promise<Base | undefined> {
    const { due } = this.#host
    const newest = record.bases.at(-1)
    if (newest === undefined || (due !== 'all' && !uids.some((uid) => due.has(uid)))) return undefined
    const stood = { path, text: newest.text, uids: newest.tasks.map(({ uid }) => uid) }
    const ahead = await baseAhead(this.#world, this.#host, stood)
    return ahead.text === newest.text ? undefined : ahead
  }

  /** Version control put a text here that is remembered, and a person edited that before anyone looked. */
  #editOfCheckout(
    record: FileRecord,
    path: string,
    now: string | undefined,
    shown: readonly ShownTask[],
    read: (base: Base) => ReadBase,
  ): { readonly kind: Meaning; readonly from: ReadBase } | undefined {
    const base = record.bases.findLast(({ text }) => text === now)
    if (base === undefined) return undefined
    const newest = record.bases.at(-1)
    if (newest === undefined || base === newest) return { kind: 'edit', from: read(base) }
    return this.#isNearer(path, read(base), newest.text, shown) ? { kind: 'stale', from: read(base) } : undefined
  }

  #pulledOver(
    path: string,
    blob: string,
    shown: readonly ShownTask[],
    from: ReadBase,
    newest: ReadBase,
  ): Pulled | undefined {
    const isOlder = from.base !== newest.base
    return isOlder && this.#isNearer(path, from, blob, shown) ? undefined : this.#pulled(path, blob, shown, newest)
  }

  /** Version control put a change of the commit's text here: that change, carried over to what the file held instead. */
  #pulled(path: string, blob: string, shown: readonly ShownTask[], newest: ReadBase): Pulled {
    const before = this.#readBase(path, { ...newest.base, text: blob }).tasks
    const after = carried(before, shown, newest.tasks)
    // It holds what only this workspace had said: a person edited the newest text, and committed that.
    if (goesOnFrom(newest.tasks, { before, shown, after })) return { kind: 'edit', from: newest, after: shown }
    const tasks = newest.base.tasks.map((task) => withoutSeen(task, before, newest.tasks))
    return { kind: 'edit', from: { ...newest, base: { ...newest.base, tasks } }, after }
  }

  async #tasks(
    { entry, parsed }: Candidate,
    shown: readonly ShownTask[],
    explained?: { readonly from: ReadBase; readonly kind: Meaning },
  ): Promise<readonly ReadTask[]> {
    const tasks: ReadTask[] = []
    for (const [place, task] of parsed.tasks.entries()) {
      const after = shown[place]
      if (after === undefined) continue
      const state = this.#host.tasks.get(after.uid)
      const whole = { ...after, parsed: task }
      if (
        state !== undefined &&
        !isDeleted(state) &&
        (await this.#isLive({ entry } as Candidate, task, place, state))
      ) {
        tasks.push({ ...whole, isLive: true, hasLiveBody: true })
        continue
      }
      const before = explained?.from.tasks.find(({ uid }) => uid === after.uid)
      const base = explained?.from.base.tasks.find(({ uid }) => uid === after.uid)
      if (explained === undefined || before === undefined || base === undefined) {
        const hasLiveBody = state !== undefined && task.body === (await this.#host.body(state))
        tasks.push({ ...whole, hasLiveBody })
        continue
      }
      const edits = editsOf({
        meaning: explained.kind,
        base,
        before,
        after,
        state,
        live: state === undefined ? '' : await this.#host.body(state),
        isUnreadable: unreadable(parsed.problems, place),
      })
      tasks.push({ ...whole, base, edits })
    }
    return tasks
  }

  #readBase(path: string, base: Base): ReadBase {
    const { tasks } = this.#world.format.parse(path, base.text)
    return {
      base,
      tasks: base.tasks.flatMap(({ uid }, place) => {
        const task = tasks[place]
        return task === undefined ? [] : [this.#shown(path, task, uid)]
      }),
    }
  }

  #shown(path: string, task: ParsedTask, uid: Uid): ShownTask {
    const said = saidBy(task, this.#names(), impliedBy(path, task.body, this.#host.firstStatus))
    return { uid, said, body: task.body, implied: impliedIn(task) }
  }

  #names(): Names {
    const { names } = this.#host
    return {
      keyOf: (uid) => names.keyOf(uid),
      nameOf: (uid) => names.nameOf(uid),
      uidOf: (name) => (isUid(name) ? name : (this.#keys.get(name.toLowerCase()) ?? names.uidOf(name))),
    }
  }

  #hold(
    entry: FileEntry,
    state: 'held' | 'older',
    problems: readonly FileProblem[],
    uids: readonly Uid[] = this.#index.rows.get(entry.path)?.uids ?? [],
  ): undefined {
    for (const uid of uids) if (!this.#taken.has(uid)) this.#taken.set(uid, entry.path)
    this.#held.push({ entry, uids, state, problems })
    return undefined
  }
}
