/**
 * One claimant of the storm: claims, waits, takes, renews, steals, releases, looks, and lets leases run out. What it asks is
 * recorded where it is sent, by the asking ways here and by the library below its own retries (claims-storm.ts).
 */
import { asTaskError } from '../../src/index.ts'
import type { ClaimAnswer, Holder } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import { createDice, weighted, type Dice } from '../support/dice.ts'
import { pageAsking, SocketAsking, type Ask } from './claims-asking.ts'
import { LibraryClaimant } from './claims-library.ts'
import { recorded } from './claims-record.ts'
import { say } from './say.ts'

export interface StormOptions {
  readonly name: string
  readonly seed: number
  readonly way: 'socket' | 'page' | 'library'
  readonly url: string
  readonly http: string
  readonly project: string
  /** Of the library. */
  readonly dir: string
  readonly tasks: readonly Uid[]
  readonly claims: number
}

export interface Hold {
  readonly uid: Uid
  /** 0 while it is tentative. */
  readonly token: number
}

export interface ClaimAsk {
  readonly tasks: readonly Uid[]
  readonly type: Holder['type']
  readonly request: string
  readonly leaseMs: number
  readonly waitMs: number
  readonly steal?: string
}

/** Whoever claims; what is not granted is not in the answers. */
export interface Claimant extends AsyncDisposable {
  claim(ask: ClaimAsk): Promise<readonly Hold[]>
  take(count: number, ask: Pick<ClaimAsk, 'request' | 'leaseMs' | 'type'>): Promise<readonly Hold[]>
  renew(holds: readonly Hold[], type: Holder['type'], leaseMs: number): Promise<void>
  /** By the name, or under its token. */
  release(holds: readonly Hold[], type: Holder['type'], isByName: boolean): Promise<void>
  look(tasks: readonly Uid[], holds: readonly Hold[], type: Holder['type']): Promise<void>
}

const LEASES_MS = [1_000, 1_000, 1_500, 3_000]
const LONGEST_WAIT_MS = 1_500
const MOST_TRIES = 400

const turnOf = weighted({ one: 45, waits: 20, several: 15, next: 15, steals: 5 })
const endOf = weighted({ token: 45, name: 25, forgets: 20, renews: 10 })

async function storm(options: StormOptions, claimant: Claimant): Promise<void> {
  const dice = createDice(options.seed)
  const request = (turn: number): string => `${options.name}-${turn}`
  for (let turn = 0; turn < options.claims; turn++) {
    const kind = turnOf(dice)
    const type = kind === 'steals' ? 'human' : 'agent'
    const asked = { request: request(turn), leaseMs: dice.pick(LEASES_MS) ?? 1_000, type } as const
    const tasks =
      kind === 'several' ? someOf(options.tasks, 2 + dice.below(2), dice, 0) : someOf(options.tasks, 1, dice)
    const holds =
      kind === 'next'
        ? await claimant.take(1 + dice.below(2), asked)
        : await claimant.claim({
            ...asked,
            tasks,
            waitMs: kind === 'waits' ? dice.below(LONGEST_WAIT_MS) : 0,
            ...(kind === 'steals' && { steal: 'it hangs' }),
          })
    say(JSON.stringify({ turn, kind, holds }))
    if (dice.chance(0.2)) await claimant.look(someOf(options.tasks, 2, dice), holds, type)
    if (holds.length > 0) await work(claimant, holds, type, dice)
    else await sleep(dice.below(40))
  }
}

/** Holds it for a while, then ends it one way or another: some are only ever ended by time. */
async function work(claimant: Claimant, holds: readonly Hold[], type: Holder['type'], dice: Dice): Promise<void> {
  await sleep(dice.below(120))
  const end = endOf(dice)
  if (end === 'forgets') return
  if (end === 'renews') {
    await claimant.renew(holds, type, 1_000)
    await sleep(dice.below(600))
    await claimant.renew(holds, type, 1_500)
  }
  await claimant.release(holds, type, end === 'name')
}

/** The first few are wanted by everybody. */
function someOf(tasks: readonly Uid[], count: number, dice: Dice, wanted = 0.5): readonly Uid[] {
  const found = new Set<Uid>()
  while (found.size < Math.min(count, tasks.length)) {
    const uid = tasks[dice.chance(wanted) ? dice.below(4) : dice.below(tasks.length)]
    if (uid !== undefined) found.add(uid)
  }
  return [...found]
}

/** Asks again under the same id until it is answered, as a client must. */
class AskingClaimant implements Claimant {
  readonly #options: StormOptions
  readonly #ask: Ask
  readonly #drop: () => void
  readonly #dice: Dice

  constructor(options: StormOptions, ask: Ask, drop: () => void) {
    this.#options = options
    this.#ask = ask
    this.#drop = drop
    this.#dice = createDice(options.seed + 1)
  }

  async claim({ type, steal, ...ask }: ClaimAsk): Promise<readonly Hold[]> {
    const asked = { ...ask, holder: this.#holder(type), ...(steal !== undefined && { steal }) }
    // A message that came twice; an id that somebody used for something else.
    const [answer] = await Promise.all([
      this.#until('claim', asked),
      ...(this.#dice.chance(0.05) ? [this.#until('claim', asked)] : []),
    ])
    if (this.#dice.chance(0.08))
      await this.#until('claim', { ...asked, tasks: someOf(this.#options.tasks, 5, this.#dice) })
    if (this.#dice.chance(0.05)) return holdsIn(await this.#until('claim', asked))
    return holdsIn(answer)
  }

  async take(
    each: number,
    { type, request, leaseMs }: Pick<ClaimAsk, 'request' | 'leaseMs' | 'type'>,
  ): Promise<readonly Hold[]> {
    const holders = [
      this.#holder(type),
      ...(this.#dice.chance(0.3) ? [{ ...this.#holder(type), by: 'shared', workspace: '' }] : []),
    ]
    const candidates = this.#options.tasks.toSorted(() => this.#dice.next() - 0.5)
    const asked = { request, candidates, holders, each, countsHeld: this.#dice.chance(0.3), leaseMs }
    return holdsIn(await this.#until('take', asked))
  }

  async renew(holds: readonly Hold[], type: Holder['type'], leaseMs: number): Promise<void> {
    await this.#until('renew', { tasks: pairs(holds, false), holder: this.#holder(type), leaseMs })
  }

  async release(holds: readonly Hold[], type: Holder['type'], isByName: boolean): Promise<void> {
    await this.#until('release', { tasks: pairs(holds, isByName), holder: this.#holder(type) })
  }

  async look(tasks: readonly Uid[], holds: readonly Hold[], type: Holder['type']): Promise<void> {
    await this.#until('check', { tasks, holder: this.#holder(type) })
    if (holds.length > 0) await this.#until('verify', { tasks: pairs(holds, false) })
    await this.#until('list', {})
  }

  async #until(kind: string, params: object): Promise<ClaimAnswer> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.#once(`claims.${kind}`, params)
      if (answer !== undefined) return answer
      await sleep(10 + this.#dice.below(50))
    }
    throw new Error(`${kind} was never answered`)
  }

  /** Undefined where no answer came. */
  async #once(method: string, params: object): Promise<ClaimAnswer | undefined> {
    let json: string
    try {
      const asking = recorded(this.#options.name, method, params, () => this.#ask(method, params))
      if (this.#dice.chance(0.02)) setTimeout(this.#drop, this.#dice.below(4))
      json = await asking
    } catch {
      return undefined // lost on the way, one way or the other
    }
    const { result, error } = JSON.parse(json) as {
      readonly result?: ClaimAnswer
      readonly error?: { readonly code: string }
    }
    if (result !== undefined) return result
    if (error?.code === 'CONNECTION_CLOSED' || error?.code === 'STORE_UNWRITABLE') return undefined
    throw new Error(`${method} ${JSON.stringify(params)}: ${json}`)
  }

  #holder(type: Holder['type']): Holder {
    return { by: this.#options.name, type, workspace: `at-${this.#options.name}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop()
  }
}

function holdsIn(answer: ClaimAnswer): readonly Hold[] {
  return answer.outcome === 'granted' ? answer.granted.map(({ uid, token }) => ({ uid, token })) : []
}

function pairs(holds: readonly Hold[], isByName: boolean): readonly (readonly [Uid, number | null])[] {
  return holds.map(({ uid, token }) => [uid, isByName ? null : token])
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function open(options: StormOptions): Promise<Claimant> {
  const { way, url, http, project, dir, name } = options
  if (way === 'library') return LibraryClaimant.open(dir, name)
  if (way === 'page') return new AskingClaimant(options, pageAsking(http, project), () => undefined)
  const asking = new SocketAsking(url, project)
  return new AskingClaimant(
    options,
    (method, params) => asking.ask(method, params),
    () => asking.drop(),
  )
}

const options = JSON.parse(process.argv[2] ?? '{}') as StormOptions
try {
  await using claimant = await open(options)
  say(JSON.stringify({ ready: options.way }))
  await storm(options, claimant)
} catch (thrown) {
  say(JSON.stringify({ fault: thrown instanceof Error ? (thrown.stack ?? thrown.message) : asTaskError(thrown) }))
  process.exitCode = 1
}
process.stdin.destroy()
