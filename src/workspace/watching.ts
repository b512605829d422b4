/**
 * A live workspace hears of changed files: one exchange for each burst. Events only say where to look; a look at all files
 * now and then backs them up, because any watcher may miss some.
 */
import type { Files, FolderWatch, Runtime } from '../ports.ts'

export interface WatchedFiles {
  readonly files: Pick<Files, 'watch'>
  readonly folder: string
  readonly runtime: Runtime
  /** Undefined: all files. */
  exchange(paths: ReadonlySet<string> | undefined): Promise<void>
}

/** One save is several events; more than a few files at once are waited for until it is quiet. */
const SAVE_MS = 4
const BURST_FILES = 2
const QUIET_MS = 40
const MOST_MS = 400
/** A watcher may miss something; where nothing happens for long, it is looked for less often. */
const LOOK_AT_ALL_MS = 10_000
const LONGEST_LOOK_MS = 160_000

export class FileWatch implements AsyncDisposable {
  readonly #watched: WatchedFiles
  readonly #watcher: FolderWatch
  readonly #ending = new AbortController()
  readonly #periodic: Promise<void>
  #paths = new Set<string>()
  #isAll = false
  /** An exchange failed, and all files were not looked at since. */
  #isBehind = false
  #lookMs = LOOK_AT_ALL_MS
  #events = 0
  #endedAt = Number.NEGATIVE_INFINITY
  #lastPaths: ReadonlySet<string> = new Set()
  #hurry: () => void = () => undefined
  #running: Promise<void> | undefined

  constructor(watched: WatchedFiles) {
    this.#watched = watched
    this.#watcher = watched.files.watch(watched.folder, (paths) => this.#hear(paths))
    this.#periodic = this.#lookNowAndThen()
  }

  /** Everything heard of so far is taken in, and what is named beside it (null: all). False where something may be missing. */
  async settled(found: readonly string[] | null = []): Promise<boolean> {
    if (found === null || found.length > 0) this.#add(found)
    // What is heard while one exchange runs comes in with the next; what comes after that is nothing that was asked for.
    for (let round = 0; round < 2 && this.#running !== undefined; round++) {
      this.#hurry() // who asks now does not wait for more
      await this.#running
    }
    return this.#watcher.isPrompt && !this.#isBehind
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher[Symbol.dispose]()
    this.#ending.abort()
    await Promise.all([this.#periodic, this.settled()])
  }

  #hear(paths: readonly string[] | null): void {
    this.#lookMs = LOOK_AT_ALL_MS
    this.#add(paths)
  }

  #add(paths: readonly string[] | null): void {
    this.#events++
    if (paths === null) this.#isAll = true
    else for (const path of paths) this.#paths.add(path)
    this.#start()
  }

  #start(): void {
    if (this.#running !== undefined || this.#ending.signal.aborted) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      if (this.#hasWork) this.#start()
    })
  }

  get #hasWork(): boolean {
    return this.#isAll || this.#paths.size > 0
  }

  async #work(): Promise<void> {
    await this.#gather()
    const paths = this.#isAll ? undefined : this.#paths
    // Cleared first: what happens while these are read is heard again.
    this.#paths = new Set()
    this.#isAll = false
    try {
      await this.#watched.exchange(paths)
      if (paths === undefined) this.#isBehind = false
    } catch (cause) {
      // Nothing is lost: the files are what they are, and the next look finds them changed still.
      this.#watched.runtime.log({ level: 'warn', event: 'files.exchange.failed', problem: String(cause) })
      this.#lookMs = LOOK_AT_ALL_MS
      this.#isBehind = true
    }
    this.#endedAt = this.#watched.runtime.now()
    this.#lastPaths = paths ?? new Set()
  }

  async #gather(): Promise<void> {
    const { runtime } = this.#watched
    const began = runtime.now()
    // The next of a burst comes right behind the one before.
    const goesOn = began - this.#endedAt < QUIET_MS && [...this.#paths].some((path) => !this.#lastPaths.has(path))
    let isHurried = false
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = () => {
        isHurried = true
        resolve()
      }
    })
    await Promise.race([runtime.sleep(SAVE_MS), hurried])
    while (!isHurried && (goesOn || this.#isAll || this.#paths.size > BURST_FILES) && runtime.now() - began < MOST_MS) {
      const events = this.#events
      await Promise.race([runtime.sleep(QUIET_MS), hurried])
      if (events === this.#events) return
    }
  }

  async #lookNowAndThen(): Promise<void> {
    const { signal } = this.#ending
    try {
      for (let waited = LOOK_AT_ALL_MS; ; waited += LOOK_AT_ALL_MS) {
        await this.#watched.runtime.sleep(LOOK_AT_ALL_MS, { signal })
        if (waited < this.#lookMs) continue
        waited = 0
        this.#lookMs = Math.min(2 * this.#lookMs, LONGEST_LOOK_MS)
        this.#add(null)
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
  }
}
