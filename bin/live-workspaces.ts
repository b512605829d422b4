/** The workspaces that the background process keeps live: owned when it can, waited for while someone else has them. */
import { realpathSync } from 'node:fs'
import { asTaskError, type Runtime } from '../src/index.ts'
import { openOwned, type OwnedWorkspace } from './owned.ts'
import { actorNameFrom, placeOf, readConfigFile } from './workspace-world.ts'
import type { Environment } from '../adapters/node/places.ts'

interface Kept {
  readonly dir: string
  state: 'live' | 'waiting'
  reason: string
  opened: OwnedWorkspace | undefined
  readonly ended: AbortController
  living: Promise<void>
}

/** Before it tries again to own what someone else has open. */
const RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

export class LiveWorkspaces implements AsyncDisposable {
  readonly #kept = new Map<string, Kept>()
  /** Counts what happens in them: while it stands still they are idle. */
  #changes = 0
  readonly #env: Environment
  readonly #runtime: Runtime

  constructor(env: Environment, runtime: Runtime) {
    this.#env = env
    this.#runtime = runtime
  }

  get changes(): number {
    return this.#changes
  }

  get size(): number {
    return this.#kept.size
  }

  list(): readonly { readonly dir: string; readonly state: 'live' | 'waiting'; readonly reason?: string }[] {
    return [...this.#kept.values()].map(({ dir, state, reason }) => ({ dir, state, ...(reason !== '' && { reason }) }))
  }

  /** Settles when it is live, or when it is known that someone else has it. Idempotent. */
  async adopt(dir: string): Promise<void> {
    const real = realpathSync(dir)
    if (this.#kept.has(real)) return
    readConfigFile(real) // throws where it is no workspace
    const kept: Kept = {
      dir: real,
      state: 'waiting',
      reason: '',
      opened: undefined,
      ended: new AbortController(),
      living: Promise.resolve(),
    }
    this.#kept.set(real, kept)
    await new Promise<void>((settled) => {
      kept.living = this.#live(kept, settled)
    })
    this.#changes++
  }

  /** False where it was not kept. */
  async leave(dir: string): Promise<boolean> {
    const real = realNameOf(dir)
    const kept = this.#kept.get(real)
    if (kept === undefined) return false
    this.#kept.delete(real)
    kept.ended.abort()
    await kept.living
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((dir) => this.leave(dir)))
  }

  async #live(kept: Kept, settled: () => void): Promise<void> {
    const { signal } = kept.ended
    for (let losses = 0; !signal.aborted; losses++) {
      try {
        await this.#own(kept, settled)
        if (signal.aborted) return
      } catch (cause) {
        const error = asTaskError(cause)
        this.#runtime.log({ level: 'warn', event: 'workspace.waiting', code: error.code, dir: kept.dir })
        kept.reason = error.message
      }
      kept.state = 'waiting'
      settled()
      if (realNameOf(kept.dir) !== kept.dir) return void this.#kept.delete(kept.dir) // moved or gone
      await this.#runtime
        .sleep(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(losses, 10)), { signal })
        .catch(() => undefined)
    }
  }

  /** Until it is left, or its directory goes, or the one who has it instead goes. */
  async #own(kept: Kept, settled: () => void): Promise<void> {
    const place = placeOf(kept.dir, this.#env, this.#runtime)
    const opened = await openOwned(place, actorNameFrom(this.#env), { command: 'tide up' })
    try {
      kept.opened = opened
      const isOwner = opened.ended === undefined
      kept.state = isOwner ? 'live' : 'waiting'
      kept.reason = isOwner ? '' : 'another process has it open'
      using _changes = opened.on('changed', () => this.#changes++)
      settled()
      await Promise.race([untilAborted(kept.ended.signal), ...(opened.ended === undefined ? [] : [opened.ended])])
    } finally {
      kept.opened = undefined
      await opened[Symbol.asyncDispose]()
    }
  }
}

function realNameOf(dir: string): string {
  try {
    return realpathSync(dir)
  } catch {
    return '' // gone
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
