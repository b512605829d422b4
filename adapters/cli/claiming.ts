/** What `claim` and `start` share: first the claim, then its answer, or the program behind `--` for as long as that runs. */
import { tellTentative, type GrantedClaim } from './claim-answers.ts'
import type { Common, Given } from './command.ts'
import { runHolding } from './holding.ts'
import { say } from './io.ts'
import { durationText } from './values.ts'
import type { CliWorld } from './world.ts'

/** Everything is saved here, and the relay has not agreed to it yet. */
const TENTATIVE_EXIT = 5
const UNTOLD_MS = 1_000

export interface ClaimingOptions extends Common {
  readonly program?: Given['program']
  readonly leaseMs?: number
  readonly waitMs?: number
}

/** Who waits wants a claim that is granted: a tentative one stays, and is not enough to run the program. */
export async function claiming<Answer>(
  options: ClaimingOptions,
  world: CliWorld,
  claim: () => Promise<Answer>,
  grantedIn: (answer: Answer) => readonly GrantedClaim[],
  print: (answer: Answer) => Promise<void>,
): Promise<number | void> {
  const [name, ...args] = options.program ?? []
  const program = name === undefined ? undefined : await world.program(name)
  const answer = await tellingWaits(options, world, claim)
  const granted = grantedIn(answer)
  const isNotEnough = options.waitMs !== undefined && granted.some(({ state }) => state === 'tentative')
  if (program === undefined || isNotEnough) {
    await print(answer)
    return isNotEnough ? TENTATIVE_EXIT : 0
  }
  tellTentative(world, granted)
  say(options, world, `${granted.map(({ key }) => key).join(', ')}: held while ${name} runs`)
  return runHolding(program, args, granted, options, world)
}

/** Whoever sits at a terminal is told why nothing happens; an answer that comes at once needs no words. */
async function tellingWaits<Answer>(
  options: ClaimingOptions,
  world: CliWorld,
  claim: () => Promise<Answer>,
): Promise<Answer> {
  const { waitMs } = options
  if (waitMs === undefined) return claim()
  const answered = new AbortController()
  const telling = world.sleep(UNTOLD_MS, { signal: answered.signal }).then(
    () => say(options, world, `waiting up to ${durationText(waitMs)} for what others hold, or for the relay`),
    () => undefined, // it was answered
  )
  try {
    return await claim()
  } finally {
    answered.abort()
    await telling
  }
}
