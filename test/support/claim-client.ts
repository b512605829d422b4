/** One who claims in the simulated world: what it asks for next, and what it knows from what it was told. */
import type { ClaimRequest, Holder, TimedAnswer } from '../../src/claims/request.ts'
import type { Uid } from '../../src/ids.ts'
import { grantsOf, seenIn } from './claim-evidence.ts'
import { A, agent, B, C, D, human } from './claim-words.ts'
import { weighted, type Dice } from './dice.ts'

export const TASKS: readonly Uid[] = [A, B, C, D]
/** The longest lease and the longest wait that anybody asks for. */
export const LONGEST_MS = 4_000

export interface Asking {
  readonly request: ClaimRequest
  readonly waitMs: number
}

const WEIGHTS = {
  claim: 12,
  batch: 6,
  wait: 12,
  take: 6,
  assign: 4,
  renew: 10,
  release: 9,
  check: 3,
  verify: 3,
  list: 2,
  steal: 3,
  again: 9,
  reuse: 1,
}
const someKind = weighted(WEIGHTS)

export class ClaimClient {
  isPaused = false
  /** It has heard that the arbiter's data is older than it was. */
  mustTeach = false
  readonly process: string
  readonly holder: Holder
  readonly #held = new Map<Uid, number>()
  /** The greatest token that it ever saw of each task. */
  readonly #known = new Map<Uid, number>()
  readonly #claims: Asking[] = []
  #requests = 0

  constructor(process: string, holder: Holder) {
    this.process = process
    this.holder = holder
  }

  next(dice: Dice): Asking {
    const asking = this.#next(dice)
    const { kind } = asking.request
    if (kind === 'claim' || kind === 'take') this.#claims.push(asking)
    return asking
  }

  /** Undefined where it knows nothing. */
  teaching(): ClaimRequest | undefined {
    return this.#known.size === 0 ? undefined : { kind: 'learn', tokens: [...this.#known] }
  }

  hear(request: ClaimRequest, answer: TimedAnswer): void {
    const grants = grantsOf(answer)
    for (const { uid, token } of [...grants, ...seenIn(answer)])
      this.#known.set(uid, Math.max(token, this.#known.get(uid) ?? 0))
    for (const { uid, token } of grants) this.#held.set(uid, token)
    if (answer.outcome === 'released') for (const uid of answer.released) this.#held.delete(uid)
    if (answer.outcome === 'lost' && request.kind !== 'release') for (const uid of answer.lost) this.#held.delete(uid)
  }

  #next(dice: Dice): Asking {
    const { holder } = this
    const leaseMs = 1_000 + dice.below(LONGEST_MS - 1_000)
    const at = (request: ClaimRequest, waitMs = 0): Asking => ({ request, waitMs })
    const some = (count: number): readonly Uid[] => shuffled(dice, TASKS).slice(0, count)
    const claim = { kind: 'claim', holder, leaseMs } as const
    const kind = someKind(dice)
    switch (kind) {
      case 'claim':
        return at({ ...claim, request: this.#id(), tasks: some(1) })
      case 'batch':
        return at({ ...claim, request: this.#id(), tasks: some(2 + dice.below(2)) })
      case 'wait':
        return at({ ...claim, request: this.#id(), tasks: some(1 + dice.below(2)) }, 1 + dice.below(LONGEST_MS))
      case 'steal': {
        const thief = dice.chance(0.8) ? human(this.process) : holder
        return at({ ...claim, holder: thief, request: this.#id(), tasks: some(1), steal: 'it hangs' })
      }
      case 'take':
        return at(this.#take(dice, [holder], leaseMs))
      case 'assign':
        // To names, wherever they are.
        return at(
          this.#take(
            dice,
            ['agent-1', 'agent-2', 'helper'].map((by) => agent(by, '')),
            leaseMs,
          ),
        )
      case 'renew':
        return at({ kind: 'renew', tasks: this.#own(dice), holder, leaseMs })
      case 'release':
        return at({ kind: 'release', tasks: this.#own(dice), holder })
      case 'check':
        return at({ kind: 'check', tasks: some(1 + dice.below(2)), holder })
      case 'verify': {
        const known = dice.pick([...(dice.chance(0.5) ? this.#held : this.#known)])
        return at({ kind: 'verify', tasks: [known ?? [A, 1]] })
      }
      case 'list':
        return at({ kind: 'list' })
      case 'again': {
        // Mostly the last: its answer may be lost, on its way, or long known.
        const last = dice.chance(0.7) ? this.#claims.at(-1) : dice.pick(this.#claims)
        return last ?? at({ kind: 'list' })
      }
      case 'reuse': {
        const last = this.#claims.at(-1)?.request
        const request = last !== undefined && 'request' in last ? last.request : this.#id()
        return at({ ...claim, request, tasks: some(2) })
      }
    }
  }

  #take(dice: Dice, holders: readonly Holder[], leaseMs: number): ClaimRequest {
    const candidates = shuffled(dice, TASKS).slice(0, 1 + dice.below(TASKS.length))
    const each = 1 + dice.below(2)
    const countsHeld = dice.chance(0.5)
    return { kind: 'take', request: this.#id(), candidates, holders, each, countsHeld, leaseMs }
  }

  /** What it believes to hold, by token or by name; else anything. */
  #own(dice: Dice): readonly (readonly [Uid, number | null])[] {
    const held = dice.pick([...this.#held])
    if (held === undefined || dice.chance(0.1)) return [[dice.pick(TASKS) ?? A, null]]
    if (dice.chance(0.2)) return [...this.#held]
    return dice.chance(0.7) ? [held] : [[held[0], null]]
  }

  #id(): string {
    return `${this.process}-${++this.#requests}`
  }
}

function shuffled<Item>(dice: Dice, items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, rank: dice.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
