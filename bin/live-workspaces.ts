/** The workspaces that the background process keeps live: owned when it can, waited for while someone else has them. */
import { realpathSync, statSync } from 'node:fs'
import { asTaskError, renderConfig, type Config, type Runtime } from '../src/index.ts'
import { WatchQueue } from '../adapters/node/watching.ts'
import { openOwned } from './owned.ts'
import { relayPlace } from './relay-place.ts'
import { actorNameFrom, placeOf, readConfigFile } from './workspace-world.ts'
import type { Environment } from '../adapters/node/places.ts'

interface Kept {
  readonly dir: string
  state: 'live' | 'waiting'
  reason: string
  config: Config
  readonly ended: AbortController
  living: Promise<void>
}

/** Before it tries again to own what someone else has open. */
const RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** After one that ended well: whoever had it has just gone. */
const AGAIN_MS = 50
/** How often it is looked whether the directory and its settings are still those. */
const LOOK_MS = 5_000

export class LiveWorkspaces implements AsyncDisposable {
  readonly #kept = new Map<string, Kept>()
  readonly #watchQueue = new WatchQueue()
  /** Counts what happens in them: while it stands still they are idle. */
  #changes = 0
  readonly #env: Environment
  readonly #runtime: Runtime
  readonly #onOther: () => void

  /** `onOther` is told when one of them is gone, or has other settings. */
  constructor(env: Environment, runtime: Runtime, onOther: () => void) {
    this.#onOther = onOther
    this.#env = env
    this.#runtime = runtime
  }

  get changes(): number {
    return this.#changes
  }

  get size(): number {
    return this.#kept.size
  }

  /** One of them is to meet others at the relay of this machine. */
  get wantRelay(): boolean {
    return [...this.#kept.values()].some(({ config }) => config.relay === 'auto')
  }

  list(): readonly { readonly dir: string; readonly state: 'live' | 'waiting'; readonly reason?: string }[] {
    return [...this.#kept.values()].map(({ dir, state, reason }) => ({ dir, state, ...(reason !== '' && { reason }) }))
  }

  /** Settles when it is live, or when it is known that someone else has it. Idempotent. */
  async adopt(dir: string): Promise<void> {
    const real = realpathSync(dir)
    if (this.#kept.has(real)) return
    const kept: Kept = {
      dir: real,
      state: 'waiting',
      reason: '',
      config: readConfigFile(real).config, // throws where it is no workspace
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
    const kept = this.#kept.get(dir) ?? this.#kept.get(realNameOf(dir))
    if (kept === undefined) return false
    this.#kept.delete(kept.dir)
    kept.ended.abort()
    await kept.living
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((dir) => this.leave(dir)))
  }

  async #live(kept: Kept, settled: () => void): Promise<void> {
    const { signal } = kept.ended
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#own(kept, settled)
        if (signal.aborted) return
        failures = 0
      } catch (cause) {
        failures++
        const error = asTaskError(cause)
        this.#runtime.log({ level: 'warn', event: 'workspace.waiting', code: error.code, dir: kept.dir })
        kept.reason = error.message
      }
      kept.state = 'waiting'
      settled()
      if (realNameOf(kept.dir) !== kept.dir) {
        this.#runtime.log({ level: 'info', event: 'workspace.gone', dir: kept.dir })
        this.#kept.delete(kept.dir)
        return this.#onOther()
      }
      const waitMs = failures === 0 ? AGAIN_MS : Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(failures - 1, 10))
      await this.#runtime.sleep(waitMs, { signal }).catch(() => undefined)
    }
  }

  /** Until it is left, or its directory or settings change, or the one who has it instead goes. */
  async #own(kept: Kept, settled: () => void): Promise<void> {
    const place = { ...placeOf(kept.dir, this.#env, this.#runtime), watchQueue: this.#watchQueue }
    const mark = markOf(kept.dir, this.#env)
    const { config } = readConfigFile(kept.dir)
    const isOther = config.relay !== kept.config.relay
    kept.config = config
    if (isOther) this.#onOther()
    await using opened = await openOwned(place, actorNameFrom(this.#env), { command: 'tide up' })
    const isOwner = opened.ended === undefined
    kept.state = isOwner ? 'live' : 'waiting'
    kept.reason = isOwner ? '' : 'another process has it open'
    using _changes = opened.on('changed', () => this.#changes++)
    settled()
    const over = new AbortController()
    const signal = AbortSignal.any([kept.ended.signal, over.signal])
    try {
      await Promise.race([
        this.#untilOther(kept.dir, mark, signal),
        ...(opened.ended === undefined ? [] : [opened.ended]),
      ])
    } finally {
      over.abort()
    }
  }

  /** Another directory bears the name, or none; or its settings say something else. */
  async #untilOther(dir: string, mark: Mark, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && isStill(mark, markOf(dir, this.#env)))
      await this.#runtime.sleep(LOOK_MS, { signal }).catch(() => undefined)
  }
}

interface Mark {
  readonly directory: string
  /** Undefined while they cannot be read, as in the middle of a merge. */
  readonly settings: string | undefined
}

function markOf(dir: string, env: Environment): Mark {
  const stats = statSync(dir, { throwIfNoEntry: false })
  return { directory: stats === undefined ? '' : `${stats.dev}:${stats.ino}`, settings: settingsIn(dir, env) }
}

/** With the token for a relay elsewhere: after tide join there may be another one. */
function settingsIn(dir: string, env: Environment): string | undefined {
  try {
    const { config } = readConfigFile(dir)
    const token = config.relay === 'auto' ? undefined : relayPlace(config, env)?.token
    return `${renderConfig(config)}${token ?? ''}`
  } catch {
    return undefined
  }
}

function isStill(mark: Mark, now: Mark): boolean {
  return now.directory === mark.directory && (now.settings ?? mark.settings) === mark.settings
}

function realNameOf(dir: string): string {
  try {
    return realpathSync(dir)
  } catch {
    return '' // gone
  }
}
