/**
 * The background process of `tide up`: one per user. Owns the workspaces it was told of, runs the local relay where one of
 * them wants it and none runs yet, and ends when it has nothing to do.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdFolder } from '../adapters/leveldb/held-folder.ts'
import { failure, guarded } from '../adapters/node/disk-errors.ts'
import { announceRelay, findRelay } from '../adapters/node/discovery.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { asTaskError, TaskError, type Runtime } from '../src/index.ts'
import { fileLog, logPath } from './background-log.ts'
import { LiveWorkspaces } from './live-workspaces.ts'
import { lookForRelay } from './relay-found.ts'
import { openRelay, type RunningRelay } from './relay.ts'
import { announceUp, answerUp, upFolder, type UpQuestion, type UpStatus } from './up-control.ts'
import { VERSION } from './version.ts'
import { readConfigFile } from './workspace-world.ts'

export interface UpOptions {
  /** Ends when nothing happened for so long. @default 12 hours */
  readonly idleMs?: number
  /** Of a service manager: stays until it is ended, also with nothing to do. @default false */
  readonly foreground?: boolean
}

/** How often it looks whether it is still needed, and whether a relay is there. */
const LOOK_MS = 5_000
/** Who started it asks at once. */
const UNUSED_MS = 10_000

/** Settles when the process has nothing more to do, or with `ending`. `ready` is told when it can be asked. */
export async function runUp(
  env: Environment,
  options: UpOptions,
  ready: (facts: object) => void,
  ending: Promise<string>,
): Promise<void> {
  const runtime = nodeRuntime({ log: fileLog(logPath('up', env)) })
  await using _lock = await holdUp(env)
  const up = new UpProcess(env, runtime, options)
  void ending.then((reason) => up.end(reason))
  await up.run(ready)
}

/** Throws STORE_LOCKED where another one runs. The kernel frees it, whatever happens to the process; a socket alone can be taken by two. */
async function holdUp(env: Environment): Promise<AsyncDisposable> {
  if (process.platform === 'win32') return { [Symbol.asyncDispose]: async () => undefined } // its pipe is for one alone
  const path = join(upFolder(env), 'tidemark-up')
  guarded('FILE_UNWRITABLE', path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
  try {
    return await holdFolder(path)
  } catch (cause) {
    // It works beside, in the folder for temporary files.
    throw cause instanceof TaskError ? cause : failure('FILE_UNWRITABLE', tmpdir(), cause)
  }
}

class UpProcess {
  readonly #since: string
  readonly #workspaces: LiveWorkspaces
  #relay: { readonly running: RunningRelay; readonly announced: Disposable } | undefined
  #relayProblem = ''
  readonly #ended = new AbortController()
  /** Wakes the look around. */
  #nap = new AbortController()
  #queue: Promise<unknown> = Promise.resolve()
  readonly #env: Environment
  readonly #runtime: Runtime
  readonly #idleMs: number
  readonly #stays: boolean

  constructor(env: Environment, runtime: Runtime, { idleMs = 12 * 3_600_000, foreground = false }: UpOptions) {
    this.#env = env
    this.#runtime = runtime
    this.#idleMs = idleMs
    this.#stays = foreground
    this.#since = new Date(runtime.now()).toISOString()
    this.#workspaces = new LiveWorkspaces(env, runtime, () => this.#nap.abort())
  }

  end(reason: string): void {
    if (this.#ended.signal.aborted) return
    this.#runtime.log({ level: 'info', event: 'up.ending', reason })
    this.#ended.abort()
    this.#nap.abort()
  }

  async run(ready: (facts: object) => void): Promise<void> {
    const door = await answerUp(this.#env, this.#runtime, (question) => this.#answer(question))
    using _number = announceUp(this.#env)
    this.#runtime.log({ level: 'info', event: 'up.began', version: VERSION, pid: process.pid })
    ready({ pid: process.pid })
    try {
      await this.#untilIdle()
    } finally {
      await door[Symbol.asyncDispose]()
      await this.#queue
      await this.#workspaces[Symbol.asyncDispose]()
      this.#relay?.announced[Symbol.dispose]()
      await this.#relay?.running[Symbol.asyncDispose]()
      this.#runtime.log({ level: 'info', event: 'up.ended' })
    }
  }

  #answer(question: UpQuestion): Promise<UpStatus> {
    if (question.ask === 'status') return Promise.resolve(this.#status())
    return this.#inTurn(() => this.#act(question))
  }

  #inTurn<Done>(work: () => Promise<Done>): Promise<Done> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #act(question: Exclude<UpQuestion, { ask: 'status' }>): Promise<UpStatus> {
    switch (question.ask) {
      case 'up':
        if (readConfigFile(question.dir).config.relay === 'auto') await this.#needRelay()
        await this.#workspaces.adopt(question.dir)
        return this.#status()
      case 'down':
        await this.#workspaces.leave(question.dir)
        this.#nap.abort()
        return this.#status()
      case 'stop': {
        const status = this.#status()
        this.end('asked to stop')
        return status
      }
    }
  }

  #status(): UpStatus {
    return {
      pid: process.pid,
      version: VERSION,
      since: this.#since,
      workspaces: this.#workspaces.list(),
      relay: this.#relay?.running.url ?? null,
      ...(this.#relayProblem !== '' && { relayProblem: this.#relayProblem }),
    }
  }

  /** The one that runs already, or one of its own. Without it the workspaces are live all the same. */
  async #needRelay(): Promise<void> {
    if (this.#relay !== undefined || (await lookForRelay(this.#env)).phase !== 'none') return
    const secret = randomBytes(32).toString('base64url')
    try {
      const running = await openRelay({
        data: join(stateFolder(this.#env), 'relay'),
        takesNextPort: true,
        house: secret,
        runtime: this.#runtime,
      })
      this.#relay = { running, announced: this.#announce(running, secret) }
      this.#relayProblem = ''
      this.#runtime.log({ level: 'info', event: 'up.relay', url: running.url })
    } catch (cause) {
      const error = asTaskError(cause)
      if (error.message !== this.#relayProblem)
        this.#runtime.log({ level: 'error', event: 'up.relay.failed', code: error.code, problem: error.message })
      this.#relayProblem = error.message
    }
  }

  #announce({ url, http }: RunningRelay, secret: string): Disposable {
    const facts = { url, http, pid: process.pid, host: hostname(), version: VERSION, since: this.#since }
    return announceRelay(this.#env, { ...facts, by: 'tide up', secret })
  }

  /** Nothing is kept, or nothing happened for a long time. */
  async #untilIdle(): Promise<void> {
    let seen = ''
    let since = this.#runtime.now()
    for (;;) {
      await this.#runtime.sleep(LOOK_MS, { signal: this.#nap.signal }).catch(() => undefined)
      if (this.#ended.signal.aborted) return
      this.#nap = new AbortController()
      // The relay that another process ran may be gone.
      if (this.#workspaces.wantRelay && this.#relay === undefined && findRelay(this.#env) === undefined)
        await this.#inTurn(() => this.#needRelay())
      if (this.#stays) continue
      if (this.#isDone) return this.end('no workspace is left')
      const now = `${this.#workspaces.changes} ${this.#relay?.running.relay.counters.commits ?? 0}`
      if (now !== seen) since = this.#runtime.now()
      seen = now
      if (this.#runtime.now() - since >= this.#idleMs) return this.end('nothing happened for a long time')
    }
  }

  /** Nothing is kept any more, and no other process of this machine is in its relay. */
  get #isDone(): boolean {
    if (this.#workspaces.size > 0 || (this.#relay?.running.relay.counters.connected ?? 0) > 0) return false
    return this.#workspaces.changes > 0 || this.#runtime.now() - Date.parse(this.#since) > UNUSED_MS
  }
}
