/**
 * A program runs while tasks are held: their leases are renewed, what is lost is said at once, what is left is released at its end.
 * It is never ended because a claim is lost: that would lose its work. The workspace is open only while it is asked.
 */
import { asTaskError, type TaskError } from '../../src/internal.ts'
import { failureOf, type FailedClaim, type GrantedClaim } from './claim-answers.ts'
import type { Common } from './command.ts'
import { say } from './io.ts'
import type { CliWorld, OpenWorkspace, Program } from './world.ts'

export interface HoldingOptions extends Common {
  readonly leaseMs?: number
}

const DEFAULT_LEASE_MS = 30 * 60_000
/** Renewals of one lease; and how often that is tried again while it fails. */
const BEATS = 3
const TRIES = 10
const LEAST_NAP_MS = 1_000
const STEP_MS = 10_000
/** Not there, or refused: asking again would not help. */
const FINAL_EXITS: readonly number[] = [3, 4]

export async function runHolding(
  program: Program,
  args: readonly string[],
  granted: readonly GrantedClaim[],
  options: HoldingOptions,
  world: CliWorld,
): Promise<number> {
  const holding = new Holding(granted, options, world)
  const over = new AbortController()
  const renewing = holding.keepRenewed(over.signal)
  try {
    return await program.run(args, environmentOf(granted, world.env))
  } finally {
    over.abort()
    await renewing
    await holding.release()
  }
}

/** What the program is told. A token of the relay that came by the same name goes on under a name of its own. */
function environmentOf(granted: readonly GrantedClaim[], env: CliWorld['env']): CliWorld['env'] {
  const relayToken = env['TIDEMARK_TASK'] === undefined ? env['TIDEMARK_TOKEN'] : undefined
  const certain = granted.filter(({ token }) => token > 0)
  const [only] = granted.length === 1 ? certain : []
  const tokens = granted.length === 1 ? [] : certain.map(({ key, token }) => `${key}=${token}`)
  return {
    ...env,
    TIDEMARK_RELAY_TOKEN: env['TIDEMARK_RELAY_TOKEN'] ?? relayToken,
    TIDEMARK_TASK: granted.map(({ key }) => key).join(' '),
    TIDEMARK_TOKEN: only === undefined ? undefined : String(only.token),
    TIDEMARK_TOKENS: tokens.length === 0 ? undefined : tokens.join(' '),
    TIDEMARK_ACTOR: granted[0]?.by,
    TIDEMARK_TYPE: granted[0]?.type,
  }
}

class Holding {
  /** By uid: a key may still change. */
  readonly #held: Map<string, GrantedClaim>
  readonly #options: HoldingOptions
  readonly #world: CliWorld
  #told = ''

  constructor(granted: readonly GrantedClaim[], options: HoldingOptions, world: CliWorld) {
    this.#held = new Map(granted.map((one) => [one.uid, one]))
    this.#options = options
    this.#world = world
  }

  /** Settles when the signal aborts, or when nothing is left to renew. */
  async keepRenewed(signal: AbortSignal): Promise<void> {
    const beatMs = Math.max(LEAST_NAP_MS / BEATS, this.#leaseMs / BEATS)
    const retryMs = Math.min(beatMs, Math.max(LEAST_NAP_MS, beatMs / TRIES))
    for (let napMs = beatMs; this.#held.size > 0;) {
      if (!(await slept(this.#world, napMs, signal))) return
      napMs = (await this.#each((claim, workspace) => this.#renew(claim, workspace), 'renewed')) ? beatMs : retryMs
    }
  }

  async release(): Promise<void> {
    await this.#each(async ({ uid, by, type, token }, workspace) => {
      const { failed } = await workspace.call('tasks.release', { keys: [uid], by, type, ...tokenOf(token) })
      await this.#lose(uid, failed[0])
      this.#held.delete(uid)
    }, 'released')
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? DEFAULT_LEASE_MS
  }

  async #renew({ uid, by, type, token, state }: GrantedClaim, workspace: OpenWorkspace): Promise<void> {
    const asked = { keys: [uid], by, type, leaseMs: this.#leaseMs, ...tokenOf(token) }
    const { granted, failed } = await workspace.call('tasks.renew', asked)
    const [renewed] = granted
    if (renewed !== undefined) this.#held.set(uid, renewed)
    if (renewed?.state === 'granted' && state === 'tentative') this.#say(`${renewed.key} is granted now`)
    await this.#lose(uid, failed[0])
  }

  /** True where each was answered. What could not be asked is told once, until it works again. */
  async #each(
    act: (claim: GrantedClaim, workspace: OpenWorkspace) => Promise<void>,
    done: 'renewed' | 'released',
  ): Promise<boolean> {
    if (this.#held.size === 0) return true
    const { dir, actor } = this.#options
    try {
      await using workspace = await this.#world.open(dir, actor === undefined ? {} : { actor })
      for (const claim of this.#held.values()) await this.#unlessFinal(claim, act(claim, workspace))
      this.#told = ''
      return true
    } catch (thrown) {
      await this.#tellFault(asTaskError(thrown), done)
      return false
    }
  }

  async #unlessFinal({ uid, key }: GrantedClaim, acting: Promise<void>): Promise<void> {
    try {
      await acting
    } catch (thrown) {
      const error = asTaskError(thrown)
      if (!FINAL_EXITS.includes(error.exit)) throw error
      this.#held.delete(uid)
      await this.#tell(`the claim on ${key} is over: ${error.message}`)
    }
  }

  async #lose(uid: string, failed: FailedClaim | undefined): Promise<void> {
    if (failed === undefined) return
    this.#held.delete(uid)
    await this.#tell((await failureOf({ ...failed, code: 'CLAIM_LOST' }, 0)).message)
  }

  async #tellFault(error: TaskError, done: string): Promise<void> {
    if (this.#told === error.message) return
    this.#told = error.message
    const { moment } = await import('./detail.ts')
    const claims = [...this.#held.values()].map(({ key, expiresAt }) => `${key} (until ${moment(expiresAt)})`)
    await this.#tell(`not ${done}: ${claims.join(', ')}: ${error.message}`)
  }

  /** Not only on a terminal: whoever started the program has to know. */
  async #tell(words: string): Promise<void> {
    const { printable } = await import('./width.ts')
    this.#world.stderr.write(`tide: ${printable(words)}\n`)
  }

  #say(words: string): void {
    say(this.#options, this.#world, words)
  }
}

function tokenOf(token: number): { readonly token?: number } {
  return token > 0 ? { token } : {}
}

/**
 * False where the signal ended it. In steps, because timers stand still while a machine sleeps, and leases do not: awake again it
 * asks at once. A clock that was set back makes it no longer.
 */
async function slept(world: CliWorld, ms: number, signal: AbortSignal): Promise<boolean> {
  const due = world.now() + ms
  try {
    for (let left = ms; left > 0 && world.now() < due; left -= STEP_MS)
      await world.sleep(Math.min(left, STEP_MS), { signal })
    return true
  } catch (thrown) {
    if (signal.aborted) return false
    throw thrown
  }
}
