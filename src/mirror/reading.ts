/**
 * Reads changed files: which of them are to be read at all, which tasks stand in each, which are left alone. What the
 * others mean is explained by explaining.ts. Writes nothing.
 */
import type { FileEntry, ParsedFile } from '../ports.ts'
import { isUid, type Uid } from '../ids.ts'
import { longHash } from '../task/hash.ts'
import { isDeleted } from '../task/view.ts'
import { NO_RECORD, type FileRecord } from './base.ts'
import {
  danger,
  decode,
  ID_TAKEN,
  isHalfWritten,
  MAX_FILE_BYTES,
  problem,
  reasonOf,
  tooLarge,
  wholeFileProblem,
  type FileProblem,
} from './dangers.ts'
import { isRemembered } from './explain.ts'
import { Explainer } from './explaining.ts'
import type { FileIndex } from './file-index.ts'
import { FormerNames } from './former-names.ts'
import type { Look } from './looking.ts'
import { tasksOfGone, type GoneFile } from './nameless.ts'
import { uidFrom } from './new-uid.ts'
import type { Candidate, Opened, ReadFile, Reading, ReadOptions } from './read-file.ts'
import type { Names } from './said.ts'
import { Versions } from './versions.ts'
import type { MirrorHost, MirrorWorld } from './world.ts'

interface Exact {
  readonly entry: FileEntry
  readonly uids: readonly Uid[]
  readonly record: FileRecord
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
  readonly #former: FormerNames
  readonly #unsettled: string[] = []
  readonly #exact: Exact[] = []
  readonly #versions: Versions
  readonly #explainer: Explainer
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
    this.#former = new FormerNames(world, host, index, seen)
    this.#versions = new Versions(world, index, seen)
    this.#explainer = new Explainer({
      world,
      host,
      index,
      look: seen,
      versions: this.#versions,
      names: this.#names(),
      otherPathOf: (uid, path) => this.#otherPathOf(uid, path),
    })
  }

  async read(): Promise<Reading> {
    const opened: Opened[] = []
    const { changed } = this.#look
    // Asked for together: the store answers many in the time of a few.
    const records = await Promise.all(changed.map(({ path }) => this.#host.record(path)))
    for (const [place, entry] of changed.entries()) {
      const one = await this.#open(entry, await this.#former.recordOf(entry.path, records[place]))
      if (one !== undefined) opened.push(one)
    }
    const candidates = await this.#identify(opened)
    const older = new Set(await this.#olderOnes(candidates))
    const blobs = await this.#versions.blobsFor(candidates.filter((one) => !older.has(one)))
    const left = candidates.filter((one) => !older.has(one))
    const steps = await this.#versions.stepsOf(left)
    for (const one of await this.#neverSeen(left, blobs, steps)) older.add(one)
    const files: ReadFile[] = []
    for (const candidate of candidates) {
      if (older.has(candidate)) this.#hold(candidate.entry, 'older', [], candidate.uids, await this.#shows(candidate))
      else {
        const { path } = candidate.entry
        files.push(await this.#explainer.explain(candidate, blobs.get(path), steps.get(path) ?? []))
      }
    }
    return {
      files,
      held: this.#held,
      same: this.#same,
      moved: this.#moved,
      halfWay: this.#former.halfWay,
      unsettled: this.#unsettled,
    }
  }

  /** Undefined where nobody can tell what the text is older than. */
  async #shows(candidate: Candidate): Promise<string | undefined> {
    const { text } = candidate
    return (await this.#versions.isUnheard(candidate, text)) ? undefined : longHash(text)
  }

  async #open(entry: FileEntry, record: FileRecord): Promise<Opened | undefined> {
    const { path } = entry
    const newest = record.bases.at(-1)
    // Whose it is, also where no index says so: nobody else may get a file for these tasks.
    const own = this.#index.rows.get(path)?.uids ?? newest?.tasks.map(({ uid }) => uid) ?? []
    if (entry.size > MAX_FILE_BYTES) return this.#hold(entry, 'held', [tooLarge(path, entry.size)], own)
    const content = await this.#content(entry, own)
    if (content === undefined) return undefined
    const text = decode(path, content)
    if (typeof text !== 'string') return this.#hold(entry, 'held', [text], own)
    this.#former.see(path, text)
    const row = this.#index.rows.get(path)
    // What version control put there stays that, however often it is read.
    if (row?.state === 'older' && this.#options.takesFiles !== true && this.#index.isUnchanged(entry))
      return this.#hold(entry, 'older', [], row.uids, row.shows)
    if (newest?.text === text) {
      this.#exact.push({ entry, uids: newest.tasks.map(({ uid }) => uid), record })
      return undefined
    }
    const odd = danger(path, text, newest?.text)
    if (odd !== undefined) return this.#hold(entry, 'held', [odd], own)
    const isKnown = isRemembered(record, text)
    if (!isKnown && isHalfWritten(text, newest?.text) && this.#options.isSettled?.(path) !== true) {
      this.#unsettled.push(path)
      this.#keep(own, path)
      return undefined
    }
    const parsed = this.#world.format.parse(path, text)
    const wrong = wholeFileProblem(path, parsed.problems)
    if (wrong !== undefined) return this.#hold(entry, 'held', [wrong], own)
    return { entry, text, parsed, record }
  }

  async #content(entry: FileEntry, own: readonly Uid[]): Promise<Uint8Array | undefined> {
    const { path } = entry
    try {
      const content = await this.#world.files.read(path)
      return content?.bytes // taken away meanwhile: the next look says so
    } catch (cause) {
      return this.#hold(entry, 'held', [problem(path, 'FILE_UNREADABLE', `${reasonOf(cause)}; its task is kept`)], own)
    }
  }

  /** Files that held their ids before come first: they keep them. */
  async #identify(opened: readonly Opened[]): Promise<readonly Candidate[]> {
    for (const { entry, parsed } of opened)
      this.#idsIn.set(entry.path, new Set(parsed.tasks.flatMap(({ id }) => (id === null ? [] : [id]))))
    for (const { entry, uids } of this.#exact) this.#idsIn.set(entry.path, new Set(uids))
    for (const own of [true, false])
      for (const one of this.#exact)
        if (one.uids.some((uid) => this.#index.pathOf(uid) === one.entry.path) === own) await this.#settleExact(one)
    if (opened.some(({ parsed }) => parsed.tasks.some(({ id }) => id === null))) await this.#readGone()
    const isOwn = ({ entry, parsed }: Opened): boolean =>
      parsed.tasks.some(({ id }) => id !== null && isUid(id) && this.#index.pathOf(id) === entry.path)
    const candidates: Candidate[] = []
    for (const own of [true, false])
      for (const one of opened) {
        const candidate = isOwn(one) === own ? await this.#identified(one) : undefined
        if (candidate !== undefined) candidates.push(await this.#withMemory(candidate))
      }
    return candidates.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1))
  }

  async #readGone(): Promise<void> {
    for (const path of this.#look.gone) this.#gone.push({ path, record: (await this.#host.record(path)) ?? NO_RECORD })
  }

  /** What it was: nothing to read; but of two files with one id only one has it. */
  async #settleExact({ entry, uids, record }: Exact): Promise<void> {
    const { path } = entry
    const row = this.#index.rows.get(path)
    for (const uid of uids) {
      const other = this.#otherPathOf(uid, path)
      if (other !== undefined && !(await this.#former.isHalfWay(uid, path, other))) this.#holdTaken(entry, other)
      if (other !== undefined) return
    }
    for (const uid of uids) {
      this.#taken.set(uid, path)
      this.#noticeMove(uid, path, record)
    }
    const wasHeld = row !== undefined && row.state !== 'clean'
    this.#same.push({ entry, uids, wasHeld, wasGone: row?.state === 'gone', isUnknown: row === undefined })
  }

  #holdTaken(entry: FileEntry, other: string, isNameless = false): undefined {
    const message = isNameless
      ? `it is ${other} from before that had an id; change it to make this a task of its own, or delete it`
      : `it has the id of ${other}, which keeps it; take the id line away to make this a task of its own`
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
  async #identified(found: Opened): Promise<Candidate | undefined> {
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
      const uid =
        task.id ?? this.#uidWithout(parsed, place, known) ?? moved?.[place] ?? (await this.#newUid(path, place, text))
      const other = this.#otherPathOf(uid, path)
      if (other !== undefined && (await this.#former.isHalfWay(uid, path, other))) return undefined
      const isSaved = other !== undefined && !this.#taken.has(uid) && this.#former.isSaved(found, uid, other)
      if (other !== undefined && !isSaved) return this.#holdTaken(entry, other, task.id === null)
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
  async #newUid(path: string, place: number, text: string): Promise<Uid> {
    for (let turn = 0; ; turn++) {
      const uid = uidFrom(`${this.#host.project}\n${path}\n${place}\n${turn}\n${text}`)
      const stands = this.#index.pathOf(uid)
      // As it was found first, under the name that it was found by: no other task, though its own has another name now.
      if (stands !== undefined && this.#former.isFormer(path, uid, stands)) return uid
      if (turn === 0 && (await this.#isBroughtBack(path, text, stands))) return uid
      // Where it stood it may stand no longer: then it came back to where it was found.
      if (!this.#taken.has(uid) && (stands === undefined || stands === path || !this.#look.present.has(stands))) {
        const state = this.#host.tasks.get(uid)
        if (state === undefined || !isDeleted(state)) return uid
      }
    }
  }

  /** By version control, where its task has another name by now, or is deleted: that brings no task. */
  async #isBroughtBack(path: string, text: string, stood: string | undefined): Promise<boolean> {
    const isTold = this.#index.rows.get(path)?.problems.some(({ code }) => code === ID_TAKEN) === true
    if (stood === undefined || !(isTold || this.#versions.isUnsureOfMoves)) return false
    return isRemembered((await this.#host.record(stood)) ?? NO_RECORD, text)
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
    // What version control put there stays that, also where someone moves it, or saves it as it is.
    const wasOlder = ({ entry, movedFrom }: Candidate): boolean =>
      this.#index.rows.get(movedFrom ?? entry.path)?.state === 'older'
    // Moved as it was read last, it is no older text: what came since is still to be written into it.
    const left = candidates.filter((one) => one.record.bases.at(-1)?.text !== one.text || wasOlder(one))
    const exact = left.filter(({ record, text }) => isRemembered(record, text))
    const isMany = this.#versions.isUnsureOfMoves || exact.length >= MANY_AT_ONCE
    for (const one of exact) if (isMany || wasOlder(one)) older.add(one)
    if (!this.#look.hasMoved) return this.#withoutLive(older)
    const head = this.#index.seal?.head ?? null
    const rest = left.filter((one) => !older.has(one))
    const held = await this.#versions.contents(head, rest)
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

  /** Texts of the commit that where we came from has as well, and that nobody saw there: the way back to them says nothing. */
  async #neverSeen(
    candidates: readonly Candidate[],
    blobs: ReadonlyMap<string, string>,
    steps: ReadonlyMap<string, readonly string[]>,
  ): Promise<ReadonlySet<Candidate>> {
    if (!this.#look.hasMoved || this.#options.takesFiles === true) return new Set()
    const isBack = ({ entry: { path }, record, text }: Candidate): boolean =>
      ![undefined, text].includes(record.bases.at(-1)?.text) &&
      blobs.get(path) === text &&
      (steps.get(path) ?? []).every((step) => step === text)
    return this.#withoutLive(new Set(candidates.filter(isBack)))
  }

  async #withoutLive(older: Set<Candidate>): Promise<ReadonlySet<Candidate>> {
    for (const one of older) if (await this.#explainer.saysLive(one)) older.delete(one)
    return older
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
    shows?: string,
  ): undefined {
    this.#keep(uids, entry.path)
    this.#held.push({ entry, uids, state, problems, shows })
    return undefined
  }

  /** Of a file that is not read now the tasks are nobody else's. */
  #keep(uids: readonly Uid[], path: string): void {
    for (const uid of uids) if (!this.#taken.has(uid)) this.#taken.set(uid, path)
  }
}
