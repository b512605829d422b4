/**
 * The background process of `tide up`: one per user. Owns the workspaces it was told of, runs the local relay where one of
 * them wants it and none runs yet, and ends when it has nothing to do.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { announceRelay, findRelay } from '../adapters/node/discovery.ts'
import { stateFolder, type Environment } from '../adapters/node/places.ts'
import { nodeRuntime } from '../adapters/node/runtime.ts'
import { asTaskError, type Runtime } from '../src/index.ts'
import { fileLog, logPath } from './background-log.ts'
import { LiveWorkspaces } from './live-workspaces.ts'
import { openRelay, type RunningRelay } from './relay.ts'
import { answerUp, type UpQuestion, type UpStatus } from './up-control.ts'
import { VERSION } from './version.ts'
import { readConfigFile } from './workspace-world.ts'

export interface UpOptions {
  /** Ends when nothing happened for so long. @default 12 hours */
  readonly idleMs?: number
}

/** How often it looks whether it is still needed. */
const LOOK_MS = 60_000
/** The next `tide up` may come at once. */
const EMPTY_MS = 1_000

/** Settles when the process has nothing more to do. `ready` is told when it can be asked. */
export async function runUp(
  env: Environment,
  { idleMs = 12 * 3_600_000 }: UpOptions,
  ready: (facts: object) => void,
): Promise<void> {
  const runtime = nodeRuntime({ log: fileLog(logPath('up', env)) })
  const up = new UpProcess(env, runtime, idleMs)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => up.end(signal))
  await up.run(ready)
}

class UpProcess {
  readonly #since: string
  readonly #workspaces: LiveWorkspaces
  #relay: { readonly running: RunningRelay; readonly announced: Disposable } | undefined
  #opening: Promise<void> | undefined
  readonly #ended = new AbortController()
  #queue: Promise<unknown> = Promise.resolve()
  readonly #env: Environment
  readonly #runtime: Runtime
  readonly #idleMs: number

  constructor(env: Environment, runtime: Runtime, idleMs: number) {
    this.#env = env
    this.#runtime = runtime
    this.#idleMs = idleMs
    this.#since = new Date(runtime.now()).toISOString()
    this.#workspaces = new LiveWorkspaces(env, runtime)
  }

  end(reason: string): void {
    this.#runtime.log({ level: 'info', event: 'up.ending', reason })
    this.#ended.abort()
  }

  async run(ready: (facts: object) => void): Promise<void> {
    // Whoever listens first is the one; a second process finds the place taken and leaves.
    const door = await answerUp(this.#env, this.#runtime, (question) => this.#answer(question))
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
    const turn = this.#queue.then(() => this.#act(question))
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
    }
  }

  /** The one that runs already, or one of its own. Without it the workspaces are live all the same. */
  async #needRelay(): Promise<void> {
    if (this.#relay !== undefined || (await isThere(this.#env))) return
    this.#opening ??= this.#openRelay().finally(() => (this.#opening = undefined))
    await this.#opening
  }

  async #openRelay(): Promise<void> {
    const secret = randomBytes(32).toString('base64url')
    try {
      const running = await openRelay({
        data: join(stateFolder(this.#env), 'relay'),
        takesNextPort: true,
        house: secret,
        runtime: this.#runtime,
      })
      const { url, http } = running
      const announced = announceRelay(this.#env, {
        url,
        http,
        pid: process.pid,
        host: hostname(),
        version: VERSION,
        since: this.#since,
        by: 'tide up',
        secret,
      })
      this.#relay = { running, announced }
      this.#runtime.log({ level: 'info', event: 'up.relay', url })
    } catch (cause) {
      const error = asTaskError(cause)
      this.#runtime.log({ level: 'error', event: 'up.relay.failed', code: error.code, problem: error.message })
    }
  }

  /** Nothing is kept, or nothing happened for a long time. */
  async #untilIdle(): Promise<void> {
    const { signal } = this.#ended
    let seen = ''
    let since = this.#runtime.now()
    let wasEmpty = false
    while (!signal.aborted) {
      await this.#runtime.sleep(this.#workspaces.size === 0 ? EMPTY_MS : LOOK_MS, { signal }).catch(() => undefined)
      const isEmpty = this.#workspaces.size === 0 && !this.#hasVisitors
      if (isEmpty && wasEmpty && this.#startedLongAgo) return this.end('no workspace is left')
      wasEmpty = isEmpty
      const now = `${this.#workspaces.changes} ${this.#relay?.running.relay.counters.commits ?? 0} ${this.#workspaces.size}`
      if (now !== seen) since = this.#runtime.now()
      seen = now
      if (this.#runtime.now() - since >= this.#idleMs) return this.end('nothing happened for a long time')
    }
  }

  /** Other processes of this machine, or stock clients, are in its relay. */
  get #hasVisitors(): boolean {
    return (this.#relay?.running.relay.counters.connected ?? 0) > 0
  }

  get #startedLongAgo(): boolean {
    return this.#runtime.now() - Date.parse(this.#since) > 10_000
  }
}

/** A relay that announced itself and answers. */
async function isThere(env: Environment): Promise<boolean> {
  const found = findRelay(env)
  if (found === undefined || !existsSync(stateFolder(env))) return false
  try {
    return (await fetch(`${found.http}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false // its process has another one's number by now, or it is stuck
  }
}
