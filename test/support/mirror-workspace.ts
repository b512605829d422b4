/** One workspace of a simulation of files: people at their editors, short commands, processes that are killed. */
import * as Y from 'yjs'
import { memorySummaryFiles } from '../../adapters/memory/summary.ts'
import { TaskError, type Config } from '../../src/internal.ts'
import { FileIndex, type FileRow } from '../../src/mirror/file-index.ts'
import { readBody } from '../../src/task/body.ts'
import type { Replica } from '../../src/task/replica.ts'
import type { Uid } from '../../src/ids.ts'
import type { Dice } from './dice.ts'
import { MirrorProcess, pumped, type Fate, type OpenProject } from './mirror-process.ts'
import type { MirrorBook } from './mirror-book.ts'
import { memoryWorkspace, type MemoryWorkspace } from './project.ts'
import { bornIn, idIn } from './mirror-text.ts'

export type Work = (project: OpenProject) => Promise<unknown>
export type Outcome = 'done' | 'refused' | 'killed'

/** What a caller may meet without anything being wrong. */
const REFUSALS = new Set(['TASK_NOT_FOUND', 'INVALID_INPUT', 'NOT_DELETED', 'CHANGED_SINCE'])

/** A text that a file held, as far as anyone outside can know. */
interface HeldText {
  readonly text: string
  readonly isSave: boolean
  /** A process that was killed may have read it, or not. */
  readonly isUnsure?: boolean
}

/** How a file began here, for what must be left of it. */
export interface Beginning {
  readonly path: string
  readonly text: string
}

export class MirroredWorkspace {
  readonly place: number
  readonly memory: MemoryWorkspace
  readonly problems: string[] = []
  /** Files that the mirror gave another name. */
  renamed = 0
  readonly beginnings: Map<string, Beginning> = new Map()
  /** Tasks whose comments or quoting were changed here. */
  readonly reshaped: Set<string> = new Set()
  readonly #book: MirrorBook
  readonly #held = new Map<string, HeldText[]>()
  /** In files when a mirror looked at them, and not known to be read. */
  readonly #waiting = new Map<string, string>()
  readonly #unread = new Map<string, { readonly from: string; readonly to: string }>()
  #process: MirrorProcess | undefined
  readonly #written: { readonly path: string; readonly text: string }[] = []
  #oldFiles = new Map<string, Uint8Array>()
  #told = new Map<MirroredWorkspace, Uint8Array>()

  constructor(what: { readonly place: number; readonly seed: number; readonly config: Config }, book: MirrorBook) {
    this.place = what.place
    this.#book = book
    this.memory = {
      ...memoryWorkspace({ seed: what.seed, withFiles: true }),
      config: what.config,
      place: `place-${what.place}`,
    }
  }

  async texts(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const { path } of (await this.memory.folder?.list('')) ?? []) found.set(path, (await this.text(path)) ?? '')
    return found
  }

  async someFile(dice: Dice): Promise<readonly [path: string, text: string] | undefined> {
    return dice.pick([...(await this.texts())].sort(([one], [other]) => (one < other ? -1 : 1)))
  }

  async text(path: string): Promise<string | undefined> {
    const content = await this.memory.folder?.read(path)
    return content === undefined ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content.bytes)
  }

  /** A person saves. */
  put(path: string, text: string): void {
    this.memory.folder?.put(path, new TextEncoder().encode(text))
  }

  take(path: string): void {
    this.memory.folder?.take(path)
    this.#waiting.delete(path)
  }

  /** What stood there unread is gone with the next save. */
  forget(path: string): void {
    this.#waiting.delete(path)
    this.#unread.delete(path)
  }

  /** Of saves that nobody looks at in between, the first text that somebody may have looked at. */
  madeFrom(path: string, from: string): string {
    const first = this.#unread.get(path)
    return first?.to === from ? first.from : from
  }

  leavesUnread(path: string, from: string, to: string): void {
    this.#unread.set(path, { from: this.madeFrom(path, from), to })
  }

  /** The texts since a person's last save, that one included, oldest first. */
  candidates(path: string): readonly string[] {
    const texts = this.#held.get(path) ?? []
    return texts
      .slice(
        Math.max(
          0,
          texts.findLastIndex(({ isSave }) => isSave),
        ),
      )
      .map(({ text }) => text)
  }

  allTexts(path: string): readonly string[] {
    return (this.#held.get(path) ?? []).map(({ text }) => text)
  }

  /** Those that a mirror has surely read, or written. */
  sureTexts(path: string): readonly string[] {
    return (this.#held.get(path) ?? []).flatMap(({ text, isUnsure }) => (isUnsure === true ? [] : [text]))
  }

  /** Surely: a mirror remembers no fewer than these. */
  remembers(path: string, text: string): boolean {
    return !this.#isUncertain && this.allTexts(path).slice(-10).includes(text)
  }

  /** Nobody knows any more what its mirror remembers. */
  get isUncertain(): boolean {
    return this.#isUncertain
  }
  #isUncertain = false
  #hasLooked = false

  rename(from: string, to: string, text: string): void {
    this.take(from)
    this.put(to, text)
    // A file that was moved counts as saved there.
    const texts = this.#held.get(from) ?? []
    this.#held.set(
      to,
      texts.map((one, at) => (at === texts.length - 1 ? { ...one, isSave: true } : one)),
    )
    this.#held.delete(from)
  }

  scan(options: { readonly force?: boolean } = {}, fate?: Fate): Promise<Outcome> {
    return this.act('scan', (project) => project.lookAtFiles(options), fate)
  }

  /** Like every method, looks at the files first. */
  async act(what: string, work: Work, fate?: Fate, ends = false): Promise<Outcome> {
    this.#oldFiles = new Map(this.memory.files)
    const before = await this.texts()
    for (const [path, text] of before) this.#waiting.set(path, text)
    this.#unread.clear()
    const outcome = await this.#outcome(what, work, fate)
    await this.#followNames(before)
    if (ends && outcome !== 'killed') await this.close()
    await this.#notice(before, outcome)
    return outcome
  }

  /** Whoever hears of others has looked at its own files before. */
  async absorb(updates: readonly Uint8Array[], fate?: Fate): Promise<Outcome> {
    if (!this.#hasLooked) await this.scan()
    this.#oldFiles = new Map(this.memory.files)
    const before = await this.texts()
    const outcome = await this.#outcome(
      'absorb',
      (project) => project.absorb(updates, { verb: 'remote', name: null }),
      fate,
    )
    await this.#followNames(before)
    await this.#noticeWritten(before)
    return outcome
  }

  /** All it knows, or what is new since it told the same one last. */
  async tell(other: MirroredWorkspace, isNews: boolean): Promise<Uint8Array> {
    const { doc } = await this.replica()
    const since = this.#told.get(other)
    this.#told.set(other, Y.encodeStateVector(doc))
    return isNews && since !== undefined ? Y.encodeStateAsUpdate(doc, since) : Y.encodeStateAsUpdate(doc)
  }

  async replica(): Promise<Replica> {
    const { project } = this.#living()
    return pumped(this.memory.runtime, project.replica())
  }

  async body(uid: Uid): Promise<string> {
    const replica = await this.replica()
    return readBody(replica, replica.tasks.get(uid))
  }

  async rows(): Promise<ReadonlyMap<string, FileRow>> {
    return (await FileIndex.read(memorySummaryFiles(() => '', this.memory.files))).rows
  }

  async fileProblems(): Promise<readonly { readonly path: string | null; readonly code: string }[]> {
    return pumped(this.memory.runtime, this.#living().project.fileProblems())
  }

  async close(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (process !== undefined) await pumped(this.memory.runtime, process.project[Symbol.asyncDispose]())
  }

  #living(): MirrorProcess {
    return (this.#process ??= new MirrorProcess(this.memory, (path, bytes) => {
      this.#written.push({ path, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) })
    }))
  }

  async #outcome(what: string, work: Work, fate?: Fate): Promise<Outcome> {
    const process = this.#living()
    process.doom(fate)
    try {
      await pumped(this.memory.runtime, work(process.project))
      if (!process.isDead) return 'done'
    } catch (cause) {
      if (!process.isDead) {
        if (cause instanceof TaskError && REFUSALS.has(cause.code)) return 'refused'
        this.problems.push(`thrown in ${what}: ${cause instanceof Error ? cause.stack : String(cause)}`)
        return 'refused'
      }
    } finally {
      process.doom(undefined)
    }
    process.end()
    this.#process = undefined
    this.#isUncertain = true
    return 'killed'
  }

  /** Nobody waits for the files of the summary to be on the disk: after a crash they may be older, or cut. */
  spoil(dice: Dice): void {
    const { files } = this.memory
    const fate = dice.next()
    if (fate < 0.3) {
      files.clear()
      for (const [name, bytes] of this.#oldFiles) files.set(name, bytes)
    } else if (fate < 0.5) {
      const [name, bytes] = dice.pick([...files]) ?? []
      if (name !== undefined && bytes !== undefined) files.set(name, bytes.slice(0, dice.below(bytes.length + 1)))
    }
  }

  /** What a look that came to its end has read must be somewhere from now on. */
  async #notice(before: ReadonlyMap<string, string>, outcome: Outcome): Promise<void> {
    if (outcome === 'done') {
      this.#hasLooked = true
      const rows = await this.rows()
      for (const [path, text] of this.#waiting) {
        const state = rows.get(path)?.state
        // Read, and taken away by the very command that read it.
        if (state === 'gone') this.#add(path, text, true, true)
        if (state !== 'clean') continue
        this.#waiting.delete(path)
        this.#book.see(text, `workspace ${this.place}, ${path}`)
        const born = bornIn(text)
        const birth = born === undefined ? undefined : this.#book.births.get(born)
        if (birth !== undefined) birth.isSeen = true
        this.#begin(path, text)
        this.#add(path, text, true)
      }
    } else if (outcome === 'killed') {
      // A save all the same, whether it came to be read or not: what was before it is no candidate any more.
      for (const [path, text] of this.#waiting) this.#add(path, text, true, true)
    }
    await this.#noticeWritten(before)
  }

  /** A file that the mirror gave another name is the same file. */
  async #followNames(before: ReadonlyMap<string, string>): Promise<void> {
    const now = await this.texts()
    for (const [path, text] of now) {
      const id = before.has(path) ? undefined : idIn(text)
      const from = id === undefined ? undefined : [...before].find(([, was]) => idIn(was) === id)?.[0]
      if (from === undefined) continue
      this.renamed++
      const [texts, waiting] = [this.#held.get(from), this.#waiting.get(from)]
      if (texts !== undefined) this.#held.set(path, texts)
      if (waiting !== undefined) this.#waiting.set(path, waiting)
      if (now.has(from)) continue
      this.#held.delete(from)
      this.#waiting.delete(from)
    }
  }

  /** A file that was changed before anyone had read it did not begin as the others did. */
  #begin(path: string, text: string): void {
    if (this.#held.has(path)) return
    const born = bornIn(text) ?? ''
    const beginning = this.beginnings.get(born)
    if (beginning !== undefined && beginning.text !== text) this.reshaped.add(born)
  }

  async #noticeWritten(before: ReadonlyMap<string, string>): Promise<void> {
    // One process may write a file twice, and remembers both texts.
    for (const { path, text } of this.#written.splice(0)) this.#add(path, text, false)
    for (const [path, text] of await this.texts()) if (before.get(path) !== text) this.#add(path, text, false)
  }

  #add(path: string, text: string, isSave: boolean, isUnsure = false): void {
    const texts = this.#held.get(path) ?? []
    const last = texts.at(-1)
    if (last?.text !== text) this.#held.set(path, [...texts, { text, isSave, isUnsure }])
    else if (last.isUnsure === true && !isUnsure)
      this.#held.set(path, [...texts.slice(0, -1), { text, isSave: last.isSave }])
  }

  async pathOf(uid: string): Promise<string | undefined> {
    for (const [path, text] of await this.texts()) if (idIn(text) === uid) return path
    return undefined
  }
}
